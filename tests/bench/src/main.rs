//! `manyhands-bench NAME`: the real program on loopback, and one JSON object about it.
//!
//! One file a bench. All viewers are processes of their own, as are broadcasters; what they say
//! comes from their `--json` events, what they cost from the kernel. A bench ends with exit code 0
//! only when every promise was kept, and its sabotaged twin has to fail.

mod bad_input;
mod compare;
mod cost;
mod crowd;
mod exact;
mod figures;
mod film;
mod loss;
mod packets;
mod proc;
mod replay;
mod run;
mod shared_load;
mod stage;
mod startup;
mod tools;
mod watched;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::{Parser, Subcommand};
use manyhands_lab::LabError;
use manyhands_lab::monitor::Monitor;
use manyhands_lab::report::Report;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::stage::{Order, Sabotage, Stage};

/// How long a told-off run may take to put everything away; the kernel does the rest.
const PUTTING_AWAY: Duration = Duration::from_secs(3);
const INTERRUPTED: u8 = 130;

/// The real program on loopback: what it promises, measured.
///
/// Exit codes: 0 every target met, 1 one missed, 2 usage, 7 it could not be measured, 77 this
/// machine lacks a tool, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "manyhands-bench", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
    /// One JSON object on standard output and nothing else anywhere
    #[arg(long, global = true)]
    json: bool,
    /// Decides every random choice
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    /// The program under test [default: `manyhands` beside this one]
    #[arg(long, value_name = "PATH", global = true)]
    program: Option<PathBuf>,
    /// Break something on purpose; the bench has to fail then
    #[arg(long, value_name = "NAME", global = true)]
    sabotage: Option<Sabotage>,
    /// Keep films, links and what the programs said in this directory
    #[arg(long, value_name = "DIR", global = true)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// What a viewer fed by viewers writes is what was broadcast, unit by unit
    Exact(exact::Args),
    /// Viewers feed each other: a broadcaster that sends about two copies serves them all
    SharedLoad(shared_load::Args),
    /// How long until the first frame, in a crowd that runs
    Startup(startup::Args),
    /// Viewers killed, the broadcaster killed and started again, viewers leaving
    Loss(loss::Args),
    /// Processor time and memory of a viewer that passes on two copies
    Cost(cost::Args),
    /// Nonsense from files, links, disks, readers and the network
    BadInput(bad_input::Args),
    /// The overlays of a real run, lived once more from their journals, answer the same
    Replay(replay::Args),
}

impl Bench {
    fn run(&self, stage: &Stage) -> Result<Report, LabError> {
        match self {
            Self::Exact(args) => exact::run(stage, args),
            Self::SharedLoad(args) => shared_load::run(stage, args),
            Self::Startup(args) => startup::run(stage, args),
            Self::Loss(args) => loss::run(stage, args),
            Self::Cost(args) => cost::run(stage, args),
            Self::BadInput(args) => bad_input::run(stage, args),
            Self::Replay(args) => replay::run(stage, args),
        }
    }

    /// What the bench can be broken by: each of these it has to notice.
    fn sabotages(&self) -> &'static [Sabotage] {
        use Sabotage::{BitFlip, NoForward, NoRepair, OtherSeed};
        match self {
            Self::Exact(_) | Self::SharedLoad(_) => &[NoForward, BitFlip],
            Self::Loss(_) => &[NoForward, NoRepair],
            Self::Startup(_) | Self::Cost(_) | Self::BadInput(_) => &[NoForward],
            Self::Replay(_) => &[OtherSeed],
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli).and_then(|report| print(&report, cli.json).map(|()| report.ok)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "manyhands-bench: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<Report, LabError> {
    let monitor = Monitor::new();
    watch_signals(Arc::clone(&monitor))?;
    if let Some(sabotage) = cli.sabotage
        && !cli.bench.sabotages().contains(&sabotage)
    {
        let known = cli.bench.sabotages();
        return Err(LabError::Usage(format!("this bench can be sabotaged by {known:?} only")));
    }
    // What is on disk already needs no program.
    if let Bench::Replay(replay::Args { journal: Some(path), .. }) = &cli.bench {
        return replay::one(path, cli.seed, cli.sabotage == Some(Sabotage::OtherSeed));
    }
    let order = Order {
        program: cli.program.clone().map_or_else(beside_this_one, Ok)?,
        seed: cli.seed,
        sabotage: cli.sabotage,
        keep: cli.keep.clone(),
    };
    let stage = Stage::new(order, monitor)?;
    let mut report = cli.bench.run(&stage)?;
    if let Some(sabotage) = cli.sabotage {
        report.explain("sabotage", format!("{sabotage:?}"));
    }
    Ok(report)
}

/// The first signal ends the run in good order; a second one, or a run that doesn't come to an end,
/// ends the process, and the kernel takes the programs away with it.
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

fn beside_this_one() -> Result<PathBuf, LabError> {
    let here = std::env::current_exe().map_err(LabError::io("find this program"))?;
    Ok(here.with_file_name("manyhands"))
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
