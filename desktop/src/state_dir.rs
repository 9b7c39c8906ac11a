//! The state directory: locked by one program at a time, files that only their owner can read, each
//! written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// An open state directory; the lock goes with the process.
pub(crate) struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
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
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Reads a file, if it is there; one that `parse` refuses is kept, and `advice` says what to do.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
        advice: &str,
    ) -> Result<Option<T>, Failure> {
        let file = self.path.join(name);
        match fs::read(&file) {
            Ok(bytes) => parse(&bytes)
                .map(Some)
                .map_err(|e| Failure::local(file.display(), format!("{e}; {advice}"))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Failure::local(file.display(), e)),
        }
    }

    /// Puts a file in the place of the one that is there.
    pub(crate) fn write(&self, name: &str, content: &impl Serialize) -> Result<(), Failure> {
        let (file, new) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let write = || -> io::Result<()> {
            let mut out = private().truncate(true).open(&new)?;
            out.write_all(&serde_json::to_vec(content)?)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        };
        write().map_err(|e| Failure::local(file.display(), e))
    }
}

/// What a file of the state directory says, if it is `what` in the form that this program knows.
pub(crate) fn parse<T: DeserializeOwned>(
    bytes: &[u8],
    what: &str,
    known: u32,
    version: impl FnOnce(&T) -> u32,
) -> Result<T, String> {
    let kept =
        serde_json::from_slice(bytes).map_err(|_| format!("not {what}, or a damaged one"))?;
    match version(&kept) {
        version if version == known => Ok(kept),
        other => Err(format!("version {other} is not one this program knows")),
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
        fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
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
