//! The task that owns the overlay and carries out what it says.
//!
//! One task, one inbox: everything that happens is an input, in one order. After each batch of
//! inputs the overlay's outputs are carried out and its uplink queue is asked what may leave.

mod frames;
mod heads;
mod manners;
mod moves;
mod pieces;
mod relays;
mod sending;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use manyhands_stream::SignedMeeting;
use manyhands_swarm::{Contact, LaneStats, Message, Output, PeerIndex, PeerInfo, Role, Time};
use parking_lot::Mutex;
use quinn::VarInt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::heads::HEAD_LATE;
use self::pieces::Held;
pub use self::pieces::to_piece;
use crate::Identity;
use crate::clock::Clock;
use crate::control::{Control, Observed, Ping};
use crate::credentials::Credentials;
use crate::dial::Dialler;
use crate::discovery::{Audience, Prospect, Standing};
use crate::endpoint::Quic;
use crate::handshake::{self, Errand, Proven};
use crate::ledbat::Ledbat;
use crate::link::{Link, LinkEvent};
use crate::network::Mover;
use crate::node::{Command, INBOX, NodeConfig, NodeEvent, Relays, Shared, Via, to_time};
use crate::overlay::{self, Overlay};
use crate::peers::{Admission, Newcomer, Peers};
use crate::port_mapping::Opener;
use crate::punch::Punch;
use crate::reach::{Reach, observed};
use crate::report::{PeerReport, Report};
use crate::sabotage::Sabotage;
use crate::store::Store;
use crate::tunnel;

/// How often connections are asked for their figures and slow things are looked after.
const TICK: Duration = Duration::from_millis(100);
/// Inputs handled before outputs are carried out.
const BATCH: usize = 64;
/// Young clocks ask each second, older ones each ten (the design's figures).
const PING_YOUNG: Duration = Duration::from_secs(1);
const PING_OLD: Duration = Duration::from_secs(10);
const YOUNG: Duration = Duration::from_secs(10);
/// Neighbours that are asked at once.
const CLOCKS: usize = 4;
/// Time for the last datagrams to leave.
const FAREWELL: Duration = Duration::from_millis(1_000);
/// Neighbours of the same local network that a viewer with neighbours still dials: half a mesh.
const LOCAL_PARTNERS: usize = 4;

/// Everything that happens to a node.
#[derive(Debug)]
pub(crate) enum Input {
    Link {
        index: PeerIndex,
        generation: u64,
        event: LinkEvent,
    },
    Proven {
        proven: Box<Proven>,
        contact: Option<Contact>,
        via: Via,
    },
    DialFailed {
        contact: Option<Contact>,
    },
    /// Who had dialled this node has not become a neighbour.
    NotLetIn,
    Punched {
        from: SocketAddr,
        punch: Punch,
    },
}

pub(crate) struct Driver {
    role: Role,
    identity: Arc<Identity>,
    quic: Quic,
    credentials: Arc<Mutex<Credentials>>,
    clock: Arc<Mutex<Clock>>,
    start: Instant,
    standing: watch::Sender<Standing>,
    /// Of a relay: what it was handed for the DHT.
    hand: watch::Sender<Vec<SignedMeeting>>,
    /// Of a shielded broadcaster: what each relay is handed.
    items: Vec<SignedMeeting>,
    events: mpsc::Sender<NodeEvent>,
    inputs: mpsc::Sender<Input>,
    inbox: Option<mpsc::Receiver<Input>>,
    swarm: Overlay,
    /// What the person allows, bits a second.
    limit: Option<u64>,
    /// What children are promised, bits a second.
    promised: Option<u64>,
    /// What the line allows, of a node that yields.
    ledbat: Option<Ledbat>,
    sabotage: Sabotage,
    store: Store,
    peers: Peers,
    dialler: Dialler,
    reach: Reach,
    opener: Opener,
    mover: Mover,
    /// When this node has last moved, and whether it has once more since that is to be acted on.
    moved: Option<Time>,
    moves_again: bool,
    closing: Option<JoinHandle<()>>,
    held: VecDeque<Held>,
    report: Report,
    generation: u64,
    joined: bool,
    /// Relays at work, as the session was told.
    relays: usize,
    next_tick: Time,
    next_ping: Time,
    head_at: Time,
    asked_at: Time,
    run_changed: Time,
    /// When anybody last confirmed anything.
    confirmed: Option<Time>,
    /// When connections that could not take a piece are tried again.
    try_again: Option<Time>,
    leaving: Option<oneshot::Sender<()>>,
}

impl Driver {
    pub(crate) fn new(
        config: NodeConfig,
        identity: Arc<Identity>,
        quic: Quic,
        shared: Shared,
        events: mpsc::Sender<NodeEvent>,
    ) -> Self {
        let Shared { credentials, clock, start, standing, hand, opener, mover } = shared;
        let (inputs, inbox) = mpsc::channel(INBOX);
        let sabotage = Sabotage::from_environment();
        let mut setup = manyhands_swarm::Config::new(config.role, identity.node(), config.seed);
        if config.relays.shielded {
            setup.dials = false;
            // Its relays are all the children that it has: each is to get a copy, if there is room.
            let copies = config.relays.tickets.len() as f32;
            setup.origin_share = setup.origin_share.max(copies);
        }
        setup.neighbours = setup.neighbours.min(config.connections);
        let mut swarm = overlay::begin(sabotage.configure(setup));
        swarm.handle_allowance(Time::ZERO, config.upload_limit);
        let mut dialler = Dialler::new(
            quic.clone(),
            identity.clone(),
            credentials.clone(),
            inputs.clone(),
            config.hints,
        );
        // A broadcaster's picture is what its owner wants the line for.
        let yields = config.role != Role::Origin && !sabotage.never_yields();
        let Relays { tickets, shielded } = config.relays;
        if sabotage.dials_freely() {
            dialler.dial_freely();
        }
        dialler.employ(tickets.into_iter().map(|ticket| Errand { ticket, shielded }));
        let reach = Reach::new(quic.clone(), identity.node(), inputs.clone(), opener.state());
        Self {
            role: config.role,
            identity,
            quic,
            credentials,
            clock,
            start,
            standing,
            hand,
            items: Vec::new(),
            events,
            inputs,
            inbox: Some(inbox),
            swarm,
            limit: config.upload_limit,
            promised: config.upload_limit,
            ledbat: yields.then(Ledbat::default),
            sabotage,
            store: Store::default(),
            peers: Peers::new(config.connections),
            dialler,
            reach,
            opener,
            mover,
            moved: None,
            moves_again: false,
            closing: None,
            held: VecDeque::new(),
            report: Report::default(),
            generation: 0,
            joined: false,
            relays: 0,
            next_tick: Time::ZERO,
            next_ping: Time::ZERO,
            head_at: Time::ZERO,
            asked_at: Time::ZERO,
            run_changed: Time::ZERO,
            confirmed: None,
            try_again: None,
            leaving: None,
        }
    }

    /// Runs until the session lets go of the node, or has left in good order.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let Some(mut inbox) = self.inbox.take() else { return };
        let endpoint = self.quic.endpoint().clone();
        self.dialler.try_hints(self.now());
        loop {
            self.flush();
            if self.leaving.is_some() && self.swarm.is_drained() {
                break;
            }
            let wake = self.start + Duration::from_micros(self.wake().as_micros());
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                Some(input) = inbox.recv() => {
                    self.on_input(input);
                    for _ in 1..BATCH {
                        let Ok(input) = inbox.try_recv() else { break };
                        self.on_input(input);
                    }
                }
                Some(incoming) = endpoint.accept() => self.on_incoming(incoming),
                () = tokio::time::sleep_until(wake.into()) => self.on_time(),
            }
        }
        if self.leaving.is_some() {
            self.say_farewell(inbox).await;
        }
        endpoint.close(VarInt::from_u32(0), b"");
        let idle = tokio::time::timeout(FAREWELL, endpoint.wait_idle());
        let _ = tokio::join!(idle, self.give_port_back());
        if let Some(done) = self.leaving.take() {
            let _ = done.send(());
        }
    }

    /// Closes the router's port: begun when the node begins to leave, since that takes a while, too.
    async fn give_port_back(&mut self) {
        match self.closing.take() {
            Some(closing) => drop(closing.await),
            None => std::mem::replace(&mut self.opener, Opener::off()).close().await,
        }
    }

    /// Waits until every neighbour has what was sent to it, for a while.
    async fn say_farewell(&mut self, mut inbox: mpsc::Receiver<Input>) {
        let links: Vec<_> = self.peers.iter().map(|(_, p)| p.link.clone()).collect();
        let farewells = async {
            let all: Vec<_> = links
                .into_iter()
                .map(|l| tokio::spawn(async move { l.farewell().await }))
                .collect();
            for farewell in all {
                let _ = farewell.await;
            }
        };
        // What still comes in is not ours to handle, but must not block who reports it.
        let ignore = async { while inbox.recv().await.is_some() {} };
        tokio::select! {
            () = farewells => {}
            () = ignore => {}
            () = tokio::time::sleep(FAREWELL) => {}
        }
    }

    fn now(&self) -> Time {
        to_time(self.start, Instant::now())
    }

    fn wake(&mut self) -> Time {
        let others = [self.swarm.poll_timeout(), self.reach.poll_timeout(), self.try_again];
        others.into_iter().flatten().fold(self.next_tick, Time::min)
    }

    /// Carries out what the overlay says, then lets leave what may leave.
    fn flush(&mut self) {
        while let Some(output) = self.swarm.poll_output() {
            self.carry_out(output);
        }
        self.send_pieces();
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { peer, mut message } => {
                self.sabotage.say(&mut message);
                self.send_message(peer, &message);
            }
            Output::Connect(contact) => {
                if self.peers.knows(contact.node) {
                    return;
                }
                self.dialler.dial_contact(contact);
            }
            Output::Meet(meeting) => self.reach.meet(self.now(), meeting),
            // The overlay has forgotten it already; late reports of it are not heard any more.
            Output::Close { peer, .. } => {
                self.forget_held(peer);
                if let Some(peer) = self.peers.remove(peer) {
                    peer.link.close(VarInt::from_u32(0));
                }
            }
            Output::NeedContacts => self.dialler.try_hints(self.now()),
            Output::Event(event) => self.emit(NodeEvent::Overlay(event)),
        }
    }

    fn send_message(&mut self, peer: PeerIndex, message: &Message) {
        let mut frame = Vec::new();
        message.encode(&mut frame);
        self.send_control(peer, frame.into());
    }

    fn send_control(&mut self, index: PeerIndex, frame: Bytes) {
        if let Some(peer) = self.peers.get(index) {
            self.report.sent.control += frame.len() as u64;
            peer.link.send_control(frame);
        }
    }

    fn on_command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Tracks(tracks) => self.swarm.handle_tracks(now, &tracks),
            Command::Publish(pieces) => {
                for (piece, bytes) in pieces {
                    self.store.insert(piece.id, piece.capture_ms, bytes);
                    self.swarm.handle_publish(now, &piece);
                }
            }
            Command::PublishHead => {
                self.head_at = now;
                self.forward_head(None);
            }
            Command::UploadLimit(limit) => {
                self.limit = limit;
                self.apply_limits(now);
            }
            Command::PublishState => {
                self.head_at = now;
                let all: Vec<_> = self.peers.iter().map(|(i, _)| i).collect();
                all.into_iter().for_each(|index| self.send_state(index));
            }
            Command::Playhead(ms) => {
                for track in self.credentials.lock().tracks() {
                    self.swarm.handle_playhead(now, track.track, ms);
                }
            }
            Command::Try(prospect) => self.on_prospect(prospect),
            Command::HandOut(items) => self.hand_out(items),
            Command::Moved => self.on_moved(now),
            Command::Report(reply) => {
                let _ = reply.send(self.report());
            }
            Command::Leave(reply) => {
                self.swarm.handle_leave(now);
                let opener = std::mem::replace(&mut self.opener, Opener::off());
                self.closing = Some(tokio::spawn(opener.close()));
                self.leaving = Some(reply);
            }
        }
    }

    /// An address that was found: it is dialled when addresses are wanted, and else only if it is
    /// near and few such are there.
    fn on_prospect(&mut self, prospect: Prospect) {
        let near = self.peers.iter().filter(|(_, peer)| peer.via == Via::Local).count();
        let wanted =
            self.standing.borrow().wanting || (prospect.via == Via::Local && near < LOCAL_PARTNERS);
        if wanted && !self.peers.iter().any(|(_, peer)| peer.address == prospect.address) {
            self.dialler.dial_prospect(prospect);
        }
    }

    fn on_input(&mut self, input: Input) {
        match input {
            Input::Link { index, generation, event } => {
                if !self.peers.carries(index, generation) {
                    return;
                }
                match event {
                    LinkEvent::Frame(frame) => self.on_frame(index, frame),
                    LinkEvent::Piece { purpose, data } => self.on_piece(index, purpose, data),
                    LinkEvent::Closed { anew } if self.peers.is_current(index, generation) => {
                        self.on_closed(index, anew);
                    }
                    LinkEvent::Closed { .. } => {}
                }
            }
            Input::Proven { proven, contact, via } => {
                match proven.dialled {
                    true => self.dialler.on_done(contact.as_ref()),
                    false => self.on_greeted(),
                }
                self.on_proven(*proven, via);
            }
            Input::NotLetIn => self.on_greeted(),
            Input::Punched { from, punch } => {
                if let Some(contact) = self.reach.on_punch(from, punch) {
                    self.dialler.dial_open(contact);
                }
            }
            Input::DialFailed { contact } => {
                self.dialler.on_done(contact.as_ref());
                match contact {
                    // Nor has it for neighbours that are dialled anew.
                    Some(contact) if self.peers.knows(contact.node) => {
                        self.on_redial_failed(contact.node);
                    }
                    // The overlay hasn't asked for relays; they are dialled again anyway.
                    Some(contact) if self.dialler.employs(contact.node) => {}
                    Some(contact) => self.swarm.handle_connect_failed(self.now(), contact),
                    None if self.peers.len() == 0 && self.dialler.idle() => {
                        self.emit(NodeEvent::Alone);
                        // At once where there was a pause already: if UDP is blocked, that is known by
                        // now, and the next dial goes another way.
                        self.dialler.try_hints(self.now());
                    }
                    None => {}
                }
            }
        }
    }

    fn on_incoming(&mut self, incoming: quinn::Incoming) {
        if self.leaving.is_some() {
            incoming.refuse();
            return;
        }
        let (identity, credentials) = (self.identity.clone(), self.credentials.clone());
        let inputs = self.inputs.clone();
        self.report.greeting += 1;
        tokio::spawn(async move {
            let greeted =
                async { handshake::listen(incoming.await?, &identity, &credentials).await };
            let input = match greeted.await {
                Ok(proven) => {
                    let proven = Box::new(proven);
                    Input::Proven { proven, contact: None, via: Via::Exchange }
                }
                Err(error) => {
                    tracing::debug!(%error, "a dialler was not let in");
                    Input::NotLetIn
                }
            };
            let _ = inputs.send(input).await;
        });
    }

    /// One dialler less waits for its answer, whatever it was.
    fn on_greeted(&mut self) {
        self.report.greeting = self.report.greeting.saturating_sub(1);
    }

    fn on_proven(&mut self, proven: Proven, via: Via) {
        self.generation += 1;
        let (generation, inputs) = (self.generation, self.inputs.clone());
        let (node, dialled, origin) = (proven.node, proven.dialled, proven.origin);
        let (own, relay) = (self.identity.node(), proven.relay);
        let address = crate::canonical(proven.connection.remote_address());
        // A relay dials nobody, so it keeps nobody's address.
        let dialable = origin && self.role != Role::Relay && !tunnel::is_inner(address.ip());
        self.dialler.on_joined(dialable.then_some(address));
        let connection = proven.connection.clone();
        let Proven { control, buffered, adopted, ours_newer, .. } = proven;
        let newcomer = Newcomer { node, dialled, turn: proven.turn, origin };
        let admission = self.peers.admit(own, newcomer, |index| {
            let report = move |event| {
                let inputs = inputs.clone();
                async move { inputs.send(Input::Link { index, generation, event }).await.is_ok() }
            };
            (Link::start(connection.clone(), control, buffered, report), generation, address)
        });
        // What the handshake has adopted holds, whatever becomes of the connection.
        if let Some(adopted) = adopted {
            self.on_adopted(adopted, None);
        }
        let now = self.now();
        match admission {
            Admission::Refused => connection.close(VarInt::from_u32(0), b""),
            Admission::Replaced(index) => self.on_replaced(now, index),
            Admission::New(index) => {
                self.confirmed = Some(now);
                self.tell_observed(index);
                if let Some(peer) = self.peers.get_mut(index) {
                    (peer.via, peer.relay, peer.since) = (via, relay, now);
                }
                if !self.joined {
                    self.joined = true;
                    self.emit(NodeEvent::Joined { peer: node.to_string(), via });
                }
                // The end has no next turn: it may have been said since the other end was welcomed.
                if ours_newer || self.credentials.lock().is_ended() {
                    self.send_state(index);
                }
                self.tell_connected(now, index);
                self.ping(index);
                if relay {
                    self.hand_items(index);
                }
            }
        }
    }

    /// The overlay hears of a neighbour, or of another way to one that it knows.
    fn tell_connected(&mut self, now: Time, index: PeerIndex) {
        let Some(peer) = self.peers.get(index) else { return };
        let hidden = peer.origin && self.credentials.lock().is_shielding();
        let info = PeerInfo {
            node: peer.node,
            address: peer.address,
            dialled: peer.dialled,
            origin: peer.origin,
            dialable: !tunnel::is_inner(peer.address.ip()),
            hidden,
        };
        self.swarm.handle_connected(now, index, info);
    }

    /// A neighbour hears where it is seen.
    fn tell_observed(&mut self, index: PeerIndex) {
        let Some(address) = self.peers.get(index).map(|peer| peer.address) else { return };
        // Who comes through a tunnel is seen nowhere.
        if tunnel::is_inner(address.ip()) {
            return;
        }
        let seen = Observed { address: observed(self.sabotage.see(address)) };
        self.send_control(index, Control::Observed(seen).encode());
    }

    fn on_closed(&mut self, index: PeerIndex, anew: bool) {
        let Some(peer) = self.peers.remove(index) else { return };
        self.forget_held(index);
        self.swarm.handle_disconnected(self.now(), index);
        // Who is there now has another name, and whatever it had promised is void.
        if peer.origin && anew {
            tracing::info!("the broadcaster has begun anew");
            let (address, via) = (peer.address, peer.via);
            self.dialler.dial_prospect(Prospect { address, via, node: None });
        }
    }

    fn on_time(&mut self) {
        let now = self.now();
        self.reach.on_time(now);
        self.swarm.handle_mapping(self.reach.mapping());
        self.swarm.handle_open_port(self.reach.open_port());
        self.swarm.handle_timeout(now);
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + TICK;
        self.judge_held(now);
        for message in self.sabotage.say_besides(now) {
            let all: Vec<_> = self.peers.iter().map(|(index, _)| index).collect();
            all.into_iter().for_each(|index| self.send_message(index, &message));
        }
        self.report_links(now);
        self.mind_the_line(now);
        self.follow_neighbours(now);
        if now >= self.next_ping {
            let young = now.since(Time::ZERO) < YOUNG;
            self.next_ping = now + if young { PING_YOUNG } else { PING_OLD };
            self.ping_some();
        }
        self.stand(now);
        if self.leaving.is_some() {
            return;
        }
        self.renew(now);
        if self.role == Role::Origin {
            self.dialler.keep_relays(now, &self.peers);
            self.count_relays(now);
            let connected = self.peers.iter().map(|(_, p)| p.address).collect();
            self.dialler.keep_hints(now, &connected);
        } else {
            self.mind_the_head(now);
        }
    }

    /// Tells those who look for others how the node stands.
    fn stand(&self, now: Time) {
        let cut_off = self.peers.len() == 0 || now.since(self.head_at) >= HEAD_LATE;
        let (audience, ended) = {
            let credentials = self.credentials.lock();
            (Audience::of(&credentials), credentials.is_ended())
        };
        let stays = self.role != Role::Origin && self.leaving.is_none() && !ended;
        let wanting = stays && cut_off;
        let standing = Standing { wanting, audience };
        self.standing.send_if_modified(|known| std::mem::replace(known, standing) != standing);
    }

    /// Asks some neighbours for the time; the broadcaster, whom everybody knows, only where there are few
    /// others.
    fn ping_some(&mut self) {
        let mut some: Vec<_> = self.peers.iter().map(|(i, p)| (p.origin, i)).collect();
        some.sort_unstable();
        let some = some.into_iter().take(CLOCKS);
        some.for_each(|(_, index)| self.ping(index));
    }

    fn ping(&mut self, index: PeerIndex) {
        if self.role != Role::Origin {
            let sent_us = self.now().as_micros();
            self.send_control(index, Control::Ping(Ping { sent_us }).encode());
        }
    }

    fn report(&mut self) -> Report {
        let (sent, received) = self.quic.socket().totals();
        self.report.sent.datagram = sent;
        self.report.received.datagram = received;
        let now = self.now();
        let swarm = self.swarm.stats();
        let peers = self.peers.iter().map(|(index, p)| PeerReport {
            name: p.node.to_string(),
            origin: p.origin,
            relay: p.relay,
            received: p.received,
            sent: p.sent,
            rtt_us: u64::try_from(p.link.connection().rtt().as_micros()).unwrap_or(u64::MAX),
            feeds: count(&swarm, |lane| lane.parent.is_some_and(|(parent, _)| parent == index)),
            fed: count(&swarm, |lane| lane.children.iter().any(|(child, _)| *child == index)),
            dialled: p.dialled,
            tunnelled: self.quic.socket().tunnels().leads_to(p.address),
            silent: now.since(p.seen.heard),
            waiting: p.seen.waiting,
        });
        self.report.peers = peers.collect();
        self.report.visibility = self.reach.visibility();
        self.report.swarm = Some(swarm);
        self.report.sending = Some(self.swarm.sending(now));
        self.report.outgoing.unconfirmed = self.confirmed.map(|at| now.since(at));
        self.report.clone()
    }

    /// Tells the session, unless it is too slow to hear it.
    fn emit(&mut self, event: NodeEvent) {
        if self.events.try_send(event).is_err() {
            self.report.lost_events += 1;
        }
    }
}

/// How many substreams this is true of.
fn count(stats: &manyhands_swarm::Stats, is: impl Fn(&LaneStats) -> bool) -> u32 {
    stats.lanes.iter().filter(|lane| is(lane)).count() as u32
}
