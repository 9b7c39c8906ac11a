//! Checkers: what must hold at every moment of every run, whatever its scenario asks for.
//!
//! They look at nodes from outside, all of them at one instant, which no node can. They change
//! nothing, so that a checked run has the event hash of an unchecked one. Each is a file of its own
//! and has a sabotage that trips it; `docs/simulator.md` lists them.

mod bounded;
mod loops;
mod slots;
mod starved;
mod verified;

use manyhands_swarm::{NodeId, Stats};
use std::collections::BTreeMap;

use crate::checks::Broken;
use crate::node::Node;
use crate::scenario::Scenario;
use crate::world::World;

pub(crate) use verified::Verified;

/// More nodes are not checked: a look at everybody would take longer than their work.
const MOST_VIEWERS: u32 = 2_000;
/// Of the looks that a timeline takes, each fifth: twice a second.
const EVERY: u32 = 5;

/// What has been found, each kind with its first case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(BTreeMap<&'static str, (String, u64)>);

impl Findings {
    fn add(&mut self, checker: &'static str, now: u64, how: impl FnOnce() -> String) {
        let first = || (format!("at {:.1} s {}", now as f64 / 1e6, how()), 0);
        self.0.entry(checker).or_insert_with(first).1 += 1;
    }

    fn broken(&self) -> impl Iterator<Item = Broken> + use<'_> {
        self.0.iter().map(|(name, (first, count))| Broken {
            name: (*name).into(),
            how: if *count > 1 {
                format!("{first}, and {} more", count - 1)
            } else {
                first.clone()
            },
        })
    }
}

/// Everybody at one instant.
struct Look<'a> {
    now: u64,
    nodes: &'a [Node],
    names: &'a BTreeMap<NodeId, u32>,
    /// Of those who are there.
    stats: Vec<Option<Stats>>,
}

impl Look<'_> {
    /// Who feeds a node in its substream number `lane`, counted over all tracks.
    fn parent(&self, node: u32, lane: usize) -> Option<u32> {
        let stats = self.stats.get(node as usize)?.as_ref()?;
        let (_, name) = stats.lanes.get(lane)?.parent?;
        self.names.get(&name).copied()
    }

    fn present(&self) -> impl Iterator<Item = (u32, &Node, &Stats)> {
        let all = self.nodes.iter().zip(&self.stats).enumerate();
        all.filter_map(|(at, (node, stats))| Some((at as u32, node, stats.as_ref()?)))
    }
}

/// All checkers of a run.
#[derive(Clone, Debug)]
pub(crate) struct Checkers {
    pub(crate) verified: Verified,
    loops: loops::Loops,
    slots: slots::Slots,
    starved: starved::Starved,
    findings: Findings,
    looks: u32,
}

impl Checkers {
    pub(crate) fn of(scenario: &Scenario) -> Option<Self> {
        (scenario.viewers <= MOST_VIEWERS).then(|| Self {
            verified: Verified::new(&scenario.media),
            loops: loops::Loops::default(),
            slots: slots::Slots::default(),
            starved: starved::Starved::default(),
            findings: Findings::default(),
            looks: 0,
        })
    }

    /// A node uses a piece: it plays it or passes it on.
    pub(crate) fn used(
        &mut self,
        now: u64,
        node: u32,
        piece: &manyhands_swarm::PieceId,
        for_: &str,
    ) {
        if !self.verified.has(node, piece) {
            self.findings.add("no-unverified-piece", now, || {
                format!("node {node} {for_} {piece:?} without having verified it")
            });
        }
    }

    pub(crate) fn broken(&self) -> Vec<Broken> {
        self.findings.broken().collect()
    }

    /// Seconds that pictures stood, by what was lacking first on the way to them.
    pub(crate) fn starved_s(&self) -> BTreeMap<&'static str, f64> {
        self.starved.seconds()
    }
}

impl World {
    pub(crate) fn check(&mut self) {
        let Some(mut checkers) = self.checkers.take() else { return };
        checkers.looks += 1;
        if checkers.looks.is_multiple_of(EVERY) {
            checkers.look(self);
        }
        self.checkers = Some(checkers);
    }
}

impl Checkers {
    fn look(&mut self, world: &World) {
        let there = |n: &Node| n.alive.then(|| n.swarm.stats());
        let look = Look {
            now: world.now,
            nodes: &world.nodes,
            names: &world.by_name,
            stats: world.nodes.iter().map(there).collect(),
        };
        let Self { verified, loops, slots, starved, findings, looks } = self;
        loops.look(&look, findings);
        let lanes: u64 = world.tracks.iter().map(|t| u64::from(t.lanes())).sum();
        slots.look(&look, world.wire_bps() as u64 / lanes.max(1), findings);
        starved.look(&look, world, verified, findings);
        if looks.is_multiple_of(EVERY * bounded::EVERY) {
            bounded::look(&look, findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Sabotage, Scenario, run};

    fn forged(sabotage: Option<Sabotage>) -> Vec<String> {
        let scenario = Scenario {
            viewers: 16,
            seconds: 12,
            ramp_s: 4.0,
            measure_from_s: 6.0,
            forgers: 0.3,
            sabotage,
            ..Scenario::default()
        };
        run(&scenario).found.into_iter().map(|b| b.name).collect()
    }

    #[test]
    fn a_damaged_piece_is_used_by_nobody_who_verifies() {
        assert_eq!(forged(None), [""; 0]);
        let found = forged(Some(Sabotage::NoVerify));
        assert!(found.contains(&"no-unverified-piece".to_owned()), "{found:?}");
    }
}
