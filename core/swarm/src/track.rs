//! One track: its shape, what is here of it, and its substreams.

use crate::config::TrackConfig;
use crate::have::Have;
use crate::lane::{Lane, LaneId};
use crate::{PeerIndex, PieceId, Swarm, Time};

/// A track on one substream (sound) goes before the others: this much earlier in the queue.
const SMALL_TRACK_LEAD_US: u64 = 100_000;

/// State of one track.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) config: TrackConfig,
    pub(crate) have: Have,
    pub(crate) lanes: Vec<Lane>,
    /// The substreams in which this node mainly serves, one bit each.
    pub(crate) homes: u32,
    /// Those of them in which it serves only while slots are lacking there.
    pub(crate) lent: u32,
    /// When that was last changed.
    pub(crate) lent_at: Time,
    /// Where the playout clock was last said to be. Not carried on: the clock may stand.
    pub(crate) playhead: Option<u32>,
    /// The first chunk that this node has any use for.
    pub(crate) start: Option<u32>,
    /// Another run than the first one that this node has seen: nobody tells it where that starts.
    anew: bool,
}

impl Track {
    pub(crate) fn new(mut config: TrackConfig) -> Self {
        config.k = config.k.clamp(1, 16);
        let lanes = usize::from(config.k) + usize::from(config.parity);
        Self {
            config,
            have: Have::new(config.track, config.k, lanes as u8, config.chunk_ms),
            lanes: vec![Lane::default(); lanes],
            homes: 0,
            lent: 0,
            lent_at: Time::ZERO,
            playhead: None,
            start: None,
            anew: false,
        }
    }

    pub(crate) fn same_shape(&self, other: &TrackConfig) -> bool {
        let own = &self.config;
        (own.track, own.k, own.parity) == (other.track, other.k.clamp(1, 16), other.parity)
    }

    /// Another run begins, whose chunks are numbered from the beginning.
    pub(crate) fn clear(&mut self, now: Time) {
        self.have.clear();
        self.playhead = None;
        self.start = None;
        self.anew = true;
        for lane in &mut self.lanes {
            lane.timing = None;
            lane.handover = None;
            // Who was to be fed up to a chunk of the old run has another parent.
            lane.children.retain(|child| child.last.is_none());
            lane.children.iter_mut().for_each(|child| child.after = None);
            if let Some(parent) = &mut lane.parent {
                parent.last = None;
                parent.after = None;
                parent.since = now;
                parent.suspect = None;
            }
        }
    }

    pub(crate) fn lane_ids(&self) -> impl Iterator<Item = LaneId> + use<> {
        let track = self.config.track;
        (0..self.lanes.len() as u8).map(move |substream| LaneId { track, substream })
    }

    /// Bits a second of one substream.
    pub(crate) fn slot_bps(&self) -> u64 {
        (u64::from(self.config.wire_bps) / u64::from(self.config.k)).max(1)
    }

    /// Bits a second of all substreams.
    pub(crate) fn total_bps(&self) -> u64 {
        self.slot_bps() * self.lanes.len() as u64
    }

    /// Where a piece stands in the queue: by capture time.
    pub(crate) fn due(&self, capture_ms: u32) -> u64 {
        let lead = if self.config.k == 1 { SMALL_TRACK_LEAD_US } else { 0 };
        (u64::from(capture_ms) * 1000).saturating_sub(lead)
    }

    /// Where a piece stands in the repair class: the few bytes of sound before everything else, as
    /// the whole picture waits for them.
    pub(crate) fn repair_due(&self, capture_ms: u32) -> u64 {
        if self.is_small() { u64::from(capture_ms) } else { self.due(capture_ms) }
    }

    /// One substream carries the whole track: sound.
    pub(crate) const fn is_small(&self) -> bool {
        self.config.k == 1
    }

    /// Whether a neighbour is a child for this piece.
    pub(crate) fn feeds(&self, piece: &PieceId, peer: PeerIndex, generation: u32) -> bool {
        self.config.track == piece.track
            && self
                .lanes
                .get(usize::from(piece.substream))
                .and_then(|l| l.child(peer))
                .is_some_and(|c| c.generation == generation)
    }

    pub(crate) fn is_home(&self, substream: u8) -> bool {
        self.homes >> substream & 1 == 1
    }

    /// The first chunk that is worth sending to this node in a substream.
    pub(crate) fn first_wanted(&self, substream: u8) -> Option<u32> {
        let Some(newest) = self.have.newest() else { return self.anew.then_some(0) };
        let last = self.newest(substream);
        Some(last.map_or_else(|| self.start.unwrap_or(newest), |c| c.saturating_add(1)))
    }

    /// The newest chunk of which this substream is here.
    pub(crate) fn newest(&self, substream: u8) -> Option<u32> {
        let has = |c: &u32| self.have.mask(*c) >> substream & 1 == 1;
        (self.have.base()..=self.have.newest()?).rev().find(has)
    }
}

impl Swarm {
    pub(crate) fn lane(&self, id: LaneId) -> Option<&Lane> {
        self.track(id.track)?.lanes.get(usize::from(id.substream))
    }

    pub(crate) fn lane_mut(&mut self, id: LaneId) -> Option<&mut Lane> {
        self.track_mut(id.track)?.lanes.get_mut(usize::from(id.substream))
    }
}
