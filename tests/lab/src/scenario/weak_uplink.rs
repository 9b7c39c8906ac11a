//! A broadcaster whose line carries little more than one copy of the stream, and thirty viewers behind all
//! kinds of NAT, a third of them on lossy lines: they carry it to each other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::LabError;
use crate::lab::Lab;
use crate::link::{Line, Link};
use crate::machine::Load;
use crate::nat::Kind;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Watched, next_stats, quantile};

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(40);
/// What a third of the lines lose.
const LOSS: f64 = 0.03;
const LOSSY: usize = 3;
const VIEWERS: u16 = 30;
const SECONDS: u64 = 180;
/// The broadcaster's line, and what of it the broadcaster is told to use: the guide says a little less.
const UPLINK_BPS: u64 = 1_300_000;
const USED: f64 = 0.97;
/// What each viewer may send, in rates of the film.
const VIEWER_SHARE: f64 = 2.0;
/// Over which time they come.
const GATHERING: Duration = Duration::from_secs(15);
const JOINING: Duration = Duration::from_secs(20);
/// The promises: time that pictures stand, of all the time watched, and of anybody's.
const STALLED: f64 = 0.005;
const WORST: f64 = 0.03;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let count = order.viewers.unwrap_or(VIEWERS);
    let mut lab = Lab::new(order.seed)?;
    let line = stage.line(RTT, 0.0);
    let up = Link { rate: Some(UPLINK_BPS), ..line.up };
    lab.add("origin", Line { up, ..line })?;
    let mut kinds = BTreeMap::new();
    for (number, kind) in Kind::ALL.into_iter().cycle().take(count.into()).enumerate() {
        let loss = if number % LOSSY == 0 { LOSS } else { 0.0 };
        lab.add_behind(kind, &format!("viewer{number}"), stage.line(RTT, loss))?;
        *kinds.entry(kind.name()).or_insert(0) += 1;
    }
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut options = vec!["--loop".to_owned(), "--no-port-mapping".to_owned()];
    options.extend(Stage::upload_limit(UPLINK_BPS as f64 * USED));
    options.extend(Stage::listen(lab.host(0)?));
    let _origin = stage.broadcast(lab.host(0)?, &film, &options)?;

    let share = if stage.is_sabotaged("no-forward") { 0.0 } else { VIEWER_SHARE };
    let mut options = vec!["--no-port-mapping".to_owned()];
    options.extend(Stage::upload_limit(film.rate() * share));
    let mut viewers = Vec::new();
    for host in 1..=count.into() {
        viewers.push(stage.watch(lab.host(host)?, &options)?);
        stage.monitor().let_run(GATHERING / u32::from(count))?;
    }
    for viewer in &viewers {
        viewer.first("first_frame", JOINING)?;
    }
    let (load, effort) = (Load::now()?, lab.effort()?);
    let before = next_stats(stage.monitor(), &viewers)?;
    stage.monitor().let_run(Duration::from_secs(order.seconds.unwrap_or(SECONDS)))?;
    let after = next_stats(stage.monitor(), &viewers)?;
    let (machine, effort) = (Load::now()?.share_since(load), lab.effort()?.since(&effort));

    let mut report = Report::new("weak-uplink", order.seed);
    let gathered = before.iter().zip(&after);
    let stood: Vec<f64> =
        gathered.map(|(before, after)| after.stalled_ms - before.stalled_ms).collect();
    judge(stage, &viewers, &mut report);
    report.explain("stood_after_gathering_ms", stood);
    report.explain("film_bps", film.rate().round());
    report.explain("kinds", kinds);
    report.explain("origin_traffic", lab.traffic(0)?);
    report.explain("emulator", effort.report());
    report.set_machine_cpu(machine);
    Ok(report)
}

/// Everything since each one's first frame counts, also while the others still come.
fn judge(stage: &Stage, viewers: &[Program], report: &mut Report) {
    let watched: Vec<Watched> = stage.monitor().look(|seen| {
        let logs = viewers.iter().filter_map(|viewer| seen.logs.get(viewer.log()));
        logs.filter_map(Watched::read).collect()
    });
    let sum = |of: fn(&Watched) -> f64| watched.iter().map(of).sum::<f64>();
    let share = |w: &Watched| w.stalled_ms / w.watched_ms;
    report.at_least("viewers_playing", watched.len() as f64, viewers.len() as f64);
    report.at_most("stall_ratio", sum(|w| w.stalled_ms) / sum(|w| w.watched_ms), STALLED);
    report.at_most(
        "stall_ratio_worst_viewer",
        watched.iter().map(share).fold(0.0, f64::max),
        WORST,
    );
    report.explain("viewers", &watched);
    for (name, share) in [("startup_ms_p50", 0.5), ("startup_ms_p95", 0.95)] {
        report.explain(name, quantile(watched.iter().map(|w| w.startup_ms), share));
    }
    report.explain("latency_ms_p50", quantile(watched.iter().filter_map(|w| w.latency_ms), 0.5));
}
