//! The table: a set of scenarios over several seeds, against their bounds.

use crate::checks::broken_by;
use crate::results::{Metrics, Results, Written, figure};
use crate::scenario::{Bound, Scenario};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Scenario files, and folders of them.
    pub scenarios: Vec<PathBuf>,
    /// Seeds of each: 1 to this.
    pub seeds: u64,
    /// Where results are kept.
    pub cache: PathBuf,
}

/// A row as Markdown, and whether every target in it is met.
struct Row {
    text: String,
    met: bool,
}

/// Runs what is missing and writes the table; whether every target is met.
///
/// # Errors
/// A message that names the file or the run that failed.
pub fn run(plan: &Plan, out: &mut impl std::io::Write) -> Result<bool, String> {
    let kept = Results::of_this_program(&plan.cache)?;
    let head = "| scenario | viewers | \u{3c1} | measure | target | aim | worst | seed | met |";
    let line = |text: &str, out: &mut dyn std::io::Write| {
        writeln!(out, "{text}").map_err(|e| format!("can't write: {e}"))
    };
    line(head, out)?;
    line("|---|---|---|---|---|---|---|---|---|", out)?;
    let mut all = true;
    for written in Written::all(&plan.scenarios)? {
        let result = |seed| Ok((seed, kept.get(&written, seed, None)?));
        let results = (1..=plan.seeds).map(result).collect::<Result<Vec<_>, String>>()?;
        for row in rows(&written.scenario, &results) {
            line(&row.text, out)?;
            all &= row.met;
        }
    }
    Ok(all)
}

/// A row for each bound: the worst seed counts.
fn rows(scenario: &Scenario, results: &[(u64, Metrics)]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, bound) in &scenario.bounds {
        let value = |m: &Metrics| m.get(name).copied().unwrap_or(f64::NAN);
        let badness = |m: &Metrics| if bound.max.is_some() { value(m) } else { -value(m) };
        let worst = results.iter().max_by(|a, b| badness(&a.1).total_cmp(&badness(&b.1)));
        let Some((seed, metrics)) = worst else { continue };
        let met = !broken_by(value(metrics), bound);
        let ratio = metrics.get("slot_ratio_true").copied().unwrap_or(f64::NAN);
        let (viewers, verdict) = (scenario.viewers, if met { "yes" } else { "**no**" });
        let (target, worst) = (target(bound), figure(value(metrics)));
        let aim = bound.aim.map(figure).unwrap_or_default();
        let mut text = String::new();
        let _ = write!(
            text,
            "| {} | {viewers} | {ratio:.2} | {name} | {target} | {aim} | {worst} | {seed} | {verdict} |",
            scenario.name
        );
        rows.push(Row { text, met });
    }
    rows
}

fn target(bound: &Bound) -> String {
    let most = bound.max.map(|max| format!("\u{2264} {}", figure(max)));
    let least = bound.min.map(|min| format!("\u{2265} {}", figure(min)));
    most.into_iter().chain(least).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_seed_counts_and_what_is_not_met_is_said() {
        let text = "name = \"x\"\n[bounds]\na = { max = 2.0, aim = 1.0 }\nb = { min = 1.0 }\nc = { max = 1.0 }";
        let scenario = Scenario::parse(text).unwrap();
        let of = |a: f64, b: f64| Metrics::from([("a".into(), a), ("b".into(), b)]);
        let rows = rows(&scenario, &[(1, of(1.0, 3.0)), (2, of(2.5, 2.0))]);
        let met: Vec<bool> = rows.iter().map(|r| r.met).collect();
        assert_eq!(met, [false, true, false]);
        assert!(
            rows[0].text.contains("| a | \u{2264} 2 | 1 | 2.5 | 2 | **no** |"),
            "{}",
            rows[0].text
        );
        assert!(rows[1].text.contains("| b | \u{2265} 1 |  | 2 | 2 | yes |"), "{}", rows[1].text);
        assert!(rows[2].text.contains("| NaN |"), "{}", rows[2].text);
    }
}
