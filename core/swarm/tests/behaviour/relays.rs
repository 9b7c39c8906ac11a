//! Relays: ordinary nodes that dial nobody, count as nobody's viewer, and can hide the origin.

use std::net::SocketAddr;
use std::time::Duration;

use manyhands_swarm::message::{
    Attach, Contacts, Flags, Introduce, JoinReply, Meet, Report, Token,
};
use manyhands_swarm::{
    CloseReason, Config, Contact, Message, NodeId, Output, PeerIndex, PeerInfo, Role, Swarm, Time,
};

use super::net::{Net, TRACK, address, copies, name};

const SECOND: Duration = Duration::from_secs(1);

/// The bytes of a node's IP address.
fn place(node: usize) -> Vec<u8> {
    match address(node) {
        SocketAddr::V4(v4) => v4.ip().octets().to_vec(),
        SocketAddr::V6(v6) => v6.ip().octets().to_vec(),
    }
}

/// Whether a message has the name, a part of a path, or the address of a node in it.
fn names(message: &Message, node: usize) -> bool {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    has(&name(node).0[..8]) || places(message, node)
}

/// Whether a message has the address of a node in it.
pub(crate) fn places(message: &Message, node: usize) -> bool {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let wanted = [&place(node)[..], &address(node).port().to_be_bytes()].concat();
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a_relay_stands_where_the_origin_would_and_nobody_learns_of_that() {
    let mut net = Net::shielded();
    let relay = net.add(Role::Relay, copies(4.0));
    net.dial(0, relay);
    net.run(SECOND / 10);
    let lanes = net.stats(relay).lanes;
    assert!(lanes.iter().all(|l| l.parent.is_some()), "greeted by the origin as by any other");
    net.run(SECOND);
    let viewers: Vec<usize> = (0..8)
        .map(|n| {
            let viewer = net.add(Role::Viewer, copies(1.5));
            if n == 1 {
                net.wall(viewer);
            }
            net.dial(viewer, relay);
            net.run(SECOND / 2);
            viewer
        })
        .collect();
    net.run(SECOND * 5);
    let from = net.edge();
    net.run(SECOND * 5);
    for viewer in &viewers {
        assert_eq!(net.missing(*viewer, from..=net.edge() - 2), Vec::<u32>::new(), "{viewer}");
        assert!(!net.linked(*viewer, 0));
        assert!(net.stats(*viewer).depth >= 1);
    }
    assert_eq!(net.stats(relay).depth, 0);
    assert_eq!(net.stats(0).viewers, 8, "who only carries does not watch");
    let told = net.said.iter().filter(|(from, to, m)| *from != 0 && *to != 0 && names(m, 0));
    assert_eq!(told.count(), 0);
    // And after the origin has gone.
    net.kill(0);
    let now = net.time();
    net.swarm(relay).handle_disconnected(now, PeerIndex(0));
    let before = net.said.len();
    net.run(SECOND * 5);
    let told = net.said[before..].iter().filter(|(_, to, m)| *to != 0 && names(m, 0));
    assert_eq!(told.count(), 0);
}

#[test]
fn an_origin_that_is_not_hidden_is_known_as_ever() {
    let mut net = Net::new();
    let relay = net.add(Role::Relay, copies(4.0));
    net.dial(0, relay);
    net.run(SECOND);
    let viewer = net.add(Role::Viewer, copies(1.0));
    net.dial(viewer, relay);
    net.run(SECOND * 5);
    assert_eq!(net.stats(relay).depth, 1);
    assert!(net.said.iter().any(|(from, to, m)| (*from, *to) == (relay, viewer) && names(m, 0)));
}

fn contact(n: u8) -> Contact {
    Contact { node: NodeId([n; 16]), address: ([203, 0, 113, n], 4_000).into() }
}

fn node(role: Role, neighbours: usize) -> Swarm {
    let mut config = Config::new(role, NodeId([1; 16]), 7);
    config.neighbours = neighbours;
    let mut swarm = Swarm::new(config);
    swarm.handle_allowance(Time::ZERO, copies(4.0));
    swarm.handle_tracks(Time::ZERO, &[TRACK]);
    swarm
}

fn connect(swarm: &mut Swarm, n: u8, origin: bool, hidden: bool) {
    let Contact { node, address } = contact(n);
    let info = PeerInfo { node, address, dialled: false, origin, dialable: true, hidden };
    swarm.handle_connected(Time::ZERO, PeerIndex(u32::from(n)), info);
}

fn drain(swarm: &mut Swarm) -> Vec<Output> {
    std::iter::from_fn(|| swarm.poll_output()).collect()
}

#[test]
fn nothing_is_ever_sent_to_whom_a_member_names() {
    let far: Vec<Contact> = (50..58).map(contact).collect();
    let attach = |flags| {
        Message::Attach(Attach {
            token: 3,
            track: 0,
            substream: 1,
            who: Some(far[0]),
            fan: 9,
            flags,
            ttl: 0,
            from: None,
            climb: 0,
            seen: Vec::new(),
        })
    };
    let said = [
        attach(Flags::EMERGENCY),
        attach(Flags::LIFEBOAT),
        Message::Contacts(Contacts { contacts: far.clone(), answer: true }),
        Message::Report(Report { lanes: Vec::new(), spare_kbps: 9, offers: far.clone() }),
        Message::Meet(Meet { token: Token([9; 16]), who: far[1], forecast: None, asked: false }),
        Message::JoinReply(JoinReply {
            greeters: far.clone(),
            me_too: false,
            start: Vec::new(),
            need: Vec::new(),
            spare: Vec::new(),
            viewers: 9,
        }),
    ];
    let dials = |role| {
        let mut swarm = node(role, 64);
        connect(&mut swarm, 2, false, false);
        connect(&mut swarm, 3, true, false);
        let mut dials = 0;
        for step in 0..200 {
            let now = Time::from_millis(step * 25);
            let message = said[step as usize % said.len()].clone();
            swarm.handle_message(now, PeerIndex(2), message);
            swarm.handle_timeout(now);
            let out = drain(&mut swarm);
            let led = |o: &&Output| matches!(o, Output::Connect(_) | Output::Meet(_));
            dials += out.iter().filter(led).count();
        }
        dials
    };
    assert_eq!(dials(Role::Relay), 0);
    assert!(dials(Role::Viewer) > 0, "viewers do: the messages were right");
}

#[test]
fn a_hidden_origin_meets_nobody() {
    let mut swarm = node(Role::Relay, 64);
    connect(&mut swarm, 2, false, false);
    connect(&mut swarm, 3, true, true);
    drain(&mut swarm);
    let ask = Message::Introduce(Introduce { node: NodeId([3; 16]), forecast: None });
    swarm.handle_message(Time::ZERO, PeerIndex(2), ask);
    assert_eq!(drain(&mut swarm), []);
}

#[test]
fn who_holds_few_connections_keeps_some_free_for_newcomers() {
    let mut swarm = node(Role::Relay, 16);
    connect(&mut swarm, 3, true, true);
    for n in 10..25 {
        connect(&mut swarm, n, false, false);
    }
    drain(&mut swarm);
    (0..200).for_each(|step| swarm.handle_timeout(Time::from_millis(step * 10)));
    let closed: Vec<u32> = drain(&mut swarm)
        .into_iter()
        .filter_map(|output| match output {
            Output::Close { peer, reason: CloseReason::Full } => Some(peer.0),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [10, 11], "the oldest that carry nothing, and not the broadcaster");
    assert_eq!(swarm.stats().peers, 14);
}
