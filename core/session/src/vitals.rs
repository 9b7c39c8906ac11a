//! A broadcaster's look at itself, once a second: from the node's figures to health, to what the
//! encoder should make, and to what a shell shows of the cost.

use std::time::Duration;

use manyhands_net::{PeerReport, Report};
use manyhands_policy::Conditions;
use serde::Serialize;

use crate::adaptation::{Adaptation, Picture, Target};
use crate::flow::Flow;
use crate::health::{Health, HealthSoFar, Monitor, Second, Window};
use crate::stats::{Data, Stats};

/// Under this there is hardly a slot more than needed (DESIGN, "Slots": from here on the origin
/// gives all it may).
const SHORT_RATIO: f32 = 1.15;
/// Seconds that the first viewer has to find its places.
const ARRIVING: u64 = 3;
/// With most ways this full, what was dropped on them is this side's upload and not one neighbour's.
const FULL: Duration = Duration::from_millis(300);

/// How a broadcast goes, as the `stats` object shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HealthStats {
    /// Now.
    #[serde(flatten)]
    pub now: Health,
    /// Since it began.
    #[serde(flatten)]
    pub so_far: HealthSoFar,
}

/// What a second brought that the shell is to hear.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) health: Option<Health>,
    pub(crate) target: Option<Target>,
}

/// Totals at the last look.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    made: u64,
    sent: u64,
    dropped: u64,
    blocked: u64,
    packets: u64,
    lost: u64,
}

#[derive(Debug)]
pub(crate) struct Vitals {
    conditions: Conditions,
    window: Window,
    monitor: Monitor,
    adaptation: Option<Adaptation>,
    flow: Flow,
    last: Totals,
    /// Seconds for which somebody has been connected.
    connected: u64,
    viewers_max: u64,
}

impl Vitals {
    /// `picture` is what the camera's encoder makes; nothing where it can't follow.
    pub(crate) fn new(picture: Option<Picture>, conditions: Conditions) -> Self {
        Self {
            conditions,
            window: Window::default(),
            monitor: Monitor::default(),
            adaptation: picture.map(Adaptation::new),
            flow: Flow::new(Duration::ZERO),
            last: Totals::default(),
            connected: 0,
            viewers_max: 0,
        }
    }

    pub(crate) fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    pub(crate) fn choose(&mut self, picture: Picture) -> Option<Target> {
        match &mut self.adaptation {
            Some(adaptation) => adaptation.choose(picture),
            None => None,
        }
    }

    /// Takes in the node's figures at `now`, since the broadcast began, and what has left on the
    /// line by then; `made` bytes of stream have been made.
    pub(crate) fn handle(&mut self, now: Duration, report: &Report, sent: u64, made: u64) -> News {
        self.count(now, report, sent);
        let second = self.second(report, made);
        self.window.push(second);
        let Some(measured) = self.window.measure() else { return News::default() };
        let target = self.adaptation.as_mut().and_then(|a| a.handle(now, &measured));
        let smaller = self.adaptation.as_ref().and_then(Adaptation::smaller);
        News { health: self.monitor.handle(now, &measured, smaller), target }
    }

    /// Adds to a broadcaster's figures what is known here; `sent` has left on the line.
    pub(crate) fn fill(&mut self, now: Duration, report: &Report, sent: u64, stats: &mut Stats) {
        self.count(now, report, sent);
        stats.viewers_max = self.viewers_max;
        stats.data = Data::new(&self.flow, None);
        let (now, so_far) = (self.monitor.shown(), self.monitor.so_far());
        stats.health = Some(HealthStats { now, so_far });
    }

    fn count(&mut self, now: Duration, report: &Report, sent: u64) {
        self.flow.handle(now, sent, self.conditions.network.tariff());
        let viewers = report.swarm.as_ref().map_or(0, |swarm| u64::from(swarm.viewers));
        self.viewers_max = self.viewers_max.max(viewers);
    }

    fn second(&mut self, report: &Report, made: u64) -> Second {
        self.connected = if report.peers.is_empty() { 0 } else { self.connected + 1 };
        let (out, sending) = (report.outgoing, report.sending);
        let total = Totals {
            made,
            sent: report.swarm.as_ref().map_or(0, |swarm| swarm.counters.sent_bytes),
            dropped: sending.map_or(0, |s| s.dropped_bytes),
            blocked: sending.map_or(0, |s| s.blocked_bytes),
            packets: out.packets,
            lost: out.lost,
        };
        let last = std::mem::replace(&mut self.last, total);
        let new = |of: fn(&Totals) -> u64| of(&total).saturating_sub(of(&last));
        let on_their_ways = waiting(&report.peers);
        let blocked = if on_their_ways >= FULL { new(|t| t.blocked) } else { 0 };
        let ratio = report.swarm.as_ref().and_then(|swarm| swarm.slot_ratio);
        Second {
            connected: !report.peers.is_empty(),
            offline: self.conditions.network.is_none(),
            unconfirmed: out.unconfirmed.unwrap_or(Duration::MAX),
            made: if self.connected > ARRIVING { new(|t| t.made) } else { 0 },
            left: new(|t| t.sent),
            dropped: new(|t| t.dropped) + blocked,
            waiting: sending.map_or(Duration::ZERO, |s| s.waiting).max(on_their_ways),
            packets: new(|t| t.packets),
            lost: new(|t| t.lost),
            missing: sending.map_or(0.0, |s| f64::from(s.missing)),
            short: ratio.is_some_and(|ratio| ratio < SHORT_RATIO),
            heat: self.conditions.heat,
        }
    }
}

/// How long pieces are under way to whoever is fed, beyond a round trip: of those in the middle, so
/// that one viewer with a bad line doesn't count as a bad upload here.
fn waiting(peers: &[PeerReport]) -> Duration {
    let fed = peers.iter().filter(|peer| peer.fed > 0);
    let mut all: Vec<Duration> = fed.map(|peer| peer.waiting).collect();
    all.sort_unstable();
    let middle = all.len().saturating_sub(1) / 2;
    all.get(middle).copied().unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests;
