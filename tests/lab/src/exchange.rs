//! The network between the hosts, without any I/O: frames in, frames out when they are due.
//!
//! Give every frame that a host sends to [`Exchange::handle_frame`], then take what is due from
//! [`Exchange::poll_delivery`] until it has nothing, and come back at [`Exchange::next_due`]. A
//! frame passes its sender's up course, then at the time it comes out the receiver's down course.
//! Frames go by IPv4 address: hosts have no ARP (nobody loses a second to a lost ARP request), and
//! the receiver's hardware address is written into the frame on the way. A host is known by its
//! outside address; the NATs in front of it stand between it and its line. Everything that isn't for
//! a known host (multicast, other protocols) is counted and dropped, as the Internet would.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::Ipv4Addr;

use crate::link::{Course, Direction, Fate, Line};
use crate::nat::Kind;
use crate::router::Router;
use crate::traffic::Traffic;

/// Frames under way at once, at most: one second of 700 Mbit/s in full frames, 96 MiB.
const MAX_UNDER_WAY: usize = 65_536;
const DESTINATION_MAC: std::ops::Range<usize> = 0..6;
const ETHERTYPE: std::ops::Range<usize> = 12..14;
const IPV4: [u8; 2] = [0x08, 0x00];
const DESTINATION: std::ops::Range<usize> = 30..34;

/// A frame that is to be given to its host now.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The host it is for.
    pub to: Ipv4Addr,
    /// When it should have been given, in nanoseconds.
    pub due: u64,
    /// The Ethernet frame; hand it back by [`Exchange::recycle`].
    pub frame: Vec<u8>,
}

/// All lines, and all frames on them.
#[derive(Debug)]
pub struct Exchange {
    seed: u64,
    ports: BTreeMap<Ipv4Addr, Port>,
    blocked: BTreeSet<(Ipv4Addr, Ipv4Addr)>,
    under_way: BinaryHeap<Reverse<Step>>,
    spare: Vec<Vec<u8>>,
    steps: u64,
}

#[derive(Debug)]
struct Port {
    mac: [u8; 6],
    router: Router,
    up: Course,
    down: Course,
    traffic: Traffic,
}

/// A frame's next event. The derived order is by time, then by when it was made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    at: u64,
    number: u64,
    arrived: bool,
    to: Ipv4Addr,
    frame: Vec<u8>,
}

impl Exchange {
    /// An empty network; `seed` decides every line's losses and jitter.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ports: BTreeMap::new(),
            blocked: BTreeSet::new(),
            under_way: BinaryHeap::new(),
            spare: Vec::new(),
            steps: 0,
        }
    }

    /// Connect a host, or reconnect it with fresh courses and counters.
    pub fn plug(&mut self, host: Ipv4Addr, mac: [u8; 6], line: Line, kind: Kind) {
        let up = Course::new(line.up, self.seed, host, Direction::Up);
        let down = Course::new(line.down, self.seed, host, Direction::Down);
        let router = Router::new(kind, host, self.seed);
        self.ports.insert(host, Port { mac, router, up, down, traffic: Traffic::default() });
    }

    /// Silently drop everything between two hosts, or carry it again.
    pub fn set_blocked(&mut self, a: Ipv4Addr, b: Ipv4Addr, blocked: bool) {
        for pair in [(a, b), (b, a)] {
            if blocked {
                self.blocked.insert(pair);
            } else {
                self.blocked.remove(&pair);
            }
        }
    }

    /// What a host has sent and what became of it; `None` for a host that isn't plugged in.
    pub fn traffic(&self, host: Ipv4Addr) -> Option<&Traffic> {
        self.ports.get(&host).map(|port| &port.traffic)
    }

    /// A host put a frame on its line at `now`.
    pub fn handle_frame(&mut self, now: u64, from: Ipv4Addr, frame: &[u8]) {
        let addressed = destination(frame);
        let to = addressed.filter(|to| self.ports.contains_key(to));
        let open = to.is_some_and(|to| !self.blocked.contains(&(from, to)));
        let room = self.under_way.len() < MAX_UNDER_WAY;
        let mut copy = self.copy(frame);
        let Some(port) = self.ports.get_mut(&from) else { return };
        port.traffic.on_sent(now, frame.len());
        port.traffic.on_addressed(addressed);
        let let_out = port.router.handle_outbound(now, &mut copy);
        let fate = port.up.handle_packet(now, frame.len());
        match (to, fate) {
            _ if !let_out => port.traffic.filtered += 1,
            (None, _) => port.traffic.unroutable += 1,
            (_, Fate::Lost) => port.traffic.lost += 1,
            (_, Fate::Full) => port.traffic.queue_full += 1,
            _ if !open => port.traffic.blocked += 1,
            _ if !room => port.traffic.overload += 1,
            (Some(to), Fate::Out(at)) => {
                self.push(Step { at, number: 0, arrived: false, to, frame: copy });
                return;
            }
        }
        self.recycle(copy);
    }

    /// When [`Exchange::poll_delivery`] has something to do next.
    pub fn next_due(&self) -> Option<u64> {
        self.under_way.peek().map(|Reverse(step)| step.at)
    }

    /// The next frame that is due at `now`.
    pub fn poll_delivery(&mut self, now: u64) -> Option<Delivery> {
        while self.next_due().is_some_and(|at| at <= now) {
            let Reverse(mut step) = self.under_way.pop()?;
            if step.arrived {
                return Some(Delivery { to: step.to, due: step.at, frame: step.frame });
            }
            let Some(port) = self.ports.get_mut(&step.to) else { continue };
            if !port.router.handle_inbound(step.at, &mut step.frame) {
                port.traffic.filtered_down += 1;
                self.recycle(step.frame);
                continue;
            }
            match port.down.handle_packet(step.at, step.frame.len()) {
                Fate::Lost => port.traffic.lost_down += 1,
                Fate::Full => port.traffic.queue_full_down += 1,
                Fate::Out(at) => {
                    port.traffic.on_received(step.frame.len());
                    if let Some(mac) = step.frame.get_mut(DESTINATION_MAC) {
                        mac.copy_from_slice(&port.mac);
                    }
                    self.push(Step { at, arrived: true, ..step });
                    continue;
                }
            }
            self.recycle(step.frame);
        }
        None
    }

    /// Give a delivered frame's memory back.
    pub fn recycle(&mut self, frame: Vec<u8>) {
        self.spare.push(frame);
    }

    fn push(&mut self, step: Step) {
        self.steps += 1;
        self.under_way.push(Reverse(Step { number: self.steps, ..step }));
    }

    fn copy(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(frame);
        copy
    }
}

fn destination(frame: &[u8]) -> Option<Ipv4Addr> {
    if frame.get(ETHERTYPE)? != IPV4 {
        return None;
    }
    let bytes: [u8; 4] = frame.get(DESTINATION)?.try_into().ok()?;
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;
    use std::time::Duration;

    const A: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
    const B: Ipv4Addr = Ipv4Addr::new(198, 18, 2, 1);
    const MS: u64 = 1_000_000;

    fn frame(to: Ipv4Addr, length: usize) -> Vec<u8> {
        let mut frame = vec![0; length];
        frame[ETHERTYPE].copy_from_slice(&IPV4);
        frame[DESTINATION].copy_from_slice(&to.octets());
        frame
    }

    fn pair(line: Line) -> Exchange {
        let mut exchange = Exchange::new(1);
        exchange.plug(A, [2, 0, 0, 0, 0, 1], line, Kind::Open);
        exchange.plug(B, [2, 0, 0, 0, 0, 2], line, Kind::Open);
        exchange
    }

    #[test]
    fn a_frame_takes_both_delays_and_arrives_with_the_receivers_address() {
        let mut exchange = pair(Line::new(Duration::from_millis(40), 0.0));
        exchange.handle_frame(0, A, &frame(B, 100));
        assert_eq!(exchange.next_due(), Some(10 * MS));
        assert_eq!(exchange.poll_delivery(19 * MS), None);
        let delivery = exchange.poll_delivery(25 * MS).expect("due");
        assert_eq!((delivery.to, delivery.due), (B, 20 * MS));
        assert_eq!(delivery.frame[..6], [2, 0, 0, 0, 0, 2]);
        assert_eq!(exchange.next_due(), None);
    }

    #[test]
    fn a_slow_path_does_not_hold_up_a_fast_one_to_the_same_host() {
        let mut exchange = pair(Line::default());
        let far = Ipv4Addr::new(198, 18, 3, 1);
        exchange.plug(far, [2; 6], Line::new(Duration::from_millis(400), 0.0), Kind::Open);
        exchange.handle_frame(0, far, &frame(B, 100));
        exchange.handle_frame(1, A, &frame(B, 101));
        assert_eq!(exchange.poll_delivery(2).map(|d| d.frame.len()), Some(101));
        assert_eq!(exchange.poll_delivery(100 * MS).map(|d| d.frame.len()), Some(100));
    }

    #[test]
    fn blocked_and_unroutable_frames_are_counted_and_not_delivered() {
        let mut exchange = pair(Line::default());
        exchange.set_blocked(A, B, true);
        exchange.handle_frame(0, A, &frame(B, 100));
        exchange.handle_frame(0, B, &frame(A, 100));
        exchange.handle_frame(0, A, &frame(Ipv4Addr::new(224, 0, 0, 251), 100));
        exchange.handle_frame(0, A, &[0; 9]);
        assert_eq!(exchange.poll_delivery(MS), None);
        let traffic = exchange.traffic(A).expect("plugged in");
        assert_eq!((traffic.blocked, traffic.unroutable, traffic.sent_frames), (1, 2, 3));
        let to: Vec<_> = traffic.sent_to.iter().map(|(to, count)| (*to, *count)).collect();
        assert_eq!(to, [(Ipv4Addr::UNSPECIFIED, 1), (B, 1), (Ipv4Addr::new(224, 0, 0, 251), 1)]);
        exchange.set_blocked(A, B, false);
        exchange.handle_frame(MS, A, &frame(B, 100));
        assert!(exchange.poll_delivery(MS).is_some());
    }

    #[test]
    fn a_downlink_shares_its_rate_among_all_senders() {
        let down = Link { rate: Some(8_000_000), ..Link::default() };
        let mut exchange = pair(Line { down, ..Line::default() });
        let third = Ipv4Addr::new(198, 18, 3, 1);
        exchange.plug(third, [2; 6], Line::default(), Kind::Open);
        exchange.handle_frame(0, A, &frame(B, 1000));
        exchange.handle_frame(0, third, &frame(B, 1000));
        let due = [exchange.poll_delivery(9 * MS), exchange.poll_delivery(9 * MS)];
        assert_eq!(due.map(|d| d.map(|d| d.due)), [Some(MS), Some(2 * MS)]);
    }
}
