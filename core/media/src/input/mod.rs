//! MP4 in: plain and fragmented files, and fragmented streams as an encoder writes them.
//!
//! Invariant: what comes out is samples, times and parameter sets; no other byte of a file
//! (places, names, dates, thumbnails) is looked at. A file is not read into memory.

mod bytes;
mod demux;
mod entry;
mod error;
mod fragment;
mod lane;
mod looped;
mod movie;
mod normalise;
mod sniff;
mod table;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{AccessUnit, TrackConfig};
use bytes::Origin;
use demux::{Demux, MAX_INDEX_BYTES};
pub use error::InputError;
pub use looped::Looped;
use movie::Movie;

/// A unit of one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUnit {
    /// Index into [`Source::tracks`].
    pub track: usize,
    /// The unit.
    pub unit: AccessUnit,
    /// The configuration from this unit on: with a track's first unit, and when it changed.
    pub config: Option<TrackConfig>,
}

/// Units of one or two tracks, interleaved by decode time.
pub trait Source: Send {
    /// The tracks as they begin: video first, when there is video.
    fn tracks(&self) -> &[TrackConfig];

    /// The next unit, or `None` at the end. After an error there is nothing more.
    fn next_unit(&mut self) -> Result<Option<SourceUnit>, InputError>;
}

/// Opens a plain or fragmented MP4 file.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Source>, InputError> {
    Ok(Box::new(open_file(path.as_ref())?))
}

/// Reads fragmented MP4 from a stream: what an encoder writes to standard input. Returns when the
/// index has arrived.
pub fn from_reader(reader: impl Read + Send + 'static) -> Result<Box<dyn Source>, InputError> {
    let origin = Origin::Stream { reader: Box::new(reader), at: 0 };
    let (origin, movie) = find_movie(origin)?;
    if !movie.fragmented || movie.tracks.iter().any(|track| track.table.len() > 0) {
        let found = "an MP4 stream that is not fragmented";
        return Err(InputError::unsupported(
            found,
            "fragmented MP4 (ffmpeg: -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof)",
        ));
    }
    Ok(Box::new(Demux::new(origin, movie)?))
}

fn open_file(path: &Path) -> Result<Demux, InputError> {
    let what = path.display().to_string();
    let unreadable = |source| InputError::Unreadable { what: what.clone(), source };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(InputError::Directory(what));
    }
    if !about.is_file() {
        let source = io::Error::new(io::ErrorKind::Unsupported, "not a regular file");
        return Err(unreadable(source));
    }
    let (mut origin, movie) = find_movie(Origin::File { file, len: about.len(), at: 0 })?;
    if !movie.fragmented {
        check_whole(&mut origin)?;
    }
    Demux::new(origin, movie)
}

/// Reads boxes up to and with the movie box.
fn find_movie(mut origin: Origin) -> Result<(Origin, Movie), InputError> {
    let is_stream = matches!(origin, Origin::Stream { .. });
    sniff::check(&origin.sniff()?)?;
    loop {
        let Some((head, _)) = origin.next_box()? else { return Err(InputError::NoMovie) };
        match (&head.kind, head.body) {
            (b"moov", Some(len)) if len <= MAX_INDEX_BYTES => {
                let moov = origin.take(len, "the index (moov)")?;
                let movie = movie::read(&moov)?;
                return Ok((origin, movie));
            }
            (b"moov", _) => return Err(InputError::damaged("the index (moov) is over 64 MiB")),
            (b"mdat", _) if is_stream => return Err(InputError::NoMovie),
            (kind, len) => {
                let name = crate::boxes::name(*kind);
                origin.skip(len, &format!("a box ({name})"))?;
            }
        }
    }
}

/// The rest of a plain file, by its box headers: a cut one is refused before it is broadcast.
fn check_whole(origin: &mut Origin) -> Result<(), InputError> {
    while let Some((head, _)) = origin.next_box()? {
        let name = crate::boxes::name(head.kind);
        origin.skip(head.body, &format!("a box ({name})"))?;
    }
    Ok(())
}
