//! What each mechanism earns: scenarios with and without it, the same seeds for both.
//!
//! The worst of many differences looks bad by chance alone. So some seeds find the scenario and the measure in
//! which its absence does most harm, and others judge it there. A mechanism earns its place where
//! that harm is twice its standard error and large enough for somebody to notice.

use crate::results::{Metrics, Results, Written, figure};
use crate::scenario::Scenario;
use std::cmp::Ordering;
use std::path::PathBuf;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Scenario files, and folders of them.
    pub scenarios: Vec<PathBuf>,
    /// Seeds by which the worst scenario is found: 1 to this; twice as many more judge it.
    pub seeds: u64,
    /// Which mechanisms are looked at; none is all.
    pub mechanisms: Vec<String>,
    /// Where results are kept.
    pub cache: PathBuf,
}

/// What is looked at, less of it is better, and the least difference that anybody notices.
const MEASURES: [(&str, f64); 6] = [
    ("starved_viewers", 0.25),
    ("stall_total_ratio", 0.0005),
    ("recovery_s", 0.1),
    ("startup_ms.p95", 50.0),
    ("latency_ms.p95", 25.0),
    ("origin_egress_ratio", 0.02),
];
/// Those who never have a picture.
const STARVED: &str = MEASURES[0].0;
/// So many standard errors are a difference.
const ERRORS: f64 = 2.0;

/// Runs what is missing and writes the table.
///
/// # Errors
/// A message that names the file or the run that failed.
pub fn run(plan: &Plan, out: &mut impl std::io::Write) -> Result<(), String> {
    let kept = Results::of_this_program(&plan.cache)?;
    let scenarios = Written::all(&plan.scenarios)?;
    let named = |name: &&str| {
        plan.mechanisms.is_empty() || plan.mechanisms.iter().any(|asked| asked == name)
    };
    let mut line = |text: &str| writeln!(out, "{text}").map_err(|e| format!("can't write: {e}"));
    line(
        "| without | worst in | measure | with it | without it | harm | earns | better without it |",
    )?;
    line("|---|---|---|---|---|---|---|---|")?;
    for mechanism in Scenario::mechanisms().into_iter().filter(named) {
        line(&row(plan, &kept, &scenarios, mechanism)?)?;
    }
    Ok(())
}

/// A difference in one measure of one scenario.
struct Cell<'a> {
    written: &'a Written,
    measure: usize,
    harm: Difference,
}

impl Cell<'_> {
    /// First what is certain, then what is likely.
    fn by_harm(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.harm, &other.harm);
        let certain = a.certain(self.measure).total_cmp(&b.certain(other.measure));
        certain.then_with(|| a.likely(self.measure).total_cmp(&b.likely(other.measure)))
    }

    fn place(&self) -> (&str, &str) {
        (&self.written.scenario.name, MEASURES[self.measure].0)
    }
}

fn row(
    plan: &Plan,
    kept: &Results,
    scenarios: &[Written],
    mechanism: &str,
) -> Result<String, String> {
    let mut cells = Vec::new();
    for written in scenarios {
        let pairs = pairs(kept, written, mechanism, 1..=plan.seeds)?;
        cells.extend(compare(&pairs).map(|(measure, harm)| Cell { written, measure, harm }));
    }
    cells.sort_by(Cell::by_harm);
    let mut cost = String::new();
    if let Some(best) = cells.first().filter(|c| c.harm.is_better(c.measure)) {
        let Cell { measure, harm, .. } = judge(plan, kept, mechanism, best)?;
        if harm.is_better(measure) && measure == best.measure {
            let (scenario, measure) = best.place();
            let (with, without) = (figure(harm.with), figure(harm.without));
            cost = format!("{scenario}, {measure}: {with} \u{2192} {without}");
        }
    }
    let Some(worst) = cells.last().filter(|c| c.harm.mean > 0.0) else {
        return Ok(format!("| {mechanism} | nowhere |  |  |  |  | no | {cost} |"));
    };
    let worst = judge(plan, kept, mechanism, worst)?;
    let earns = if worst.harm.is_worse(worst.measure) { "yes" } else { "no" };
    let (scenario, measure) = worst.place();
    let Difference { with, without, mean, error } = worst.harm;
    let [with, without, mean, error] = [with, without, mean, error].map(figure);
    Ok(format!(
        "| {mechanism} | {scenario} | {measure} | {with} | {without} | {mean} \u{b1} {error} | {earns} | {cost} |"
    ))
}

/// The same with other seeds; where these leave more without a picture, that is what counts.
fn judge<'a>(
    plan: &Plan,
    kept: &Results,
    mechanism: &str,
    cell: &Cell<'a>,
) -> Result<Cell<'a>, String> {
    let others = plan.seeds + 1..=plan.seeds * 3;
    let differences: Vec<_> = compare(&pairs(kept, cell.written, mechanism, others)?).collect();
    let same = differences.iter().find(|(measure, _)| *measure == cell.measure);
    let found = same.or(differences.first()).copied();
    let (measure, harm) = found.unwrap_or((cell.measure, cell.harm));
    Ok(Cell { written: cell.written, measure, harm })
}

/// With and without it, a pair for each seed.
fn pairs(
    kept: &Results,
    written: &Written,
    mechanism: &str,
    seeds: std::ops::RangeInclusive<u64>,
) -> Result<Vec<[Metrics; 2]>, String> {
    let pair =
        |seed| Ok([kept.get(written, seed, None)?, kept.get(written, seed, Some(mechanism))?]);
    seeds.map(pair).collect()
}

/// How a measure changes without a mechanism, over some seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Difference {
    /// Mean with it.
    with: f64,
    /// Mean without it.
    without: f64,
    /// Mean of the differences.
    mean: f64,
    /// Standard error of that.
    error: f64,
}

impl Difference {
    fn of(pairs: &[(f64, f64)]) -> Self {
        let count = pairs.len().max(1) as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let harm = mean(&|(with, without)| without - with);
        let squares = mean(&|(with, without)| (without - with - harm).powi(2));
        let error = (squares / (count - 1.0).max(1.0)).sqrt();
        Self { with: mean(&|p| p.0), without: mean(&|p| p.1), mean: harm, error }
    }

    /// The part of it that is beyond chance, in so many times what anybody notices.
    fn certain(&self, measure: usize) -> f64 {
        let beyond = (self.mean.abs() - ERRORS * self.error).max(0.0);
        beyond.copysign(self.mean) / MEASURES[measure].1
    }

    /// How far from chance it is; what nobody notices counts little.
    fn likely(&self, measure: usize) -> f64 {
        self.mean / (self.error + MEASURES[measure].1)
    }

    fn is_worse(&self, measure: usize) -> bool {
        self.mean > (ERRORS * self.error).max(MEASURES[measure].1)
    }

    fn is_better(&self, measure: usize) -> bool {
        -self.mean > (ERRORS * self.error).max(MEASURES[measure].1)
    }
}

/// Each measure's difference, by its place among [`MEASURES`].
fn compare(pairs: &[[Metrics; 2]]) -> impl Iterator<Item = (usize, Difference)> {
    let of = |name: &str| {
        let value = |m: &Metrics| m.get(name).copied().unwrap_or(0.0);
        Difference::of(&pairs.iter().map(|[a, b]| (value(a), value(b))).collect::<Vec<_>>())
    };
    let all = MEASURES.map(|(name, _)| of(name));
    // Where fewer have a picture, how the others fare says nothing.
    let alike = of(STARVED).mean <= MEASURES[0].1;
    all.into_iter().enumerate().take(if alike { MEASURES.len() } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_beyond_its_error_and_where_somebody_notices() {
        let noise = Difference::of(&[(0.0, 0.2), (0.2, 0.0), (0.0, 0.1)]);
        assert!(!noise.is_worse(1) && !noise.is_better(1), "{noise:?}");
        let harm = Difference::of(&[(0.0, 0.2), (0.1, 0.3), (0.0, 0.3)]);
        assert!(harm.is_worse(1) && !harm.is_better(1), "{harm:?}");
        let small = Difference::of(&[(0.0, 0.0001), (0.1, 0.1001), (0.0, 0.0001)]);
        assert!(!small.is_worse(1), "nobody notices {small:?}");
        assert!(Difference::of(&[(9.0, 1.0), (9.0, 1.5)]).is_better(2));
    }

    #[test]
    fn the_error_is_that_of_the_mean() {
        let of = Difference::of(&[(1.0, 2.0), (1.0, 4.0)]);
        assert_eq!((of.with, of.without, of.mean, of.error), (1.0, 3.0, 2.0, 1.0));
    }

    #[test]
    fn where_more_never_start_the_others_are_not_compared() {
        let of = |starved: f64, latency: f64| {
            Metrics::from([(STARVED.into(), starved), ("latency_ms.p95".into(), latency)])
        };
        let pairs = vec![[of(0.0, 900.0), of(5.0, 10.0)], [of(0.0, 900.0), of(6.0, 10.0)]];
        assert_eq!(compare(&pairs).count(), 1);
        assert_eq!(compare(&pairs[..0]).count(), MEASURES.len());
    }
}
