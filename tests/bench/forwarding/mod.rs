//! A viewer between a broadcaster and a leaf, without sockets: what it does with each piece, as the
//! driver does it. Shared by the bench and by what counts instructions and allocations.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use manyhands_net::to_piece;
use manyhands_stream::{
    Channel, ChunkFlags, HeadInput, HeadSealed, HeadState, MAX_CERT_LIFE_MS, Origin, RunOptions,
    RunView, Secret, TrackInfo, Verdict,
};
use manyhands_swarm::{
    Config, LinkReport, NodeId, Output, PeerIndex, PeerInfo, Piece, Role, Swarm, Time, TrackConfig,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const K: u8 = 8;
/// Pieces in a chunk.
pub(crate) const PIECES: u32 = K as u32;
const CHUNK_MS: u16 = 100;
/// So that a piece with its header has 2.7 KB.
const CHUNK_BYTES: usize = 8 * 2_620 - 21;
const NOW_MS: u64 = 1_700_000_000_000;
/// Everybody has found everybody by then.
const SETTLED: u32 = 120;
const STEP: Duration = Duration::from_millis(5);
/// Between two looks at what the transport has acknowledged.
const STEPS_A_CHUNK: u32 = 20;

/// One piece comes in, is checked if `view` is given, and leaves for whoever is to have it; bytes
/// that left. Everything that this costs is counted, and nothing else.
#[inline(never)]
pub(crate) fn forward_one(
    viewer: &mut Swarm,
    now: Time,
    piece: &Piece,
    verified: Option<(&mut RunView, &Bytes)>,
    outputs: &mut Vec<Output>,
) -> u64 {
    if !viewer.wants(&piece.id) {
        return 0;
    }
    if let Some((view, bytes)) = verified
        && !matches!(view.verify_piece(bytes), Verdict::Good(_))
    {
        return 0;
    }
    viewer.handle_piece(now, PeerIndex(0), piece, false);
    while let Some(output) = viewer.poll_output() {
        outputs.push(output);
    }
    let mut sent = 0;
    while viewer.poll_transmit(now).is_some() {
        sent += u64::from(piece.len);
    }
    sent
}

/// Who is at the other end of a node's connection, and under which index that end knows the node.
const WIRES: [(usize, u32, usize, u32); 2] = [(0, 0, 1, 0), (1, 1, 2, 0)];

/// Broadcaster, viewer and leaf in a row.
pub(crate) struct Row {
    nodes: [Swarm; 3],
    now: Time,
    chunk: u32,
    origin: Origin,
    /// What the viewer knows of the run.
    view: RunView,
    acked: [u64; 3],
    outputs: Vec<Output>,
}

impl Row {
    /// The three have found each other, and pieces flow.
    pub(crate) fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let channel = Channel::generate(&mut rng);
        let mut origin = start(&channel, &mut rng);
        let (k, chunk_ms) = (K, CHUNK_MS);
        let track = TrackInfo { track: 0, k, parity: false, chunk_ms, kbps: 1_728, edge: 0 };
        let sealed = HeadSealed::default();
        let said = HeadInput { state: HeadState::Live, tracks: vec![track], sealed };
        origin.head(&said, NOW_MS, &mut rng).expect("a head");
        let verified = origin.view().welcome().verify(&channel.key(), NOW_MS).expect("a run");
        let view = RunView::new(verified, NOW_MS);
        let mut row = Self {
            nodes: [(0, Role::Origin), (1, Role::Viewer), (2, Role::Viewer)].map(swarm),
            now: Time::from_micros(1_000_000),
            chunk: 0,
            origin,
            view,
            acked: [0; 3],
            outputs: Vec::with_capacity(64),
        };
        row.connect();
        while row.chunk < SETTLED {
            row.next_chunk(&mut |viewer, now, piece, view, outputs| {
                forward_one(viewer, now, piece, Some(view), outputs)
            });
        }
        row
    }

    fn connect(&mut self) {
        let configs = [track()];
        for (node, allowance) in [(0, 40_000_000), (1, 100_000_000), (2, 0)] {
            self.nodes[node].handle_allowance(self.now, Some(allowance));
            self.nodes[node].handle_tracks(self.now, &configs);
        }
        for (a, at_a, b, at_b) in WIRES {
            self.nodes[a].handle_connected(self.now, PeerIndex(at_a), info(b, false));
            self.nodes[b].handle_connected(self.now, PeerIndex(at_b), info(a, true));
        }
    }

    /// A chunk's time passes; each of its pieces goes through `one` at the viewer. Bytes that left.
    pub(crate) fn next_chunk(&mut self, one: &mut One) -> u64 {
        let pieces = self.cut();
        for (bytes, piece) in &pieces {
            self.nodes[0].handle_publish(self.now, piece);
            while self.nodes[0].poll_transmit(self.now).is_some() {}
            self.acked[1] += bytes.len() as u64;
        }
        let mut sent = 0;
        for (bytes, piece) in &pieces {
            let Self { nodes, outputs, view, now, .. } = self;
            sent += one(&mut nodes[1], *now, piece, (view, bytes), outputs);
            nodes[2].handle_piece(*now, PeerIndex(0), piece, false);
        }
        self.acked[2] += sent;
        for step in 0..STEPS_A_CHUNK {
            self.now = self.now + STEP;
            self.turn(step == 0);
        }
        self.chunk += 1;
        sent
    }

    /// Timers and messages of all three.
    fn turn(&mut self, links: bool) {
        let mut mail: VecDeque<(usize, Output)> = VecDeque::new();
        let outputs = std::mem::take(&mut self.outputs);
        mail.extend(outputs.into_iter().map(|output| (1, output)));
        for node in 0..3 {
            self.nodes[node].handle_timeout(self.now);
            while self.nodes[node].poll_transmit(self.now).is_some() {}
            self.drain(node, &mut mail);
        }
        for (a, at_a, b, _) in WIRES.into_iter().filter(|_| links) {
            let report = LinkReport {
                acked_bytes: self.acked[b],
                queued_bytes: 0,
                rtt: Duration::from_millis(20),
                blocked: false,
            };
            self.nodes[a].handle_link(self.now, PeerIndex(at_a), report);
        }
        while let Some((from, output)) = mail.pop_front() {
            let (peer, message) = match output {
                Output::Send { peer, message } => (peer, message),
                // There is nobody else.
                Output::Connect(contact) => {
                    self.nodes[from].handle_connect_failed(self.now, contact);
                    self.drain(from, &mut mail);
                    continue;
                }
                _ => continue,
            };
            let ways = WIRES.into_iter().flat_map(|(a, i, b, j)| [(a, i, b, j), (b, j, a, i)]);
            let Some((_, _, to, at)) = ways.into_iter().find(|w| (w.0, w.1) == (from, peer.0))
            else {
                continue;
            };
            self.nodes[to].handle_message(self.now, PeerIndex(at), message);
            self.drain(to, &mut mail);
        }
        self.outputs = Vec::with_capacity(64);
    }

    fn drain(&mut self, node: usize, mail: &mut VecDeque<(usize, Output)>) {
        while let Some(output) = self.nodes[node].poll_output() {
            mail.push_back((node, output));
        }
    }

    fn cut(&mut self) -> Vec<(Bytes, Piece)> {
        let capture_ms = (self.chunk + 1) * u32::from(CHUNK_MS);
        let flags = ChunkFlags::from_bits(u8::from(self.chunk.is_multiple_of(10)));
        let sealed = self.origin.seal(0, flags, self.chunk, capture_ms, &[7; CHUNK_BYTES]);
        let sealed = sealed.expect("a chunk");
        let pieces = self.origin.cut(&sealed, K, CHUNK_MS, false).expect("pieces");
        pieces
            .into_iter()
            .map(|bytes| (bytes.clone(), to_piece(&bytes).expect("a piece")))
            .collect()
    }
}

/// What is done with a piece at the viewer; bytes that left.
pub(crate) type One<'a> =
    dyn FnMut(&mut Swarm, Time, &Piece, (&mut RunView, &Bytes), &mut Vec<Output>) -> u64 + 'a;

fn start(channel: &Channel, rng: &mut ChaCha20Rng) -> Origin {
    let options = RunOptions {
        broadcast: 1,
        started_ms: NOW_MS,
        expires_ms: NOW_MS + MAX_CERT_LIFE_MS,
        private: false,
        invites: vec![Secret::random(rng)],
    };
    Origin::start(channel, options, rng).expect("a run")
}

fn name(node: usize) -> NodeId {
    NodeId([node as u8 + 1; 16])
}

fn swarm((node, role): (usize, Role)) -> Swarm {
    Swarm::new(Config::new(role, name(node), node as u64))
}

fn track() -> TrackConfig {
    TrackConfig { track: 0, k: K, parity: false, chunk_ms: CHUNK_MS, wire_bps: 1_728_000 }
}

fn info(node: usize, dialled: bool) -> PeerInfo {
    PeerInfo {
        node: name(node),
        address: ([10, 0, node as u8, 1], 4_000).into(),
        dialled,
        origin: node == 0,
        hidden: false,
        dialable: true,
    }
}
