//! Wires: how long bytes take from one node to another.

use crate::dice::{Dice, mix};
use crate::scenario::Net;

/// Bytes of a full packet, for counting packets and their loss.
const PACKET: u32 = 1_200;
/// IP, UDP and QUIC framing of a packet (28 + 3 + connection id 8 + number 2 + tag 16 + frame 6).
const PACKET_OVERHEAD: u32 = 63;
/// An acknowledgement with its own headers, one for each piece or four packets (ACK frequency on).
const ACK_BYTES: u32 = 75;
const ACKED: u32 = 4;
/// An acknowledgement may wait this long (RFC 9000, 18.2, the default).
const MAX_ACK_DELAY_US: u64 = 25_000;

/// Where a node is and how fast its wires are.
#[derive(Clone, Debug)]
pub(crate) struct Wires {
    x: f64,
    y: f64,
    access_ms: f64,
    pub(crate) hard_nat: bool,
    up_bps: u64,
    down_bps: u64,
    up_free: u64,
    down_free: u64,
}

impl Wires {
    pub(crate) fn new(dice: &mut Dice, net: &Net, up_bps: u64) -> Self {
        Self {
            x: dice.unit(),
            y: dice.unit(),
            access_ms: 1.0 + 11.0 * dice.unit(),
            hard_nat: dice.unit() < net.hard_nat,
            up_bps: up_bps.max(net.control_bps),
            down_bps: net.downlink_bps,
            up_free: 0,
            down_free: 0,
        }
    }

    /// When the last byte put on the uplink will have left.
    pub(crate) const fn up_free(&self) -> u64 {
        self.up_free
    }

    /// Another speed of the uplink.
    pub(crate) const fn set_up(&mut self, bps: u64) {
        self.up_bps = bps;
    }

    /// Puts bytes on the uplink; when they have left.
    pub(crate) fn send(&mut self, now: u64, bytes: u32) -> u64 {
        let start = self.up_free.max(now);
        self.up_free = start + micros(bytes, self.up_bps);
        self.up_free
    }

    /// Takes bytes that come in now; when they are all there. `None`: the downlink is idle, and the
    /// time of one piece on it doesn't matter.
    pub(crate) fn receive(&mut self, now: u64, bytes: u32) -> Option<u64> {
        let busy = self.down_free > now;
        self.down_free = self.down_free.max(now) + micros(bytes, self.down_bps);
        busy.then_some(self.down_free)
    }
}

fn micros(bytes: u32, bps: u64) -> u64 {
    u64::from(bytes) * 8_000_000 / bps.max(1)
}

/// Base delay one way in microseconds: fixed, or 3 ms, both accesses, and up to 125 ms by distance.
pub(crate) fn delay_us(net: &Net, a: &Wires, b: &Wires) -> u64 {
    if let Some(ms) = net.delay_ms {
        return (ms * 1000.0) as u64;
    }
    let far = ((a.x - b.x).powi(2) + (a.y - b.y).powi(2)).sqrt();
    ((3.0 + a.access_ms + b.access_ms + far * 88.0) * 1000.0) as u64
}

/// Whether two nodes can be connected: stable for each pair (easy–easy 97 %, easy–hard 85 %,
/// hard–hard 25 %: evidence, "What is modelled").
pub(crate) fn connectable(
    net: &Net,
    seed: u64,
    (i, a): (u32, &Wires),
    (j, b): (u32, &Wires),
) -> bool {
    if net.hard_nat <= 0.0 {
        return true;
    }
    let (low, high) = (u64::from(i.min(j)), u64::from(i.max(j)));
    let draw = mix(seed ^ mix(low << 32 | high)) as u32 as f64 / f64::from(u32::MAX);
    draw < match (a.hard_nat, b.hard_nat) {
        (false, false) => 0.97,
        (true, true) => 0.25,
        _ => 0.85,
    }
}

/// Bytes on the wire for a payload, framing included.
pub(crate) const fn framed(payload: u32) -> u32 {
    payload + payload.div_ceil(PACKET) * PACKET_OVERHEAD
}

/// About how many packets so many bytes on the wire are.
pub(crate) const fn packets(bytes: u64) -> u64 {
    bytes / (PACKET + PACKET_OVERHEAD) as u64
}

/// Bytes of acknowledgements for a payload.
pub(crate) const fn acks(payload: u32) -> u32 {
    payload.div_ceil(PACKET * ACKED) * ACK_BYTES
}

/// What goes wrong with one payload on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// Microseconds on top of the delay.
    pub(crate) extra_us: u64,
    /// Bytes that had to be sent once more.
    pub(crate) resent: u32,
}

/// Jitter, and loss with QUIC's recovery: a lost packet with others behind it is missed by their
/// acknowledgement after 9/8 of the round trip (RFC 9002, 6.1.2); the last of a payload, and every
/// copy, only when the probe timer runs out (6.2.1), which doubles each time.
pub(crate) fn trouble(dice: &mut Dice, net: &Net, payload: u32, delay: u64) -> Trouble {
    let jitter = (dice.exponential(net.jitter_ms) * 1000.0) as u64;
    let packets = payload.div_ceil(PACKET).max(1);
    let mut trouble = Trouble { extra_us: jitter, resent: 0 };
    if dice.unit() >= 1.0 - (1.0 - net.loss).powi(packets as i32) {
        return trouble;
    }
    let rtt = 2 * delay;
    let mut probe = rtt + 4 * (net.jitter_ms * 1000.0) as u64 + MAX_ACK_DELAY_US;
    let last = dice.below(packets as usize) + 1 == packets as usize;
    trouble.extra_us += if last { probe } else { rtt * 9 / 8 };
    trouble.resent = framed(payload.min(PACKET));
    while dice.unit() < net.loss {
        probe *= 2;
        trouble.extra_us += probe;
        trouble.resent += framed(payload.min(PACKET));
    }
    trouble
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_comes_a_round_trip_later_or_more_and_costs_the_uplink_again() {
        let mut dice = Dice::new(1, 1);
        let net = Net { loss: 0.05, jitter_ms: 0.0, ..Net::default() };
        let all: Vec<Trouble> =
            (0..100_000).map(|_| trouble(&mut dice, &net, 3_000, 50_000)).collect();
        let lost = all.iter().filter(|t| t.resent > 0).count() as f64 / 1e5;
        let expected = 1.0 - 0.95f64.powi(3);
        assert!((lost - expected).abs() < 0.005, "{lost} of {expected}");
        assert!(all.iter().all(|t| (t.resent > 0) == (t.extra_us >= 112_500)));
        assert!(all.iter().any(|t| t.extra_us == 112_500));
        assert!(all.iter().any(|t| t.extra_us == 125_000));
        assert!(all.iter().any(|t| t.resent == 2 * framed(PACKET)));
    }
}
