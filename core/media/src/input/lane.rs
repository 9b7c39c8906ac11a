//! One track on its way out: its queue of samples, its edit, and its own gate.

use std::cmp::Ordering;
use std::collections::VecDeque;

use bytes::Bytes;

use super::error::{AUDIO, InputError, VIDEO};
use super::movie::Track;
use super::normalise::Normaliser;
use super::table::Sample;
use crate::chunk::ChunkBody;
use crate::gate::Gate;
use crate::{AccessUnit, Codec, TrackConfig, TrackKind};

/// How far a track may run ahead while another one has no samples yet, in seconds of its time.
const MAX_LEAD_S: i64 = 3;
/// Samples held at once over all tracks.
pub(super) const MAX_QUEUED: usize = 1 << 20;

/// A sample and, from a stream, its data.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) sample: Sample,
    pub(super) data: Option<Bytes>,
}

pub(super) struct Lane {
    pub(super) track: Track,
    pub(super) queue: VecDeque<Queued>,
    pub(super) normaliser: Normaliser,
    /// The gate that every viewer has: what would stop there is refused here, with words.
    gate: Gate,
    /// A fragment had samples of it.
    pub(super) seen: bool,
    /// No samples came while others ran ahead: don't wait for it.
    pub(super) absent: bool,
    /// The edit's start was reached, or its end.
    begun: bool,
    pub(super) ended: bool,
}

impl Lane {
    pub(super) fn new(track: Track) -> Self {
        let normaliser = Normaliser::new(track.timescale, track.edit.shift, track.entries.clone());
        let queue = VecDeque::new();
        let gate = Gate::exact();
        Self {
            track,
            queue,
            normaliser,
            gate,
            seen: false,
            absent: false,
            begun: false,
            ended: false,
        }
    }

    /// When its first queued sample is decoded.
    pub(super) fn due(&self) -> Option<Due> {
        Some(Due::of(self.queue.front()?.sample.dts, &self.track))
    }

    pub(super) fn waits(&self) -> bool {
        self.queue.is_empty() && !self.ended
    }

    /// The configuration that the first sample description declares in full.
    pub(super) fn declared(&self) -> Option<TrackConfig> {
        let codec = self.track.entries.first()?.codec.clone();
        let complete = match &codec {
            Codec::H264(h264) => !h264.sps.is_empty() && !h264.pps.is_empty(),
            _ => true,
        };
        complete.then_some(TrackConfig { timescale: self.track.timescale, codec })
    }

    pub(super) fn pull_table(&mut self) -> Result<(), InputError> {
        if !self.queue.is_empty() {
            return Ok(());
        }
        if !self.begun {
            self.seek_table()?;
        } else if let Some(sample) = self.track.table.next()? {
            self.queue.push_back(Queued { sample, data: None });
        }
        Ok(())
    }

    /// Queues what the movie box lists, before samples of fragments come behind it.
    pub(super) fn drain_table(&mut self) -> Result<(), InputError> {
        if !self.begun {
            self.seek_table()?;
        }
        while let Some(sample) = self.track.table.next()? {
            self.queue.push_back(Queued { sample, data: None });
            if self.queue.len() > MAX_QUEUED {
                return Err(InputError::damaged("too many samples before the first fragment"));
            }
        }
        Ok(())
    }

    /// Reads up to the edit's start: the last sync sample at or before it is the first one shown.
    fn seek_table(&mut self) -> Result<(), InputError> {
        self.begun = true;
        let start = self.track.edit.start;
        while let Some(sample) = self.track.table.next()? {
            let end = sample.pts.saturating_add(i64::from(sample.duration));
            let late_enough = match self.track.kind {
                TrackKind::Audio => end > start,
                TrackKind::Video => sample.sync && sample.pts <= start,
            };
            if late_enough {
                self.queue.clear();
            }
            if self.track.kind == TrackKind::Video || late_enough {
                self.queue.push_back(Queued { sample, data: None });
            }
            if sample.pts > start || (late_enough && self.track.kind == TrackKind::Audio) {
                break;
            }
        }
        Ok(())
    }

    /// Whether a sample lies before the edit's end; a picture after it that others may need stays.
    pub(super) fn shows(&mut self, sample: &Sample) -> bool {
        if self.track.edit.end.is_some_and(|end| sample.sync && sample.pts >= end) {
            self.ended = true;
        }
        !self.ended
    }

    pub(super) fn pass_gate(
        &mut self,
        unit: AccessUnit,
        config: Option<TrackConfig>,
    ) -> Result<(AccessUnit, Option<TrackConfig>), InputError> {
        let accepted = match self.track.kind {
            TrackKind::Video => VIDEO,
            TrackKind::Audio => AUDIO,
        };
        let checked = self.gate.check(ChunkBody { config, units: vec![unit] });
        let body = checked.map_err(|error| InputError::unsupported(error.to_string(), accepted))?;
        let unit = body.units.into_iter().next();
        Ok((unit.ok_or_else(|| InputError::damaged("a unit vanished"))?, body.config))
    }

    pub(super) fn far_ahead(&self) -> bool {
        let (Some(first), Some(last)) = (self.queue.front(), self.queue.back()) else {
            return false;
        };
        let lead = last.sample.dts.saturating_sub(first.sample.dts);
        lead > MAX_LEAD_S.saturating_mul(i64::from(self.track.timescale))
    }
}

/// A moment of decoding on the shown timeline, comparable between timescales.
#[derive(Clone, Copy)]
pub(super) struct Due {
    ticks: i64,
    timescale: u32,
}

impl Due {
    pub(super) fn of(media_time: i64, track: &Track) -> Self {
        let ticks = media_time.saturating_sub(track.edit.shift);
        Self { ticks, timescale: track.timescale }
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross = |a: &Self, b: &Self| i128::from(a.ticks) * i128::from(b.timescale);
        cross(self, other).cmp(&cross(other, self))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}
