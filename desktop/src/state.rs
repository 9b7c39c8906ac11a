//! What a broadcaster keeps between runs: the channel's key, the open invitation, and where and
//! when it was last live. One file, readable by its owner alone, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use manyhands_session::{Channel, Secret};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The state of one channel.
pub(crate) struct State {
    dir: Option<Locked>,
    kept: Kept,
}

/// An open state directory; the lock goes with the process.
struct Locked {
    path: PathBuf,
    _lock: File,
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
        let failed = |e: io::Error| {
            let why = match e.kind() {
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                    "there is a file of that name; name a directory with --state-dir".into()
                }
                _ => e.to_string(),
            };
            Failure::local(format!("state directory {}", path.display()), why)
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = private().truncate(false).open(path.join("lock")).map_err(failed)?;
        if lock.try_lock().is_err() {
            return Err(Failure::local(
                format!("state directory {}", path.display()),
                "another manyhands is using it; stop that one or name another with --state-dir",
            ));
        }
        let dir = Some(Locked { path: path.to_owned(), _lock: lock });
        let kept = match fs::read(path.join(FILE)) {
            Ok(bytes) => Kept::parse(&bytes).map_err(|e| {
                Failure::local(
                    format!("{}", path.join(FILE).display()),
                    format!("{e}; move the file away to begin a new channel"),
                )
            })?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Kept::fresh(),
            Err(e) => return Err(failed(e)),
        };
        let state = Self { dir, kept };
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
        let Some(dir) = &self.dir else { return Ok(()) };
        let (file, new) = (dir.path.join(FILE), dir.path.join("channel.json.new"));
        let write = || -> io::Result<()> {
            let mut out = private().truncate(true).open(&new)?;
            out.write_all(&serde_json::to_vec(&self.kept)?)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        };
        write().map_err(|e| Failure::local(format!("{}", file.display()), e))
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
        let kept: Self = serde_json::from_slice(bytes)
            .map_err(|_| "not a channel file, or a damaged one".to_owned())?;
        if kept.version == VERSION {
            Ok(kept)
        } else {
            Err(format!("version {} is not one this program knows", kept.version))
        }
    }
}

/// Files that only their owner can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// Writes a secret to a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut file = private().truncate(true).open(path)?;
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|e| Failure::local(format!("{}", path.display()), e))
}

/// Where state lives when nobody says.
pub(crate) fn default_dir() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(base.join("manyhands"))
}

#[cfg(test)]
mod tests {
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
