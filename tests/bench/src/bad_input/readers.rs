//! Readers of `--output -`: one that goes away, one that never reads, and one that is slow for a
//! while and then gets everything.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use manyhands_lab::tool::tied;

use super::{Checks, Scene, one_line};
use crate::compare::compare;
use crate::crowd::ORIGIN;
use crate::film::Film;
use crate::packets::{self, Track};
use crate::stage::{Stage, listen};
use crate::tools;

const LOCAL: i32 = 7;
/// What is read before a reader goes away or stands still, in bytes.
const FIRST: u64 = 1000;
/// How long the slow one stands still: more than a pipe holds (half a second), less than the
/// program keeps (10 s).
const STANDSTILL: Duration = Duration::from_secs(5);
/// How long the slow one watches in all, and how much of it has to be written, in seconds.
const WATCHES: &str = "9";
const LEAST: f64 = 6.0;
/// How long a program may hold what nobody reads before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);

pub(super) fn check(checks: &mut Checks<'_>, scene: &Scene) -> Result<(), LabError> {
    let stage = checks.stage;
    let mut closes = Reader::start(stage, "reader.closes", &[])?;
    let mut never = Reader::start(stage, "reader.never_reads", &[])?;
    let mut slow = Reader::start(stage, "reader.slow", &["--duration", WATCHES])?;
    for reader in [&mut closes, &mut never, &mut slow] {
        reader.read_some()?;
    }
    drop(closes.output.take());
    let fault = closes.refused("standard output")?;
    checks.check("reader.closes", fault);

    stage.let_run(STANDSTILL)?;
    let written = slow.read_to_the_end()?;
    let ended = slow.ended()?;
    let fault = (ended != Some(0)).then(|| format!("exit code {ended:?}: {}", slow.errors()));
    checks.check("reader.slow", fault);
    checks.check("reader.slow_gets_everything", unlike(&scene.film, &written)?);

    let fault = never.refused("too slow")?;
    checks.check("reader.never_reads", fault);
    Ok(())
}

/// What is wrong with what was written while the film was sent over and over: it has to be long
/// enough, and the film's up to its first repetition.
fn unlike(film: &Film, written: &Path) -> Result<Option<String>, LabError> {
    let complaints = tools::complaints(written)?;
    let mut tracks = match packets::tracks(written) {
        Ok(tracks) => tracks,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let seconds = tracks.iter().map(Track::seconds).fold(f64::INFINITY, f64::min);
    for track in &mut tracks {
        let same_kind = film.tracks.iter().find(|other| other.kind == track.kind);
        let last = same_kind.and_then(|original| Some(&original.packets.last()?.parts));
        let end = track.packets.iter().position(|packet| Some(&packet.parts) == last);
        track.packets.truncate(end.map_or(usize::MAX, |end| end + 1));
    }
    let mut faults = compare(&film.tracks, &tracks).faults;
    faults.retain(|fault| !fault.contains("missing at the end"));
    if seconds < LEAST {
        faults.push(format!("only {seconds:.1} s"));
    }
    faults.extend(complaints.lines().take(1).map(str::to_owned));
    Ok((!faults.is_empty()).then(|| faults.join("; ")))
}

/// A program that writes a film to a pipe.
struct Reader<'a> {
    stage: &'a Stage,
    name: String,
    child: Child,
    output: Option<ChildStdout>,
    /// What was read before it stood still.
    head: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn start(stage: &'a Stage, name: &str, options: &[&str]) -> Result<Self, LabError> {
        let mut command = stage.quiet_program("watch");
        command.arg(format!("@{}", stage.link_file(ORIGIN).display()));
        command.args(["--output", "-"]).args(listen(0)).args(options);
        let errors = stage.file(&format!("{name}.err"));
        let errors = File::create(errors).map_err(LabError::io("create a log"))?;
        let mut child = tied(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(LabError::permission(format!("start {name}")))?;
        let output = child.stdout.take();
        Ok(Self { stage, name: name.into(), child, output, head: Vec::new() })
    }

    fn read_some(&mut self) -> Result<(), LabError> {
        if let Some(output) = &mut self.output {
            let read = output.take(FIRST).read_to_end(&mut self.head);
            read.map_err(LabError::io(format!("read from {}", self.name)))?;
        }
        if self.head.len() as u64 == FIRST {
            return Ok(());
        }
        Err(LabError::Program(format!("{} wrote nothing: {}", self.name, self.errors())))
    }

    /// Everything that it wrote, in a file.
    fn read_to_the_end(&mut self) -> Result<PathBuf, LabError> {
        let path = self.stage.file(&format!("{}.mp4", self.name));
        let mut file = File::create(&path).map_err(LabError::io("create a film"))?;
        file.write_all(&self.head).map_err(LabError::io("write a film"))?;
        if let Some(output) = &mut self.output {
            io::copy(output, &mut file).map_err(LabError::io("read a film"))?;
        }
        Ok(path)
    }

    /// Its exit code, when it ends in time and not by a signal.
    fn ended(&mut self) -> Result<Option<i32>, LabError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.child.try_wait().map_err(LabError::io("wait for a program"))?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status.and_then(|status| status.code()));
            }
            self.stage.let_run(LOOK)?;
        }
    }

    /// What is wrong with how it gave up; it has to say these words.
    fn refused(&mut self, words: &str) -> Result<Option<String>, LabError> {
        Ok(match self.ended()? {
            Some(LOCAL) => one_line(&self.errors(), words),
            other => Some(format!("exit code {other:?} instead of {LOCAL}: {}", self.errors())),
        })
    }

    fn errors(&self) -> String {
        // What can't be read is no line, and that is a fault of its own.
        fs::read_to_string(self.stage.file(&format!("{}.err", self.name))).unwrap_or_default()
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
