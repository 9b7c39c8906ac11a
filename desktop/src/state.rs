//! What a broadcaster keeps between runs: the channel's key, the open invitation, and where and
//! when it was last live. One file, readable by its owner alone, written whole or not at all.

use std::path::Path;

use manyhands_session::{Channel, Secret};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::state_dir::{self, StateDir};

/// The state of one channel.
pub(crate) struct State {
    dir: Option<StateDir>,
    kept: Kept,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    version: u32,
    channel_seed: [u8; 32],
    invite: [u8; 16],
    /// The number of the last broadcast.
    broadcast: u64,
    /// When the last run started, Unix milliseconds.
    started_ms: u64,
    /// When the last run was last seen alive, Unix milliseconds.
    alive_ms: u64,
    /// The last run ended in good order.
    ended: bool,
    port: u16,
}

/// A restart within this time goes on with the same broadcast (the design's 60 s).
const RESTART_MS: u64 = 60_000;
const VERSION: u32 = 1;
const FILE: &str = "channel.json";

/// How the next run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NextRun {
    pub(crate) broadcast: u64,
    pub(crate) started_ms: u64,
    /// The port that the interrupted run had.
    pub(crate) port: Option<u16>,
}

impl State {
    /// A channel that lives as long as this process.
    pub(crate) fn in_memory() -> Self {
        Self { dir: None, kept: Kept::fresh() }
    }

    /// Opens the directory, makes it if it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let dir = StateDir::open(path)?;
        let advice = "move the file away to begin a new channel";
        let kept = dir.read(FILE, Kept::parse, advice)?.unwrap_or_else(Kept::fresh);
        let state = Self { dir: Some(dir), kept };
        state.save()?;
        Ok(state)
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel::from_seed(Secret::new(self.kept.channel_seed))
    }

    pub(crate) fn invite(&self) -> Secret<[u8; 16]> {
        Secret::new(self.kept.invite)
    }

    /// Begins a run: the same broadcast if the last one was cut off just now, else the next.
    pub(crate) fn begin(&mut self, now_ms: u64) -> Result<NextRun, Failure> {
        let kept = &mut self.kept;
        let cut_off = !kept.ended && kept.broadcast > 0;
        let goes_on = cut_off && now_ms.saturating_sub(kept.alive_ms) <= RESTART_MS;
        let port = goes_on.then_some(kept.port).filter(|p| *p != 0);
        if !goes_on {
            kept.broadcast += 1;
        }
        // Strictly growing, whatever the wall clock does (SECURITY 11).
        kept.started_ms = now_ms.max(kept.started_ms + 1);
        (kept.alive_ms, kept.ended) = (now_ms, false);
        let next = NextRun { broadcast: kept.broadcast, started_ms: kept.started_ms, port };
        self.save()?;
        Ok(next)
    }

    /// Notes that the run is alive, on this port.
    pub(crate) fn alive(&mut self, now_ms: u64, port: u16) -> Result<(), Failure> {
        (self.kept.alive_ms, self.kept.port) = (now_ms, port);
        self.save()
    }

    /// Notes that the run ended in good order.
    pub(crate) fn end(&mut self, now_ms: u64) -> Result<(), Failure> {
        (self.kept.alive_ms, self.kept.ended) = (now_ms, true);
        self.save()
    }

    fn save(&self) -> Result<(), Failure> {
        self.dir.as_ref().map_or(Ok(()), |dir| dir.write(FILE, &self.kept))
    }
}

impl Kept {
    fn fresh() -> Self {
        Self {
            version: VERSION,
            channel_seed: rand::random(),
            invite: rand::random(),
            broadcast: 0,
            started_ms: 0,
            alive_ms: 0,
            ended: true,
            port: 0,
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        state_dir::parse(bytes, "a channel file", VERSION, |kept: &Self| kept.version)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_channel_survives_and_a_cut_off_broadcast_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let (key, first) = {
            let mut state = State::open(dir.path()).unwrap();
            let first = state.begin(1_000_000).unwrap();
            state.alive(1_010_000, 4433).unwrap();
            (state.channel().key(), first)
        };
        assert_eq!((first.broadcast, first.port), (1, None));
        let mut again = State::open(dir.path()).unwrap();
        assert_eq!(again.channel().key(), key);
        let second = again.begin(1_020_000).unwrap();
        assert_eq!((second.broadcast, second.port), (1, Some(4433)));
        assert!(second.started_ms > first.started_ms);
        again.end(1_030_000).unwrap();
        assert_eq!(again.begin(1_031_000).unwrap().broadcast, 2);
    }

    #[test]
    fn started_grows_although_the_clock_goes_back() {
        let mut state = State::in_memory();
        let first = state.begin(5_000).unwrap();
        assert!(state.begin(10).unwrap().started_ms > first.started_ms);
    }

    #[test]
    fn a_second_program_is_told_and_a_damaged_file_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let held = State::open(dir.path()).unwrap();
        let error = State::open(dir.path()).err().unwrap();
        assert!(error.message.contains("--state-dir"), "{error}");
        drop(held);
        fs::write(dir.path().join(FILE), b"{\"version\":9}").unwrap();
        assert!(State::open(dir.path()).is_err());
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), b"{\"version\":9}");
    }

    #[test]
    fn secrets_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let _state = State::open(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
