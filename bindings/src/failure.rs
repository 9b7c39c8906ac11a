//! Errors as they cross: the kind is the variant, the message is for a person.

use manyhands_session::{EndReason, Error, FeedError, LinkError};

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum Failure {
    /// The link is cut, mistyped, or none: nobody was contacted.
    #[error("{0}")]
    DamagedLink(String),
    /// The link was made by a newer version: nobody was contacted.
    #[error("{0}")]
    NewerLink(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    BadOptions(String),
    /// The encoder's unit is none.
    #[error("{0}")]
    BadUnit(String),
    /// The unit was dropped. A picture's encoder should make a keyframe now.
    #[error("{0}")]
    Dropped(String),
    /// It is over, or was stopped.
    #[error("{0}")]
    Ended(String),
    /// The network can't be used.
    #[error("{0}")]
    Network(String),
    /// Nobody answers any more.
    #[error("{0}")]
    Unreachable(String),
    /// The invitation was taken back.
    #[error("{0}")]
    Revoked(String),
}

impl Failure {
    pub(crate) fn over() -> Self {
        Self::Ended("it has ended".into())
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let message = error.to_string();
        match error {
            LinkError::Damaged(_) => Self::DamagedLink(message),
            LinkError::NewerVersion => Self::NewerLink(message),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Network(error.to_string())
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        let message = error.to_string();
        match error {
            FeedError::Encoders(_) | FeedError::NoTrack(_) => Self::BadOptions(message),
            FeedError::Malformed(_) | FeedError::NoParameterSets | FeedError::Backwards { .. } => {
                Self::BadUnit(message)
            }
            FeedError::Dropped => Self::Dropped(message),
            FeedError::Ended => Self::Ended(message),
        }
    }
}

impl From<EndReason> for Failure {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Finished => Self::over(),
            EndReason::Revoked => Self::Revoked("this invitation was taken back".into()),
            EndReason::Unreachable => Self::Unreachable("nobody answers any more".into()),
        }
    }
}
