//! Closes a chunk of one track at every tick of the origin's clock.
//!
//! Driving: `push` each unit as it enters, `tick` at each tick (every `chunk_ms`), `finish` at the
//! end. Time is the caller's, in milliseconds since the run began. Invariant: chunks come out in
//! decode order; a video track's first unit, and the first after anything was dropped, is a
//! keyframe; each keyframe opens a chunk, which carries the configuration.

use crate::chunk::{self, MAX_CHUNK_BYTES, MAX_UNITS};
use crate::{AccessUnit, MAX_UNIT_BYTES, TrackConfig, TrackKind};

/// How often a paused track says so, in milliseconds.
pub const PAUSED_BEAT_MS: u16 = 500;

/// Room for the table and the configuration of a chunk, in bytes: 1,024 rows of at most 28 bytes,
/// and 40 parameter sets of 2 KiB.
const OVERHEAD_BYTES: usize = MAX_UNITS * 28 + 40 * 2052 + 64;

/// A chunk ready to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedChunk {
    /// A decoder can start with its first unit; unless it is empty it carries the configuration.
    /// Always set for sound.
    pub keyframe: bool,
    /// The track is paused; the chunk is empty.
    pub paused: bool,
    /// When it was closed, in milliseconds since the run began.
    pub capture_ms: u32,
    /// The next one is closed at the latest this many milliseconds later.
    pub next_due_ms: u16,
    /// Units in it.
    pub units: usize,
    /// What is to be sealed ([`chunk::decode`] reads it).
    pub plaintext: Vec<u8>,
}

/// Makes one track's chunks.
#[derive(Debug)]
pub struct Chunker {
    chunk_ms: u16,
    config: Option<TrackConfig>,
    units: Vec<AccessUnit>,
    bytes: usize,
    /// Units wait for a keyframe: at the start and after a drop.
    starving: bool,
    dropped: u64,
    paused: bool,
    /// When the last paused chunk was closed.
    beat_ms: Option<u32>,
    last_tick_ms: Option<u32>,
    now_ms: u32,
}

impl Chunker {
    /// A chunker whose ticks come every `chunk_ms` milliseconds.
    pub fn new(chunk_ms: u16) -> Self {
        Self {
            chunk_ms: chunk_ms.max(1),
            config: None,
            units: Vec::new(),
            bytes: 0,
            starving: true,
            dropped: 0,
            paused: false,
            beat_ms: None,
            last_tick_ms: None,
            now_ms: 0,
        }
    }

    /// Takes a unit that entered at `capture_ms`; `config` with the first one and when it changed.
    ///
    /// Gives the running chunk when the unit closes it early: a video keyframe, a new
    /// configuration, or a full chunk.
    pub fn push(
        &mut self,
        unit: AccessUnit,
        capture_ms: u32,
        config: Option<TrackConfig>,
    ) -> Option<ClosedChunk> {
        self.now_ms = self.now_ms.max(capture_ms);
        let opens = config.is_some() || (self.is_video() && unit.keyframe) || self.is_full(&unit);
        let closed = (opens && !self.units.is_empty()).then(|| self.close());
        if let Some(config) = config {
            self.starving |= config.kind() == TrackKind::Video;
            self.config = Some(config);
        }
        if self.admits(&unit) {
            self.bytes += unit.data.len();
            self.units.push(unit);
        } else {
            self.dropped += 1;
        }
        closed
    }

    /// A tick of the origin's clock. Gives a chunk, empty when no unit came; while paused only
    /// every [`PAUSED_BEAT_MS`].
    pub fn tick(&mut self, now_ms: u32) -> Option<ClosedChunk> {
        self.now_ms = self.now_ms.max(now_ms);
        self.last_tick_ms = Some(self.now_ms);
        if self.paused && self.units.is_empty() {
            // Half a tick early rather than half a tick late: the announced time is a promise.
            let slack = u32::from(self.chunk_ms / 2);
            let since = self.beat_ms.map(|beat| self.now_ms.saturating_sub(beat) + slack);
            if since.is_some_and(|since| since < u32::from(PAUSED_BEAT_MS)) {
                return None;
            }
            self.beat_ms = Some(self.now_ms);
        }
        Some(self.close())
    }

    /// Says whether the track is paused (camera off, muted at the source). What was pushed before
    /// still goes out.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        self.beat_ms = None;
    }

    /// The last chunk, when units are left.
    pub fn finish(&mut self) -> Option<ClosedChunk> {
        (!self.units.is_empty()).then(|| self.close())
    }

    /// Units that were not taken: larger than [`MAX_UNIT_BYTES`], or before a keyframe.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn admits(&mut self, unit: &AccessUnit) -> bool {
        let is_video = self.is_video();
        if self.config.is_none() || (is_video && self.starving && !unit.keyframe) {
            return false;
        }
        let fits = unit.data.len() <= MAX_UNIT_BYTES;
        // Later pictures refer to a dropped one: nothing more until the next keyframe.
        self.starving = is_video && !fits;
        fits
    }

    fn is_video(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.kind() == TrackKind::Video)
    }

    fn is_audio(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.kind() == TrackKind::Audio)
    }

    fn is_full(&self, next: &AccessUnit) -> bool {
        self.units.len() >= MAX_UNITS
            || self.bytes + next.data.len() + OVERHEAD_BYTES > MAX_CHUNK_BYTES
    }

    fn close(&mut self) -> ClosedChunk {
        let units = std::mem::take(&mut self.units);
        self.bytes = 0;
        let starts = units.first().is_some_and(|unit| unit.keyframe);
        let config = self.config.as_ref().filter(|_| starts);
        let paused = self.paused && units.is_empty();
        ClosedChunk {
            keyframe: starts || self.is_audio(),
            paused,
            capture_ms: self.now_ms,
            next_due_ms: if paused { PAUSED_BEAT_MS } else { self.until_next_tick() },
            units: units.len(),
            plaintext: chunk::encode(config, &units),
        }
    }

    fn until_next_tick(&self) -> u16 {
        let Some(last) = self.last_tick_ms else { return self.chunk_ms };
        let passed = self.now_ms.saturating_sub(last).min(u32::from(self.chunk_ms) - 1);
        self.chunk_ms - passed as u16
    }
}
