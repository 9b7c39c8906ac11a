//! Whatever a neighbour sends, a node stays sound: no panic, no unbounded output.

use std::time::Duration;

use manyhands_swarm::message::{
    Accept, Attach, Detach, Digest, Evict, Flags, Greet, Hop, Path, PathUpdate, Pull, Start,
    TrackDigest, Want, Wanted,
};
use manyhands_swarm::{
    Config, Contact, Message, NodeId, Output, PeerIndex, PeerInfo, Role, Swarm, Time,
};

use super::net::{TRACK, copies, name, piece};

fn node(role: Role) -> Swarm {
    let mut swarm = Swarm::new(Config::new(role, name(1), 7));
    swarm.handle_allowance(Time::ZERO, copies(4.0));
    swarm.handle_tracks(Time::ZERO, &[TRACK]);
    swarm
}

fn meet(swarm: &mut Swarm, now: Time, peer: u32) {
    let info = PeerInfo {
        node: NodeId([100 + peer as u8; 16]),
        address: ([203, 0, 113, peer as u8], 4_000).into(),
        dialled: false,
        origin: false,
        dialable: true,
        hidden: false,
    };
    swarm.handle_connected(now, PeerIndex(peer), info);
}

fn drain(swarm: &mut Swarm, now: Time) -> Vec<Output> {
    let out: Vec<Output> = std::iter::from_fn(|| swarm.poll_output()).collect();
    while swarm.poll_transmit(now).is_some() {}
    out
}

fn seeds() -> Vec<Message> {
    let far = Contact { node: NodeId([9; 16]), address: ([198, 51, 100, 7], 53).into() };
    let path = Path(vec![Hop { id: u64::MAX, room: u16::MAX }; 3]);
    let wanted = vec![Wanted { chunk: u32::MAX, at: u16::MAX }; 64];
    let digest = TrackDigest {
        track: 0,
        from: u32::MAX - 1,
        to: u32::MAX,
        masks: vec![u32::MAX; 300],
        free: u32::MAX,
        depths: vec![0; 99].into(),
    };
    let attach = Attach {
        token: 3,
        track: 0,
        substream: 1,
        who: Some(far),
        fan: u16::MAX,
        flags: Flags(255),
        ttl: 255,
        from: Some(u32::MAX),
        climb: 255,
        seen: vec![0; 200],
    };
    let want = Want { track: 0, missing: u32::MAX, homes: u32::MAX, fan: u16::MAX };
    let start = Start { track: 0, chunk: 0, end: u32::MAX };
    vec![
        Message::Attach(attach),
        Message::Accept(Accept {
            token: 3,
            track: 0,
            substream: 1,
            temporary: true,
            path: path.clone(),
            newest: Some(u32::MAX),
            root: Some(far),
        }),
        Message::PathUpdate(PathUpdate { track: 0, substream: 2, path, root: Some(far) }),
        Message::Detach(Detach { track: 255, substream: 255, parent: true, after: None }),
        Message::Evict(Evict { track: 0, substream: 200, leaving: true }),
        Message::Digest(Digest { tracks: vec![digest; 9], spare_kbps: u32::MAX, busy: false }),
        Message::Pull(Pull { track: 0, pieces: wanted, gap: true }),
        Message::Greet(Greet {
            token: 1,
            index: 255,
            of: 0,
            wants: vec![want; 20],
            start: vec![start; 20],
            shares: vec![u32::MAX; 20],
        }),
    ]
}

/// A small generator of its own: the test's chance is no part of the node's.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

#[test]
fn bent_messages_neither_panic_nor_flood() {
    for (seed, role) in [(1, Role::Viewer), (2, Role::Origin), (3, Role::Relay)] {
        let mut noise = Noise(seed);
        let mut swarm = node(role);
        let mut now = Time::ZERO;
        (0..8).for_each(|peer| meet(&mut swarm, now, peer));
        let seeds = seeds();
        for step in 0..20_000u32 {
            now = now + Duration::from_millis(3);
            let peer = PeerIndex(noise.next(9) as u32);
            let mut bytes = Vec::new();
            seeds[noise.next(seeds.len())].encode(&mut bytes);
            for _ in 0..noise.next(4) {
                let at = noise.next(bytes.len());
                bytes[at] = noise.next(256) as u8;
            }
            if let Ok(message) = Message::decode(&bytes) {
                swarm.handle_message(now, peer, message);
            }
            let chunk = noise.next(1 << 20) as u32;
            match noise.next(20) {
                0 => swarm.handle_disconnected(now, peer),
                1 => meet(&mut swarm, now, peer.0.min(8)),
                2 => swarm.handle_bad_piece(now, peer),
                3 => swarm.handle_new_run(now),
                4 => {
                    swarm.handle_piece(
                        now,
                        peer,
                        &piece(chunk, (chunk % 4) as u8),
                        chunk.is_multiple_of(2),
                    );
                }
                5 => swarm.handle_playhead(now, 0, chunk),
                _ => {}
            }
            swarm.handle_timeout(now);
            let out = drain(&mut swarm, now);
            assert!(out.len() < 400, "{} outputs at step {step}, seed {seed}", out.len());
        }
    }
}

#[test]
fn who_asks_for_a_substream_that_no_track_has_is_refused() {
    let mut swarm = node(Role::Origin);
    let now = Time::from_millis(1);
    meet(&mut swarm, now, 0);
    swarm.handle_publish(now, &piece(0, 0));
    drain(&mut swarm, now);
    let pieces: Vec<_> =
        [4, 31, 32, 64, 255].map(|substream: u16| Wanted { chunk: 0, at: substream << 4 }).into();
    let pull = Pull { track: 0, pieces: pieces.clone(), gap: false };
    swarm.handle_message(now, PeerIndex(0), Message::Pull(pull));
    let said = std::iter::from_fn(|| swarm.poll_output());
    let refused: Vec<_> = said
        .filter_map(|output| match output {
            Output::Send { message: Message::Nack(nack), .. } => Some(nack.pieces),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [pieces]);
    assert_eq!(swarm.poll_transmit(now), None);
}

#[test]
fn introductions_make_a_node_dial_a_stranger_s_network_ten_times_a_minute_at_most() {
    let mut swarm = node(Role::Origin);
    let mut now = Time::from_millis(1);
    meet(&mut swarm, now, 0);
    swarm.handle_publish(now, &piece(0, 0));
    let mut dialled = 0;
    for token in 0..500u64 {
        now = now + Duration::from_millis(20);
        let mut who = NodeId([7; 16]);
        who.0[..8].copy_from_slice(&token.to_be_bytes());
        let Some(Message::Attach(mut attach)) = seeds().into_iter().next() else { return };
        attach.token = token;
        attach.climb = 0;
        attach.flags = Flags::default();
        attach.who = Some(Contact { node: who, address: ([198, 51, 100, 7], 4_000).into() });
        swarm.handle_message(now, PeerIndex(0), Message::Attach(attach));
        for output in drain(&mut swarm, now) {
            if let Output::Connect(contact) = output {
                dialled += 1;
                swarm.handle_connect_failed(now, contact);
            }
        }
    }
    assert!((1..=10).contains(&dialled), "{dialled} dials");
}

#[test]
fn who_looks_for_a_parent_at_a_private_address_is_refused_and_nobody_is_dialled_there() {
    let mut swarm = node(Role::Origin);
    let now = Time::from_millis(1);
    meet(&mut swarm, now, 0);
    swarm.handle_publish(now, &piece(0, 0));
    let mut search = |token, ip: [u8; 4]| {
        let Some(Message::Attach(mut attach)) = seeds().into_iter().next() else { return (0, 0) };
        (attach.token, attach.climb, attach.flags) = (token, 0, Flags::default());
        attach.who = Some(Contact { node: NodeId([token as u8; 16]), address: (ip, 4_000).into() });
        swarm.handle_message(now, PeerIndex(0), Message::Attach(attach));
        let out = drain(&mut swarm, now);
        let dialled = out.iter().filter(|output| matches!(output, Output::Connect(_))).count();
        let refused = |output: &&Output| matches!(output, Output::Send { message: Message::Reject(m), .. } if m.token == token);
        (dialled, out.iter().filter(refused).count())
    };
    assert_eq!(search(1, [198, 51, 100, 7]), (1, 0));
    for (token, private) in
        (2..).zip([[192, 168, 0, 1], [10, 0, 0, 1], [100, 64, 0, 1], [127, 0, 0, 1]])
    {
        assert_eq!(search(token, private), (0, 1), "{private:?}");
    }
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let mut swarm = node(Role::Viewer);
        let mut all = Vec::new();
        for ms in 0..3_000u64 {
            let now = Time::from_millis(ms);
            if ms.is_multiple_of(100) {
                meet(&mut swarm, now, (ms / 100 % 8) as u32);
                swarm.handle_piece(now, PeerIndex(0), &piece((ms / 100) as u32, 0), false);
            }
            swarm.handle_timeout(now);
            all.extend(drain(&mut swarm, now));
        }
        all
    };
    let first = run();
    assert!(!first.is_empty());
    assert_eq!(first, run());
}

#[test]
fn who_pushes_without_being_asked_is_told_to_leave_it_once_that_lasts() {
    let mut swarm = node(Role::Viewer);
    meet(&mut swarm, Time::ZERO, 1);
    let mut told = Vec::new();
    for chunk in 1..60 {
        let now = Time::from_micros(u64::from(chunk) * 100_000);
        swarm.handle_timeout(now);
        // It pauses for two seconds in the middle.
        if !(15..35).contains(&chunk) {
            swarm.handle_piece(now, PeerIndex(1), &piece(chunk, 0), false);
        }
        let left = |output: &Output| {
            let Output::Send { peer: PeerIndex(1), message: Message::Detach(m) } = output else {
                return false;
            };
            (m.track, m.substream, m.parent, m.after) == (TRACK.track, 0, false, None)
        };
        told.extend(drain(&mut swarm, now).iter().filter(|o| left(o)).map(|_| chunk));
    }
    assert_eq!(told, [55]);
}
