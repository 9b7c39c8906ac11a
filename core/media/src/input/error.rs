//! What is wrong with an input, in one line that says what was found and what is accepted.

use std::io;

use thiserror::Error;

/// Why an input can't be broadcast. `Display` is one line for a person.
#[derive(Debug, Error)]
pub enum InputError {
    /// Not there, no permission, or a read failed.
    #[error("can't read {what}: {source}")]
    Unreadable {
        /// The file, or "the input".
        what: String,
        /// The system's words.
        source: io::Error,
    },
    /// A directory.
    #[error("{0} is a directory; an MP4 file is accepted")]
    Directory(String),
    /// No bytes at all.
    #[error("the input is empty; accepted: MP4 with H.264 video and AAC-LC or Opus sound")]
    Empty,
    /// Not MP4.
    #[error(
        "the input is not an MP4 file ({0}); accepted: MP4 with H.264 video and AAC-LC or Opus sound"
    )]
    NotMp4(String),
    /// It ends before it should.
    #[error("the input is cut short: {0}")]
    Truncated(String),
    /// No index.
    #[error("the input has no index (moov): the recording was not finished, or it is not complete")]
    NoMovie,
    /// Encrypted samples.
    #[error("the input is encrypted ({0}); only MP4 without copy protection is accepted")]
    Encrypted(String),
    /// A codec or a feature that isn't carried.
    #[error("the input has {found}; accepted: {accepted}")]
    Unsupported {
        /// What was found.
        found: String,
        /// What is accepted instead.
        accepted: &'static str,
    },
    /// Inconsistent or nonsensical bytes.
    #[error("the input is damaged: {0}")]
    Damaged(String),
}

/// What is accepted as a picture.
pub(crate) const VIDEO: &str =
    "H.264 baseline, main or high, 8 bit 4:2:0, up to 4096x2304 and level 5.1";
/// What is accepted as sound.
pub(crate) const AUDIO: &str = "AAC-LC or Opus, mono or stereo, up to 48 kHz";

impl InputError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    pub(crate) fn unsupported(found: impl Into<String>, accepted: &'static str) -> Self {
        Self::Unsupported { found: found.into(), accepted }
    }

    pub(crate) fn reading(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                Self::Truncated("it ends in the middle of a sample".into())
            }
            _ => Self::Unreadable { what: "the input".into(), source },
        }
    }
}
