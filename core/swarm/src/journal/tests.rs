//! A broadcaster and two viewers are recorded, and each of them lives its life once more.

use core::time::Duration;
use std::io;

use super::call::{Answer, Call};
use super::codec::Value;
use super::{Journal, JournalError, MAGIC, Recorded, Replayed};
use crate::{
    Config, LinkReport, Mapping, Message, NodeId, Output, PeerIndex, PeerInfo, Piece, PieceId,
    Role, Time, TrackConfig, Transmit,
};

const TRACK: TrackConfig =
    TrackConfig { track: 0, k: 4, parity: false, chunk_ms: 100, wire_bps: 320_000 };
const SECONDS: u64 = 4;
/// Bent journals that are tried.
const ROUNDS: usize = 100;

type Node<'a> = Recorded<&'a mut Vec<u8>>;

fn node(name: u8, journal: &mut Vec<u8>) -> Node<'_> {
    let role = if name == 0 { Role::Origin } else { Role::Viewer };
    let config = Config::new(role, NodeId([name; 16]), u64::from(name));
    let mut node = Recorded::new(config, Some(journal));
    node.handle_allowance(Time::ZERO, Some(2_000_000));
    node.handle_tracks(Time::ZERO, &[TRACK]);
    node
}

fn connect(now: Time, nodes: &mut [Node<'_>], from: usize, to: usize) {
    for (own, other) in [(from, to), (to, from)] {
        let info = PeerInfo {
            node: NodeId([other as u8; 16]),
            address: ([10, 0, other as u8, 1], 4_000).into(),
            dialled: own == from,
            origin: other == 0,
            dialable: true,
            hidden: false,
        };
        nodes[own].handle_connected(now, PeerIndex(other as u32), info);
    }
}

fn piece(id: PieceId) -> Piece {
    let capture_ms = (id.chunk + 1) * 100;
    Piece { id, parts: 1, len: 1_000, capture_ms, next_due_ms: 100, keyframe: true }
}

/// Carries out what a node says, at once.
fn drive(now: Time, nodes: &mut [Node<'_>], own: usize) {
    let back = PeerIndex(own as u32);
    nodes[own].handle_timeout(now);
    while let Some(output) = nodes[own].poll_output() {
        match output {
            Output::Send { peer, message } => {
                nodes[peer.0 as usize].handle_mapping(Mapping::Steady);
                nodes[peer.0 as usize].handle_message(now, back, message);
            }
            Output::Connect(contact) => connect(now, nodes, own, usize::from(contact.node.0[0])),
            Output::Close { peer, .. } => nodes[peer.0 as usize].handle_disconnected(now, back),
            _ => {}
        }
    }
    nodes[own].handle_line(now);
    while let Some(Transmit { peer, piece: id, repair }) = nodes[own].poll_transmit(now) {
        let to = &mut nodes[peer.0 as usize];
        if to.wants(&id) {
            to.handle_piece(now, back, &piece(id), repair);
        }
    }
    nodes[own].poll_timeout();
}

/// The journals of three nodes; the second viewer dies without a word, and the first one leaves.
fn journals() -> [Vec<u8>; 3] {
    let mut journals = [Vec::new(), Vec::new(), Vec::new()];
    let mut nodes: Vec<_> = (0..).zip(&mut journals).map(|(name, out)| node(name, out)).collect();
    connect(Time::from_millis(1), &mut nodes, 1, 0);
    connect(Time::from_millis(2), &mut nodes, 2, 0);
    for ms in 1..=SECONDS * 1_000 {
        let now = Time::from_millis(ms);
        if ms.is_multiple_of(100) {
            let chunk = (ms / 100 - 1) as u32;
            for substream in 0..TRACK.k {
                let id = PieceId { track: 0, chunk, substream, part: 0 };
                nodes[0].handle_publish(now, &piece(id));
            }
            let rtt = Duration::from_nanos(1_234_567);
            let link = LinkReport { acked_bytes: ms, queued_bytes: 0, rtt, blocked: false };
            nodes[0].handle_link(now, PeerIndex(1), link);
        }
        let mut driven = vec![0, 1, 2];
        if ms > SECONDS * 750 {
            driven.truncate(2);
        }
        match ms {
            3_000 => nodes[0].handle_disconnected(now, PeerIndex(2)),
            3_500 => nodes[1].handle_leave(now),
            _ => {}
        }
        driven.into_iter().for_each(|own| drive(now, &mut nodes, own));
    }
    drop(nodes);
    journals
}

fn replay(journal: &[u8]) -> Result<Replayed, JournalError> {
    let journal = Journal::open(journal)?;
    let config = journal.config().clone();
    journal.replay(config)
}

/// The bodies of a journal's records, without the configuration.
fn bodies(journal: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = journal.strip_prefix(MAGIC).unwrap();
    let mut bodies = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (body, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        bodies.push(body.to_vec());
        rest = after;
    }
    bodies.remove(0);
    bodies
}

/// The journal with the body of one step, numbered from 1, in another form.
fn changed(journal: &[u8], step: usize, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bodies = bodies(journal);
    let (taken, old) = (journal.len(), bodies.iter().map(|b| b.len() + 4).sum::<usize>());
    let mut out = journal[..taken - old].to_vec();
    change(&mut bodies[step - 1]);
    for body in bodies {
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&body);
    }
    out
}

/// The steps, numbered from 1, that are calls of a kind.
fn steps(journal: &[u8], are: impl Fn(&Call) -> bool) -> Vec<usize> {
    let steps = bodies(journal).into_iter().zip(1..);
    let found = steps.filter(|(body, _)| are(&Call::read(&mut body.as_slice()).unwrap()));
    found.map(|(_, step)| step).collect()
}

#[test]
fn a_life_lived_once_more_is_the_same() {
    for (name, journal) in journals().iter().enumerate() {
        let replayed = replay(journal).unwrap();
        assert!(replayed.first.is_none() && replayed.different == 0, "{name}: {replayed:?}");
        assert!(!replayed.cut_off);
        assert!(replayed.steps > 5_000 && replayed.outputs > 5, "{name}: {replayed:?}");
        match name {
            0 => assert!(replayed.transmits > 100 && replayed.arrivals == 0, "{replayed:?}"),
            _ => assert!(replayed.arrivals > 80, "{name}: {replayed:?}"),
        }
        let lived = if name == 2 { SECONDS * 750 } else { SECONDS * 1_000 };
        assert_eq!(replayed.until, Time::from_millis(lived));
    }
}

#[test]
fn another_seed_is_noticed_at_the_first_timer() {
    let journals = journals();
    let journal = Journal::open(journals[1].as_slice()).unwrap();
    let config = Config { seed: 99, ..journal.config().clone() };
    let replayed = journal.replay(config).unwrap();
    let first = replayed.first.expect("a difference");
    assert!(replayed.different > 0 && first.call == "PollTimeout", "{first}");
    assert_eq!(first.step as usize, steps(&journals[1], |c| matches!(c, Call::PollTimeout))[0]);
}

#[test]
fn another_input_is_noticed_at_the_first_answer_that_depends_on_it() {
    let [origin, ..] = journals();
    // In the middle of the run a chunk of the broadcaster's has another number.
    let publish = steps(&origin, |call| matches!(call, Call::Publish { .. }))[80];
    let bent = changed(&origin, publish, |body| {
        let Some(Call::Publish { now, mut piece }) = Call::read(&mut body.as_slice()) else {
            panic!("no piece is published in {body:?}")
        };
        piece.id.chunk += 1;
        body.clear();
        Call::Publish { now, piece }.write(body);
        Answer::Nothing.write(body);
    });
    let replayed = replay(&bent).unwrap();
    let first = replayed.first.expect("a difference");
    let sending = steps(&bent, |call| matches!(call, Call::PollTransmit { .. }));
    let after = sending.into_iter().find(|step| *step > publish);
    assert_eq!(Some(first.step as usize), after, "{first}");
    assert!(first.to_string().contains("chunk: 21"), "{first}");
}

#[test]
fn another_answer_is_noticed_where_it_stands() {
    let [_, viewer, _] = journals();
    let wants = steps(&viewer, |call| matches!(call, Call::Wants { .. }))[5];
    let bent = changed(&viewer, wants, |body| *body.last_mut().unwrap() ^= 1);
    let replayed = replay(&bent).unwrap();
    assert_eq!(replayed.different, 1);
    let first = replayed.first.expect("a difference");
    assert_eq!(first.step as usize, wants);
    assert_eq!((&*first.recorded, &*first.replayed), ("Wanted(false)", "Wanted(true)"));
}

#[test]
fn who_was_killed_while_writing_leaves_all_but_the_last_record() {
    let [_, _, viewer] = journals();
    let all = replay(&viewer).unwrap().steps;
    let last = bodies(&viewer).pop().unwrap().len() + 4;
    for lost in 1..last {
        let replayed = replay(&viewer[..viewer.len() - lost]).unwrap();
        assert_eq!((replayed.steps, replayed.different), (all - 1, 0));
        assert!(replayed.cut_off, "{lost} bytes less");
    }
    assert!(!replay(&viewer[..viewer.len() - last]).unwrap().cut_off);
}

#[test]
fn what_is_no_journal_is_said() {
    assert!(matches!(replay(b""), Err(JournalError::NotAJournal)));
    assert!(matches!(replay(b"{\"event\":\"live\"}\n"), Err(JournalError::NotAJournal)));
    assert!(matches!(replay(MAGIC), Err(JournalError::Damaged { record: 0 })));
    let [_, viewer, _] = journals();
    let unknown = changed(&viewer, 7, |body| body[0] = 200);
    let error = replay(&unknown).unwrap_err();
    assert_eq!(error.to_string(), "record 7 of the journal is damaged");
    let at = viewer.len() - bodies(&viewer).pop().unwrap().len() - 4;
    let huge = [&viewer[..at], &[0xff; 9]].concat();
    assert!(matches!(replay(&huge), Err(JournalError::TooLong { bytes: 0xffff_ffff, .. })));
}

/// A small generator of its own: the test's chance is no part of the node's.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn bent_records_are_read_without_a_panic() {
    let records: Vec<_> = journals().iter().flat_map(|journal| bodies(journal)).collect();
    let mut noise = Noise(5);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let mut body = records[noise.below(records.len())].clone();
        for _ in 0..=noise.below(3) {
            let at = noise.below(body.len());
            body[at] = noise.below(256) as u8;
        }
        body.truncate(body.len() - noise.below(2));
        let mut rest = body.as_slice();
        match Call::read(&mut rest).and_then(|_| Answer::read(&mut rest)) {
            Some(_) => read += 1,
            None => refused += 1,
        }
        let _ = Config::read(&mut body.as_slice());
    }
    assert!(read > 10_000 && refused > 10_000, "{read} {refused}");
}

#[test]
fn what_is_written_is_read_as_it_was() {
    fn same<T: Value + PartialEq + core::fmt::Debug>(value: &T) {
        let mut out = Vec::new();
        value.write(&mut out);
        let mut rest = out.as_slice();
        assert_eq!(T::read(&mut rest).as_ref(), Some(value));
        assert!(rest.is_empty());
        for less in 0..out.len() {
            assert!(T::read(&mut &out[..less]).is_none(), "{value:?} of {less} bytes");
        }
    }
    for shift in 0..64 {
        let power = 1_u64 << shift;
        [power - 1, power, power | 1, u64::MAX - power].iter().for_each(same);
    }
    [0.0, -0.0, 1.375, f32::MIN_POSITIVE, f32::INFINITY].iter().for_each(same);
    [Duration::ZERO, Duration::from_nanos(1), Duration::MAX].iter().for_each(same);
    for text in ["10.0.0.1:4000", "[2001:db8::1]:65535", "[fe80::1%7]:0", "[::ffff:10.0.0.1]:1"] {
        same(&text.parse::<core::net::SocketAddr>().unwrap());
    }
    same(&vec![Some(7_u16), None]);
    same(&Message::Unknown { kind: 0x5f });
    assert_eq!(u64::read(&mut [0xff; 10].as_slice()), None, "more than 64 bits");
    assert_eq!(Vec::<u8>::read(&mut [0xff, 0xff, 0x03, 1].as_slice()), None, "more than is there");
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_journal_and_nothing_else() {
    let config = Config::new(Role::Viewer, NodeId([1; 16]), 1);
    let mut node = Recorded::new(config, Some(Full(500)));
    node.handle_tracks(Time::ZERO, &[TRACK]);
    for ms in 0..100 {
        let now = Time::from_millis(ms);
        node.handle_timeout(now);
        while node.poll_output().is_some() {}
        assert!(node.poll_transmit(now).is_none());
    }
    assert!(node.poll_timeout().is_some());
}

#[test]
fn bent_journals_are_replayed_or_refused() {
    let journals = journals();
    let mut noise = Noise(6);
    let (mut replayed, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let mut journal = journals[noise.below(3)].clone();
        for _ in 0..=noise.below(3) {
            let step = 1 + noise.below(3_000);
            journal = changed(&journal, step, |body| {
                let at = noise.below(body.len());
                body[at] ^= 1 << noise.below(8);
            });
        }
        match replay(&journal) {
            Ok(_) => replayed += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(replayed > 5 && refused > 5, "{replayed} {refused}");
}
