//! The simulator's command line; see CONTRACT.md, "The simulator".

use clap::{Parser, Subcommand};
use manyhands_sim::{
    Recording, Report, Sabotage, Scenario, ablation, checks, minimise, page, plot, table,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the overlay that ships on virtual time.
#[derive(Parser)]
#[command(name = "manyhands-sim", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Task>,
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
    /// Takes a mechanism away, to see what it earns; may be given several times.
    #[arg(long, value_name = "MECHANISM", value_parser = Scenario::mechanisms())]
    without: Vec<String>,
    /// Breaks something; the bounds must then fail.
    #[arg(long, value_parser = Sabotage::NAMED.map(|(name, _)| name))]
    sabotage: Option<String>,
    /// Draws the run as SVG.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Writes a page into this folder that replays the run (400 viewers at most).
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Runs scenarios over several seeds and prints their bounds with the worst seed, as Markdown.
    /// What has been run with the same program, scenario and seed is not run again.
    Table {
        /// Scenario files, or folders of them.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        /// Seeds of each: 1 to this.
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        /// Where results are kept.
        #[arg(long, default_value = "target/sim-results")]
        cache: PathBuf,
    },
    /// Runs scenarios with each mechanism taken away and prints what it earns where it earns most, as
    /// Markdown. What has been run before is not run again.
    Ablate {
        /// Scenario files, or folders of them.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        /// Seeds by which the worst scenario is found: 1 to this. Twice as many more judge it.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(2..=1_000))]
        seeds: u64,
        /// These only.
        #[arg(long, value_name = "MECHANISM", value_parser = Scenario::mechanisms())]
        mechanism: Vec<String>,
        /// Where results are kept.
        #[arg(long, default_value = "target/sim-results")]
        cache: PathBuf,
    },
    /// Shortens a scenario that breaks a bound with a seed, and prints a smaller one that breaks it
    /// too, as TOML.
    Minimise {
        /// The scenario's file.
        scenario: PathBuf,
        /// The seed it fails with (overrides the scenario).
        #[arg(long)]
        seed: Option<u64>,
        /// Runs at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        runs: u32,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.command {
        Some(Task::Table { scenarios, seeds, cache }) => {
            let (scenarios, cache) = (scenarios.clone(), cache.clone());
            return tabulate(&table::Plan { scenarios, seeds: *seeds, cache });
        }
        Some(Task::Ablate { scenarios, seeds, mechanism, cache }) => {
            let (scenarios, cache) = (scenarios.clone(), cache.clone());
            let mechanisms = mechanism.clone();
            return ablate(&ablation::Plan { scenarios, seeds: *seeds, mechanisms, cache });
        }
        Some(Task::Minimise { scenario, seed, runs }) => return shorten(scenario, *seed, *runs),
        None => {}
    }
    let scenario = match load(&args) {
        Ok(scenario) => scenario,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "manyhands-sim: {error}");
            return ExitCode::from(2);
        }
    };
    let (report, recording) = match &args.page {
        Some(_) => manyhands_sim::record(&scenario),
        None => (manyhands_sim::run(&scenario), None),
    };
    let broken = checks::broken(&report, &scenario.bounds);
    let _ = print(&report, args.json);
    if let Err(error) = keep(&args, &report, recording.as_ref()) {
        let _ = writeln!(std::io::stderr(), "manyhands-sim: {error}");
        return ExitCode::from(7);
    }
    for line in &broken {
        let _ = writeln!(std::io::stderr(), "manyhands-sim: {line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the pictures that were asked for.
fn keep(args: &Args, report: &Report, recording: Option<&Recording>) -> Result<(), String> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("can't write {path}: {error}")
    };
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::svg(report)).map_err(at(path))?;
    }
    if let (Some(folder), Some(recording)) = (&args.page, recording) {
        let file = page::write(recording, folder).map_err(at(folder))?;
        let _ = writeln!(std::io::stderr(), "manyhands-sim: the page is {}", file.display());
    }
    Ok(())
}

fn tabulate(plan: &table::Plan) -> ExitCode {
    match table::run(plan, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            let _ = writeln!(std::io::stderr(), "manyhands-sim: targets marked no are not met");
            ExitCode::FAILURE
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "manyhands-sim: {error}");
            ExitCode::from(2)
        }
    }
}

fn ablate(plan: &ablation::Plan) -> ExitCode {
    match ablation::run(plan, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "manyhands-sim: {error}");
            ExitCode::from(2)
        }
    }
}

fn shorten(path: &Path, seed: Option<u64>, runs: u32) -> ExitCode {
    let mut run = |s: &Scenario| checks::broken(&manyhands_sim::run(s), &s.bounds);
    let mut tell = |what: &str| drop(writeln!(std::io::stderr(), "manyhands-sim: {what}"));
    let found = read(path).and_then(|mut scenario| {
        scenario.seed = seed.unwrap_or(scenario.seed);
        minimise::minimise(&scenario, runs, &mut run, &mut tell)
    });
    match found.and_then(|small| small.toml().map_err(|e| e.to_string())) {
        Ok(text) => match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(7),
        },
        Err(error) => {
            tell(&error);
            ExitCode::from(2)
        }
    }
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("can't read {}: {e}", path.display()))?;
    Scenario::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn load(args: &Args) -> Result<Scenario, String> {
    let mut scenario = match &args.scenario {
        Some(path) => read(path)?,
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
    for name in &args.without {
        scenario.take_away(name);
    }
    scenario.sabotage = args.sabotage.as_deref().and_then(Sabotage::named).or(scenario.sabotage);
    if args.page.is_some() && scenario.viewers > page::MOST_VIEWERS {
        let most = page::MOST_VIEWERS;
        return Err(format!(
            "a page shows {most} viewers at most, and this run has {}; give --viewers {most}",
            scenario.viewers
        ));
    }
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
