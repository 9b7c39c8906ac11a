//! The table: a set of scenarios over several seeds, against their bounds.
//!
//! Each run is a process of its own, so that its memory is its own, and its result is kept under a
//! name made of this program's bytes, the scenario's text and the seed: whatever changes the code or
//! the scenario asks for a new run, and a table that was interrupted goes on where it stopped.

use crate::checks::broken_by;
use crate::scenario::{Bound, Scenario};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dice::mix;

/// Every number of a run by its name.
type Metrics = BTreeMap<String, f64>;

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
    std::fs::create_dir_all(&plan.cache).map_err(at(&plan.cache))?;
    let program = std::env::current_exe().map_err(|e| format!("where is this program: {e}"))?;
    let source = digest(&std::fs::read(&program).map_err(at(&program))?);
    let head = "| scenario | viewers | \u{3c1} | measure | target | aim | worst | seed | met |";
    let line = |text: &str, out: &mut dyn std::io::Write| {
        writeln!(out, "{text}").map_err(|e| format!("can't write: {e}"))
    };
    line(head, out)?;
    line("|---|---|---|---|---|---|---|---|---|", out)?;
    let mut all = true;
    for path in files(&plan.scenarios)? {
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        let scenario = Scenario::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let key = mix(source ^ digest(text.as_bytes()));
        let mut results = Vec::new();
        for seed in 1..=plan.seeds {
            let kept = plan.cache.join(format!("{}-{seed}-{key:016x}.json", scenario.name));
            results.push((seed, result(&program, &path, seed, &kept)?));
        }
        for row in rows(&scenario, &results) {
            line(&row.text, out)?;
            all &= row.met;
        }
    }
    Ok(all)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |e| format!("{path}: {e}")
}

/// The scenarios of a folder in the order of their names.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(at(path))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .collect();
        inside.sort();
        files.extend(inside);
    }
    if files.is_empty() {
        Err("no scenario given; name files or a folder".into())
    } else {
        Ok(files)
    }
}

/// A result that is kept, or a new one.
fn result(program: &Path, scenario: &Path, seed: u64, kept: &Path) -> Result<Metrics, String> {
    if let Some(metrics) = std::fs::read(kept).ok().and_then(|bytes| parse(&bytes)) {
        return Ok(metrics);
    }
    let _ = writeln!(std::io::stderr(), "running {} with seed {seed}", scenario.display());
    let output = Command::new(program)
        .arg(scenario)
        .args(["--seed", &seed.to_string(), "--json"])
        .output()
        .map_err(at(program))?;
    let metrics = parse(&output.stdout)
        .ok_or_else(|| format!("{} with seed {seed} gave no result", scenario.display()))?;
    // Under another name first: what is kept is whole.
    let part = kept.with_extension("part");
    std::fs::write(&part, &output.stdout).map_err(at(&part))?;
    std::fs::rename(&part, kept).map_err(at(kept))?;
    Ok(metrics)
}

fn parse(bytes: &[u8]) -> Option<Metrics> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let metrics = crate::report::numbers(value);
    (!metrics.is_empty()).then_some(metrics)
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

fn figure(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// FNV-1a: tells one text from another, against accidents only.
fn digest(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
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

    #[test]
    fn a_result_that_is_kept_is_not_run_again() {
        let folder = std::env::temp_dir().join(format!("manyhands-sim-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let kept = folder.join("kept.json");
        std::fs::write(&kept, "{\"a\": 1.5, \"b\": {\"p50\": 2}}").unwrap();
        let metrics = result(Path::new("/nowhere"), Path::new("x.toml"), 1, &kept).unwrap();
        assert_eq!(metrics, Metrics::from([("a".into(), 1.5), ("b.p50".into(), 2.0)]));
        std::fs::write(&kept, "half a res").unwrap();
        assert!(result(Path::new("/nowhere"), Path::new("x.toml"), 1, &kept).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
