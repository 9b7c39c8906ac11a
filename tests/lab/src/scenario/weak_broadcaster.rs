//! 16 viewers on a broadcaster with room for about two: they have to feed each other.
//!
//! Every pair of hosts is 40 ms apart (there and back) and loses 1 % of packets in each direction.
//! The film has 2 Mbit/s; the broadcaster may send 2.2 times that, each viewer twice.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::LabError;
use crate::lab::Lab;
use crate::machine::Load;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Stats, Watched, quantile};

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
const LOSS: f64 = 0.01;
/// What the broadcaster and each viewer may send, in rates of the film.
const ORIGIN_SHARE: f64 = 2.2;
const VIEWER_SHARE: f64 = 2.0;
/// Over which time they come, as in the bench on loopback.
const GATHERING: Duration = Duration::from_secs(8);
/// Until the first frame, at most; whoever takes longer doesn't play.
const JOINING: Duration = Duration::from_secs(20);
/// Two `stats` of the broadcaster, which come once a second.
const STATS: Duration = Duration::from_secs(5);
/// Between 7 and 8 of 8 substreams: more than this from the origin means all from the origin.
const FED_BY_ORIGIN: f64 = 15.0 / 16.0;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let count = usize::from(order.viewers.unwrap_or(16));
    let seconds = order.seconds.unwrap_or(60);
    let mut lab = Lab::new(order.seed)?;
    lab.add("origin", stage.line(RTT, LOSS))?;
    for number in 1..=count {
        lab.add(&format!("viewer{number}"), stage.line(RTT, LOSS))?;
    }
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;

    let mut options: Vec<String> = vec!["--loop".into()];
    options.extend(Stage::upload_limit(film.rate() * ORIGIN_SHARE));
    options.extend(Stage::listen(lab.host(0)?));
    let mut origin = stage.broadcast(lab.host(0)?, &film, &options)?;
    let mut viewers = start_viewers(stage, &lab, count, film.rate())?;
    for viewer in &viewers {
        viewer.first("first_frame", JOINING)?;
    }

    let used = || -> u64 { viewers.iter().chain([&origin]).map(Program::used).sum() };
    let (load, effort, used_before) = (Load::now()?, lab.effort()?, used());
    let start = Reading::next(&origin, &lab)?;
    stage.monitor().let_run(Duration::from_secs(seconds))?;
    let end = Reading::next(&origin, &lab)?;
    let (now, effort) = (Load::now()?, lab.effort()?.since(&effort));
    let programs = now.share_of(used() - used_before, load);

    let mut report = Report::new("weak-broadcaster", order.seed);
    report.explain("film_bps", film.rate().round());
    report.explain("seconds", end.t_ms / 1000.0 - start.t_ms / 1000.0);
    report.at_most("origin_egress_ratio", end.egress_since(&start), ORIGIN_SHARE);
    judge_viewers(stage, &viewers, &mut report);
    report.explain("origin_traffic", lab.traffic(0)?);
    report.explain("emulator", effort.report());
    report.explain("programs_share_of_machine_cpu", programs);
    report.set_machine_cpu(now.share_since(load));
    leave(&mut origin, &mut viewers, &mut report)?;
    Ok(report)
}

fn start_viewers(
    stage: &Stage,
    lab: &Lab,
    count: usize,
    film_bps: f64,
) -> Result<Vec<Program>, LabError> {
    let share = if stage.is_sabotaged("no-forward") { 0.0 } else { VIEWER_SHARE };
    let mut options: Vec<String> = Stage::upload_limit(film_bps * share).into();
    options.extend(Stage::peer(lab.host(0)?));
    let mut viewers = Vec::new();
    for number in 1..=count {
        viewers.push(stage.watch(lab.host(number)?, &options)?);
        stage.monitor().let_run(GATHERING / u32::try_from(count).unwrap_or(1))?;
    }
    Ok(viewers)
}

/// The broadcaster's own count of the stream and the kernel's of what it sent, at one moment.
struct Reading {
    t_ms: f64,
    stream_bytes: f64,
    wire_bytes: f64,
}

impl Reading {
    /// Right after the broadcaster's next `stats`, so that both counts are of the same moment.
    fn next(origin: &Program, lab: &Lab) -> Result<Self, LabError> {
        let event = origin.next("stats", STATS)?;
        let wire_bytes = lab.host(0)?.sent_bytes()? as f64;
        let stats = event.as_ref().and_then(Stats::read).ok_or_else(|| {
            let words = origin.last_words();
            LabError::Program(format!("the broadcaster gives no readable stats: {words}"))
        })?;
        Ok(Self { t_ms: stats.t_ms, stream_bytes: stats.stream_bytes, wire_bytes })
    }

    fn egress_since(&self, earlier: &Self) -> f64 {
        (self.wire_bytes - earlier.wire_bytes) / (self.stream_bytes - earlier.stream_bytes)
    }
}

fn judge_viewers(stage: &Stage, viewers: &[Program], report: &mut Report) {
    let (watched, deepest, stray) = stage.monitor().look(|seen| {
        let logs = || viewers.iter().filter_map(|viewer| seen.logs.get(viewer.log()));
        let watched: Vec<Watched> = logs().filter_map(Watched::read).collect();
        let stats = logs().flat_map(|log| log.of_kind("stats")).filter_map(Stats::read);
        let deepest = stats.map(|stats| stats.depth).max().unwrap_or(0);
        (watched, deepest, logs().map(|log| log.stray_lines).sum::<u64>())
    });
    let sum = |of: fn(&Watched) -> f64| watched.iter().map(of).sum::<f64>();
    let worst = watched.iter().map(|w| w.stalled_ms / w.watched_ms).fold(0.0, f64::max);
    let shared = |w: &&Watched| w.depth > 1 && w.origin_share <= FED_BY_ORIGIN;
    let alone = watched.len() - watched.iter().filter(shared).count();
    let mut depths = BTreeMap::new();
    for viewer in &watched {
        *depths.entry(viewer.depth).or_insert(0) += 1;
    }
    report.at_least("viewers_playing", watched.len() as f64, viewers.len() as f64);
    report.at_most("stall_ratio", sum(|w| w.stalled_ms) / sum(|w| w.watched_ms), 0.001);
    report.at_least("depth_reached", f64::from(deepest), 3.0);
    report.at_most("viewers_fed_by_origin_alone", alone as f64, 0.0);
    report.at_most("stray_output_lines", stray as f64, 0.0);
    report.explain("stall_ratio_worst_viewer", worst);
    report.explain("depth_histogram", depths);
    report.explain("viewers", &watched);
    for (name, share) in [("startup_ms_p50", 0.5), ("startup_ms_p95", 0.95)] {
        report.explain(name, quantile(watched.iter().map(|w| w.startup_ms), share));
    }
    for (name, share) in [("latency_ms_p50", 0.5), ("latency_ms_p95", 0.95)] {
        report.explain(name, quantile(watched.iter().filter_map(|w| w.latency_ms), share));
    }
}

/// Everybody leaves at once, in good order.
fn leave(
    origin: &mut Program,
    viewers: &mut [Program],
    report: &mut Report,
) -> Result<(), LabError> {
    viewers.iter().for_each(Program::ask_to_leave);
    let mut in_order = 0;
    for viewer in viewers.iter_mut() {
        in_order += u32::from(viewer.leave()? == Some(130));
    }
    in_order += u32::from(origin.leave()? == Some(130));
    report.at_least("left_in_good_order", f64::from(in_order), viewers.len() as f64 + 1.0);
    Ok(())
}
