//! A file played again and again with continuous times.
//!
//! Invariant: a turn begins where the track with the longest span of decode times ends, for all
//! tracks at once: no gap in that track, no overlap in any, and sound stays with its picture. Units
//! come in order of decode time across that moment, too, although the tracks of a file begin and end at
//! different ones (priming of sound, reordering of pictures): whoever waits for each would be late.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{InputError, Source, SourceUnit, open_file};
use crate::TrackConfig;
use crate::chunk::MAX_TIME;
use crate::input::demux::Demux;

/// How far units are read ahead so that those of two turns can be put in order, in microseconds: more
/// than 16 reordered pictures at 24 a second and any priming take.
const AHEAD_US: i64 = 1_000_000;
/// And how many units at most: a second of 240 pictures and of frames of sound of 2.5 ms.
const MOST_AHEAD: usize = 1024;

/// Plays a file for ever.
pub struct Looped {
    path: PathBuf,
    turn: Demux,
    tracks: Vec<TrackConfig>,
    /// Turns that are complete.
    turns: i64,
    /// First and next decode time of each track in this turn.
    spans: Vec<Option<(i64, i64)>>,
    /// A turn's length as ticks of a timescale; known after the first.
    length: Option<(i64, u32)>,
    /// Configurations as they were last told.
    told: Vec<Option<TrackConfig>>,
    /// Units that were read, by decode time in microseconds and the order in which they were read.
    ahead: BTreeMap<(i64, u64), SourceUnit>,
    read: u64,
    /// Told when the units before it are out.
    fault: Option<InputError>,
}

impl Looped {
    /// Opens a file that is to be repeated.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, InputError> {
        let path = path.as_ref().to_owned();
        let turn = open_file(&path)?;
        let tracks = turn.tracks().to_vec();
        let spans = vec![None; tracks.len()];
        let told = vec![None; tracks.len()];
        let (ahead, length) = (BTreeMap::new(), None);
        Ok(Self { path, turn, tracks, turns: 0, spans, length, told, ahead, read: 0, fault: None })
    }

    fn next_turn(&mut self) -> Result<(), InputError> {
        if self.length.is_none() {
            self.length = self.longest();
        }
        if self.length.is_none_or(|(ticks, _)| ticks <= 0) {
            return Err(InputError::damaged("nothing in it to repeat"));
        }
        let turn = open_file(&self.path)?;
        let same = turn.tracks().len() == self.tracks.len()
            && turn.tracks().iter().zip(&self.tracks).all(|(now, before)| {
                now.timescale == before.timescale && now.kind() == before.kind()
            });
        if !same {
            return Err(InputError::damaged("it was replaced by another file while it was played"));
        }
        self.turn = turn;
        self.turns += 1;
        Ok(())
    }

    fn longest(&self) -> Option<(i64, u32)> {
        let spans = self.spans.iter().zip(&self.tracks);
        let lengths = spans.filter_map(|(span, track)| {
            let (first, end) = (*span)?;
            Some((end.saturating_sub(first), track.timescale))
        });
        lengths.max_by(|a, b| {
            (i128::from(a.0) * i128::from(b.1)).cmp(&(i128::from(b.0) * i128::from(a.1)))
        })
    }

    /// How much later than in the file this turn's units are, in a track's ticks.
    fn shift(&self, timescale: u32) -> Option<i64> {
        let Some((ticks, per_second)) = self.length else { return Some(0) };
        let all = i128::from(self.turns) * i128::from(ticks) * i128::from(timescale);
        let half = i128::from(per_second) / 2;
        i64::try_from((all + half).div_euclid(i128::from(per_second)))
            .ok()
            .filter(|shift| *shift <= MAX_TIME / 2)
    }

    fn read_next(&mut self) -> Result<SourceUnit, InputError> {
        if let Some(found) = self.turn.next_unit()? {
            return self.place(found);
        }
        self.next_turn()?;
        match self.turn.next_unit()? {
            Some(found) => self.place(found),
            None => Err(InputError::damaged("nothing in it to repeat")),
        }
    }

    /// Whether a unit that is still to be read could come before one that is kept.
    fn is_short(&self) -> bool {
        let ends = self.ahead.first_key_value().zip(self.ahead.last_key_value());
        let span = ends.map_or(0, |((first, _), (last, _))| last.0.saturating_sub(first.0));
        span < AHEAD_US && self.ahead.len() < MOST_AHEAD
    }

    fn keep(&mut self, unit: SourceUnit) {
        let per_second = self.tracks.get(unit.track).map_or(1, |track| track.timescale.max(1));
        let at = i128::from(unit.unit.dts) * 1_000_000 / i128::from(per_second);
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        self.read += 1;
        self.ahead.insert((at, self.read), unit);
    }

    fn place(&mut self, mut found: SourceUnit) -> Result<SourceUnit, InputError> {
        let timescale = self.tracks.get(found.track).map_or(1, |track| track.timescale);
        if let Some(span) = self.spans.get_mut(found.track).filter(|_| self.turns == 0) {
            let first = span.map_or(found.unit.dts, |(first, _)| first);
            *span = Some((first, found.unit.end()));
        }
        let shift = self.shift(timescale);
        let shift = shift.ok_or_else(|| InputError::damaged("repeated for too long"))?;
        found.unit.dts = found.unit.dts.saturating_add(shift);
        found.unit.pts = found.unit.pts.saturating_add(shift);
        if let Some(told) = self.told.get_mut(found.track) {
            found.config = found.config.filter(|config| told.as_ref() != Some(config));
            if found.config.is_some() {
                *told = found.config.clone();
            }
        }
        Ok(found)
    }
}

impl Source for Looped {
    fn tracks(&self) -> &[TrackConfig] {
        &self.tracks
    }

    fn next_unit(&mut self) -> Result<Option<SourceUnit>, InputError> {
        while self.fault.is_none() && self.is_short() {
            match self.read_next() {
                Ok(unit) => self.keep(unit),
                Err(fault) => self.fault = Some(fault),
            }
        }
        match self.ahead.pop_first() {
            Some((_, unit)) => Ok(Some(unit)),
            None => self.fault.take().map_or(Ok(None), Err),
        }
    }
}
