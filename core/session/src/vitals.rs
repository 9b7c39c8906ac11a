//! A broadcaster's look at itself, once a second: from the node's figures to what `vitals` makes of
//! them, and to what a shell shows of the cost.

use std::time::Duration;

use manyhands_net::{PeerReport, Report};
use manyhands_policy::Conditions;
use manyhands_vitals::{Crowd, Health, HealthSoFar, Look, News, Picture, Target};
use serde::Serialize;

use crate::flow::Flow;
use crate::stats::{Data, Stats};

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

#[derive(Debug)]
pub(crate) struct Vitals {
    conditions: Conditions,
    vitals: manyhands_vitals::Vitals,
    flow: Flow,
    viewers_max: u64,
}

impl Vitals {
    /// `picture` is what the camera's encoder makes; nothing where it can't follow.
    pub(crate) fn new(picture: Option<Picture>, conditions: Conditions) -> Self {
        Self {
            conditions,
            vitals: manyhands_vitals::Vitals::new(picture),
            flow: Flow::new(Duration::ZERO),
            viewers_max: 0,
        }
    }

    pub(crate) fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    pub(crate) fn choose(&mut self, picture: Picture) -> Option<Target> {
        self.vitals.choose(picture)
    }

    /// Takes in the node's figures at `now`, since the broadcast began, and what has left on the
    /// line by then; `made` bytes of stream have been made.
    pub(crate) fn handle(&mut self, now: Duration, report: &Report, sent: u64, made: u64) -> News {
        self.count(now, report, sent);
        self.vitals.handle(now, &self.look(report, made))
    }

    /// Adds to a broadcaster's figures what is known here; `sent` has left on the line.
    pub(crate) fn fill(&mut self, now: Duration, report: &Report, sent: u64, stats: &mut Stats) {
        self.count(now, report, sent);
        stats.viewers_max = self.viewers_max;
        stats.data = Data::new(&self.flow, None);
        let (now, so_far) = (self.vitals.health(), self.vitals.so_far());
        stats.health = Some(HealthStats { now, so_far });
    }

    fn count(&mut self, now: Duration, report: &Report, sent: u64) {
        self.flow.handle(now, sent, self.conditions.network.tariff());
        let viewers = report.swarm.as_ref().map_or(0, |swarm| u64::from(swarm.viewers));
        self.viewers_max = self.viewers_max.max(viewers);
    }

    fn look(&self, report: &Report, made: u64) -> Look {
        let (out, sending) = (report.outgoing, report.sending);
        Look {
            connected: !report.peers.is_empty(),
            offline: self.conditions.network.is_none(),
            unconfirmed: out.unconfirmed.unwrap_or(Duration::MAX),
            made,
            sent: report.swarm.as_ref().map_or(0, |swarm| swarm.counters.sent_bytes),
            dropped: sending.map_or(0, |s| s.dropped_bytes),
            blocked: sending.map_or(0, |s| s.blocked_bytes),
            waiting: sending.map_or(Duration::ZERO, |s| s.waiting),
            on_their_ways: waiting(&report.peers),
            packets: out.packets,
            lost: out.lost,
            crowd: Crowd {
                missing: sending.map_or(0.0, |s| f64::from(s.missing)),
                slot_ratio: report.swarm.as_ref().and_then(|swarm| swarm.slot_ratio),
            },
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
