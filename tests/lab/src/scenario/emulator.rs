//! The lab's own network, measured before anything is concluded from it: delay, loss, and what
//! carrying 64 Mbit/s among 17 hosts costs.

use std::time::Duration;

use crate::error::LabError;
use crate::lab::Lab;
use crate::link::Line;
use crate::machine::Load;
use crate::probe::{self, Flow};
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::quantile;

const HOSTS: usize = 17;
const RTT: Duration = Duration::from_millis(40);
const LOSS: f64 = 0.01;
/// Together the traffic of 16 viewers at 4 Mbit/s: received once and handed on once.
const FLOW_BPS: u64 = 4_000_000;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let (asked, loss) = (order.rtt.unwrap_or(RTT), order.loss.unwrap_or(LOSS));
    let rtt = if stage.is_sabotaged("slow-network") { asked * 2 } else { asked };
    let mut lab = Lab::new(order.seed)?;
    for number in 0..HOSTS {
        lab.add(&format!("host{number}"), Line::new(rtt, loss))?;
    }
    let mut report = Report::new("emulator", order.seed);
    judge_delay(&lab, asked, &mut report)?;
    let (load, before) = (Load::now()?, lab.effort()?);
    let flows: Vec<Flow> =
        (1..HOSTS).map(|from| Flow { from, to: from % (HOSTS - 1) + 1, rate: FLOW_BPS }).collect();
    let flown = probe::fly(&lab, &flows, Duration::from_secs(order.seconds.unwrap_or(10)))?;
    let (machine, effort) = (Load::now()?.share_since(load), lab.effort()?.since(&before));

    let sent: u64 = flown.iter().map(|flown| flown.sent).sum();
    let missing: usize = flown.iter().map(|flown| flown.lost().len()).sum();
    let mut lost = 0;
    for host in 1..HOSTS {
        lost += lab.traffic(host)?.lost;
    }
    let share = lost as f64 / sent as f64;
    // Four standard deviations of a binomial.
    let bound = 4.0 * (loss * (1.0 - loss) / sent as f64).sqrt();
    report.explain("loss", share);
    report.at_most("loss_off_by", (share - loss).abs(), bound);
    report.at_most("missing_but_not_lost", missing as f64 - lost as f64, 0.0);
    let flowing: f64 = flown.iter().map(|flown| flown.received_bps).sum();
    report.at_least("mbit_per_second", flowing / 1e6, 60.0);
    let figures = effort.report();
    // The tail is the machine's: a neighbour's burst of work delays one frame in a hundred by
    // milliseconds, which is said (`late_p99_ms`) and judged by nobody.
    report.at_most("late_p50_ms", figures.late_p50_ms, 1.0);
    report.at_most("emulator_cpu", figures.cpu, 0.5);
    report.explain("emulator", figures);
    report.explain("longest_frame", effort.longest);
    report.set_machine_cpu(machine);
    Ok(report)
}

fn judge_delay(lab: &Lab, asked: Duration, report: &mut Report) -> Result<(), LabError> {
    let times = probe::round_trips(lab, 0, 1, 50)?;
    let times = || times.iter().map(|time| time.as_secs_f64() * 1000.0);
    let asked = asked.as_secs_f64() * 1000.0;
    report.at_least("round_trip_ms_min", quantile(times(), 0.0), asked);
    report.at_most("round_trip_ms_p50", quantile(times(), 0.5), asked * 1.05 + 1.0);
    report.explain("round_trip_ms_p95", quantile(times(), 0.95));
    Ok(())
}
