//! One node, spoken to directly: to whom it gives slots, and with which words.

use std::time::Duration;

use manyhands_swarm::message::{
    Accept, Attach, Detach, Flags, Follow, Hop, LaneReport, Path, Report,
};
use manyhands_swarm::{
    Config, Contact, Message, NodeId, Output, PeerIndex, PeerInfo, Role, Swarm, Time,
};

use super::net::{TRACK, copies, name, piece};

pub(crate) fn meet(swarm: &mut Swarm, now: Time, peer: u32) {
    let info = PeerInfo {
        node: NodeId([100 + peer as u8; 16]),
        address: ([203, 0, 113, peer as u8], 4_000).into(),
        dialled: true,
        origin: false,
        dialable: true,
        hidden: false,
    };
    swarm.handle_connected(now, PeerIndex(peer), info);
}

pub(crate) fn said(swarm: &mut Swarm) -> Vec<(u32, Message)> {
    let sent = |output| match output {
        Output::Send { peer, message } => Some((peer.0, message)),
        _ => None,
    };
    std::iter::from_fn(|| swarm.poll_output()).filter_map(sent).collect()
}

fn attach(token: u64, fan: u16) -> Message {
    let flags = Flags::EMERGENCY;
    let seen = vec![];
    let (track, substream, who, from) = (0, 0, None, None);
    Message::Attach(Attach {
        token,
        track,
        substream,
        who,
        fan,
        flags,
        ttl: 0,
        from,
        climb: 0,
        seen,
    })
}

fn accepted(said: &[(u32, Message)], by: u32) -> Option<&Accept> {
    said.iter().find_map(|(to, m)| match m {
        Message::Accept(accept) if *to == by => Some(accept),
        _ => None,
    })
}

#[test]
fn a_child_that_was_displaced_stays_when_the_other_goes_elsewhere() {
    let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
    let mut now = Time::ZERO;
    origin.handle_allowance(now, copies(1.0));
    origin.handle_tracks(now, &[TRACK]);
    meet(&mut origin, now, 1);
    meet(&mut origin, now, 2);
    origin.handle_message(now, PeerIndex(1), attach(1, 0));
    assert!(accepted(&said(&mut origin), 1).is_some());
    origin.handle_message(now, PeerIndex(2), attach(2, 3));
    let words = said(&mut origin);
    assert!(accepted(&words, 2).is_some(), "{words:?}");
    assert!(words.iter().any(|(to, m)| *to == 1 && matches!(m, Message::Evict(_))));

    let gone = Detach { track: 0, substream: 0, parent: false, after: None };
    origin.handle_message(now, PeerIndex(2), Message::Detach(gone));
    let mut words = Vec::new();
    for _ in 0..10 {
        now = now + Duration::from_millis(50);
        origin.handle_timeout(now);
        words.extend(said(&mut origin));
    }
    assert!(words.iter().any(|(to, m)| *to == 1 && matches!(m, Message::Recall(_))), "{words:?}");
    assert_eq!(origin.stats().lanes[0].children.len(), 1);
}

#[test]
fn a_viewer_that_nobody_gives_a_substream_is_missed_there() {
    let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
    let now = Time::ZERO;
    origin.handle_allowance(now, copies(3.0));
    origin.handle_tracks(now, &[TRACK]);
    assert_eq!(origin.sending(now).missing, 0.0, "nobody is there");
    let report = |substream, count| {
        let (track, slack, capacity_kbps) = (0, 0, 0);
        LaneReport { track, substream, slack, count, capacity_kbps, fan: 0 }
    };
    meet(&mut origin, now, 1);
    let lanes = 0..TRACK.k;
    for substream in lanes.clone() {
        let Message::Attach(asked) = attach(u64::from(substream), 0) else { unreachable!() };
        let asked = Attach { substream, ..asked };
        origin.handle_message(now, PeerIndex(1), Message::Attach(asked));
    }
    // Of ten viewers below it all have the first substream, and nine the others.
    let lanes = lanes.map(|s| report(s, if s == 0 { 10 } else { 9 })).collect();
    let said = Report { lanes, spare_kbps: 0, offers: Vec::new() };
    origin.handle_message(now, PeerIndex(1), Message::Report(said));
    assert!((origin.sending(now).missing - 0.1).abs() < 1e-6);
}

#[test]
fn an_offer_names_what_will_be_pushed_not_what_happens_to_be_here() {
    let mut viewer = Swarm::new(Config::new(Role::Viewer, name(9), 7));
    let mut now = Time::ZERO;
    viewer.handle_allowance(now, copies(4.0));
    viewer.handle_tracks(now, &[TRACK]);
    meet(&mut viewer, now, 1);
    meet(&mut viewer, now, 2);
    // What it has is old: chunk 54; what its new parent pushes begins after chunk 61.
    viewer.handle_piece(now, PeerIndex(1), &piece(54, 0), true);
    let mut asked = Vec::new();
    while asked.is_empty() {
        assert!(now < Time::ZERO + Duration::from_secs(3), "it looks for a parent");
        now = now + Duration::from_millis(20);
        viewer.handle_timeout(now);
        asked.extend(said(&mut viewer).into_iter().filter_map(|(_, m)| match m {
            Message::Attach(a) if a.substream == 0 => Some(a.token),
            _ => None,
        }));
    }
    let offer = Accept {
        token: asked[0],
        track: 0,
        substream: 0,
        temporary: false,
        path: Path(vec![Hop { id: 1, room: 0 }]),
        newest: Some(61),
        root: None,
    };
    viewer.handle_message(now, PeerIndex(1), Message::Accept(offer));
    viewer.handle_message(now, PeerIndex(2), attach(5, 1));
    let words = said(&mut viewer);
    let given = accepted(&words, 2);
    assert_eq!(given.map(|a| a.newest), Some(Some(61)), "{words:?}");
}

/// An origin with as many slots as the stream has substreams, and neighbours that ask it: who, for which
/// substream, with which fan. Gives whom it took.
fn taken(asks: &[(u32, u8, u16, Flags)]) -> Vec<u32> {
    let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
    let now = Time::ZERO;
    origin.handle_allowance(now, copies(1.0));
    origin.handle_tracks(now, &[TRACK]);
    let mut taken = Vec::new();
    for (token, (peer, substream, fan, flags)) in asks.iter().enumerate() {
        meet(&mut origin, now, *peer);
        let Message::Attach(ask) = attach(token as u64, *fan) else { unreachable!() };
        let ask = Attach { substream: *substream, flags: *flags, ..ask };
        origin.handle_message(now, PeerIndex(*peer), Message::Attach(ask));
        taken.extend(accepted(&said(&mut origin), *peer).map(|_| *peer));
    }
    taken
}

#[test]
fn lifeboats_leave_room_for_a_substream_that_nobody_has() {
    let (boat, plain) = (Flags::EMERGENCY.with(Flags::LIFEBOAT), Flags::EMERGENCY);
    let asks = [
        (1, 0, 0, plain),
        (2, 1, 0, plain),
        (3, 0, 0, boat),
        (4, 1, 0, boat),
        (5, 0, 0, boat),
        (6, 2, 0, plain),
        (7, 3, 0, plain),
    ];
    let taken = taken(&asks);
    assert!(taken.ends_with(&[6, 7]), "{taken:?}");
    assert!(!taken.contains(&5), "{taken:?}");
}

/// An origin that can send one copy, with a child in each substream (1 to 4) that can feed nobody and tells
/// how many free slots there are below it.
fn origin_of_one_copy(slack: u32) -> (Swarm, Time) {
    let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
    let now = Time::ZERO;
    origin.handle_allowance(now, copies(1.0));
    origin.handle_tracks(now, &[TRACK]);
    for substream in 0..4 {
        let peer = 1 + u32::from(substream);
        meet(&mut origin, now, peer);
        asks(&mut origin, now, (peer, peer), substream, 0, Flags::EMERGENCY);
        let lane = LaneReport { track: 0, substream, slack, count: 2, capacity_kbps: 100, fan: 0 };
        let report = Report { lanes: vec![lane], spare_kbps: 0, offers: vec![] };
        origin.handle_message(now, PeerIndex(peer), Message::Report(report));
    }
    said(&mut origin);
    (origin, now)
}

/// Neighbour `by` asks for a slot for `who`, with a fan.
fn asks(
    origin: &mut Swarm,
    now: Time,
    (who, by): (u32, u32),
    substream: u8,
    fan: u16,
    flags: Flags,
) {
    meet(origin, now, who);
    let address = ([203, 0, 113, who as u8], 4_000).into();
    let contact = Contact { node: NodeId([100 + who as u8; 16]), address };
    let token = u64::from(who) * 100 + u64::from(by);
    let Message::Attach(ask) = attach(token, fan) else { unreachable!() };
    let who = (who != by).then_some(contact);
    let ask = Attach { substream, flags, who, ..ask };
    origin.handle_message(now, PeerIndex(by), Message::Attach(ask));
}

#[test]
fn an_origin_of_one_copy_lets_go_one_child_at_once() {
    let (mut origin, now) = origin_of_one_copy(0);
    for substream in 0..4 {
        let peer = 11 + u32::from(substream);
        asks(&mut origin, now, (peer, peer), substream, 3, Flags::EMERGENCY);
    }
    let words = said(&mut origin);
    let taken: Vec<u32> = (11..15).filter(|peer| accepted(&words, *peer).is_some()).collect();
    assert_eq!(taken, [11]);
}

#[test]
fn a_place_at_an_origin_of_one_copy_is_for_who_climbs_from_below_it() {
    let (mut origin, now) = origin_of_one_copy(5);
    asks(&mut origin, now, (11, 11), 0, 3, Flags::EMERGENCY);
    assert!(accepted(&said(&mut origin), 11).is_none(), "there is room below");
    asks(&mut origin, now, (12, 2), 0, 3, Flags::default());
    assert!(accepted(&said(&mut origin), 12).is_none(), "it stands below another child");
    asks(&mut origin, now, (13, 1), 0, 3, Flags::default());
    let words = said(&mut origin);
    assert!(accepted(&words, 13).is_some(), "{words:?}");
    assert!(words.iter().any(|(to, m)| *to == 1 && matches!(m, Message::Evict(_))), "{words:?}");
}

#[test]
fn who_is_on_its_way_out_of_an_origin_of_one_copy_gets_what_the_others_leave() {
    let (mut origin, now) = origin_of_one_copy(5);
    asks(&mut origin, now, (13, 1), 0, 3, Flags::default());
    said(&mut origin);
    for substream in 0..4 {
        origin.handle_publish(now, &piece(0, substream));
    }
    let mut sent = Vec::new();
    for ms in 0..400 {
        let then = now + Duration::from_millis(ms);
        sent.extend(
            std::iter::from_fn(|| origin.poll_transmit(then)).map(|t| (t.peer.0, t.repair)),
        );
    }
    let (last, first) = sent.split_last().expect("something was sent");
    assert_eq!(*last, (1, true), "{sent:?}");
    let mut first: Vec<_> = first.to_vec();
    first.sort_unstable();
    assert_eq!(first, [(2, false), (3, false), (4, false), (13, false)]);
}

#[test]
fn a_child_beyond_the_budget_of_one_copy_goes_and_is_not_called_back() {
    let (mut origin, mut now) = origin_of_one_copy(5);
    asks(&mut origin, now, (5, 1), 0, 2, Flags::SUCCESSOR);
    assert!(accepted(&said(&mut origin), 5).is_some(), "a child that leaves vouches for it");
    let mut words = Vec::new();
    for _ in 0..30 {
        now = now + Duration::from_millis(100);
        origin.handle_timeout(now);
        words.extend(said(&mut origin));
    }
    let evicted = words.iter().any(|(to, m)| *to == 1 && matches!(m, Message::Evict(_)));
    let recalled = words.iter().any(|(_, m)| matches!(m, Message::Recall(_)));
    assert!(evicted && !recalled, "{words:?}");
}

#[test]
fn digests_of_an_origin_take_little_of_its_line() {
    let followers = |allowance| {
        let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
        origin.handle_allowance(Time::ZERO, Some(allowance));
        origin.handle_tracks(Time::ZERO, &[TRACK]);
        (1..=30).for_each(|peer| {
            meet(&mut origin, Time::ZERO, peer);
            let follow = Message::Follow(Follow { on: true });
            origin.handle_message(Time::ZERO, PeerIndex(peer), follow);
        });
        let yes = |(_, m): &(u32, Message)| matches!(m, Message::FollowReply(r) if r.yes);
        said(&mut origin).iter().filter(|said| yes(said)).count()
    };
    assert_eq!([1_260_000, 10_000_000].map(followers), [7, 24]);
}
