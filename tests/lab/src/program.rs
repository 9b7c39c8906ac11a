//! One run of the program under test inside a host.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::error::LabError;
use crate::host::Host;
use crate::machine::{self, Holdings};
use crate::memory;
use crate::monitor::Monitor;

/// How long a program may take to leave in good order: handing children over takes about a second
/// by the design, and so many leave at once on a small machine.
const LEAVING: Duration = Duration::from_secs(10);
/// How much of its standard error goes into an error of ours, in bytes: a line or two.
const LAST_WORDS: usize = 300;

/// A program that was started with `--json`. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    name: String,
    log: usize,
    child: Child,
    monitor: Arc<Monitor>,
    errors: PathBuf,
}

impl Program {
    /// Start `command` in `host`; its standard error goes to a file in `directory`.
    pub fn start(
        host: &Host,
        mut command: Command,
        directory: &Path,
        monitor: &Arc<Monitor>,
    ) -> Result<Self, LabError> {
        let name = host.name().to_owned();
        let errors = directory.join(format!("{name}.err"));
        let file = File::create(&errors).map_err(LabError::io("create a log"))?;
        command.env("RUST_BACKTRACE", "0");
        let mut child = host.spawn(command, Stdio::piped(), file.into())?;
        let log = monitor.open();
        let events = directory.join(format!("{name}.jsonl"));
        if let Some(output) = child.stdout.take() {
            let monitor = Arc::clone(monitor);
            let mut copy = File::create(events).map_err(LabError::io("create a log"))?;
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // The copy is for people; a full disk shows in the scenario's own files.
                    let _ = std::io::Write::write_all(&mut copy, format!("{line}\n").as_bytes());
                    monitor.on_line(log, &line);
                }
                monitor.on_end(log);
            });
        }
        Ok(Self { name, log, child, monitor: Arc::clone(monitor), errors })
    }

    /// The number of its log in the [`Monitor`].
    pub fn log(&self) -> usize {
        self.log
    }

    /// Whether any of the words is in its memory.
    pub fn knows_any(&self, words: &[Vec<u8>]) -> Result<bool, LabError> {
        memory::has_any(self.child.id(), words)
            .map_err(LabError::permission("look into a program's memory"))
    }

    /// What it holds of the system, now.
    pub fn holds(&self) -> Result<Holdings, LabError> {
        machine::held_by(self.child.id()).map_err(LabError::permission("look at a program"))
    }

    /// The host it runs in.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Processor time that it has used, in the ticks of [`crate::machine::Load`].
    pub fn used(&self) -> u64 {
        machine::used_by(self.child.id())
    }

    /// Its first event of a kind, or `None` when it ended or the time is up before it.
    pub fn first(&self, kind: &str, limit: Duration) -> Result<Option<Value>, LabError> {
        let found = self.monitor.wait_for(limit, |seen| {
            let log = seen.logs.get(self.log)?;
            let event = log.of_kind(kind).next().cloned();
            (event.is_some() || log.ended).then_some(event)
        })?;
        Ok(found.flatten())
    }

    /// Like [`Program::first`] for an event without which nothing can be measured.
    pub fn expect(&self, kind: &str, limit: Duration) -> Result<Value, LabError> {
        self.first(kind, limit)?.ok_or_else(|| {
            let words = self.last_words();
            LabError::Program(format!("{} never said `{kind}`: {words}", self.name))
        })
    }

    /// The next event of a kind that it says from now on.
    pub fn next(&self, kind: &str, limit: Duration) -> Result<Option<Value>, LabError> {
        let count = |log: &crate::monitor::Log| log.of_kind(kind).count();
        let before = self.monitor.look(|seen| seen.logs.get(self.log).map_or(0, count));
        let found = self.monitor.wait_for(limit, |seen| {
            let log = seen.logs.get(self.log)?;
            let event = log.of_kind(kind).nth(before).cloned();
            (event.is_some() || log.ended).then_some(event)
        })?;
        Ok(found.flatten())
    }

    /// Wait until it ends by itself; its exit code, or `None` when it didn't or a signal ended it.
    pub fn ended(&mut self, limit: Duration) -> Result<Option<i32>, LabError> {
        let ended = |seen: &crate::monitor::Seen| {
            seen.logs.get(self.log).is_some_and(|log| log.ended).then_some(())
        };
        if self.monitor.wait_for(limit, ended)?.is_none() {
            return Ok(None);
        }
        let status = self.child.wait().map_err(LabError::io("wait for a program"))?;
        Ok(status.code())
    }

    /// Ask it to leave, as Ctrl-C does.
    pub fn ask_to_leave(&self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // One that is gone already needs no asking.
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
    }

    /// Ask it to leave and wait for it; its exit code, or `None` when it had to be killed.
    pub fn leave(&mut self) -> Result<Option<i32>, LabError> {
        self.ask_to_leave();
        self.ended(LEAVING)
    }

    /// The end of what it wrote to standard error.
    pub fn last_words(&self) -> String {
        let bytes = fs::read(&self.errors).unwrap_or_default();
        let words = String::from_utf8_lossy(&bytes);
        let start = words.floor_char_boundary(words.len().saturating_sub(LAST_WORDS));
        words.get(start..).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
