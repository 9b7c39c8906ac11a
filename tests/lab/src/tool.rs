//! Running other programs so that none outlives the lab.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use crate::error::LabError;

/// How much of a failed tool's last words goes into the error, in bytes: a few lines.
const LAST_WORDS: usize = 600;

/// The same command, killed by the kernel when the thread that starts it ends, by way of
/// util-linux's `setpriv` (PR_SET_PDEATHSIG needs unsafe code otherwise). Arguments, environment,
/// directory and streams are kept; streams have to be set on the result.
pub fn tied(command: Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        tied.current_dir(directory);
    }
    tied
}

/// Run a tool to its end with `input` on its standard input and give back its standard output.
///
/// # Errors
/// [`LabError::NotPermitted`] where it isn't installed, [`LabError::Tool`] where it fails.
pub fn run(command: Command, input: &str) -> Result<String, LabError> {
    let shown = format!("{command:?}").replace('"', "");
    let mut child = tied(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(LabError::permission(format!("run {shown}")))?;
    let feed = child.stdin.take().map(|mut stdin| {
        let input = input.to_owned();
        thread::spawn(move || stdin.write_all(input.as_bytes()))
    });
    let output = child.wait_with_output().map_err(LabError::io(shown.clone()))?;
    if let Some(feed) = feed {
        // A tool that ends without reading everything shows it by its exit code.
        let _ = feed.join();
    }
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let start = words.floor_char_boundary(words.len().saturating_sub(LAST_WORDS));
    let message = words.get(start..).unwrap_or_default().trim().to_owned();
    match output.status.code() {
        // setpriv, like a shell, says 127 when the program isn't there.
        Some(127) => Err(LabError::NotPermitted { what: format!("run {shown}"), why: message }),
        _ => Err(LabError::Tool { command: shown, message }),
    }
}
