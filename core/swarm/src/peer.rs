//! The live neighbours.
//!
//! Dense by [`PeerIndex`]; a generation tells apart two nodes that had the same index one after the
//! other. Bounded by [`MAX_PEERS`].

use core::time::Duration;
use std::collections::BTreeMap;

use crate::config::{LinkReport, PeerInfo};
use crate::message::{Digest, TrackDigest};
use crate::{Contact, NodeId, PeerIndex, PieceId, Time, TrackId};

/// Neighbours at most: 256 children and parents, partners and followers beside them stay well under
/// what one UDP socket and 50 MiB carry.
pub(crate) const MAX_PEERS: usize = 512;

/// Chunks that a partner's digest may describe one by one.
const MAX_DIGEST_CHUNKS: usize = 128;

/// What the transport says about the way to a neighbour, and what follows from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    pub(crate) report: Option<LinkReport>,
    /// Since when pieces are under way without any acknowledgement.
    pub(crate) waiting: Option<Time>,
}

/// A parent frees a slot after this long without acknowledgement (findings, R9), longer on
/// long ways, so that one lost packet on them is not mistaken for silence.
const ACK_SILENCE: Duration = Duration::from_millis(400);

/// Searches are not sent to a neighbour that has not acknowledged for this long: well over a
/// delayed acknowledgement (25 ms) and one lost packet on a short way.
const DOUBT: Duration = Duration::from_millis(150);

/// A partner's digests come each 300 ms: after two and a half it may be gone.
const DIGEST_DOUBT: Duration = Duration::from_millis(750);

/// Assumed before the transport has said anything.
const DEFAULT_RTT: Duration = Duration::from_millis(100);

impl Link {
    pub(crate) fn on_report(&mut self, report: LinkReport) {
        let progress = self.report.is_none_or(|old| report.acked_bytes > old.acked_bytes);
        if progress {
            // The next transmission starts the wait again.
            self.waiting = None;
        }
        self.report = Some(report);
    }

    pub(crate) fn on_transmit(&mut self, now: Time) {
        self.waiting.get_or_insert(now);
    }

    /// It could not take a piece at `now`: until the next report others wait, too.
    pub(crate) fn on_refused(&mut self, now: Time) {
        let nothing =
            LinkReport { acked_bytes: 0, queued_bytes: 0, rtt: DEFAULT_RTT, blocked: true };
        self.report.get_or_insert(nothing).blocked = true;
        // Nothing of it is under way.
        self.waiting = self.waiting.filter(|since| *since != now);
    }

    pub(crate) fn rtt(&self) -> Duration {
        self.report.map_or(DEFAULT_RTT, |r| r.rtt)
    }

    /// Whether the neighbour has stopped acknowledging. Never true of a driver without reports.
    pub(crate) fn is_silent(&self, now: Time) -> bool {
        let limit = ACK_SILENCE.max(self.rtt() * 2 + ACK_SILENCE / 2);
        self.report.is_some() && self.waiting.is_some_and(|since| now.since(since) > limit)
    }

    /// Whether it has been quiet for so long that nothing should depend on it.
    pub(crate) fn is_doubtful(&self, now: Time) -> bool {
        let limit = DOUBT.max(self.rtt() * 2 + DOUBT / 3);
        self.report.is_some() && self.waiting.is_some_and(|since| now.since(since) > limit)
    }

    /// Whether another piece must wait.
    pub(crate) fn is_blocked(&self) -> bool {
        self.report.is_some_and(|r| r.blocked)
    }
}

/// What a partner's last digest said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) at: Time,
    pub(crate) tracks: Vec<TrackDigest>,
    pub(crate) spare_kbps: u32,
    pub(crate) busy: bool,
}

impl Known {
    pub(crate) fn new(now: Time, digest: Digest, max_tracks: usize) -> Self {
        let mut tracks = digest.tracks;
        tracks.truncate(max_tracks);
        tracks.iter_mut().for_each(|t| t.masks.truncate(MAX_DIGEST_CHUNKS));
        Self { at: now, tracks, spare_kbps: digest.spare_kbps, busy: digest.busy }
    }

    pub(crate) fn track(&self, track: TrackId) -> Option<&TrackDigest> {
        self.tracks.iter().find(|t| t.track == track)
    }

    pub(crate) fn has(&self, id: &PieceId) -> bool {
        let Some(track) = self.track(id.track) else { return false };
        if id.chunk < track.from {
            return false;
        }
        let Some(ahead) = id.chunk.checked_sub(track.to) else { return true };
        let mask = usize::try_from(ahead).ok().and_then(|at| track.masks.get(at));
        mask.is_some_and(|m| m >> id.substream & 1 == 1)
    }

    /// The newest chunk of a substream that the partner has.
    pub(crate) fn newest(&self, track: TrackId, substream: u8) -> Option<u32> {
        let track = self.track(track)?;
        let ahead = track.masks.iter().rposition(|m| m >> substream & 1 == 1);
        match ahead {
            Some(at) => track.to.checked_add(u32::try_from(at).ok()?),
            None => track.to.checked_sub(1).filter(|newest| *newest >= track.from),
        }
    }

    /// Whether the partner would take a child in this substream.
    pub(crate) fn is_free(&self, track: TrackId, substream: u8) -> bool {
        self.track(track).is_some_and(|t| t.free >> substream & 1 == 1)
    }

    /// Hops from the partner to the origin.
    pub(crate) fn depth(&self, track: TrackId, substream: u8) -> Option<u8> {
        let depth = *self.track(track)?.depths.get(usize::from(substream))?;
        (depth != u8::MAX).then_some(depth)
    }
}

/// How this node relates to a neighbour's have-map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Partnership {
    #[default]
    None,
    Asked(Time),
    Yes,
}

/// One neighbour.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) info: PeerInfo,
    pub(crate) generation: u32,
    pub(crate) link: Link,
    pub(crate) partner: Partnership,
    /// It gets our digests.
    pub(crate) follower: bool,
    pub(crate) known: Option<Known>,
    /// Pulls in a row that it has left without any answer.
    pub(crate) silences: u8,
    /// When it was last of use, in either direction; idle connections are closed.
    pub(crate) used: Time,
    /// When it last got a list of greeters.
    pub(crate) listed: Option<Time>,
    /// Upload to spare as it reported it.
    pub(crate) spare_kbps: u32,
    /// It greets us, or we have greeted it.
    pub(crate) greeter: bool,
    /// When it last refused to be followed.
    pub(crate) refused: Option<Time>,
}

impl Peer {
    /// It was not heard for so long because this node, up to now, heard nobody.
    pub(crate) fn defer(&mut self, now: Time, by: Duration) {
        self.link.waiting = self.link.waiting.map(|since| now.min(since + by));
        if let Some(known) = &mut self.known {
            known.at = now.min(known.at + by);
        }
    }

    /// Whether there are signs that the neighbour is gone.
    pub(crate) fn is_doubtful(&self, now: Time) -> bool {
        let quiet = self.known.as_ref().is_some_and(|k| now.since(k.at) > DIGEST_DOUBT);
        quiet || self.link.is_doubtful(now)
    }
}

/// All neighbours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    slots: Vec<Option<Peer>>,
    by_node: BTreeMap<NodeId, PeerIndex>,
    generation: u32,
}

impl Peers {
    /// False if the index lies outside the bound.
    pub(crate) fn insert(&mut self, now: Time, index: PeerIndex, info: PeerInfo) -> bool {
        let Ok(at) = usize::try_from(index.0) else { return false };
        if at >= MAX_PEERS {
            return false;
        }
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        self.generation = self.generation.wrapping_add(1);
        self.by_node.insert(info.node, index);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(Peer {
                info,
                generation: self.generation,
                link: Link::default(),
                partner: Partnership::None,
                follower: false,
                known: None,
                silences: 0,
                used: now,
                listed: None,
                spare_kbps: 0,
                greeter: false,
                refused: None,
            });
        }
        true
    }

    pub(crate) fn remove(&mut self, index: PeerIndex) -> Option<Peer> {
        let peer = self.slots.get_mut(usize::try_from(index.0).ok()?)?.take()?;
        if self.by_node.get(&peer.info.node) == Some(&index) {
            self.by_node.remove(&peer.info.node);
        }
        Some(peer)
    }

    pub(crate) fn get(&self, index: PeerIndex) -> Option<&Peer> {
        self.slots.get(usize::try_from(index.0).ok()?)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: PeerIndex) -> Option<&mut Peer> {
        self.slots.get_mut(usize::try_from(index.0).ok()?)?.as_mut()
    }

    pub(crate) fn find(&self, node: &NodeId) -> Option<PeerIndex> {
        self.by_node.get(node).copied()
    }

    /// Where a neighbour can be dialled, for this node itself.
    pub(crate) fn own_contact(&self, index: PeerIndex) -> Option<Contact> {
        self.get(index).map(|p| Contact { node: p.info.node, address: p.info.address })
    }

    /// The same of one whom others may know; nothing of one that is hidden.
    pub(crate) fn contact(&self, index: PeerIndex) -> Option<Contact> {
        self.own_contact(index).filter(|_| self.get(index).is_some_and(|p| !p.info.hidden))
    }

    /// Where others can dial a neighbour; nowhere if it is hidden or none can.
    pub(crate) fn dialable(&self, index: PeerIndex) -> Option<Contact> {
        self.contact(index).filter(|_| self.get(index).is_some_and(|p| p.info.dialable))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PeerIndex, &Peer)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| Some((PeerIndex(u32::try_from(at).ok()?), slot.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (PeerIndex, &mut Peer)> {
        self.slots
            .iter_mut()
            .enumerate()
            .filter_map(|(at, slot)| Some((PeerIndex(u32::try_from(at).ok()?), slot.as_mut()?)))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_node.len()
    }

    pub(crate) fn partners(&self) -> impl Iterator<Item = (PeerIndex, &Peer)> {
        self.iter().filter(|(_, p)| p.partner == Partnership::Yes)
    }
}
