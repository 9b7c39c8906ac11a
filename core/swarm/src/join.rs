//! Coming in: a newcomer asks any member for greeters; the greeters give slots, send shares of the
//! current GOP and search on its behalf.
//!
//! Bounds: five greeters (eight made searches multiply: findings 2, section 1), one list a neighbour
//! each [`LIST_PERIOD`], at most [`MAX_GIVEN`] slots at once to one newcomer.

use core::iter::repeat;
use core::time::Duration;

use crate::config::Role;
use crate::dial::Purpose;
use crate::message::{Attach, Flags, Greet, GreetOk, Join, JoinReply, Message, Start, Want};
use crate::output::{Event, Output};
use crate::search::TTL;
use crate::slots::Verdict;
use crate::swarm::MAX_TRACKS;
use crate::track::Track;
use crate::{Contact, NodeId, PeerIndex, Swarm, Time};

/// Greeters named in a reply.
const GREETERS: usize = 5;
/// With so many others an origin that is behind is none itself.
const ENOUGH_GREETERS: usize = 2;
/// Greeters taken from a second reply.
const MORE_GREETERS: usize = 2;
/// Members named in a GREET_OK.
const CONTACTS: usize = 8;
/// Greeters that search for a parent in the same substream.
const SEARCHERS: u8 = 2;
/// Members asked for greeters at once.
const ASKED: u32 = 3;
/// One neighbour gets a list this often at most (SECURITY 35).
const LIST_PERIOD: Duration = Duration::from_secs(1);
/// Home slots that a greeter gives at once (findings, R1), more where greeters are few.
const MAX_GIVEN: usize = 3;
/// The newcomer searches by itself what the greeters have not found by then.
const GREETERS_TIME: Duration = Duration::from_millis(600);
/// The same among few, where the newcomer soon knows everybody: with 600 ms one newcomer in three had
/// its last substream, and with it the first picture, after 620 (16 viewers on loopback).
const GREETERS_TIME_FEW: Duration = Duration::from_millis(200);
/// At most one rejoin in this time (DESIGN, "Bounds that stop storms").
const REJOIN: Duration = Duration::from_millis(1_500);
/// How far a newcomer has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joining {
    attempt: u32,
    asked: u32,
    last: Option<Time>,
    replies: u32,
    token: u64,
    of: u8,
    start: Vec<Start>,
    /// For each greeter, the substreams of each start that it is asked for.
    shares: Vec<Vec<u32>>,
    /// When the greeters were asked for the GOP.
    begun: Option<Time>,
    joined: bool,
}

impl Joining {
    /// Since when the greeters know what this node lacks.
    pub(crate) const fn since(&self) -> Option<Time> {
        self.begun
    }
}

impl Swarm {
    /// A newcomer that already has neighbours asks one of them.
    pub(crate) fn join_if_alone(&mut self, now: Time) {
        let peers: Vec<PeerIndex> = self.peers.iter().map(|(at, _)| at).collect();
        self.joining.last.get_or_insert(now);
        for peer in peers {
            self.join_through(now, peer);
        }
    }

    /// Asks a fresh neighbour for greeters, if this node is still outside.
    pub(crate) fn join_through(&mut self, now: Time, peer: PeerIndex) {
        let outside = !self.joining.joined && self.joining.replies == 0;
        if outside && self.joining.asked < ASKED && !self.is_root() && !self.tracks.is_empty() {
            self.send_join(now, peer);
        }
    }

    pub(crate) fn send_join(&mut self, now: Time, peer: PeerIndex) {
        self.joining.asked += 1;
        self.joining.last = Some(now);
        let attempt = self.joining.attempt;
        self.send(peer, Message::Join(Join { attempt }));
        self.wait_for_greeters(now);
    }

    /// Once a second: a node whom nobody feeds and who has no partner begins anew.
    pub(crate) fn rejoin_if_lost(&mut self, now: Time) {
        if self.leaving.is_some() || self.tracks.is_empty() {
            return;
        }
        let fed = self.tracks.iter().any(|t| t.lanes.iter().any(|l| !l.is_orphan()));
        let waited = self.joining.last.is_none_or(|at| now.since(at) >= REJOIN);
        if fed || !waited {
            return;
        }
        self.joining.attempt += 1;
        self.joining.asked = 0;
        self.joining.replies = 0;
        self.joining.last = Some(now);
        self.counters.rejoins += 1;
        let me = self.config.node;
        let contacts = self.view.sample(now, &mut self.dice, ASKED as usize, &me);
        // Only every third attempt may go to the origin (DESIGN, "Joining"), but among few: they would
        // stand for as long as that takes when they were cut off together.
        let third = self.joining.attempt.is_multiple_of(3);
        let few = self.is_small_audience();
        let root = self.root.filter(|_| third || few || contacts.is_empty());
        let mut any: Vec<PeerIndex> =
            self.peers.iter().filter(|(_, p)| !p.info.origin).map(|(at, _)| at).collect();
        self.dice.shuffle(&mut any);
        if any.is_empty() && contacts.is_empty() {
            self.event(Event::Isolated);
            self.push_out(Output::NeedContacts);
        }
        for contact in contacts.into_iter().chain(root) {
            self.reach(now, contact, Purpose::Join);
        }
        if let Some(peer) = any.first() {
            self.send_join(now, *peer);
        }
    }

    /// Somebody wants in: names up to five members with upload to spare, weighted by chance only
    /// among those that this node knows to have some.
    pub(crate) fn on_join(&mut self, now: Time, peer: PeerIndex, _m: &Join) {
        let Some(asker) = self.peers.get_mut(peer) else { return };
        if asker.listed.is_some_and(|at| now.since(at) < LIST_PERIOD) {
            return;
        }
        asker.listed = Some(now);
        let node = asker.info.node;
        let mut greeters = self.greeters(now, &node, GREETERS);
        let me_too = self.can_greet(now, greeters.len());
        greeters.truncate(GREETERS - usize::from(me_too));
        let need = self.tracks.iter().map(|t| self.lacking(t, 1)).collect();
        let own = me_too.then(|| self.spare_kbps());
        let spare = own.into_iter().chain(greeters.iter().map(|g| self.reported_kbps(&g.node)));
        let spare = spare.collect();
        let (start, viewers) = (self.starts(), self.audience.viewers().saturating_add(1));
        let reply = JoinReply { greeters, me_too, start, need, spare, viewers };
        self.send(peer, Message::JoinReply(reply));
    }

    /// Whether this node has anything to give to a newcomer who has so many others to ask.
    fn can_greet(&self, now: Time, others: usize) -> bool {
        let any = |t: &Track| t.lane_ids().any(|id| self.own_slack(now, id) > 0);
        if self.is_tight() && self.is_behind() && others >= ENOUGH_GREETERS {
            return false;
        }
        let few = self.is_root() && self.is_small_group();
        self.leaving.is_none() && self.budget_bps() > 0 && (few || self.tracks.iter().any(any))
    }

    /// What a neighbour last said that it can spare, in kbit/s; 0 if it isn't one.
    fn reported_kbps(&self, node: &NodeId) -> u32 {
        let known = self.peers.find(node).and_then(|at| self.peers.get(at));
        known.map_or(0, |p| p.known.as_ref().map_or(p.spare_kbps, |k| k.spare_kbps))
    }

    /// Members with upload to spare: neighbours first, as their state is known best.
    fn greeters(&mut self, now: Time, except: &NodeId, count: usize) -> Vec<Contact> {
        let spare = |p: &crate::peer::Peer| {
            p.known.as_ref().map_or(p.spare_kbps, |k| if k.busy { 0 } else { k.spare_kbps })
        };
        let mut near: Vec<Contact> = self
            .peers
            .iter()
            .filter(|(_, p)| {
                p.info.dialable && !p.info.origin && p.info.node != *except && spare(p) > 0
            })
            .map(|(_, p)| Contact { node: p.info.node, address: p.info.address })
            .collect();
        self.dice.shuffle(&mut near);
        near.truncate(count.div_ceil(2));
        let far = self.view.sample(now, &mut self.dice, count * 2, except);
        for contact in far {
            if near.len() < count && near.iter().all(|c| c.node != contact.node) {
                near.push(contact);
            }
        }
        near
    }

    pub(crate) fn on_join_reply(&mut self, now: Time, peer: PeerIndex, m: JoinReply) {
        self.joining.replies += 1;
        self.audience.hear(m.viewers);
        self.choose_homes();
        if self.is_origin(peer) && !m.me_too {
            // It has nothing to give.
            let lanes = self.tracks.iter_mut().flat_map(|t| &mut t.lanes);
            lanes.for_each(|l| l.search.note_asked(now, peer));
        }
        let fed = self.tracks.iter().all(|t| t.lanes.iter().all(|l| !l.is_orphan()));
        if fed || self.config.role == Role::Origin || self.joining.replies > 2 {
            return;
        }
        let own = self.peers.own_contact(peer).filter(|_| m.me_too);
        // 0 is said of those that the answering node doesn't know.
        let spare = m.spare.iter().map(|kbps| Some(*kbps).filter(|k| *k > 0));
        let first = self.joining.replies == 1;
        let count = if first { GREETERS } else { MORE_GREETERS };
        let me = self.config.node;
        let mut list: Vec<(Contact, Option<u32>)> =
            own.into_iter().chain(m.greeters).zip(spare.chain(repeat(None))).collect();
        list.retain(|(contact, _)| contact.node != me);
        list.truncate(count);
        if first {
            self.joining.token = self.dice.token();
            self.joining.begun = Some(now);
            self.joining.of = list.len().max(1) as u8;
            self.joining.start = m.start;
            self.joining.start.truncate(MAX_TRACKS);
            let spare: Vec<Option<u32>> = list.iter().map(|(_, kbps)| *kbps).collect();
            self.joining.shares = self.share_out(&self.joining.start, &spare);
            self.move_home(&m.need);
            self.begin(now);
        }
        for (index, (contact, _)) in list.into_iter().enumerate() {
            self.reach(now, contact, Purpose::Greet { index: index as u8, share: first });
        }
    }

    /// How many greeters look for a parent in each substream, and by which token.
    pub(crate) fn greeters_asked(&self) -> (u8, u64) {
        (self.joining.of.min(SEARCHERS), self.joining.token)
    }

    /// The greeters search first.
    fn wait_for_greeters(&mut self, now: Time) {
        let few = self.is_small_audience();
        let until = now + if few { GREETERS_TIME_FEW } else { GREETERS_TIME };
        for lane in self.tracks.iter_mut().flat_map(|t| &mut t.lanes) {
            if lane.parent.is_none() {
                lane.search.after = lane.search.after.max(until);
            }
        }
    }

    /// Where this node begins, and the greeters' head start.
    fn begin(&mut self, now: Time) {
        let (token, starts) = (self.joining.token, self.joining.start.clone());
        for track in &mut self.tracks {
            if track.start.is_none() {
                let start = starts.iter().find(|s| s.track == track.config.track);
                if let Some(start) = start {
                    track.have.start_at(start.chunk);
                    track.start = Some(start.chunk);
                }
            }
            track.lanes.iter_mut().for_each(|l| l.search.remember(token));
        }
        self.wait_for_greeters(now);
    }

    /// Greets a member that has been named as a greeter.
    pub(crate) fn greet(&mut self, now: Time, peer: PeerIndex, index: u8, share: bool) {
        let wants = self.tracks.iter().map(|t| self.want(t)).collect();
        let mine = self.joining.shares.get(usize::from(index)).filter(|_| share);
        let shares = mine.cloned().unwrap_or_default();
        let start = if share { self.joining.start.clone() } else { Vec::new() };
        let (token, of) = (self.joining.token, self.joining.of);
        if let Some(known) = self.peers.get_mut(peer) {
            known.greeter = true;
        }
        self.send(peer, Message::Greet(Greet { token, index, of, wants, start, shares }));
        self.follow(now, peer);
    }

    fn want(&self, track: &Track) -> Want {
        let missing = track
            .lane_ids()
            .filter(|id| track.lanes.get(usize::from(id.substream)).is_some_and(|l| l.is_orphan()));
        Want {
            track: track.config.track,
            missing: missing.fold(0, |mask, id| mask | 1 << id.substream),
            homes: track.homes,
            fan: if self.budget_bps() > 0 { self.fan(track) } else { 0 },
        }
    }

    /// A newcomer: slots at once where there are any, its share of the GOP, and searches.
    pub(crate) fn on_greet(&mut self, now: Time, peer: PeerIndex, m: &Greet) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        let again = known.greeter;
        known.greeter = true;
        let Some(who) = self.peers.contact(peer) else { return };
        let contacts = self.greeters(now, &who.node, CONTACTS);
        let viewers = self.audience.viewers();
        let reply = GreetOk { contacts, start: self.starts(), viewers };
        self.send(peer, Message::GreetOk(reply));
        if !again {
            // The small tracks first: the picture waits for its sound.
            let mut shares: Vec<_> = m.start.iter().zip(&m.shares).take(MAX_TRACKS).collect();
            shares.sort_by_key(|(start, _)| self.track(start.track).map(|t| t.config.k));
            for (start, share) in shares {
                self.send_share(now, peer, start, *share);
            }
        }
        for want in m.wants.iter().take(self.tracks.len()) {
            self.serve(now, peer, who, m, want);
        }
    }

    fn serve(&mut self, now: Time, peer: PeerIndex, who: Contact, m: &Greet, want: &Want) {
        let Some(track) = self.track(want.track) else { return };
        let shared = m.start.iter().find(|s| s.track == want.track).map(|s| s.end);
        let edge = shared.or_else(|| track.have.newest());
        let (mut ids, of) = (track.lane_ids().collect::<Vec<_>>(), m.of.max(1));
        // Each greeter begins elsewhere, or all would offer the same few substreams.
        let first = usize::from(m.index) * ids.len() / usize::from(of);
        let turn = first.checked_rem(ids.len()).unwrap_or(0);
        ids.rotate_left(turn);
        let mut given = 0;
        let limit = MAX_GIVEN.max(ids.len().div_ceil(usize::from(of)));
        for id in ids.into_iter().filter(|id| want.missing >> id.substream & 1 == 1) {
            let home = want.homes >> id.substream & 1 == 1;
            let ask = Attach {
                token: m.token,
                track: id.track,
                substream: id.substream,
                who: None,
                fan: if home { want.fan } else { 0 },
                flags: Flags::FRESH,
                ttl: TTL,
                from: edge,
                climb: 0,
                seen: Vec::new(),
            };
            let verdict =
                if given < limit { self.judge(now, &who.node, peer, &ask) } else { Verdict::No };
            let turn = id.substream % of;
            if verdict != Verdict::No {
                given += 1;
                self.grant(now, who, ask, verdict);
            } else if (turn == m.index || (turn + 1) % of == m.index)
                // Whoever was found would have to dial it.
                && self.peers.dialable(peer).is_some()
            {
                self.search_for(now, peer, who, ask);
            }
        }
    }

    pub(crate) fn on_greet_ok(&mut self, now: Time, peer: PeerIndex, m: &GreetOk) {
        let known = self.peers.get(peer).is_some_and(|p| p.greeter);
        if known {
            self.audience.hear(m.viewers);
            self.learn(now, &m.contacts, CONTACTS);
        }
    }

    /// A parent has been found.
    pub(crate) fn on_attached(&mut self, now: Time) {
        let _ = now;
        self.joining.attempt = 0;
        if !self.joining.joined {
            self.joining.joined = true;
            self.event(Event::Joined);
        }
    }

    /// A dial has failed: a greeter's share falls to another one.
    pub(crate) fn on_dial_failed(&mut self, now: Time, _contact: &Contact) {
        if self.peers.len() == 0 {
            self.rejoin_if_lost(now);
        }
    }
}
