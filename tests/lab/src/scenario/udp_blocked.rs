//! A broadcaster and two viewers in networks that carry TCP and no UDP, as hotels have them: one viewer
//! plays through the broadcaster's relay, the other through a viewer, both exactly what was broadcast.
//! Meanwhile strangers come to the relay's TCP port with junk, which makes nobody's picture stand and no
//! memory grow; and a doctor in another such network says what it is.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::LabError;
use crate::home::Speaks;
use crate::junk::{Attacker, Junk};
use crate::lab::Lab;
use crate::media;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::Stats;
use crate::scenario::exact::judge;
use crate::scenario::stage::PORT;

/// With 8 s of junk, when the last viewer has been playing for a moment.
const FILM_SECONDS: u64 = 17;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(40);
const JOINING: Duration = Duration::from_secs(10);
/// After the film's length: handing out the last of it and closing the file.
const CLOSING: Duration = Duration::from_secs(15);
const EXAMINING: Duration = Duration::from_secs(20);
/// Of the written film: what is left when the last has joined, and a little less.
const MIN_SECONDS: f64 = 11.0;
/// UDP has 3 s (the design's figure); then a dial through the tunnel takes about eight round trips,
/// and the first keyframe has to come.
const STARTUP_MS: std::ops::RangeInclusive<f64> = 3_000.0..=4_500.0;
/// Until a broadcaster's relay is at work, its input looked at.
const LIVE_MS: f64 = 6_000.0;
const JUNK_SECONDS: u64 = 8;
/// The promise's rate, in frames a second, and what of it has to get out on a busy machine.
const FRAMES: u32 = 10_000;
const FRAMES_SENT: f64 = 0.9;
/// The promise's bound for it, in MiB.
const GROWTH: f64 = 10.0;
/// Between two looks at the relay's memory.
const LOOK: Duration = Duration::from_millis(500);

const ORIGIN: &str = "origin";
/// Other hosts by their numbers.
const RELAY: usize = 0;
const OPEN: usize = 1;
const FLOODER: usize = 2;
const KNOCKER: usize = 3;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("udp-blocked", order.seed);
    let mut lab = Lab::new(order.seed)?;
    for name in ["relay", "open", "flooder", "knocker"] {
        lab.add(name, stage.line(RTT, 0.0))?;
    }
    let origin = hotel(stage, &mut lab, ORIGIN)?;
    let by_relay = hotel(stage, &mut lab, "by-relay")?;
    let by_peer = hotel(stage, &mut lab, "by-peer")?;
    let patient = hotel(stage, &mut lab, "patient")?;
    // The link names the relay alone, and this one can't reach it.
    lab.set_blocked(RELAY, by_peer, true)?;
    let junk = order.seconds.unwrap_or(JUNK_SECONDS);
    let film = stage.film(FILM_SECONDS + junk.saturating_sub(JUNK_SECONDS), FILM_BPS)?;

    let relay = stage.relay(lab.host(RELAY)?)?;
    let ticket = format!("@{}", stage.ticket_file().display());
    let options = ["--relay".into(), ticket, "--shielded".into()];
    let broadcaster = stage.try_to_broadcast(lab.host(origin)?, &film, &options)?;
    let event = broadcaster.first("live", JOINING)?;
    let live_ms = event.and_then(|event| event.get("t_ms")?.as_f64()).unwrap_or(f64::NAN);
    report.at_most("broadcaster_live_ms", live_ms, LIVE_MS);
    if live_ms.is_nan() {
        return Ok(report);
    }
    let live = Instant::now();
    let open = stage.watch(lab.host(OPEN)?, &Stage::listen(lab.host(OPEN)?))?;
    let mut guests = Vec::new();
    for (name, host, peer) in [("by_relay", by_relay, None), ("by_peer", by_peer, Some(OPEN))] {
        let file = stage.file(&format!("{name}.mp4"));
        let mut options = vec!["--output".into(), file.display().to_string()];
        if let Some(peer) = peer {
            options.extend(Stage::peer(lab.host(peer)?));
        }
        guests.push((name, file, stage.watch(lab.host(host)?, &options)?));
    }
    let _ = open.expect("first_frame", JOINING)?;
    let mut playing = 0;
    for (name, _, guest) in &guests {
        let first = guest.first("first_frame", JOINING)?;
        let startup = first.as_ref().and_then(|event| event.get("startup_ms")?.as_f64());
        playing += usize::from(startup.is_some());
        let startup = startup.unwrap_or(f64::NAN);
        report.at_least(&format!("{name}_startup_ms_after_udp"), startup, *STARTUP_MS.start());
        report.at_most(&format!("{name}_startup_ms"), startup, *STARTUP_MS.end());
    }
    if playing < guests.len() {
        return Ok(report);
    }

    let audience = [&open].into_iter().chain(guests.iter().map(|(_, _, guest)| guest));
    let audience: Vec<&Program> = audience.collect();
    for viewer in &audience {
        // What it went through until then is no junk's doing.
        viewer.next("stats", JOINING)?;
    }
    let before = audience.iter().map(|viewer| stalled(stage, viewer)).collect::<Vec<_>>();
    let door = SocketAddr::from((lab.host(RELAY)?.address(), PORT));
    let at_first = relay.holds()?.memory_kib;
    let flood = Attacker::start(lab.host(FLOODER)?, door, &[Junk::Frames(FRAMES)], order.seed)?;
    let knocking = [Junk::HalfOpen(64), Junk::Noise(50), Junk::Endless(4)];
    let knocks = Attacker::start(lab.host(KNOCKER)?, door, &knocking, order.seed)?;
    let begun = Instant::now();
    let doctor = ["--no-dht".into()];
    let mut doctor = stage.doctor(lab.host(patient)?, Some(&stage.link_file()), &doctor)?;
    let mut most = at_first;
    while begun.elapsed() < Duration::from_secs(junk) {
        stage.monitor().let_run(LOOK)?;
        most = most.max(relay.holds()?.memory_kib);
    }
    let frames = flood.done() as f64 * 100.0 / begun.elapsed().as_secs_f64();
    report.at_least("junk_frames_a_second", frames, f64::from(FRAMES) * FRAMES_SENT);
    report.at_least("junk_connections", knocks.done() as f64, 100.0);
    report.at_most("relay_growth_mib", (most.saturating_sub(at_first)) as f64 / 1_024.0, GROWTH);
    report.explain("relay_memory_kib", [at_first, most]);
    drop((flood, knocks));
    for (viewer, before) in audience.iter().zip(before) {
        let name = format!("{}_stalled_ms_in_junk", viewer.name().replace('-', "_"));
        report.at_most(&name, stalled(stage, viewer) - before, 0.0);
    }
    let exit = doctor.ended(EXAMINING)?;
    judge_doctor(stage, &doctor, exit, &mut report);

    let left = Duration::from_secs(FILM_SECONDS + junk).saturating_sub(live.elapsed()) + CLOSING;
    for (name, file, mut guest) in guests {
        let ended = guest.ended(left)?;
        report.at_least(&format!("{name}_ended_well"), f64::from(ended == Some(0)), 1.0);
        let written = media::tracks(&file)?;
        judge((&format!("{name}_"), MIN_SECONDS), &film, &written, &mut report);
    }
    report.explain("emulator", lab.effort()?.report());
    Ok(report)
}

/// A machine behind a router that carries no UDP; its number.
fn hotel(stage: &Stage, lab: &mut Lab, name: &str) -> Result<usize, LabError> {
    let (guest, home) = lab.add_home(Speaks::Nothing, name, stage.line(RTT, 0.0))?;
    lab.home(home)?.block("udp")?;
    // The broadcaster gets through all the same, or there would be nothing to watch.
    if stage.is_sabotaged("no-tcp") && name != ORIGIN {
        lab.home(home)?.block("tcp")?;
    }
    Ok(guest)
}

/// How long a viewer's clock has stood so far, by the last that it said.
fn stalled(stage: &Stage, viewer: &Program) -> f64 {
    let last = stage.monitor().look(|seen| {
        let log = seen.logs.get(viewer.log())?;
        log.of_kind("stats").filter_map(Stats::read).next_back()
    });
    last.map_or(f64::NAN, |stats| stats.stalled_ms)
}

fn judge_doctor(stage: &Stage, doctor: &Program, exit: Option<i32>, report: &mut Report) {
    let said = stage.monitor().look(|seen| {
        let log = seen.logs.get(doctor.log())?;
        log.of_kind("doctor").next().cloned()
    });
    let said = said.unwrap_or_default();
    let is = |field: &str, value: &str| {
        f64::from(said.pointer(field).and_then(Value::as_str) == Some(value))
    };
    report.at_least("doctor_says_no_udp", is("/udp", "no-answer"), 1.0);
    report.at_least("doctor_says_the_tunnel_works", is("/tunnel", "works"), 1.0);
    report.at_least("doctor_ended_well", f64::from(exit == Some(0)), 1.0);
}
