//! What a relay keeps, so that its ticket outlives it: key, permit and port.

use std::path::Path;

use manyhands_session::{RelayKey, Secret};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::state_dir::{self, StateDir};

const VERSION: u32 = 1;
const FILE: &str = "relay.json";

/// A relay's state directory.
pub(super) struct State {
    dir: StateDir,
    kept: Kept,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    seed: [u8; 32],
    permit: [u8; 16],
    /// The last one; 0 before there was one.
    port: u16,
}

impl State {
    /// Opens the directory, makes it if it is missing, and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let dir = StateDir::open(path)?;
        let advice = "move the file away to begin with a new ticket";
        let kept = dir.read(FILE, Kept::parse, advice)?.unwrap_or_else(Kept::fresh);
        Ok(Self { dir, kept })
    }

    /// Another permit: tickets with the one before open nothing any more. It holds once kept.
    pub(super) fn renew(&mut self) {
        self.kept.permit = rand::random();
    }

    pub(super) fn key(&self) -> RelayKey {
        RelayKey { seed: Secret::new(self.kept.seed), permit: Secret::new(self.kept.permit) }
    }

    pub(super) fn port(&self) -> u16 {
        self.kept.port
    }

    /// Keeps what holds now, with the port that the relay has.
    pub(super) fn keep(&mut self, port: u16) -> Result<(), Failure> {
        self.kept.port = port;
        self.dir.write(FILE, &self.kept)
    }
}

impl Kept {
    fn fresh() -> Self {
        Self { version: VERSION, seed: rand::random(), permit: rand::random(), port: 0 }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        state_dir::parse(bytes, "a relay's file", VERSION, |kept: &Self| kept.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_outlives_the_relay_until_another_one_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let first = {
            let mut state = State::open(dir.path()).unwrap();
            state.keep(4433).unwrap();
            state.key()
        };
        let mut again = State::open(dir.path()).unwrap();
        let same = |a: &RelayKey, b: &RelayKey| {
            (a.seed.expose() == b.seed.expose(), a.permit.expose() == b.permit.expose())
        };
        assert_eq!((same(&again.key(), &first), again.port()), ((true, true), 4433));
        again.renew();
        assert_eq!(same(&again.key(), &first), (true, false));
        again.keep(4433).unwrap();
        drop(again);
        std::fs::write(dir.path().join(FILE), b"{}").unwrap();
        assert!(State::open(dir.path()).err().unwrap().message.contains("move the file away"));
    }
}
