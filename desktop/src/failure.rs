//! How the program ends when it can't go on: one line for a person, an exit code for a script.

use std::fmt;

/// Why the program ends; the numbers are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command line asks for something that is not there.
    Usage = 2,
    /// The link is damaged or of a newer version.
    BadLink = 3,
    /// Nobody could be reached in time.
    Unreachable = 4,
    /// The invitation was taken back or is not valid.
    NotInvited = 5,
    /// The input is not media that can be carried.
    BadInput = 6,
    /// A local resource failed.
    Local = 7,
    /// Interrupted, after leaving in good order.
    Interrupted = 130,
}

/// An end with its reason.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        // One line, whatever a library put into its message.
        let message = message.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { exit, message }
    }

    /// A local resource failed: what, and what the system says.
    pub(crate) fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::new(Exit::Local, format!("{what}: {error}"))
    }

    /// Something a later version brings.
    pub(crate) fn not_yet(what: &str) -> Self {
        Self::new(Exit::Usage, format!("{what} is not there yet; see the changelog for what is"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
