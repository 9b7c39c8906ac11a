//! The task behind a viewer: the node's pieces into the player, what is due out to the shell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use manyhands_net::{Credentials, Node, NodeEvent, Report};
use manyhands_policy::Tariff;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::{Command, Shown};
use crate::contribution::Contributor;
use crate::event::{EndReason, Event, Released, Watching};
use crate::flow::Flow;
use crate::player::{Outcome, Player};
use crate::presence::{Presence, SILENT};
use crate::stats::{Data, Playing, Role, Stats, helping};
use manyhands_playout::State;

/// The playout clock's step: a fraction of a picture at 60 a second. (Half of it made a viewer wake
/// 100 times a second more for 2.5 ms.)
const STEP: Duration = Duration::from_millis(10);
/// How often the node is asked who answers.
const LOOK: Duration = Duration::from_secs(1);
/// After the signed end, what has not come by then does not come.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long handing over the children may take when leaving.
const FAREWELL: Duration = Duration::from_secs(2);
/// A viewer further behind than this is not live any more (the screens' grey badge).
const BEHIND_US: i64 = 5_000_000;

/// The task behind a viewer.
pub(super) struct Viewer {
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
    alone: bool,
    answered: bool,
    first_told: bool,
    missed: u64,
    playhead_ms: u32,
    viewers_max: u64,
    sent: Flow,
    received: Flow,
    shown: Arc<Mutex<Shown>>,
}

impl Viewer {
    pub(super) fn new(
        node: Node,
        contributor: Contributor,
        player: Player,
        (units, events): (mpsc::Sender<Released>, mpsc::Sender<Event>),
        patience: Option<Duration>,
        shown: Arc<Mutex<Shown>>,
    ) -> Self {
        Self {
            node,
            contributor,
            player,
            units,
            events,
            began: Instant::now(),
            patience,
            heard: Instant::now(),
            end_heard: None,
            state: None,
            joined: false,
            alone: false,
            answered: false,
            first_told: false,
            missed: 0,
            playhead_ms: 0,
            viewers_max: 0,
            sent: Flow::new(Duration::ZERO),
            received: Flow::new(Duration::ZERO),
            shown,
        }
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut node_events: mpsc::Receiver<NodeEvent>,
    ) {
        let mut steps = interval(STEP);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut local_use, mut is_used) = (self.node.local_use(), false);
        self.show(Watching::Joining);
        let ended = loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::Hold(held)) => self.hold(held),
                    Some(Command::GoLive) => {
                        self.hold(false);
                        self.player.go_live();
                    }
                    Some(Command::Local(on)) => self.node.set_local(on),
                    Some(Command::Found(address)) => self.node.found_near(address),
                    Some(Command::Moved) => self.node.network_changed().await,
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
                used = local_use.changed() => {
                    is_used = used;
                    self.tell(Event::LocalNetwork { used });
                }
                _ = looks.tick() => self.look().await,
                _ = steps.tick() => {
                    self.step().await;
                    if let Some(reason) = self.ended() {
                        break reason;
                    }
                }
            }
        };
        // Nobody joins what has ended, and this is the last that a shell hears.
        self.node.set_local(false);
        if is_used {
            self.tell(Event::LocalNetwork { used: false });
        }
        self.tell(Event::Ended { reason: ended, ran_ms: self.ran_ms() });
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
                    Some(Command::Moved) => self.node.network_changed().await,
                    Some(
                        Command::Hold(_) | Command::GoLive | Command::Local(_) | Command::Found(_),
                    ) => {}
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
    async fn leave(&mut self) -> Option<Stats> {
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
                self.player.reset(self.node.now().as_micros().cast_signed());
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
            NodeEvent::Alone => self.alone = true,
            NodeEvent::Relays(_) | NodeEvent::Overlay(_) => {}
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
        let Some(media) = self.node.media_time() else {
            let state = self.watching();
            return self.show(state);
        };
        let now_us = self.node.now().as_micros().cast_signed();
        let outcome = self.player.step(now_us, media.media_us);
        self.report(&outcome, media.media_us);
        for released in outcome.released {
            // The shell may have gone: then nothing is handed out, and the rest goes on.
            if let Err(mpsc::error::TrySendError::Full(_)) = self.units.try_send(released) {
                self.missed += 1;
            }
        }
        // Who stands still wants what is live kept and repaired all the same.
        let playhead_us = match self.player.is_held() {
            true => media.media_us - self.player.playout().target_us(),
            false => self.player.playout().position_us(),
        };
        let playhead_ms = u32::try_from(playhead_us / 1000).unwrap_or(0);
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
        let state = self.watching();
        self.show(state);
    }

    fn watching(&self) -> Watching {
        let presence = Presence {
            offline: self.shown.lock().offline,
            joined: self.joined,
            alone: self.alone,
            silent: self.heard.elapsed(),
            answered: self.answered,
            playing: self.player.playout().state() != State::Waiting,
            pause: self.player.pause(),
            paused: self.node.credentials().lock().is_paused(),
        };
        presence.watching()
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

    fn hold(&mut self, held: bool) {
        let now_us = self.node.now().as_micros().cast_signed();
        let media_us = self.node.media_time().map_or(0, |media| media.media_us);
        self.player.set_held(held, now_us, media_us);
    }

    /// Once a second: who answers, how many they are, and what it has cost.
    async fn look(&mut self) {
        let Some(report) = self.node.report().await else { return };
        self.answered = report.peers.iter().any(|peer| peer.silent < SILENT);
        self.count(&report);
    }

    fn count(&mut self, report: &Report) {
        let (now, sent) = (self.began.elapsed(), self.node.meter().sent());
        let tariff = self.shown.lock().tariff.unwrap_or(Tariff::Metered);
        self.sent.handle(now, sent, tariff);
        self.received.handle(now, report.received.datagram, tariff);
        let viewers = report.swarm.as_ref().map_or(0, |swarm| u64::from(swarm.viewers));
        self.viewers_max = self.viewers_max.max(viewers);
    }

    /// How long the broadcast ran: media time begins with the run.
    fn ran_ms(&self) -> Option<u64> {
        let position_us = self.player.playout().position_us();
        let media_us = self.node.media_time().map(|media| media.media_us);
        let ran_us = if position_us > 0 { Some(position_us) } else { media_us };
        ran_us.and_then(|us| u64::try_from(us / 1000).ok())
    }

    async fn stats(&mut self) -> Option<Stats> {
        let report = self.node.report().await?;
        self.count(&report);
        let now_us = self.node.now().as_micros().cast_signed();
        let playout = self.player.playout();
        let media = self.node.media_time();
        let playing = playout.state() != State::Waiting;
        let (stalls, stalled_us) = playout.stalls(now_us);
        let latency_us = media.map(|m| m.media_us - playout.position_us()).filter(|_| playing);
        let behind_us = media.map(|m| playout.behind_live(m.media_us));
        let behind_us = behind_us.filter(|us| playing && *us > BEHIND_US);
        let figures = Playing {
            position_ms: playout.position_us() / 1000,
            latency_ms: latency_us.map(|us| us / 1000),
            clock_error_ms: media.map(|m| m.error_us / 1000),
            target_ms: Some(playout.target_us() / 1000),
            behind_ms: behind_us.map(|us| us / 1000),
            buffer_ms: self.player.buffered_us() / 1000,
            stalls,
            stalled_ms: stalled_us / 1000,
            stream_bytes: self.player.stream_bytes(),
        };
        let upload = self.contributor.giving().upload(helping(&report));
        let uptime = self.began.elapsed();
        let mut stats = Stats::new(Role::Viewer, uptime, &report, figures, upload);
        stats.viewers_max = self.viewers_max;
        stats.data = Data::new(&self.sent, Some(&self.received));
        Some(stats)
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
