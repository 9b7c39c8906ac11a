//! Five minutes in which much goes wrong: lossy lines, three kinds of NAT, a viewer that feeds others dies,
//! another moves to another network, the broadcaster's program dies and is started again, by the same link.
//! Who stays sees next to nothing of it, by the programs' own count of how long their clocks stood.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::error::LabError;
use crate::host::Stand;
use crate::lab::Lab;
use crate::machine::Load;
use crate::nat::Kind;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Stats, next_stats};
use crate::scenario::stage::{Film, PORT};

const FILM_SECONDS: u64 = 20;
const FILM_BPS: u64 = 2_000_000;
/// Frames between two keyframes: 2 s.
const GOP: u32 = 60;
const RTT: Duration = Duration::from_millis(80);
const LOSS: f64 = 0.03;
/// What each may send, in rates of the film.
const ORIGIN_SHARE: f64 = 2.5;
const VIEWER_SHARE: f64 = 2.0;
const SECONDS: u64 = 300;
const JOINING: Duration = Duration::from_secs(20);
const ORIGIN: usize = 0;
/// The viewer that dies and the one that moves; those behind NATs come after them.
const VICTIM: usize = 1;
const MOVER: usize = 2;
const BEHIND: [Kind; 3] = [Kind::FullCone, Kind::PortRestricted, Kind::SymmetricCounting];
const VIEWERS: usize = 7;
/// The promise: how much of the time a picture may stand.
const STALLED: f64 = 0.01;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("bad-day", order.seed);
    let lab = network(stage)?;
    let film = stage.film_with_gop(FILM_SECONDS, FILM_BPS, GOP)?;
    let mut origin = Some(go_live(stage, &lab, &film)?);
    let mut viewers = Vec::new();
    for number in VICTIM..=VIEWERS {
        let host = lab.host(number)?;
        let mut options = vec!["--no-port-mapping".to_owned()];
        options.extend(["--listen".into(), format!("0.0.0.0:{PORT}")]);
        options.extend(Stage::upload_limit(film.rate() * VIEWER_SHARE));
        viewers.push(stage.watch(host, &options)?);
    }
    for viewer in &viewers {
        viewer.expect("first_frame", JOINING)?;
    }
    let (load, begun) = (Load::now()?, Instant::now());
    let until = |share: f64| {
        let seconds = order.seconds.unwrap_or(SECONDS) as f64 * share;
        stage.monitor().let_run(Duration::from_secs_f64(seconds).saturating_sub(begun.elapsed()))
    };

    let mut days = vec![("all well", next_stats(stage.monitor(), &viewers)?)];
    until(0.2)?;
    days.push(("a kill", next_stats(stage.monitor(), &viewers)?));
    // Who dies doesn't stay: from here on the first of the others is the one that moves.
    drop(viewers.remove(0));
    for (_, stats) in &mut days {
        stats.remove(0);
    }
    until(0.4)?;
    days.push(("a move", next_stats(stage.monitor(), &viewers)?));
    lab.host(MOVER)?.stand(Stand::Second)?;
    until(0.6)?;
    days.push(("a restart", next_stats(stage.monitor(), &viewers)?));
    drop(origin.take());
    if !stage.is_sabotaged("no-restart") {
        origin = Some(go_live(stage, &lab, &film)?);
    }
    until(1.0)?;
    let last = next_stats(stage.monitor(), &viewers)?;
    let watched = begun.elapsed().as_secs_f64() * 1_000.0;
    drop(origin);

    judge(&viewers, &days, &last, watched, &mut report);
    report.explain("emulator", lab.effort()?.report());
    report.set_machine_cpu(Load::now()?.share_since(load));
    Ok(report)
}

fn network(stage: &Stage) -> Result<Lab, LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let line = stage.line(RTT, LOSS);
    lab.add("origin", line)?;
    lab.add("victim", line)?;
    lab.add_roaming("mover", line)?;
    for (number, kind) in BEHIND.into_iter().cycle().take(VIEWERS - MOVER).enumerate() {
        lab.add_behind(kind, &format!("viewer{number}"), line)?;
    }
    Ok(lab)
}

fn go_live(stage: &Stage, lab: &Lab, film: &Film) -> Result<Program, LabError> {
    let host = lab.host(ORIGIN)?;
    let mut options = vec!["--loop".to_owned(), "--no-port-mapping".to_owned()];
    options.extend(Stage::upload_limit(film.rate() * ORIGIN_SHARE));
    options.extend(Stage::listen(host));
    stage.broadcast(host, film, &options)
}

/// What of it each one's picture stood, and after what.
fn judge(
    viewers: &[Program],
    days: &[(&str, Vec<Stats>)],
    last: &[Stats],
    watched: f64,
    report: &mut Report,
) {
    let mut stood = Vec::new();
    let mut parts = Vec::new();
    for (place, viewer) in viewers.iter().enumerate() {
        let at = |stats: &[Stats]| stats.get(place).map_or(f64::NAN, |stats| stats.stalled_ms);
        let ends = days.iter().skip(1).map(|(_, stats)| at(stats)).chain([at(last)]);
        let each = days.iter().zip(ends).map(|((what, begin), end)| json!([what, end - at(begin)]));
        parts.push(json!({ "viewer": viewer.name(), "stood_ms": each.collect::<Vec<_>>() }));
        stood.push((at(last) - days.first().map_or(f64::NAN, |(_, first)| at(first))) / watched);
    }
    let worst = stood
        .iter()
        .copied()
        .fold(0.0, |worst, share| if share > worst || share.is_nan() { share } else { worst });
    report.at_least("viewers_that_stayed", stood.len() as f64, VIEWERS as f64 - 1.0);
    report.at_most("stall_ratio_worst_viewer", worst, STALLED);
    let playing = last.iter().filter(|stats| stats.latency_ms.is_some()).count();
    report.at_least("playing_in_the_end", playing as f64, VIEWERS as f64 - 1.0);
    report.explain("stall_ratio_each", stood);
    report.explain("stood", parts);
    report.explain("latency_ms", last.iter().map(|stats| stats.latency_ms).collect::<Vec<_>>());
}
