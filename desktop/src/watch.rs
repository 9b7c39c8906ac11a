//! `manyhands watch`: the page, or a file.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use manyhands_session::{
    Checking, EndReason, Event, NetworkWatch, Outputs, Released, Stats, Watch, WatchConfig,
    Watching,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::args;
use crate::events::{Printer, to_value};
use crate::failure::{Exit, Failure};
use crate::lend;
use crate::links;
use crate::page_feed::PageFeed;
use crate::record::Recording;
use crate::stop::Stop;
use crate::table;
use manyhands::page::{self, Feed, PageConfig};

/// A program that writes a file gives up after this when nobody answers; a page waits.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lending a hand is nothing to be told of, as long as nothing holds it back.
const TOLD_AT_FIRST: &str = "Lending a hand.";
/// How often the page gets figures.
const PAGE_BEAT: Duration = Duration::from_millis(500);

/// Runs the command.
pub(crate) async fn run(args: args::Watch, printer: Printer) -> Result<(), Failure> {
    refuse_what_is_not_there(&args)?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let printer = if to_stdout { printer.beside_film() } else { printer };
    let link = links::read(args.link.as_deref())?;
    let mut stop = Stop::listen(args.common.with_parent)?;
    let link_text = link.to_text();
    let code = link.to_qr();
    let given = args.timeout.and_then(|s| Duration::try_from_secs_f64(s).ok());
    let config = WatchConfig {
        link,
        listen: args.common.listen.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
        contribution: lend::contribution(&args.lend, &args.common)?,
        hints: args.common.peer.clone(),
        finding: args.common.finding(),
        seed: args.common.seed.unwrap_or_else(rand::random),
        checking: if args.output.is_some() { Checking::Exact } else { Checking::Clean },
        patience: given.or((args.output.is_some() || printer.is_json()).then_some(PATIENCE)),
    };
    let sink = match &args.output {
        Some(path) => Sink::file(path),
        None => Sink::page(&args, link_text, code, printer).await?,
    };
    let (watch, outputs) = Watch::start(config).map_err(|e| Failure::new(Exit::Local, e))?;
    let mut viewer = Viewer {
        sink,
        printer,
        last: None,
        joined: false,
        state: Watching::Joining,
        told: TOLD_AT_FIRST,
        offset_s: lend::utc_offset_s(),
    };
    let end = viewer.run(&watch, outputs, &args, &mut stop).await;
    let stats = watch.leave().await.or_else(|| viewer.last.clone());
    viewer.end(end, stats.as_ref(), &args).await
}

fn refuse_what_is_not_there(args: &args::Watch) -> Result<(), Failure> {
    let absent = [
        (args.rendition.is_some(), "--rendition"),
        (args.from.as_deref().is_some_and(|f| f != "live"), "--from other than live"),
    ];
    if let Some((_, what)) = absent.into_iter().find(|(asked, _)| *asked) {
        return Err(Failure::not_yet(what));
    }
    if args.output.is_some() && (args.serve.is_some() || args.open) {
        return Err(Failure::new(
            Exit::Usage,
            "--output and --serve want the picture in different forms; run watch twice for both",
        ));
    }
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout && args.common.json {
        return Err(Failure::new(Exit::Usage, "--output - and --json both want standard output"));
    }
    Ok(())
}

/// Where the units go.
enum Sink {
    Page {
        server: page::Server,
        commands: mpsc::Receiver<page::Command>,
        feed: Feed,
        media: PageFeed,
    },
    File {
        path: std::path::PathBuf,
        recording: Option<Recording>,
        units: Vec<Released>,
    },
}

/// Units that wait until it is known how many tracks there are.
const FIRST_UNITS: usize = 64;

impl Sink {
    fn file(path: &Path) -> Self {
        Self::File { path: path.to_owned(), recording: None, units: Vec::new() }
    }

    async fn page(
        args: &args::Watch,
        link: String,
        code: String,
        printer: Printer,
    ) -> Result<Self, Failure> {
        let listen = args.serve.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let feed = Feed::new();
        feed.link(link);
        feed.link_for_code(code);
        let config =
            PageConfig { listen, allow_remote: args.serve.is_some(), title: String::new() };
        if !listen.ip().is_loopback() {
            printer.notice("page_open", "Others on this network can open the page.");
        }
        let (server, commands) = page::serve(config, feed.clone()).await.map_err(|e| {
            Failure::local(
                format!("the page on {listen}"),
                format!("{e}; choose another with --serve ADDR:PORT"),
            )
        })?;
        printer.event("page", json!({"url": server.url()}));
        printer.say(&format!("Watch here: {}", server.url()));
        if args.open {
            open_browser(&server.url(), printer);
        }
        Ok(Self::Page { server, commands, media: PageFeed::new(feed.clone()), feed })
    }

    fn take(&mut self, released: Released, tracks: usize) -> Result<(), Failure> {
        match self {
            Self::Page { media, .. } => media.take(released),
            Self::File { path, recording, units } => {
                units.push(released);
                if recording.is_none() && (tracks > 0 || units.len() >= FIRST_UNITS) {
                    *recording = Some(Recording::create(path, tracks.max(1))?);
                }
                if let Some(recording) = recording {
                    for r in units.drain(..) {
                        recording.take(usize::from(r.track), &r.unit, r.config.as_ref());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Opens the page in the person's browser.
pub(crate) fn open_browser(url: &str, printer: Printer) {
    let opened = std::process::Command::new("xdg-open")
        .arg(url)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if opened.is_err() {
        printer.notice("open", "No browser could be opened; open the address above yourself.");
    }
}

struct Viewer {
    sink: Sink,
    printer: Printer,
    last: Option<Stats>,
    joined: bool,
    state: Watching,
    /// What was last said of lending a hand.
    told: &'static str,
    /// What the time zone was last said to add to UTC.
    offset_s: i32,
}

/// Why watching ended.
enum End {
    Over(EndReason),
    Asked,
    Interrupted,
    Failed(Failure),
}

impl Viewer {
    async fn run(
        &mut self,
        watch: &Watch,
        outputs: Outputs,
        args: &args::Watch,
        stop: &mut Stop,
    ) -> End {
        let Outputs { mut units, mut events } = outputs;
        let mut seconds = interval(Duration::from_secs(1));
        let mut network = NetworkWatch::new();
        let mut page_beat = interval(PAGE_BEAT);
        let deadline = args.common.duration();
        let mut timer = std::pin::pin!(tokio::time::sleep(deadline.unwrap_or(Duration::MAX / 4)));
        let mut live = table::Live::new(self.printer);
        loop {
            tokio::select! {
                Some(released) = units.recv() => {
                    let tracks = watch.tracks();
                    if let Err(failure) = self.sink.take(released, tracks) {
                        return End::Failed(failure);
                    }
                }
                Some(event) = events.recv() => {
                    self.printer.session(&event);
                    match event {
                        Event::Ended { reason, .. } => {
                            // What was released before the end is still ours.
                            while let Ok(released) = units.try_recv() {
                                if let Err(failure) = self.sink.take(released, watch.tracks()) {
                                    return End::Failed(failure);
                                }
                            }
                            return End::Over(reason);
                        }
                        Event::Joined { .. } => self.joined = true,
                        Event::State(state) => self.state = state,
                        _ => {}
                    }
                    self.show_state(watch).await;
                }
                _ = seconds.tick() => {
                    self.last = watch.stats().await.or(self.last.take());
                    if let Some(stats) = &self.last {
                        self.printer.stats(stats);
                        live.show(&[("you", stats)]);
                        self.tell_lending(stats.upload.reason);
                    }
                    self.follow_the_zone(watch, args).await;
                    if let Sink::File { recording: Some(recording), .. } = &mut self.sink
                        && let Some(problem) = recording.problem()
                    {
                        return End::Failed(Failure::new(Exit::Local, problem));
                    }
                }
                _ = page_beat.tick() => self.show_state(watch).await,
                Some(page::Command::Lend(on)) = page_command(&mut self.sink) => {
                    let limit = if on { args.common.upload_limit.0 } else { Some(0) };
                    watch.set_upload_limit(limit).await;
                    self.show_state(watch).await;
                }
                () = network.changed() => watch.network_changed().await,
                () = stop.asked() => return End::Interrupted,
                () = &mut timer => return End::Asked,
            }
        }
    }

    /// Says why another amount is given; whether anybody takes it is in the figures.
    fn tell_lending(&mut self, reason: &'static str) {
        let sentence = lend::sentence(reason);
        if sentence != self.told {
            self.told = sentence;
            self.printer.notice("lending", sentence);
        }
    }

    /// Summer time begins and ends, and laptops travel.
    async fn follow_the_zone(&mut self, watch: &Watch, args: &args::Watch) {
        let offset_s = lend::utc_offset_s();
        if offset_s != self.offset_s {
            self.offset_s = offset_s;
            watch.set_conditions(lend::conditions(&args.lend), offset_s).await;
        }
    }

    async fn show_state(&mut self, watch: &Watch) {
        let Sink::Page { feed, .. } = &self.sink else { return };
        if let Some(stats) = watch.stats().await {
            feed.state(page_state(self.state.kind(), &watch.title(), &stats));
        }
    }

    async fn end(self, end: End, stats: Option<&Stats>, args: &args::Watch) -> Result<(), Failure> {
        let (why, result) = match end {
            End::Over(EndReason::Finished) => ("finished", Ok(())),
            End::Over(EndReason::Revoked) => (
                "revoked",
                Err(Failure::new(
                    Exit::NotInvited,
                    "this invitation was taken back; ask for a new link",
                )),
            ),
            End::Over(EndReason::Unreachable) => (
                "unreachable",
                Err(Failure::new(
                    Exit::Unreachable,
                    "nobody can be reached: the broadcast may be over, or this network is in the way",
                )),
            ),
            End::Asked => ("finished", Ok(())),
            End::Interrupted => ("interrupted", Err(Failure::new(Exit::Interrupted, ""))),
            End::Failed(failure) => ("interrupted", Err(failure)),
        };
        if let (Some(path), Some(stats)) = (&args.stats_out, stats) {
            fs::write(path, to_value(stats).to_string())
                .map_err(|e| Failure::local(path.display(), e))?;
        }
        self.printer.ended(why, stats);
        match self.sink {
            Sink::Page { server, feed, .. } => {
                let shown = if why == "finished" { "ended" } else { why };
                feed.state(json!({ "state": shown, "stats": stats.map(to_value) }));
                server.shutdown().await;
            }
            Sink::File { recording: Some(recording), .. } => recording.finish()?,
            Sink::File { .. } => {}
        }
        result
    }
}

/// The next thing that a person did on the page.
async fn page_command(sink: &mut Sink) -> Option<page::Command> {
    match sink {
        Sink::Page { commands, .. } => commands.recv().await,
        Sink::File { .. } => std::future::pending().await,
    }
}

/// What the page shows.
pub(crate) fn page_state(state: &str, title: &str, stats: &Stats) -> Value {
    let seconds = (stats.uptime_ms as f64 / 1000.0).max(1.0);
    let bps = |bytes: u64| (bytes as f64 * 8.0 / seconds) as u64;
    let peers: Vec<Value> = stats
        .links
        .iter()
        .map(|l| {
            json!({
                "peer": l.peer,
                "origin": l.origin,
                "from_bps": bps(l.received),
                "to_bps": bps(l.sent),
            })
        })
        .collect();
    // The switch; whether anything holds it back besides is the reason's to say.
    let lending = stats.upload.reason != "off";
    json!({
        "state": state,
        "title": title,
        "stats": to_value(stats),
        "latency_ms": stats.latency_ms,
        "target_ms": stats.target_ms,
        "peers": peers,
        "lend": {
            "on": lending,
            "limit_bps": stats.upload.limit_bps,
            "reason": stats.upload.reason,
            "given_today": stats.upload.used_today,
        },
    })
}
