//! Which addresses a neighbour may name to this node (SECURITY 6).
//!
//! A neighbour somewhere on the Internet names addresses on the Internet and nothing else: who could name
//! private ones could have strangers look into home networks. A neighbour in a private network may name its
//! like there, because it can send to them itself; so members of a household find each other. Ports of
//! well-known services are never named, but QUIC's own, where relays stand (decision 16).

use core::net::{IpAddr, SocketAddr};

use crate::message::Message;
use crate::{Contact, PeerIndex, Swarm};

/// Ports below this belong to services that never asked to be sent anything (RFC 6335, section 6).
pub const FIRST_PORT: u16 = 1024;
/// HTTP/3's, whose servers expect QUIC's first packets.
const QUIC_PORT: u16 = 443;

/// A part of the address space whose members can be expected to reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Internet,
    ThisMachine,
    /// A private, shared or link-local one, by its number.
    Private(u8),
}

/// Nothing for what is no host's address: multicast, reserved and unspecified ones.
fn block(ip: IpAddr) -> Option<Block> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Some(match ip.octets() {
            [0 | 224..=255, ..] => return None,
            [127, ..] => Block::ThisMachine,
            [10, ..] => Block::Private(0),
            [172, 16..=31, ..] => Block::Private(1),
            [192, 168, ..] => Block::Private(2),
            [169, 254, ..] => Block::Private(3),
            [100, 64..=127, ..] => Block::Private(4),
            _ => Block::Internet,
        }),
        IpAddr::V6(ip) => match ip.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Some(Block::ThisMachine),
            // Only 2000::/3 is given out (RFC 4291, section 2.4).
            [0x2000..=0x3fff, ..] => Some(Block::Internet),
            [0xfc00..=0xfdff, ..] => Some(Block::Private(5)),
            [0xfe80..=0xfebf, ..] => Some(Block::Private(6)),
            _ => None,
        },
    }
}

/// Whether an address is one on the Internet.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    block(ip) == Some(Block::Internet)
}

/// Whether a neighbour at `by` may name an address.
fn may_name(by: IpAddr, address: &SocketAddr) -> bool {
    let near = match block(address.ip()) {
        None => false,
        Some(Block::Internet) => true,
        // What runs on this machine can send wherever this node can.
        Some(own) => block(by).is_some_and(|by| by == own || by == Block::ThisMachine),
    };
    near && (address.port() >= FIRST_PORT || address.port() == QUIC_PORT)
}

impl Swarm {
    /// Takes out of a message what its sender may not name; false where nothing is left of it. Who looks
    /// for a parent at such an address is told at once that it finds none here.
    pub(crate) fn keep_named(&mut self, peer: PeerIndex, message: &mut Message) -> bool {
        let Some(by) = self.peers.get(peer).map(|p| p.info.address.ip()) else { return false };
        if !self.config.wary || keep(message, |contact| may_name(by, &contact.address)) {
            return true;
        }
        if let Message::Attach(ask) = message {
            self.reject(peer, ask);
        }
        false
    }
}

/// Keeps the contacts of which this is true; false where the message is about one of which it isn't.
fn keep(message: &mut Message, allowed: impl Fn(&Contact) -> bool) -> bool {
    match message {
        Message::JoinReply(m) => {
            // What each has to spare stands in a list of its own, the sender's first if it greets.
            let own = usize::from(m.me_too);
            let mut kept = m.greeters.iter().map(&allowed);
            let mut place = 0..;
            m.spare.retain(|_| place.next() < Some(own) || kept.next().unwrap_or(false));
            m.greeters.retain(&allowed);
        }
        Message::GreetOk(m) => m.contacts.retain(&allowed),
        Message::FollowReply(m) => m.contacts.retain(&allowed),
        Message::Contacts(m) => m.contacts.retain(&allowed),
        Message::Report(m) => m.offers.retain(&allowed),
        Message::Accept(m) => m.root = m.root.filter(&allowed),
        Message::PathUpdate(m) => m.root = m.root.filter(&allowed),
        Message::Attach(m) => return m.who.as_ref().is_none_or(&allowed),
        Message::Meet(m) => return allowed(&m.who),
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeId;
    use crate::message::JoinReply;

    const FAR: &str = "203.0.113.9";
    const PRIVATE: [&str; 9] = [
        "192.168.0.1:5000",
        "10.1.2.3:5000",
        "172.16.9.9:5000",
        "127.0.0.1:5000",
        "169.254.1.1:5000",
        "100.64.0.1:5000",
        "[::1]:5000",
        "[fd00::1]:5000",
        "[fe80::1]:5000",
    ];

    fn may(by: &str, address: &str) -> bool {
        may_name(by.parse().unwrap(), &address.parse().unwrap())
    }

    #[test]
    fn a_stranger_names_addresses_on_the_internet_and_no_service() {
        for refused in PRIVATE {
            assert!(!may(FAR, refused), "{refused}");
            assert!(!may("100::1", refused), "who comes through a tunnel is one: {refused}");
        }
        for refused in [
            "0.0.0.0:5000",
            "224.0.0.251:5353",
            "255.255.255.255:5000",
            "203.0.113.1:53",
            "203.0.113.1:1023",
            "[ff02::fb]:5353",
            "[::ffff:192.168.0.1]:5000",
            "[100::5]:5000",
        ] {
            assert!(!may(FAR, refused), "{refused}");
            assert!(!may("127.0.0.1", refused) || refused.contains("192.168"), "{refused}");
        }
        for allowed in ["203.0.113.1:1024", "203.0.113.1:443", "[2001:db8::1]:5000"] {
            assert!(may(FAR, allowed), "{allowed}");
        }
    }

    #[test]
    fn who_is_in_a_private_network_names_its_like_there() {
        assert!(may("192.168.1.5", "192.168.7.1:5000"));
        assert!(may("::ffff:10.0.0.1", "10.9.9.9:5000"));
        assert!(!may("192.168.1.5", "10.0.0.1:5000"));
        assert!(!may("192.168.1.5", "127.0.0.1:5000"));
        assert!(!may("192.168.1.5", "192.168.1.1:53"));
        assert!(PRIVATE.iter().all(|address| may("127.0.0.1", address)), "this machine");
    }

    #[test]
    fn what_is_taken_out_of_a_reply_goes_with_what_it_has_to_spare() {
        let contact = |n: u8, address: &str| Contact {
            node: NodeId([n; 16]),
            address: address.parse().unwrap(),
        };
        for me_too in [false, true] {
            let own = me_too.then_some(7);
            let mut message = Message::JoinReply(JoinReply {
                greeters: vec![
                    contact(1, "192.168.0.1:5000"),
                    contact(2, "203.0.113.2:5000"),
                    contact(3, "203.0.113.3:53"),
                ],
                me_too,
                start: Vec::new(),
                need: Vec::new(),
                spare: own.into_iter().chain([100, 200, 300]).collect(),
                viewers: 3,
            });
            let by: IpAddr = FAR.parse().unwrap();
            assert!(keep(&mut message, |contact| may_name(by, &contact.address)));
            let Message::JoinReply(m) = message else { unreachable!("it stays what it is") };
            assert_eq!(m.greeters, [contact(2, "203.0.113.2:5000")]);
            assert_eq!(m.spare, own.into_iter().chain([200]).collect::<Vec<u32>>());
        }
    }
}
