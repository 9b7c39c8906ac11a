//! `manyhands broadcast`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use manyhands_session::{
    Broadcast, BroadcastConfig, Conditions, Event, NetworkWatch, Relays, Stats,
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::args;
use crate::events::Printer;
use crate::failure::{Exit, Failure};
use crate::input::{Input, InputKind};
use crate::links;
use crate::record::Recording;
use crate::state::State;
use crate::state_dir;
use crate::stop::Stop;
use crate::table;
use manyhands::pattern::PatternConfig;

/// Where links point to; its fragment never leaves the browser.
pub(crate) const HOST: &str = "manyhands.invalid";
/// How long going live waits for the router to open a port, so that the link names it.
const ROUTER: Duration = Duration::from_millis(1_500);
/// How long the first relay may take: two dials and a handshake on a bad line.
const RELAY_PATIENCE: Duration = Duration::from_secs(10);
/// How often the state directory learns that the run is alive.
const ALIVE: Duration = Duration::from_secs(5);

/// Runs the command.
pub(crate) async fn run(args: args::Broadcast, printer: Printer) -> Result<(), Failure> {
    refuse_what_is_not_there(&args)?;
    let relays = Relays { tickets: links::tickets(&args.relay)?, shielded: args.shielded };
    let input = open(&args)?;
    let mut stop = Stop::listen(args.common.with_parent)?;
    let (mut state, borrowed) = open_state(&args)?;
    if borrowed {
        printer.notice(
            "own_link",
            "Another broadcast is using your channel, so this one has a link of its own.",
        );
    }
    let (broadcast, mut events) = start(&args, &input, relays, &mut state)?;
    broadcast.wait_for_router(ROUTER).await;
    if args.shielded && !relayed(&broadcast, &mut stop).await? {
        state.end(unix_ms())?;
        return Err(Failure::new(
            Exit::Unreachable,
            "no relay answers and lets you in, so you are not live; see that one runs, is reachable \
             from here, and that its ticket is the newest",
        ));
    }
    announce(&args, &broadcast, printer)?;
    let recording = args.record.as_deref().map(|path| record(path, &input)).transpose()?;
    let mut live = Live { broadcast, recording, state, printer, last: None };
    let why = live.run(input, &args, &mut events, &mut stop).await?;
    live.end(why).await
}

/// The input that the command line names.
fn open(args: &args::Broadcast) -> Result<Input, Failure> {
    let kind = match args.input.as_deref() {
        None => InputKind::Pattern(PatternConfig::default()),
        Some("-") => InputKind::StandardInput,
        Some(path) => InputKind::File {
            path: Path::new(path),
            looped: args.looped,
            paced: !args.no_realtime || args.realtime,
        },
    };
    Input::open(&kind)
}

fn refuse_what_is_not_there(args: &args::Broadcast) -> Result<(), Failure> {
    let absent = [
        (args.renditions.is_some(), "--renditions"),
        (args.latency_target.is_some(), "--latency-target"),
        (args.window.is_some(), "--window"),
        (args.input.as_deref().is_some_and(|i| i.starts_with("rtmp://")), "an rtmp:// input"),
    ];
    if let Some((_, what)) = absent.into_iter().find(|(asked, _)| *asked) {
        return Err(Failure::not_yet(what));
    }
    let from_stdin = args.input.as_deref() == Some("-") && args.relay.iter().any(|t| t == "-");
    if from_stdin {
        return Err(Failure::new(
            Exit::Usage,
            "input and ticket both want standard input; name the ticket's file with --relay @FILE",
        ));
    }
    if args.private && args.link_out.is_none() {
        return Err(Failure::new(
            Exit::Usage,
            "--private never prints the link; name a file for it with --link-out FILE",
        ));
    }
    Ok(())
}

/// The state directory; when the usual one is in use, a channel of its own for this run.
fn open_state(args: &args::Broadcast) -> Result<(State, bool), Failure> {
    if let Some(dir) = &args.common.state_dir {
        return Ok((State::open(dir)?, false));
    }
    match (args.private, state_dir::default_dir()) {
        (false, Some(dir)) => match State::open(&dir) {
            Ok(state) => Ok((state, false)),
            Err(error) => {
                tracing::info!(%error, "the usual state directory is not to be had");
                Ok((State::in_memory(), true))
            }
        },
        _ => Ok((State::in_memory(), false)),
    }
}

/// Waits for the first relay. Behind a shield there is no other way, and none is tried.
async fn relayed(broadcast: &Broadcast, stop: &mut Stop) -> Result<bool, Failure> {
    tokio::select! {
        up = broadcast.relayed(RELAY_PATIENCE) => Ok(up),
        () = stop.asked() => Err(Failure::new(Exit::Interrupted, "")),
    }
}

fn start(
    args: &args::Broadcast,
    input: &Input,
    relays: Relays,
    state: &mut State,
) -> Result<(Broadcast, mpsc::Receiver<Event>), Failure> {
    let next = state.begin(unix_ms())?;
    let config = |listen| BroadcastConfig {
        title: args.title.clone(),
        channel: state.channel(),
        invite: state.invite(),
        broadcast: next.broadcast,
        started_ms: next.started_ms,
        private: args.private,
        listen,
        hints: args.common.peer.clone(),
        finding: args.common.finding(),
        relays: relays.clone(),
        upload_limit: args.common.upload_limit.0,
        seed: args.common.seed.unwrap_or_else(rand::random),
        tracks: input.tracks().iter().cloned().zip(input.rates().iter().copied()).collect(),
        picture: None,
        conditions: Conditions::unrestricted(),
    };
    let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    // A restart takes the port that the viewers know, unless somebody else has it by now.
    let started = match (args.common.listen, next.port) {
        (Some(listen), _) => Broadcast::start(config(listen)),
        // Behind a shield nobody knows it.
        (None, Some(port)) if !args.shielded => {
            Broadcast::start(config(any(port))).or_else(|_| Broadcast::start(config(any(0))))
        }
        (None, _) => Broadcast::start(config(any(0))),
    };
    started.map_err(|e| Failure::new(Exit::Local, e))
}

fn announce(
    args: &args::Broadcast,
    broadcast: &Broadcast,
    printer: Printer,
) -> Result<(), Failure> {
    let link = broadcast.link();
    if let Some(path) = &args.link_out {
        state_dir::write_private(path, &link.to_text())?;
    }
    let listen: Vec<String> = broadcast.addresses().iter().map(ToString::to_string).collect();
    let mut live = json!({"channel": link.channel.short(), "listen": listen});
    if let Some(fields) = live.as_object_mut().filter(|_| !args.private) {
        fields.insert("link".into(), link.to_text().into());
        fields.insert("web_link".into(), link.to_web(HOST).into());
    }
    printer.event("live", live);
    printer.say("You are live.");
    if args.private {
        printer.say("The link is in the file you named; give it to the people you invite.");
    } else {
        printer.say(&format!("\n  {}\n", link.to_text()));
        printer.say(&table::code(&link.to_qr()));
        printer.say("Watch with: manyhands watch LINK --serve");
    }
    Ok(())
}

fn record(path: &Path, input: &Input) -> Result<Recording, Failure> {
    Recording::create(path, input.tracks().len())
}

/// A broadcast that runs.
struct Live {
    broadcast: Broadcast,
    recording: Option<Recording>,
    state: State,
    printer: Printer,
    last: Option<Stats>,
}

/// Why a broadcast ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Finished,
    Interrupted,
}

impl Live {
    async fn run(
        &mut self,
        input: Input,
        args: &args::Broadcast,
        events: &mut mpsc::Receiver<Event>,
        stop: &mut Stop,
    ) -> Result<End, Failure> {
        let mut units = input.start();
        let mut seconds = interval(Duration::from_secs(1));
        let mut network = NetworkWatch::new();
        let mut alive = interval(ALIVE);
        let port = self.broadcast.port().unwrap_or(0);
        let deadline = args.common.duration();
        let mut timer = std::pin::pin!(tokio::time::sleep(deadline.unwrap_or(Duration::MAX / 4)));
        let mut last_words = table::Live::new(self.printer);
        loop {
            tokio::select! {
                unit = units.recv() => match unit {
                    Some(Ok(unit)) => {
                        if let Some(recording) = &mut self.recording {
                            recording.take(unit.track, &unit.unit, unit.config.as_ref());
                        }
                        let crate::input::InputUnit { track, unit, config, captured } = unit;
                        self.broadcast.push(track, unit, config, captured).await;
                    }
                    Some(Err(error)) => return Err(Failure::new(Exit::BadInput, error)),
                    None => return Ok(End::Finished),
                },
                _ = seconds.tick() => {
                    self.last = self.broadcast.stats().await;
                    if let Some(stats) = &self.last {
                        self.printer.stats(stats);
                        last_words.show(&[("you", stats)]);
                    }
                    if let Some(problem) = self.recording.as_mut().and_then(Recording::problem) {
                        self.printer.notice("recording_failed", &problem);
                        self.recording = None;
                    }
                }
                _ = alive.tick() => self.state.alive(unix_ms(), port)?,
                Some(event) = events.recv() => self.printer.session(&event),
                () = network.changed() => self.broadcast.network_changed().await,
                () = stop.asked() => return Ok(End::Interrupted),
                () = &mut timer => return Ok(End::Finished),
            }
        }
    }

    async fn end(mut self, end: End) -> Result<(), Failure> {
        let stats = self.broadcast.finish().await.or(self.last);
        self.state.end(unix_ms())?;
        if let Some(recording) = self.recording.take() {
            recording.finish()?;
        }
        let why = if end == End::Finished { "finished" } else { "interrupted" };
        self.printer.ended(why, stats.as_ref());
        self.printer.say("The broadcast has ended.");
        match end {
            End::Finished => Ok(()),
            End::Interrupted => Err(Failure::new(Exit::Interrupted, "")),
        }
    }
}

pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
