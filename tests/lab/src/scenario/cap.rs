//! A cap is a cap: with demand for more, what a limited broadcaster puts on the wire stays under
//! its limit, over any ten seconds and, but for the bucket's depth, over any one; with and without loss.

use std::time::Duration;

use serde_json::json;

use crate::error::LabError;
use crate::lab::Lab;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::stage::Film;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
/// Under one copy of the film, about one, and about two; and what the lines lose.
const CASES: [(f64, f64); 4] = [(1e6, 0.0), (2.5e6, 0.01), (5e6, 0.0), (5e6, 0.05)];
/// Each would take a copy from the broadcaster.
const VIEWERS: u16 = 4;
/// A broadcaster that gives next to nothing keeps under every cap; this share of it has to be used
/// where a whole copy fits under the cap.
const USED: f64 = 0.5;
/// What a second may have more: the bucket's depth of 50 ms, a datagram that overdraws it (12 ms of the
/// smallest cap), and some milliseconds by which the emulator sees frames late.
const ANY_SECOND: f64 = 1.07;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let mut report = Report::new("cap", stage.order().seed);
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let (mut second, mut ten, mut used) = (0.0_f64, 0.0_f64, f64::INFINITY);
    let mut cases = Vec::new();
    for (cap, loss) in CASES {
        let sent = measure(stage, &film, cap, loss)?;
        second = second.max(sent.busiest_second / cap);
        ten = ten.max(sent.busiest_ten_seconds / cap);
        if cap > film.rate() {
            used = used.min(sent.mean / cap);
        }
        cases.push(json!({
            "cap_bps": cap, "loss": loss, "mean": sent.mean / cap,
            "busiest_second": sent.busiest_second / cap,
            "busiest_ten_seconds": sent.busiest_ten_seconds / cap,
        }));
    }
    report.at_most("busiest_second_over_cap", second, ANY_SECOND);
    report.at_most("busiest_ten_seconds_over_cap", ten, 1.01);
    report.at_least("mean_over_cap", used, USED);
    report.explain("cases", cases);
    Ok(report)
}

/// Bits a second of Ethernet frames.
struct Sent {
    busiest_second: f64,
    busiest_ten_seconds: f64,
    mean: f64,
}

fn measure(stage: &Stage, film: &Film, cap: f64, loss: f64) -> Result<Sent, LabError> {
    let viewers = stage.order().viewers.unwrap_or(VIEWERS);
    let seconds = stage.order().seconds.unwrap_or(25);
    let mut lab = Lab::new(stage.order().seed)?;
    let origin = lab.add("origin", stage.line(RTT, loss))?;
    let mut options: Vec<String> = vec!["--loop".into()];
    options.extend(Stage::listen(lab.host(origin)?));
    if !stage.is_sabotaged("no-cap") {
        options.extend(Stage::upload_limit(cap));
    }
    let _broadcaster = stage.broadcast(lab.host(origin)?, film, &options)?;
    let mut options: Vec<String> = Stage::upload_limit(0.0).into();
    options.extend(Stage::peer(lab.host(origin)?));
    let mut programs = Vec::new();
    for number in 1..=viewers {
        let viewer = lab.add(&format!("viewer{number}"), stage.line(RTT, loss))?;
        programs.push(stage.watch(lab.host(viewer)?, &options)?);
    }
    stage.monitor().let_run(Duration::from_secs(seconds))?;
    let traffic = lab.traffic(origin)?;
    Ok(Sent {
        busiest_second: traffic.busiest_window(1) as f64 * 8.0,
        busiest_ten_seconds: traffic.busiest_window(10) as f64 * 8.0 / 10.0,
        mean: traffic.sent_bytes as f64 * 8.0 / lab.effort()?.elapsed.as_secs_f64(),
    })
}
