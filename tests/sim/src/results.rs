//! Results of runs, kept on disk.
//!
//! Each run is a process of its own, so that its memory is its own, and its result is kept under a
//! name made of this program's bytes, the scenario's text, the seed and what was taken away: whatever
//! changes the code or the scenario asks for a new run, and what was interrupted goes on where it stopped.

use crate::dice::mix;
use crate::scenario::Scenario;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every number of a run by its name.
pub(crate) type Metrics = BTreeMap<String, f64>;

/// A scenario and where it is written.
pub(crate) struct Written {
    path: PathBuf,
    digest: u64,
    pub(crate) scenario: Scenario,
}

impl Written {
    /// Files, and those of folders in the order of their names.
    pub(crate) fn all(given: &[PathBuf]) -> Result<Vec<Self>, String> {
        files(given)?.into_iter().map(Self::read).collect()
    }

    fn read(path: PathBuf) -> Result<Self, String> {
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        let scenario = Scenario::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { path, digest: digest(text.as_bytes()), scenario })
    }
}

/// This program, and the folder where what it found is kept.
pub(crate) struct Results {
    program: PathBuf,
    source: u64,
    folder: PathBuf,
}

impl Results {
    pub(crate) fn of_this_program(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(at(folder))?;
        let program = std::env::current_exe().map_err(|e| format!("where is this program: {e}"))?;
        let source = digest(&std::fs::read(&program).map_err(at(&program))?);
        Ok(Self { program, source, folder: folder.into() })
    }

    /// A result that is kept, or a new one.
    pub(crate) fn get(
        &self,
        written: &Written,
        seed: u64,
        without: Option<&str>,
    ) -> Result<Metrics, String> {
        let less = without.map_or(0, |name| digest(name.as_bytes()));
        let key = mix(self.source ^ written.digest ^ less);
        let name = &written.scenario.name;
        let kept = self.folder.join(format!("{name}-{seed}-{key:016x}.json"));
        if let Some(metrics) = std::fs::read(&kept).ok().and_then(|bytes| parse(&bytes)) {
            return Ok(metrics);
        }
        let run = match without {
            Some(name) => format!("{} without {name}, seed {seed}", written.path.display()),
            None => format!("{}, seed {seed}", written.path.display()),
        };
        let _ = writeln!(std::io::stderr(), "running {run}");
        let output = Command::new(&self.program)
            .arg(&written.path)
            .args(["--seed", &seed.to_string(), "--json"])
            .args(without.into_iter().flat_map(|name| ["--without", name]))
            .output()
            .map_err(at(&self.program))?;
        let metrics = parse(&output.stdout).ok_or_else(|| format!("{run} gave no result"))?;
        // Under another name first: what is kept is whole.
        let part = kept.with_extension("part");
        std::fs::write(&part, &output.stdout).map_err(at(&part))?;
        std::fs::rename(&part, &kept).map_err(at(&kept))?;
        Ok(metrics)
    }
}

/// A number as a table shows it.
pub(crate) fn figure(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |e| format!("{path}: {e}")
}

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

fn parse(bytes: &[u8]) -> Option<Metrics> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let metrics = crate::report::numbers(value);
    (!metrics.is_empty()).then_some(metrics)
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
    fn a_result_that_is_kept_is_not_run_again() {
        let folder = std::env::temp_dir().join(format!("manyhands-sim-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let results = Results { program: "/nowhere".into(), source: 1, folder: folder.clone() };
        let scenario = Scenario { name: "kept".into(), ..Scenario::default() };
        let written = Written { path: "x.toml".into(), digest: 2, scenario };
        let keep = |without: u64, text: &str| {
            let key = mix(1 ^ 2 ^ without);
            std::fs::write(folder.join(format!("kept-3-{key:016x}.json")), text).unwrap();
        };
        keep(0, "{\"a\": 1.5, \"b\": {\"p50\": 2}}");
        let metrics = results.get(&written, 3, None).unwrap();
        assert_eq!(metrics, Metrics::from([("a".into(), 1.5), ("b.p50".into(), 2.0)]));
        assert!(results.get(&written, 3, Some("holds")).is_err(), "that is another run");
        keep(digest(b"holds"), "{\"a\": 2}");
        assert_eq!(results.get(&written, 3, Some("holds")).unwrap()["a"], 2.0);
        keep(0, "half a res");
        assert!(results.get(&written, 3, None).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
