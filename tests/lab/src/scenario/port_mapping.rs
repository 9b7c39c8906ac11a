//! A broadcaster behind a symmetric NAT and a viewer behind another one, with nobody else on the
//! network: they can't be introduced and no port can be foretold. The broadcaster's router is asked
//! for a port, by each of the three protocols, and the viewer dials it. A relay's router is asked as well,
//! also for TCP's.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::LabError;
use crate::home::Speaks;
use crate::lab::Lab;
use crate::nat::Kind;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::Stats;
use crate::scenario::stage::Film;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(20);
const JOINING: Duration = Duration::from_secs(10);
/// Until the broadcaster itself is seen to send.
const DIRECT: Duration = Duration::from_secs(4);
const STARTUP_MS: f64 = 3_000.0;
/// Until a broadcaster's relay is at work by TCP: UDP has 3 s, and then its dials.
const RELAYED: Duration = Duration::from_secs(10);
/// How long going live may wait for the router.
const LIVE_MS: f64 = 2_500.0;
/// Long enough for all that a broadcaster says to a router at its start, three times over.
const LISTENING: Duration = Duration::from_secs(8);

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut report = Report::new("port-mapping", stage.order().seed);
    let start = Instant::now();
    for (name, speaks) in
        [("pcp", Speaks::Pcp), ("nat-pmp", Speaks::NatPmp), ("upnp", Speaks::Upnp)]
    {
        play(stage, &film, name, speaks, &mut report)?;
    }
    relayed(stage, &film, &mut report)?;
    switched_off(stage, &film, &mut report)?;
    report.explain("took_s", start.elapsed().as_secs());
    Ok(report)
}

/// A viewer plays from the broadcaster itself, and the port is closed again.
fn play(
    stage: &Stage,
    film: &Film,
    name: &str,
    speaks: Speaks,
    report: &mut Report,
) -> Result<(), LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let line = stage.line(RTT, 0.0);
    let (origin, home) = lab.add_home(speaks, &format!("{name}-origin"), line)?;
    let viewer = lab.add_behind(Kind::SymmetricRandom, &format!("{name}-viewer"), line)?;
    let mut options: Vec<String> = vec!["--loop".into(), "--no-dht".into(), "--no-local".into()];
    if stage.is_sabotaged("no-mapping") {
        options.push("--no-port-mapping".into());
    }
    let mut broadcaster = stage.broadcast_to_be_found(lab.host(origin)?, film, &options)?;
    let live = broadcaster.expect("live", JOINING)?;
    let live_ms = live.get("t_ms").and_then(Value::as_f64).unwrap_or(f64::NAN);
    report.at_most(&format!("{name}_live_ms"), live_ms, LIVE_MS);
    let outside = lab.host(origin)?.address().to_string();
    let named = stage.link()?.hints.iter().any(|hint| hint.ip().to_string() == outside);
    report.at_least(&format!("{name}_link_names_the_router"), f64::from(named), 1.0);

    let mut watching = stage.watch(lab.host(viewer)?, &[])?;
    let first = watching.first("first_frame", JOINING)?;
    let startup = first.as_ref().and_then(|event| event.get("startup_ms")?.as_f64());
    report.at_most(&format!("{name}_startup_ms"), startup.unwrap_or(f64::NAN), STARTUP_MS);
    let direct = stage.monitor().wait_for(DIRECT, |seen| {
        let mut stats = seen.logs.get(watching.log())?.of_kind("stats").filter_map(Stats::read);
        stats.find(|stats| stats.from.origin > 0.0).map(|_| ())
    })?;
    report.at_least(&format!("{name}_direct"), f64::from(direct.is_some()), 1.0);
    watching.leave()?;
    // The second one is TCP's, for which nobody waits.
    let open = lab.home(home)?.open_ports()?;
    report.at_least(&format!("{name}_ports_open"), open as f64, 2.0);
    broadcaster.leave()?;
    let left = lab.home(home)?.open_ports()?;
    report.at_most(&format!("{name}_ports_left_open"), left as f64, 0.0);
    Ok(())
}

/// A relay behind such a router is reached by TCP from a network that carries no UDP.
fn relayed(stage: &Stage, film: &Film, report: &mut Report) -> Result<(), LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let line = stage.line(RTT, 0.0);
    let (machine, home) = lab.add_home(Speaks::Pcp, "relay", line)?;
    let (origin, hotel) = lab.add_home(Speaks::Nothing, "hotel-origin", line)?;
    lab.home(hotel)?.block("udp")?;
    let mut options = vec!["--no-dht".to_owned()];
    if stage.is_sabotaged("no-mapping") {
        options.push("--no-port-mapping".into());
    }
    let mut relay = stage.relay_with(lab.host(machine)?, &options)?;
    let ticket = format!("@{}", stage.ticket_file().display());
    let options = ["--loop".into(), "--relay".into(), ticket, "--shielded".into()];
    let mut broadcaster = stage.try_to_broadcast(lab.host(origin)?, film, &options)?;
    let live = broadcaster.first("live", RELAYED)?;
    report.at_least("live_through_a_relay_behind_a_router", f64::from(live.is_some()), 1.0);
    broadcaster.leave()?;
    relay.leave()?;
    let left = lab.home(home)?.open_ports()?;
    report.at_most("relay_ports_left_open", left as f64, 0.0);
    Ok(())
}

/// A person who has switched it off has not a packet sent to the router's services.
fn switched_off(stage: &Stage, film: &Film, report: &mut Report) -> Result<(), LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let (origin, home) = lab.add_home(Speaks::Pcp, "off-origin", stage.line(RTT, 0.0))?;
    let options = ["--loop", "--no-dht", "--no-local", "--no-port-mapping"].map(String::from);
    let mut broadcaster = stage.broadcast_to_be_found(lab.host(origin)?, film, &options)?;
    stage.monitor().let_run(LISTENING)?;
    report.at_most("asked_although_switched_off", lab.home(home)?.asked()? as f64, 0.0);
    broadcaster.leave()?;
    Ok(())
}
