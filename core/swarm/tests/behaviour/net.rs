//! A handful of nodes on ideal wires: every message and piece takes [`DELAY`], nothing is lost, and
//! all clocks agree. For behaviour that can be shown without the simulator.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use manyhands_swarm::{
    Arrival, Config, LinkReport, Meeting, Message, NodeId, Output, PeerIndex, PeerInfo, Piece,
    PieceId, Role, Stats, Swarm, Time, TrackConfig,
};

/// One way.
pub(crate) const DELAY: u64 = 5_000;
const STEP: u64 = 1_000;
const CHUNK_MS: u32 = 100;
const LEN: u32 = 1_000;

pub(crate) const TRACK: TrackConfig = TrackConfig {
    track: 0,
    k: 4,
    parity: false,
    chunk_ms: CHUNK_MS as u16,
    wire_bps: LEN * 8 * 4 * 10,
};

enum Parcel {
    Message(Message),
    Piece(PieceId, bool),
    Up,
    Down,
}

struct Node {
    swarm: Swarm,
    alive: bool,
    acked: BTreeMap<usize, u64>,
}

/// The nodes; number 0 is the origin.
pub(crate) struct Net {
    nodes: Vec<Node>,
    wire: VecDeque<(u64, usize, usize, Parcel)>,
    links: BTreeMap<(usize, usize), bool>,
    walled: BTreeSet<usize>,
    tunnelled: BTreeSet<usize>,
    met: BTreeSet<(usize, usize)>,
    pub(crate) now: u64,
    chunk: u32,
    publishing: bool,
    /// How much later than it should the origin publishes, in microseconds.
    late: u64,
    /// Nobody is to learn where the origin is.
    shielded: bool,
    /// Pieces that each node has got.
    pub(crate) got: Vec<BTreeSet<PieceId>>,
    /// Every message as (from, to, message).
    pub(crate) said: Vec<(usize, usize, Message)>,
}

pub(crate) fn name(node: usize) -> NodeId {
    NodeId([node as u8 + 1; 16])
}

pub(crate) fn address(node: usize) -> SocketAddr {
    ([10, 0, node as u8, 1], 4_000).into()
}

pub(crate) fn piece(chunk: u32, substream: u8) -> Piece {
    Piece {
        id: PieceId { track: 0, chunk, substream, part: 0 },
        parts: 1,
        len: LEN,
        capture_ms: (chunk + 1) * CHUNK_MS,
        next_due_ms: CHUNK_MS as u16,
        keyframe: chunk.is_multiple_of(10),
    }
}

/// An allowance of so many whole copies of the stream, beside the upkeep and after the fill limit.
pub(crate) fn copies(count: f64) -> Option<u64> {
    let config = manyhands_swarm::Config::new(Role::Viewer, NodeId([0; 16]), 0);
    let wanted = (f64::from(TRACK.wire_bps) * count) as u64;
    let enough = |kbps: &u64| config.budget_bps(kbps * 1_000) >= wanted;
    Some((0..).find(enough)? * 1_000)
}

impl Net {
    /// An origin that may send two copies and a bit, publishing.
    pub(crate) fn new() -> Self {
        Self::with(false)
    }

    /// The same, behind relays that hide it.
    pub(crate) fn shielded() -> Self {
        Self::with(true)
    }

    fn with(shielded: bool) -> Self {
        let mut net = Self {
            nodes: Vec::new(),
            wire: VecDeque::new(),
            links: BTreeMap::new(),
            walled: BTreeSet::new(),
            tunnelled: BTreeSet::new(),
            met: BTreeSet::new(),
            now: 1_000_000,
            chunk: 0,
            publishing: true,
            late: 0,
            shielded,
            got: Vec::new(),
            said: Vec::new(),
        };
        net.add(Role::Origin, copies(2.2));
        net
    }

    /// A node that knows nobody yet.
    pub(crate) fn add(&mut self, role: Role, allowance: Option<u64>) -> usize {
        let id = self.nodes.len();
        let mut config = Config::new(role, name(id), id as u64);
        config.dials &= !(self.shielded && role == Role::Origin);
        let mut swarm = Swarm::new(config);
        let now = Time::from_micros(self.now);
        swarm.handle_allowance(now, allowance);
        swarm.handle_tracks(now, &[TRACK]);
        self.nodes.push(Node { swarm, alive: true, acked: BTreeMap::new() });
        self.got.push(BTreeSet::new());
        id
    }

    /// A viewer that dials the origin.
    pub(crate) fn join(&mut self, allowance: Option<u64>) -> usize {
        let id = self.add(Role::Viewer, allowance);
        self.dial(id, 0);
        id
    }

    pub(crate) fn swarm(&mut self, node: usize) -> &mut Swarm {
        &mut self.nodes[node].swarm
    }

    pub(crate) fn stats(&self, node: usize) -> Stats {
        self.nodes[node].swarm.stats()
    }

    pub(crate) fn time(&self) -> Time {
        Time::from_micros(self.now)
    }

    /// The node stops without a word.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].alive = false;
    }

    pub(crate) fn stop_publishing(&mut self) {
        self.publishing = false;
    }

    /// Nothing is published for so long, and all that comes afterwards is so much later.
    pub(crate) fn fall_behind(&mut self, by: Duration) {
        self.late += by.as_micros() as u64;
    }

    /// The newest chunk that has been published.
    pub(crate) fn edge(&self) -> u32 {
        self.chunk - 1
    }

    /// Dials to this node get no answer, as behind most home routers.
    pub(crate) fn wall(&mut self, node: usize) {
        self.walled.insert(node);
    }

    /// Where this node is seen nobody can dial it, and those who see it know that.
    pub(crate) fn tunnel(&mut self, node: usize) {
        self.wall(node);
        self.tunnelled.insert(node);
    }

    /// Whether two nodes are connected.
    pub(crate) fn linked(&self, a: usize, b: usize) -> bool {
        self.links.contains_key(&(a.min(b), a.max(b)))
    }

    pub(crate) fn dial(&mut self, from: usize, to: usize) {
        if !self.walled.contains(&to) {
            self.connect(from, to);
        }
    }

    /// The ways are open as soon as both send.
    fn meet(&mut self, id: usize, meeting: Meeting) {
        let other = usize::from(meeting.contact.node.0[0]) - 1;
        assert_eq!(meeting.contact.address, address(other), "what the introducer observes");
        self.met.insert((id, other));
        if self.met.contains(&(other, id)) {
            assert!(meeting.dials, "who has asked is told last");
            self.connect(id, other);
        }
    }

    fn connect(&mut self, from: usize, to: usize) {
        if from != to && self.links.insert((from.min(to), from.max(to)), true) != Some(true) {
            self.wire.push_back((self.now + 2 * DELAY, from, to, Parcel::Up));
            self.wire.push_back((self.now + 2 * DELAY, to, from, Parcel::Up));
        }
    }

    /// Whether a node has got a piece.
    pub(crate) fn has(&self, node: usize, chunk: u32, substream: u8) -> bool {
        self.got[node].contains(&piece(chunk, substream).id)
    }

    /// Chunks in a range of which a node lacks some piece.
    pub(crate) fn missing(&self, node: usize, chunks: std::ops::RangeInclusive<u32>) -> Vec<u32> {
        chunks.filter(|c| (0..TRACK.k).any(|s| !self.has(node, *c, s))).collect()
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span.as_micros() as u64;
        while self.now < end {
            self.now += STEP;
            self.publish();
            self.deliver();
            if self.now.is_multiple_of(50_000) {
                self.report_links();
                self.play();
            }
            for node in 0..self.nodes.len() {
                self.drive(node);
            }
        }
    }

    fn publish(&mut self) {
        let due = u64::from(self.chunk + 1) * u64::from(CHUNK_MS) * 1_000 + 1_000_000 + self.late;
        if !self.publishing || self.now < due || !self.nodes[0].alive {
            return;
        }
        let now = self.time();
        for substream in 0..TRACK.k {
            self.nodes[0].swarm.handle_publish(now, &piece(self.chunk, substream));
        }
        self.chunk += 1;
    }

    fn deliver(&mut self) {
        let now = self.time();
        let due = self.wire.iter().filter(|(at, ..)| *at <= self.now).count();
        let mut parcels: Vec<_> = self.wire.drain(..).collect();
        parcels.sort_by_key(|(at, ..)| *at);
        self.wire = parcels.split_off(due).into();
        for (_, from, to, parcel) in parcels {
            if !self.nodes[to].alive {
                continue;
            }
            let peer = PeerIndex(from as u32);
            match parcel {
                Parcel::Up if self.nodes[from].alive => {
                    let info = PeerInfo {
                        node: name(from),
                        address: address(from),
                        dialled: to > from,
                        origin: from == 0,
                        dialable: !self.tunnelled.contains(&from),
                        hidden: from == 0 && self.shielded,
                    };
                    self.nodes[to].swarm.handle_connected(now, peer, info);
                }
                Parcel::Up => {}
                Parcel::Down => self.nodes[to].swarm.handle_disconnected(now, peer),
                Parcel::Message(message) => {
                    self.nodes[to].swarm.handle_message(now, peer, message);
                }
                Parcel::Piece(id, repair) => {
                    *self.nodes[from].acked.entry(to).or_default() += u64::from(LEN);
                    let piece = piece(id.chunk, id.substream);
                    let arrival = self.nodes[to].swarm.handle_piece(now, peer, &piece, repair);
                    if arrival == Arrival::New {
                        self.got[to].insert(id);
                    }
                }
            }
        }
    }

    /// Viewers play a second behind the edge.
    fn play(&mut self) {
        let (now, capture_ms) = (self.time(), self.chunk.saturating_sub(9) * CHUNK_MS);
        for node in self.nodes.iter_mut().skip(1).filter(|_| capture_ms > 0) {
            node.swarm.handle_playhead(now, 0, capture_ms);
        }
    }

    fn report_links(&mut self) {
        let now = self.time();
        let pairs: Vec<_> = self.links.keys().copied().collect();
        for (a, b) in pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
            let acked_bytes = self.nodes[a].acked.get(&b).copied().unwrap_or(0);
            let rtt = Duration::from_micros(2 * DELAY);
            let report = LinkReport { acked_bytes, queued_bytes: 0, rtt, blocked: false };
            self.nodes[a].swarm.handle_link(now, PeerIndex(b as u32), report);
        }
    }

    fn drive(&mut self, id: usize) {
        if !self.nodes[id].alive {
            return;
        }
        let now = self.time();
        self.nodes[id].swarm.handle_timeout(now);
        while let Some(output) = self.nodes[id].swarm.poll_output() {
            match output {
                Output::Send { peer, message } => {
                    self.said.push((id, peer.0 as usize, message.clone()));
                    self.post(id, peer.0 as usize, Parcel::Message(message));
                }
                Output::Connect(contact) => {
                    let to = usize::from(contact.node.0[0]) - 1;
                    self.dial(id, to);
                }
                Output::Meet(meeting) => self.meet(id, meeting),
                Output::Close { peer, .. } => {
                    let to = peer.0 as usize;
                    self.links.remove(&(id.min(to), id.max(to)));
                    self.post(id, to, Parcel::Down);
                }
                Output::NeedContacts | Output::Event(_) => {}
            }
        }
        while let Some(t) = self.nodes[id].swarm.poll_transmit(now) {
            self.post(id, t.peer.0 as usize, Parcel::Piece(t.piece, t.repair));
        }
    }

    fn post(&mut self, from: usize, to: usize, parcel: Parcel) {
        self.wire.push_back((self.now + DELAY, from, to, parcel));
    }
}
