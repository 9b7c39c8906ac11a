//! Media as the rest of the program sees it: files and encoders in, access units and chunks
//! through, checked units and fragmented MP4 out. No network, no clock, no threads.
//!
//! The data's way, and the module that owns each step:
//!
//! ```text
//! file, standard input ──[input]──▶ units ──[Chunker]──▶ chunk plaintext ── sealed, sent, opened ──▶
//!     [chunk::decode] ──▶ [gate] ──▶ units ──▶ decoder, or [output] ──▶ fragmented MP4
//! ```
//!
//! Invariant: units keep their decode and presentation times exactly, in their track's own
//! timescale, from input to output; and nothing of a file crosses but samples and parameter sets.

mod annexb;
mod boxes;
pub mod chunk;
mod chunker;
pub mod gate;
pub mod input;
mod nal;
pub mod output;
mod params;
mod track;
mod unit;
mod varint;

pub use annexb::{FromAnnexB, from_annexb};
pub use chunker::{Chunker, ClosedChunk, PAUSED_BEAT_MS};
pub use nal::{Nal, NalError, nals};
pub use params::ParamError;
pub use track::{AacConfig, Codec, H264Config, OpusConfig, Rotation, TrackConfig, TrackKind};
pub use unit::AccessUnit;

/// The largest access unit that is carried, in bytes: a 4K keyframe at 50 Mbit/s is under 2 MiB.
pub const MAX_UNIT_BYTES: usize = 4 << 20;
