//! Peers come and go badly: a viewer with children leaves, five of sixteen are killed at once, and
//! the broadcaster is killed and started again. Who stays goes on.
//!
//! The three happen one after another to the same crowd. A viewer's stall is what its playout clock
//! stood between the last figures before the event and the end of the watch after it.

use std::fs;
use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use manyhands_lab::machine::Load;
use manyhands_lab::report::Report;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::crowd::{COMING, Crowd, Moment, ORIGIN, ORIGIN_SHARE};
use crate::figures::quantile;
use crate::film::Film;
use crate::run::{Ended, Run};
use crate::stage::{Stage, listen};
use crate::watched::{Span, Stats};

const VIEWER_SHARE: f64 = 2.0;
/// Before the first event: the trees have formed.
const SETTLING: Duration = Duration::from_secs(4);
/// How long the others are watched after an event; every stall of its making is over by then.
const AFTER: Duration = Duration::from_secs(10);
/// Handing children over takes about a second by the design.
const LEAVING: Duration = Duration::from_secs(10);
/// From the broadcaster's return until everybody has to play again.
const RETURNING: Duration = Duration::from_secs(20);
/// Stream time between two figures (which come once a second) of a viewer that plays.
const PLAYS_MS: f64 = 500.0;

/// How bad it gets.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many viewers
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(4..=64))]
    viewers: u16,
    /// How many of them are killed at once
    #[arg(long, default_value_t = 5)]
    kill: u16,
    /// Seconds from the broadcaster's death to its return
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=20))]
    gap: u64,
    /// The film's rate in bits a second
    #[arg(long, default_value_t = 2_000_000)]
    bps: u64,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let film = Film::steady(stage, "film", (12, 1), args.bps)?;
    let limits = vec![Some(film.rate * VIEWER_SHARE); usize::from(args.viewers)];
    let mut crowd = Crowd::gather(stage, &film, Some(film.rate * ORIGIN_SHARE), &limits, COMING)?;
    let playing = crowd.wait_until_playing()?;
    let mut report = Report::new("loss", stage.seed());
    report.at_least("viewers_playing", playing as f64, f64::from(args.viewers));
    stage.let_run(SETTLING)?;
    let load = Load::now()?;
    one_leaves(stage, &mut crowd, &mut report)?;
    some_are_killed(stage, &mut crowd, usize::from(args.kill), &mut report)?;
    the_broadcaster_returns(stage, &mut crowd, &film, args, &mut report)?;
    report.set_machine_cpu(Load::now()?.share_since(load));
    crowd.leave(&mut report)?;
    Ok(report)
}

/// Ctrl-C of the viewer that feeds most: nobody notices.
fn one_leaves(stage: &Stage, crowd: &mut Crowd, report: &mut Report) -> Result<(), LabError> {
    let leaver = crowd.busiest();
    let fed = crowd.newest(leaver).map_or(0, |stats| stats.feeds());
    report.at_least("leave.substreams_it_fed", f64::from(fed), 1.0);
    let mut leaver = crowd.viewers.remove(leaver);
    let moment = crowd.now()?;
    let asked = Instant::now();
    leaver.interrupt();
    let in_order = leaver.ended(LEAVING)? == Ended::Code(130);
    report.at_least("leave.in_good_order", f64::from(in_order), 1.0);
    report.explain("leave.took_ms", asked.elapsed().as_millis() as u64);
    stage.let_run(AFTER)?;
    judge_others(crowd, &moment, ("leave", 0.0), report);
    Ok(())
}

/// kill -9 of several at once.
fn some_are_killed(
    stage: &Stage,
    crowd: &mut Crowd,
    count: usize,
    report: &mut Report,
) -> Result<(), LabError> {
    crowd.viewers.shuffle(&mut ChaCha8Rng::seed_from_u64(stage.seed()));
    let at = crowd.viewers.len().saturating_sub(count);
    let fed = (at..crowd.viewers.len()).filter_map(|viewer| crowd.newest(viewer));
    report.explain("kill.substreams_they_fed", fed.map(|stats| stats.feeds()).sum::<u32>());
    let moment = crowd.now()?;
    // Dropping a run kills it.
    drop(crowd.viewers.split_off(at));
    stage.let_run(AFTER)?;
    judge_others(crowd, &moment, ("kill", 500.0), report);
    Ok(())
}

fn judge_others(
    crowd: &mut Crowd,
    moment: &Moment,
    (event, bound): (&str, f64),
    report: &mut Report,
) {
    let all = crowd.viewers.len() as f64;
    let spans: Vec<Span> = crowd.since(moment).into_iter().flatten().collect();
    let alive = crowd.viewers.iter_mut().filter_map(|viewer| viewer.is_running().then_some(()));
    report.at_least(&format!("{event}.others_alive"), alive.count() as f64, all);
    report.at_least(&format!("{event}.others_measured"), spans.len() as f64, all);
    let stalled = || spans.iter().map(Span::stalled_ms);
    report.at_most(&format!("{event}.stalled_ms_max"), quantile(stalled(), 1.0), bound);
    report.explain(&format!("{event}.stalled_ms"), stalled().collect::<Vec<_>>());
}

/// The broadcaster is killed and started again with the same state: the same link, the same
/// viewers.
fn the_broadcaster_returns(
    stage: &Stage,
    crowd: &mut Crowd,
    film: &Film,
    args: &Args,
    report: &mut Report,
) -> Result<(), LabError> {
    let read_link = || fs::read(stage.link_file(ORIGIN)).map_err(LabError::io("read the link"));
    let link = read_link()?;
    crowd.origin.kill();
    let died = Instant::now();
    stage.let_run(Duration::from_secs(args.gap))?;
    let mut options: Vec<String> = vec!["--loop".into()];
    options.extend(listen_as(&crowd.origin));
    let limit = Some(film.rate * ORIGIN_SHARE);
    crowd.origin = stage.broadcast(ORIGIN, &film.path, limit, &options)?;
    let back = Instant::now();
    let marks: Vec<usize> = crowd.viewers.iter().map(Run::mark).collect();
    let mut waited = Vec::new();
    for (viewer, mark) in crowd.viewers.iter().zip(marks) {
        let left = RETURNING.saturating_sub(back.elapsed());
        if let Some(position) = viewer.wait(left, |log| plays(log.events.get(mark..)?))? {
            waited.push(position);
        }
    }
    report.explain("restart.broadcaster_away_ms", (back - died).as_millis() as u64);
    report.at_least("restart.same_link", f64::from(read_link()? == link), 1.0);
    report.at_least("restart.play_again", waited.len() as f64, crowd.viewers.len() as f64);
    report.explain("restart.position_ms", &waited);
    report.explain("restart.all_again_after_ms", back.elapsed().as_millis() as u64);
    let alive = crowd.viewers.iter_mut().filter_map(|viewer| viewer.is_running().then_some(()));
    let alive = alive.count() as f64;
    report.at_least("restart.viewers_alive", alive, crowd.viewers.len() as f64);
    Ok(())
}

/// The address that a broadcaster had: its viewers know it.
fn listen_as(run: &Run) -> Vec<String> {
    let live = run.last("live").unwrap_or_default();
    let address = live.get("listen").and_then(|list| list.get(0)?.as_str().map(str::to_owned));
    address.map_or_else(|| listen(0).into(), |address| vec!["--listen".into(), address])
}

/// The position of a viewer that moves from one figure to the next, that gets new bytes, and that
/// is not late by more than a few seconds.
fn plays(events: &[Value]) -> Option<f64> {
    let stats = events.iter().filter(|event| event.get("event").is_some_and(|e| e == "stats"));
    let stats: Vec<Stats> = stats.filter_map(Stats::read).collect();
    let goes_on = stats.windows(2).find(|pair| match pair {
        [a, b] => {
            b.position_ms - a.position_ms >= PLAYS_MS
                && b.stream_bytes > a.stream_bytes
                && b.latency_ms.is_some_and(|ms| ms < 3000.0)
        }
        _ => false,
    });
    goes_on?.last().map(|stats| stats.position_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stats(position: u64, bytes: u64, latency: u64) -> Value {
        json!({"event": "stats", "t_ms": 1, "position_ms": position, "latency_ms": latency,
               "stalls": 0, "stalled_ms": 0, "stream_bytes": bytes, "depth": 2,
               "from": {"origin": 1, "peer": 1}, "links": [],
               "sent": {"media": 1, "repair": 1, "datagram": 1}})
    }

    #[test]
    fn playing_is_moving_on_with_new_bytes_and_not_late() {
        assert_eq!(plays(&[stats(1000, 10, 200)]), None);
        assert_eq!(plays(&[stats(1000, 10, 200), stats(1100, 20, 200)]), None, "it stands");
        assert_eq!(plays(&[stats(1000, 10, 200), stats(2000, 10, 200)]), None, "nothing came");
        assert_eq!(plays(&[stats(1000, 10, 200), stats(2000, 20, 9000)]), None, "long ago");
        let other = json!({"event": "resumed"});
        let events = [stats(9000, 10, 200), stats(100, 20, 200), other, stats(1100, 30, 200)];
        assert_eq!(plays(&events), Some(1100.0));
    }
}
