//! Every kind of NAT in front of the broadcaster against every kind in front of the viewer, with two
//! bystanders on open networks that both know: who plays how soon, and directly or through a peer.
//!
//! One network for each kind of broadcaster, all at the same time; its viewers come one after the other,
//! each on a host of its own behind a fresh NAT.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::LabError;
use crate::lab::Lab;
use crate::link::Line;
use crate::machine::Load;
use crate::nat::Kind;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::events::{Stats, quantile};
use crate::scenario::matrix::{self, Outcome, Pair, Promise};
use crate::scenario::stage::{Film, PORT};

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(20);
/// What each program may send, in bits a second.
const LIMIT: f64 = 12_000_000.0;
/// Until the first frame, at most; whoever takes longer doesn't play.
const JOINING: Duration = Duration::from_secs(10);
/// How long a pair is watched for the broadcaster itself to send, where that is promised.
const MEETING: Duration = Duration::from_secs(8);
/// How many `stats`, one a second, every viewer is watched for: latencies compare at one age only.
const AGE: usize = 6;
/// The promises.
const STARTUP_MS: f64 = 3_000.0;
const DIRECT: f64 = 0.95;
const FORETOLD: f64 = 0.7;
const ADDED_MS: f64 = 150.0;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let (order, start) = (stage.order(), Instant::now());
    let pairs = Pair::choose(order.pairs.map(usize::from));
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut by_broadcaster: BTreeMap<Kind, Vec<Kind>> = BTreeMap::new();
    for pair in pairs {
        by_broadcaster.entry(pair.broadcaster).or_default().push(pair.viewer);
    }
    let load = Load::now()?;
    let (mut outcomes, mut busiest) = (Vec::new(), 0.0);
    for run in 0..u64::from(order.runs) {
        let of = |(broadcaster, viewers): (&Kind, &Vec<Kind>)| {
            let stage = stage.part(&format!("{run}-{}", broadcaster.name()))?;
            play(&stage, *broadcaster, viewers, order.seed + run, &film)
        };
        let played: Vec<Result<_, LabError>> = thread::scope(|scope| {
            let parts = by_broadcaster.iter().map(|part| scope.spawn(move || of(part)));
            let parts: Vec<_> = parts.collect();
            parts
                .into_iter()
                .map(|part| part.join().unwrap_or(Err(LabError::Gone("run"))))
                .collect()
        });
        for played in played {
            let (of_one, most) = played?;
            outcomes.extend(of_one);
            busiest = most.max(busiest);
        }
    }
    let mut report = Report::new("nat-matrix", order.seed);
    judge(&outcomes, busiest, &mut report);
    report.explain("runs", order.runs);
    report.explain("took_s", start.elapsed().as_secs());
    report.set_machine_cpu(Load::now()?.share_since(load));
    report.drawing = matrix::table(&outcomes);
    fs::write(&order.svg, matrix::picture(&outcomes)).map_err(LabError::io("write a picture"))?;
    Ok(report)
}

/// All viewers of a broadcaster behind a kind of NAT, and the most of its allowance that a bystander used.
fn play(
    stage: &Stage,
    broadcaster: Kind,
    viewers: &[Kind],
    seed: u64,
    film: &Film,
) -> Result<(Vec<Outcome>, f64), LabError> {
    let mut scene = Scene::new(stage, broadcaster, seed, film)?;
    let outcomes = viewers.iter().map(|viewer| scene.watch(*viewer)).collect::<Result<_, _>>()?;
    Ok((outcomes, scene.busiest()?))
}

/// A broadcaster behind a kind of NAT and two bystanders that play.
struct Scene<'a> {
    stage: &'a Stage,
    lab: Lab,
    line: Line,
    broadcaster: Kind,
    _bystanders: Vec<Program>,
    _origin: Program,
}

impl<'a> Scene<'a> {
    fn new(stage: &'a Stage, kind: Kind, seed: u64, film: &Film) -> Result<Self, LabError> {
        let line = stage.line(RTT, 0.0);
        let mut lab = Lab::new(seed)?;
        lab.add_behind(kind, "origin", line)?;
        for name in ["bystander1", "bystander2"] {
            lab.add(name, line)?;
        }
        let mut options: Vec<String> = vec!["--loop".into()];
        options.extend(common(&lab)?);
        options.extend(["--listen".into(), format!("{}:{PORT}", lab.host(0)?.inside())]);
        let origin = stage.broadcast(lab.host(0)?, film, &options)?;
        let mut bystanders = Vec::new();
        for number in [1, 2] {
            let host = lab.host(number)?;
            let mut options: Vec<String> = Stage::listen(host).into();
            options.extend(common(&lab)?);
            bystanders.push(stage.watch(host, &options)?);
        }
        // Where they don't play, the viewers show it.
        for bystander in &bystanders {
            bystander.first("first_frame", JOINING)?;
        }
        Ok(Self { stage, lab, line, broadcaster: kind, _bystanders: bystanders, _origin: origin })
    }

    /// A viewer behind a kind of NAT comes, is watched, and goes.
    fn watch(&mut self, kind: Kind) -> Result<Outcome, LabError> {
        let pair = Pair { broadcaster: self.broadcaster, viewer: kind };
        let host = self.lab.add_behind(kind, &format!("viewer-{}", kind.name()), self.line)?;
        if self.stage.is_sabotaged("no-way") {
            self.lab.set_blocked(0, host, true)?;
        }
        let options = common(&self.lab)?;
        let mut viewer = self.stage.watch(self.lab.host(host)?, &options)?;
        let first = viewer.first("first_frame", JOINING)?;
        let startup_ms = first.as_ref().and_then(|event| event.get("startup_ms")?.as_f64());
        let mut outcome = Outcome { pair, startup_ms, direct_ms: None, latency_ms: None };
        if startup_ms.is_some() {
            outcome.latency_ms = self.latency(&viewer)?;
            let promised = pair.promise() != Promise::Peer;
            let patience = if promised { MEETING } else { Duration::ZERO };
            outcome.direct_ms = self.fed_by_origin(&viewer, patience)?;
        }
        viewer.leave()?;
        Ok(outcome)
    }

    /// When the broadcaster itself was first seen to have sent media to a viewer.
    fn fed_by_origin(&self, viewer: &Program, limit: Duration) -> Result<Option<f64>, LabError> {
        self.stage.monitor().wait_for(limit, |seen| {
            let log = seen.logs.get(viewer.log())?;
            let direct = |event: &Value| Stats::read(event).filter(|s| s.from.origin > 0.0);
            log.of_kind("stats").find_map(direct).map(|stats| stats.t_ms)
        })
    }

    /// How far a viewer of the common age is behind the broadcaster.
    fn latency(&self, viewer: &Program) -> Result<Option<f64>, LabError> {
        let patience = Duration::from_secs(2 * AGE as u64);
        let latency = self.stage.monitor().wait_for(patience, |seen| {
            let stats = seen.logs.get(viewer.log())?.of_kind("stats").nth(AGE - 1)?;
            Some(Stats::read(stats).and_then(|stats| stats.latency_ms))
        })?;
        Ok(latency.flatten())
    }

    /// The most that a bystander sent in any ten seconds, as a share of what it may.
    fn busiest(&self) -> Result<f64, LabError> {
        let mut most: f64 = 0.0;
        for host in [1, 2] {
            let bits = self.lab.traffic(host)?.busiest_window(10) * 8;
            most = most.max(bits as f64 / 10.0 / LIMIT);
        }
        Ok(most)
    }
}

/// Both bystanders are known to everybody; nothing else is.
fn common(lab: &Lab) -> Result<Vec<String>, LabError> {
    let mut options: Vec<String> = Stage::upload_limit(LIMIT).into();
    for number in [1, 2] {
        options.extend(Stage::peer(lab.host(number)?));
    }
    Ok(options)
}

fn judge(outcomes: &[Outcome], busiest: f64, report: &mut Report) {
    let share = |some: &dyn Fn(&Outcome) -> bool, of: &dyn Fn(&Outcome) -> bool| {
        let all: Vec<&Outcome> = outcomes.iter().filter(|o| of(o)).collect();
        all.iter().filter(|o| some(o)).count() as f64 / all.len() as f64
    };
    let promised = |promise| move |o: &Outcome| o.pair.promise() == promise;
    let direct = |o: &Outcome| o.direct_ms.is_some();
    report.at_least("plays", share(&|o| o.startup_ms.is_some(), &|_| true), 1.0);
    let startups = outcomes.iter().map(|o| o.startup_ms.unwrap_or(f64::NAN));
    report.at_most("startup_p95_ms", quantile(startups, 0.95), STARTUP_MS);
    for (name, promise, least) in [
        ("direct_where_it_can_be", Promise::Direct, DIRECT),
        ("direct_by_foretold_port", Promise::Foretold, FORETOLD),
    ] {
        if outcomes.iter().any(promised(promise)) {
            report.at_least(name, share(&direct, &promised(promise)), least);
        }
    }
    judge_latency(outcomes, report);
    report.at_most("bystander_share_of_limit", busiest, 1.01);
    let directs = outcomes.iter().filter_map(|o| o.direct_ms);
    report.explain("direct_ms_p50", quantile(directs.clone(), 0.5));
    report.explain("direct_ms_p95", quantile(directs, 0.95));
    let all: Vec<Value> = outcomes.iter().map(described).collect();
    report.explain("pairs", all);
}

/// What the way through a peer adds: the middle of those viewers against the middle of the others.
fn judge_latency(outcomes: &[Outcome], report: &mut Report) {
    let middle = |direct: bool| {
        let some = outcomes.iter().filter(|o| o.direct_ms.is_some() == direct);
        quantile(some.filter_map(|o| o.latency_ms), 0.5)
    };
    let (relayed, direct) = (middle(false), middle(true));
    report.explain("relayed_latency_ms_p50", relayed);
    report.explain("direct_latency_ms_p50", direct);
    if relayed.is_finite() && direct.is_finite() {
        report.at_most("relayed_added_ms", relayed - direct, ADDED_MS);
    }
}

fn described(outcome: &Outcome) -> Value {
    serde_json::json!({
        "broadcaster": outcome.pair.broadcaster.name(),
        "viewer": outcome.pair.viewer.name(),
        "promise": outcome.pair.promise(),
        "startup_ms": outcome.startup_ms,
        "direct_ms": outcome.direct_ms,
        "latency_ms": outcome.latency_ms,
    })
}
