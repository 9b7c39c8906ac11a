//! The net splits in two for half a minute and heals: who is with the broadcaster sees nothing of it, and
//! the others go on at the live edge, by themselves and at once.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::error::LabError;
use crate::lab::Lab;
use crate::monitor::Seen;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Stats, next_stats};

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
/// What the broadcaster and each viewer may send, in rates of the film.
const ORIGIN_SHARE: f64 = 2.2;
const VIEWER_SHARE: f64 = 2.0;
/// The hosts of the half that has the broadcaster, and of the other one; the broadcaster is host 0.
const WITH: Range<usize> = 1..5;
const WITHOUT: Range<usize> = 5..9;
const JOINING: Duration = Duration::from_secs(20);
/// Until all know how late pieces come.
const SETTLING: Duration = Duration::from_secs(8);
const SPLIT: Duration = Duration::from_secs(30);
/// After the net has healed, at most, in milliseconds.
const BACK: f64 = 2_000.0;
/// Whoever takes longer doesn't come back by itself.
const WAITING: Duration = Duration::from_secs(20);
/// Until latencies are what they were.
const CALMING: Duration = Duration::from_secs(8);
/// A picture this much later than before is not at the live edge, in milliseconds.
const LATER: f64 = 500.0;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("partition", order.seed);
    let mut lab = Lab::new(order.seed)?;
    lab.add("origin", stage.line(RTT, 0.0))?;
    for number in 1..WITHOUT.end {
        lab.add(&format!("viewer{number}"), stage.line(RTT, 0.0))?;
    }
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut options = vec!["--loop".to_owned()];
    options.extend(Stage::upload_limit(film.rate() * ORIGIN_SHARE));
    options.extend(Stage::listen(lab.host(0)?));
    let origin = stage.broadcast(lab.host(0)?, &film, &options)?;
    let mut options = Vec::from(Stage::upload_limit(film.rate() * VIEWER_SHARE));
    options.extend(Stage::peer(lab.host(0)?));
    let mut viewers = Vec::new();
    for number in 1..WITHOUT.end {
        viewers.push(stage.watch(lab.host(number)?, &options)?);
    }
    for viewer in &viewers {
        viewer.expect("first_frame", JOINING)?;
    }
    stage.monitor().let_run(SETTLING)?;

    let before = next_stats(stage.monitor(), &viewers)?;
    split(&lab, true)?;
    stage.monitor().let_run(SPLIT)?;
    let apart = next_stats(stage.monitor(), &viewers)?;
    if !stage.is_sabotaged("no-healing") {
        split(&lab, false)?;
    }
    let back = back_after(stage, &viewers)?;
    stage.monitor().let_run(CALMING)?;
    let after = next_stats(stage.monitor(), &viewers)?;

    let stood = |from: &[Stats], to: &[Stats], who: Range<usize>| -> Vec<f64> {
        let pairs = from.iter().zip(to).map(|(from, to)| to.stalled_ms - from.stalled_ms);
        pairs.skip(who.start - 1).take(who.len()).collect()
    };
    let with = stood(&before, &apart, WITH);
    report.at_most("stood_with_the_broadcaster_ms", most(&with), 0.0);
    report.at_least("cut_off_ms", least(&stood(&before, &apart, WITHOUT)), 20_000.0);
    report.at_most("back_after_ms", most(&back), BACK);
    let later = before.iter().zip(&after).map(|(before, after)| match after.latency_ms {
        Some(after) => after - before.latency_ms.unwrap_or_default(),
        None => f64::INFINITY,
    });
    report.at_most("later_than_before_ms", most(&later.collect::<Vec<_>>()), LATER);
    report.at_most(
        "stood_with_the_broadcaster_afterwards_ms",
        most(&stood(&apart, &after, WITH)),
        0.0,
    );
    report.explain("stood_with_the_broadcaster_each_ms", with);
    report.explain("back_after_each_ms", back);
    report.explain("emulator", lab.effort()?.report());
    drop(origin);
    Ok(report)
}

fn split(lab: &Lab, blocked: bool) -> Result<(), LabError> {
    for near in std::iter::once(0).chain(WITH) {
        for far in WITHOUT {
            lab.set_blocked(near, far, blocked)?;
        }
    }
    Ok(())
}

/// After how many milliseconds the picture of each that was cut off goes on.
fn back_after(stage: &Stage, viewers: &[Program]) -> Result<Vec<f64>, LabError> {
    let since = Instant::now();
    let cut_off: Vec<&Program> = viewers.iter().skip(WITHOUT.start - 1).collect();
    let resumed = |seen: &Seen, viewer: &Program| {
        seen.logs.get(viewer.log()).map_or(0, |log| log.of_kind("resumed").count())
    };
    let had: Vec<usize> =
        stage.monitor().look(|seen| cut_off.iter().map(|viewer| resumed(seen, viewer)).collect());
    let mut back = vec![f64::INFINITY; cut_off.len()];
    stage.monitor().wait_for(WAITING, |seen| {
        for ((viewer, had), back) in cut_off.iter().zip(&had).zip(&mut back) {
            if back.is_infinite() && resumed(seen, viewer) > *had {
                *back = since.elapsed().as_secs_f64() * 1_000.0;
            }
        }
        back.iter().all(|back| back.is_finite()).then_some(())
    })?;
    Ok(back)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}
