//! The tracks of a broadcast on their way in, as the playout looks at them.

use std::collections::BTreeMap;

use manyhands_media::TrackConfig;
use manyhands_media::gate::Gate;
use manyhands_playout::{Beginning, Buffer};
use manyhands_stream::Assembly;

use crate::buffer::TrackBuffer;

/// Chunks of one track that are remembered when they are no longer kept: what a buffer holds.
const MAX_CLOSED: usize = 256;

/// One track on its way in.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) k: u8,
    pub(crate) assemblies: BTreeMap<u32, Assembly>,
    pub(crate) buffer: TrackBuffer,
    /// When the last chunks were closed, to know how late the next is, and which were of a pause.
    closed: BTreeMap<u32, Closed>,
    /// It takes part in the playout.
    selected: bool,
    /// What the shell was told last.
    pub(crate) config: Option<TrackConfig>,
}

/// When a chunk was closed, and whether its track was paused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closed {
    pub(crate) at_us: i64,
    pub(crate) paused: bool,
}

impl Incoming {
    pub(crate) fn new(k: u8, gate: Gate) -> Self {
        Self {
            k,
            assemblies: BTreeMap::new(),
            buffer: TrackBuffer::new(gate),
            closed: BTreeMap::new(),
            selected: true,
            config: None,
        }
    }

    /// Remembers when a chunk was closed; gives the one before it.
    pub(crate) fn note_closed(&mut self, chunk: u32, closed: Closed) -> Option<Closed> {
        self.closed.insert(chunk, closed);
        if self.closed.len() > MAX_CLOSED {
            self.closed.pop_first();
        }
        chunk.checked_sub(1).and_then(|before| self.closed.get(&before)).copied()
    }

    /// Whether the track is paused at this moment of media time, as far as its chunks say.
    pub(crate) fn is_paused(&self, at_us: i64) -> bool {
        let from_there = self.closed.values().rev().take_while(|closed| closed.at_us >= at_us);
        let there = from_there.last().or_else(|| self.closed.values().next_back());
        there.is_some_and(|closed| closed.paused)
    }
}

/// All tracks, by number.
#[derive(Debug, Default)]
pub(crate) struct Tracks(pub(crate) BTreeMap<u8, Incoming>);

impl Tracks {
    /// The number of the track whose keyframes rule: the first one, which is the picture if there is
    /// one, unless it is paused.
    fn lead_id(&self) -> Option<u8> {
        let sent = self.0.iter().find(|(_, track)| !track.is_paused(i64::MAX));
        sent.or_else(|| self.0.iter().next()).map(|(id, _)| *id)
    }

    /// The track whose keyframes rule.
    pub(crate) fn lead(&self) -> Option<&Incoming> {
        self.0.get(&self.lead_id()?)
    }

    fn selected(&self) -> impl Iterator<Item = &Incoming> {
        self.0.values().filter(|track| track.selected)
    }

    /// The signed last chunk of every track that is handed out has been.
    pub(crate) fn are_over(&self) -> bool {
        let mut selected = self.selected().peekable();
        selected.peek().is_some() && selected.all(|track| track.buffer.is_over())
    }
}

impl Buffer for Tracks {
    fn beginnings(&self) -> impl Iterator<Item = Beginning> {
        let starts = self.lead().into_iter().flat_map(|lead| lead.buffer.starts());
        starts.map(|(chunk, keyframe_us, frontier_us)| Beginning {
            chunk,
            keyframe_us,
            frontier_us,
        })
    }

    fn others_follow(&self, keyframe_us: i64) -> bool {
        let lead = self.lead_id();
        self.0.iter().filter(|(id, _)| Some(**id) != lead).all(|(_, track)| {
            let nearest = track.buffer.nearest(keyframe_us);
            nearest.is_some_and(|(_, frontier_us)| frontier_us > keyframe_us)
        })
    }

    fn frontier_us(&self) -> i64 {
        let frontiers = self.selected().map(|t| t.buffer.frontier_us().unwrap_or(i64::MIN));
        frontiers.min().unwrap_or(i64::MIN)
    }

    fn seek(&mut self, to: Beginning) {
        let lead = self.lead_id();
        for (id, track) in &mut self.0 {
            if Some(*id) == lead {
                track.buffer.seek(to.chunk);
                track.selected = true;
            } else if let Some((nearest, _)) = track.buffer.nearest(to.keyframe_us) {
                track.buffer.seek(nearest);
                track.selected = true;
            } else {
                track.selected = false;
            }
        }
    }
}
