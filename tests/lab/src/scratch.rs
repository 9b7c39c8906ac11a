//! The directory of one run: media, the link file, the programs' output.
//!
//! It is removed when the run ends; what a killed run left is removed by the next one.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::LabError;

const PREFIX: &str = "manyhands-lab-";

/// A run's directory, private to the account (it holds a link, which is a secret).
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _removed_on_drop: Option<TempDir>,
}

impl Scratch {
    /// A new one under the system's temporary directory, after sweeping those of dead runs.
    pub fn new() -> Result<Self, LabError> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let directory = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .tempdir_in(&parent)
            .map_err(LabError::io("make a temporary directory"))?;
        Ok(Self { path: directory.path().into(), _removed_on_drop: Some(directory) })
    }

    /// Use `path` and leave it behind, for looking at what the programs said.
    pub fn kept(path: &Path) -> Result<Self, LabError> {
        fs::create_dir_all(path).map_err(LabError::io(format!("make {}", path.display())))?;
        Ok(Self { path: path.into(), _removed_on_drop: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Remove the directories of runs whose process is gone.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        let Some(owner) = owner.and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{owner}")).exists() {
            // Somebody else may be sweeping the same one.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_dead_runs_are_swept() {
        let parent = tempfile::tempdir().expect("a directory");
        let mine = format!("{PREFIX}{}-abc", std::process::id());
        // One above the kernel's largest PID_MAX_LIMIT: nobody's.
        let dead = format!("{PREFIX}4194305-abc");
        for name in [mine.as_str(), dead.as_str(), "manyhands-lab-notes", "other"] {
            fs::create_dir(parent.path().join(name)).expect("a directory");
        }
        sweep(parent.path());
        let mut left: Vec<_> = fs::read_dir(parent.path())
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        left.sort();
        let mut expected = vec![mine, "manyhands-lab-notes".into(), "other".into()];
        expected.sort();
        assert_eq!(left, expected);
    }
}
