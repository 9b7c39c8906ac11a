//! A broadcaster behind a relay, with everything switched on that finds others: every packet that
//! leaves its namespace is for the relay, and nobody else ever has its address: not in memory, in an
//! event, a log at its loudest, a file of state or the link. Nor when the relay is killed, nor when
//! a broadcast begins without one.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use manyhands_stream::Link;
use serde_json::{Value, json};

use crate::error::LabError;
use crate::lab::Lab;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::Stats;
use crate::scenario::stage::PORT;
use crate::traffic::Traffic;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(40);
const VIEWERS: u16 = 3;
const JOINING: Duration = Duration::from_secs(15);
/// While the relay lives.
const WATCHED: Duration = Duration::from_secs(10);
/// After it was killed: SECURITY 18 asks for 60, which ci/soak waits.
const KILLED_SECONDS: u64 = 15;
/// A broadcaster that finds no relay gives up after 10 s.
const GIVING_UP: Duration = Duration::from_secs(25);
const UNREACHABLE: i32 = 4;
const ORIGIN: usize = 0;
const RELAY: usize = 1;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let viewers = order.viewers.unwrap_or(VIEWERS);
    let mut report = Report::new("shielded", order.seed);
    let mut lab = Lab::new(order.seed)?;
    for name in ["origin", "relay"] {
        lab.add(name, stage.line(RTT, 0.0))?;
    }
    for number in 1..=viewers {
        lab.add(&format!("viewer{number}"), stage.line(RTT, 0.0))?;
    }
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let relay = stage.relay(lab.host(RELAY)?)?;

    let mut options = vec!["--loop".into(), "--relay".into(), at(&stage.ticket_file())];
    // A port that is known can be searched for.
    options.extend(["--listen".into(), format!("0.0.0.0:{PORT}")]);
    if !stage.is_sabotaged("no-shield") {
        options.push("--shielded".into());
    }
    let mut origin = stage.broadcast_to_be_found(lab.host(ORIGIN)?, &film, &options)?;
    let mut audience = Vec::new();
    for number in 1..=viewers {
        let host = lab.host(RELAY + usize::from(number))?;
        audience.push(stage.watch(host, &["-vvv", "--timeout", "600"].map(String::from))?);
    }
    let plays = audience.iter().map(|viewer| viewer.first("first_frame", JOINING));
    let plays = plays.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().count();
    report.at_least("viewers_that_play", plays as f64, f64::from(viewers));
    stage.monitor().let_run(WATCHED)?;
    judge_depth(stage, &relay, &audience, &mut report);

    // SIGKILL: not a word of farewell.
    drop(relay);
    let killed = Duration::from_secs(order.seconds.unwrap_or(KILLED_SECONDS));
    stage.monitor().let_run(killed)?;
    let after = lab.traffic(ORIGIN)?;
    judge_memories(lab.host(ORIGIN)?.address(), &audience, &mut report)?;
    origin.leave()?;
    let mut alone = stage.try_to_broadcast(lab.host(ORIGIN)?, &film, &options)?;
    let code = alone.ended(GIVING_UP)?;
    report.at_least("says_that_nobody_is_reached", f64::from(code == Some(UNREACHABLE)), 1.0);
    report.explain("exit_code_without_a_relay", code);

    judge_packets(&lab, &mut report)?;
    report.explain("seconds_after_the_relay", killed.as_secs());
    report.explain("origin_after_the_relay", after);
    drop(audience);
    judge_traces(stage, lab.host(ORIGIN)?.address(), viewers, &mut report)?;
    Ok(report)
}

/// The relay stands where the broadcaster would.
fn judge_depth(stage: &Stage, relay: &Program, audience: &[Program], report: &mut Report) {
    let depth = |program: &Program| {
        let last = |log: &crate::monitor::Log| {
            log.of_kind("stats").next_back().and_then(|event| event.get("depth")?.as_f64())
        };
        let depth = stage.monitor().look(|seen| seen.logs.get(program.log()).and_then(last));
        depth.unwrap_or(f64::NAN)
    };
    report.at_most("depth_that_the_relay_shows", depth(relay), 0.0);
    let from_origin = audience.iter().map(|viewer| {
        stage.monitor().look(|seen| {
            let log = seen.logs.get(viewer.log())?;
            Some(log.of_kind("stats").filter_map(Stats::read).next_back()?.from.origin)
        })
    });
    let from_origin: f64 = from_origin.map(|bytes| bytes.unwrap_or(f64::NAN)).sum();
    report.at_most("bytes_from_the_origin_itself", from_origin, 0.0);
}

/// Frames that left the broadcaster for anybody but the relay, and that others sent to it.
fn judge_packets(lab: &Lab, report: &mut Report) -> Result<(), LabError> {
    let (origin, relay) = (lab.host(ORIGIN)?.address(), lab.host(RELAY)?.address());
    let traffic = lab.traffic(ORIGIN)?;
    let others = |traffic: &Traffic, but: Ipv4Addr| -> u64 {
        traffic.sent_to.iter().filter(|(to, _)| **to != but).map(|(_, count)| count).sum()
    };
    report.at_most("packets_of_the_origin_to_others", others(&traffic, relay) as f64, 0.0);
    let to_relay = traffic.sent_to.get(&relay).copied().unwrap_or(0);
    report.at_least("packets_of_the_origin_to_the_relay", to_relay as f64, 100.0);
    let mut to_origin = 0;
    for host in RELAY + 1.. {
        let Ok(viewer) = lab.traffic(host) else { break };
        to_origin += viewer.sent_to.get(&origin).copied().unwrap_or(0);
    }
    report.at_most("packets_of_viewers_to_the_origin", to_origin as f64, 0.0);
    report.explain("origin", traffic);
    Ok(())
}

/// Everything that viewers remember: the address with its port, in the orders in which the system and
/// the program keep them.
fn judge_memories(
    origin: Ipv4Addr,
    audience: &[Program],
    report: &mut Report,
) -> Result<(), LabError> {
    let (ip, port) = (origin.octets().to_vec(), PORT);
    let ports = [port.to_be_bytes(), port.to_le_bytes()];
    let words = ports.iter().flat_map(|port| [[&ip[..], port].concat(), [port, &ip[..]].concat()]);
    let words: Vec<Vec<u8>> = words.collect();
    let mut knowing = 0;
    for viewer in audience {
        knowing += u32::from(viewer.knows_any(&words)?);
    }
    report.at_most("viewers_that_remember_its_address", f64::from(knowing), 0.0);
    Ok(())
}

/// Everything that viewers have written, and the link.
fn judge_traces(
    stage: &Stage,
    origin: Ipv4Addr,
    viewers: u16,
    report: &mut Report,
) -> Result<(), LabError> {
    let (mut files, mut bytes, mut found) = (0, 0, Vec::new());
    let octets = origin.octets();
    let hex: String = octets.iter().map(|byte| format!("{byte:02x}")).collect();
    let needles = [origin.to_string().into_bytes(), octets.to_vec(), hex.into_bytes()];
    for number in 1..=viewers {
        let name = |kind: &str| stage.file(&format!("viewer{number}.{kind}"));
        for path in [files_in(&name("state"))?, vec![name("jsonl"), name("err")]].concat() {
            let content = fs::read(&path).map_err(LabError::io("read what a viewer wrote"))?;
            let has = |needle: &Vec<u8>| content.windows(needle.len()).any(|part| part == needle);
            if needles.iter().any(has) {
                found.push(path.display().to_string());
            }
            (files, bytes) = (files + 1, bytes + content.len());
        }
    }
    let text = fs::read_to_string(stage.link_file()).map_err(LabError::io("read the link"))?;
    let link = Link::parse(&text).map_err(|error| LabError::Program(error.to_string()))?;
    let named = link.hints.iter().filter(|hint| hint.ip() == origin).count();
    report.at_most("addresses_of_the_origin_in_the_link", named as f64, 0.0);
    report.at_most("files_that_have_its_address", found.len() as f64, 0.0);
    report.at_least("bytes_searched", bytes as f64, 10_000.0);
    report.explain("searched", json!({"files": files, "found_in": Value::from(found)}));
    Ok(())
}

fn files_in(directory: &Path) -> Result<Vec<PathBuf>, LabError> {
    let entries = fs::read_dir(directory).map_err(LabError::io("look into a state directory"))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths: Vec<PathBuf> =
        paths.collect::<Result<_, _>>().map_err(LabError::io("look into a state directory"))?;
    Ok(paths.into_iter().filter(|path| path.is_file()).collect())
}

fn at(path: &Path) -> String {
    format!("@{}", path.display())
}
