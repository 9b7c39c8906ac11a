//! What a run has shown, in the names of CONTRACT.md.

use manyhands_swarm::Counters;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::check::Checkers;
use crate::checks::Broken;
use crate::node::{Node, Traffic};
use crate::timeline::Sample;
use crate::world::World;

/// How a value is spread over viewers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 95 % are not above this.
    pub p95: f64,
    /// 99 % are not above this.
    pub p99: f64,
    /// Greatest.
    pub max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Self { mean, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) }
    }
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub name: String,
    /// Viewers present at the end.
    pub viewers: u32,
    /// The seed.
    pub seed: u64,
    /// Seconds that the run took on this machine.
    pub wall_s: f64,
    /// Largest resident memory in MiB.
    pub peak_rss_mb: f64,
    /// Origin upload of all bytes / stream bytes, over the measured time.
    pub origin_egress_ratio: f64,
    /// min(u_s, (u_s + Σ u_i) / n) / stream rate.
    pub fluid_bound_ratio: f64,
    /// Rate that was made / rate that was chosen, over the measured time.
    pub rate_ratio: f64,
    /// Rate that was made / the most that uploads could carry to all and was chosen, over the measured
    /// time.
    pub rate_fluid_ratio: f64,
    /// From the moment when viewers gave less until the rate had about fallen to where it stayed.
    pub rate_falls_s: f64,
    /// From the moment when they gave more until it had about risen.
    pub rate_rises_s: f64,
    /// Seconds, and the part of the chosen rate from then on.
    pub rate: Curve,
    /// Coming to first picture.
    pub startup_ms: Spread,
    /// Capture of a chunk's first frame to its hand-out.
    pub latency_ms: Spread,
    /// Stalled / (stalled + played) of each viewer.
    pub stall_ratio: Spread,
    /// All stalled time / all watched time.
    pub stall_total_ratio: f64,
    /// The longest any viewer that stayed has stood still, in all.
    pub worst_stall_ms: f64,
    /// Media time skipped / watched time.
    pub skip_ratio: f64,
    /// Duplicate piece bytes / all bytes received.
    pub duplicate_ratio: f64,
    /// Control bytes / all bytes received.
    pub control_ratio: f64,
    /// Piece headers, signatures and tags / all bytes received.
    pub integrity_ratio: f64,
    /// Pieces that were what their name says / all (1 unless something is wrong).
    pub intact_ratio: f64,
    /// Repaired and backfilled bytes / useful piece bytes.
    pub repair_ratio: f64,
    /// Bytes sent once more after a loss / all bytes sent.
    pub resent_ratio: f64,
    /// All bytes received that are not useful media / useful media.
    pub overhead_ratio: f64,
    /// Acknowledgement bytes / all bytes received.
    pub ack_ratio: f64,
    /// IP, UDP and QUIC framing / all bytes received.
    pub framing_ratio: f64,
    /// From the last crash, or from the origin's return, until 95 % of the viewers play and go on
    /// playing.
    pub recovery_s: f64,
    /// From then until for the first time nobody stands; the rest of the run if that never was.
    pub all_play_s: f64,
    /// From a black hole's acceptance to the child's suspicion.
    pub noticed_ms: Spread,
    /// Hops from the origin, each viewer's worst substream, at the end.
    pub depth: Spread,
    /// ρ as the origin estimates it at the end.
    pub slot_ratio: f64,
    /// ρ in truth at the end.
    pub slot_ratio_true: f64,
    /// The audience as the origin estimates it at the end.
    pub viewers_estimate: u32,
    /// Viewers present for 5 s and more that have never had a picture.
    pub starved_viewers: u32,
    /// Viewers fed by the origin in every substream at the end.
    pub fed_by_origin_only: u32,
    /// Substreams without a parent at the end, over all viewers.
    pub orphan_lanes: u32,
    /// Seconds that pictures stood, each viewer's for itself, by what was lacking first on the way of
    /// the piece they waited for (`check/starved.rs`).
    pub starved_s: BTreeMap<&'static str, f64>,
    /// Checkers that have found something.
    pub checkers_broken: u32,
    /// What they have found.
    #[serde(skip)]
    pub found: Vec<Broken>,
    /// Counts of all nodes over the measured time.
    pub counters: BTreeMap<&'static str, u64>,
    /// Events handled.
    pub events: u64,
    /// Equal for equal runs.
    pub event_hash: String,
    /// What `--plot` draws.
    #[serde(skip)]
    pub curves: Curves,
}

/// A line through points.
pub type Curve = Vec<(f64, f64)>;

/// A run as curves.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// Audience, and what the origin sent in the five seconds before as a multiple of the stream.
    pub egress: Curve,
    /// Seconds, and the part of the viewers whose picture stands.
    pub standing: Curve,
    /// Milliseconds of latency, and the part of the moments watched that are not above it.
    pub latency: Curve,
    /// Stall ratio, and the part of the viewers that are not above it.
    pub stall: Curve,
}

impl Report {
    pub(crate) fn of(world: &World) -> Self {
        let viewers: Vec<&Node> = world.nodes.iter().skip(1).filter(|n| n.came_at > 0).collect();
        let present: Vec<&&Node> = viewers.iter().filter(|n| n.alive && !n.leaving).collect();
        let mut traffic = Sums::default();
        for (at, node) in world.nodes.iter().enumerate() {
            traffic.add(node, world.before.get(at), world.counters_before.get(at));
        }
        let useful = (traffic.counters.new_bytes as f64).max(1.0);
        let media_share = media_share(world);
        let received = (traffic.received.all() as f64).max(1.0);
        let (stall, total, worst, skip) = stalls(&viewers, &present);
        let stats: Vec<_> = present.iter().map(|n| n.swarm.stats()).collect();
        let origin = world.nodes[0].swarm.stats();
        let found = world.checkers.as_ref().map(Checkers::broken).unwrap_or_default();
        let arrivals = traffic.counters.new_pieces + traffic.counters.duplicate_pieces;
        Self {
            name: world.scenario.name.clone(),
            viewers: present.len() as u32,
            seed: world.scenario.seed,
            wall_s: world.started.elapsed().as_secs_f64(),
            peak_rss_mb: peak_rss_mb(),
            origin_egress_ratio: origin_egress(world),
            fluid_bound_ratio: world.timeline.samples.last().map_or(0.0, |s| s.fluid),
            rate_ratio: made(world),
            rate_fluid_ratio: mean(measured(world).map(|s| s.part / s.fluid.min(1.0))),
            rate_falls_s: world.timeline.rate_follows_s(false),
            rate_rises_s: world.timeline.rate_follows_s(true),
            rate: rate(world),
            startup_ms: startup(world, &viewers),
            latency_ms: latency(&viewers),
            stall_ratio: stall,
            stall_total_ratio: total,
            worst_stall_ms: worst,
            skip_ratio: skip,
            duplicate_ratio: traffic.counters.duplicate_bytes as f64 / received,
            control_ratio: traffic.received.control as f64 / received,
            integrity_ratio: useful * (1.0 - media_share) / received,
            intact_ratio: 1.0 - world.integrity_errors as f64 / arrivals.max(1) as f64,
            repair_ratio: traffic.counters.repaired_bytes as f64 / useful,
            overhead_ratio: (received - useful * media_share) / (useful * media_share),
            ack_ratio: traffic.received.acks as f64 / received,
            framing_ratio: traffic.received.framing as f64 / received,
            resent_ratio: traffic.sent.resent as f64 / (traffic.sent.all() as f64).max(1.0),
            recovery_s: world.timeline.recovery_s(),
            all_play_s: all_play(world),
            noticed_ms: Spread::of(
                world.holes.noticed_us.iter().map(|us| *us as f64 / 1e3).collect(),
            ),
            depth: Spread::of(stats.iter().map(|s| f64::from(s.depth)).collect()),
            slot_ratio: f64::from(origin.slot_ratio.unwrap_or(0.0)),
            slot_ratio_true: true_ratio(world, &stats, &origin),
            viewers_estimate: origin.viewers,
            starved_viewers: starved(world, &present),
            fed_by_origin_only: stats.iter().filter(|s| only_origin(s)).count() as u32,
            orphan_lanes: stats.iter().flat_map(|s| &s.lanes).filter(|l| l.orphan).count() as u32,
            starved_s: world.checkers.as_ref().map(Checkers::starved_s).unwrap_or_default(),
            checkers_broken: found.len() as u32,
            found,
            counters: names(&traffic.counters),
            events: world.events,
            event_hash: format!("{:016x}", world.hash.value()),
            curves: curves(world, &viewers),
        }
    }

    /// Every number by its name; spreads as `name.p50` and so on.
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        serde_json::to_value(self).map(numbers).unwrap_or_default()
    }
}

/// The numbers of a report in JSON by their names.
pub(crate) fn numbers(report: serde_json::Value) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    let serde_json::Value::Object(all) = report else { return out };
    for (name, value) in all {
        if let Some(number) = value.as_f64() {
            out.insert(name, number);
        } else if let Some(parts) = value.as_object() {
            let some = |(part, v): (&String, &serde_json::Value)| {
                Some((format!("{name}.{part}"), v.as_f64()?))
            };
            out.extend(parts.iter().filter_map(some));
        }
    }
    out
}

#[derive(Default)]
struct Sums {
    sent: Traffic,
    received: Traffic,
    counters: Counters,
}

impl Sums {
    fn add(&mut self, node: &Node, before: Option<&(Traffic, Traffic)>, counts: Option<&Counters>) {
        let (sent, received) = before.copied().unwrap_or_default();
        self.sent.merge(&minus(node.sent, sent));
        self.received.merge(&minus(node.received, received));
        let now = node.swarm.counters();
        self.counters.merge(&now.since(&counts.copied().unwrap_or_default()));
    }
}

fn minus(a: Traffic, b: Traffic) -> Traffic {
    Traffic {
        pieces: a.pieces.saturating_sub(b.pieces),
        control: a.control.saturating_sub(b.control),
        framing: a.framing.saturating_sub(b.framing),
        acks: a.acks.saturating_sub(b.acks),
        resent: a.resent.saturating_sub(b.resent),
    }
}

fn names(counters: &Counters) -> BTreeMap<&'static str, u64> {
    counters.named().into_iter().collect()
}

/// Media bytes in a piece byte.
fn media_share(world: &World) -> f64 {
    let part = made(world);
    media_bps(world)
        / world.tracks.iter().map(|t| f64::from(t.config_at(part).wire_bps)).sum::<f64>()
}

fn measured_s(world: &World) -> f64 {
    (f64::from(world.scenario.seconds) - world.scenario.measure_from_s).max(0.001)
}

fn origin_egress(world: &World) -> f64 {
    let sent = world.origin_sent_old + world.nodes[0].sent.all() - world.origin_sent_before;
    sent as f64 * 8.0 / measured_s(world) / media_bps(world)
}

fn measured(world: &World) -> impl Iterator<Item = &Sample> {
    world.timeline.samples.iter().filter(|s| s.at >= world.measure_at)
}

/// The part of the chosen rate that was made over the measured time.
fn made(world: &World) -> f64 {
    mean(measured(world).map(|s| s.part))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// Where the rate changes.
fn rate(world: &World) -> Curve {
    let mut curve: Curve =
        world.timeline.samples.iter().map(|s| (s.at as f64 / 1e6, s.part)).collect();
    curve.dedup_by(|a, b| a.1 == b.1);
    curve
}

/// Bits a second of media over the measured time.
fn media_bps(world: &World) -> f64 {
    let part = made(world);
    world.tracks.iter().map(|t| t.media_bps_at(part)).sum()
}

fn startup(world: &World, viewers: &[&Node]) -> Spread {
    // Those who came while the time was measured; at a steady scenario, all.
    let measured = |n: &&&Node| n.came_at >= world.measure_at;
    let late: Vec<&&Node> = viewers.iter().filter(measured).collect();
    let of: Vec<&&Node> = if late.len() >= 10 { late } else { viewers.iter().collect() };
    let first = |n: &&&Node| {
        let first = n.watched()?.first_at?;
        Some((first.saturating_sub(n.came_at)) as f64 / 1000.0)
    };
    Spread::of(of.iter().filter_map(first).collect())
}

fn latency(viewers: &[&Node]) -> Spread {
    let all = viewers.iter().filter_map(|n| n.watched());
    Spread::of(all.flat_map(|w| &w.latency_ms).map(|ms| f64::from(*ms)).collect())
}

fn stalled(n: &Node) -> u64 {
    n.watched().map_or(0, |w| w.stalled_us)
}

fn played(n: &Node) -> u64 {
    n.watched().map_or(0, |w| w.played_us)
}

fn stall_ratios(viewers: &[&Node]) -> Vec<f64> {
    let ratio = |n: &&Node| {
        let all = stalled(n) + played(n);
        (all > 0).then(|| stalled(n) as f64 / all as f64)
    };
    viewers.iter().filter_map(ratio).collect()
}

/// Spread of stall ratios, total, worst viewer that stayed in ms, skipped share.
fn stalls(viewers: &[&Node], present: &[&&Node]) -> (Spread, f64, f64, f64) {
    let spread = Spread::of(stall_ratios(viewers));
    let stall_sum: u64 = viewers.iter().map(|n| stalled(n)).sum();
    let play_sum: u64 = viewers.iter().map(|n| played(n)).sum();
    let skipped: u64 = viewers.iter().filter_map(|n| n.watched()).map(|w| w.skipped_us).sum();
    let all = (stall_sum + play_sum).max(1) as f64;
    let worst = present.iter().map(|n| stalled(n)).max().unwrap_or(0) as f64 / 1000.0;
    (spread, stall_sum as f64 / all, worst, skipped as f64 / all)
}

fn all_play(world: &World) -> f64 {
    let rest = world.timeline.event.map_or(0.0, |at| (world.now - at) as f64 / 1e6);
    world.timeline.all_play_s().unwrap_or(rest)
}

fn curves(world: &World, viewers: &[&Node]) -> Curves {
    /// Samples that the origin's rate is taken over: 5 s.
    const SPAN: usize = 50;
    let media: f64 = world.tracks.iter().map(|t| t.media_bps).sum();
    let samples = &world.timeline.samples;
    let spans = samples.iter().zip(samples.iter().skip(SPAN));
    let egress = spans.step_by(10).map(|(a, b)| {
        let bits = b.origin_sent.saturating_sub(a.origin_sent) as f64 * 8.0;
        (f64::from(b.present), bits / ((b.at - a.at) as f64 / 1e6) / media)
    });
    let standing = samples.iter().filter(|s| s.watching > 0);
    let standing =
        standing.map(|s| (s.at as f64 / 1e6, f64::from(s.standing) / f64::from(s.watching)));
    let latency = viewers.iter().filter_map(|n| n.watched());
    let latency = latency.flat_map(|w| &w.latency_ms).map(|ms| f64::from(*ms)).collect();
    Curves {
        egress: egress.collect(),
        standing: standing.collect(),
        latency: spread_curve(latency),
        stall: spread_curve(stall_ratios(viewers)),
    }
}

/// The part of the values that are not above each: 200 points of it.
fn spread_curve(mut values: Vec<f64>) -> Curve {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |i: usize| Some((*values.get(last * i / 200)?, i as f64 / 200.0));
    (0..=200).filter_map(at).collect()
}

fn true_ratio(
    world: &World,
    stats: &[manyhands_swarm::Stats],
    origin: &manyhands_swarm::Stats,
) -> f64 {
    let all: u64 = stats.iter().map(|s| s.slots).sum::<u64>() + origin.slots;
    let needed: u64 = world.tracks.iter().map(|t| u64::from(t.lanes())).sum();
    all as f64 / (needed * stats.len().max(1) as u64) as f64
}

fn starved(world: &World, present: &[&&Node]) -> u32 {
    let without = |n: &&&&Node| {
        n.came_at + 5_000_000 < world.now && n.watched().is_none_or(|w| w.first_at.is_none())
    };
    present.iter().filter(without).count() as u32
}

fn only_origin(stats: &manyhands_swarm::Stats) -> bool {
    stats.lanes.iter().all(|l| l.depth == Some(1))
}

/// From the kernel's own account; 0 where there is none.
fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kb = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1024.0
}
