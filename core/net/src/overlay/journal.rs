//! The file that a node's journal goes to.
//!
//! `MANYHANDS_JOURNAL` names a directory, which is made if it isn't there; each node of the process
//! writes a file of its own in it, named after the node, for the owner's eyes only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use manyhands_swarm::Config;

/// A journal on disk. What fails is told in the program's log, once.
#[derive(Debug)]
pub(crate) struct JournalFile {
    file: File,
    path: PathBuf,
}

impl JournalFile {
    /// A new file in the directory that the environment names, if it names one.
    pub(crate) fn from_environment(config: &Config) -> Option<Self> {
        let directory = std::env::var_os("MANYHANDS_JOURNAL")?;
        let path = Path::new(&directory).join(format!("{}.journal", config.node));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        let options = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match made.and_then(|()| options()) {
            Ok(file) => Some(Self { file, path }),
            Err(error) => {
                failed(&path, &error);
                None
            }
        }
    }
}

impl Write for JournalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                failed(&self.path, error);
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(path: &Path, error: &io::Error) {
    tracing::error!(path = %path.display(), %error, "no journal is kept from here on");
}
