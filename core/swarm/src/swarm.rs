//! The state machine: what the driver calls, and how inputs reach the parts.
//!
//! Each part lives in a file of its own and adds methods to [`Swarm`]; this file owns the state,
//! the driving verbs and the timers.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use crate::audience::Audience;
use crate::config::{Config, LinkReport, PeerInfo, Role, TrackConfig};
use crate::dial::Dials;
use crate::dice::Dice;
use crate::introduce::Introductions;
use crate::join::Joining;
use crate::lane::LaneId;
use crate::leave::Leaving;
use crate::message::Message;
use crate::output::{Arrival, CloseReason, Event, Output, Transmit};
use crate::peer::{Partnership, Peers};
use crate::repair::Repair;
use crate::rescue::Rescued;
use crate::search::Routes;
use crate::stats::Counters;
use crate::track::Track;
use crate::tree::For;
use crate::uplink::{Class, Entry, Gate, Uplink};
use crate::view::View;
use crate::{Contact, Mechanism, NodeId, PeerIndex, Piece, PieceId, Time, TrackId};

/// Tracks at most: one video in a few renditions and its audio.
pub const MAX_TRACKS: usize = 8;

/// Late pieces are looked for this often; the thresholds that depend on it are 50 ms and more.
const TICK: Duration = Duration::from_millis(25);
/// Digests leave this often (findings, section 2).
const DIGEST: Duration = Duration::from_millis(300);
/// Reports, climbing, partners: once a second.
const SLOW: Duration = Duration::from_secs(1);
/// Outputs waiting for the driver at most; a driver that follows the contract never sees this.
const MAX_OUTPUTS: usize = 16_384;

/// One node of the overlay. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Swarm {
    pub(crate) config: Config,
    pub(crate) dice: Dice,
    pub(crate) tracks: Vec<Track>,
    pub(crate) peers: Peers,
    pub(crate) view: View,
    pub(crate) uplink: Uplink,
    pub(crate) dials: Dials,
    pub(crate) routes: Routes,
    pub(crate) repair: Repair,
    pub(crate) rescued: Rescued,
    pub(crate) audience: Audience,
    pub(crate) joining: Joining,
    pub(crate) introductions: Introductions,
    pub(crate) leaving: Option<Leaving>,
    /// Nodes that have failed as parents, until when they are not asked again.
    pub(crate) bans: BTreeMap<NodeId, Time>,
    pub(crate) root: Option<Contact>,
    pub(crate) allowance: Option<u64>,
    pub(crate) pace: Option<u64>,
    pub(crate) counters: Counters,
    out: VecDeque<Output>,
    next_tick: Option<Time>,
    next_digest: Time,
    next_slow: Time,
    pub(crate) seconds: u32,
    /// Nobody is late before that: this node itself stood still.
    pub(crate) judges_from: Time,
}

impl Swarm {
    /// A node without neighbours or tracks; its allowance is 0 until the driver gives one.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let view = View::new(config.role);
        let uplink = Uplink::new(config.mechanisms);
        Self {
            dice: Dice::new(config.seed),
            config,
            tracks: Vec::new(),
            peers: Peers::default(),
            view,
            uplink,
            dials: Dials::default(),
            routes: Routes::default(),
            repair: Repair::default(),
            rescued: Rescued::default(),
            audience: Audience::default(),
            joining: Joining::default(),
            introductions: Introductions::default(),
            leaving: None,
            bans: BTreeMap::new(),
            root: None,
            allowance: Some(0),
            pace: None,
            counters: Counters::default(),
            out: VecDeque::new(),
            next_tick: None,
            next_digest: Time::ZERO,
            next_slow: Time::ZERO,
            seconds: 0,
            judges_from: Time::ZERO,
        }
    }

    /// The tracks as the newest head has them. May be called again: known tracks whose shape is
    /// unchanged keep their state, others are begun or dropped.
    pub fn handle_tracks(&mut self, now: Time, tracks: &[TrackConfig]) {
        let mut kept = Vec::with_capacity(tracks.len().min(MAX_TRACKS));
        for config in tracks.iter().take(MAX_TRACKS) {
            let old = self.tracks.iter().position(|t| t.same_shape(config));
            let mut track = match old {
                Some(at) => self.tracks.swap_remove(at),
                None => Track::new(*config),
            };
            track.config = *config;
            kept.push(track);
        }
        kept.sort_by_key(|t| t.config.track);
        kept.dedup_by_key(|t| t.config.track);
        self.tracks = kept;
        self.choose_homes();
        // Slots are larger at a higher rate.
        self.shed(now);
        self.start_timers(now);
        self.join_if_alone(now);
    }

    /// The broadcaster has started anew: have-maps, timing and queues are cleared, neighbours and
    /// trees stay.
    pub fn handle_new_run(&mut self, now: Time) {
        self.uplink.clear();
        self.repair.clear();
        self.rescued.clear();
        // While the broadcaster was away all parents were silent, by no fault of theirs.
        self.bans.clear();
        self.tracks.iter_mut().for_each(|t| t.clear(now));
    }

    /// How much this device may give now, in bits a second. `None` is no limit; 0 gives nothing.
    pub fn handle_allowance(&mut self, now: Time, bps: Option<u64>) {
        let bps = if self.config.can_upload { bps } else { Some(0) };
        self.allowance = bps;
        self.uplink.set_rate(now, self.allowance, self.pace);
        self.choose_homes();
        self.shed(now);
    }

    /// What the line carries now, in bits a second, if that is known: nothing leaves faster. Slots are not
    /// cut from it, since it may change with every breath of somebody else's traffic.
    pub fn handle_pace(&mut self, now: Time, bps: Option<u64>) {
        self.pace = bps;
        self.uplink.set_rate(now, self.allowance, self.pace);
    }

    /// When the line takes something again, as far as its driver knows: at once if this is past.
    /// Ask it anew each time before [`Swarm::poll_transmit`].
    pub fn handle_line(&mut self, free_at: Time) {
        self.uplink.hold_until(free_at);
    }

    /// A neighbour is connected and has proven its membership.
    pub fn handle_connected(&mut self, now: Time, peer: PeerIndex, info: PeerInfo) {
        if self.peers.get(peer).is_some_and(|p| p.info.node == info.node) {
            // The same neighbour over another connection: its state stays.
            if let Some(known) = self.peers.get_mut(peer) {
                known.info = info;
                known.link = Default::default();
            }
            return;
        }
        self.forget(now, peer);
        if info.node == self.config.node || !self.peers.insert(now, peer, info) {
            self.push_out(Output::Close { peer, reason: CloseReason::Full });
            return;
        }
        if info.origin && self.config.role != Role::Origin {
            self.root = self.peers.dialable(peer);
            self.hurry_orphans(now);
        }
        self.start_timers(now);
        let purposes = self.dials.connected(now, &info.node);
        let wanted = !purposes.is_empty();
        for purpose in purposes {
            self.on_dialled(now, peer, purpose);
        }
        if !wanted {
            self.join_through(now, peer);
        }
    }

    /// A dial that [`Output::Connect`] asked for has failed.
    pub fn handle_connect_failed(&mut self, now: Time, contact: Contact) {
        self.view.remove(&contact.node);
        self.dials.failed(&contact.node);
        self.on_dial_failed(now, &contact);
    }

    /// The connection with a neighbour has ended; the index is free for another one.
    pub fn handle_disconnected(&mut self, now: Time, peer: PeerIndex) {
        self.forget(now, peer);
    }

    fn forget(&mut self, now: Time, peer: PeerIndex) {
        let Some(gone) = self.peers.remove(peer) else { return };
        self.view.remove(&gone.info.node);
        self.repair.forget(peer);
        self.rescued.forget(peer);
        for lane in self.lane_ids() {
            if let Some(l) = self.lane_mut(lane) {
                l.remove_child(peer);
                l.search.asked.retain(|(p, _)| *p != peer);
            }
            self.parent_gone(now, lane, peer);
        }
    }

    /// A control message has arrived.
    pub fn handle_message(&mut self, now: Time, peer: PeerIndex, mut message: Message) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        if !matches!(message, Message::Status(_) | Message::Unknown { .. }) {
            known.used = now;
        }
        if !self.keep_named(peer, &mut message) {
            return;
        }
        self.note_named(peer, &message);
        match message {
            Message::Join(m) => self.on_join(now, peer, &m),
            Message::JoinReply(m) => self.on_join_reply(now, peer, m),
            Message::Greet(m) => self.on_greet(now, peer, &m),
            Message::GreetOk(m) => self.on_greet_ok(now, peer, &m),
            Message::Attach(m) => self.on_attach(now, peer, m),
            Message::Accept(m) => self.on_accept(now, peer, m),
            Message::Reject(m) => self.on_reject(now, peer, &m),
            Message::Detach(m) => self.on_detach(now, peer, &m),
            Message::Evict(m) => self.on_evict(now, peer, &m),
            Message::Recall(m) => self.on_recall(peer, &m),
            Message::Hold(m) => self.on_hold(now, peer, &m),
            Message::PathUpdate(m) => self.on_path(now, peer, m),
            Message::Digest(m) => self.on_digest(now, peer, m),
            Message::Pull(m) => self.on_pull(now, peer, &m),
            Message::Nack(m) => self.on_nack(now, peer, &m),
            Message::Follow(m) => self.on_follow(now, peer, &m),
            Message::FollowReply(m) => self.on_follow_reply(now, peer, &m),
            Message::Contacts(m) => self.on_contacts(now, peer, &m),
            Message::Report(m) => self.on_report(now, peer, &m),
            Message::Status(m) => self.on_status(peer, m),
            Message::Introduce(m) => self.on_introduce(now, peer, &m),
            Message::Meet(m) => self.on_meet(now, peer, &m),
            Message::Ready(m) => self.on_ready(peer, &m),
            Message::Unknown { .. } => {}
        }
    }

    /// Whether a piece is still missing. Cheap: ask before verifying its signature.
    #[must_use]
    pub fn wants(&self, piece: &PieceId) -> bool {
        self.track(piece.track).is_some_and(|t| t.have.wants(piece))
    }

    /// A verified piece has arrived: in the live class, or as repair or backfill.
    pub fn handle_piece(
        &mut self,
        now: Time,
        from: PeerIndex,
        piece: &Piece,
        repair: bool,
    ) -> Arrival {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.used = now;
            peer.silences = 0;
        }
        self.repair.arrived(&piece.id);
        if !repair {
            self.on_push(now, from, piece);
        }
        let arrival = self.store(piece);
        self.counters.arrivals(arrival, piece.len, repair);
        if arrival == Arrival::New {
            self.forward(now, piece);
        }
        arrival
    }

    /// A piece with a wrong signature has arrived: the neighbour is dropped and not asked again.
    pub fn handle_bad_piece(&mut self, now: Time, from: PeerIndex) {
        self.counters.bad_pieces += 1;
        if let Some(node) = self.peers.get(from).map(|p| p.info.node) {
            self.ban(now, node);
        }
        self.close(now, from, CloseReason::BadPieces);
    }

    /// The origin has a new piece to give.
    pub fn handle_publish(&mut self, now: Time, piece: &Piece) {
        self.skip_to_keyframe(piece);
        if self.store(piece) == Arrival::New {
            self.forward(now, piece);
        }
    }

    fn store(&mut self, piece: &Piece) -> Arrival {
        self.track_mut(piece.id.track).map_or(Arrival::Stale, |t| t.have.insert(piece))
    }

    /// Pushes a new piece to the children of its substream.
    fn forward(&mut self, now: Time, piece: &Piece) {
        if !self.config.forward && self.config.role != Role::Origin {
            return;
        }
        // Who is on its way out of a tight origin gets what the others leave.
        let tight = self.is_tight()
            && self.used_bps() > self.budget_bps()
            && self.has(Mechanism::LeaversLast);
        let by_fan = self.has(Mechanism::FanOrder);
        let Self { tracks, uplink, .. } = self;
        let Some(track) = tracks.iter().find(|t| t.config.track == piece.id.track) else { return };
        let Some(lane) = track.lanes.get(usize::from(piece.id.substream)) else { return };
        for child in lane.children.iter().filter(|c| c.takes(piece.id.chunk)) {
            let (class, due, rank) = if tight && child.leaving.is_some() {
                (Class::Repair, track.repair_due(piece.capture_ms), For::Child as u16)
            } else {
                let rank = if by_fan { u16::MAX - child.fan } else { u16::MAX };
                (Class::Live, track.due(piece.capture_ms), rank)
            };
            let entry = Entry {
                due,
                rank,
                number: 0,
                peer: child.peer,
                generation: child.generation,
                piece: piece.id,
                len: piece.len,
                queued: now,
            };
            uplink.push(class, entry);
        }
    }

    /// What the transport knows about the way to a neighbour.
    pub fn handle_link(&mut self, _now: Time, peer: PeerIndex, link: LinkReport) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        let was_blocked = known.link.is_blocked();
        known.link.on_report(link);
        if was_blocked && !link.blocked {
            self.uplink.unpark();
        }
    }

    /// Where the playout clock of a track stands, in the origin's media time. Pieces before it are
    /// no longer asked for. Report it a few times a second while playing.
    pub fn handle_playhead(&mut self, _now: Time, track: TrackId, capture_ms: u32) {
        if let Some(track) = self.track_mut(track) {
            track.playhead = Some(capture_ms);
        }
    }

    /// Called when [`Swarm::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Time) {
        let Some(due) = self.next_tick.filter(|due| now >= *due) else { return };
        self.note_pause(now, due);
        self.next_tick = Some(now + TICK);
        self.tick(now);
        if now >= self.next_digest {
            self.next_digest = now + DIGEST;
            self.send_digests();
            self.report_changes(now);
        }
        if now >= self.next_slow {
            self.next_slow = now + SLOW;
            self.seconds = self.seconds.wrapping_add(1);
            self.slow(now);
        }
    }

    fn tick(&mut self, now: Time) {
        self.check_children(now);
        self.check_let_go(now);
        self.expire_dials(now);
        self.check_introductions(now);
        if self.config.role != Role::Origin {
            self.check_health(now);
            self.check_handovers(now);
            self.check_searches(now);
            self.check_repair(now);
        }
        self.check_leaving(now);
        self.flush_paths(now);
    }

    fn slow(&mut self, now: Time) {
        self.choose_homes();
        self.report(now);
        if self.config.role == Role::Origin {
            self.review_origin(now);
        } else {
            self.lend_homes(now);
            self.climb(now);
            self.improve(now);
            self.rejoin_if_lost(now);
        }
        self.tend_partners(now);
        self.close_idle(now);
        self.make_room(now);
        self.bans.retain(|_, until| *until > now);
        self.routes.expire(now);
        self.rescued.expire(now);
    }

    /// Spreads the timers of nodes that start together.
    fn start_timers(&mut self, now: Time) {
        if self.next_tick.is_some() || self.tracks.is_empty() {
            return;
        }
        let spread = |dice: &mut Dice, span: Duration| {
            now + Duration::from_micros(dice.below(span.as_micros() as usize) as u64)
        };
        self.next_tick = Some(spread(&mut self.dice, TICK));
        self.next_digest = spread(&mut self.dice, DIGEST);
        self.next_slow = spread(&mut self.dice, SLOW);
    }

    /// When [`Swarm::handle_timeout`] and then [`Swarm::poll_transmit`] want to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        match (self.next_tick, self.uplink.next()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The next piece that may leave now.
    pub fn poll_transmit(&mut self, now: Time) -> Option<Transmit> {
        let Self { uplink, peers, tracks, .. } = self;
        let (class, entry) = uplink.poll(now, |class, entry| {
            let Some(peer) = peers.get(entry.peer) else { return Gate::Drop };
            let asked = class != Class::Live && entry.rank == For::Asker as u16;
            let wanted =
                asked || tracks.iter().any(|t| t.feeds(&entry.piece, entry.peer, entry.generation));
            if peer.generation != entry.generation || !wanted {
                return Gate::Drop;
            }
            if peer.link.is_blocked() { Gate::Park } else { Gate::Send }
        })?;
        let repair = class != Class::Live;
        if let Some(peer) = self.peers.get_mut(entry.peer) {
            peer.link.on_transmit(now);
            peer.used = now;
        }
        self.counters.sent(entry.len, repair);
        Some(Transmit { peer: entry.peer, piece: entry.piece, repair })
    }

    /// The transport could not take what [`Swarm::poll_transmit`] has just given: it waits, with all
    /// that goes to the same neighbour, until a report says that the way there is not blocked.
    pub fn handle_refused(&mut self, now: Time, transmit: Transmit) {
        let Some(len) = self.uplink.take_back() else { return };
        self.counters.taken_back(len, transmit.repair);
        if let Some(peer) = self.peers.get_mut(transmit.peer) {
            peer.link.on_refused(now);
        }
    }

    pub(crate) fn push_out(&mut self, output: Output) {
        if self.out.len() < MAX_OUTPUTS {
            self.out.push_back(output);
        }
    }

    pub(crate) fn send(&mut self, peer: PeerIndex, message: Message) {
        self.push_out(Output::Send { peer, message });
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.push_out(Output::Event(event));
    }

    pub(crate) fn close(&mut self, now: Time, peer: PeerIndex, reason: CloseReason) {
        if self.peers.get(peer).is_some() {
            self.forget(now, peer);
            self.push_out(Output::Close { peer, reason });
        }
    }

    /// Ends connections that neither side has needed for a while.
    fn close_idle(&mut self, now: Time) {
        /// A warm connection saves a handshake; ten seconds outlast every search.
        const IDLE: Duration = Duration::from_secs(10);
        let idle = |p: &crate::peer::Peer| {
            now.since(p.used) > IDLE && !p.follower && p.partner == Partnership::None
        };
        let quiet: Vec<PeerIndex> =
            self.peers.iter().filter(|(_, p)| idle(p)).map(|(at, _)| at).collect();
        for peer in quiet {
            if !self.is_tied(peer) {
                self.close(now, peer, CloseReason::Idle);
            }
        }
    }

    /// A node that holds few connections keeps some free: whoever knows it alone has to get in, and
    /// learns of others there. Those that carry nothing go first, the oldest of them first.
    fn make_room(&mut self, now: Time) {
        let over = self.peers.len().saturating_sub(self.most_neighbours());
        if over == 0 {
            return;
        }
        let loose = |(at, p): (PeerIndex, &crate::peer::Peer)| {
            (!p.info.origin && !self.is_tied(at)).then_some((p.generation, at))
        };
        let mut loose: Vec<_> = self.peers.iter().filter_map(loose).collect();
        loose.sort_unstable();
        for (_, peer) in loose.into_iter().take(over) {
            self.close(now, peer, CloseReason::Full);
        }
    }

    /// Connections beyond which room is made, and nobody who is neither parent nor child yet becomes a
    /// child: an eighth of the places, two at least, are for newcomers.
    pub(crate) fn most_neighbours(&self) -> usize {
        let free = (self.config.neighbours / 8).max(2);
        self.config.neighbours.saturating_sub(free)
    }

    /// Whether a neighbour is a parent or a child.
    pub(crate) fn is_tied(&self, peer: PeerIndex) -> bool {
        let tied = |t: &Track| t.lanes.iter().any(|l| l.parent_is(peer) || l.child(peer).is_some());
        self.tracks.iter().any(tied)
    }

    pub(crate) fn track(&self, id: TrackId) -> Option<&Track> {
        self.tracks.iter().find(|t| t.config.track == id)
    }

    pub(crate) fn track_mut(&mut self, id: TrackId) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|t| t.config.track == id)
    }

    /// Every substream of every track. Borrows nothing and allocates nothing: each tick asks for it
    /// several times.
    pub(crate) fn lane_ids(&self) -> impl Iterator<Item = LaneId> + use<> {
        let mut shapes = [(0, 0); MAX_TRACKS];
        for (shape, track) in shapes.iter_mut().zip(&self.tracks) {
            *shape = (track.config.track, track.lanes.len() as u8);
        }
        let lanes = |(track, count)| (0..count).map(move |substream| LaneId { track, substream });
        shapes.into_iter().flat_map(lanes)
    }

    /// Whether this node runs a mechanism.
    pub(crate) fn has(&self, mechanism: Mechanism) -> bool {
        self.config.mechanisms.has(mechanism)
    }

    /// Whether this node publishes: the root of every tree.
    pub(crate) fn is_root(&self) -> bool {
        self.config.role == Role::Origin
    }
}
