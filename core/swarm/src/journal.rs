//! A journal: what a driver has told the overlay, call by call, and what the overlay has answered.
//!
//! The overlay is a function of its inputs. [`Recorded`] shows that of a run on real sockets: it is
//! driven like the [`crate::Swarm`] inside it and writes down each call, with its time and
//! arguments, and the answer. [`Journal::replay`] makes the same calls to a fresh overlay and
//! compares the answers.
//!
//! A journal names who talked to whom, and where they were. So this module is there only with the
//! cargo feature `journal`, which nothing that ships has.
//!
//! # Format
//!
//! [`MAGIC`], then records: the length of the body in four bytes, little-endian, and the body. The
//! first body is the [`crate::Config`], each other one a call and its answer (`codec`). A journal
//! is read by the build that wrote it; there is one version, and no other is understood.

mod call;
mod codec;
mod recorded;
mod replay;

pub use recorded::Recorded;
pub use replay::{Difference, Journal, Replayed};

/// What every journal begins with.
pub const MAGIC: &[u8] = b"manyhands journal 1\n";

/// The longest body of a record: eight tracks or the longest message take under 5 KB.
const MAX_RECORD: usize = 64 * 1024;

/// Why a journal can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It doesn't begin like one.
    #[error("this is no journal of this version")]
    NotAJournal,
    /// A record says that it is longer than any is.
    #[error("record {record} of the journal claims {bytes} bytes; the longest have {MAX_RECORD}")]
    TooLong {
        /// Which one; the configuration is number 0.
        record: u64,
        /// What it claims.
        bytes: usize,
    },
    /// A record is not what it should be.
    #[error("record {record} of the journal is damaged")]
    Damaged {
        /// Which one; the configuration is number 0.
        record: u64,
    },
    /// The journal can't be read.
    #[error("the journal can't be read: {0}")]
    Read(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
