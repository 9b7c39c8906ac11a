//! A DHT of 36 nodes, four of them libtorrent's where it is installed: viewers that share nothing but
//! the link find the broadcaster, also when a third of the nodes is dead and some answer with lies,
//! and find its next broadcast; and no viewer ever leaves a trace there.

mod liars;
mod nodes;

use std::fs;
use std::net::SocketAddrV4;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use manyhands_stream::{MeetingPoint, Secret, day_of};
use serde_json::Value;

use crate::error::LabError;
use crate::lab::Lab;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::quantile;
use crate::scenario::stage::Film;

use liars::Liar;
use nodes::Libtorrent;
pub(super) use nodes::Nodes;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
/// Two hosts on the Internet.
const RTT: Duration = Duration::from_millis(40);
/// Searches of which the middle one counts, in each state of the network.
const SEARCHES: u16 = 7;
const FOUND_MS: f64 = 1_500.0;
const PATIENCE: Duration = Duration::from_secs(15);
/// By then an errand in the DHT is over, and a search has not begun again.
const ERRAND: Duration = Duration::from_secs(2);
/// A publication: finding the closest nodes, among them dead ones, and storing.
const PUBLISHING: Duration = Duration::from_secs(20);
/// Hosts with nodes, and nodes on each: the DHT takes no more than eight of one address for different.
const HOSTS: Range<usize> = 3..7;
const EACH: usize = 8;
/// Hosts with one node by libtorrent each.
const OTHERS: Range<usize> = 7..11;
/// Nodes that are killed: 30 % and a little.
const KILLED: usize = 11;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let seed = stage.order().seed;
    let mut report = Report::new("dht", seed);
    let mut lab = Lab::new(seed)?;
    let names = ["origin", "viewer", "liar", "nodes1", "nodes2", "nodes3", "nodes4"];
    for name in names.into_iter().chain(["other1", "other2", "other3", "other4"]) {
        lab.add(name, stage.line(RTT, 0.0))?;
    }
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let libtorrent = Libtorrent::start(stage, &lab, OTHERS)?;
    let others = libtorrent.as_ref().map(Libtorrent::addresses).unwrap_or_default();
    let mut nodes = Nodes::start(&lab, HOSTS, EACH, &others)?;
    let bootstrap = first_of_each(&nodes, &others);

    let mut origin = go_live(stage, &lab, &film, &bootstrap, 7001)?;
    let link = stage.write_link("bare.link", &stage.bare_link()?)?;
    let published = nodes.wait_for_puts(PUBLISHING);
    report.at_least("published", f64::from(published), 1.0);
    if !published {
        // Then there is nothing to be found.
        return Ok(report);
    }
    explain_costs(stage, &lab, &bootstrap, &mut report)?;
    let mut finding = Finding { stage, lab: &lab, link: &link, bootstrap: bootstrap.clone() };
    finding.measure("found_ms_p50", 7001, &mut report)?;
    let place = place(stage)?;
    let reads = libtorrent.as_ref().map(|node| node.reads(stage, &lab, &place)).transpose()?;
    report.at_least("libtorrent_reads_it", f64::from(reads.unwrap_or(true)), 1.0);
    report.explain("libtorrent", reads.is_some());
    report.explain("nodes", HOSTS.len() * EACH + others.len());

    // Whoever is asked first lies, in every way there is.
    let liar = Liar::start(lab.host(2)?)?;
    finding.bootstrap.insert(0, liar.address().to_string());
    finding.measure("found_ms_p50_with_a_liar", 7001, &mut report)?;
    report.at_least("lies_told", liar.told() as f64, 1.0);

    nodes.kill(KILLED);
    report
        .explain("nodes_killed_share", KILLED as f64 / (HOSTS.len() * EACH + OTHERS.len()) as f64);
    finding.bootstrap = bootstrap.clone();
    finding.measure("found_ms_p50_with_a_third_dead", 7001, &mut report)?;

    origin.leave()?;
    drop(origin);
    nodes.forget_puts();
    let mut origin = go_live(stage, &lab, &film, &bootstrap, 7002)?;
    let again = nodes.wait_for_puts(PUBLISHING);
    report.at_least("published_again", f64::from(again), 1.0);
    finding.measure("second_broadcast_found_ms_p50", 7002, &mut report)?;
    origin.leave()?;

    let (puts, strangers, announces) = nodes.seen(lab.host(0)?.address());
    report.explain("puts_seen", puts);
    report.at_most("puts_that_are_not_the_broadcasters", strangers as f64, 0.0);
    report.at_most("announces", announces as f64, 0.0);
    report.at_most("viewers_addresses_stored", viewers_stored(stage, &lab, &nodes)?, 0.0);
    Ok(report)
}

/// What storing the item has sent, and what looking for one that is nowhere sends, headers included.
fn explain_costs(
    stage: &Stage,
    lab: &Lab,
    bootstrap: &[String],
    report: &mut Report,
) -> Result<(), LabError> {
    stage.monitor().let_run(ERRAND)?;
    report.explain("storing_bytes", lab.host(0)?.sent_bytes()?);
    let mut link = stage.bare_link()?;
    link.secret = Secret::new([0; 16]);
    let link = stage.write_link("nowhere.link", &link)?;
    let options: Vec<_> =
        ["--no-local".into()].into_iter().chain(first_contacts(bootstrap)).collect();
    let host = lab.host(1)?;
    let before = host.sent_bytes()?;
    let viewer = stage.search_and_watch(host, &link, &options)?;
    stage.monitor().let_run(ERRAND)?;
    report.explain("looking_bytes", host.sent_bytes()? - before);
    drop(viewer);
    Ok(())
}

/// On the air at a known port, to be found in the DHT alone.
fn go_live(
    stage: &Stage,
    lab: &Lab,
    film: &Film,
    bootstrap: &[String],
    port: u16,
) -> Result<Program, LabError> {
    let host = lab.host(0)?;
    let mut options = vec!["--loop".into(), "--no-local".into()];
    options.extend(["--listen".into(), format!("{}:{port}", host.address())]);
    match stage.is_sabotaged("not-published") {
        true => options.push("--no-dht".into()),
        false => options.extend(first_contacts(bootstrap)),
    }
    stage.broadcast_to_be_found(host, film, &options)
}

/// First contacts of both makings.
fn first_of_each(nodes: &Nodes, others: &[SocketAddrV4]) -> Vec<String> {
    let others = others.iter().take(2).map(ToString::to_string);
    nodes.bootstrap(2).into_iter().chain(others).collect()
}

fn first_contacts(nodes: &[String]) -> impl Iterator<Item = String> {
    nodes.iter().flat_map(|node| ["--dht-bootstrap".to_owned(), node.clone()])
}

/// Viewers, one after another, each a program of its own that has a link and nothing else.
struct Finding<'a> {
    stage: &'a Stage,
    lab: &'a Lab,
    link: &'a PathBuf,
    bootstrap: Vec<String>,
}

impl Finding<'_> {
    fn measure(&self, name: &str, port: u16, report: &mut Report) -> Result<(), LabError> {
        let mut times = Vec::new();
        let count = self.stage.order().viewers.unwrap_or(SEARCHES);
        for number in 0..count {
            // The last one has to play as well: what was found is the broadcast.
            times.push(self.search(number + 1 == count)?);
        }
        let found = times.iter().flatten().count();
        report.explain(&format!("{name}_all"), &times);
        report.at_least(&format!("{name}_finding"), found as f64, f64::from(count));
        let middle = quantile(times.into_iter().flatten(), 0.5);
        report.at_most(name, middle, FOUND_MS);
        report.explain(&format!("{name}_port"), port);
        Ok(())
    }

    /// From the program's start to the proven connection, in milliseconds.
    fn search(&self, play: bool) -> Result<Option<f64>, LabError> {
        let mut options: Vec<String> = vec!["--no-local".into()];
        options.extend(first_contacts(&self.bootstrap));
        let mut viewer = self.stage.search_and_watch(self.lab.host(1)?, self.link, &options)?;
        let joined = viewer.first("joined", PATIENCE)?;
        let by_dht = joined.filter(|event| event.get("via").is_some_and(|via| via == "dht"));
        let plays = by_dht.is_some() && play && viewer.first("first_frame", PATIENCE)?.is_some();
        viewer.leave()?;
        let by_dht = by_dht.filter(|_| plays == play);
        Ok(by_dht.and_then(|event| event.get("t_ms").and_then(Value::as_f64)))
    }
}

/// Where the item stands today.
fn place(stage: &Stage) -> Result<[u8; 32], LabError> {
    let link = stage.bare_link()?;
    let point = MeetingPoint::new(link.channel, &link.secret);
    let place = point.place(day_of(unix_ms()));
    place.map(|key| key.0).ok_or(LabError::Gone("place in the DHT"))
}

/// Addresses other than the broadcaster's in what every node would answer.
fn viewers_stored(stage: &Stage, lab: &Lab, nodes: &Nodes) -> Result<f64, LabError> {
    let link = stage.bare_link()?;
    let point = MeetingPoint::new(link.channel, &link.secret);
    let values = nodes.read(lab, 1, place(stage)?)?;
    let opened = values.iter().filter_map(|v| point.open(day_of(unix_ms()), v).ok());
    let origin = lab.host(0)?.address();
    let entries: Vec<_> = opened.flat_map(|meeting| meeting.entries).collect();
    // Nothing that could be opened says nothing about what is stored.
    if entries.is_empty() {
        return Ok(f64::NAN);
    }
    Ok(entries.iter().filter(|entry| entry.address.ip() != origin).count() as f64)
}

fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// What runs libtorrent's nodes, as a file of the run.
fn script(stage: &Stage) -> Result<PathBuf, LabError> {
    let path = stage.file("libtorrent_node.py");
    fs::write(&path, include_str!("dht/libtorrent_node.py"))
        .map_err(LabError::io("write a script"))?;
    Ok(path)
}
