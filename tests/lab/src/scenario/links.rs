//! Links made for a scenario out of the one that a broadcaster wrote.

use std::fs;
use std::path::{Path, PathBuf};

use manyhands_stream::{Channel, Link, Secret};

use crate::error::LabError;
use crate::scenario::Stage;

impl Stage {
    /// The link of the broadcaster.
    pub(super) fn link(&self) -> Result<Link, LabError> {
        let text = fs::read_to_string(self.link_file()).map_err(LabError::io("read a link"))?;
        Link::parse(text.trim()).map_err(|error| LabError::Program(error.to_string()))
    }

    /// The same without the addresses in it.
    pub(super) fn bare_link(&self) -> Result<Link, LabError> {
        let mut link = self.link()?;
        link.hints.clear();
        Ok(link)
    }

    /// A file with a link.
    pub(super) fn write_link(&self, name: &str, link: &Link) -> Result<PathBuf, LabError> {
        let path = self.file(name);
        write(&path, &link.to_text())?;
        Ok(path)
    }
}

/// A link of a channel that nobody broadcasts on.
pub(super) fn of_another_channel() -> Link {
    let channel = Channel::from_seed(Secret::new([0x5a; 32]));
    Link::open(channel.key(), Secret::new([0x5a; 16]))
}

fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::io("write a link"))
}
