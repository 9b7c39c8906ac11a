//! A cap is a cap: with demand for more, what a limited broadcaster puts on the wire stays under
//! its limit, over any ten seconds and, but for the bucket's depth, over any one; with and without loss,
//! handshakes and the DHT included. Who gives nothing sends no media, and little else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::LabError;
use crate::lab::Lab;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::dht::Nodes;
use crate::scenario::events::{Stats, next_stats};
use crate::scenario::stage::Film;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
/// A fraction of the film, half of it, about one copy, and more than two; and what the lines lose.
const CAPS: [f64; 4] = [0.5e6, 1e6, 2e6, 5e6];
const LOSSES: [f64; 3] = [0.0, 0.01, 0.05];
/// Each would take a copy from the broadcaster.
const VIEWERS: u16 = 4;
const SECONDS: u64 = 16;
/// Nodes of the DHT, all on one host: it takes no more of one address for different.
const DHT_NODES: usize = 8;
/// Finding where the item belongs, and storing it.
const PUBLISHING: Duration = Duration::from_secs(20);
const JOINING: Duration = Duration::from_secs(20);
/// A broadcaster that gives next to nothing keeps under every cap; this share of it has to be used
/// where a whole copy fits under the cap.
const USED: f64 = 0.5;
/// What a second may have more: the bucket's depth of 50 ms, a datagram that overdraws it, and some
/// milliseconds by which the emulator sees frames late...
const ANY_SECOND: f64 = 1.07;
/// ...and what the DHT's client sends in a second when the broadcaster goes live, in bits: it stores the
/// item, by some fifty datagrams.
const DHT_BITS: f64 = 60_000.0;
/// Who gives nothing sends this share of what it receives, at most.
const GIVING_NOTHING: f64 = 0.04;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let mut report = Report::new("cap", stage.order().seed);
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let (mut second, mut ten, mut used) = (0.0_f64, 0.0_f64, f64::INFINITY);
    let (mut published, mut cases) = (0_u32, Vec::new());
    for cap in CAPS {
        for loss in LOSSES {
            let sent = measure(stage, &film, cap, loss)?;
            second = second.max(sent.busiest_second / (cap + DHT_BITS));
            ten = ten.max(sent.busiest_ten_seconds / cap);
            if cap > film.rate() {
                used = used.min(sent.mean / cap);
            }
            published += u32::from(sent.published);
            cases.push(json!({
                "cap_bps": cap, "loss": loss, "mean": sent.mean / cap,
                "busiest_second": sent.busiest_second / cap,
                "busiest_ten_seconds": sent.busiest_ten_seconds / cap,
            }));
        }
    }
    report.at_most("busiest_second_over_cap_and_dht", second, ANY_SECOND);
    report.at_most("busiest_ten_seconds_over_cap", ten, 1.01);
    report.at_least("mean_over_cap", used, USED);
    report.at_least("published", published.into(), (CAPS.len() * LOSSES.len()) as f64);
    report.explain("cases", cases);
    judge_giving_nothing(stage, &film, &mut report)?;
    Ok(report)
}

/// Bits a second of Ethernet frames.
struct Sent {
    busiest_second: f64,
    busiest_ten_seconds: f64,
    mean: f64,
    /// The broadcaster is in the DHT.
    published: bool,
}

fn measure(stage: &Stage, film: &Film, cap: f64, loss: f64) -> Result<Sent, LabError> {
    let scene = Scene::new(stage, film, Some(cap), loss)?;
    let seconds = stage.order().seconds.unwrap_or(SECONDS);
    stage.monitor().let_run(Duration::from_secs(seconds))?;
    let traffic = scene.lab.traffic(ORIGIN)?;
    let elapsed = scene.lab.effort()?.elapsed - scene.before;
    Ok(Sent {
        busiest_second: traffic.busiest_window(1) as f64 * 8.0,
        busiest_ten_seconds: traffic.busiest_window(10) as f64 * 8.0 / 10.0,
        mean: traffic.sent_bytes as f64 * 8.0 / elapsed.as_secs_f64(),
        published: scene.nodes.wait_for_puts(PUBLISHING),
    })
}

/// Viewers with a limit of 0 that get all of the film: what they send, since they began.
fn judge_giving_nothing(stage: &Stage, film: &Film, report: &mut Report) -> Result<(), LabError> {
    let (mut most, mut media, mut cases) = (0.0_f64, 0.0, Vec::new());
    for loss in LOSSES {
        let scene = Scene::new(stage, film, None, loss)?;
        for viewer in &scene.viewers {
            viewer.expect("first_frame", JOINING)?;
        }
        let seconds = stage.order().seconds.unwrap_or(SECONDS);
        stage.monitor().let_run(Duration::from_secs(seconds))?;
        for (stats, host) in next_stats(stage.monitor(), &scene.viewers)?.iter().zip(FIRST_VIEWER..)
        {
            let host = scene.lab.host(host)?;
            let (sent, received) = (host.sent_bytes()? as f64, host.received_bytes()? as f64);
            most = most.max(sent / received);
            media += stats.sent.media + stats.sent.repair;
            cases.push(described(loss, sent, received, stats));
        }
    }
    report.at_most("sent_over_received_giving_nothing", most, GIVING_NOTHING);
    report.at_most("media_bytes_giving_nothing", media, 0.0);
    report.explain("giving_nothing", cases);
    Ok(())
}

fn described(loss: f64, sent: f64, received: f64, stats: &Stats) -> Value {
    json!({
        "loss": loss, "sent_over_received": sent / received, "received_bytes": received,
        "stalled_ms": stats.stalled_ms,
    })
}

const ORIGIN: usize = 0;
const NODES: usize = 1;
const FIRST_VIEWER: usize = 2;

/// A broadcaster that says in the DHT where it is, and viewers that give nothing.
struct Scene {
    lab: Lab,
    nodes: Nodes,
    /// What the lab's clock showed when the broadcaster was started.
    before: Duration,
    viewers: Vec<Program>,
    _origin: Program,
}

impl Scene {
    fn new(stage: &Stage, film: &Film, cap: Option<f64>, loss: f64) -> Result<Self, LabError> {
        let mut lab = Lab::new(stage.order().seed)?;
        lab.add("origin", stage.line(RTT, loss))?;
        lab.add("nodes", stage.line(RTT, 0.0))?;
        let nodes = Nodes::start(&lab, NODES..FIRST_VIEWER, DHT_NODES, &[])?;
        let first = nodes.bootstrap(2).into_iter().flat_map(|n| ["--dht-bootstrap".to_owned(), n]);
        let mut common = vec!["--no-local".to_owned(), "--no-port-mapping".to_owned()];
        common.extend(first);
        let mut options = [&["--loop".to_owned()], &common[..]].concat();
        options.extend(Stage::listen(lab.host(ORIGIN)?));
        options.extend(
            cap.filter(|_| !stage.is_sabotaged("no-cap"))
                .map(Stage::upload_limit)
                .into_iter()
                .flatten(),
        );
        let before = lab.effort()?.elapsed;
        let origin = stage.broadcast_to_be_found(lab.host(ORIGIN)?, film, &options)?;
        let options = [&common[..], &Stage::upload_limit(0.0)].concat();
        let mut viewers = Vec::new();
        for number in 1..=stage.order().viewers.unwrap_or(VIEWERS) {
            let viewer = lab.add(&format!("viewer{number}"), stage.line(RTT, loss))?;
            viewers.push(stage.search_and_watch(
                lab.host(viewer)?,
                &stage.link_file(),
                &options,
            )?);
        }
        Ok(Self { lab, nodes, before, viewers, _origin: origin })
    }
}
