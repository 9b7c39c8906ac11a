//! What goes into an [`crate::Origin`] and what comes out of it.

use bytes::Bytes;

use crate::{HeadSealed, HeadState, Secret, TrackInfo};

/// With what a run begins.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The broadcast's number: 1, 2, 3…; a restart that goes on with one keeps its number.
    pub broadcast: u64,
    /// `max(stored + 1, now)`, unix milliseconds.
    pub started_ms: u64,
    /// At most a day after `started_ms`.
    pub expires_ms: u64,
    /// The broadcast is for invited people.
    pub private: bool,
    /// The secrets of the open invitations that hold, at most 2,048.
    pub invites: Vec<Secret<[u8; 16]>>,
}

/// What a head shall say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadInput {
    /// What the broadcast is doing.
    pub state: HeadState,
    /// The tracks, sorted by number.
    pub tracks: Vec<TrackInfo>,
    /// What only viewers read.
    pub sealed: HeadSealed,
}

/// What a new epoch sends out at once, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The head that names the new roster.
    pub head: Bytes,
    /// The new roster.
    pub roster: Bytes,
}

/// Why a run, head or epoch could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// More than 2,048 invitations.
    #[error("there are too many invitations for one broadcast: at most 2048")]
    TooManyInvites,
    /// The run would end before it begins, or last over a day.
    #[error("a run lasts at most a day")]
    Life,
    /// Over 1,200 bytes, over 16 tracks, or tracks that are not sorted or have K or tick 0.
    #[error("title, names and codec configuration do not fit into a head")]
    HeadTooLong,
    /// The epoch's number has reached its end.
    #[error("this run has had all of its epochs")]
    Epochs,
}
