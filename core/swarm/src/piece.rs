//! What the overlay knows of a piece.

/// A track of the broadcast: 0 is the first video track, audio has a number of its own.
pub type TrackId = u8;

/// Names a piece within a run. Ordered by track, then chunk, then substream, then part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceId {
    /// The track it belongs to.
    pub track: TrackId,
    /// The chunk's number within its track; it only grows.
    pub chunk: u32,
    /// `0..K` for the parts of the chunk, `K` for the parity part.
    pub substream: u8,
    /// A part over 16 KiB travels as several pieces, numbered from 0 (at most 16).
    pub part: u8,
}

/// A piece as the overlay sees it: everything but the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its name.
    pub id: PieceId,
    /// How many pieces this part was cut into (1..=16).
    pub parts: u8,
    /// Bytes on the wire, header and signature included.
    pub len: u32,
    /// When the chunk was closed, in the origin's media time (milliseconds since the run began).
    pub capture_ms: u32,
    /// How long after `capture_ms` the next chunk of this track is due, in milliseconds.
    pub next_due_ms: u16,
    /// The chunk begins with a keyframe (always true of audio).
    pub keyframe: bool,
}
