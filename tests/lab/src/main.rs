//! `manyhands-lab SCENARIO`: the real program in a little internet, and one JSON object about it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use manyhands_lab::LabError;
use manyhands_lab::monitor::Monitor;
use manyhands_lab::report::Report;
use manyhands_lab::scenario::{Order, Scenario};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a told-off run may take to put everything away; the kernel does the rest.
const PUTTING_AWAY: Duration = Duration::from_secs(3);
const INTERRUPTED: u8 = 130;

/// The real program on real sockets, in network namespaces on this machine (needs root).
///
/// Exit codes: 0 every target met, 1 one missed, 2 usage, 7 it could not be measured, 77 this
/// machine or account doesn't allow it, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "manyhands-lab", version, max_term_width = 100)]
struct Cli {
    /// What to run
    scenario: Scenario,
    /// One JSON object on standard output and nothing else anywhere
    #[arg(long)]
    json: bool,
    /// How many viewers, where a scenario can vary that
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    viewers: Option<u16>,
    /// How long to measure, where a scenario can vary that
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,
    /// Round trip between any two hosts, instead of the scenario's
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=2000))]
    rtt: Option<u64>,
    /// Share of packets that each host's line loses on its way out, instead of the scenario's
    #[arg(long, value_name = "0-1", value_parser = share)]
    loss: Option<f64>,
    /// How many pairs of NAT kinds, the telling ones first, instead of all 49
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=49))]
    pairs: Option<u8>,
    /// How often each pair of NAT kinds is run, or each who moves does
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    runs: u8,
    /// Where to write the picture of a scenario that draws one [default: `nat-matrix.svg` beside
    /// this program]
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Decides every random choice of the network
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program under test [default: `manyhands` beside this one]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// The same built with `--features sabotage`, for hostile members [default: `manyhands-breakable`
    /// beside this one]
    #[arg(long, value_name = "PATH")]
    breakable: Option<PathBuf>,
    /// Break something on purpose; the scenario has to fail then
    #[arg(long, value_name = "NAME")]
    sabotage: Option<String>,
    /// Keep the film, the link and what the programs said in this directory
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli).and_then(|report| print(&report, cli.json).map(|()| report.ok)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "manyhands-lab: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<Report, LabError> {
    let monitor = Monitor::new();
    watch_signals(Arc::clone(&monitor))?;
    let order = Order {
        viewers: cli.viewers,
        seconds: cli.seconds,
        rtt: cli.rtt.map(Duration::from_millis),
        loss: cli.loss,
        pairs: cli.pairs,
        runs: cli.runs,
        svg: cli.svg.clone().map_or_else(|| beside_this_one("nat-matrix.svg"), Ok)?,
        seed: cli.seed,
        program: cli.program.clone().map_or_else(|| beside_this_one("manyhands"), Ok)?,
        breakable: cli
            .breakable
            .clone()
            .map_or_else(|| beside_this_one("manyhands-breakable"), Ok)?,
        sabotage: cli.sabotage.clone(),
        keep: cli.keep.clone(),
    };
    cli.scenario.run(order, monitor)
}

/// The first signal ends the run in good order; a second one, or a run that doesn't come to an end,
/// ends the process, and the kernel takes everything away with it.
fn watch_signals(monitor: Arc<Monitor>) -> Result<(), LabError> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(LabError::io("listen for signals"))?;
    thread::spawn(move || {
        let mut told = false;
        for _ in signals.forever() {
            if told {
                std::process::exit(i32::from(INTERRUPTED));
            }
            told = true;
            monitor.interrupt();
            thread::spawn(|| {
                thread::sleep(PUTTING_AWAY);
                std::process::exit(i32::from(INTERRUPTED));
            });
        }
    });
    Ok(())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "not a number from 0 to 1".into())
}

fn beside_this_one(name: &str) -> Result<PathBuf, LabError> {
    let here = std::env::current_exe().map_err(LabError::io("find this program"))?;
    Ok(here.with_file_name(name))
}

fn print(report: &Report, json: bool) -> Result<(), LabError> {
    let text =
        if json { serde_json::to_string(report) } else { serde_json::to_string_pretty(report) };
    let text = text.map_err(|error| LabError::io("write JSON")(error.into()))?;
    if !json {
        let _ = write!(io::stderr(), "{}", report.table());
    }
    writeln!(io::stdout(), "{text}").map_err(LabError::io("write to standard output"))
}
