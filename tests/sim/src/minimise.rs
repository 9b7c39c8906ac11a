//! Shortens a scenario that fails, so that what is wrong can be looked at in a small run.
//!
//! Greedy: of each kind of cut the boldest that still breaks the same bound or checker is kept, until
//! no cut does. A run is what costs time, so it is runs that are counted and bounded. The seed stays;
//! a smaller audience is another world with it, and that it still breaks is luck that is tried for.

use crate::checks::Broken;
use crate::scenario::{Fault, Scenario};

/// A run is measured for at least this long, so that what is counted means something.
const LEAST_MEASURED_S: f64 = 5.0;

/// What came out.
#[derive(Clone, Debug)]
pub struct Smaller {
    /// The shortened scenario, with the one bound that it breaks.
    pub scenario: Scenario,
    /// What it breaks.
    pub broken: Broken,
    /// Runs that it took.
    pub runs: u32,
}

/// Gives smaller scenarios than one, the boldest first.
type Cut = fn(&Scenario) -> Vec<Scenario>;

/// In this order: what saves most comes first.
const CUTS: [(&str, Cut); 7] = [
    ("one fault", only_one_fault),
    ("fewer faults", fewer_faults),
    ("fewer viewers", fewer_viewers),
    ("a shorter end", shorter_end),
    ("a shorter beginning", shorter_beginning),
    ("smaller faults", smaller_faults),
    ("a simpler world", simpler_world),
];

/// Shortens a scenario; `run` says what one breaks, `tell` hears of each cut that was kept.
///
/// # Errors
/// If the scenario breaks nothing.
pub fn minimise(
    scenario: &Scenario,
    most_runs: u32,
    run: &mut dyn FnMut(&Scenario) -> Vec<Broken>,
    tell: &mut dyn FnMut(&str),
) -> Result<Smaller, String> {
    let Some(broken) = run(scenario).into_iter().next() else {
        return Err(format!(
            "{} breaks nothing with seed {}, so there is nothing to shorten",
            scenario.name, scenario.seed
        ));
    };
    let mut found = Smaller { scenario: scenario.clone(), broken, runs: 1 };
    found.scenario.bounds.retain(|name, _| *name == found.broken.name);
    loop {
        let before = found.scenario.clone();
        for (name, cut) in CUTS {
            while found.runs < most_runs && found.try_cut(cut, most_runs, run) {
                let Scenario { viewers, seconds, fault, .. } = &found.scenario;
                let (runs, faults) = (found.runs, fault.len());
                tell(&format!(
                    "run {runs}, {name}: {viewers} viewers, {seconds} s, faults: {faults}"
                ));
            }
        }
        if found.runs >= most_runs || before == found.scenario {
            return Ok(found);
        }
    }
}

impl Smaller {
    fn try_cut(
        &mut self,
        cut: Cut,
        most_runs: u32,
        run: &mut dyn FnMut(&Scenario) -> Vec<Broken>,
    ) -> bool {
        let felt = |s: &Scenario| s.fault.iter().all(|f| f.is_felt_by(s.viewers));
        for smaller in cut(&self.scenario).into_iter().filter(felt) {
            if self.runs >= most_runs {
                return false;
            }
            self.runs += 1;
            if let Some(broken) = run(&smaller).into_iter().find(|b| b.name == self.broken.name) {
                self.broken = broken;
                self.scenario = smaller;
                return true;
            }
        }
        false
    }

    /// The scenario as TOML: what is broken in a comment, then all that isn't as by default.
    ///
    /// # Errors
    /// If it can't be written as TOML.
    pub fn toml(&self) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(&self.scenario)?;
        leave_out(&mut table, &toml::Table::try_from(Scenario::default())?);
        for (name, value) in
            [("viewers", self.scenario.viewers), ("seconds", self.scenario.seconds)]
        {
            table.insert(name.into(), toml::Value::from(value));
        }
        table.insert("seed".into(), toml::Value::try_from(self.scenario.seed)?);
        Ok(format!("# {}\n{}", self.broken, toml::to_string(&table)?))
    }
}

/// Leaves out what is as in `usual`.
fn leave_out(table: &mut toml::Table, usual: &toml::Table) {
    for (name, value) in usual {
        match (table.get_mut(name), value) {
            (Some(toml::Value::Table(inside)), toml::Value::Table(usual)) => {
                leave_out(inside, usual);
                if inside.is_empty() {
                    table.remove(name);
                }
            }
            (Some(same), value) if same == value => {
                table.remove(name);
            }
            _ => {}
        }
    }
}

fn with(scenario: &Scenario, change: impl FnOnce(&mut Scenario)) -> Option<Scenario> {
    let mut changed = scenario.clone();
    change(&mut changed);
    (changed != *scenario).then_some(changed)
}

fn only_one_fault(s: &Scenario) -> Vec<Scenario> {
    let one = |f: &Fault| with(s, |s| s.fault = vec![f.clone()]);
    if s.fault.len() < 3 { Vec::new() } else { s.fault.iter().filter_map(one).collect() }
}

fn fewer_faults(s: &Scenario) -> Vec<Scenario> {
    let without = |at: usize| {
        with(s, |s| {
            s.fault.remove(at);
        })
    };
    (0..s.fault.len()).filter_map(without).collect()
}

fn fewer_viewers(s: &Scenario) -> Vec<Scenario> {
    let sizes = [s.viewers / 4, s.viewers / 2, s.viewers * 3 / 4, s.viewers.saturating_sub(1)];
    sizes.into_iter().filter(|v| *v > 0).filter_map(|v| with(s, |s| s.viewers = v)).collect()
}

fn shorter_end(s: &Scenario) -> Vec<Scenario> {
    let least = (s.measure_from_s + LEAST_MEASURED_S).ceil() as u32;
    let spare = s.seconds.saturating_sub(least);
    let ends = [least, least + spare / 2, s.seconds.saturating_sub(1)];
    ends.into_iter()
        .filter(|end| *end < s.seconds && *end >= least)
        .filter_map(|end| {
            // What would happen after the end doesn't happen.
            with(s, |s| {
                s.seconds = end;
                s.fault.retain(|f| f.at_s() < f64::from(end));
            })
        })
        .collect()
}

/// The measured time, and all that happens, comes sooner after the audience has come.
fn shorter_beginning(s: &Scenario) -> Vec<Scenario> {
    let first = s.fault.iter().map(Fault::at_s).fold(s.measure_from_s, f64::min);
    let spare = (first - s.ramp_s).max(0.0);
    let sooner = |by: f64| {
        let by = by.floor();
        with(s, |s| {
            s.measure_from_s -= by;
            s.seconds = s.seconds.saturating_sub(by as u32);
            s.fault.iter_mut().for_each(|f| f.shift(-by));
        })
    };
    let faster = with(s, |s| s.ramp_s = (s.ramp_s / 2.0).floor()).filter(|s| s.ramp_s >= 1.0);
    [spare, spare / 2.0].into_iter().filter_map(sooner).chain(faster).collect()
}

fn smaller_faults(s: &Scenario) -> Vec<Scenario> {
    let halve = |at: usize| {
        with(s, |s| {
            if let Some(fault) = s.fault.get_mut(at) {
                fault.halve();
            }
        })
    };
    (0..s.fault.len()).filter_map(halve).collect()
}

fn simpler_world(s: &Scenario) -> Vec<Scenario> {
    let usual = Scenario::default();
    [
        with(s, |s| s.media.audio_bps = 0),
        with(s, |s| s.media.parity = false),
        with(s, |s| s.black_holes = 0.0),
        with(s, |s| s.net.hard_nat = 0.0),
        with(s, |s| s.net.loss = 0.0),
        with(s, |s| s.net.jitter_ms = 0.0),
        with(s, |s| s.class = usual.class),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks, run};

    fn breaks(name: &str) -> Vec<Broken> {
        vec![Broken { name: name.into(), how: "is broken".into() }]
    }

    fn large() -> Scenario {
        let crash = |at_s| Fault::Crash { at_s, count: 40, share: 0.0 };
        let offline = Fault::OriginOffline { at_s: 50.0, away_s: 4.0 };
        let fault = vec![crash(40.0), offline, crash(70.0)];
        Scenario { viewers: 500, seconds: 120, fault, ..Scenario::default() }
    }

    #[test]
    fn what_does_not_matter_to_the_failure_goes_and_what_does_stays() {
        let crashes = |s: &Scenario| {
            s.fault.iter().any(|f| matches!(f, Fault::Crash { count, .. } if *count >= 5))
        };
        let mut ran = 0;
        let mut run = |s: &Scenario| {
            ran += 1;
            let failed = s.viewers >= 17 && s.net.loss > 0.0 && crashes(s);
            if failed { breaks("a") } else { breaks("another") }
        };
        let small = minimise(&large(), 300, &mut run, &mut |_| ()).unwrap();
        let Scenario { viewers, seconds, fault, net, .. } = &small.scenario;
        assert_eq!((*viewers, fault.len(), net.loss), (17, 1, 0.01));
        assert!(matches!(fault[0], Fault::Crash { count: 5, .. }), "{fault:?}");
        assert!(*seconds <= 12, "{seconds}");
        assert_eq!(net.jitter_ms, 0.0);
        assert_eq!(small.broken.name, "a");
        assert_eq!(small.runs, ran);
    }

    #[test]
    fn it_stops_when_its_runs_are_used_up_and_where_nothing_is_broken() {
        let mut ran = 0;
        let mut run = |_: &Scenario| {
            ran += 1;
            breaks("a")
        };
        assert_eq!(minimise(&large(), 5, &mut run, &mut |_| ()).unwrap().runs, 5);
        assert_eq!(ran, 5);
        let said = minimise(&large(), 5, &mut |_| Vec::new(), &mut |_| ()).unwrap_err();
        assert!(said.contains("breaks nothing with seed 1"), "{said}");
    }

    #[test]
    fn a_failing_seed_becomes_a_smaller_file_that_fails_in_the_same_way() {
        let text = "name = \"x\"\nviewers = 24\nseconds = 20\nramp_s = 4.0\nmeasure_from_s = 8.0\n\
                    sabotage = \"no-forward\"\n[[fault]]\nkind = \"crash\"\nat_s = 12.0\ncount = 3\n\
                    [bounds]\nintact_ratio = { min = 1.0 }\nstall_total_ratio = { max = 0.01 }";
        let scenario = Scenario::parse(text).unwrap();
        let mut of = |s: &Scenario| checks::broken(&run(s), &s.bounds);
        let small = minimise(&scenario, 25, &mut of, &mut |_| ()).unwrap();
        let text = small.toml().unwrap();
        let again = Scenario::parse(&text).unwrap();
        assert_eq!(again, small.scenario);
        assert!(again.viewers < 24 && again.seconds < 20 && again.fault.is_empty(), "{text}");
        assert_eq!(again.bounds.len(), 1);
        assert_eq!(of(&again), [small.broken]);
        assert!(text.starts_with("# stall_total_ratio is "), "{text}");
        assert!(!text.contains("origin_upload"), "{text}");
    }
}
