//! How long a newcomer waits for its first frame, in a crowd that runs.
//!
//! Newcomers come one after another and leave again in good order, at moments that have nothing to
//! do with the film's keyframes. Measured from the start of the process to the event's arrival
//! here, so that the program's own start counts.

use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use manyhands_lab::machine::Load;
use manyhands_lab::report::Report;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::crowd::{COMING, Crowd, ORIGIN, ORIGIN_SHARE};
use crate::figures::quantile;
use crate::film::Film;
use crate::run::{Ended, Run};
use crate::stage::{Stage, listen};

const FILM_BPS: u64 = 1_000_000;
const VIEWER_SHARE: f64 = 2.0;
/// A newcomer without a first frame after so long never gets one: a keyframe comes each 10 s.
const PATIENCE: Duration = Duration::from_secs(25);
/// Newcomers that are about to leave, at most: the crowd stays as large as it is.
const LEAVING: Duration = Duration::from_secs(10);

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many viewers are there already
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    viewers: u16,
    /// How many newcomers are measured for each length of the group of pictures
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=500))]
    newcomers: u16,
    /// Seconds from keyframe to keyframe (repeatable) [default: 1, 2, 10]
    #[arg(long, value_name = "SECONDS")]
    gop: Vec<u64>,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let mut report = Report::new("startup", stage.seed());
    let gops = if args.gop.is_empty() { &[1, 2, 10][..] } else { &args.gop };
    let load = Load::now()?;
    for gop in gops {
        let waited = newcomers(stage, args, *gop)?;
        let of = |share| quantile(waited.iter().filter_map(|w| w.wall_ms), share);
        let arrived = waited.iter().filter(|w| w.wall_ms.is_some()).count();
        let name = |what: &str| format!("gop_{gop}s.{what}");
        report.at_least(&name("first_frames"), arrived as f64, waited.len() as f64);
        if *gop == 1 {
            report.at_most(&name("first_frame_ms_p50"), of(0.5), 400.0);
            report.at_most(&name("first_frame_ms_p95"), of(0.95), 1000.0);
        }
        report.explain(&name("details"), details(&waited));
    }
    report.set_machine_cpu(Load::now()?.share_since(load));
    Ok(report)
}

/// A newcomer's wait.
struct Waited {
    /// From process start to the event; `None` when there was no first frame.
    wall_ms: Option<f64>,
    /// What the program says of itself.
    own: Value,
    ended: Ended,
}

fn details(waited: &[Waited]) -> Value {
    let wall = || waited.iter().filter_map(|w| w.wall_ms);
    let own = |name: &'static str| waited.iter().filter_map(move |w| w.own.get(name)?.as_f64());
    let in_order = waited.iter().filter(|w| w.ended == Ended::Code(130)).count();
    json!({
        "p50_ms": quantile(wall(), 0.5), "p95_ms": quantile(wall(), 0.95),
        "max_ms": quantile(wall(), 1.0),
        "startup_ms_p50": quantile(own("startup_ms"), 0.5),
        "startup_ms_p95": quantile(own("startup_ms"), 0.95),
        "first_latency_ms_p50": quantile(own("latency_ms"), 0.5),
        "left_in_good_order": in_order,
        "all_ms": wall().map(f64::round).collect::<Vec<_>>(),
    })
}

fn newcomers(stage: &Stage, args: &Args, gop: u64) -> Result<Vec<Waited>, LabError> {
    let film = Film::steady(stage, &format!("gop{gop}"), (20, gop), FILM_BPS)?;
    let limits = vec![Some(film.rate * VIEWER_SHARE); usize::from(args.viewers)];
    let crowd = Crowd::gather(stage, &film, Some(film.rate * ORIGIN_SHARE), &limits, COMING)?;
    crowd.wait_until_playing()?;
    let mut random = ChaCha8Rng::seed_from_u64(stage.seed());
    let mut waited = Vec::new();
    let mut leaving: Option<(Run, Option<f64>, Value)> = None;
    for number in 0..args.newcomers {
        // A second has to pass anyway until the last one has gone; never in step with keyframes.
        stage.let_run(Duration::from_millis(random.random_range(200..1200)))?;
        let (name, limit) = (format!("gop{gop}.newcomer{number}"), film.rate * VIEWER_SHARE);
        let start = Instant::now();
        let run = stage.watch(&name, ORIGIN, Some(limit), &listen(0))?;
        let first = run.first("first_frame", PATIENCE)?;
        let wall_ms = first.as_ref().map(|_| start.elapsed().as_secs_f64() * 1000.0);
        run.interrupt();
        waited.extend(leaving.take().map(see_off).transpose()?);
        leaving = Some((run, wall_ms, first.unwrap_or_default()));
    }
    waited.extend(leaving.map(see_off).transpose()?);
    Ok(waited)
}

fn see_off((mut run, wall_ms, own): (Run, Option<f64>, Value)) -> Result<Waited, LabError> {
    Ok(Waited { wall_ms, own, ended: run.ended(LEAVING)? })
}
