//! What a [`crate::RunView`] says of pieces, of signed state, of the time, and of people.

use crate::PieceHeader;

/// What is to be done with a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Signed by the broadcaster and wanted: keep it, forward it.
    Good(PieceHeader),
    /// Not signed by the broadcaster: whoever sent it is to be punished.
    Bad,
    /// Of an epoch or track that no head has named yet: hold it for at most 1 s and 64 KiB a peer,
    /// then ask again.
    Unknown,
    /// Too old or too far ahead to be of use. Nobody's fault.
    Stale,
}

/// What became of something signed that a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Newer than what was known, and kept: pass it on.
    Newer,
    /// Known already.
    Known,
    /// Older than what is known; ours is better.
    Older,
    /// A later run of the channel (the origin has started again): ask for its head and roster, then
    /// put a new view in this one's place.
    NewRun,
    /// The channel has ended for good.
    Retired,
}

/// Whether the broadcast is live, as far as this device can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A fresh head came within the last 3 s.
    Live,
    /// No newer head for more than 3 s.
    CutOff,
    /// The newest head is more than 30 s off this device's clock.
    NotLive {
        /// When it was signed, unix milliseconds.
        issued_ms: u64,
    },
}

/// What somebody is in the newest roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The broadcaster's own key `B`.
    Broadcaster,
    /// In the roster.
    Member,
    /// A tag says that this member was taken back (believe it only with a signature that holds).
    Revoked,
    /// Neither.
    Stranger,
}
