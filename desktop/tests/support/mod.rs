//! The program as people run it, and what it says.

#![allow(dead_code, reason = "each test uses a part")]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The program, its events, and its end when the test ends.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) events: Lines<BufReader<ChildStdout>>,
    pub(crate) seen: Vec<Value>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_manyhands")), arguments)
    }

    /// The same as the child of a shell, which is the process that ends with this.
    pub(crate) fn start_by_a_shell(arguments: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#""$@" & wait"#, "sh", env!("CARGO_BIN_EXE_manyhands")]);
        Self::of(shell, arguments)
    }

    fn of(mut command: Command, arguments: &[&str]) -> Self {
        let mut process = command
            .args(arguments)
            .args(["--json", "--listen", "127.0.0.1:0", "--duration", "60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let events = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, events, seen: Vec::new() }
    }

    /// The next event that fits.
    pub(crate) fn next(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.events.next().expect("it goes on").unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            self.seen.push(event.clone());
            if fits(&event) {
                return event;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}
