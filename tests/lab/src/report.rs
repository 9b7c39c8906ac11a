//! A scenario's outcome: what was measured against what was promised, as one JSON object.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};

/// Share of the machine's processor time over which a run says nothing about the program.
const CPU_BOUND: f64 = 0.85;

/// A promise and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// What was measured.
    pub value: f64,
    /// The bound.
    pub target: f64,
    /// Which side of the bound is good.
    pub bound: Bound,
    /// Whether the promise was kept.
    pub met: bool,
}

/// Which side of a [`Target`] is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The value may be as large as the target.
    AtMost,
    /// The value has to be as large as the target.
    AtLeast,
}

/// What a scenario prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The scenario.
    pub name: String,
    /// Every target was met, and the machine was fast enough for that to mean something.
    pub ok: bool,
    /// The promises by name.
    pub targets: BTreeMap<String, Target>,
    /// What decided every random choice of the network.
    pub seed: u64,
    /// The machine was too busy for the figures to be the program's.
    pub cpu_bound: bool,
    /// What people see before the targets.
    #[serde(skip)]
    pub drawing: String,
    /// What explains the figures.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

impl Report {
    /// One without targets, which isn't ok.
    pub fn new(name: &str, seed: u64) -> Self {
        let (targets, facts) = (BTreeMap::new(), Map::new());
        let (name, drawing) = (name.into(), String::new());
        Self { name, ok: false, targets, seed, cpu_bound: false, drawing, facts }
    }

    /// `value` has to be at most `target`. What isn't a number is never met.
    pub fn at_most(&mut self, name: &str, value: f64, target: f64) {
        self.add(name, value, target, Bound::AtMost, value <= target);
    }

    /// `value` has to be at least `target`. What isn't a number is never met.
    pub fn at_least(&mut self, name: &str, value: f64, target: f64) {
        self.add(name, value, target, Bound::AtLeast, value >= target);
    }

    /// Something that explains the figures.
    pub fn explain(&mut self, name: &str, fact: impl Serialize) {
        // A fact that can't be written as JSON shows as null; facts decide nothing.
        self.facts.insert(name.into(), serde_json::to_value(fact).unwrap_or_default());
    }

    /// How busy the machine was while it was measured, as a share of all its cores.
    pub fn set_machine_cpu(&mut self, share: f64) {
        self.explain("machine_cpu", round(share));
        self.cpu_bound = share > CPU_BOUND;
        self.judge();
    }

    /// The targets as lines for people.
    pub fn table(&self) -> String {
        let mut table = self.drawing.clone();
        for (name, target) in &self.targets {
            let sign = if target.bound == Bound::AtMost { "≤" } else { "≥" };
            let mark = if target.met { "met   " } else { "MISSED" };
            let (value, bound) = (target.value, target.target);
            // Writing to a string can't fail.
            let _ = writeln!(table, "{mark}  {name:32} {value:>12} {sign} {bound}");
        }
        if self.cpu_bound {
            table.push_str("MISSED  the machine was too busy: these figures say nothing\n");
        }
        table
    }

    fn add(&mut self, name: &str, value: f64, target: f64, bound: Bound, met: bool) {
        let target = Target { value: round(value), target, bound, met };
        self.targets.insert(name.into(), target);
        self.judge();
    }

    fn judge(&mut self) {
        let met = self.targets.values().all(|target| target.met);
        self.ok = met && !self.targets.is_empty() && !self.cpu_bound;
    }
}

/// Four significant places behind the point are more than any of our figures has.
fn round(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_needs_every_target_and_a_machine_that_kept_up() {
        let mut report = Report::new("x", 1);
        assert!(!report.ok);
        report.at_most("a", 1.0, 1.0);
        report.at_least("b", 2.0, 1.0);
        assert!(report.ok);
        report.set_machine_cpu(0.86);
        assert!(!report.ok && report.cpu_bound);
        report.set_machine_cpu(0.5);
        assert!(report.ok);
        report.at_most("c", f64::NAN, 1.0);
        assert!(!report.ok);
    }

    #[test]
    fn the_object_has_the_fields_that_scripts_rely_on() {
        let mut report = Report::new("cap", 9);
        report.at_most("a", 0.5, 1.0);
        report.explain("depths", [1, 2]);
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["name"], "cap");
        assert_eq!(json["ok"], true);
        assert_eq!(json["seed"], 9);
        assert_eq!(json["targets"]["a"]["value"], 0.5);
        assert_eq!(json["targets"]["a"]["target"], 1.0);
        assert_eq!(json["targets"]["a"]["met"], true);
        assert_eq!(json["depths"][1], 2);
    }
}
