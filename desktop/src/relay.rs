//! `manyhands relay`: this machine's upload for somebody else's broadcast.

mod kept;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use manyhands_session::{EndReason, Event, Relay, RelayConfig, Stats};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::interval;

use self::kept::State;
use crate::args;
use crate::events::Printer;
use crate::failure::{Exit, Failure};
use crate::lend;
use crate::state_dir;
use crate::stop::Stop;
use crate::table;

/// How long the ticket may wait for the router: a good one answers in milliseconds.
const ROUTER: Duration = Duration::from_millis(1_500);

/// Runs the command.
pub(crate) async fn run(args: args::Relay, printer: Printer) -> Result<(), Failure> {
    if !args.common.peer.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "a relay dials nobody: give its ticket to the broadcaster, and leave out --peer",
        ));
    }
    let mut stop = Stop::listen(args.common.with_parent)?;
    let mut state = State::open(&dir(&args)?)?;
    if args.new_ticket {
        state.renew();
    }
    let (relay, mut events) = start(&args, &state)?;
    state.keep(relay.address().port())?;
    relay.wait_for_router(ROUTER).await;
    announce(&args, &relay, printer)?;
    let mut last = None;
    let why = serve(&relay, &args, &mut events, &mut stop, printer, &mut last).await;
    let stats = relay.leave().await.or(last);
    printer.ended(why.word(), stats.as_ref());
    printer.say("The relay has stopped.");
    match why {
        Why::Asked => Ok(()),
        Why::Interrupted => Err(Failure::new(Exit::Interrupted, "")),
        Why::Failed => Err(Failure::new(
            Exit::Local,
            "the relay's port is not to be had any more; choose another with --listen",
        )),
    }
}

/// Where its key lives: beside what broadcasts keep, so that both can run.
fn dir(args: &args::Relay) -> Result<PathBuf, Failure> {
    let usual = || state_dir::default_dir().map(|dir| dir.join("relay"));
    args.common.state_dir.clone().or_else(usual).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "there is no place for the relay's key; name one with --state-dir",
        )
    })
}

fn start(args: &args::Relay, state: &State) -> Result<(Relay, mpsc::Receiver<Event>), Failure> {
    let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let config = RelayConfig {
        key: state.key(),
        // A ticket names the port: it stays the same.
        listen: args.common.listen.unwrap_or_else(|| any(state.port())),
        public: args.public.clone(),
        port_mapping: args.common.finding().port_mapping,
        dht: args.common.finding().dht,
        contribution: lend::contribution(&args.lend, &args.common)?,
        connections: usize::from(args.connections),
        seed: args.common.seed.unwrap_or_else(rand::random),
    };
    Relay::start(config).map_err(|e| Failure::new(Exit::Local, e))
}

fn announce(args: &args::Relay, relay: &Relay, printer: Printer) -> Result<(), Failure> {
    let ticket = relay.ticket();
    if let Some(path) = &args.ticket_out {
        state_dir::write_private(path, &ticket.to_text())?;
    }
    let listen: Vec<String> = ticket.hints.iter().map(ToString::to_string).collect();
    let mut ready = json!({ "listen": listen });
    if let Some(fields) = ready.as_object_mut().filter(|_| args.ticket_out.is_none()) {
        fields.insert("ticket".into(), ticket.to_text().into());
    }
    printer.event("ready", ready);
    printer.say(&format!("This relay can be reached at {}.", listen.join(", ")));
    match &args.ticket_out {
        Some(path) => printer.say(&format!("Its ticket is in {}.", path.display())),
        None => printer.say(&format!("Its ticket:\n\n  {}\n", ticket.to_text())),
    }
    printer.say("Give it to one broadcaster; who has it can use this machine's upload.");
    Ok(())
}

/// Why a relay ends.
#[derive(Clone, Copy)]
enum Why {
    Asked,
    Interrupted,
    Failed,
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Self::Asked => "finished",
            Self::Interrupted | Self::Failed => "interrupted",
        }
    }
}

async fn serve(
    relay: &Relay,
    args: &args::Relay,
    events: &mut mpsc::Receiver<Event>,
    stop: &mut Stop,
    printer: Printer,
    last: &mut Option<Stats>,
) -> Why {
    let mut seconds = interval(Duration::from_secs(1));
    let deadline = args.common.duration();
    let mut timer = std::pin::pin!(tokio::time::sleep(deadline.unwrap_or(Duration::MAX / 4)));
    let mut live = table::Live::new(printer);
    let mut offset_s = lend::utc_offset_s();
    loop {
        tokio::select! {
            Some(event) = events.recv() => {
                printer.session(&event);
                if matches!(event, Event::Ended { reason: EndReason::Unreachable, .. }) {
                    return Why::Failed;
                }
            }
            _ = seconds.tick() => {
                if let Some(stats) = relay.stats().await {
                    printer.stats(&stats);
                    live.show(&[("this relay", &stats)]);
                    *last = Some(stats);
                }
                // Summer time begins and ends, and budgets are by the day.
                let now_s = lend::utc_offset_s();
                if std::mem::replace(&mut offset_s, now_s) != now_s {
                    relay.set_conditions(lend::conditions(&args.lend), now_s).await;
                }
            }
            () = stop.asked() => return Why::Interrupted,
            () = &mut timer => return Why::Asked,
        }
    }
}
