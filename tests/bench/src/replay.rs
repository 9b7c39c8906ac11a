//! The overlay is a function of its inputs, on real sockets too: what each node of a run was told is
//! told once more to a fresh overlay, and that answers the same, call by call.
//!
//! The run has a broadcaster and viewers that feed each other, some of whom give nothing; in the
//! middle the busiest is killed, and the next one leaves in good order. The program has to be built
//! with the feature `journal`.

use std::fs::{self, File};
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use manyhands_lab::machine::Load;
use manyhands_lab::report::Report;
use manyhands_swarm::journal::{Journal, Replayed};
use serde_json::Value;

use crate::crowd::{COMING, Crowd, ORIGIN, ORIGIN_SHARE};
use crate::film::Film;
use crate::run::{Ended, Run};
use crate::stage::{Sabotage, Stage, Upload};

const NAME: &str = "replay";
/// Every fourth viewer gives nothing; the others carry them along.
const ZERO_UPLOAD: usize = 4;
const VIEWER_SHARE: f64 = 3.0;
/// Handing children over takes about a second by the design.
const LEAVING: Duration = Duration::from_secs(10);
/// Things to do, pieces that leave and verdicts of a node in a second, at least; each has dozens.
const OUTPUTS: f64 = 20.0;
/// Who was killed may have been writing.
const CUT_OFF: f64 = 1.0;

/// How large the run is, or which journal to replay instead.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many viewers
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(4..=64))]
    viewers: u16,
    /// For how long they run once all are there
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=3600))]
    seconds: u64,
    /// The film's rate in bits a second
    #[arg(long, default_value_t = 800_000)]
    bps: u64,
    /// Replay this journal, without a run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["viewers", "seconds", "bps"])]
    pub(crate) journal: Option<PathBuf>,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    stage.keep_journals();
    let film = Film::steady(stage, "film", (12, 1), args.bps)?;
    let limits = limits(args.viewers, film.rate);
    let mut crowd = Crowd::gather(stage, &film, Some(film.rate * ORIGIN_SHARE), &limits, COMING)?;
    if !stage.journals(ORIGIN).is_dir() {
        let build = "build it with --features manyhands/journal";
        return Err(LabError::Usage(format!("the program keeps no journal: {build}")));
    }
    let mut report = Report::new(NAME, stage.seed());
    let playing = crowd.wait_until_playing()?;
    report.at_least("viewers_playing", playing as f64, f64::from(args.viewers));

    let load = Load::now()?;
    let half = Duration::from_secs(args.seconds) / 2;
    stage.let_run(half)?;
    let mut killed = crowd.viewers.remove(crowd.busiest());
    killed.kill();
    let mut leaver = crowd.viewers.remove(crowd.busiest());
    leaver.interrupt();
    let in_order = leaver.ended(LEAVING)? == Ended::Code(130);
    report.at_least("leaver_in_good_order", f64::from(in_order), 1.0);
    stage.let_run(half)?;
    report.explain("machine_cpu_of_the_run", Load::now()?.share_since(load));
    crowd.leave(&mut report)?;

    let (mut journals, mut lives) = (Vec::new(), Vec::new());
    for run in crowd.viewers.iter().chain([&crowd.origin, &killed, &leaver]) {
        for file in files(&stage.journals(run.name()))? {
            journals.push((run.name().to_owned(), file));
            lives.push(life_s(run));
        }
    }
    let open = journals.iter().filter(|(_, file)| is_open_to_others(file)).count();
    report.at_most("journals_open_to_others", open as f64, 0.0);
    let nodes = replay(&journals, stage.is_sabotaged(Sabotage::OtherSeed), &mut report)?;
    let outputs = nodes.iter().map(outputs).sum::<f64>();
    let to_the_end = nodes.iter().zip(lives).filter(|(node, life)| seconds(node) >= *life).count();
    let all = f64::from(args.viewers) + 1.0;
    report.at_least("nodes_replayed", nodes.len() as f64, all);
    report.at_least("nodes_replayed_to_their_end", to_the_end as f64, all);
    report.at_least("outputs_compared", outputs, nodes.iter().map(seconds).sum::<f64>() * OUTPUTS);
    Ok(report)
}

/// Replays one journal of an earlier run.
pub(crate) fn one(path: &Path, seed: u64, with_other_seed: bool) -> Result<Report, LabError> {
    let mut report = Report::new(NAME, seed);
    let journal = (path.display().to_string(), path.to_owned());
    let nodes = replay(&[journal], with_other_seed, &mut report)?;
    report.at_least("outputs_compared", nodes.iter().map(outputs).sum(), 1.0);
    Ok(report)
}

/// Replays journals, each under the name of its node, and says what that has shown.
fn replay(
    journals: &[(String, PathBuf)],
    with_other_seed: bool,
    report: &mut Report,
) -> Result<Vec<Replayed>, LabError> {
    let begun = Instant::now();
    let (mut nodes, mut differences, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (name, path) in journals {
        let file = File::open(path).map_err(LabError::io(format!("open {}", path.display())))?;
        bytes += file.metadata().map_or(0, |about| about.len());
        let bad = |error| LabError::Usage(format!("{}: {error}", path.display()));
        let journal = Journal::open(BufReader::new(file)).map_err(bad)?;
        let mut config = journal.config().clone();
        config.seed ^= u64::from(with_other_seed);
        let replayed = journal.replay(config).map_err(bad)?;
        differences.extend(replayed.first.as_ref().map(|first| format!("{name}: {first}")));
        nodes.push(replayed);
    }
    let sum = |of: fn(&Replayed) -> u64| nodes.iter().map(of).sum::<u64>();
    report.at_most("answers_that_differ", sum(|node| node.different) as f64, 0.0);
    report.at_most("journals_cut_off", sum(|node| u64::from(node.cut_off)) as f64, CUT_OFF);
    report.explain("first_differences", differences);
    report.explain("steps", sum(|node| node.steps));
    report.explain("outputs", sum(|node| node.outputs));
    report.explain("transmits", sum(|node| node.transmits));
    report.explain("arrivals", sum(|node| node.arrivals));
    report.explain("seconds_of_all_nodes", nodes.iter().map(seconds).sum::<f64>());
    report.explain("journal_bytes", bytes);
    report.explain("replay_took_ms", begun.elapsed().as_millis() as u64);
    Ok(nodes)
}

/// What a node was asked to do, let leave and judged.
fn outputs(node: &Replayed) -> f64 {
    (node.outputs + node.transmits + node.arrivals) as f64
}

fn seconds(node: &Replayed) -> f64 {
    node.until.as_micros() as f64 / 1e6
}

/// A journal says who talked to whom.
fn is_open_to_others(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// For how long a program has told how it was, in seconds: a little less than its node has lived.
fn life_s(run: &Run) -> f64 {
    let ms = |event: Option<&Value>| event.and_then(|event| event.get("t_ms")?.as_f64());
    run.look(|log| {
        let first = ms(log.of_kind("stats").next()).unwrap_or(f64::NAN);
        (ms(log.of_kind("stats").next_back()).unwrap_or(f64::NAN) - first) / 1e3
    })
}

fn limits(viewers: u16, rate: f64) -> Vec<Upload> {
    let share = |n: usize| if n.is_multiple_of(ZERO_UPLOAD) { 0.0 } else { VIEWER_SHARE };
    (1..=usize::from(viewers)).map(|n| Some(rate * share(n))).collect()
}

/// The files of a directory, or none if it isn't there.
fn files(directory: &Path) -> Result<Vec<PathBuf>, LabError> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(LabError::io("list journals"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fourth_gives_nothing() {
        let limits = limits(16, 10.0);
        assert_eq!(limits.iter().filter(|limit| **limit == Some(0.0)).count(), 4);
        assert_eq!(limits.first(), Some(&Some(30.0)));
    }

    #[test]
    fn what_is_no_journal_is_an_error_of_one_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{}").unwrap();
        let error = one(file.path(), 1, false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().ends_with("this is no journal of this version"), "{error}");
        assert_eq!(one(Path::new("/nowhere/at.all"), 1, false).unwrap_err().exit_code(), 7);
    }
}
