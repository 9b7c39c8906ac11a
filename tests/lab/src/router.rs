//! The NATs in front of one host, on Ethernet frames: addresses, ports and checksums are rewritten.
//!
//! Only whole UDP datagrams over IPv4 pass; a NAT of ours carries nothing else.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;

use crate::nat::{Kind, Nat};

/// The address of a host behind NATs, as at home.
pub const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 2);
/// Between the two NATs of a double one: the carriers' block (RFC 6598).
const BETWEEN: Ipv4Addr = Ipv4Addr::new(100, 64, 1, 2);

const IP: usize = 14;
const UDP_PROTOCOL: u8 = 17;
const IP_CHECKSUM: Range<usize> = IP + 10..IP + 12;
const SOURCE: Range<usize> = IP + 12..IP + 16;
const DESTINATION: Range<usize> = IP + 16..IP + 20;
const SOURCE_PORT: Range<usize> = IP + 20..IP + 22;
const DESTINATION_PORT: Range<usize> = IP + 22..IP + 24;
const UDP_CHECKSUM: Range<usize> = IP + 26..IP + 28;
/// Version 4 and a header of 20 bytes: hosts of the lab send no options.
const PLAIN: u8 = 0x45;

/// The way out of one host.
#[derive(Debug)]
pub struct Router {
    /// The innermost first.
    nats: Vec<Nat>,
}

impl Router {
    /// The NATs of a kind; `outside` is the address that the network sees.
    pub fn new(kind: Kind, outside: Ipv4Addr, seed: u64) -> Self {
        let behaviours = kind.behaviours();
        let last = behaviours.len().saturating_sub(1);
        let address = |n| if n == last { outside } else { BETWEEN };
        let nats = behaviours.iter().enumerate();
        Self { nats: nats.map(|(n, b)| Nat::new(*b, address(n), seed)).collect() }
    }

    /// Whether frames pass as they are.
    pub fn is_open(&self) -> bool {
        self.nats.is_empty()
    }

    /// A frame leaves the host: rewritten in place, or not let through.
    pub fn handle_outbound(&mut self, now: u64, frame: &mut [u8]) -> bool {
        if self.is_open() {
            return true;
        }
        let Some((mut from, to)) = endpoints(frame) else { return false };
        for nat in &mut self.nats {
            if *to.ip() == nat.outside() && !nat.hairpins() {
                return false;
            }
            let Some(seen) = nat.handle_outbound(now, from, to) else { return false };
            from = seen;
        }
        rewrite(frame, SOURCE, SOURCE_PORT, from)
    }

    /// A frame is for the host: rewritten in place, or not let through.
    pub fn handle_inbound(&mut self, now: u64, frame: &mut [u8]) -> bool {
        if self.is_open() {
            return true;
        }
        let Some((from, mut to)) = endpoints(frame) else { return false };
        for nat in self.nats.iter_mut().rev() {
            let Some(inside) = nat.handle_inbound(now, from, to.port()) else { return false };
            to = inside;
        }
        rewrite(frame, DESTINATION, DESTINATION_PORT, to)
    }
}

/// Source and destination of a whole UDP datagram.
fn endpoints(frame: &[u8]) -> Option<(SocketAddrV4, SocketAddrV4)> {
    let plain = *frame.get(IP)? == PLAIN && *frame.get(IP + 9)? == UDP_PROTOCOL;
    // More fragments, or not the first: RFC 4787, section 11 lets a NAT drop those.
    let fragment = u16_at(frame, IP + 6..IP + 8)? & 0x3fff != 0;
    if !plain || fragment {
        return None;
    }
    let endpoint = |address: Range<usize>, port| {
        let bytes: [u8; 4] = frame.get(address)?.try_into().ok()?;
        Some(SocketAddrV4::new(bytes.into(), u16_at(frame, port)?))
    };
    Some((endpoint(SOURCE, SOURCE_PORT)?, endpoint(DESTINATION, DESTINATION_PORT)?))
}

fn rewrite(frame: &mut [u8], address: Range<usize>, port: Range<usize>, to: SocketAddrV4) -> bool {
    let ip = to.ip().octets();
    let rewritten =
        swap(frame, address, &ip, true).and(swap(frame, port, &to.port().to_be_bytes(), false));
    rewritten.is_some()
}

/// Writes over a field of 16-bit words and corrects the checksums that cover it.
fn swap(frame: &mut [u8], field: Range<usize>, new: &[u8], in_ip_header: bool) -> Option<()> {
    for (at, new) in field.step_by(2).zip(new.chunks_exact(2)) {
        let (old, new) = (u16_at(frame, at..at + 2)?, u16::from_be_bytes(new.try_into().ok()?));
        frame.get_mut(at..at + 2)?.copy_from_slice(&new.to_be_bytes());
        if in_ip_header {
            correct(frame, IP_CHECKSUM, old, new)?;
        }
        // The pseudo header has the addresses too; a checksum of zero is none (RFC 768).
        if u16_at(frame, UDP_CHECKSUM)? != 0 {
            correct(frame, UDP_CHECKSUM, old, new)?;
        }
    }
    Some(())
}

/// RFC 1624, equation 3: HC' = ~(~HC + ~m + m').
fn correct(frame: &mut [u8], checksum: Range<usize>, old: u16, new: u16) -> Option<()> {
    let was = u16_at(frame, checksum.clone())?;
    let mut sum = u32::from(!was) + u32::from(!old) + u32::from(new);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    frame.get_mut(checksum)?.copy_from_slice(&(!(sum as u16)).to_be_bytes());
    Some(())
}

fn u16_at(frame: &[u8], at: Range<usize>) -> Option<u16> {
    Some(u16::from_be_bytes(frame.get(at)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
    const FAR: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 18, 9, 1), 9000);

    /// RFC 1071 over big-endian words.
    fn sum(bytes: &[u8]) -> u32 {
        bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0))).sum()
    }

    fn fold(mut sum: u32) -> u16 {
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    fn pseudo(frame: &[u8]) -> u32 {
        sum(&frame[SOURCE.start..DESTINATION.end]) + 17 + (frame.len() - IP - 20) as u32
    }

    fn datagram(from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
        let mut frame = vec![0; IP + 20 + 8 + 40];
        frame[12..14].copy_from_slice(&[8, 0]);
        frame[IP] = PLAIN;
        frame[IP + 9] = UDP_PROTOCOL;
        frame[SOURCE].copy_from_slice(&from.ip().octets());
        frame[DESTINATION].copy_from_slice(&to.ip().octets());
        frame[SOURCE_PORT].copy_from_slice(&from.port().to_be_bytes());
        frame[DESTINATION_PORT].copy_from_slice(&to.port().to_be_bytes());
        frame[IP + 24..IP + 26].copy_from_slice(&48u16.to_be_bytes());
        frame[IP + 28..].iter_mut().enumerate().for_each(|(n, b)| *b = (n as u8).wrapping_mul(7));
        let ip = !fold(sum(&frame[IP..IP + 20]));
        frame[IP_CHECKSUM].copy_from_slice(&ip.to_be_bytes());
        let udp = !fold(pseudo(&frame) + sum(&frame[IP + 20..]));
        frame[UDP_CHECKSUM].copy_from_slice(&udp.to_be_bytes());
        frame
    }

    fn assert_sound(frame: &[u8]) {
        assert_eq!(fold(sum(&frame[IP..IP + 20])), 0xffff, "IP checksum");
        assert_eq!(fold(pseudo(frame) + sum(&frame[IP + 20..])), 0xffff, "UDP checksum");
    }

    #[test]
    fn a_datagram_goes_out_and_its_answer_comes_in_through_every_kind() {
        let inside = SocketAddrV4::new(INSIDE, 7000);
        for kind in Kind::ALL.into_iter().filter(|k| *k != Kind::Open) {
            let mut router = Router::new(kind, OUTSIDE, 1);
            let mut out = datagram(inside, FAR);
            assert!(router.handle_outbound(0, &mut out), "{kind:?}");
            assert_sound(&out);
            let (seen, to) = endpoints(&out).expect("a datagram");
            assert_eq!((*seen.ip(), to), (OUTSIDE, FAR));
            let mut answer = datagram(FAR, seen);
            assert!(router.handle_inbound(1, &mut answer), "{kind:?}");
            assert_sound(&answer);
            assert_eq!(endpoints(&answer), Some((FAR, inside)));
        }
    }

    #[test]
    fn fragments_other_protocols_and_cut_frames_do_not_pass() {
        let mut router = Router::new(Kind::FullCone, OUTSIDE, 1);
        let whole = datagram(SocketAddrV4::new(INSIDE, 7000), FAR);
        let mut fragment = whole.clone();
        fragment[IP + 6] = 0x20;
        let mut tcp = whole.clone();
        tcp[IP + 9] = 6;
        for mut frame in [fragment, tcp, whole[..IP + 22].to_vec(), Vec::new()] {
            assert!(!router.handle_outbound(0, &mut frame));
        }
    }

    #[test]
    fn a_double_nat_lets_in_only_who_was_sent_to_through_both() {
        let mut router = Router::new(Kind::Double, OUTSIDE, 1);
        let mut out = datagram(SocketAddrV4::new(INSIDE, 7000), FAR);
        assert!(router.handle_outbound(0, &mut out));
        let seen = endpoints(&out).expect("a datagram").0;
        let stranger = SocketAddrV4::new(*FAR.ip(), 9001);
        assert!(!router.handle_inbound(1, &mut datagram(stranger, seen)));
        assert!(router.handle_inbound(1, &mut datagram(FAR, seen)));
    }

    #[test]
    fn hairpin_is_off_unless_asked_for() {
        let inside = SocketAddrV4::new(INSIDE, 7000);
        let own = SocketAddrV4::new(OUTSIDE, 7000);
        for on in [false, true] {
            let behaviour =
                crate::nat::Behaviour { hairpin: on, ..Kind::FullCone.behaviours().remove(0) };
            let mut router = Router { nats: vec![Nat::new(behaviour, OUTSIDE, 1)] };
            let mut frame = datagram(inside, own);
            assert_eq!(router.handle_outbound(0, &mut frame), on);
            assert_eq!(on && router.handle_inbound(1, &mut frame), on);
        }
    }
}
