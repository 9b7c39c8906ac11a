//! Late pieces are pulled from partners that have them.
//!
//! Only what is later than expected by [`LATE_US`] and due soon; one partner at a time for each
//! piece; a partner that leaves two questions without any answer is dropped. Bounds: [`MAX_PULLS`]
//! pieces under way, [`MAX_ASKED`] in one message.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::backlog::RIPE_MS;
use crate::config::Role;
use crate::health::offset_us;
use crate::lane::LaneId;
use crate::message::{Message, Nack, Pull, Wanted};
use crate::track::Track;
use crate::tree::For;
use crate::{Mechanism, PeerIndex, PieceId, Swarm, Time, TrackId};

/// Later than expected by this: ask a partner (findings, R10).
const LATE_US: i64 = 150_000;
/// Only pieces that are due to play within this; the parent's own backfill covers the rest.
const URGENT_MS: u32 = 600;
/// Due within this: the origin may be asked.
const LAST_MOMENT_MS: u32 = 150;
/// An arrival that is not known yet is assumed this long after the attachment (findings: 350 ms).
const FIRST_ARRIVAL: Duration = Duration::from_millis(350);
/// Asked again after a refusal...
const AFTER_NACK: Duration = Duration::from_millis(50);
/// ...by a parent later, as it will push the piece once it has it...
const FROM_PARENT: Duration = Duration::from_millis(200);
/// ...and after silence (findings, R10).
const AFTER_SILENCE: Duration = Duration::from_millis(350);
/// Greeters have this long for their shares of the first GOP; then its holes are pulled (loopback:
/// honest shares come within 150 ms, and holes held up half of the first pictures for 400)...
const FIRST_GOP: Duration = Duration::from_millis(180);
/// ...and as many round trips: the dial, the proof, the question. Without them a third of what a
/// newcomer was sent at 40 ms came twice.
const FIRST_GOP_TRIPS: u32 = 3;
/// Rounds of a first search before its pieces are pulled.
const PATIENT_TRIES: u8 = 5;
/// Substreams of a track: 16 and a parity.
const MAX_LANES: usize = 17;
/// Pieces under way at once.
const MAX_PULLS: usize = 64;
/// Pieces in one question, and in one round.
const MAX_ASKED: usize = 24;
/// A partner refuses when its repair queue would take longer than this (findings, R10)...
const REFUSE: Duration = Duration::from_millis(250);
/// ...than this for the gap after a change of parent...
const REFUSE_GAP: Duration = Duration::from_millis(500);
/// ...and the origin sooner, so that the whole swarm doesn't lean on it.
const REFUSE_ORIGIN: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug)]
struct Asked {
    peer: PeerIndex,
    at: Time,
    refused: bool,
}

/// Pieces that have been asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repair {
    asked: BTreeMap<PieceId, Asked>,
}

impl Repair {
    pub(crate) fn clear(&mut self) {
        self.asked.clear();
    }

    /// Answers are waited for so much longer, from now on at most.
    pub(crate) fn defer(&mut self, now: Time, by: Duration) {
        self.asked.values_mut().for_each(|asked| asked.at = now.min(asked.at + by));
    }

    pub(crate) fn arrived(&mut self, id: &PieceId) {
        self.asked.remove(id);
    }

    pub(crate) fn forget(&mut self, peer: PeerIndex) {
        self.asked.retain(|_, a| a.peer != peer);
    }
}

impl Swarm {
    /// Looks for late pieces and asks for them.
    pub(crate) fn check_repair(&mut self, now: Time) {
        self.expire_pulls(now);
        if !self.has(Mechanism::Repair) || self.leaving.is_some() {
            return;
        }
        for at in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(at) else { continue };
            let wanted = self.late_pieces(now, track);
            if !wanted.is_empty() {
                let track = track.config.track;
                self.pull(now, track, wanted);
            }
        }
    }

    fn expire_pulls(&mut self, now: Time) {
        if self.repair.asked.is_empty() {
            return;
        }
        let mut silent = Vec::new();
        self.repair.asked.retain(|_, asked| {
            let limit = if asked.refused { AFTER_NACK } else { AFTER_SILENCE };
            let over = now.since(asked.at) >= limit;
            if over && !asked.refused {
                silent.push(asked.peer);
            }
            !over
        });
        silent.sort_unstable();
        silent.dedup();
        for peer in silent {
            let Some(known) = self.peers.get_mut(peer) else { continue };
            known.silences += 1;
            if known.silences >= 2 {
                self.counters.silent_partners += 1;
                self.drop_partner(peer);
            }
        }
    }

    /// Pieces that should be here by now and are needed soon.
    fn late_pieces(&self, now: Time, track: &Track) -> Vec<PieceId> {
        let mut wanted = Vec::new();
        let Some(newest) = track.have.newest() else { return wanted };
        let mut limits = [None; MAX_LANES];
        for (substream, limit) in limits.iter_mut().enumerate().take(track.lanes.len()) {
            *limit = self.expected_us(now, track, substream as u8);
        }
        let least = limits.iter().flatten().min().copied();
        let late = |limit: Option<i64>, capture_ms| {
            limit.is_some_and(|limit| offset_us(now, capture_ms) > limit + LATE_US)
        };
        let due = |ms| late(least, ms) || self.is_owed(now, track, ms);
        // Partners are looked at only when a chunk that nobody has pushed here could be late.
        let next = self.capture_ms(track, newest.saturating_add(1));
        let edge = if next.is_some_and(due) { self.edge(track, None) } else { None };
        let playhead = track.playhead;
        for chunk in self.first_needed(track, newest)..=edge.unwrap_or(newest) {
            let Some(capture_ms) = self.capture_ms(track, chunk) else { continue };
            // The younger ones are even less late.
            if !due(capture_ms) {
                break;
            }
            if track.have.complete(chunk) || playhead.is_some_and(|p| capture_ms < p) {
                continue;
            }
            let far = playhead.is_some_and(|p| capture_ms > p.saturating_add(URGENT_MS));
            let owed = self.is_owed(now, track, capture_ms);
            for ((substream, lane), limit) in (0..).zip(&track.lanes).zip(limits) {
                let here = track.have.mask(chunk) >> substream & 1 == 1;
                if here || !(owed || late(limit, capture_ms)) || (far && !lane.is_orphan()) {
                    continue;
                }
                self.want_parts(track, chunk, substream, &mut wanted);
                if wanted.len() >= MAX_ASKED {
                    return wanted;
                }
            }
        }
        wanted
    }

    /// The first chunk that is still to be played; who doesn't play yet begins at the newest
    /// keyframe.
    fn first_needed(&self, track: &Track, newest: u32) -> u32 {
        let base = track.have.base();
        let Some(playhead) = track.playhead else {
            let newcomer = self.config.role == Role::Viewer;
            return track.have.newest_keyframe().filter(|_| newcomer).unwrap_or(base);
        };
        let ahead = |c: &u32| self.capture_ms(track, *c).is_none_or(|at| at >= playhead);
        (base..=newest).rev().take_while(ahead).last().unwrap_or(newest)
    }

    /// Whether a newcomer has waited long enough for a piece of its first GOP: a greeter may lack
    /// it or be slow, and the first picture waits for every one of them.
    fn is_owed(&self, now: Time, track: &Track, capture_ms: u32) -> bool {
        let waits = track.playhead.is_none() && self.has(Mechanism::FirstRepair);
        let Some(begun) = self.joining.since().filter(|_| waits) else { return false };
        let nearest = self.peers.iter().map(|(_, p)| p.link.rtt()).min().unwrap_or_default();
        let edge = track.have.newest().and_then(|n| track.have.capture_ms(n));
        now.since(begun) >= FIRST_GOP + nearest * FIRST_GOP_TRIPS
            && edge.is_some_and(|e| capture_ms + RIPE_MS <= e)
    }

    fn want_parts(&self, track: &Track, chunk: u32, substream: u8, wanted: &mut Vec<PieceId>) {
        for part in 0..track.have.parts(chunk) {
            let id = PieceId { track: track.config.track, chunk, substream, part };
            if !track.have.has(&id) && !self.repair.asked.contains_key(&id) {
                wanted.push(id);
            }
        }
    }

    /// The newest chunk that this node or a partner has seen.
    fn edge(&self, track: &Track, theirs: Option<u32>) -> Option<u32> {
        let newest = track.have.newest();
        let partners = self.peers.partners().filter_map(|(_, p)| {
            let digest = p.known.as_ref()?.track(track.config.track)?;
            let end = digest.to.checked_add(u32::try_from(digest.masks.len()).ok()?)?;
            end.checked_sub(1)
        });
        let far = newest.map(|n| n.saturating_add(crate::have::MAX_CHUNKS / 2));
        let theirs = partners.chain(theirs).max().map(|t| far.map_or(t, |far| t.min(far)));
        newest.max(theirs)
    }

    /// When a chunk was captured; beyond the newest known one, counted on.
    pub(crate) fn capture_ms(&self, track: &Track, chunk: u32) -> Option<u32> {
        let newest = track.have.newest()?;
        match chunk.checked_sub(newest) {
            Some(ahead) if ahead > 0 => {
                let edge = track.have.capture_ms(newest)?;
                Some(edge.saturating_add(ahead.saturating_mul(u32::from(track.config.chunk_ms))))
            }
            _ => track.have.capture_ms(chunk),
        }
    }

    /// Arrival minus capture that punctual pieces of a substream don't exceed; `None` while there
    /// is nothing to judge by.
    fn expected_us(&self, now: Time, track: &Track, substream: u8) -> Option<i64> {
        let lane = track.lanes.get(usize::from(substream))?;
        let parent = lane.parent.as_ref();
        if parent.is_some_and(|p| now.since(p.since) < FIRST_ARRIVAL) && lane.lost.is_none() {
            return None;
        }
        if let Some(timing) = lane.timing {
            return Some(timing.limit());
        }
        // No own experience: as late as the latest of the others, once the search takes long; the
        // parent to come sends what is missing.
        if parent.is_none() && lane.search.tries < PATIENT_TRIES {
            return None;
        }
        track.lanes.iter().filter_map(|l| l.timing).map(|t| t.limit()).max()
    }

    /// Asks partners for pieces: each is picked by chance, weighted by the upload it can spare.
    fn pull(&mut self, now: Time, track: TrackId, wanted: Vec<PieceId>) {
        let mut questions: BTreeMap<PeerIndex, Vec<Wanted>> = BTreeMap::new();
        let partners: Vec<PeerIndex> = self.peers.partners().map(|(at, _)| at).collect();
        for id in wanted {
            if self.repair.asked.len() >= MAX_PULLS {
                break;
            }
            let Some(peer) = self.holder(now, &id, &partners) else {
                self.counters.nobody_has += 1;
                continue;
            };
            self.repair.asked.insert(id, Asked { peer, at: now, refused: false });
            questions.entry(peer).or_default().push(Wanted::new(&id));
        }
        for (peer, pieces) in questions {
            self.counters.pulls += pieces.len() as u64;
            self.send(peer, Message::Pull(Pull { track, pieces, gap: false }));
        }
    }

    fn holder(&mut self, now: Time, id: &PieceId, partners: &[PeerIndex]) -> Option<PeerIndex> {
        let mut sum = 0u64;
        let mut chosen = None;
        let mut holders: Vec<(PeerIndex, u64)> = partners
            .iter()
            .filter_map(|at| Some((*at, self.peers.get(*at)?)))
            .filter(|(at, p)| !self.is_banned(now, *at) && !p.info.origin)
            .filter_map(|(at, p)| Some((at, p.known.as_ref()?)))
            .filter(|(_, k)| !k.busy && k.has(id))
            .map(|(at, k)| (at, u64::from(k.spare_kbps.max(1))))
            .collect();
        if holders.is_empty() && self.may_ask_origin(id) {
            let origin = self
                .peers
                .partners()
                .filter(|(_, p)| p.info.origin && p.known.as_ref().is_none_or(|k| !k.busy));
            holders.extend(origin.map(|(at, _)| (at, 1)));
        }
        for (at, weight) in holders {
            sum += weight;
            let draw = self.dice.below(usize::try_from(sum).unwrap_or(usize::MAX)) as u64;
            if draw < weight {
                chosen = Some(at);
            }
        }
        chosen
    }

    /// What only the origin has is fetched by those next to it, who pass it on; by others only when
    /// it is due at once.
    fn may_ask_origin(&self, id: &PieceId) -> bool {
        let lane = LaneId { track: id.track, substream: id.substream };
        let near = self.lane(lane).is_some_and(|l| l.path.len() <= 2);
        let Some(track) = self.track(id.track) else { return false };
        let left = track.playhead.zip(self.capture_ms(track, id.chunk));
        near || left.is_some_and(|(play, piece)| piece <= play.saturating_add(LAST_MOMENT_MS))
    }

    /// After a change of parent: the new one is asked for what the old one has left out.
    pub(crate) fn pull_gap(&mut self, now: Time, peer: PeerIndex, id: LaneId, theirs: Option<u32>) {
        let Some(track) = self.track(id.track).filter(|_| self.has(Mechanism::GapPulls)) else {
            return;
        };
        let Some(newest) = self.edge(track, theirs) else { return };
        let playhead = track.playhead;
        let mut wanted = Vec::new();
        for chunk in track.have.base()..=newest {
            let past = playhead.zip(self.capture_ms(track, chunk)).is_some_and(|(p, c)| c < p);
            let here = track.have.mask(chunk) >> id.substream & 1 == 1;
            if !past && !here && !track.have.complete(chunk) {
                self.want_parts(track, chunk, id.substream, &mut wanted);
            }
        }
        wanted.truncate(MAX_ASKED);
        if wanted.is_empty() {
            return;
        }
        for piece in &wanted {
            self.repair.asked.insert(*piece, Asked { peer, at: now, refused: false });
        }
        let pieces = wanted.iter().map(Wanted::new).collect();
        self.send(peer, Message::Pull(Pull { track: id.track, pieces, gap: true }));
    }

    /// A neighbour asks for pieces.
    pub(crate) fn on_pull(&mut self, now: Time, peer: PeerIndex, m: &Pull) {
        let limit = match (self.is_root(), m.gap) {
            (true, false) => REFUSE_ORIGIN,
            (_, true) => REFUSE_GAP,
            _ => REFUSE,
        };
        let mut refused = Vec::new();
        for wanted in m.pieces.iter().take(MAX_ASKED) {
            let id = wanted.id(m.track);
            let here = self.track(m.track).filter(|t| t.have.has(&id));
            let len = here.map(|t| t.have.len(id.chunk));
            let room = self.repair_delay() <= limit && self.allowance != Some(0);
            let queued = match len {
                Some(len) if self.rescue(now, peer, id, len) => true,
                Some(len) if room => self.push_repair(now, peer, id, len, For::Asker),
                _ => false,
            };
            if !queued {
                refused.push(*wanted);
            }
        }
        if !refused.is_empty() {
            self.send(peer, Message::Nack(Nack { track: m.track, pieces: refused }));
        }
    }

    pub(crate) fn on_nack(&mut self, now: Time, peer: PeerIndex, m: &Nack) {
        for wanted in m.pieces.iter().take(MAX_ASKED) {
            let id = wanted.id(m.track);
            let lane = LaneId { track: id.track, substream: id.substream };
            // A parent that lacks a piece passes it on as soon as it has it.
            let parent = self.lane(lane).is_some_and(|l| l.parent_is(peer) && !l.is_orphan());
            if let Some(asked) = self.repair.asked.get_mut(&id) {
                asked.refused = true;
                asked.at = if parent { now + FROM_PARENT } else { now };
            }
        }
        self.counters.refusals += m.pieces.len() as u64;
        // Until its next digest says otherwise. The origin has what nobody else has: it is asked again.
        let peer = self.peers.get_mut(peer).filter(|p| !p.info.origin);
        if let Some(known) = peer.and_then(|p| p.known.as_mut()) {
            known.busy = true;
        }
    }
}
