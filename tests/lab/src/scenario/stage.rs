//! What every scenario needs: the order, a place for files, and ways to start the program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LabError;
use crate::host::Host;
use crate::link::Line;
use crate::media;
use crate::monitor::Monitor;
use crate::program::Program;
use crate::scenario::Order;
use crate::scratch::Scratch;

/// The port that a program listens on where others have to be told of it.
pub(super) const PORT: u16 = 7000;
/// What a program that is built to be broken reads what to break from.
const SABOTAGE: &str = "MANYHANDS_SABOTAGE";
/// Options of a program that looks for nobody and lets nobody find it.
const QUIET: [&str; 2] = ["--no-dht", "--no-local"];
/// Frames between two keyframes: a second.
const GOP: u32 = 30;
/// How long a broadcaster may take until it is live: an encoder's start on a busy machine.
const LIVE: Duration = Duration::from_secs(20);

/// A run's surroundings.
#[derive(Debug)]
pub(super) struct Stage {
    order: Order,
    monitor: Arc<Monitor>,
    scratch: Scratch,
}

/// A film to broadcast and what it is made of.
#[derive(Debug)]
pub(super) struct Film {
    /// The file.
    pub(super) path: PathBuf,
    /// Its tracks.
    pub(super) tracks: Vec<media::Track>,
}

impl Film {
    /// Mean bits a second of its packets.
    pub(super) fn rate(&self) -> f64 {
        media::rate(&self.tracks)
    }
}

impl Stage {
    /// Prepare a run.
    pub(super) fn new(order: Order, monitor: Arc<Monitor>) -> Result<Self, LabError> {
        let scratch = match &order.keep {
            Some(path) => Scratch::kept(path)?,
            None => Scratch::new()?,
        };
        Ok(Self { order, monitor, scratch })
    }

    /// A part of the run that goes on beside others, with files of its own.
    pub(super) fn part(&self, name: &str) -> Result<Self, LabError> {
        let scratch = Scratch::kept(&self.file(name))?;
        Ok(Self { order: self.order.clone(), monitor: Arc::clone(&self.monitor), scratch })
    }

    /// How the run was ordered.
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    /// Every host's line: the scenario's, unless the order says otherwise.
    pub(super) fn line(&self, rtt: Duration, loss: f64) -> Line {
        Line::new(self.order.rtt.unwrap_or(rtt), self.order.loss.unwrap_or(loss))
    }

    /// Something is to be broken on purpose.
    pub(super) fn is_sabotaged(&self, by: &str) -> bool {
        self.order.sabotage.as_deref() == Some(by)
    }

    /// What the programs say.
    pub(super) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// A file of this run.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.scratch.file(name)
    }

    /// The file that the broadcaster writes its link to.
    pub(super) fn link_file(&self) -> PathBuf {
        self.file("link")
    }

    /// Make a film of a length in seconds and a rate in bits a second.
    pub(super) fn film(&self, seconds: u64, bps: u64) -> Result<Film, LabError> {
        self.film_with_gop(seconds, bps, GOP)
    }

    /// The same with a keyframe each so many frames.
    pub(super) fn film_with_gop(&self, seconds: u64, bps: u64, gop: u32) -> Result<Film, LabError> {
        self.check_program()?;
        let path = self.file("film.mp4");
        media::make(&path, seconds, bps, gop)?;
        let tracks = media::tracks(&path)?;
        Ok(Film { path, tracks })
    }

    /// Go live in `host` with more options, and wait until it is.
    pub(super) fn broadcast(
        &self,
        host: &Host,
        film: &Film,
        options: &[String],
    ) -> Result<Program, LabError> {
        let options = [options, &QUIET.map(String::from)].concat();
        self.broadcast_to_be_found(host, film, &options)
    }

    /// The same for a broadcaster that may be looked for.
    pub(super) fn broadcast_to_be_found(
        &self,
        host: &Host,
        film: &Film,
        options: &[String],
    ) -> Result<Program, LabError> {
        let program = self.try_to_broadcast(host, film, options)?;
        program.expect("live", LIVE)?;
        Ok(program)
    }

    /// The same without waiting: it may never be live.
    pub(super) fn try_to_broadcast(
        &self,
        host: &Host,
        film: &Film,
        options: &[String],
    ) -> Result<Program, LabError> {
        let mut command = self.program(host, "broadcast");
        command.arg(&film.path).arg("--link-out").arg(self.link_file()).args(options);
        self.start(host, command)
    }

    /// Start a relay in `host`, and wait until it can be used. Its ticket is in
    /// [`Stage::ticket_file`].
    pub(super) fn relay(&self, host: &Host) -> Result<Program, LabError> {
        self.relay_with(host, &Self::listen(host))
    }

    /// The same with other options.
    pub(super) fn relay_with(&self, host: &Host, options: &[String]) -> Result<Program, LabError> {
        let mut command = self.program(host, "relay");
        command.arg("--ticket-out").arg(self.ticket_file()).args(options);
        let program = self.start(host, command)?;
        program.expect("ready", LIVE)?;
        Ok(program)
    }

    /// The file that a relay writes its ticket to.
    pub(super) fn ticket_file(&self) -> PathBuf {
        self.file("ticket")
    }

    /// Watch in `host` with more options.
    pub(super) fn watch(&self, host: &Host, options: &[String]) -> Result<Program, LabError> {
        let options = [options, &QUIET.map(String::from)].concat();
        self.search_and_watch(host, &self.link_file(), &options)
    }

    /// The same by the program that can be broken, broken so.
    pub(super) fn watch_broken(
        &self,
        host: &Host,
        sabotage: &str,
        options: &[String],
    ) -> Result<Program, LabError> {
        let path = &self.order.breakable;
        if !path.is_file() {
            let build = "build it with --features sabotage and name it by --breakable";
            let path = path.display();
            return Err(LabError::Usage(format!("there is no program at {path}: {build}")));
        }
        let mut command = self.command(path, host, "watch");
        command.env("MANYHANDS_SABOTAGE", sabotage);
        let mut link = std::ffi::OsString::from("@");
        link.push(self.link_file());
        command.arg(link).args(options).args(QUIET);
        self.start(host, command)
    }

    /// Watch in `host` by the link in a file, and look for others.
    pub(super) fn search_and_watch(
        &self,
        host: &Host,
        file: &Path,
        options: &[String],
    ) -> Result<Program, LabError> {
        let mut link = std::ffi::OsString::from("@");
        link.push(file);
        let mut command = self.program(host, "watch");
        command.arg(link).args(options);
        self.start(host, command)
    }

    /// Examine the network of `host`, with a link's broadcast or without.
    pub(super) fn doctor(
        &self,
        host: &Host,
        link: Option<&Path>,
        options: &[String],
    ) -> Result<Program, LabError> {
        let mut command = self.program(host, "doctor");
        if let Some(file) = link {
            let mut link = std::ffi::OsString::from("@");
            link.push(file);
            command.arg(link);
        }
        command.arg("--no-local").args(options);
        self.start(host, command)
    }

    /// Options that make a program in `host` listen where [`Stage::peer`] says.
    pub(super) fn listen(host: &Host) -> [String; 2] {
        ["--listen".into(), format!("{}:{PORT}", host.address())]
    }

    /// Options that tell a program of another one in `host`.
    pub(super) fn peer(host: &Host) -> [String; 2] {
        ["--peer".into(), format!("{}:{PORT}", host.address())]
    }

    /// Options for a limit in bits a second.
    pub(super) fn upload_limit(bps: f64) -> [String; 2] {
        ["--upload-limit".into(), format!("{bps:.0}")]
    }

    fn program(&self, host: &Host, command: &str) -> Command {
        self.command(&self.order.program, host, command)
    }

    fn command(&self, path: &Path, host: &Host, command: &str) -> Command {
        let mut program = Command::new(path);
        program.args([command, "--json"]);
        program.arg("--state-dir").arg(self.file(&format!("{}.state", host.name())));
        if let Some(name) = &self.order.sabotage {
            // Read by a program that can be broken from outside; what ships can't be.
            program.env(SABOTAGE, name);
        }
        program
    }

    fn start(&self, host: &Host, command: Command) -> Result<Program, LabError> {
        Program::start(host, command, self.scratch.path(), &self.monitor)
    }

    fn check_program(&self) -> Result<(), LabError> {
        let path = &self.order.program;
        if path.is_file() {
            return Ok(());
        }
        let build = "build it (cargo build --release) or name it by --program";
        Err(LabError::Usage(format!("there is no program at {}: {build}", path.display())))
    }
}
