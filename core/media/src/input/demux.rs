//! Brings the tracks of a file or a stream together: samples in order of decode time.
//!
//! Invariant: at most one fragment's data and a few seconds of samples are held; a file's samples
//! are read when they are due, by offset, so that its size does not matter.

use std::collections::VecDeque;

use bytes::Bytes;

use super::bytes::Origin;
use super::error::InputError;
use super::lane::{Due, Lane, MAX_QUEUED, Queued};
use super::movie::Movie;
use super::normalise::Normaliser;
use super::table::Sample;
use super::{Source, SourceUnit, fragment};
use crate::TrackConfig;

/// A movie box (index) that is accepted: a day at 60 frames a second is about 60 MiB.
pub(crate) const MAX_INDEX_BYTES: u64 = 64 << 20;
/// A fragment's data held at once when it comes from a stream: 10 s at 50 Mbit/s.
const MAX_FRAGMENT_BYTES: u64 = 64 << 20;

/// Reads a plain or a fragmented file, or a stream.
pub(crate) struct Demux {
    origin: Origin,
    lanes: Vec<Lane>,
    /// Each lane's next decode time, for fragments that don't say.
    ends: Vec<i64>,
    configs: Vec<TrackConfig>,
    exhausted: bool,
    /// A fault that was met while reading ahead: told when the samples before it are out.
    fault: Option<InputError>,
    /// The first unit of each track, read to know its configuration.
    ready: VecDeque<SourceUnit>,
}

impl Demux {
    /// Takes over an origin whose movie box was read; fragments are looked for from its position.
    pub(crate) fn new(origin: Origin, movie: Movie) -> Result<Self, InputError> {
        let lanes: Vec<_> = movie.tracks.into_iter().map(Lane::new).collect();
        let ends = vec![0; lanes.len()];
        let mut demux = Self {
            origin,
            lanes,
            ends,
            configs: Vec::new(),
            exhausted: !movie.fragmented,
            fault: None,
            ready: VecDeque::new(),
        };
        demux.learn_configs()?;
        Ok(demux)
    }

    /// Most configurations stand in the sample description; in-band ones need the first unit.
    fn learn_configs(&mut self) -> Result<(), InputError> {
        for lane in 0..self.lanes.len() {
            let config = match self.lanes.get(lane).and_then(Lane::declared) {
                Some(config) => config,
                None => self.peek_config(lane)?,
            };
            self.configs.push(config);
        }
        Ok(())
    }

    fn peek_config(&mut self, wanted: usize) -> Result<TrackConfig, InputError> {
        // The first keyframe is the first unit, or close to it.
        for _ in 0..256 {
            let Some(unit) = self.read_next()? else { break };
            self.ready.push_back(unit);
            let config = self.lanes.get(wanted).and_then(|lane| lane.normaliser.config());
            if let Some(config) = config.filter(|config| !config.codec.mime().eq("avc1")) {
                return Ok(config.clone());
            }
        }
        Err(InputError::damaged("a track without parameter sets"))
    }

    fn read_next(&mut self) -> Result<Option<SourceUnit>, InputError> {
        loop {
            self.fill()?;
            let Some(index) = self.earliest() else {
                return self.fault.take().map_or(Ok(None), Err);
            };
            let Some(lane) = self.lanes.get_mut(index) else { return Ok(None) };
            let Some(queued) = lane.queue.pop_front() else { return Ok(None) };
            if !lane.shows(&queued.sample) {
                continue;
            }
            Normaliser::admit(&queued.sample)?;
            let data = match queued.data {
                Some(data) => data,
                None => self.origin.sample(queued.sample.offset, queued.sample.size)?,
            };
            let (unit, config) = lane.normaliser.unit(&queued.sample, data)?;
            let (unit, config) = lane.pass_gate(unit, config)?;
            return Ok(Some(SourceUnit { track: index, unit, config }));
        }
    }

    /// Sees to it that each track that has more shows its next sample.
    fn fill(&mut self) -> Result<(), InputError> {
        for lane in &mut self.lanes {
            lane.pull_table()?;
        }
        while !self.exhausted && self.must_wait() {
            if let Err(fault) = self.read_fragment() {
                self.exhausted = true;
                self.fault = Some(fault);
            }
        }
        Ok(())
    }

    /// Whether the earliest sample that is known may not be the next: a track that has none
    /// queued could still bring an earlier one.
    fn must_wait(&mut self) -> bool {
        let Some(first) = self.earliest().and_then(|at| self.lanes.get(at)?.due()) else {
            return self.lanes.iter().any(|lane| !lane.ended);
        };
        let queued: usize = self.lanes.iter().map(|lane| lane.queue.len()).sum();
        if queued > MAX_QUEUED || self.lanes.iter().any(Lane::far_ahead) {
            for lane in self.lanes.iter_mut().filter(|lane| lane.waits()) {
                lane.absent = true;
            }
        }
        self.lanes.iter().zip(&self.ends).any(|(lane, end)| {
            let expected = Due::of(*end, &lane.track);
            lane.waits() && !lane.absent && (!lane.seen || expected <= first)
        })
    }

    /// Reads on to the next fragment and its data.
    fn read_fragment(&mut self) -> Result<(), InputError> {
        loop {
            let start = self.origin.at();
            let Some((head, _)) = self.origin.next_box()? else {
                self.exhausted = true;
                return Ok(());
            };
            match (&head.kind, head.body) {
                (b"moof", Some(len)) if len <= MAX_INDEX_BYTES => {
                    let moof = self.origin.take(len, "a fragment's index (moof)")?;
                    return self.queue_fragment(&moof, start);
                }
                (b"moof", _) => return Err(InputError::damaged("a fragment's index is too large")),
                (kind, len) => {
                    let name = crate::boxes::name(*kind);
                    self.origin.skip(len, &format!("a box ({name})"))?;
                }
            }
        }
    }

    fn queue_fragment(&mut self, moof: &[u8], start: u64) -> Result<(), InputError> {
        let mut ends = std::mem::take(&mut self.ends);
        let tracks: Vec<_> = self.lanes.iter().map(|lane| &lane.track).collect();
        let runs = fragment::read(moof, start, &tracks, &mut ends);
        self.ends = ends;
        let runs = runs?;
        let data = match self.origin {
            Origin::File { .. } => None,
            Origin::Stream { .. } => Some(self.stream_data()?),
        };
        for run in runs {
            let Some(lane) = self.lanes.get_mut(run.track) else { continue };
            lane.absent &= run.samples.is_empty();
            lane.seen |= !run.samples.is_empty();
            lane.drain_table()?;
            for sample in run.samples {
                let data = data.as_ref().map(|(at, data)| slice(data, *at, &sample)).transpose()?;
                lane.queue.push_back(Queued { sample, data });
            }
        }
        Ok(())
    }

    /// The data box after a fragment's index, and where its body begins.
    fn stream_data(&mut self) -> Result<(u64, Bytes), InputError> {
        loop {
            let Some((head, at)) = self.origin.next_box()? else {
                return Err(InputError::Truncated("it ends before a fragment's data".into()));
            };
            match (&head.kind, head.body) {
                (b"mdat", Some(len)) if len <= MAX_FRAGMENT_BYTES => {
                    return Ok((at, self.origin.take(len, "a fragment's data (mdat)")?));
                }
                (b"mdat", _) => {
                    let found = "a fragment of over 64 MiB on a stream";
                    return Err(InputError::unsupported(found, "shorter fragments"));
                }
                (b"moof", _) => return Err(InputError::damaged("a fragment without data")),
                (_, len) => self.origin.skip(len, "a box")?,
            }
        }
    }

    fn earliest(&self) -> Option<usize> {
        let heads = self.lanes.iter().enumerate();
        let heads = heads.filter_map(|(at, lane)| Some((at, lane.due()?)));
        heads.min_by(|(_, a), (_, b)| a.cmp(b)).map(|(at, _)| at)
    }
}

fn slice(data: &Bytes, at: u64, sample: &Sample) -> Result<Bytes, InputError> {
    let outside = || InputError::damaged("a sample lies outside of its fragment");
    let start = sample.offset.checked_sub(at).ok_or_else(outside)?;
    let start = usize::try_from(start).map_err(|_| outside())?;
    let end = start.checked_add(sample.size as usize).ok_or_else(outside)?;
    if end > data.len() {
        return Err(outside());
    }
    Ok(data.slice(start..end))
}

impl Source for Demux {
    fn tracks(&self) -> &[TrackConfig] {
        &self.configs
    }

    fn next_unit(&mut self) -> Result<Option<SourceUnit>, InputError> {
        match self.ready.pop_front() {
            Some(unit) => Ok(Some(unit)),
            None => self.read_next(),
        }
    }
}
