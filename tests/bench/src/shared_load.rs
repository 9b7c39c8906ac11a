//! A broadcaster that may send 2.2 copies serves everybody, because everybody passes on.
//!
//! The film has 2 Mbit/s (0.8 for more than 16 viewers); each viewer may send two copies, or, when
//! some may send nothing, the others three. Origin egress is everything on its socket over the
//! bytes of the stream in the same stretch; latency and stalls are of the same stretch, too.

use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::machine::Load;
use manyhands_lab::report::Report;

use crate::crowd::{Crowd, ORIGIN_SHARE};
use crate::figures::{histogram, quantile};
use crate::film::Film;
use crate::proc::Usage;
use crate::stage::{Stage, Upload};
use crate::watched::Span;

/// Between 7 and 8 of 8 substreams: more than this from the origin means all from the origin.
const FED_BY_ORIGIN: f64 = 15.0 / 16.0;
/// Up to so many viewers the promises about latency hold (issue A).
const SMALL: u16 = 16;

/// How large the crowd is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many viewers
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=128))]
    viewers: u16,
    /// How many of them may send nothing
    #[arg(long, value_name = "M", default_value_t = 0)]
    zero_upload: u16,
    /// How long to measure
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
    /// Over how many seconds they come; 0: all at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=600))]
    over: u64,
    /// The film's rate in bits a second [default: 2000000, and 800000 for more than 16 viewers]
    #[arg(long)]
    bps: Option<u64>,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let bps = args.bps.unwrap_or(if args.viewers > SMALL { 800_000 } else { 2_000_000 });
    let film = Film::steady(stage, "film", (12, 1), bps)?;
    let limits = limits(args, film.rate);
    let over = Duration::from_secs(args.over);
    let mut crowd = Crowd::gather(stage, &film, Some(film.rate * ORIGIN_SHARE), &limits, over)?;
    let playing = crowd.wait_until_playing()?;

    let mut report = Report::new("shared-load", stage.seed());
    report.at_least("viewers_playing", playing as f64, f64::from(args.viewers));
    let (load, start, usage) = (Load::now()?, crowd.now()?, usages(&crowd)?);
    stage.let_run(Duration::from_secs(args.seconds))?;
    crowd.wait_for_figures()?;
    let (machine, used) = (Load::now()?.share_since(load), usages(&crowd)?);
    let origin = crowd.origin_since(&start)?;
    let spans: Vec<Span> = crowd.since(&start).into_iter().flatten().collect();

    report.at_least("viewers_measured", spans.len() as f64, f64::from(args.viewers));
    report.at_most("origin_egress_ratio", origin.egress_ratio(), ORIGIN_SHARE);
    judge(&spans, args.viewers <= SMALL, &mut report);
    let share = |of: usize| used.get(of).zip(usage.get(of)).map(|(b, a)| b.cpu_since(a));
    report.explain("film_bps", film.rate.round());
    report.explain("seconds", origin.ms() / 1000.0);
    report.explain("cpu_of_origin", share(0));
    report.explain("cpu_of_viewer_p50", quantile((1..used.len()).filter_map(share), 0.5));
    report.explain("cpu_of_all", (0..used.len()).filter_map(share).sum::<f64>());
    report.set_machine_cpu(machine);
    crowd.leave(&mut report)?;
    Ok(report)
}

/// Those who may send nothing are spread evenly over the others, so that neither come first.
fn limits(args: &Args, rate: f64) -> Vec<Upload> {
    let (all, zero) = (u32::from(args.viewers), u32::from(args.zero_upload.min(args.viewers)));
    let share = if zero > 0 { 3.0 } else { 2.0 };
    let is_zero = |n: u32| (n + 1) * zero / all > n * zero / all;
    (0..all).map(|n| Some(if is_zero(n) { 0.0 } else { rate * share })).collect()
}

fn judge(spans: &[Span], small: bool, report: &mut Report) {
    let sum = |of: fn(&Span) -> f64| spans.iter().map(of).sum::<f64>();
    // From each viewer's first frame on; its figures start with its process.
    report.at_most("stalled_ms", sum(|span| span.last.stalled_ms), 0.0);
    report.explain("stalled_ms_while_gathering", sum(|span| span.before.stalled_ms));
    report.explain("stalls", sum(|span| span.last.stalls));
    report.explain("stall_ratio", sum(Span::stalled_ms) / sum(Span::ms));
    let deepest = spans.iter().flat_map(|span| &span.during).map(|stats| stats.depth).max();
    report.at_least("depth_reached", f64::from(deepest.unwrap_or(0)), 3.0);
    report.explain("depth_histogram", histogram(spans.iter().map(|span| span.last.depth)));
    let origin_share = |span: &Span| {
        let (origin, peer) = span.came();
        origin / (origin + peer)
    };
    // One that got nothing at all is not fed by others either.
    let alone = spans.iter().filter(|span| origin_share(span) <= FED_BY_ORIGIN).count();
    let alone = spans.len() - alone;
    report.at_most("viewers_fed_by_origin_alone", alone as f64, 0.0);
    report.explain("origin_share_p50", quantile(spans.iter().map(origin_share), 0.5));
    report.explain("passed_on_ratio_max", quantile(spans.iter().map(Span::passed_on_ratio), 1.0));
    let latencies = || {
        let stats = spans.iter().flat_map(|span| &span.during);
        stats.filter_map(|stats| stats.latency_ms)
    };
    for (name, share, target) in [("latency_ms_p50", 0.5, 300.0), ("latency_ms_p95", 0.95, 500.0)] {
        let value = quantile(latencies(), share);
        if small { report.at_most(name, value, target) } else { report.explain(name, value) }
    }
    let last = spans.iter().filter_map(|span| span.last.latency_ms);
    report.explain("latency_ms_p50_at_the_end", quantile(last, 0.5));
    let wanted = spans.iter().filter_map(|span| span.last.target_ms);
    report.explain("target_ms_p50_at_the_end", quantile(wanted, 0.5));
    let tens = latencies().map(|ms| (ms / 50.0).floor() as i64 * 50);
    report.explain("latency_ms_histogram", histogram(tens));
}

/// The broadcaster's, then the viewers'.
fn usages(crowd: &Crowd) -> Result<Vec<Usage>, LabError> {
    let all = [&crowd.origin].into_iter().chain(&crowd.viewers);
    all.map(|run| Usage::of(run.pid())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_without_upload_are_spread() {
        let limits = |viewers, zero_upload| {
            limits(&Args { viewers, zero_upload, seconds: 9, over: 0, bps: None }, 10.0)
        };
        assert_eq!(limits(3, 0), [Some(20.0); 3]);
        assert_eq!(limits(4, 2), [Some(30.0), Some(0.0), Some(30.0), Some(0.0)]);
        assert_eq!(limits(16, 8).iter().filter(|limit| **limit == Some(0.0)).count(), 8);
        assert_eq!(limits(2, 9), [Some(0.0); 2]);
    }
}
