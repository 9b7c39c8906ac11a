//! Manners on the giver's line: a viewer that is asked for more than its uplink carries shares that
//! uplink with a call, and then with an upload, of another machine of the house.
//!
//! The house has 5 Mbit/s up and 500 ms of drop-tail queue in front of them, and no limit is set. Eight
//! others that give nothing reach nobody but the giver: they ask for nearly twice what the line carries,
//! all the time.
//!
//! The giver runs on the house's router, where the queue is, and the call and the upload come from behind
//! it: a machine that has the queue in itself stops its own TCP short of filling it (Linux's small queues).

use std::time::Duration;

use crate::call::{Call, Heard};
use crate::error::LabError;
use crate::home::Speaks;
use crate::host::Host;
use crate::lab::Lab;
use crate::link::{Line, Link};
use crate::machine::Load;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::quantile;
use crate::upload::Upload;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(40);
const UPLINK_BPS: u64 = 5_000_000;
const QUEUE: Duration = Duration::from_millis(500);
/// Who reach nobody but the giver.
const VIEWERS: u16 = 8;
/// Until the first frame, at most.
const JOINING: Duration = Duration::from_secs(10);
/// Until the giver knows its line and those that it can't carry have been handed over.
const SETTLING: Duration = Duration::from_secs(12);
/// Until it has given way to a whole upload: two seconds of doubt, three in which children go.
const YIELDING: Duration = Duration::from_secs(8);
/// Each part of the measurement.
const MEASURED: u64 = 10;

/// The hosts, by their numbers.
const ORIGIN: usize = 0;
/// Where the call and the upload come from.
const LAPTOP: usize = 1;
/// The other end of the call and of the upload.
const FRIEND: usize = 2;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let measured = Duration::from_secs(order.seconds.unwrap_or(MEASURED));
    let viewers = order.viewers.unwrap_or(VIEWERS);
    let mut report = Report::new("line", order.seed);
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let (lab, home) = network(stage, viewers)?;
    let giver = lab.home(home)?.router();
    let load = Load::now()?;

    let still = call(stage, &lab, measured / 2)?;
    let mut options: Vec<String> = vec!["--loop".into()];
    options.extend(Stage::listen(lab.host(ORIGIN)?));
    let _origin = stage.broadcast(lab.host(ORIGIN)?, &film, &options)?;
    let mut options: Vec<String> = Stage::listen(giver).into();
    options.extend(Stage::peer(lab.host(ORIGIN)?));
    let giving = stage.watch(giver, &options)?;
    giving.expect("first_frame", JOINING)?;
    let mut options: Vec<String> = Stage::upload_limit(0.0).into();
    options.extend(Stage::peer(giver));
    let _takers: Vec<Program> = (0..usize::from(viewers))
        .map(|number| stage.watch(lab.host(FRIEND + 1 + number)?, &options))
        .collect::<Result<_, _>>()?;
    stage.monitor().let_run(SETTLING)?;

    let alone = sent(stage, giver, measured)?;
    let shared = call(stage, &lab, measured)?;
    let upload = Upload::start(lab.host(LAPTOP)?, lab.host(FRIEND)?)?;
    stage.monitor().let_run(YIELDING)?;
    let before = upload.arrived();
    stage.monitor().let_run(measured)?;
    let uploaded = (upload.arrived() - before) as f64 * 8.0 / measured.as_secs_f64();

    let line = UPLINK_BPS as f64;
    report.at_least("alone_over_line", alone / line, 0.85);
    for (name, share, target) in [("p50", 0.5, 25.0), ("p95", 0.95, 60.0)] {
        let of = |heard: &Heard| quantile(heard.round_trips_ms(), share);
        report.at_most(&format!("added_to_call_ms_{name}"), of(&shared) - of(&still), target);
        report.explain(&format!("call_ms_{name}_without"), of(&still));
        report.explain(&format!("call_ms_{name}_with"), of(&shared));
    }
    report.at_most("call_packets_lost", shared.lost_share(), 0.01);
    report.at_least("upload_over_line", uploaded / line, 0.8);
    report.explain("house_traffic", lab.traffic(LAPTOP)?);
    report.explain("emulator", lab.effort()?.report());
    report.set_machine_cpu(Load::now()?.share_since(load));
    Ok(report)
}

/// All hosts, of which those that take reach the giver alone, and the giver's home.
fn network(stage: &Stage, viewers: u16) -> Result<(Lab, usize), LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let line = stage.line(RTT, 0.0);
    lab.add("origin", line)?;
    let up = Link { rate: Some(UPLINK_BPS), queue: QUEUE, ..line.up };
    let (_, home) = lab.add_home(Speaks::Nothing, "house", Line { up, ..line })?;
    lab.add("friend", line)?;
    for number in 0..usize::from(viewers) {
        let taker = lab.add(&format!("viewer{number}"), line)?;
        lab.set_blocked(ORIGIN, taker, true)?;
    }
    Ok((lab, home))
}

/// A call from the giver's house.
fn call(stage: &Stage, lab: &Lab, time: Duration) -> Result<Heard, LabError> {
    let call = Call::start(lab.host(LAPTOP)?, lab.host(FRIEND)?)?;
    stage.monitor().let_run(time)?;
    call.hang_up()
}

/// Bits a second that a host puts on the line.
fn sent(stage: &Stage, host: &Host, time: Duration) -> Result<f64, LabError> {
    let before = host.sent_bytes()?;
    stage.monitor().let_run(time)?;
    Ok((host.sent_bytes()? - before) as f64 * 8.0 / time.as_secs_f64())
}
