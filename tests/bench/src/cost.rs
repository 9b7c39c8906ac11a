//! What it costs to watch a stream of 2 Mbit/s and to pass it on twice.
//!
//! The broadcaster sends one copy; two viewers may send nothing, so the third feeds them. It is
//! the one that is measured: processor time and memory as the kernel counts them, and where the
//! time goes by `perf`, if it is allowed here.

use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::machine::Load;
use manyhands_lab::report::Report;
use serde_json::{Value, json};

use crate::crowd::{COMING, Crowd};
use crate::film::Film;
use crate::proc::Usage;
use crate::stage::Stage;
use crate::tools;

const FILM_BPS: u64 = 2_000_000;
/// Room for one copy of each substream and not for two (see `exact`).
const ORIGIN_SHARE: f64 = 1.6;
/// The helper may send this many copies; two viewers without upload need two.
const HELPER_SHARE: f64 = 3.0;
const SETTLING: Duration = Duration::from_secs(8);
/// From this length on memory must not grow, but for what an allocator keeps for itself, in MiB.
const LONG: Duration = Duration::from_secs(600);
const GROWTH_MIB: f64 = 2.0;
/// Wakes a second: the program rests for 4 ms between two (`desktop/src/runtime.rs`), and each rest has an
/// end that counts, too.
const WAKES: f64 = 500.0;
const MIB: f64 = 1024.0 * 1024.0;
/// Costs that are told.
const TOLD: usize = 3;

/// How long to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long to measure
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let mut report = Report::new("cost", stage.seed());
    let film = Film::steady(stage, "film", (12, 1), FILM_BPS)?;
    let limits = [Some(film.rate * HELPER_SHARE), Some(0.0), Some(0.0)];
    let mut crowd = Crowd::gather(stage, &film, Some(film.rate * ORIGIN_SHARE), &limits, COMING)?;
    let playing = crowd.wait_until_playing()?;
    report.at_least("viewers_playing", playing as f64, limits.len() as f64);
    // A long run begins to count when buffers have had their largest keyframes.
    let long = Duration::from_secs(args.seconds) >= LONG;
    stage.let_run(if long { SETTLING * 10 } else { SETTLING })?;

    let Some(helper) = crowd.viewers.first().map(crate::run::Run::pid) else { return Ok(report) };
    let (load, start, before) = (Load::now()?, crowd.now()?, Usage::of(helper)?);
    stage.let_run(Duration::from_secs(args.seconds))?;
    crowd.wait_for_figures()?;
    let (machine, after) = (Load::now()?.share_since(load), Usage::of(helper)?);

    let spans = crowd.since(&start);
    let passed_on = spans.first().and_then(|span| Some(span.as_ref()?.passed_on_ratio()));
    let stalled = spans.iter().flatten().map(|span| span.stalled_ms()).sum::<f64>();
    // Two copies are what it is about; a little comes from the broadcaster's spare room.
    report.at_least("passed_on_ratio", passed_on.unwrap_or(f64::NAN), 1.7);
    report.at_most("cpu_of_one_core", after.cpu_since(&before), 0.06);
    report.at_most("wakes_per_s", after.wakes_since(&before), WAKES);
    report.at_most("rss_mib", after.rss as f64 / MIB, 50.0);
    report.explain("peak_rss_mib", after.peak_rss as f64 / MIB);
    let growth = (after.rss as f64 - before.rss as f64) / MIB;
    if long {
        report.at_most("rss_growth_mib", growth, GROWTH_MIB);
    } else {
        report.explain("rss_growth_mib", growth);
    }
    report.explain("stalled_ms", stalled);
    report.explain("largest_costs", largest_costs(stage, helper, args.seconds.min(60).div_ceil(6)));
    report.set_machine_cpu(machine);
    crowd.leave(&mut report)?;
    Ok(report)
}

/// The functions in which the process spends most, or why that is not known.
fn largest_costs(stage: &Stage, pid: u32, seconds: u64) -> Value {
    let data = stage.file("perf.data");
    let record = format!("record -q -F 499 -p {pid} -o {{0}} -- sleep {seconds}");
    let report = "report -q --no-children --percent-limit 0.5 --sort symbol --stdio -i {0}";
    let said =
        tools::run("perf", &record, &[&data]).and_then(|_| tools::run("perf", report, &[&data]));
    match said {
        Ok(said) => json!(costs(&said)),
        Err(error) => json!(format!("not known: {error}")),
    }
}

/// Lines such as `  12.34%  [.] name` of perf's report.
fn costs(report: &str) -> Vec<Value> {
    let line = |line: &str| {
        let (share, symbol) = line.trim().split_once('%')?;
        let share = share.trim().parse::<f64>().ok()?;
        // Columns that are not asked for may follow, far behind.
        let symbol = symbol.trim().split("  ").next()?;
        Some(json!({"share": share / 100.0, "symbol": symbol}))
    };
    report.lines().filter_map(line).take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perf_is_read() {
        let said = "\n    12.50%  [.] blake3::compress    -   -\n     9.00%  [k] copy\n# x\n 1.00%  [.] c\n\
                    0.60%  [.] d\n";
        let first = json!({"share": 0.125, "symbol": "[.] blake3::compress"});
        assert_eq!(costs(said)[0], first);
        assert_eq!(costs(said).len(), TOLD);
        assert_eq!(costs("error"), [Value::Null; 0]);
    }
}
