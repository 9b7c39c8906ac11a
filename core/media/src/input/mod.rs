//! MP4 in: plain and fragmented files, and fragmented streams as an encoder writes them.
//!
//! Invariant: what comes out is samples, times and parameter sets; no other byte of a file
//! (places, names, dates, thumbnails) is looked at. A file is not read into memory.

mod bytes;
mod demux;
mod entry;
mod error;
mod fragment;
mod looped;
mod movie;
mod normalise;
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
    let mut first = true;
    loop {
        let (head, _) = match origin.next_box() {
            Ok(Some(found)) => found,
            Ok(None) if first => return Err(InputError::Empty),
            Ok(None) => return Err(InputError::NoMovie),
            Err(_) if first => return Err(InputError::NotMp4("no MP4 boxes in it".into())),
            Err(error) => return Err(error),
        };
        if first && !KNOWN_FIRST.contains(&&head.kind) {
            return Err(InputError::NotMp4(guess(&mut origin, head)));
        }
        first = false;
        match (&head.kind, head.body) {
            (b"moov", Some(len)) if len <= MAX_INDEX_BYTES => {
                let moov = origin.take(len, "the index (moov)")?;
                let movie = movie::read(&moov)?;
                return Ok((origin, movie));
            }
            (b"moov", Some(_)) => return Err(InputError::damaged("the index is over 64 MiB")),
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

/// Boxes that MP4 and QuickTime files begin with.
const KNOWN_FIRST: [&[u8; 4]; 11] = [
    b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx",
    b"moof",
];

/// Says what a file that isn't MP4 looks like.
fn guess(origin: &mut Origin, head: crate::boxes::Head) -> String {
    let mut start = match head.body {
        None => 0u32,
        Some(len) => (len + head.header).min(u64::from(u32::MAX)) as u32,
    }
    .to_be_bytes()
    .to_vec();
    start.extend_from_slice(&head.kind);
    if let Ok(more) = origin.take(8, "a file") {
        start.extend_from_slice(&more);
    }
    let looks = [
        (&b"\x1a\x45\xdf\xa3"[..], "it looks like Matroska or WebM"),
        (b"RIFF", "it looks like AVI or WAV"),
        (b"FLV", "it looks like FLV"),
        (b"OggS", "it looks like Ogg"),
        (b"ID3", "it looks like MP3"),
        (b"\x47\x40", "it looks like MPEG-TS"),
        (b"\x00\x00\x01\xba", "it looks like MPEG-PS"),
        (b"\x89PNG", "it looks like a PNG picture"),
        (b"\xff\xd8\xff", "it looks like a JPEG picture"),
        (b"\x00\x00\x00\x01", "it looks like raw H.264; put it into MP4 first"),
        (b"%PDF", "it looks like PDF"),
        (b"PK\x03\x04", "it looks like a ZIP archive"),
    ];
    let known = looks.iter().find(|(magic, _)| start.starts_with(magic));
    match known {
        Some((_, words)) => (*words).into(),
        None if start.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => {
            "it looks like text".into()
        }
        None => "no MP4 boxes in it".into(),
    }
}
