//! Partners: neighbours whose have-maps this node follows, for repair and as lifeboats.
//!
//! Following is one-sided, so that nodes without upload have partners too and cost them only
//! digests. Bounds: [`Config::partners`](crate::Config) followed, 8 + 3 × slots followers.

use core::time::Duration;

use crate::dial::Purpose;
use crate::have::MAX_CHUNKS;
use crate::message::{Contacts, Digest, Follow, FollowReply, Message, TrackDigest};
use crate::peer::{Known, Partnership};
use crate::swarm::MAX_TRACKS;
use crate::track::Track;
use crate::uplink::UNLIMITED_BPS;
use crate::{Contact, Mechanism, PeerIndex, Swarm, Time};

/// Followers beside those that slots allow (findings, section 2: 8 + 3 × slots).
const FOLLOWERS: usize = 8;
const FOLLOWERS_A_SLOT: usize = 3;
const MAX_FOLLOWERS: usize = 64;
/// Followers of the origin, and only while the audience is small: its spare upload saves a small
/// swarm and would be swamped by a large one.
const ORIGIN_FOLLOWERS: usize = 24;
/// What a follower costs, bits a second: 3.3 digests of 35 bytes, each a datagram of its own with the headers
/// of QUIC, UDP, IP and Ethernet (measured).
const FOLLOWER_BPS: u64 = 3_200;
/// Of its allowance an origin gives its followers no more than one part in so many. With all 24, an uplink
/// of 1.3 Mbit/s had a twentieth less for its one copy, and fell behind.
const FOLLOWERS_PART: u64 = 50;
/// A question that stays without answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A partner that has been quiet this long is none: five digests.
const QUIET: Duration = Duration::from_millis(1_500);
/// Members exchanged with a partner each five seconds (findings, section 2).
const EXCHANGED: usize = 8;
/// Members dialled for partnership at once.
const DIALS: usize = 2;
/// Repair that would wait this long: partners are told not to ask (findings, section 2).
const BUSY: Duration = Duration::from_millis(120);
/// Chunks described one by one in a digest.
const MAX_MASKS: u32 = 64;

impl Swarm {
    /// Once a second: enough partners, none that are gone, and fresh names.
    pub(crate) fn tend_partners(&mut self, now: Time) {
        let quiet = |p: &crate::peer::Peer| match &p.partner {
            Partnership::Asked(since) => now.since(*since) > PATIENCE,
            Partnership::Yes => {
                let heard = p.known.as_ref().map_or(p.used, |k| k.at);
                now.since(heard) > QUIET
            }
            Partnership::None => false,
        };
        for (_, peer) in self.peers.iter_mut() {
            if quiet(peer) {
                peer.partner = Partnership::None;
                peer.known = None;
            }
        }
        if self.is_root() || self.leaving.is_some() || self.tracks.is_empty() {
            return;
        }
        self.find_partners(now);
        if self.seconds.is_multiple_of(5) && self.has(Mechanism::ContactExchange) {
            let all: Vec<PeerIndex> = self.peers.partners().map(|(at, _)| at).collect();
            if let Some(peer) = self.dice.pick(&all).copied() {
                self.send_contacts(now, peer, true);
            }
        }
    }

    fn find_partners(&mut self, now: Time) {
        let some = |p: &crate::peer::Peer| p.partner != Partnership::None;
        let have = self.peers.iter().filter(|(_, p)| some(p)).count() + self.dials.to_partners();
        let mut lack = self.config.partners.saturating_sub(have);
        if lack == 0 {
            return;
        }
        let mut near: Vec<PeerIndex> = self
            .peers
            .iter()
            .filter(|(at, p)| {
                !some(p) && !self.is_banned(now, *at) && !self.refused_lately(*at, now)
            })
            .map(|(at, _)| at)
            .collect();
        self.dice.shuffle(&mut near);
        for peer in near.into_iter().take(lack) {
            lack -= 1;
            self.follow(now, peer);
        }
        let me = self.config.node;
        let far = self.view.sample(now, &mut self.dice, lack.min(DIALS) * 4, &me);
        let unknown: Vec<Contact> = far
            .into_iter()
            .filter(|c| self.peers.find(&c.node).is_none() && !self.dials.is_open(&c.node))
            .filter(|c| !self.bans.contains_key(&c.node))
            .take(lack.min(DIALS))
            .collect();
        for contact in unknown {
            self.reach(now, contact, Purpose::Partner);
        }
    }

    fn refused_lately(&self, peer: PeerIndex, now: Time) -> bool {
        const AGAIN: Duration = Duration::from_secs(10);
        self.peers.get(peer).and_then(|p| p.refused).is_some_and(|at| now.since(at) < AGAIN)
    }

    /// Asks a neighbour for its digests.
    pub(crate) fn follow(&mut self, now: Time, peer: PeerIndex) {
        if self.is_root() {
            return;
        }
        let full = self.peers.partners().count() >= self.config.partners + 2;
        let Some(known) = self.peers.get_mut(peer) else { return };
        if known.partner == Partnership::None && !full {
            known.partner = Partnership::Asked(now);
            self.send(peer, Message::Follow(Follow { on: true }));
        }
    }

    pub(crate) fn on_follow(&mut self, now: Time, peer: PeerIndex, m: &Follow) {
        if !m.on {
            if let Some(known) = self.peers.get_mut(peer) {
                known.follower = false;
            }
            return;
        }
        let followers = self.peers.iter().filter(|(_, p)| p.follower).count();
        let yes = self.leaving.is_none() && followers < self.max_followers();
        let Some(known) = self.peers.get_mut(peer) else { return };
        known.follower = yes;
        let node = known.info.node;
        let contacts =
            if yes { Vec::new() } else { self.view.sample(now, &mut self.dice, 4, &node) };
        self.send(peer, Message::FollowReply(FollowReply { yes, contacts }));
        if yes {
            let digest = self.digest();
            self.send(peer, Message::Digest(digest));
        }
    }

    fn max_followers(&self) -> usize {
        if self.is_root() {
            let small = self.audience.viewers() as usize <= 2 * ORIGIN_FOLLOWERS;
            let allowance = self.allowance.unwrap_or(UNLIMITED_BPS);
            let affordable = usize::try_from(allowance / FOLLOWERS_PART / FOLLOWER_BPS);
            return if small { ORIGIN_FOLLOWERS.min(affordable.unwrap_or(0)) } else { 0 };
        }
        if self.budget_bps() == 0 {
            return 0;
        }
        let slots: u64 = self.tracks.iter().map(|t| self.slots(t)).max().unwrap_or(0);
        let slots = usize::try_from(slots).unwrap_or(MAX_FOLLOWERS);
        (FOLLOWERS + FOLLOWERS_A_SLOT * slots).min(MAX_FOLLOWERS)
    }

    pub(crate) fn on_follow_reply(&mut self, now: Time, peer: PeerIndex, m: &FollowReply) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        if !matches!(known.partner, Partnership::Asked(_)) {
            return;
        }
        known.partner = if m.yes { Partnership::Yes } else { Partnership::None };
        if !m.yes {
            known.refused = Some(now);
            self.learn(now, &m.contacts, 4);
        }
    }

    /// Ends a partnership: the neighbour left two questions unanswered.
    pub(crate) fn drop_partner(&mut self, peer: PeerIndex) {
        if let Some(known) = self.peers.get_mut(peer) {
            known.partner = Partnership::None;
            known.known = None;
            known.silences = 0;
            self.send(peer, Message::Follow(Follow { on: false }));
        }
    }

    /// Tells every follower what is here.
    pub(crate) fn send_digests(&mut self) {
        let followers: Vec<PeerIndex> =
            self.peers.iter().filter(|(_, p)| p.follower).map(|(at, _)| at).collect();
        if followers.is_empty() {
            return;
        }
        let digest = self.digest();
        for peer in followers {
            self.send(peer, Message::Digest(digest.clone()));
        }
    }

    fn digest(&self) -> Digest {
        let tracks = self.tracks.iter().map(|t| self.track_digest(t)).collect();
        // What only the origin has it is to be asked for whatever waits, unless its line can't take it.
        let busy = if self.is_root() {
            self.is_tight() && self.is_behind()
        } else {
            self.repair_delay() > BUSY
        };
        let busy = busy || self.leaving.is_some();
        Digest { tracks, spare_kbps: self.spare_kbps(), busy }
    }

    /// Upload beside the slots given: never less than the 8 % that repair may always use.
    pub(crate) fn spare_kbps(&self) -> u32 {
        u32::try_from(self.spare_bps() / 1000).unwrap_or(u32::MAX)
    }

    fn spare_bps(&self) -> u64 {
        let allowance = self.allowance.unwrap_or(UNLIMITED_BPS);
        allowance.saturating_sub(self.used_bps()).max(allowance / 12)
    }

    /// How long a piece asked for now would wait.
    pub(crate) fn repair_delay(&self) -> Duration {
        self.uplink.repair_delay(self.spare_bps())
    }

    fn track_digest(&self, track: &Track) -> TrackDigest {
        let have = &track.have;
        let (from, end) = (have.base(), have.newest().map_or(have.base(), |n| n.saturating_add(1)));
        let whole = |c: &u32| have.mask(*c) == have.all();
        let to = (from..end).find(|c| !whole(c)).unwrap_or(end);
        let to = to.max(end.saturating_sub(MAX_MASKS.min(MAX_CHUNKS)));
        let now_free = |s: u8| {
            let id = crate::lane::LaneId { track: track.config.track, substream: s };
            let Some(lane) = self.lane(id) else { return false };
            let fed = self.is_root() || lane.parent.as_ref().is_some_and(|p| p.suspect.is_none());
            fed && track.is_home(s)
                && if self.is_root() {
                    lane.staying().count() < self.quota(id)
                } else {
                    self.free_bps() >= track.slot_bps()
                }
        };
        let depths: Vec<u8> =
            track.lane_ids().map(|id| self.depth(id).unwrap_or(u8::MAX)).collect();
        let lanes = 0..track.lanes.len() as u8;
        TrackDigest {
            track: track.config.track,
            from,
            to,
            masks: (to..end).map(|c| have.mask(c)).collect(),
            free: lanes.filter(|s| now_free(*s)).fold(0, |m, s| m | 1 << s),
            depths: depths.into(),
        }
    }

    pub(crate) fn on_digest(&mut self, now: Time, peer: PeerIndex, m: Digest) {
        if let Some(known) = self.peers.get_mut(peer)
            && known.partner == Partnership::Yes
        {
            known.known = Some(Known::new(now, m, MAX_TRACKS));
        }
    }

    fn send_contacts(&mut self, now: Time, peer: PeerIndex, answer: bool) {
        let Some(node) = self.peers.get(peer).map(|p| p.info.node) else { return };
        let contacts = self.view.sample(now, &mut self.dice, EXCHANGED, &node);
        self.send(peer, Message::Contacts(Contacts { contacts, answer }));
    }

    pub(crate) fn on_contacts(&mut self, now: Time, peer: PeerIndex, m: &Contacts) {
        let known = self.peers.get(peer);
        if !known.is_some_and(|p| p.follower || p.partner != Partnership::None) {
            return;
        }
        self.learn(now, &m.contacts, EXCHANGED);
        if m.answer {
            self.send_contacts(now, peer, false);
        }
    }

    /// Takes note of members that a neighbour has named.
    pub(crate) fn learn(&mut self, now: Time, contacts: &[Contact], count: usize) {
        for contact in contacts.iter().take(count) {
            let own = contact.node == self.config.node;
            if !own && !self.bans.contains_key(&contact.node) {
                self.view.learn(now, &mut self.dice, *contact);
            }
        }
    }
}
