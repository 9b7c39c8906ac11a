//! Introductions: two nodes that can't dial each other are told of each other by a neighbour of
//! both, at the same time, so that each one's packets open the way for the other's.
//!
//! The asker sends INTRODUCE to the neighbour that named the other node; that one sends MEET to the
//! other node, which begins to send and answers READY; then MEET goes to the asker, who begins and
//! in the end dials. Invariants (SECURITY 6): an address in a MEET is what the introducer itself
//! observes at that moment on its own proven connection; a MEET is never forwarded, and one that
//! answers is heard only by who has asked; each node asks, and is asked, [`MOST`] times a minute.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::message::{Introduce, Meet, Message, Ready, Token};
use crate::nat::{Forecast, Mapping};
use crate::output::{Meeting, Output};
use crate::{Contact, NodeId, PeerIndex, Swarm, Time};

/// A dial that is going to succeed has succeeded by then on most ways: a handshake and the proof
/// take two round trips.
const PATIENCE: Duration = Duration::from_millis(300);
/// Introductions that a neighbour may ask of this node, or this node may follow, in [`PERIOD`]
/// (SECURITY 6).
const MOST: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);
/// How long an introduction may take from INTRODUCE to MEET (SECURITY 6: expiry).
const EXPIRY: Duration = Duration::from_secs(5);
/// Introductions under way at once, in each part that this node can have in them.
const MAX_OPEN: usize = 64;
/// Nodes of which it is remembered who named them.
const MAX_NAMED: usize = 512;

/// What this node has to do with introductions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Introductions {
    mapping: Mapping,
    open_port: Option<u16>,
    /// Who named a node, so that it may know it.
    named_by: BTreeMap<NodeId, NodeId>,
    /// Dials that are to be helped from then on.
    due: BTreeMap<NodeId, Time>,
    /// Whom this node has asked to meet, of whom and when.
    asked: BTreeMap<NodeId, (NodeId, Time)>,
    /// What others have asked of this node.
    open: BTreeMap<Token, Open>,
    spent: BTreeMap<(NodeId, Part), (Time, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    asker: NodeId,
    subject: NodeId,
    since: Time,
}

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Introducer,
    Subject,
}

impl Introductions {
    fn spend(&mut self, now: Time, of: NodeId, part: Part) -> bool {
        self.spent.retain(|_, (since, _)| now.since(*since) < PERIOD);
        if self.spent.len() >= MAX_NAMED && !self.spent.contains_key(&(of, part)) {
            return false;
        }
        let (_, count) = self.spent.entry((of, part)).or_insert((now, 0));
        *count += 1;
        *count <= MOST
    }

    /// Where the other end of an introduction finds this node, if not where it is seen.
    fn forecast(&self) -> Option<Forecast> {
        self.open_port.map(Forecast::of_open_port).or(self.mapping.forecast())
    }

    fn expire(&mut self, now: Time) {
        self.asked.retain(|_, (_, at)| now.since(*at) < EXPIRY);
        self.open.retain(|_, open| now.since(open.since) < EXPIRY);
    }
}

impl Swarm {
    /// What the driver has found out about the NAT in front of this node. Tell it before a message
    /// is handled, so that forecasts are true.
    pub fn handle_mapping(&mut self, mapping: Mapping) {
        self.introductions.mapping = mapping;
    }

    /// The router in front has opened a port that leads to this node, at the address that neighbours
    /// see.
    pub fn handle_open_port(&mut self, port: Option<u16>) {
        self.introductions.open_port = port;
    }

    /// Remembers who has named a node: it may be its neighbour.
    pub(crate) fn note_named(&mut self, by: PeerIndex, message: &Message) {
        let Some(by) = self.peers.get(by).map(|p| p.info.node) else { return };
        let named = &mut self.introductions.named_by;
        let note = |contact: &Contact| {
            if named.len() >= MAX_NAMED && !named.contains_key(&contact.node) {
                named.pop_first();
            }
            if contact.node != by {
                named.insert(contact.node, by);
            }
        };
        match message {
            Message::JoinReply(m) => m.greeters.iter().for_each(note),
            Message::GreetOk(m) => m.contacts.iter().for_each(note),
            Message::FollowReply(m) => m.contacts.iter().for_each(note),
            Message::Contacts(m) => m.contacts.iter().for_each(note),
            Message::Report(m) => m.offers.iter().for_each(note),
            Message::Attach(m) => m.who.iter().for_each(note),
            Message::Accept(m) => m.root.iter().for_each(note),
            Message::PathUpdate(m) => m.root.iter().for_each(note),
            _ => {}
        }
    }

    /// Dials a node. Whoever named it is asked to help where the dial gets no answer, and at once
    /// where this node's NAT would give the dial a port that can't be told beforehand.
    pub(crate) fn begin_dial(&mut self, now: Time, contact: Contact) {
        let helped =
            self.introducer_of(&contact.node).is_some() && self.introductions.due.len() < MAX_OPEN;
        let dependent = self.introductions.mapping.is_dependent();
        if helped {
            let wait = if dependent { Duration::ZERO } else { PATIENCE };
            self.introductions.due.insert(contact.node, now + wait);
        }
        if !(helped && dependent) {
            self.push_out(Output::Connect(contact));
        }
    }

    fn introducer_of(&self, node: &NodeId) -> Option<PeerIndex> {
        self.introductions.named_by.get(node).and_then(|by| self.peers.find(by))
    }

    /// Asks for the introductions that are due.
    pub(crate) fn check_introductions(&mut self, now: Time) {
        self.introductions.expire(now);
        let due: Vec<NodeId> =
            self.introductions.due.iter().filter(|(_, at)| **at <= now).map(|(n, _)| *n).collect();
        for node in due {
            self.introductions.due.remove(&node);
            let Some(introducer) = self.introducer_of(&node).filter(|_| self.dials.is_open(&node))
            else {
                continue;
            };
            let Some(by) = self.peers.get(introducer).map(|p| p.info.node) else { continue };
            self.introductions.asked.insert(node, (by, now));
            let forecast = self.introductions.forecast();
            self.send(introducer, Message::Introduce(Introduce { node, forecast }));
        }
    }

    /// A neighbour wants to meet another one: that one is told first.
    pub(crate) fn on_introduce(&mut self, now: Time, peer: PeerIndex, m: &Introduce) {
        let subject = self.peers.find(&m.node).filter(|at| self.peers.dialable(*at).is_some());
        let (Some(who), Some(subject)) = (self.peers.dialable(peer), subject) else { return };
        let room = self.introductions.open.len() < MAX_OPEN;
        if subject == peer || !room || !self.introductions.spend(now, who.node, Part::Introducer) {
            return;
        }
        let token = self.dice.long_token();
        let open = Open { asker: who.node, subject: m.node, since: now };
        self.introductions.open.insert(token, open);
        let forecast = checked(m.forecast);
        self.send(subject, Message::Meet(Meet { token, who, forecast, asked: false }));
    }

    /// The other one has begun: now the asker is told.
    pub(crate) fn on_ready(&mut self, peer: PeerIndex, m: &Ready) {
        let Some(subject) = self.peers.dialable(peer) else { return };
        let open = self.introductions.open.get(&m.token).copied();
        let Some(open) = open.filter(|open| open.subject == subject.node) else { return };
        self.introductions.open.remove(&m.token);
        let Some(asker) = self.peers.find(&open.asker) else { return };
        let (token, forecast) = (m.token, checked(m.forecast));
        self.send(asker, Message::Meet(Meet { token, who: subject, forecast, asked: true }));
    }

    /// A neighbour makes this node and another one meet.
    pub(crate) fn on_meet(&mut self, now: Time, peer: PeerIndex, m: &Meet) {
        let Some(by) = self.peers.get(peer).map(|p| p.info.node) else { return };
        let node = m.who.node;
        if !self.config.dials || node == self.config.node || self.peers.find(&node).is_some() {
            return;
        }
        if m.asked {
            let asked = self.introductions.asked.get(&node).is_some_and(|(of, _)| *of == by);
            if !asked {
                return;
            }
            self.introductions.asked.remove(&node);
        } else {
            if !self.introductions.spend(now, by, Part::Subject) {
                return;
            }
            let forecast = self.introductions.forecast();
            self.send(peer, Message::Ready(Ready { token: m.token, forecast }));
        }
        let forecast = checked(m.forecast);
        let meeting = Meeting { token: m.token, contact: m.who, forecast, dials: m.asked };
        self.push_out(Output::Meet(meeting));
    }
}

/// A forecast that names ports which a NAT hands out.
fn checked(forecast: Option<Forecast>) -> Option<Forecast> {
    forecast.filter(|f| f.next >= 1024 && f.step <= 4)
}
