//! The overlay as the driver has it: the state machine itself or, in builds with the cargo feature
//! `journal`, one that writes down what it is told and what it answers.

#[cfg(feature = "journal")]
mod journal;

use manyhands_swarm::Config;

#[cfg(not(feature = "journal"))]
pub(crate) use manyhands_swarm::Swarm as Overlay;

/// Driven like a [`manyhands_swarm::Swarm`], and by nothing but its verbs.
#[cfg(feature = "journal")]
pub(crate) type Overlay = manyhands_swarm::journal::Recorded<journal::JournalFile>;

/// A fresh node.
#[cfg(not(feature = "journal"))]
pub(crate) fn begin(config: Config) -> Overlay {
    Overlay::new(config)
}

/// A fresh node, with a journal where the environment asks for one.
#[cfg(feature = "journal")]
pub(crate) fn begin(config: Config) -> Overlay {
    let journal = journal::JournalFile::from_environment(&config);
    Overlay::new(config, journal)
}
