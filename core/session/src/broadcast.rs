//! The broadcaster's side: units in, sealed and signed pieces out, a head each second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use manyhands_media::{AccessUnit, Chunker, ClosedChunk, TrackConfig, TrackKind};
use manyhands_net::{Credentials, Node, NodeConfig, NodeEvent, dialable_addresses, to_piece};
use manyhands_stream::{
    Channel, ChunkFlags, HeadInput, HeadSealed, HeadState, Link, Origin, RunOptions, Secret,
    TrackInfo, TrackSealed,
};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use crate::stats::{Playing, Role, Stats, Upload};
use crate::timeline::{self, Timeline};
use crate::{Error, Event, unix_ms};

/// Units that wait to be cut into chunks: a second of a fast camera with sound.
const QUEUE: usize = 256;
/// A certificate's life: the longest allowed (SECURITY, CERT).
const CERT_LIFE_MS: u64 = 24 * 3600 * 1000;
/// Heads come each second.
const HEAD_BEAT: Duration = Duration::from_secs(1);
/// How long the broadcaster serves on after its last chunk: a playout target, and a repair.
const LINGER: Duration = Duration::from_millis(1_500);
/// At most this long for viewers to take the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// The origin's tick, from which a part gets at least 2.5 KB (DESIGN, "Shape").
const CHUNK_MS: u16 = 100;

/// How a broadcast starts.
#[derive(Debug)]
pub struct BroadcastConfig {
    /// What viewers see as its name.
    pub title: String,
    /// The channel's long-lived key.
    pub channel: Channel,
    /// The secret of the open invitation.
    pub invite: Secret<[u8; 16]>,
    /// The broadcast's number on this channel.
    pub broadcast: u64,
    /// When this run starts, Unix milliseconds; greater than that of any run before.
    pub started_ms: u64,
    /// For invited people only.
    pub private: bool,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How much may leave, bits a second.
    pub upload_limit: Option<u64>,
    /// Decides everything random but keys.
    pub seed: u64,
    /// The tracks and what each takes, in bits a second.
    pub tracks: Vec<(TrackConfig, u32)>,
}

/// A running broadcast. It goes on until [`Broadcast::finish`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Broadcast {
    commands: mpsc::Sender<Command>,
    link: Link,
    addresses: Vec<SocketAddr>,
}

#[derive(Debug)]
enum Command {
    Unit { track: usize, unit: AccessUnit, config: Option<TrackConfig>, captured: Instant },
    Stats(oneshot::Sender<Stats>),
    UploadLimit(Option<u64>),
    Finish(oneshot::Sender<Stats>),
}

impl Broadcast {
    /// Goes live: whoever has [`Broadcast::link`] can watch from now on.
    pub fn start(config: BroadcastConfig) -> Result<(Self, mpsc::Receiver<Event>), Error> {
        let options = RunOptions {
            broadcast: config.broadcast,
            started_ms: config.started_ms,
            expires_ms: config.started_ms.saturating_add(CERT_LIFE_MS),
            private: config.private,
            invites: vec![config.invite.clone()],
        };
        let origin = Origin::start(&config.channel, options, &mut rand::rng())?;
        let node_config = NodeConfig {
            listen: config.listen,
            upload_limit: config.upload_limit,
            role: manyhands_net::Role::Origin,
            hints: Vec::new(),
            seed: config.seed,
        };
        let (node, node_events) = Node::start(node_config, Credentials::Origin(Box::new(origin)))?;
        let addresses = dialable_addresses(node.address(), manyhands_stream::MAX_HINTS);
        let mut link = Link::open(config.channel.key(), config.invite.clone());
        link.hints.clone_from(&addresses);
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(QUEUE);
        let live = Live::new(config, node, events);
        tokio::spawn(live.run(inbox, node_events));
        Ok((Self { commands, link, addresses }, event_inbox))
    }

    /// The open invitation, with this machine's addresses as hints.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Where this broadcaster can be dialled.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes a unit that was captured at `captured`; `config` with a track's first unit and when
    /// it changed. Waits when the broadcast can't keep up.
    pub async fn push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) {
        let _ = self.commands.send(Command::Unit { track, unit, config, captured }).await;
    }

    /// The same without waiting: full when the broadcast can't keep up, closed when it has ended.
    pub(crate) fn try_push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) -> Result<(), TrySendError<()>> {
        let unit = Command::Unit { track, unit, config, captured };
        self.commands.try_send(unit).map_err(|error| match error {
            TrySendError::Full(_) => TrySendError::Full(()),
            TrySendError::Closed(_) => TrySendError::Closed(()),
        })
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Changes how much may leave, bits a second.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        let _ = self.commands.send(Command::UploadLimit(limit)).await;
    }

    /// Says, signed, that it is over, and leaves in good order.
    pub async fn finish(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Finish(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// One track on its way out.
#[derive(Debug)]
struct Outgoing {
    id: u8,
    k: u8,
    wire_bps: u32,
    chunker: Chunker,
    timeline: Timeline,
    config: TrackConfig,
    next_chunk: u32,
}

/// The task behind a broadcast.
struct Live {
    node: Node,
    events: mpsc::Sender<Event>,
    title: String,
    tracks: Vec<Outgoing>,
    began: Instant,
    upload_limit: Option<u64>,
    stream_bytes: u64,
    ended: bool,
}

impl Live {
    fn new(config: BroadcastConfig, node: Node, events: mpsc::Sender<Event>) -> Self {
        let mut tracks = Vec::new();
        for (track, rate) in config.tracks {
            let id = tracks.len() as u8;
            let (k, wire_bps) = shape(track.kind(), rate);
            tracks.push(Outgoing {
                id,
                k,
                wire_bps,
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
        }
    }

    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut node_events: mpsc::Receiver<NodeEvent>,
    ) {
        let mut ticks = interval(Duration::from_millis(u64::from(CHUNK_MS)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heads = interval(HEAD_BEAT);
        self.publish_head(HeadState::Live).await;
        let tracks = self.node.credentials().lock().tracks();
        self.node.tracks(tracks).await;
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Unit { track, unit, config, captured }) => {
                        self.on_unit(track, unit, config, captured).await;
                    }
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::UploadLimit(limit)) => {
                        self.upload_limit = limit;
                        self.node.set_upload_limit(limit).await;
                    }
                    Some(Command::Finish(reply)) => {
                        // Whoever still pushes hears that it is over.
                        commands.close();
                        self.finish().await;
                        if let Some(stats) = self.stats().await {
                            let _ = reply.send(stats);
                        }
                        self.node.leave(FAREWELL).await;
                        return;
                    }
                    // The shell has let go of it: the node goes with it.
                    None => return,
                },
                _ = ticks.tick() => self.on_tick().await,
                _ = heads.tick() => {
                    self.rotate_epoch().await;
                    self.publish_head(HeadState::Live).await;
                }
                Some(event) = node_events.recv() => self.on_node_event(event),
            }
        }
    }

    async fn on_unit(
        &mut self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) {
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
            origin
                .seal(outgoing.id, flags, number, closed.capture_ms, &plaintext)
                .and_then(|sealed| origin.cut(&sealed, outgoing.k, closed.next_due_ms, false))
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

    async fn publish_head(&mut self, state: HeadState) {
        let tracks = self.tracks.iter().map(|t| TrackInfo {
            track: t.id,
            k: t.k,
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
        self.publish_head(HeadState::Ended).await;
        // The last chunk is as likely to need repair as any other: stay for it, if anybody is there.
        if self.node.report().await.is_some_and(|report| !report.peers.is_empty()) {
            tokio::time::sleep(LINGER).await;
            self.publish_head(HeadState::Ended).await;
        }
    }

    async fn stats(&self) -> Option<Stats> {
        let report = self.node.report().await?;
        let now_ms = i64::from(to_ms(self.node.now().as_micros().cast_signed()));
        let playing =
            Playing { position_ms: now_ms, stream_bytes: self.stream_bytes, ..Playing::default() };
        let uptime = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let upload = Upload::own(self.upload_limit, &report);
        Some(Stats::new(Role::Broadcaster, uptime, &report, playing, upload))
    }

    fn on_node_event(&mut self, event: NodeEvent) {
        if let NodeEvent::Joined { peer, via } = event {
            self.tell(Event::Joined { peer, via: via.word() });
        }
    }

    fn notice(&mut self, kind: &'static str, message: String) {
        self.tell(Event::Notice { kind, message });
    }

    fn tell(&mut self, event: Event) {
        // A shell that does not listen loses notices, never the broadcast.
        let _ = self.events.try_send(event);
    }
}

/// K and the wire rate (about 1.105 times the media's, with headers, signatures and QUIC; the
/// prototype's figure) of a track that takes `rate` bits a second.
fn shape(kind: TrackKind, rate: u32) -> (u8, u32) {
    let wire_bps = (f64::from(rate) * 1.105) as u32;
    let k = match (kind, rate) {
        (TrackKind::Audio, _) => 1,
        (_, 1_800_000..) => 8,
        (_, 900_000..) => 4,
        _ => 2,
    };
    (k, wire_bps.max(16_000))
}

fn to_ms(us: i64) -> u32 {
    u32::try_from(us.max(0) / 1000).unwrap_or(u32::MAX)
}
