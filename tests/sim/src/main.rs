//! The simulator's command line; see CONTRACT.md, "The simulator".

use clap::Parser;
use manyhands_sim::{Report, Sabotage, Scenario, checks};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the overlay that ships on virtual time.
#[derive(Parser)]
#[command(name = "manyhands-sim", version)]
struct Args {
    /// A scenario file; without one: steady, the evidence's class mix at ρ = 1.3, 60 s.
    scenario: Option<PathBuf>,
    /// How many viewers (overrides the scenario).
    #[arg(long)]
    viewers: Option<u32>,
    /// What decides everything random (overrides the scenario).
    #[arg(long)]
    seed: Option<u64>,
    /// How long (overrides the scenario).
    #[arg(long)]
    seconds: Option<u32>,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Tells what this node sends and receives on standard error.
    #[arg(long)]
    trace: Option<u32>,
    /// Turns a mechanism off; the bounds must then fail.
    #[arg(long, value_parser = ["no-forward", "no-repair"])]
    sabotage: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let scenario = match load(&args) {
        Ok(scenario) => scenario,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "manyhands-sim: {error}");
            return ExitCode::from(2);
        }
    };
    let report = manyhands_sim::run(&scenario);
    let broken = checks::broken(&report, &scenario.bounds);
    let _ = print(&report, args.json);
    for line in &broken {
        let _ = writeln!(std::io::stderr(), "manyhands-sim: {line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load(args: &Args) -> Result<Scenario, String> {
    let mut scenario = match &args.scenario {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| format!("can't read {}: {e}", path.display()))?;
            Scenario::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => Scenario::default(),
    };
    if let Some(viewers) = args.viewers {
        scenario.viewers = viewers;
    }
    if let Some(seconds) = args.seconds {
        scenario.seconds = seconds;
    }
    scenario.trace = args.trace;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    scenario.sabotage = match args.sabotage.as_deref() {
        Some("no-forward") => Some(Sabotage::NoForward),
        Some("no-repair") => Some(Sabotage::NoRepair),
        _ => scenario.sabotage,
    };
    Ok(scenario)
}

fn print(report: &Report, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let line = serde_json::to_string(report).map_err(std::io::Error::other)?;
        return writeln!(out, "{line}");
    }
    for (name, value) in report.metrics() {
        writeln!(out, "{name:28} {value:.4}")?;
    }
    writeln!(out, "{:28} {}", "event_hash", report.event_hash)
}
