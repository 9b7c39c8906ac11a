//! `manyhands demo`: a broadcaster, viewers that feed each other, and a page, all on this machine
//! and all real: each has its own socket, keys and store.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use manyhands_session::{
    Broadcast, BroadcastConfig, Checking, Conditions, Contribution, Event, Finding, Outputs,
    Relays, Stats, Watch, WatchConfig, Watching,
};
use serde_json::json;
use tokio::time::interval;

use crate::args;
use crate::broadcast::{HOST, unix_ms};
use crate::events::Printer;
use crate::failure::{Exit, Failure};
use crate::input::{Input, InputKind};
use crate::page_feed::PageFeed;
use crate::state::State;
use crate::stop::Stop;
use crate::table;
use crate::watch::{open_browser, page_state};
use manyhands::page::{self, Feed, PageConfig};
use manyhands::pattern::PatternConfig;

/// What a viewer of the demo gives at most: twice the test pattern, like a home line.
const VIEWER_GIVES: u64 = 2_600_000;
/// What the broadcaster gives at most, as a multiple of the stream: with more viewers than that,
/// they have to feed each other.
const BROADCASTER_GIVES: f64 = 2.2;
/// How often the page gets figures.
const PAGE_BEAT: Duration = Duration::from_millis(500);

/// Runs the command.
pub(crate) async fn run(args: args::Demo, printer: Printer) -> Result<(), Failure> {
    let pattern = if args.large {
        PatternConfig { width: 1280, height: 720, bitrate: 2_000_000, ..PatternConfig::default() }
    } else {
        PatternConfig::default()
    };
    let input = Input::open(&InputKind::Pattern(pattern))?;
    let mut stop = Stop::listen(args.common.with_parent)?;
    let broadcast = go_live(&args, &input)?;
    let mut crowd = Crowd::join(&args, &broadcast, printer).await?;
    let mut units = input.start();
    let mut seconds = interval(Duration::from_secs(1));
    let mut page_beat = interval(PAGE_BEAT);
    let deadline = args.common.duration();
    let mut timer = std::pin::pin!(tokio::time::sleep(deadline.unwrap_or(Duration::MAX / 4)));
    let mut live = table::Live::new(printer);
    let result = loop {
        tokio::select! {
            Some(unit) = units.recv() => match unit {
                Ok(unit) => {
                    let crate::input::InputUnit { track, unit, config, captured } = unit;
                    broadcast.push(track, unit, config, captured).await;
                }
                Err(error) => break Err(Failure::new(Exit::BadInput, error)),
            },
            () = crowd.play() => {}
            _ = page_beat.tick() => crowd.show_state().await,
            _ = seconds.tick() => {
                let stats = broadcast.stats().await;
                crowd.show(stats.as_ref(), &mut live).await;
            }
            () = stop.asked() => break Err(Failure::new(Exit::Interrupted, "")),
            () = &mut timer => break Ok(()),
        }
    };
    let stats = broadcast.finish().await;
    crowd.leave().await;
    let why = if result.is_ok() { "finished" } else { "interrupted" };
    printer.ended(why, stats.as_ref());
    result
}

fn go_live(args: &args::Demo, input: &Input) -> Result<Broadcast, Failure> {
    let mut state = State::in_memory();
    let next = state.begin(unix_ms())?;
    let tracks: Vec<_> =
        input.tracks().iter().cloned().zip(input.rates().iter().copied()).collect();
    let stream_bps: u32 = tracks.iter().map(|(_, rate)| *rate).sum();
    let cap = (f64::from(stream_bps) * BROADCASTER_GIVES) as u64;
    let config = BroadcastConfig {
        title: "Manyhands demo".into(),
        channel: state.channel(),
        invite: state.invite(),
        broadcast: next.broadcast,
        started_ms: next.started_ms,
        private: false,
        listen: args.common.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        // Everything is on this machine: there is nobody to look for.
        hints: Vec::new(),
        finding: Finding::default(),
        relays: Relays::default(),
        upload_limit: args.common.upload_limit.0.or(Some(cap)),
        seed: args.common.seed.unwrap_or_else(rand::random),
        tracks,
        picture: None,
        conditions: Conditions::unrestricted(),
    };
    // What happens to the broadcaster shows in its figures.
    let (broadcast, _) = Broadcast::start(config).map_err(|e| Failure::new(Exit::Local, e))?;
    Ok(broadcast)
}

/// The viewers, and the page of the first one.
struct Crowd {
    printer: Printer,
    viewers: Vec<Watch>,
    first: Outputs,
    state: Watching,
    media: PageFeed,
    feed: Feed,
    server: page::Server,
    commands: tokio::sync::mpsc::Receiver<page::Command>,
}

impl Crowd {
    async fn join(
        args: &args::Demo,
        broadcast: &Broadcast,
        printer: Printer,
    ) -> Result<Self, Failure> {
        let link = broadcast.link();
        let feed = Feed::new();
        feed.link(link.to_text());
        feed.link_for_code(link.to_qr());
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = PageConfig { listen, allow_remote: false, title: "Manyhands demo".into() };
        let (server, commands) =
            page::serve(config, feed.clone()).await.map_err(|e| Failure::local("the page", e))?;
        let (mut viewers, mut first) = (Vec::new(), None);
        for n in 0..args.viewers {
            let config = WatchConfig {
                link: link.clone(),
                listen,
                contribution: Contribution::unrestricted(Some(VIEWER_GIVES)),
                hints: Vec::new(),
                finding: Finding::default(),
                seed: args
                    .common
                    .seed
                    .map_or_else(rand::random, |s| s.wrapping_add(u64::from(n) + 1)),
                checking: Checking::Clean,
                patience: None,
            };
            let (viewer, outputs) =
                Watch::start(config).map_err(|e| Failure::new(Exit::Local, e))?;
            viewers.push(viewer);
            // The others only pass on: their units are dropped when they are due.
            first.get_or_insert(outputs);
        }
        let first = first.ok_or_else(|| Failure::new(Exit::Usage, "a demo needs a viewer"))?;
        printer.event(
            "live",
            json!({
                "link": link.to_text(),
                "web_link": link.to_web(HOST),
                "channel": link.channel.short(),
                "listen": broadcast.addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
                "page": server.url(),
            }),
        );
        printer.say(&table::code(&link.to_qr()));
        printer.say(&format!("Link        {}", link.to_text()));
        printer.say(&format!("Watch here  {}\n", server.url()));
        if args.open {
            open_browser(&server.url(), printer);
        }
        let media = PageFeed::new(feed.clone());
        let state = Watching::Joining;
        Ok(Self { printer, viewers, first, state, media, feed, server, commands })
    }

    /// Hands what is due to the page, and does what a person does there.
    async fn play(&mut self) {
        tokio::select! {
            Some(unit) = self.first.units.recv() => self.media.take(unit),
            Some(event) = self.first.events.recv() => {
                if let Event::State(state) = event {
                    self.state = state;
                }
                self.printer.session(&event);
                self.show_state().await;
            }
            Some(page::Command::Lend(on)) = self.commands.recv() => {
                if let Some(viewer) = self.viewers.first() {
                    viewer.set_upload_limit(if on { Some(VIEWER_GIVES) } else { Some(0) }).await;
                }
                self.show_state().await;
            }
            else => std::future::pending().await,
        }
    }

    async fn show_state(&mut self) {
        let Some(viewer) = self.viewers.first() else { return };
        if let Some(stats) = viewer.stats().await {
            self.feed.state(page_state(self.state.kind(), &viewer.title(), &stats));
        }
    }

    async fn show(&mut self, broadcaster: Option<&Stats>, live: &mut table::Live) {
        let mut all = Vec::new();
        for (n, viewer) in self.viewers.iter().enumerate() {
            if let Some(stats) = viewer.stats().await {
                all.push((format!("viewer {}", n + 1), stats));
            }
        }
        if let Some((_, stats)) = all.first() {
            self.printer.stats(stats);
        }
        let mut rows: Vec<(&str, &Stats)> = Vec::new();
        rows.extend(broadcaster.map(|stats| ("broadcaster", stats)));
        rows.extend(all.iter().map(|(name, stats)| (name.as_str(), stats)));
        live.show(&rows);
    }

    async fn leave(self) {
        let leaving: Vec<_> = self.viewers.into_iter().map(|v| tokio::spawn(v.leave())).collect();
        for viewer in leaving {
            let _ = viewer.await;
        }
        self.feed.state(json!({"state": "ended"}));
        self.server.shutdown().await;
    }
}
