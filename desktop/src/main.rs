//! `manyhands`: live video that every viewer helps to carry. The desktop shell.

mod args;
mod broadcast;
mod demo;
mod doctor;
mod events;
mod failure;
mod input;
mod lend;
mod links;
mod page_feed;
mod qr;
mod rate;
mod record;
mod relay;
mod runtime;
mod state;
mod state_dir;
mod stop;
mod table;
mod watch;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Cli, Command, Link};
use crate::events::Printer;
use crate::failure::{Exit, Failure};

fn main() -> ExitCode {
    let start = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log(verbosity(&cli));
    match run(cli, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                let _ = writeln!(io::stderr(), "manyhands: {failure}");
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(cli: Cli, start: Instant) -> Result<(), Failure> {
    let printer = |json| Printer::new(json, start);
    let Some(command) = cli.command.or_else(|| Cli::parse_from(["manyhands", "demo"]).command)
    else {
        return Err(Failure::new(Exit::Usage, "no command"));
    };
    let work = async {
        match command {
            Command::Demo(args) => {
                let printer = printer(args.common.json);
                demo::run(args, printer).await
            }
            Command::Broadcast(args) => {
                let printer = printer(args.common.json);
                broadcast::run(args, printer).await
            }
            Command::Watch(args) => {
                let printer = printer(args.common.json);
                watch::run(args, printer).await
            }
            Command::Link { command: Link::Show { link, json } } => {
                links::show(link.as_deref(), printer(json))
            }
            Command::Link { command: Link::Invite } => Err(Failure::not_yet("link invite")),
            Command::Link { command: Link::Revoke } => Err(Failure::not_yet("link revoke")),
            Command::Relay(args) => {
                let printer = printer(args.common.json);
                relay::run(args, printer).await
            }
            Command::Doctor(args) => {
                let printer = printer(args.common.json);
                doctor::run(args, printer).await
            }
        }
    };
    let runtime = runtime::build().map_err(|e| Failure::local("starting", e))?;
    let result = runtime.block_on(work);
    // Reading threads may sit in a read that never ends.
    runtime.shutdown_background();
    result
}

fn verbosity(cli: &Cli) -> u8 {
    match &cli.command {
        Some(Command::Demo(args)) => args.common.verbose,
        Some(Command::Broadcast(args)) => args.common.verbose,
        Some(Command::Watch(args)) => args.common.verbose,
        Some(Command::Doctor(args)) => args.common.verbose,
        Some(Command::Relay(args)) => args.common.verbose,
        _ => 0,
    }
}

/// Logs go to standard error; only warnings unless more is asked for.
fn log(verbosity: u8) {
    // A datagram that finds no network while this machine moves is QUIC's to repeat; a line about it
    // would name whom it was for.
    let level = match verbosity {
        0 => "warn,mainline=off,quinn_udp=error",
        1 => {
            "warn,mainline=off,quinn_udp=error,manyhands=info,manyhands_net=info,manyhands_session=info"
        }
        2 => "info,manyhands=debug,manyhands_net=debug,manyhands_session=debug",
        _ => "info,manyhands=trace,manyhands_net=trace,manyhands_session=trace",
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

/// Help and version are answers; everything else on the command line gets one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let reason = text.split("\n\nUsage:").next().unwrap_or(&text);
    let reason = reason.split("\n\n").next().unwrap_or(reason);
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    let _ = writeln!(io::stderr(), "manyhands: {line}; manyhands --help says what there is");
    ExitCode::from(Exit::Usage as u8)
}
