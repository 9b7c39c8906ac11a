//! The movie box: which tracks are carried, their configurations, edits and sample tables.
//!
//! Only the boxes named here are looked at; `udta` and `meta` (places, device names, times) are
//! never opened.

use mp4_atom::{Elst, Mvhd, Tkhd, Trex};

use super::entry::{self, Entry};
use super::error::InputError;
use super::table::Table;
use crate::boxes::{self, Box4};
use crate::chunk::MAX_TIME;
use crate::track::{Codec, Rotation, TrackKind};

/// Tracks looked at: a phone's file has up to a dozen.
const MAX_TRACKS: usize = 64;
/// Sound before the start of an edit that is kept for a decoder's run-in, in seconds (ffmpeg
/// keeps as much).
const AUDIO_RUN_IN_S: i64 = 1;

/// A track that is carried.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) id: u32,
    pub(crate) kind: TrackKind,
    pub(crate) timescale: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) edit: Edit,
    pub(crate) defaults: Defaults,
    /// Samples that the movie box lists itself; empty in a fragmented file.
    pub(crate) table: Table,
}

/// What of the media is shown, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Subtracted from media times.
    pub(crate) shift: i64,
    /// Media time at which it starts.
    pub(crate) start: i64,
    /// Media time at which it ends.
    pub(crate) end: Option<i64>,
}

/// A fragment's defaults (`trex`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) description: u32,
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// A movie box, read.
#[derive(Debug)]
pub(crate) struct Movie {
    /// First video track, then first audio track.
    pub(crate) tracks: Vec<Track>,
    /// It says that fragments follow.
    pub(crate) fragmented: bool,
}

/// Reads the body of a movie box.
pub(crate) fn read(moov: &[u8]) -> Result<Movie, InputError> {
    let mvhd =
        boxes::child(moov, b"mvhd").ok_or_else(|| InputError::damaged("moov without mvhd"))?;
    let mvhd: Mvhd = leaf(mvhd, "mvhd")?;
    let mvex = boxes::child(moov, b"mvex");
    let mut found = [None, None];
    let mut refused = [None, None];
    for trak in boxes::children(moov).filter(|b| b.kind == *b"trak").take(MAX_TRACKS) {
        let Some(kind) = kind_of(trak)? else { continue };
        let slot = usize::from(kind == TrackKind::Audio);
        let (Some(found), Some(refused)) = (found.get_mut(slot), refused.get_mut(slot)) else {
            continue;
        };
        match read_track(trak, kind, mvhd.timescale, mvex) {
            Ok(track) => drop(found.get_or_insert(track)),
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    // A track of a kind that can't be carried stops the broadcast rather than vanish from it.
    for (found, refused) in found.iter().zip(refused) {
        if let (None, Some(error)) = (found, refused) {
            return Err(error);
        }
    }
    let tracks: Vec<_> = found.into_iter().flatten().collect();
    if tracks.is_empty() {
        return Err(InputError::unsupported("neither video nor sound", "H.264, AAC-LC, Opus"));
    }
    Ok(Movie { tracks, fragmented: mvex.is_some() })
}

fn kind_of(trak: Box4<'_>) -> Result<Option<TrackKind>, InputError> {
    let Some(hdlr) = boxes::descend(trak.body, &[b"mdia", b"hdlr"]) else { return Ok(None) };
    // The name is a person's or a device's and in any encoding: only the handler is read.
    let handler = hdlr.get(8..12).ok_or_else(|| InputError::damaged("hdlr is too short"))?;
    Ok(match handler {
        b"vide" => Some(TrackKind::Video),
        b"soun" => Some(TrackKind::Audio),
        _ => None,
    })
}

fn read_track(
    trak: Box4<'_>,
    kind: TrackKind,
    movie_timescale: u32,
    mvex: Option<&[u8]>,
) -> Result<Track, InputError> {
    let need = |path: &[&[u8; 4]], what: &str| {
        boxes::descend(trak.body, path)
            .ok_or_else(|| InputError::damaged(format!("a track without {what}")))
    };
    let tkhd: Tkhd = leaf(need(&[b"tkhd"], "tkhd")?, "tkhd")?;
    let timescale = read_timescale(need(&[b"mdia", b"mdhd"], "mdhd")?)?;
    let stbl = need(&[b"mdia", b"minf", b"stbl"], "stbl")?;
    let stsd = boxes::child(stbl, b"stsd").ok_or_else(|| InputError::damaged("no stsd"))?;
    let entries = entry::read_all(stsd, rotation(&tkhd))?;
    if entries
        .iter()
        .any(|entry| matches!(entry.codec, Codec::H264(_)) != (kind == TrackKind::Video))
    {
        return Err(InputError::damaged("a track's kind and codec disagree"));
    }
    let edit = match boxes::descend(trak.body, &[b"edts", b"elst"]) {
        Some(elst) => read_edit(&leaf(elst, "elst")?, kind, movie_timescale, timescale)?,
        None => Edit { start: i64::MIN, ..Edit::default() },
    };
    let defaults = mvex.map(|mvex| defaults(mvex, tkhd.track_id)).transpose()?.unwrap_or_default();
    let table = Table::read(stbl, kind)?;
    Ok(Track { id: tkhd.track_id, kind, timescale, entries, edit, defaults, table })
}

fn read_timescale(mdhd: &[u8]) -> Result<u32, InputError> {
    // Only one field is wanted, and QuickTime's language codes are not what ISO's are.
    let at = if mdhd.first() == Some(&1) { 20 } else { 12 };
    let bytes = mdhd.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    let timescale = bytes.map(u32::from_be_bytes).unwrap_or_default();
    match timescale {
        0 => Err(InputError::damaged("a track's timescale is 0")),
        timescale => Ok(timescale),
    }
}

/// The picture's turn from the track header's matrix. Anything but a quarter turn is left out.
fn rotation(tkhd: &Tkhd) -> Rotation {
    let m = &tkhd.matrix;
    match (m.a.signum(), m.b.signum(), m.c.signum(), m.d.signum()) {
        (0, 1, -1, 0) => Rotation::Right,
        (-1, 0, 0, -1) => Rotation::Half,
        (0, -1, 1, 0) => Rotation::Left,
        _ => Rotation::None,
    }
}

/// Empty edits delay a track; one edit says what of it is shown. More than one would cut or repeat:
/// showing such a file uncut would show what somebody cut out.
fn read_edit(
    elst: &Elst,
    kind: TrackKind,
    movie_timescale: u32,
    timescale: u32,
) -> Result<Edit, InputError> {
    let scale = |duration: u64| {
        let ticks = i128::from(duration) * i128::from(timescale);
        let half = i128::from(movie_timescale) / 2;
        i64::try_from((ticks + half) / i128::from(movie_timescale.max(1)))
            .ok()
            .filter(|ticks| *ticks <= MAX_TIME)
            .ok_or_else(|| InputError::damaged("an edit is too long"))
    };
    let mut delay = 0i64;
    let mut shown = None;
    for entry in &elst.entries {
        match (entry.media_time, shown) {
            (None, None) => delay = delay.saturating_add(scale(entry.segment_duration)?),
            // Nothing shown after the media: an end, not a cut.
            (None, Some(_)) => {}
            (Some(time), None) => shown = Some((time, entry)),
            (Some(_), Some(_)) => {
                let found = "an edit list that cuts or repeats";
                return Err(InputError::unsupported(found, "edit lists with one part"));
            }
        }
    }
    let Some((time, entry)) = shown else {
        return Ok(Edit { shift: -delay, start: i64::MIN, end: None });
    };
    if entry.media_rate.integer() != 1 || entry.media_rate.decimal() != 0 {
        return Err(InputError::unsupported("an edit list that changes the speed", "normal speed"));
    }
    let time = i64::try_from(time).ok().filter(|time| *time <= MAX_TIME);
    let time = time.ok_or_else(|| InputError::damaged("an edit starts too late"))?;
    let length = scale(entry.segment_duration)?;
    // 0 in a fragmented file: as long as the media.
    let end = (length > 0).then_some(time + length);
    let run_in = if kind == TrackKind::Audio { AUDIO_RUN_IN_S * i64::from(timescale) } else { 0 };
    Ok(Edit { shift: time - delay.min(MAX_TIME), start: time - run_in, end })
}

fn defaults(mvex: &[u8], track_id: u32) -> Result<Defaults, InputError> {
    for found in boxes::children(mvex).filter(|found| found.kind == *b"trex").take(MAX_TRACKS) {
        let trex: Trex = leaf(found.body, "trex")?;
        if trex.track_id == track_id {
            return Ok(Defaults {
                description: trex.default_sample_description_index,
                duration: trex.default_sample_duration,
                size: trex.default_sample_size,
                flags: trex.default_sample_flags,
            });
        }
    }
    Ok(Defaults { description: 1, ..Defaults::default() })
}

pub(crate) fn leaf<T: mp4_atom::Atom>(body: &[u8], name: &str) -> Result<T, InputError> {
    boxes::leaf(body).map_err(|error| InputError::damaged(format!("{name}: {error}")))
}
