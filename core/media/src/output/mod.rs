//! Fragmented MP4 out, for files and for MediaSource.
//!
//! Use: `init` (one file with all tracks) or `init_for` (one track, a SourceBuffer of its own),
//! then `fragment` for each run of units. After `set_config` either a new init segment is taken
//! (MediaSource), or the parameter sets go into the keyframes (files). Invariant: each unit's
//! decode and presentation time can be read back exactly, less the base, which is one constant
//! time for all tracks; no date, name or other metadata is written.

mod init;

use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry};
use thiserror::Error;

use crate::nal::{self, Nal, nals};
use crate::track::{Codec, H264Config, TrackConfig};
use crate::{AccessUnit, TrackKind};

/// Sample flags (ISO/IEC 14496-12 8.8.3.1): depends on no other sample.
const SYNC: u32 = 0x0200_0000;
/// Sample flags: depends on others, not a sync sample.
const NON_SYNC: u32 = 0x0101_0000;

/// What can't be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// There is no track with that number.
    #[error("no track {0}")]
    NoTrack(usize),
    /// The track's configuration is not complete.
    #[error("a track without usable parameters can't be written")]
    NoParameters,
    /// A unit lies before the base: MP4 has no negative decode times.
    #[error("a unit lies before the start of the file")]
    BeforeBase,
    /// A time doesn't fit its field.
    #[error("a time is out of range")]
    Time,
    /// A box couldn't be written.
    #[error("writing a box: {0}")]
    Box(#[from] mp4_atom::Error),
}

/// A moment that is subtracted from all times, of all tracks alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    ticks: i64,
    timescale: u32,
}

impl Base {
    /// Nothing is subtracted.
    pub const ZERO: Self = Self { ticks: 0, timescale: 1 };

    /// The moment `ticks / timescale` seconds; a timescale of 0 counts as 1.
    pub fn at(ticks: i64, timescale: u32) -> Self {
        Self { ticks, timescale: timescale.max(1) }
    }

    /// The earliest of some moments (ticks, timescale): with the first unit of each track, the
    /// base of a file that starts at 0.
    pub fn earliest(moments: impl IntoIterator<Item = (i64, u32)>) -> Option<Self> {
        moments.into_iter().map(|(ticks, timescale)| Self::at(ticks, timescale)).min_by(|a, b| {
            let cross = |a: &Self, b: &Self| i128::from(a.ticks) * i128::from(b.timescale);
            cross(a, b).cmp(&cross(b, a))
        })
    }

    /// The base in a track's ticks, rounded down: less than a tick is lost, and no unit at or
    /// after the base gets a negative time.
    pub fn in_ticks(self, timescale: u32) -> i64 {
        let ticks = i128::from(self.ticks) * i128::from(timescale);
        ticks.div_euclid(i128::from(self.timescale)) as i64
    }
}

/// Writes fragmented MP4.
#[derive(Clone, Debug)]
pub struct Fmp4 {
    tracks: Vec<Track>,
    base: Base,
    sequence: u32,
}

#[derive(Clone, Debug)]
struct Track {
    config: TrackConfig,
    /// The configuration in the last init segment that was written.
    declared: TrackConfig,
}

impl Fmp4 {
    /// A writer for these tracks; a track's number is its place here.
    pub fn new(tracks: &[TrackConfig]) -> Self {
        let track =
            |config: &TrackConfig| Track { config: config.clone(), declared: config.clone() };
        Self { tracks: tracks.iter().map(track).collect(), base: Base::ZERO, sequence: 0 }
    }

    /// The same with all times less `base`.
    #[must_use]
    pub fn with_base(mut self, base: Base) -> Self {
        self.base = base;
        self
    }

    /// What is subtracted from a track's times, in its ticks.
    pub fn base_ticks(&self, track: usize) -> Option<i64> {
        Some(self.base.in_ticks(self.tracks.get(track)?.config.timescale))
    }

    /// The configuration of a track from its next keyframe on. The timescale must not change.
    pub fn set_config(&mut self, track: usize, config: TrackConfig) -> Result<(), OutputError> {
        let found = self.tracks.get_mut(track).ok_or(OutputError::NoTrack(track))?;
        if found.config.timescale != config.timescale || found.config.kind() != config.kind() {
            return Err(OutputError::NoParameters);
        }
        found.config = config;
        Ok(())
    }

    /// The head of a file with all tracks.
    pub fn init(&mut self) -> Result<Vec<u8>, OutputError> {
        for track in &mut self.tracks {
            track.declared = track.config.clone();
        }
        let numbered: Vec<_> = (1..).zip(self.tracks.iter().map(|track| &track.config)).collect();
        init::write(&numbered)
    }

    /// The init segment of one track alone.
    pub fn init_for(&mut self, track: usize) -> Result<Vec<u8>, OutputError> {
        let found = self.tracks.get_mut(track).ok_or(OutputError::NoTrack(track))?;
        found.declared = found.config.clone();
        init::write(&[(track as u32 + 1, &found.config)])
    }

    /// A fragment (`moof` and `mdat`) of units of one track in decode order; nothing for no units.
    pub fn fragment(&mut self, track: usize, units: &[AccessUnit]) -> Result<Vec<u8>, OutputError> {
        let found = self.tracks.get(track).ok_or(OutputError::NoTrack(track))?;
        let Some(first) = units.first() else { return Ok(Vec::new()) };
        let base = self.base.in_ticks(found.config.timescale);
        let start = first.dts.checked_sub(base).ok_or(OutputError::Time)?;
        let start = u64::try_from(start).map_err(|_| OutputError::BeforeBase)?;
        let mut mdat =
            Vec::with_capacity(8 + units.iter().map(|unit| unit.data.len()).sum::<usize>());
        mdat.extend_from_slice(&[0, 0, 0, 0, b'm', b'd', b'a', b't']);
        let mut entries = Vec::with_capacity(units.len());
        for (at, unit) in units.iter().enumerate() {
            let before = mdat.len();
            found.write_unit(&mut mdat, unit);
            let next = units.get(at + 1).map(|next| next.dts);
            entries.push(entry(unit, next, mdat.len() - before, found.config.kind())?);
        }
        let size = u32::try_from(mdat.len()).map_err(|_| OutputError::Time)?;
        if let Some(field) = mdat.get_mut(..4) {
            field.copy_from_slice(&size.to_be_bytes());
        }
        self.sequence = self.sequence.wrapping_add(1);
        let mut out = moof(self.sequence, track as u32 + 1, start, entries)?;
        out.append(&mut mdat);
        Ok(out)
    }
}

impl Track {
    /// Appends a unit's data; in front of a keyframe the parameter sets that the head of the file
    /// does not have, unless the unit has them itself.
    fn write_unit(&self, out: &mut Vec<u8>, unit: &AccessUnit) {
        if let (Codec::H264(now), Codec::H264(declared)) =
            (&self.config.codec, &self.declared.codec)
            && unit.keyframe
            && (now.sps != declared.sps || now.pps != declared.pps)
        {
            write_missing_sets(out, now, unit);
        }
        out.extend_from_slice(&unit.data);
    }
}

fn write_missing_sets(out: &mut Vec<u8>, config: &H264Config, unit: &AccessUnit) {
    let has = |set: &[u8]| nals(&unit.data).flatten().any(|nal| nal.0 == set);
    for set in config.sps.iter().chain(&config.pps).filter(|set| !has(set)) {
        debug_assert!(matches!(Nal(set).kind(), Nal::SPS | Nal::PPS));
        nal::push(out, set);
    }
}

fn entry(
    unit: &AccessUnit,
    next: Option<i64>,
    size: usize,
    kind: TrackKind,
) -> Result<TrunEntry, OutputError> {
    let duration = match next {
        // The run's decode times are sums of durations: the distance counts.
        Some(next) => next.checked_sub(unit.dts).and_then(|gap| u32::try_from(gap).ok()),
        None => Some(unit.duration),
    };
    let offset = unit.pts.checked_sub(unit.dts).and_then(|cts| i32::try_from(cts).ok());
    let sync = unit.keyframe || kind == TrackKind::Audio;
    Ok(TrunEntry {
        duration: Some(duration.ok_or(OutputError::Time)?),
        size: Some(u32::try_from(size).map_err(|_| OutputError::Time)?),
        flags: Some(if sync { SYNC } else { NON_SYNC }),
        cts: (kind == TrackKind::Video).then_some(i64::from(offset.ok_or(OutputError::Time)?)),
    })
}

fn moof(
    sequence_number: u32,
    track_id: u32,
    start: u64,
    entries: Vec<TrunEntry>,
) -> Result<Vec<u8>, OutputError> {
    let trun = Trun { data_offset: Some(0), samples: entries.into() };
    let tfhd = Tfhd { track_id, default_base_is_moof: true, ..Tfhd::default() };
    let tfdt = Tfdt { base_media_decode_time: start };
    let traf = Traf { tfhd, tfdt: Some(tfdt), trun: vec![trun], ..Traf::default() };
    let mut moof = Moof { mfhd: Mfhd { sequence_number }, traf: vec![traf] };
    let mut out = Vec::new();
    moof.encode(&mut out)?;
    // The data begins after this box and the next one's header; the field's size is fixed.
    let offset = i32::try_from(out.len() + 8).map_err(|_| OutputError::Time)?;
    for trun in moof.traf.iter_mut().flat_map(|traf| &mut traf.trun) {
        trun.data_offset = Some(offset);
    }
    out.clear();
    moof.encode(&mut out)?;
    Ok(out)
}
