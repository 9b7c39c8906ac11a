//! What can go wrong in the lab itself, and the exit code that says so.

use std::io;

/// The lab could not do its work. A target that is missed is no error: see [`crate::report`].
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// This machine or account doesn't allow network namespaces or TAP devices.
    #[error("the lab can't run here: {what}: {why} (it needs root, /dev/net/tun and iproute2)")]
    NotPermitted {
        /// What was tried.
        what: String,
        /// What the system answered.
        why: String,
    },
    /// What was asked for makes no sense or isn't there.
    #[error("{0}")]
    Usage(String),
    /// A call into the system failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A tool that the lab runs failed.
    #[error("`{command}` failed: {message}")]
    Tool {
        /// The command line.
        command: String,
        /// The end of what it wrote to standard error.
        message: String,
    },
    /// The program under test didn't do what every scenario needs before it can measure.
    #[error("{0}")]
    Program(String),
    /// A part of the lab ended before its time.
    #[error("the lab's {0} has ended")]
    Gone(&'static str),
    /// SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl LabError {
    /// Wrap an error of the system, for `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Like [`LabError::io`], but a refusal for lack of rights says that the lab can't run here.
    pub fn permission(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => {
                Self::NotPermitted { what, why: source.to_string() }
            }
            _ => Self::Io { what, source },
        }
    }

    /// The exit code of `manyhands-lab` for this error; 1 is kept for missed targets.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotPermitted { .. } => 77,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            Self::Io { .. } | Self::Tool { .. } | Self::Program(_) | Self::Gone(_) => 7,
        }
    }
}
