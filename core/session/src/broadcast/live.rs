//! The task behind a broadcast: it alone has the keys, the chunkers and the node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use manyhands_media::{Chunker, ClosedChunk, TrackConfig, TrackKind};
use manyhands_net::{Credentials, Node, NodeEvent, Relays, Report, to_piece};
use manyhands_stream::{ChunkFlags, HeadInput, HeadSealed, HeadState, TrackInfo, TrackSealed};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::intake::{Intake, Looks, Pushed};
use super::{BroadcastConfig, Command};
use crate::stats::{Playing, Role, Stats, Upload};
use crate::timeline::{self, Timeline};
use crate::vitals::Vitals;
use crate::{Event, OnAir, Target, unix_ms};

/// Heads come each second, and so does the look at how it goes.
const HEAD_BEAT: Duration = Duration::from_secs(1);
/// How long the broadcaster serves on after its last chunk: a playout target, and a repair.
const LINGER: Duration = Duration::from_millis(1_500);
/// A relay that answers has answered by then: two dials and a handshake on a bad line.
const RELAY_PATIENCE: Duration = Duration::from_secs(10);
/// At most this long for viewers to take the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// The origin's tick, from which a part gets at least 2.5 KB (DESIGN, "Shape").
const CHUNK_MS: u16 = 100;

/// One track on its way out.
#[derive(Debug)]
struct Outgoing {
    id: u8,
    k: u8,
    parity: bool,
    wire_bps: u32,
    chunker: Chunker,
    timeline: Timeline,
    config: TrackConfig,
    next_chunk: u32,
}

/// The task behind a broadcast.
pub(super) struct Live {
    node: Node,
    events: mpsc::Sender<Event>,
    title: String,
    tracks: Vec<Outgoing>,
    began: Instant,
    upload_limit: Option<u64>,
    stream_bytes: u64,
    ended: bool,
    on_air: OnAir,
    vitals: Vitals,
    relays: Relays,
    relays_up: watch::Sender<usize>,
    relays_told: bool,
}

impl Live {
    pub(super) fn new(
        config: BroadcastConfig,
        node: Node,
        events: mpsc::Sender<Event>,
        relays_up: watch::Sender<usize>,
    ) -> Self {
        let mut tracks = Vec::new();
        for (track, rate) in config.tracks {
            let id = tracks.len() as u8;
            let (k, parity) = shape(track.kind(), rate);
            tracks.push(Outgoing {
                id,
                k,
                parity,
                wire_bps: wire_bps(rate),
                chunker: Chunker::new(CHUNK_MS),
                timeline: Timeline::default(),
                config: track,
                next_chunk: 0,
            });
        }
        Self {
            node,
            events,
            title: config.title,
            tracks,
            began: Instant::now(),
            upload_limit: config.upload_limit,
            stream_bytes: 0,
            ended: false,
            on_air: OnAir::default(),
            vitals: Vitals::new(config.picture, config.conditions),
            relays: config.relays,
            relays_up,
            relays_told: false,
        }
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        intake: Arc<Intake>,
        mut node_events: mpsc::Receiver<NodeEvent>,
    ) {
        let mut looks = Looks::new();
        let mut ticks = interval(Duration::from_millis(u64::from(CHUNK_MS)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heads = interval(HEAD_BEAT);
        let mut local_use = self.node.local_use();
        self.publish_head().await;
        let tracks = self.node.credentials().lock().tracks();
        self.node.tracks(tracks).await;
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Unit(pushed)) => self.on_unit(pushed).await,
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::UploadLimit(limit)) => {
                        self.upload_limit = limit;
                        self.node.set_upload_limit(limit).await;
                    }
                    Some(Command::Moved) => self.node.network_changed().await,
                    Some(Command::Local(on)) => self.node.set_local(on),
                    Some(Command::Conditions(conditions)) => self.vitals.set_conditions(conditions),
                    Some(Command::Picture(picture)) => {
                        if let Some(target) = self.vitals.choose(picture) {
                            self.follow(target).await;
                        }
                    }
                    Some(Command::OnAir(on_air)) => {
                        // It holds behind what was pushed before.
                        self.on_units(intake.take()).await;
                        self.set_on_air(on_air).await;
                    }
                    Some(Command::Finish(reply)) => {
                        // Whoever still pushes hears that it is over.
                        commands.close();
                        self.on_units(intake.take()).await;
                        self.finish().await;
                        let stats = self.stats().await;
                        // The program may end with the answer.
                        self.node.leave(FAREWELL).await;
                        if let Some(stats) = stats {
                            let _ = reply.send(stats);
                        }
                        return;
                    }
                    // The shell has let go of it: the node goes with it.
                    None => return,
                },
                used = local_use.changed() => self.tell(Event::LocalNetwork { used }),
                units = looks.next(&intake) => self.on_units(units).await,
                _ = ticks.tick() => self.on_tick().await,
                _ = heads.tick() => {
                    self.rotate_epoch().await;
                    self.publish_head().await;
                    self.look().await;
                }
                Some(event) = node_events.recv() => self.on_node_event(event),
            }
        }
    }

    async fn on_units(&mut self, units: Vec<Pushed>) {
        for pushed in units {
            self.on_unit(pushed).await;
        }
    }

    async fn on_unit(&mut self, pushed: Pushed) {
        let Pushed { track, unit, config, captured } = pushed;
        let captured_us = self.node.time_of(captured).as_micros().cast_signed();
        let Some(outgoing) = self.tracks.get_mut(track) else { return };
        if let Some(config) = &config {
            outgoing.config = config.clone();
        }
        let decode_us = timeline::decode_us(outgoing.config.timescale, &unit);
        let prefix_before = outgoing.timeline;
        outgoing.timeline.handle_unit(decode_us, captured_us);
        let capture_ms = to_ms(captured_us);
        let closed = outgoing.chunker.push(unit, capture_ms, config);
        if let Some(closed) = closed {
            self.publish(track, closed, Some(prefix_before), false).await;
        }
    }

    async fn on_tick(&mut self) {
        if self.ended {
            return;
        }
        let now_ms = to_ms(self.node.now().as_micros().cast_signed());
        for track in 0..self.tracks.len() {
            let closed = self.tracks.get_mut(track).and_then(|t| t.chunker.tick(now_ms));
            if let Some(closed) = closed {
                self.publish(track, closed, None, false).await;
            }
        }
    }

    /// Seals, cuts and hands out a chunk.
    async fn publish(
        &mut self,
        track: usize,
        closed: ClosedChunk,
        timeline: Option<Timeline>,
        last: bool,
    ) {
        let Some(outgoing) = self.tracks.get_mut(track) else { return };
        let prefix = timeline.unwrap_or(outgoing.timeline).prefix(outgoing.config.timescale);
        let plaintext = [prefix, closed.plaintext].concat();
        let flags = ChunkFlags { keyframe: closed.keyframe, paused: closed.paused, last };
        let number = outgoing.next_chunk;
        outgoing.next_chunk = number.saturating_add(1);
        self.stream_bytes += plaintext.len() as u64;
        let pieces = {
            let mut credentials = self.node.credentials().lock();
            let Credentials::Origin(origin) = &mut *credentials else { return };
            origin.seal(outgoing.id, flags, number, closed.capture_ms, &plaintext).and_then(
                |sealed| origin.cut(&sealed, outgoing.k, closed.next_due_ms, outgoing.parity),
            )
        };
        match pieces {
            Ok(pieces) => {
                let pieces = pieces.into_iter().filter_map(|bytes| {
                    let piece = to_piece(&bytes)?;
                    Some((piece, bytes))
                });
                self.node.publish(pieces.collect()).await;
            }
            Err(error) => {
                self.notice("chunk_lost", format!("a part of the stream is lost: {error}"))
            }
        }
    }

    async fn publish_head(&mut self) {
        let state = match self.ended {
            true => HeadState::Ended,
            false if self.on_air.is_paused() => HeadState::Paused,
            false => HeadState::Live,
        };
        let tracks = self.tracks.iter().map(|t| TrackInfo {
            track: t.id,
            k: t.k,
            parity: t.parity,
            chunk_ms: CHUNK_MS,
            kbps: u16::try_from(t.wire_bps / 1000).unwrap_or(u16::MAX).max(1),
            edge: t.next_chunk.saturating_sub(1),
        });
        let names = self.tracks.iter().map(|t| TrackSealed {
            track: t.id,
            name: String::new(),
            codec: t.config.codec.mime(),
            timescale: t.config.timescale,
            config: Vec::new(),
        });
        let sealed = HeadSealed { title: self.title.clone(), tracks: names.collect() };
        let input = HeadInput { state, tracks: tracks.collect(), sealed };
        let made = {
            let mut credentials = self.node.credentials().lock();
            let Credentials::Origin(origin) = &mut *credentials else { return };
            origin.head(&input, unix_ms(), &mut rand::rng())
        };
        match made {
            Ok(_) => self.node.publish_head().await,
            Err(error) => self.notice("head_lost", error.to_string()),
        }
    }

    async fn rotate_epoch(&mut self) {
        let now_ms = to_ms(self.node.now().as_micros().cast_signed());
        let rotated = {
            let mut credentials = self.node.credentials().lock();
            let Credentials::Origin(origin) = &mut *credentials else { return };
            if !origin.epoch_is_due(now_ms) {
                return;
            }
            origin.rotate_epoch(unix_ms(), now_ms, &mut rand::rng()).map(|_| ())
        };
        match rotated {
            Ok(()) => self.node.publish_state().await,
            Err(error) => self.notice("epoch", error.to_string()),
        }
    }

    async fn finish(&mut self) {
        self.ended = true;
        for track in 0..self.tracks.len() {
            let now_ms = to_ms(self.node.now().as_micros().cast_signed());
            let Some(outgoing) = self.tracks.get_mut(track) else { continue };
            let closed = match outgoing.chunker.finish() {
                Some(closed) => Some(closed),
                None => outgoing.chunker.tick(now_ms),
            };
            if let Some(closed) = closed {
                self.publish(track, closed, None, true).await;
            }
        }
        self.publish_head().await;
        // The last chunk is as likely to need repair as any other: stay for it, if anybody is there or
        // comes just now, and would never hear of the end.
        let awaited = |report: Report| !report.peers.is_empty() || report.greeting > 0;
        if self.node.report().await.is_some_and(awaited) {
            tokio::time::sleep(LINGER).await;
            self.publish_head().await;
        }
    }

    async fn stats(&mut self) -> Option<Stats> {
        let report = self.node.report().await?;
        let now_ms = i64::from(to_ms(self.node.now().as_micros().cast_signed()));
        let playing =
            Playing { position_ms: now_ms, stream_bytes: self.stream_bytes, ..Playing::default() };
        let (uptime, sent) = (self.began.elapsed(), self.node.meter().sent());
        let upload = Upload::own(self.upload_limit, &report);
        let mut stats = Stats::new(Role::Broadcaster, uptime, &report, playing, upload);
        self.vitals.fill(uptime, &report, sent, &mut stats);
        Some(stats)
    }

    /// Once a second: how it goes, and what the encoder should make.
    async fn look(&mut self) {
        let Some(report) = self.node.report().await else { return };
        let sent = self.node.meter().sent();
        let began = self.began.elapsed();
        if !self.relays.tickets.is_empty() && !self.relays_told && began > RELAY_PATIENCE {
            self.tell_relays(0);
        }
        let news = self.vitals.handle(began, &report, sent, self.stream_bytes);
        news.health.into_iter().for_each(|health| self.tell(Event::Health(health)));
        if let Some(target) = news.target {
            self.follow(target).await;
        }
    }

    /// The encoder is to make another picture: slots are as large as it needs from now on.
    async fn follow(&mut self, target: Target) {
        self.tell(Event::Encode(target));
        let pictures = self.tracks.iter_mut().filter(|t| t.config.kind() == TrackKind::Video);
        // How its chunks are cut is fixed for the run.
        pictures.for_each(|track| track.wire_bps = wire_bps(target.picture.bitrate));
        self.publish_head().await;
        let tracks = self.node.credentials().lock().tracks();
        self.node.tracks(tracks).await;
    }

    async fn set_on_air(&mut self, on_air: OnAir) {
        for track in &mut self.tracks {
            track.chunker.set_paused(!match track.config.kind() {
                TrackKind::Video => on_air.has_picture(),
                TrackKind::Audio => on_air.has_sound(),
            });
        }
        // A pause has to be known before its first chunk is played.
        if std::mem::replace(&mut self.on_air, on_air).is_paused() != on_air.is_paused() {
            self.publish_head().await;
        }
    }

    fn on_node_event(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Joined { peer, via } => self.tell(Event::Joined { peer, via: via.word() }),
            NodeEvent::Relays(up) => {
                self.relays_up.send_replace(up);
                self.tell_relays(up);
            }
            _ => {}
        }
    }

    fn tell_relays(&mut self, up: usize) {
        self.relays_told = true;
        let of = self.relays.tickets.len();
        let message = match (up, self.relays.shielded) {
            (0, true) => "No relay answers: nobody sees you until one does.".to_owned(),
            (0, false) => "No relay answers: only who reaches you sees you.".to_owned(),
            _ => format!("Relays at work: {up} of {of}."),
        };
        self.notice("relays", message);
    }

    fn notice(&mut self, kind: &'static str, message: String) {
        self.tell(Event::Notice { kind, message });
    }

    fn tell(&self, event: Event) {
        // A shell that does not listen loses notices, never the broadcast.
        let _ = self.events.try_send(event);
    }
}

/// What a track that takes `rate` bits a second takes on the wire: about 1.105 times as much, with
/// headers, signatures and QUIC (the prototype's figure).
fn wire_bps(rate: u32) -> u32 {
    ((f64::from(rate) * 1.105) as u32).max(16_000)
}

/// K of a track that takes `rate` bits a second, and whether it has parity (decision 12): not where it
/// would be a quarter of it and more.
fn shape(kind: TrackKind, rate: u32) -> (u8, bool) {
    match (kind, rate) {
        (TrackKind::Audio, _) => (1, false),
        (_, 1_800_000..) => (8, true),
        (_, 600_000..) => (4, false),
        _ => (2, false),
    }
}

fn to_ms(us: i64) -> u32 {
    u32::try_from(us.max(0) / 1000).unwrap_or(u32::MAX)
}
