//! What every bench needs: the order, a place for files, and ways to start the program.

use std::cell::Cell;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::monitor::Monitor;
use manyhands_lab::scratch::Scratch;

use crate::run::Run;

/// How long a broadcaster may take until it is live: its start on a busy machine.
const LIVE: Duration = Duration::from_secs(20);
/// Read by programs built with the feature `sabotage`, and by no others.
const SABOTAGE: &str = "MANYHANDS_SABOTAGE";
/// Read by programs built with the feature `journal`, and by no others.
const JOURNAL: &str = "MANYHANDS_JOURNAL";

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sabotage {
    /// Viewers pass nothing on: their upload limit is 0. Needs no special program.
    NoForward,
    /// Viewers don't ask for what is late. Needs a program with the feature `sabotage`.
    NoRepair,
    /// `exact`: a bit of a written file. Elsewhere a bit of each piece that a viewer passes on,
    /// which needs a program with the feature `sabotage`.
    BitFlip,
    /// `replay`: each journal is replayed with another seed than it was recorded with. Needs no
    /// special program.
    OtherSeed,
}

/// How a bench is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// The program under test.
    pub(crate) program: PathBuf,
    /// Decides every random choice.
    pub(crate) seed: u64,
    /// What is broken on purpose, so that the bench has to fail.
    pub(crate) sabotage: Option<Sabotage>,
    /// Keep the run's files here.
    pub(crate) keep: Option<PathBuf>,
}

/// A run's surroundings.
#[derive(Debug)]
pub(crate) struct Stage {
    order: Order,
    monitor: Arc<Monitor>,
    scratch: Scratch,
    /// Programs made so far: each has a seed of its own, all follow from the order's.
    programs: Cell<u64>,
    /// Programs keep journals.
    journals: Cell<bool>,
}

/// How much a program may send, in bits a second; nothing for as much as it likes.
pub(crate) type Upload = Option<f64>;

impl Stage {
    /// Prepares a run.
    pub(crate) fn new(order: Order, monitor: Arc<Monitor>) -> Result<Self, LabError> {
        if !order.program.is_file() {
            let build = "build it (cargo build --release -p manyhands) or name it by --program";
            let path = order.program.display();
            return Err(LabError::Usage(format!("there is no program at {path}: {build}")));
        }
        let scratch = match &order.keep {
            Some(path) => Scratch::kept(path)?,
            None => Scratch::new()?,
        };
        Ok(Self { order, monitor, scratch, programs: Cell::new(0), journals: Cell::new(false) })
    }

    /// Decides every random choice.
    pub(crate) fn seed(&self) -> u64 {
        self.order.seed
    }

    /// Something is to be broken on purpose.
    pub(crate) fn is_sabotaged(&self, by: Sabotage) -> bool {
        self.order.sabotage == Some(by)
    }

    /// Programs that are started from now on keep journals, each in a directory of its own.
    pub(crate) fn keep_journals(&self) {
        self.journals.set(true);
    }

    /// Where the program that was started as `name` keeps its journals.
    pub(crate) fn journals(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.journals"))
    }

    /// A file of this run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.file(name)
    }

    /// Lets the programs run for `time`.
    pub(crate) fn let_run(&self, time: Duration) -> Result<(), LabError> {
        self.monitor.let_run(time)
    }

    /// Goes live with `input` and waits until that is so. Its link goes into the file `NAME.link`,
    /// its state into the directory `NAME.state`.
    pub(crate) fn broadcast(
        &self,
        name: &str,
        input: &Path,
        upload: Upload,
        options: &[String],
    ) -> Result<Run, LabError> {
        let mut command = self.program("broadcast");
        command.arg(input).arg("--link-out").arg(self.link_file(name));
        command.args(upload_limit(upload)).args(options);
        command.arg("--state-dir").arg(self.file(&format!("{name}.state")));
        let run = self.start(name, command)?;
        run.expect("live", LIVE)?;
        Ok(run)
    }

    /// Starts a relay and waits until it can be used. Gives the file that its ticket is in.
    pub(crate) fn relay(&self, name: &str) -> Result<(Run, PathBuf), LabError> {
        let ticket = self.file(&format!("{name}.ticket"));
        let mut command = self.program("relay");
        command.args(listen(0)).arg("--ticket-out").arg(&ticket);
        command.arg("--state-dir").arg(self.file(&format!("{name}.state")));
        let run = self.start(name, command)?;
        run.expect("ready", LIVE)?;
        Ok((run, ticket))
    }

    /// Watches what `broadcaster` sends.
    pub(crate) fn watch(
        &self,
        name: &str,
        broadcaster: &str,
        upload: Upload,
        options: &[String],
    ) -> Result<Run, LabError> {
        let mut link = OsString::from("@");
        link.push(self.link_file(broadcaster));
        let upload = if self.is_sabotaged(Sabotage::NoForward) { Some(0.0) } else { upload };
        let mut command = self.program("watch");
        command.arg(link).args(upload_limit(upload)).args(options);
        match self.order.sabotage {
            Some(Sabotage::NoRepair) => _ = command.env(SABOTAGE, "no-repair"),
            Some(Sabotage::BitFlip) => _ = command.env(SABOTAGE, "bit-flip"),
            Some(Sabotage::NoForward | Sabotage::OtherSeed) | None => {}
        }
        self.start(name, command)
    }

    /// The program with a command and what all measured runs share.
    pub(crate) fn program(&self, command: &str) -> Command {
        let mut program = self.quiet_program(command);
        program.arg("--json");
        program
    }

    /// The program with a command, on loopback alone, whose standard output is not events.
    pub(crate) fn quiet_program(&self, command: &str) -> Command {
        let mut program = self.bare_program();
        program.args([command, "--no-dht", "--no-local", "--no-port-mapping"]);
        let number = self.programs.get();
        self.programs.set(number + 1);
        let seed = self.order.seed.wrapping_mul(1_000_003).wrapping_add(number);
        program.args(["--seed", &seed.to_string()]);
        program
    }

    /// The program without any argument. No state outside the run's directory is touched.
    pub(crate) fn bare_program(&self) -> Command {
        let mut program = Command::new(&self.order.program);
        program.env("XDG_STATE_HOME", self.file("home")).env_remove("MANYHANDS_LINK");
        program
    }

    /// Starts a command made by [`Stage::program`].
    pub(crate) fn start(&self, name: &str, mut command: Command) -> Result<Run, LabError> {
        if self.journals.get() {
            command.env(JOURNAL, self.journals(name));
        }
        Run::start(name, command, self.scratch.path(), &self.monitor)
    }

    /// The same with something on standard input.
    pub(crate) fn start_fed(
        &self,
        name: &str,
        command: Command,
        input: Stdio,
    ) -> Result<Run, LabError> {
        Run::start_fed(name, command, input, self.scratch.path(), &self.monitor)
    }

    /// The file that a broadcaster writes its link to.
    pub(crate) fn link_file(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.link"))
    }
}

fn upload_limit(upload: Upload) -> [String; 2] {
    let rate = upload.map_or_else(|| "unlimited".into(), |bps| format!("{bps:.0}"));
    ["--upload-limit".into(), rate]
}

/// Options that make a program listen on loopback: at this port, or a free one for 0.
pub(crate) fn listen(port: u16) -> [String; 2] {
    ["--listen".into(), format!("127.0.0.1:{port}")]
}

/// A UDP port of loopback that is free now.
pub(crate) fn free_udp_port() -> Result<u16, LabError> {
    let socket = UdpSocket::bind(loopback()).map_err(LabError::io("bind a UDP port"))?;
    socket.local_addr().map(|at| at.port()).map_err(LabError::io("read a UDP port"))
}

/// A TCP port of loopback that is free now.
pub(crate) fn free_tcp_port() -> Result<u16, LabError> {
    let listener = TcpListener::bind(loopback()).map_err(LabError::io("bind a TCP port"))?;
    listener.local_addr().map(|at| at.port()).map_err(LabError::io("read a TCP port"))
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
