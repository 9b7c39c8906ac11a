//! A member that wants others to send to strangers: whatever it says names victims, and it says much.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use manyhands_swarm::message::{
    Attach, Contacts, Flags, FollowReply, GreetOk, Introduce, JoinReply, Meet, Report, Token,
};
use manyhands_swarm::{Contact, Forecast, Message, NodeId, Time};
use rand::RngExt;

/// Between two volleys to each neighbour: more often only costs the attacker more.
const PAUSE: Duration = Duration::from_secs(2);
/// Victims named in one message, as many as an honest one names.
const NAMED: usize = 8;
/// Ports of a victim, so that each dial is one to somewhere new.
const PORTS: u16 = 1_000;

/// What it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cannon {
    victims: Vec<SocketAddr>,
    shots: usize,
    volleys: usize,
    next: Time,
}

impl Cannon {
    /// Aims at these addresses, `ip:port,ip:port`; each port is the first of many.
    pub(super) fn aimed_at(victims: &str) -> Option<Self> {
        let victims: Vec<_> = victims.split(',').filter_map(|victim| victim.parse().ok()).collect();
        (!victims.is_empty()).then_some(Self { victims, shots: 0, volleys: 0, next: Time::ZERO })
    }

    /// The next victim, under a name that nobody has.
    fn contact(&mut self) -> Contact {
        let mut contact = Contact { node: NodeId(rand::rng().random()), address: self.address() };
        let port = contact.address.port().saturating_add(rand::rng().random_range(0..PORTS));
        contact.address.set_port(port);
        contact
    }

    pub(super) fn address(&mut self) -> SocketAddr {
        self.shots += 1;
        let turn = self.shots % self.victims.len().max(1);
        self.victims.get(turn).copied().unwrap_or_else(|| (IpAddr::from([0; 4]), 0).into())
    }

    fn contacts(&mut self) -> Vec<Contact> {
        (0..NAMED).map(|_| self.contact()).collect()
    }

    /// Puts victims in the place of all that an honest message names, but of itself where it looks for a
    /// parent: who takes nothing soon has no neighbours.
    pub(super) fn twist(&mut self, message: &mut Message) {
        match message {
            Message::JoinReply(m) => m.greeters = self.contacts(),
            Message::GreetOk(m) => m.contacts = self.contacts(),
            Message::FollowReply(m) => (m.yes, m.contacts) = (false, self.contacts()),
            Message::Contacts(m) => m.contacts = self.contacts(),
            Message::Report(m) => m.offers = self.contacts(),
            Message::Accept(m) => m.root = Some(self.contact()),
            Message::PathUpdate(m) => m.root = Some(self.contact()),
            Message::Meet(m) => m.who = self.contact(),
            _ => {}
        }
    }

    /// What each neighbour hears now, asked or not: a list of members, one of five kinds in turn, a search
    /// for a parent, and an introduction.
    pub(super) fn volley(&mut self, now: Time) -> Vec<Message> {
        if now < self.next {
            return Vec::new();
        }
        self.next = now + PAUSE;
        self.volleys += 1;
        let list = match self.volleys % 5 {
            0 => Message::Contacts(Contacts { contacts: self.contacts(), answer: false }),
            1 => Message::FollowReply(FollowReply { yes: false, contacts: self.contacts() }),
            2 => Message::GreetOk(GreetOk {
                contacts: self.contacts(),
                start: Vec::new(),
                viewers: 9,
            }),
            3 => Message::JoinReply(JoinReply {
                greeters: self.contacts(),
                me_too: false,
                start: Vec::new(),
                need: Vec::new(),
                spare: vec![u32::from(u16::MAX); NAMED],
                viewers: 9,
            }),
            _ => Message::Report(Report {
                lanes: Vec::new(),
                spare_kbps: u32::from(u16::MAX),
                offers: self.contacts(),
            }),
        };
        let search = self.search((self.volleys % 8) as u8);
        vec![list, search, self.meet(None, false)]
    }

    /// Says that whom somebody asks to meet is a victim.
    pub(super) fn answer(&mut self, asked: &Introduce) -> Message {
        self.meet(Some(asked.node), true)
    }

    fn meet(&mut self, node: Option<NodeId>, asked: bool) -> Message {
        let mut who = self.contact();
        who.node = node.unwrap_or(who.node);
        // A NAT that counts is sent to at more ports than any other.
        let forecast = Some(Forecast { next: who.address.port(), step: 1 });
        Message::Meet(Meet { token: Token(rand::rng().random()), who, forecast, asked })
    }

    /// Looks for a parent that has to dial, in the name of a victim that would feed many.
    fn search(&mut self, substream: u8) -> Message {
        Message::Attach(Attach {
            token: rand::rng().random(),
            track: 0,
            substream,
            who: Some(self.contact()),
            fan: 16,
            flags: Flags::EMERGENCY.with(Flags::LIFEBOAT),
            ttl: 4,
            from: None,
            climb: 0,
            seen: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_said_names_victims_and_can_be_read() {
        let mut cannon = Cannon::aimed_at("203.0.113.1:5000,192.168.0.1:6000").unwrap();
        let mut kinds = std::collections::BTreeSet::new();
        for volley in 0..5 {
            let now = Time::ZERO + PAUSE * volley;
            for mut message in cannon.volley(now) {
                cannon.twist(&mut message);
                let mut frame = Vec::new();
                message.encode(&mut frame);
                kinds.insert(message.kind());
                assert_eq!(Message::decode(&frame), Ok(message));
            }
            assert!(cannon.volley(now).is_empty());
        }
        assert_eq!(kinds.len(), 7);
        assert_eq!(Cannon::aimed_at("nobody"), None);
    }
}
