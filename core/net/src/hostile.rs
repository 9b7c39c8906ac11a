//! A relay on loopback, and those who want more of it than it gives.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use manyhands_stream::{
    Channel, HeadInput, HeadSealed, HeadState, Link, Member, Origin, RunOptions, Secret, Ticket,
    TrackInfo,
};
use manyhands_swarm as swarm;
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::control::{self, Control, Frame};
use crate::credentials::Credentials;
use crate::endpoint::Quic;
use crate::handshake::{self, Errand, HandshakeError, Proven};
use crate::{Discovery, Identity, Node, NodeConfig, NodeEvent, Relays, Via, unix_ms};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Nothing takes longer on any machine that works.
const PATIENCE: Duration = Duration::from_secs(60);
const SEED: [u8; 32] = [3; 32];
const PERMIT: [u8; 16] = [4; 16];
/// What nobody but the attacker says.
const MARK: &[u8] = b"carry this for me";

pub(crate) fn config(role: swarm::Role, relays: Relays) -> NodeConfig {
    NodeConfig {
        listen: LOOPBACK,
        upload_limit: None,
        role,
        hints: Vec::new(),
        discovery: Discovery::default(),
        relays,
        identity: None,
        connections: 8,
        seed: 1,
    }
}

fn channel() -> Channel {
    Channel::from_seed(Secret::new([1; 32]))
}

/// A run that begins so many milliseconds from now.
pub(crate) fn origin(later_ms: u64) -> Credentials {
    let started_ms = unix_ms() + later_ms;
    let options = RunOptions {
        broadcast: 1,
        started_ms,
        expires_ms: started_ms + 60_000,
        private: false,
        invites: vec![Secret::new([2; 16])],
    };
    let mut origin = Origin::start(&channel(), options, &mut rand::rng()).unwrap();
    let track = TrackInfo { track: 0, k: 2, parity: true, chunk_ms: 100, kbps: 400, edge: 5 };
    let sealed = HeadSealed::default();
    let head = HeadInput { state: HeadState::Live, tracks: vec![track], sealed };
    origin.head(&head, unix_ms(), &mut rand::rng()).unwrap();
    Credentials::Origin(Box::new(origin))
}

pub(crate) fn member(invite: u8) -> Credentials {
    let link = Link::open(channel().key(), Secret::new([invite; 16]));
    Credentials::Viewer(Box::new(Member::new(&link, None)))
}

/// A relay at work, with its broadcaster.
struct Stage {
    relay: Node,
    origin: Node,
    ticket: Ticket,
    _events: [Receiver<NodeEvent>; 2],
}

impl Stage {
    async fn new() -> Self {
        let identity = Identity::from_seed(&Secret::new(SEED)).unwrap();
        let pin = identity.pin();
        let relay = manyhands_stream::Relay::new(Secret::new(PERMIT));
        let node = NodeConfig {
            identity: Some(identity),
            ..config(swarm::Role::Relay, Relays::default())
        };
        let (relay, relay_events) = Node::start(node, Credentials::Relay(Box::new(relay))).unwrap();
        let hints = vec![relay.address()];
        let ticket = Ticket { relay: pin, permit: Secret::new(PERMIT), hints };
        let relays = Relays { tickets: vec![ticket.clone()], shielded: true };
        let (origin, mut events) =
            Node::start(config(swarm::Role::Origin, relays), origin(0)).unwrap();
        let at_work = async {
            while let Some(event) = events.recv().await {
                if matches!(event, NodeEvent::Relays(1)) {
                    return;
                }
            }
        };
        timeout(PATIENCE, at_work).await.expect("the relay is put to work");
        Self { relay, origin, ticket, _events: [relay_events, events] }
    }

    /// Whoever has these credentials dials the relay.
    async fn dial(
        &self,
        credentials: Credentials,
        errand: Option<&Errand>,
    ) -> (Quic, Result<Proven, HandshakeError>) {
        let identity = Identity::generate().unwrap();
        let quic = Quic::bind(&identity, LOOPBACK, None, true).unwrap();
        let connection = quic.dial(self.relay.address()).unwrap().await.unwrap();
        let credentials = Mutex::new(credentials);
        let proven = handshake::dial(connection, &identity, &credentials, errand, 0).await;
        (quic, proven)
    }

    async fn neighbours(&self) -> usize {
        self.relay.report().await.unwrap().peers.len()
    }
}

#[tokio::test]
async fn who_is_not_in_the_roster_stays_outside() {
    let stage = Stage::new().await;
    let (_quic, stranger) = stage.dial(member(99), None).await;
    assert!(stranger.is_err());
    assert_eq!(stage.neighbours().await, 1, "the broadcaster");
    let (_quic, invited) = stage.dial(member(2), None).await;
    assert!(invited.is_ok());
}

#[tokio::test]
async fn a_wrong_permit_puts_nobody_to_work_and_a_right_one_no_older_run() {
    let stage = Stage::new().await;
    let ticket = Ticket { permit: Secret::new([0; 16]), ..stage.ticket.clone() };
    let errand = Errand { ticket, shielded: false };
    let (_quic, refused) = stage.dial(origin(2), Some(&errand)).await;
    assert!(refused.is_err());
    // The right one, for another run than the newest: nor does it go back.
    let older = origin(1);
    let errand = Errand { ticket: stage.ticket.clone(), shielded: false };
    let (_quic, newest) = stage.dial(origin(60_000), Some(&errand)).await;
    assert!(newest.is_ok());
    let (_quic, back) = stage.dial(older, Some(&errand)).await;
    assert!(back.is_err());
}

/// A piece as long as can be, with a good header and the attacker's words in the place of all else.
fn arbitrary(chunk: u32) -> Vec<u8> {
    let len: u16 = 16_000;
    let mut piece = vec![0, 0, 0, 0];
    piece.extend_from_slice(&chunk.to_le_bytes());
    piece.extend_from_slice(&(chunk * 100).to_le_bytes());
    piece.extend_from_slice(&100_u16.to_le_bytes());
    piece.extend_from_slice(&len.to_le_bytes());
    piece.extend(MARK.iter().copied().cycle().take(64 + usize::from(len)));
    piece
}

#[tokio::test]
async fn of_a_mebibyte_of_arbitrary_bytes_nothing_is_forwarded() {
    let stage = Stage::new().await;
    let viewer = NodeConfig {
        hints: vec![(stage.relay.address(), Via::Hint)],
        ..config(swarm::Role::Viewer, Relays::default())
    };
    let (viewer, mut events) = Node::start(viewer, member(2)).unwrap();
    let joined = async { while !matches!(events.recv().await, Some(NodeEvent::Joined { .. })) {} };
    timeout(PATIENCE, joined).await.expect("a viewer is let in");
    let (_friend_quic, friend) = stage.dial(member(2), None).await;
    let friend = friend.unwrap();
    let (_evil_quic, evil) = stage.dial(member(2), None).await;
    let Proven { connection: evil, control: (mut say, _hear), .. } = evil.unwrap();

    // Just after a run has changed bad pieces are nobody's fault, so it may go on beyond the first
    // mebibyte: slowly.
    let (mut sent, mut beat) = (0, tokio::time::interval(Duration::from_millis(20)));
    for chunk in 0.. {
        if sent >= 1 << 20 {
            beat.tick().await;
        }
        let Ok(mut stream) = evil.open_uni().await else { break };
        let piece = arbitrary(chunk % 20);
        sent += piece.len();
        let purpose = [u8::from(chunk % 2 == 1)];
        if stream.write_all(&purpose).await.and(stream.write_all(&piece).await).is_err() {
            break;
        }
        let _ = stream.finish();
        // Frames of a kind that nobody knows, in between.
        let mut frame = BytesMut::from(&[0x3f, 0x44, 0x00][..]);
        frame.extend(MARK.iter().copied().cycle().take(1024));
        if say.write_all(&frame).await.is_err() {
            break;
        }
        sent += frame.len();
    }
    assert!(sent >= 1 << 16);
    timeout(PATIENCE, evil.closed()).await.expect("who sends such things is sent away");

    // All that the relay has said to somebody else, up to an answer that was asked for after it.
    let (mut ask, mut answer) = friend.control;
    ask.write_all(&Control::AskState.encode()).await.unwrap();
    let (mut heard, mut buffer) = (Vec::new(), friend.buffered);
    let until_answer = async {
        loop {
            while let Ok(Some(frame)) = control::next_frame(&mut buffer) {
                if matches!(frame, Frame::Control(Control::RunState(_))) {
                    return;
                }
            }
            let chunk = answer.read_chunk(1 << 16, true).await.unwrap().unwrap();
            heard.extend_from_slice(&chunk.bytes);
            buffer.extend_from_slice(&chunk.bytes);
        }
    };
    timeout(PATIENCE, until_answer).await.expect("the relay goes on");
    assert!(!heard.windows(MARK.len()).any(|window| window == MARK));
    let report = stage.relay.report().await.unwrap();
    assert_eq!((report.sent.media, report.sent.repair), (0, 0), "{report:?}");
    assert!(report.received.rejected > 0);
    let got = viewer.report().await.unwrap().received;
    assert_eq!((got.media, got.repair, got.rejected), (0, 0, 0));
}

#[tokio::test]
async fn connections_are_bounded_and_the_broadcaster_s_has_room() {
    let stage = Stage::new().await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let (quic, proven) = stage.dial(member(2), None).await;
        held.push((quic, proven));
        assert!(stage.neighbours().await <= 8);
    }
    let errand = Errand { ticket: stage.ticket.clone(), shielded: true };
    let (_quic, again) = stage.dial(origin(60_000), Some(&errand)).await;
    assert!(again.is_ok());
    let report = stage.relay.report().await.unwrap();
    assert!(report.peers.iter().any(|peer| peer.origin));
}

#[tokio::test]
async fn a_shielded_broadcaster_hears_nobody_but_its_relays() {
    let stage = Stage::new().await;
    let before = stage.origin.report().await.unwrap().sent.datagram;
    let socket = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    // A long header of an unknown version: QUIC would answer it.
    let mut probe = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8];
    probe.resize(1_200, 0);
    for _ in 0..20 {
        socket.send_to(&probe, stage.origin.address()).await.unwrap();
    }
    let identity = Identity::generate().unwrap();
    let quic = Quic::bind(&identity, LOOPBACK, None, true).unwrap();
    let dial = quic.dial(stage.origin.address()).unwrap();
    assert!(timeout(Duration::from_secs(2), dial).await.is_err(), "not a word");
    let mut answer = [0; 1_500];
    assert!(socket.try_recv(&mut answer).is_err());
    let report = stage.origin.report().await.unwrap();
    assert!(report.peers.len() == 1 && report.sent.datagram >= before);
}
