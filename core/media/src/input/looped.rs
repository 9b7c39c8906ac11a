//! A file played again and again with continuous times.
//!
//! Invariant: a turn begins where the track with the longest span of decode times ends, for all
//! tracks at once: no gap in that track, no overlap in any, and sound stays with its picture.

use std::path::{Path, PathBuf};

use super::{InputError, Source, SourceUnit, open_file};
use crate::TrackConfig;
use crate::chunk::MAX_TIME;
use crate::input::demux::Demux;

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
}

impl Looped {
    /// Opens a file that is to be repeated.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, InputError> {
        let path = path.as_ref().to_owned();
        let turn = open_file(&path)?;
        let tracks = turn.tracks().to_vec();
        let spans = vec![None; tracks.len()];
        let told = vec![None; tracks.len()];
        Ok(Self { path, turn, tracks, turns: 0, spans, length: None, told })
    }

    /// Turns that are complete.
    pub fn turns(&self) -> u64 {
        self.turns.unsigned_abs()
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
        if let Some(found) = self.turn.next_unit()? {
            return self.place(found).map(Some);
        }
        self.next_turn()?;
        match self.turn.next_unit()? {
            Some(found) => self.place(found).map(Some),
            None => Err(InputError::damaged("nothing in it to repeat")),
        }
    }
}
