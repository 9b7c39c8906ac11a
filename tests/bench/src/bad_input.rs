//! Nonsense from every side: files, links, disks, readers, the network.
//!
//! What can't be done is refused with one clear line and the exit code of the contract. All the
//! while two viewers watch a broadcast, one of them fed by the other, and neither stalls.

mod links;
mod local;
mod media;
mod noise;
mod readers;

use std::process::{Command, Stdio};
use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::report::Report;

use crate::crowd::{Crowd, ORIGIN};
use crate::film::Film;
use crate::run::{Ended, Run};
use crate::stage::{Stage, free_udp_port, listen};

const FILM_BPS: u64 = 1_000_000;
/// Room for one copy and no second one (see `exact`).
const ORIGIN_SHARE: f64 = 1.6;
/// The bystanders' trees have formed.
const SETTLING: Duration = Duration::from_secs(2);
/// What is refused is refused within this; a file may first be played up to where it is cut.
const REFUSAL: Duration = Duration::from_secs(20);
/// A line for a person is at most this long.
const LINE: usize = 400;

/// What to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long noise is made
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    noise_seconds: u64,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let mut report = Report::new("bad-input", stage.seed());
    let film = Film::steady(stage, "film", (10, 1), FILM_BPS)?;
    let mut scene = Scene::set(stage, film)?;
    let playing = scene.crowd.wait_until_playing()?;
    report.at_least("bystanders_playing", playing as f64, scene.crowd.viewers.len() as f64);
    stage.let_run(SETTLING)?;
    let start = scene.crowd.now()?;
    let mut checks = Checks { stage, report: &mut report, failures: Vec::new() };
    media::check(&mut checks)?;
    links::check(&mut checks)?;
    local::check(&mut checks, &scene)?;
    readers::check(&mut checks, &scene)?;
    noise::check(&mut checks, &mut scene, Duration::from_secs(args.noise_seconds))?;
    let failures = std::mem::take(&mut checks.failures);
    report.explain("failures", failures);
    scene.crowd.wait_for_figures()?;
    let spans = scene.crowd.since(&start);
    let stalled = spans.iter().map(|span| span.as_ref().map_or(f64::NAN, |s| s.stalled_ms()));
    report.explain("bystanders_watched_ms", spans.iter().flatten().map(|s| s.ms()).sum::<f64>());
    report.at_most("bystanders_stalled_ms", stalled.sum(), 0.0);
    scene.crowd.leave(&mut report)?;
    Ok(report)
}

/// Those whom nothing may disturb, and where they can be thrown at.
struct Scene {
    film: Film,
    crowd: Crowd,
    /// The UDP ports of all of them, the broadcaster's first.
    ports: Vec<u16>,
}

impl Scene {
    fn set(stage: &Stage, film: Film) -> Result<Self, LabError> {
        let ports = vec![free_udp_port()?, free_udp_port()?, free_udp_port()?];
        let options = |number: usize| listen(ports.get(number).copied().unwrap_or(0));
        let mut live: Vec<String> = vec!["--loop".into()];
        live.extend(options(0));
        let limit = Some(film.rate * ORIGIN_SHARE);
        let origin = stage.broadcast(ORIGIN, &film.path, limit, &live)?;
        let watch =
            |number| stage.watch(&format!("viewer{number}"), ORIGIN, None, &options(number));
        let viewers = vec![watch(1)?, watch(2)?];
        Ok(Self { film, crowd: Crowd { origin, viewers }, ports })
    }
}

/// What was tried, and what came of it.
struct Checks<'a> {
    stage: &'a Stage,
    report: &'a mut Report,
    failures: Vec<String>,
}

impl Checks<'_> {
    /// One thing that has to be so; `fault` says what it is instead.
    fn check(&mut self, name: &str, fault: Option<String>) {
        self.report.at_least(name, f64::from(fault.is_none()), 1.0);
        self.failures.extend(fault.map(|fault| format!("{name}: {fault}")));
    }

    /// The program has to refuse a command with this exit code, and one line with these words.
    fn refused(
        &mut self,
        name: &str,
        command: Command,
        wanted: (i32, &str),
    ) -> Result<(), LabError> {
        self.refused_fed(name, command, Stdio::null(), wanted)
    }

    /// The same with something on standard input.
    fn refused_fed(
        &mut self,
        name: &str,
        command: Command,
        input: Stdio,
        (code, words): (i32, &str),
    ) -> Result<(), LabError> {
        let mut run = self.stage.start_fed(name, command, input)?;
        let ended = run.ended(REFUSAL)?;
        let stray = run.look(|log| log.stray_lines);
        let fault = match ended {
            Ended::Code(other) if other == code => one_line(&run.errors(), words),
            other => Some(format!("{other:?} instead of exit code {code}: {}", run.errors())),
        };
        let stray = (stray > 0).then(|| format!("{stray} lines on standard output are no events"));
        self.check(name, fault.or(stray));
        Ok(())
    }

    /// The program has to run on until it is asked to leave.
    fn leaves(&mut self, name: &str, mut run: Run) -> Result<(), LabError> {
        run.interrupt();
        let ended = run.ended(REFUSAL)?;
        let fault = (ended != Ended::Code(130)).then(|| format!("{ended:?}: {}", run.errors()));
        self.check(name, fault);
        Ok(())
    }
}

/// What is wrong with what should be one line for a person that contains these words.
fn one_line(said: &str, words: &str) -> Option<String> {
    let line = said.strip_suffix('\n').unwrap_or(said);
    let sound = line.starts_with("manyhands: ")
        && !line.contains('\n')
        && line.len() <= LINE
        && line.to_lowercase().contains(&words.to_lowercase());
    (!sound).then(|| format!("it should say in one line '{words}', and says: {said:?}"))
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn one_line_is_one_line_with_the_words() {
        assert_eq!(one_line("manyhands: the file is empty\n", "Empty"), None);
        for said in [
            "",
            "manyhands: it is empty\nmanyhands: and more\n",
            "the file is empty\n",
            "manyhands: not media\n",
            "thread 'main' panicked at src/main.rs: empty\n",
        ] {
            assert!(one_line(said, "empty").is_some(), "{said:?}");
        }
        assert!(one_line(&format!("manyhands: empty{}", "x".repeat(400)), "empty").is_some());
    }
}
