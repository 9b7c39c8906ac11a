//! The event loop: carries what nodes put out to where it belongs, and lets time pass.

use manyhands_swarm::{
    Arrival, Config, LinkReport, Message, NodeId, Output, PeerIndex, Role, Swarm, TrackId,
};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::dice::Dice;
use crate::hash::EventHash;
use crate::link::{Wires, acks, delay_us, framed, trouble_us};
use crate::media::TrackMedia;
use crate::node::{Node, Traffic};
use crate::player::Player;
use crate::queue::Calendar;
use crate::report::Report;
use crate::scenario::{Sabotage, Scenario};

/// The driver hands the wire at most this much ahead (DESIGN, "swarm owns the one uplink queue").
const AHEAD_US: u64 = 20_000;
/// The transport is asked this often while pieces are under way.
const LINK_US: u64 = 100_000;
/// The playhead is reported this often.
const PLAYHEAD_US: u64 = 100_000;

/// The audience from which it grows by a constant factor.
const RAMP_SEED: f64 = 8.0;

/// Defaults of the overlay's configuration, for reckoning with slots.
const FILL: f64 = 0.85;
const ORIGIN_SHARE: f64 = 1.375;

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Wake(u32),
    Message { to: u32, from: u32, bytes: Box<[u8]> },
    Piece { to: u32, from: u32, run: u32, id: (TrackId, u32, u8, u8), repair: bool, queued: bool },
    Acked { to: u32, from: u32, bytes: u32 },
    Connected { dialler: u32, listener: u32, accept: bool },
    DialFailed { dialler: u32, listener: u32 },
    Gone { at: u32, other: u32, sent: u64 },
    Links(u32),
    Play { node: u32, player: u8 },
    Playhead(u32),
    Publish { track: u8, chunk: u32, run: u32 },
    Come(u32),
    Fault(usize),
    ChurnStep { fault: usize },
    OriginBack,
    Measure,
}

/// The whole simulated world.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) queue: Calendar<What>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tracks: Vec<TrackMedia>,
    pub(crate) now: u64,
    pub(crate) run_start: u64,
    pub(crate) run: u32,
    pub(crate) trouble: Dice,
    pub(crate) chance: Dice,
    pub(crate) hash: EventHash,
    pub(crate) events: u64,
    pub(crate) started: Instant,
    /// Uploading viewers that a newcomer finds by itself (link, local discovery, DHT).
    pub(crate) contacts: Vec<u32>,
    pub(crate) contacts_period: Option<u64>,
    pub(crate) by_name: BTreeMap<NodeId, u32>,
    pub(crate) measure_at: u64,
    /// Traffic of nodes at the moment the measured time began.
    pub(crate) before: Vec<(Traffic, Traffic)>,
    pub(crate) counters_before: Vec<manyhands_swarm::Counters>,
    pub(crate) origin_sent_before: u64,
    pub(crate) origin_sent_old: u64,
    pub(crate) integrity_errors: u64,
}

pub(crate) const fn seconds(s: f64) -> u64 {
    (s * 1_000_000.0) as u64
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut tracks =
            vec![TrackMedia::video(&scenario.media, scenario.seed, scenario.seconds + 2)];
        if scenario.media.audio_bps > 0 {
            tracks.push(TrackMedia::sound(&scenario.media, scenario.seconds + 2));
        }
        let seed = scenario.seed;
        let mut world = Self {
            queue: Calendar::new(),
            nodes: Vec::new(),
            tracks,
            now: 0,
            run_start: 0,
            run: 0,
            trouble: Dice::new(seed, 1),
            chance: Dice::new(seed, 2),
            hash: EventHash::default(),
            events: 0,
            started: Instant::now(),
            contacts: Vec::new(),
            contacts_period: None,
            by_name: BTreeMap::new(),
            measure_at: seconds(scenario.measure_from_s),
            before: Vec::new(),
            counters_before: Vec::new(),
            origin_sent_before: 0,
            origin_sent_old: 0,
            integrity_errors: 0,
            scenario,
        };
        world.set_up();
        world
    }

    pub(crate) fn wire_bps(&self) -> f64 {
        let lanes = |t: &TrackMedia| f64::from(t.lanes()) / f64::from(t.config.k);
        self.tracks.iter().map(|t| f64::from(t.config.wire_bps) * lanes(t)).sum()
    }

    fn set_up(&mut self) {
        let upload = self.scenario.origin_upload * self.wire_bps();
        self.add_node(Role::Origin, upload as u64);
        self.begin_origin();
        let scale = self.upload_scale();
        // Growth by a constant factor a second: the first come one by one, the last in crowds.
        let grown = |at: f64| (1.0 + at / RAMP_SEED).ln();
        let all = grown(f64::from(self.scenario.viewers));
        for at in 0..self.scenario.viewers {
            let id = self.add_viewer(scale);
            let place = grown(f64::from(at) + self.chance.unit()) / all;
            self.queue.push(seconds(0.5 + self.scenario.ramp_s * place), What::Come(id));
        }
        self.plan_faults();
        self.queue.push(self.measure_at, What::Measure);
    }

    /// What the origin does as soon as it runs.
    pub(crate) fn begin_origin(&mut self) {
        self.run_start = self.now;
        let now = self.local(0);
        let unlimited = self.scenario.origin_upload <= 0.0;
        let configs: Vec<_> = self.tracks.iter().map(|t| t.config).collect();
        let node = &mut self.nodes[0];
        let upload = (!unlimited).then_some(node.upload_bps);
        node.swarm.handle_allowance(now, upload);
        node.swarm.handle_tracks(now, &configs);
        for (track, media) in self.tracks.iter().enumerate() {
            let first = self.run_start + u64::from(media.capture_ms(0)) * 1000;
            let what = What::Publish { track: track as u8, chunk: 0, run: self.run };
            self.queue.push(first, what);
        }
        self.queue.push(self.now + LINK_US, What::Links(0));
        self.settle(0);
    }

    /// Multiplies viewers' upload so that the slot ratio is as asked: found by halving, because
    /// slots are whole numbers.
    fn upload_scale(&self) -> f64 {
        if self.scenario.slot_ratio <= 0.0 {
            return 1.0;
        }
        let lanes: f64 = self.tracks.iter().map(|t| f64::from(t.lanes())).sum();
        let uploads: Vec<f64> = (1..=self.scenario.viewers).map(|n| self.upload_of(n)).collect();
        let ratio = |scale: f64| -> f64 {
            let slots = uploads.iter().map(|u| (u * scale * FILL * lanes).floor());
            slots.sum::<f64>() / lanes / uploads.len().max(1) as f64
        };
        let viewers = f64::from(self.scenario.viewers.max(1));
        let origin = self.scenario.origin_upload.clamp(0.0, ORIGIN_SHARE) / viewers;
        let wanted = self.scenario.slot_ratio - origin;
        let (mut low, mut high) = (0.0, 100.0);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if ratio(middle) < wanted { low = middle } else { high = middle }
        }
        high
    }

    /// What the viewer with this number gives, as a multiple of the stream: the class by a
    /// low-discrepancy sequence, so that the mix is even at every size.
    fn upload_of(&self, number: u32) -> f64 {
        let mut dice = Dice::new(self.scenario.seed ^ 0x7570, u64::from(number));
        let phase = Dice::new(self.scenario.seed, 3).unit();
        let spot = (f64::from(number) * 0.618_033_988_749_895 + phase).fract();
        let shares: f64 = self.scenario.class.iter().map(|c| c.share).sum();
        let mut sum = 0.0;
        let class = self.scenario.class.iter().find(|c| {
            sum += c.share / shares;
            spot < sum
        });
        let (low, high) = class.map_or((0.0, 0.0), |c| (c.upload_min, c.upload_max));
        low + (high - low) * dice.unit()
    }

    pub(crate) fn add_viewer(&mut self, scale: f64) -> u32 {
        let upload = self.upload_of(self.nodes.len() as u32) * scale * self.wire_bps();
        self.add_node(Role::Viewer, upload as u64)
    }

    pub(crate) fn scale(&self) -> f64 {
        self.upload_scale()
    }

    fn add_node(&mut self, role: Role, upload_bps: u64) -> u32 {
        let id = self.nodes.len() as u32;
        let node = self.make_node(role, upload_bps);
        self.nodes.push(node);
        self.name_node(id);
        id
    }

    /// Makes a node known under its name.
    pub(crate) fn name_node(&mut self, id: u32) {
        self.by_name.insert(self.nodes[id as usize].name, id);
    }

    pub(crate) fn make_node(&mut self, role: Role, upload_bps: u64) -> Node {
        let dice = &mut self.chance;
        let mut name = [0u8; 16];
        name[..8].copy_from_slice(&dice.next().to_be_bytes());
        name[8..].copy_from_slice(&dice.next().to_be_bytes());
        let mut config = Config::new(role, NodeId(name), dice.next());
        config.forward = self.scenario.sabotage != Some(Sabotage::NoForward);
        config.repair = self.scenario.sabotage != Some(Sabotage::NoRepair);
        let wire = if role == Role::Origin && self.scenario.origin_upload <= 0.0 {
            100_000_000
        } else {
            // The cap holds for the whole socket; slots leave 15 % of it for what isn't pieces.
            upload_bps
        };
        Node {
            name: NodeId(name),
            role,
            alive: role == Role::Origin,
            leaving: false,
            swarm: Swarm::new(config),
            wires: Wires::new(dice, &self.scenario.net, wire),
            clock: Clock {
                offset: (dice.unit() * 7_200_000_000.0) as u64,
                drift_ppm: (dice.unit() * 200.0) as i64 - 100,
            },
            players: Vec::new(),
            conns: Vec::new(),
            by_other: Default::default(),
            wake_at: u64::MAX,
            came_at: self.now,
            upload_bps,
            run: self.run,
            sent: Traffic::default(),
            received: Traffic::default(),
            dials: 0,
        }
    }

    pub(crate) fn local(&self, node: u32) -> manyhands_swarm::Time {
        self.nodes[node as usize].clock.local(self.now)
    }

    pub(crate) fn run(mut self) -> Report {
        let end = seconds(f64::from(self.scenario.seconds));
        while let Some((at, what)) = self.queue.pop() {
            if at >= end {
                break;
            }
            self.now = at;
            self.events += 1;
            self.note(&what);
            self.happen(what);
        }
        self.now = end;
        for player in self.nodes.iter_mut().flat_map(|n| &mut n.players) {
            player.finish(end);
            let watched = &player.watched;
            let (played, skipped) = (watched.played_us, watched.skipped_us);
            self.hash.add([played, watched.stalled_us, skipped, u64::from(watched.stalls)]);
        }
        Report::of(&self)
    }

    /// Takes what reaches a node from outside into the hash: everything else follows from it.
    fn note(&mut self, what: &What) {
        let (kind, a, b) = match what {
            What::Message { to, from, bytes, .. } => {
                let sum = bytes.iter().fold(0u64, |h, b| h.rotate_left(5) ^ u64::from(*b));
                (1, u64::from(*to) << 32 | u64::from(*from), sum)
            }
            What::Piece { to, from, id, .. } => {
                let piece = u64::from(id.1) << 16 | u64::from(id.2) << 8 | u64::from(id.0);
                (2, u64::from(*to) << 32 | u64::from(*from), piece)
            }
            What::Connected { dialler, listener, .. } => {
                (4, u64::from(*dialler), u64::from(*listener))
            }
            What::DialFailed { dialler, listener } => {
                (5, u64::from(*dialler), u64::from(*listener))
            }
            What::Gone { at, other, .. } => (6, u64::from(*at), u64::from(*other)),
            What::Come(n) => (7, u64::from(*n), 0),
            What::Publish { track, chunk, .. } => (9, u64::from(*track), u64::from(*chunk)),
            What::Fault(_) | What::ChurnStep { .. } | What::OriginBack => (10, 0, 0),
            _ => return,
        };
        self.hash.add([self.now, kind, a, b]);
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Wake(node) => {
                if self.nodes[node as usize].wake_at == self.now {
                    self.nodes[node as usize].wake_at = u64::MAX;
                    self.settle(node);
                }
            }
            What::Message { to, from, bytes } => self.on_message(to, from, &bytes),
            What::Piece { to, from, run, id, repair, queued } => {
                if queued || !self.waits_for_downlink(to, from, run, id, repair) {
                    self.on_piece(to, from, run, id, repair);
                }
            }
            What::Acked { to, from, bytes } => {
                let node = &mut self.nodes[to as usize];
                if let Some(c) = node.peer_of(from).and_then(|peer| node.conn(peer)) {
                    c.acked_bytes += u64::from(bytes);
                    c.open_bytes = c.open_bytes.saturating_sub(u64::from(bytes));
                    c.stirred = true;
                }
            }
            What::Connected { dialler, listener, accept } => {
                self.on_connected(dialler, listener, accept);
            }
            What::DialFailed { dialler, listener } => self.on_dial_failed(dialler, listener),
            What::Gone { at, other, sent } => self.on_gone(at, other, sent),
            What::Links(node) => self.report_links(node),
            What::Play { node, player } => self.on_play(node, player),
            What::Playhead(node) => self.on_playhead(node),
            What::Publish { track, chunk, run } => self.on_publish(track, chunk, run),
            What::Come(node) => self.on_come(node),
            What::Fault(fault) => self.on_fault(fault),
            What::ChurnStep { fault } => self.on_churn(fault),
            What::OriginBack => self.on_origin_back(),
            What::Measure => self.on_measure(),
        }
    }

    /// Lets a node do everything that is due, by the driving contract.
    pub(crate) fn settle(&mut self, id: u32) {
        if !self.nodes[id as usize].alive {
            return;
        }
        let now = self.local(id);
        self.nodes[id as usize].swarm.handle_timeout(now);
        while let Some(output) = self.nodes[id as usize].swarm.poll_output() {
            self.carry_out(id, output);
        }
        let mut wake = None;
        loop {
            let node = &mut self.nodes[id as usize];
            if node.wires.up_free() > self.now + AHEAD_US {
                wake = Some(node.wires.up_free() - AHEAD_US);
                break;
            }
            let Some(transmit) = node.swarm.poll_transmit(now) else { break };
            self.transmit(id, transmit);
        }
        let node = &mut self.nodes[id as usize];
        let due = node.swarm.poll_timeout().map(|t| node.clock.world(t).max(self.now + 1));
        // A full wire comes first: the state machine is asked again when there is room.
        let due = match (due, wake) {
            (Some(due), Some(wake)) if due < wake => Some(due.max((self.now + 5_000).min(wake))),
            (due, wake) => wake.or(due),
        };
        if let Some(at) = due.filter(|at| *at < node.wake_at) {
            node.wake_at = at;
            self.queue.push(at, What::Wake(id));
        }
        if node.leaving && node.swarm.is_drained() {
            self.depart(id);
        }
    }

    fn carry_out(&mut self, id: u32, output: Output) {
        match output {
            Output::Send { peer, message } => self.send(id, peer.0, &message),
            Output::Connect(contact) => {
                self.tell(id, || format!("dials {contact:?}"));
                self.dial_contact(id, &contact);
            }
            Output::Close { peer, .. } => self.hang_up(id, peer.0),
            Output::NeedContacts => self.find_members(id),
            Output::Event(event) => self.tell(id, || format!("! {event:?}")),
        }
    }

    fn send(&mut self, id: u32, peer: u32, message: &Message) {
        let mut bytes = Vec::with_capacity(96);
        message.encode(&mut bytes);
        let size = bytes.len() as u32;
        // Messages that leave together share a packet: half the framing each.
        let framing = (framed(size) - size) / 2;
        let Some(conn) = self.nodes[id as usize].conn(peer).cloned() else { return };
        self.tell(id, || format!("> {} {message:?}", conn.other));
        let node = &mut self.nodes[id as usize];
        node.sent.control += u64::from(size);
        node.sent.framing += u64::from(framing);
        let left = node.wires.send(self.now, size + framing);
        let delay = self.delay(id, conn.other);
        let extra = trouble_us(&mut self.trouble, &self.scenario.net, size, delay);
        let at = (left + delay + extra).max(conn.control_at);
        if let Some(conn) = self.nodes[id as usize].conn(peer) {
            conn.control_at = at;
        }
        let what = What::Message { to: conn.other, from: id, bytes: bytes.into() };
        self.queue.push(at, what);
    }

    fn transmit(&mut self, id: u32, transmit: manyhands_swarm::Transmit) {
        let piece = transmit.piece;
        let media = self.tracks.iter().find(|t| t.config.track == piece.track);
        let Some(len) =
            media.and_then(|t| t.piece(piece.chunk, piece.substream, piece.part)).map(|p| p.len)
        else {
            self.integrity_errors += 1;
            return;
        };
        let peer = transmit.peer.0;
        let Some(conn) = self.nodes[id as usize].conn(peer).cloned() else { return };
        let node = &mut self.nodes[id as usize];
        let framing = framed(len) - len;
        node.sent.pieces += u64::from(len);
        node.sent.framing += u64::from(framing);
        let run = node.run;
        let left = node.wires.send(self.now, len + framing);
        let delay = self.delay(id, conn.other);
        let extra = trouble_us(&mut self.trouble, &self.scenario.net, len, delay);
        if let Some(conn) = self.nodes[id as usize].conn(peer) {
            conn.open_bytes += u64::from(len);
            conn.stirred = true;
        }
        let name = (piece.track, piece.chunk, piece.substream, piece.part);
        let what = What::Piece {
            to: conn.other,
            from: id,
            run,
            id: name,
            repair: transmit.repair,
            queued: false,
        };
        self.queue.push(left + delay + extra, what);
    }

    /// Tells the traced node's doings.
    pub(crate) fn tell(&self, id: u32, what: impl FnOnce() -> String) {
        if self.scenario.trace.is_some_and(|t| t == id || t == u32::MAX) {
            let ms = self.now as f64 / 1000.0;
            let _ = writeln!(std::io::stderr(), "{ms:10.1} {id} {}", what());
        }
    }

    pub(crate) fn delay(&self, a: u32, b: u32) -> u64 {
        let (a, b) = (&self.nodes[a as usize].wires, &self.nodes[b as usize].wires);
        delay_us(&self.scenario.net, a, b)
    }

    fn on_message(&mut self, to: u32, from: u32, bytes: &[u8]) {
        let Some(peer) = self.live_conn(to, from) else { return };
        let node = &mut self.nodes[to as usize];
        node.received.control += bytes.len() as u64;
        node.received.framing += u64::from((framed(bytes.len() as u32) - bytes.len() as u32) / 2);
        let now = self.local(to);
        match Message::decode(bytes) {
            Ok(message) => {
                self.tell(to, || format!("< {from} {message:?}"));
                self.nodes[to as usize].swarm.handle_message(now, PeerIndex(peer), message);
            }
            Err(_) => self.integrity_errors += 1,
        }
        self.settle(to);
    }

    fn live_conn(&self, to: u32, from: u32) -> Option<u32> {
        let node = &self.nodes[to as usize];
        node.peer_of(from).filter(|_| node.alive)
    }

    fn on_piece(&mut self, to: u32, from: u32, run: u32, id: (TrackId, u32, u8, u8), repair: bool) {
        let Some(peer) = self.live_conn(to, from) else { return };
        let Some(media) = self.tracks.iter().find(|t| t.config.track == id.0) else { return };
        let Some(piece) = media.piece(id.1, id.2, id.3) else { return };
        let len = piece.len;
        self.acknowledge(to, from, len);
        if run < self.nodes[to as usize].run {
            return;
        }
        let now = self.local(to);
        let (world, run_start) = (self.now, self.run_start);
        let node = &mut self.nodes[to as usize];
        if run > node.run {
            node.run = run;
            node.swarm.handle_new_run(now);
            node.players.iter_mut().for_each(|p| p.restart(world, run_start));
        }
        let arrival = node.swarm.handle_piece(now, PeerIndex(peer), &piece, repair);
        let age = (world - run_start) as i64 / 1000 - i64::from(piece.capture_ms);
        self.tell(to, || format!("* {from} {id:?} {arrival:?} repair={repair} age={age}"));
        let node = &mut self.nodes[to as usize];
        if arrival == Arrival::New
            && let Some(player) = node.players.get_mut(usize::from(id.0))
        {
            player.arrived(world, id.1, piece.keyframe, u32::from(piece.parts));
        }
        self.settle(to);
    }

    /// Puts a piece in line behind others that are coming in.
    fn waits_for_downlink(
        &mut self,
        to: u32,
        from: u32,
        run: u32,
        id: (TrackId, u32, u8, u8),
        repair: bool,
    ) -> bool {
        let media = self.tracks.iter().find(|t| t.config.track == id.0);
        let len = media.and_then(|t| t.piece(id.1, id.2, id.3)).map_or(0, |p| framed(p.len));
        let there = self.nodes[to as usize].wires.receive(self.now, len);
        if let Some(at) = there {
            let what = What::Piece { to, from, run, id, repair, queued: true };
            self.queue.push(at, what);
        }
        there.is_some()
    }

    fn acknowledge(&mut self, to: u32, from: u32, len: u32) {
        let bytes = acks(len);
        let node = &mut self.nodes[to as usize];
        node.received.pieces += u64::from(len);
        node.received.framing += u64::from(framed(len) - len);
        node.sent.acks += u64::from(bytes);
        let left = node.wires.send(self.now, bytes);
        let back = left + self.delay(to, from);
        let sender = &mut self.nodes[from as usize];
        sender.received.acks += u64::from(bytes);
        if sender.peer_of(to).is_some() {
            self.queue.push(back, What::Acked { to: from, from: to, bytes: len });
        }
    }

    fn report_links(&mut self, id: u32) {
        if !self.nodes[id as usize].alive {
            return;
        }
        let now = self.local(id);
        let node = &mut self.nodes[id as usize];
        for peer in 0..node.conns.len() as u32 {
            let Some(conn) = node.conn(peer).filter(|c| c.stirred || c.open_bytes > 0) else {
                continue;
            };
            conn.stirred = false;
            let report = LinkReport {
                acked_bytes: conn.acked_bytes,
                queued_bytes: 0,
                rtt: Duration::from_micros(conn.rtt_us),
                blocked: false,
            };
            node.swarm.handle_link(now, PeerIndex(peer), report);
        }
        self.queue.push(self.now + LINK_US, What::Links(id));
        self.settle(id);
    }

    fn on_play(&mut self, id: u32, player: u8) {
        let world = self.now;
        let node = &mut self.nodes[id as usize];
        if !node.alive || node.leaving {
            return;
        }
        if let Some(clock) = node.players.get_mut(usize::from(player)) {
            let (before, at) = (clock.watched.stalled_us, clock.position());
            let next = clock.tick(world).max(world + 1);
            let (ms, chunk) = ((clock.watched.stalled_us - before) / 1000, clock.position());
            if ms > 0 {
                self.tell(id, || format!("! stood for {ms} ms before {at:?}, now at {chunk:?}"));
            }
            self.queue.push(next, What::Play { node: id, player });
        }
    }

    fn on_playhead(&mut self, id: u32) {
        let now = self.local(id);
        let tracks = &self.tracks;
        let node = &mut self.nodes[id as usize];
        if !node.alive || node.leaving {
            return;
        }
        for (track, player) in tracks.iter().zip(&node.players) {
            if let Some(chunk) = player.position() {
                let capture_ms = track.capture_ms(chunk);
                node.swarm.handle_playhead(now, track.config.track, capture_ms);
            }
        }
        self.queue.push(self.now + PLAYHEAD_US, What::Playhead(id));
    }

    fn on_publish(&mut self, track: u8, chunk: u32, run: u32) {
        if run != self.run || !self.nodes[0].alive {
            return;
        }
        let now = self.local(0);
        let Some(media) = self.tracks.get(usize::from(track)) else { return };
        let lanes = media.lanes();
        for substream in 0..lanes {
            let parts = media.piece(chunk, substream, 0).map_or(0, |p| p.parts);
            for part in 0..parts {
                if let Some(piece) = media.piece(chunk, substream, part) {
                    self.nodes[0].swarm.handle_publish(now, &piece);
                }
            }
        }
        let next = self.run_start + u64::from(media.capture_ms(chunk + 1)) * 1000;
        if (chunk as usize + 1) < media.chunks.len() {
            self.queue.push(next, What::Publish { track, chunk: chunk + 1, run });
        }
        self.settle(0);
    }

    fn on_come(&mut self, id: u32) {
        let world = self.now;
        let measuring = world >= self.measure_at;
        let now = self.local(id);
        let configs: Vec<_> = self.tracks.iter().map(|t| t.config).collect();
        let (run, run_start) = (self.run, self.run_start);
        let node = &mut self.nodes[id as usize];
        node.alive = true;
        node.run = run;
        node.came_at = world;
        node.players =
            configs.iter().map(|c| Player::new(u32::from(c.k), c.chunk_ms, run_start)).collect();
        node.players.iter_mut().for_each(|p| p.measuring = measuring);
        node.swarm.handle_allowance(now, Some(node.upload_bps));
        node.swarm.handle_tracks(now, &configs);
        for player in 0..configs.len() as u8 {
            self.queue.push(world + 10_000, What::Play { node: id, player });
        }
        let phase = self.chance.below(LINK_US as usize) as u64;
        self.queue.push(world + phase, What::Links(id));
        self.queue.push(world + phase, What::Playhead(id));
        self.find_members(id);
        self.settle(id);
    }

    fn on_measure(&mut self) {
        let world = self.now;
        for node in &mut self.nodes {
            node.players.iter_mut().for_each(|p| p.begin_measuring(world));
        }
        self.before = self.nodes.iter().map(|n| (n.sent, n.received)).collect();
        self.counters_before = self.nodes.iter().map(|n| *n.swarm.counters()).collect();
        self.origin_sent_before = self.origin_sent_old + self.nodes[0].sent.all();
    }
}
