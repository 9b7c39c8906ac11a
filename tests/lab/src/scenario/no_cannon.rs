//! Hostile members among honest ones name addresses of people who never asked for anything, in every
//! message that can carry one: the honest ones send next to nothing there, and nothing at all to private
//! addresses.
//!
//! The attackers are members like all: the real program, in a build that can be broken, with a member's
//! keys. What reaches the victim is read from the kernel's counter of the victim's own device; attackers
//! send nothing there themselves.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::error::LabError;
use crate::lab::Lab;
use crate::machine::Load;
use crate::nat::Kind;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Stats, Watched};
use crate::scenario::stage::Film;

const FILM_SECONDS: u64 = 10;
/// Little, so that this machine has room for many; what is sent to strangers doesn't depend on it.
const FILM_BPS: u64 = 200_000;
const RTT: Duration = Duration::from_millis(40);
/// Honest members, unless ordered otherwise, and how many of them are there when the attackers come.
const HONEST: u16 = 40;
const EARLY: f64 = 0.5;
/// Attackers, and how many of them in a smaller run: one for so many honest members.
const ATTACKERS: u16 = 20;
const HONEST_FOR_ONE: u16 = 2;
const SECONDS: u64 = 120;
const JOINING: Duration = Duration::from_secs(30);
/// Between two members that come.
const BETWEEN: Duration = Duration::from_millis(100);
/// Members that an attacker dials, and attackers that somebody who comes later has heard of.
const DIALLED: usize = 15;
const HEARD_OF: usize = 3;
/// Private addresses that are named; the last is the machine of whoever hears it.
const PRIVATE: [&str; 4] =
    ["192.168.77.77:5000", "10.11.12.13:5000", "100.64.9.9:5000", "127.0.0.1:5000"];
/// How often the victim on the Internet is named for each of those.
const PUBLIC: usize = 4;
/// The promises: bytes at the victim for each that an attacker sends, and bits a second there.
const RATIO: f64 = 3.0;
const VICTIM_BPS: f64 = 100_000.0;
/// For so many honest members.
const PROMISED_FOR: f64 = 200.0;
/// Over which the rate is taken.
const MINUTE: usize = 60;
/// An attacker with fewer neighbours attacks nobody.
const NEIGHBOURS: f64 = 3.0;

const ORIGIN: usize = 0;
const VICTIM: usize = 1;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("no-cannon", order.seed);
    let scene = Scene::new(stage)?;
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut options = vec!["--loop".to_owned(), "--no-port-mapping".to_owned()];
    options.extend(Stage::listen(scene.lab.host(ORIGIN)?));
    options.extend(Stage::upload_limit(film.rate() * 4.0));
    let _origin = stage.broadcast(scene.lab.host(ORIGIN)?, &film, &options)?;

    let early = (scene.honest.len() as f64 * EARLY) as usize;
    let (first, later) = scene.honest.split_at(early);
    let mut honest = scene.gather(first, &[], &film)?;
    for viewer in &honest {
        viewer.expect("first_frame", JOINING)?;
    }
    let (load, begun) = (Load::now()?, Instant::now());
    let mut received = vec![scene.at_victim()?];
    let attackers = scene.attack(first)?;
    honest.extend(scene.gather(later, &scene.attackers, &film)?);
    received.push(scene.at_victim()?);
    while begun.elapsed() < Duration::from_secs(order.seconds.unwrap_or(SECONDS)) {
        stage.monitor().let_run(Duration::from_secs(1))?;
        received.push(scene.at_victim()?);
    }

    let sent = scene.sent(&scene.attackers)?;
    let at_victim = received.last().copied().unwrap_or_default();
    let bps = busiest(&received, MINUTE);
    report.at_most("victim_bytes_over_attackers", at_victim as f64 / sent as f64, RATIO);
    report.at_most("victim_bps", bps, VICTIM_BPS);
    let for_as_many = PROMISED_FOR / scene.honest.len() as f64;
    if received.len() > MINUTE {
        report.at_most("victim_bps_if_200", bps * for_as_many, VICTIM_BPS);
    } else {
        // What each may send at once is spread over less than a minute.
        report.explain("victim_bps_if_200", bps * for_as_many);
    }
    let (private, within) = scene.private()?;
    report.at_most("packets_to_private_addresses", private as f64, 0.0);
    report.at_most("bytes_within_the_machines", within as f64, 0.0);
    let neighbours = stage.monitor().look(|seen| {
        let logs = attackers.iter().filter_map(|attacker| seen.logs.get(attacker.log()));
        let last = logs.filter_map(|log| log.of_kind("stats").filter_map(Stats::read).next_back());
        last.map(|stats| stats.peers).sum::<f64>()
    });
    report.at_least("neighbours_an_attacker", neighbours / attackers.len() as f64, NEIGHBOURS);
    report.explain("honest", scene.honest.len());
    report.explain("attackers", attackers.len());
    report.explain("bytes", json!({ "victim": at_victim, "attackers": sent }));
    report.explain("victim_bps_busiest_ten_seconds", busiest(&received, 10));
    report.explain("victim_bytes_each_second", steps(&received).collect::<Vec<_>>());
    explain_picture(stage, &honest, &mut report);
    report.explain("emulator", scene.lab.effort()?.report());
    report.explain("machine_cpu", Load::now()?.share_since(load));
    Ok(report)
}

struct Scene<'a> {
    stage: &'a Stage,
    lab: Lab,
    honest: Vec<usize>,
    attackers: Vec<usize>,
}

impl<'a> Scene<'a> {
    fn new(stage: &'a Stage) -> Result<Self, LabError> {
        let line = stage.line(RTT, 0.0);
        let mut lab = Lab::new(stage.order().seed)?;
        lab.add("origin", line)?;
        lab.add("victim", line)?;
        let count = stage.order().viewers.unwrap_or(HONEST);
        let (mut honest, mut attackers) = (Vec::new(), Vec::new());
        for number in 0..count {
            // A third is behind NATs, where others meet them by introductions.
            let kind = match number % 6 {
                1 => Kind::PortRestricted,
                4 => Kind::SymmetricCounting,
                _ => Kind::Open,
            };
            honest.push(lab.add_behind(kind, &format!("honest{number}"), line)?);
        }
        for number in 0..(count / HONEST_FOR_ONE).clamp(1, ATTACKERS) {
            attackers.push(lab.add(&format!("attacker{number}"), line)?);
        }
        Ok(Self { stage, lab, honest, attackers })
    }

    /// Members come one by one, who have also heard of some of `others`.
    fn gather(
        &self,
        hosts: &[usize],
        others: &[usize],
        film: &Film,
    ) -> Result<Vec<Program>, LabError> {
        let mut programs = Vec::new();
        for (number, host) in hosts.iter().enumerate() {
            let host = self.lab.host(*host)?;
            let mut options = vec!["--no-port-mapping".to_owned()];
            options
                .extend(["--listen".into(), format!("{}:{}", host.inside(), super::stage::PORT)]);
            options.extend(Stage::upload_limit(film.rate() * 4.0));
            for other in others.iter().cycle().skip(number).take(HEARD_OF.min(others.len())) {
                options.extend(Stage::peer(self.lab.host(*other)?));
            }
            programs.push(match self.stage.is_sabotaged("no-budget") {
                true => self.stage.watch_broken(host, "no-budget", &options)?,
                false => self.stage.watch(host, &options)?,
            });
            self.stage.monitor().let_run(BETWEEN)?;
        }
        Ok(programs)
    }

    /// All attackers come, each to other members that are there.
    fn attack(&self, targets: &[usize]) -> Result<Vec<Program>, LabError> {
        let public = format!("{}:5000", self.lab.host(VICTIM)?.address());
        let public = std::iter::repeat_n(public.as_str(), PUBLIC);
        let victims: Vec<&str> =
            PRIVATE.into_iter().flat_map(|private| public.clone().chain([private])).collect();
        let cannon = format!("cannon={}", victims.join(","));
        let mut programs = Vec::new();
        for (number, host) in self.attackers.iter().enumerate() {
            let host = self.lab.host(*host)?;
            // Without a limit of its own: nobody keeps a neighbour for long that has nothing to give.
            let mut options = vec!["--no-port-mapping".to_owned()];
            options.extend(Stage::listen(host));
            for target in targets.iter().cycle().skip(number).take(DIALLED.min(targets.len())) {
                options.extend(Stage::peer(self.lab.host(*target)?));
            }
            programs.push(self.stage.watch_broken(host, &cannon, &options)?);
        }
        Ok(programs)
    }

    /// Bytes that the victim has received.
    fn at_victim(&self) -> Result<u64, LabError> {
        self.lab.host(VICTIM)?.received_bytes()
    }

    /// Bytes that these have sent, to anybody.
    fn sent(&self, hosts: &[usize]) -> Result<u64, LabError> {
        hosts.iter().map(|host| self.lab.host(*host)?.sent_bytes()).sum()
    }

    /// Packets of honest members to private addresses, and bytes that they sent to their own machines.
    fn private(&self) -> Result<(u64, u64), LabError> {
        let (mut packets, mut within) = (0, 0);
        for host in &self.honest {
            let sent_to = self.lab.traffic(*host)?.sent_to;
            let private = sent_to.iter().filter(|(address, _)| is_private(**address));
            packets += private.map(|(_, frames)| frames).sum::<u64>();
            within += self.lab.host(*host)?.sent_within()?;
        }
        Ok((packets, within))
    }
}

fn is_private(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private() || address.is_loopback() || a == 100 && b & 0xc0 == 64
}

/// What came in each step between two counts.
fn steps(counts: &[u64]) -> impl Iterator<Item = u64> {
    counts.iter().zip(counts.iter().skip(1)).map(|(then, now)| now - then)
}

/// Bits a second in the busiest `seconds` of counts that were taken once a second, the first of them
/// after a longer time: then it is rather too much.
fn busiest(counts: &[u64], seconds: usize) -> f64 {
    let seconds = seconds.min(counts.len().saturating_sub(1)).max(1);
    let window = |pair: &[u64]| pair.last().zip(pair.first()).map_or(0, |(now, then)| now - then);
    let most = counts.windows(seconds + 1).map(window).max().unwrap_or(0);
    most as f64 * 8.0 / seconds as f64
}

/// What the attack does to the honest members' picture; it is no cannon's promise.
fn explain_picture(stage: &Stage, honest: &[Program], report: &mut Report) {
    let watched: Vec<Watched> = stage.monitor().look(|seen| {
        let logs = honest.iter().filter_map(|viewer| seen.logs.get(viewer.log()));
        logs.filter_map(Watched::read).collect()
    });
    let sum = |of: fn(&Watched) -> f64| watched.iter().map(of).sum::<f64>();
    report.explain("honest_playing", watched.len());
    report.explain("honest_stall_ratio", sum(|w| w.stalled_ms) / sum(|w| w.watched_ms));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_window_is_found_and_a_short_run_is_one() {
        let counts = [0, 0, 100, 350, 350, 400];
        assert_eq!(busiest(&counts, 2), 350.0 * 8.0 / 2.0);
        assert_eq!(busiest(&counts, 60), 400.0 * 8.0 / 5.0);
        assert_eq!(steps(&counts).collect::<Vec<_>>(), [0, 100, 250, 0, 50]);
        assert_eq!(busiest(&[7], 60), 0.0);
    }

    #[test]
    fn what_is_named_as_private_is() {
        for named in PRIVATE {
            let address: std::net::SocketAddrV4 = named.parse().expect("an address");
            assert!(is_private(*address.ip()), "{named}");
        }
        assert!(!is_private(Ipv4Addr::new(198, 18, 0, 1)));
    }
}
