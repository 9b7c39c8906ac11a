//! The viewer's side: join by a link, take units as the playout clock releases them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manyhands_net::{Credentials, Node, NodeConfig, NodeEvent, Via};
use manyhands_policy::{Conditions, Limits};
use manyhands_stream::{Link, Member};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use crate::Error;
use crate::contribution::{Change, Contribution, Contributor};
use crate::event::{EndReason, Event, Released, Watching};
use crate::player::{Checking, Outcome, Player};
use crate::playout::State;
use crate::stats::{Playing, Role, Stats};

/// Units that wait for the shell: 4 s of 120 pictures and 50 sounds a second. A shell that is
/// slower misses units, and hears of it.
const QUEUE: usize = 1024;
/// Events that wait for the shell.
const EVENTS: usize = 256;
/// The playout clock's step: a fraction of a picture at 60 a second.
const STEP: Duration = Duration::from_millis(5);
/// Without a head for this long (they come each second) the broadcaster does not get through.
const SILENT: Duration = Duration::from_millis(3_000);
/// After the signed end, what has not come by then does not come.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long handing over the children may take when leaving.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a viewer joins.
#[derive(Debug)]
pub struct WatchConfig {
    /// The invitation.
    pub link: Link,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How much may leave, and where that is counted.
    pub contribution: Contribution,
    /// More addresses to try.
    pub hints: Vec<SocketAddr>,
    /// Decides everything random but keys.
    pub seed: u64,
    /// For what the units are.
    pub checking: Checking,
    /// Give up when nobody answers, or nothing comes from the broadcaster, for this long.
    pub patience: Option<Duration>,
}

/// A running viewer. It goes on until [`Watch::leave`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Watch {
    commands: mpsc::Sender<Command>,
    changes: mpsc::Sender<Change>,
    address: SocketAddr,
    shown: Arc<Mutex<Shown>>,
}

/// What the head says to viewers.
#[derive(Debug, Default)]
struct Shown {
    title: String,
    tracks: usize,
}

#[derive(Debug)]
enum Command {
    Stats(oneshot::Sender<Stats>),
    Leave(oneshot::Sender<Option<Stats>>),
}

/// What a viewer hands to its shell.
#[derive(Debug)]
pub struct Outputs {
    /// Units, when they are due. Dropping it is fine: the viewer then only passes on.
    pub units: mpsc::Receiver<Released>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
}

impl Watch {
    /// Joins.
    pub fn start(config: WatchConfig) -> Result<(Self, Outputs), Error> {
        let member = Member::new(&config.link, None);
        let hints = config.link.hints.iter().chain(&config.hints).map(|a| (*a, Via::Hint));
        let node_config = NodeConfig {
            listen: config.listen,
            upload_limit: config.contribution.at_first(),
            role: manyhands_net::Role::Viewer,
            hints: hints.collect(),
            seed: config.seed,
        };
        let (node, node_events) = Node::start(node_config, Credentials::Viewer(Box::new(member)))?;
        let address = node.address();
        let contributor = Contributor::start(config.contribution, node.meter().clone());
        let changes = contributor.changes();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let (commands, inbox) = mpsc::channel(EVENTS);
        let (units, unit_inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(EVENTS);
        let viewer = Viewer {
            node,
            contributor,
            player: Player::new(config.checking),
            units,
            events,
            began: Instant::now(),
            patience: config.patience,
            heard: Instant::now(),
            end_heard: None,
            state: None,
            joined: false,
            first_told: false,
            missed: 0,
            playhead_ms: 0,
            shown: shown.clone(),
        };
        tokio::spawn(viewer.run(inbox, node_events));
        Ok((
            Self { commands, changes, address, shown },
            Outputs { units: unit_inbox, events: event_inbox },
        ))
    }

    /// The address that this viewer's socket is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The broadcast's title; empty until it is known.
    #[must_use]
    pub fn title(&self) -> String {
        self.shown.lock().title.clone()
    }

    /// How many tracks the broadcast has; 0 until it is known.
    #[must_use]
    pub fn tracks(&self) -> usize {
        self.shown.lock().tracks
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Changes how much may leave, bits a second; acts at once.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        self.change(Change::Rate(limit)).await;
    }

    /// Changes what the person allows; acts at once.
    pub async fn set_limits(&self, limits: Limits) {
        self.change(Change::Limits(limits)).await;
    }

    /// Takes what the device reports, and what its time zone adds to UTC now, in seconds. What is
    /// worse acts at once, what is better after ten seconds.
    pub async fn set_conditions(&self, conditions: Conditions, utc_offset_s: i32) {
        self.change(Change::Conditions(conditions, utc_offset_s)).await;
    }

    async fn change(&self, change: Change) {
        // A viewer that has left gives nothing, whatever changes.
        let _ = self.changes.send(change).await;
    }

    /// Leaves in good order: children are handed over first. Gives the last figures.
    pub async fn leave(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Leave(reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}

/// The task behind a viewer.
struct Viewer {
    node: Node,
    contributor: Contributor,
    player: Player,
    units: mpsc::Sender<Released>,
    events: mpsc::Sender<Event>,
    began: Instant,
    patience: Option<Duration>,
    /// When the last head came.
    heard: Instant,
    end_heard: Option<Instant>,
    state: Option<Watching>,
    joined: bool,
    first_told: bool,
    missed: u64,
    playhead_ms: u32,
    shown: Arc<Mutex<Shown>>,
}

impl Viewer {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut node_events: mpsc::Receiver<NodeEvent>,
    ) {
        let mut steps = interval(STEP);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.show(Watching::Joining);
        let ended = loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::Leave(reply)) => {
                        let _ = reply.send(self.leave().await);
                        return;
                    }
                    None => return,
                },
                event = node_events.recv() => match event {
                    Some(event) => self.on_node_event(event),
                    None => break EndReason::Unreachable,
                },
                limit = self.contributor.changed() => self.node.set_upload_limit(limit).await,
                _ = steps.tick() => {
                    self.step().await;
                    if let Some(reason) = self.ended() {
                        break reason;
                    }
                }
            }
        };
        self.tell(Event::Ended(ended));
        self.linger(commands).await;
    }

    /// After the end: figures can still be asked for, and others still be served.
    async fn linger(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::Leave(reply)) => {
                        let _ = reply.send(self.leave().await);
                        return;
                    }
                    None => return,
                },
                limit = self.contributor.changed() => self.node.set_upload_limit(limit).await,
            }
        }
    }

    /// Leaves in good order, and settles the ledger last. Gives the last figures.
    async fn leave(&self) -> Option<Stats> {
        let stats = self.stats().await;
        self.node.leave(FAREWELL).await;
        self.contributor.close().await;
        stats
    }

    fn on_node_event(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Joined { peer, via } => {
                self.joined = true;
                self.tell(Event::Joined { peer, via: via.word() });
            }
            NodeEvent::NewRun => {
                self.player.reset();
                self.set_tracks();
            }
            NodeEvent::NewHead => {
                self.heard = Instant::now();
                self.set_tracks();
            }
            NodeEvent::Piece { header, bytes } => {
                let media = self.node.media_time();
                let credentials = self.node.credentials().lock();
                self.player.handle_piece(&header, &bytes, &credentials, media);
            }
            NodeEvent::Alone | NodeEvent::Overlay(_) => {}
        }
    }

    fn set_tracks(&mut self) {
        let credentials = self.node.credentials().lock();
        let Some(view) = credentials.view() else { return };
        let tracks = &view.head().fields().tracks;
        self.player.set_tracks(tracks.iter().map(|t| (t.track, t.k)));
        let mut shown = self.shown.lock();
        shown.tracks = tracks.len();
        if let Credentials::Viewer(member) = &*credentials
            && let Some(sealed) = member.sealed_head()
        {
            shown.title = sealed.title;
        }
    }

    async fn step(&mut self) {
        let Some(media) = self.node.media_time() else { return };
        let now_us = self.node.now().as_micros().cast_signed();
        let outcome = self.player.step(now_us, media.media_us);
        self.report(&outcome, media.media_us);
        for released in outcome.released {
            // The shell may have gone: then nothing is handed out, and the rest goes on.
            if let Err(mpsc::error::TrySendError::Full(_)) = self.units.try_send(released) {
                self.missed += 1;
            }
        }
        let playhead_ms = u32::try_from(self.player.playout().position_us() / 1000).unwrap_or(0);
        if playhead_ms >= self.playhead_ms.saturating_add(100) {
            self.playhead_ms = playhead_ms;
            self.node.playhead_all(playhead_ms).await;
        }
    }

    fn report(&mut self, outcome: &Outcome, media_us: i64) {
        let position_ms = self.player.playout().position_us() / 1000;
        if outcome.first && !self.first_told {
            self.first_told = true;
            let startup_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let latency_ms = (media_us - self.player.playout().position_us()) / 1000;
            self.tell(Event::FirstFrame { startup_ms, latency_ms });
        }
        if outcome.stalled {
            self.tell(Event::Stalled { position_ms });
        }
        if let Some(for_us) = outcome.resumed_us {
            self.tell(Event::Resumed { position_ms, for_ms: for_us / 1000 });
        }
        if let Some(why) = &outcome.refused {
            let message = format!("a part of the stream was refused: {why}");
            self.tell(Event::Notice { kind: "decode_failed", message });
        }
        self.show(self.watching());
    }

    fn watching(&self) -> Watching {
        let silent = self.heard.elapsed() > SILENT;
        match self.player.playout().state() {
            _ if silent && self.joined => Watching::BroadcasterSilent,
            State::Waiting => Watching::Joining,
            _ if self.player.is_paused() => Watching::Paused,
            _ => Watching::Playing,
        }
    }

    fn ended(&mut self) -> Option<EndReason> {
        // The last chunk of each track is signed, too: it says so although the head was lost.
        if self.player.is_over() {
            return Some(EndReason::Finished);
        }
        if self.node.credentials().lock().is_ended() {
            // A last piece that was lost with its sender does not come any more.
            let since = self.end_heard.get_or_insert_with(Instant::now).elapsed();
            let waiting = self.player.playout().state() == State::Waiting;
            return (waiting || since > LAST_WORDS).then_some(EndReason::Finished);
        }
        let patience = self.patience?;
        (self.heard.elapsed() > patience).then_some(EndReason::Unreachable)
    }

    async fn stats(&self) -> Option<Stats> {
        let report = self.node.report().await?;
        let now_us = self.node.now().as_micros().cast_signed();
        let playout = self.player.playout();
        let media = self.node.media_time();
        let playing = playout.state() != State::Waiting;
        let (stalls, stalled_us) = playout.stalls(now_us);
        let latency_us = media.map(|m| m.media_us - playout.position_us()).filter(|_| playing);
        let figures = Playing {
            position_ms: playout.position_us() / 1000,
            latency_ms: latency_us.map(|us| us / 1000),
            clock_error_ms: media.map(|m| m.error_us / 1000),
            target_ms: Some(playout.target_us() / 1000),
            buffer_ms: self.player.buffered_us() / 1000,
            stalls,
            stalled_ms: stalled_us / 1000,
            stream_bytes: self.player.stream_bytes(),
        };
        let uptime = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let fed = report.peers.iter().filter(|peer| peer.fed > 0).count();
        let upload = self.contributor.giving().upload(fed);
        Some(Stats::new(Role::Viewer, uptime, &report, figures, upload))
    }

    fn show(&mut self, state: Watching) {
        if self.state != Some(state) {
            self.state = Some(state);
            self.tell(Event::State(state));
        }
    }

    fn tell(&mut self, event: Event) {
        // A shell that does not listen loses events, never the picture.
        let _ = self.events.try_send(event);
    }
}
