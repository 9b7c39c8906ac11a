//! One run of the program under test: its events, its exit code, its last words.
//!
//! Whatever ends the bench, the kernel kills the program (see [`tied`]).

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::monitor::{Log, Monitor};
use manyhands_lab::tool::tied;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How much of its standard error goes into an error of ours, in bytes: a line or two.
const LAST_WORDS: usize = 300;

/// A program that was started with `--json`. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Run {
    name: String,
    log: usize,
    child: Child,
    monitor: Arc<Monitor>,
    errors: PathBuf,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal.
    Signal,
    /// Not in time.
    NotYet,
}

impl Run {
    /// Starts `command` with an empty standard input; its events and its standard error are also
    /// kept as files in `directory`.
    pub(crate) fn start(
        name: &str,
        command: Command,
        directory: &Path,
        monitor: &Arc<Monitor>,
    ) -> Result<Self, LabError> {
        Self::start_fed(name, command, Stdio::null(), directory, monitor)
    }

    /// The same with something on standard input.
    pub(crate) fn start_fed(
        name: &str,
        command: Command,
        input: Stdio,
        directory: &Path,
        monitor: &Arc<Monitor>,
    ) -> Result<Self, LabError> {
        let errors = directory.join(format!("{name}.err"));
        let mut copy = create(&directory.join(format!("{name}.jsonl")))?;
        let mut child = tied(command)
            .env("RUST_BACKTRACE", "0")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(create(&errors)?)
            .spawn()
            .map_err(LabError::permission(format!("start {name}")))?;
        let log = monitor.open();
        if let Some(output) = child.stdout.take() {
            let monitor = Arc::clone(monitor);
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // The copy is for people; a full disk shows in the bench's own files.
                    let _ = std::io::Write::write_all(&mut copy, format!("{line}\n").as_bytes());
                    monitor.on_line(log, &line);
                }
                monitor.on_end(log);
            });
        }
        Ok(Self { name: name.into(), log, child, monitor: Arc::clone(monitor), errors })
    }

    /// What the bench calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Looks at what it has said so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        let none = Log::default();
        self.monitor.look(|seen| look(seen.logs.get(self.log).unwrap_or(&none)))
    }

    /// How many events it has said so far.
    pub(crate) fn mark(&self) -> usize {
        self.look(|log| log.events.len())
    }

    /// Its newest event of a kind.
    pub(crate) fn last(&self, kind: &str) -> Option<Value> {
        self.look(|log| log.of_kind(kind).next_back().cloned())
    }

    /// Waits until `found` finds something in what it has said; `None` when it ended or the time is
    /// up before.
    pub(crate) fn wait<T>(
        &self,
        limit: Duration,
        mut found: impl FnMut(&Log) -> Option<T>,
    ) -> Result<Option<T>, LabError> {
        let found = self.monitor.wait_for(limit, |seen| {
            let log = seen.logs.get(self.log)?;
            let found = found(log);
            (found.is_some() || log.ended).then_some(found)
        })?;
        Ok(found.flatten())
    }

    /// Its first event of a kind, or `None` when it ended or the time is up before it.
    pub(crate) fn first(&self, kind: &str, limit: Duration) -> Result<Option<Value>, LabError> {
        self.wait(limit, |log| log.of_kind(kind).next().cloned())
    }

    /// The next event of a kind that it says from now on.
    pub(crate) fn next(&self, kind: &str, limit: Duration) -> Result<Option<Value>, LabError> {
        let before = self.look(|log| log.of_kind(kind).count());
        self.wait(limit, |log| log.of_kind(kind).nth(before).cloned())
    }

    /// Like [`Run::first`] for an event without which nothing can be measured.
    pub(crate) fn expect(&self, kind: &str, limit: Duration) -> Result<Value, LabError> {
        self.first(kind, limit)?.ok_or_else(|| {
            let words = self.last_words();
            LabError::Program(format!("{} never said `{kind}`: {words}", self.name))
        })
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(&mut self, limit: Duration) -> Result<Ended, LabError> {
        let log = self.log;
        let ended = self.monitor.wait_for(limit, |seen| {
            seen.logs.get(log).is_some_and(|log| log.ended).then_some(())
        })?;
        if ended.is_none() {
            return Ok(Ended::NotYet);
        }
        let status = self.child.wait().map_err(LabError::io("wait for a program"))?;
        Ok(status.code().map_or(Ended::Signal, Ended::Code))
    }

    /// It still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to leave, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // One that is gone already needs no asking.
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
    }

    /// Ends it without a word, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // Both fail only for a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it wrote to standard error.
    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.errors).unwrap_or_default()).into_owned()
    }

    fn last_words(&self) -> String {
        let words = self.errors();
        let start = words.floor_char_boundary(words.len().saturating_sub(LAST_WORDS));
        words.get(start..).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.kill();
    }
}

fn create(path: &Path) -> Result<File, LabError> {
    File::create(path).map_err(LabError::io(format!("create {}", path.display())))
}
