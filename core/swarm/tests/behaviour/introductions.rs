//! Nodes that nobody can dial meet through a neighbour of both.

use std::time::Duration;

use manyhands_swarm::message::{Introduce, JoinReply, Meet, Ready, Token};
use manyhands_swarm::{
    Config, Contact, Forecast, Mapping, Message, NodeId, Output, PeerIndex, PeerInfo, Role, Swarm,
    Time,
};

use crate::net::{Net, TRACK, copies};

const SECOND: Duration = Duration::from_secs(1);

fn contact(n: u8) -> Contact {
    Contact { node: NodeId([n; 16]), address: ([203, 0, 113, n], 4_000).into() }
}

/// A viewer with some neighbours, by their names.
fn viewer(neighbours: &[u8]) -> Swarm {
    let mut swarm = Swarm::new(Config::new(Role::Viewer, NodeId([1; 16]), 1));
    for n in neighbours {
        let Contact { node, address } = contact(*n);
        let (dialled, origin, dialable, hidden) = (true, false, true, false);
        let info = PeerInfo { node, address, dialled, origin, dialable, hidden };
        swarm.handle_connected(Time::ZERO, PeerIndex(u32::from(*n)), info);
    }
    drain(&mut swarm);
    swarm
}

fn drain(swarm: &mut Swarm) -> Vec<Output> {
    std::iter::from_fn(|| swarm.poll_output()).collect()
}

fn meet(n: u8, asked: bool) -> Message {
    Message::Meet(Meet { token: Token([n; 16]), who: contact(n), forecast: None, asked })
}

#[test]
fn a_viewer_reaches_a_broadcaster_that_nobody_can_dial() {
    let mut net = Net::new();
    let bystander = net.add(Role::Viewer, copies(3.0));
    net.wall(0);
    net.dial(0, bystander);
    net.run(SECOND * 2);
    let viewer = net.add(Role::Viewer, copies(1.0));
    net.wall(viewer);
    net.dial(viewer, bystander);
    net.run(SECOND);
    let first = net.edge();
    net.run(SECOND * 6);
    assert!(net.linked(viewer, 0), "introduced by the bystander");
    let lanes = net.stats(viewer).lanes;
    let direct = lanes.iter().filter(|l| l.parent.is_some_and(|(p, _)| p == PeerIndex(0)));
    assert!(direct.count() > 0, "and fed by the broadcaster itself");
    assert_eq!(net.missing(viewer, first..=net.edge() - 2), Vec::<u32>::new());
}

#[test]
fn an_introducer_tells_the_other_one_first_and_only_what_it_sees_itself() {
    let mut swarm = viewer(&[2, 3]);
    let forecast = Some(Forecast { next: 40_000, step: 1 });
    let ask = Message::Introduce(Introduce { node: NodeId([3; 16]), forecast });
    swarm.handle_message(Time::ZERO, PeerIndex(2), ask);
    let out = drain(&mut swarm);
    let [Output::Send { peer: PeerIndex(3), message: Message::Meet(m) }] = out.as_slice() else {
        panic!("{out:?}")
    };
    assert_eq!((m.who, m.forecast, m.asked), (contact(2), forecast, false));
    let ready = Ready { token: m.token, forecast: None };
    swarm.handle_message(Time::ZERO, PeerIndex(2), Message::Ready(ready.clone()));
    assert_eq!(drain(&mut swarm), [], "READY counts only from the one who was told");
    swarm.handle_message(Time::ZERO, PeerIndex(3), Message::Ready(ready));
    let out = drain(&mut swarm);
    let [Output::Send { peer: PeerIndex(2), message: Message::Meet(m) }] = out.as_slice() else {
        panic!("{out:?}")
    };
    assert_eq!((m.who, m.asked), (contact(3), true));
}

#[test]
fn a_port_that_the_router_keeps_open_is_told_to_whom_this_node_meets() {
    let mut swarm = viewer(&[2]);
    swarm.handle_mapping(Mapping::Unpredictable);
    for (open, told) in [(Some(7_000), Some(Forecast { next: 7_000, step: 0 })), (None, None)] {
        swarm.handle_open_port(open);
        swarm.handle_message(Time::ZERO, PeerIndex(2), meet(9, false));
        let ready = drain(&mut swarm).into_iter().find_map(|output| match output {
            Output::Send { message: Message::Ready(ready), .. } => Some(ready.forecast),
            _ => None,
        });
        assert_eq!(ready, Some(told));
    }
}

#[test]
fn nobody_is_made_to_send_by_an_answer_to_what_was_not_asked() {
    let mut swarm = viewer(&[2]);
    swarm.handle_message(Time::ZERO, PeerIndex(2), meet(9, true));
    assert_eq!(drain(&mut swarm), []);
}

#[test]
fn a_neighbour_introduces_ten_times_a_minute_at_most() {
    let mut swarm = viewer(&[2]);
    let mut met = 0;
    for n in 10..60 {
        swarm.handle_message(Time::ZERO, PeerIndex(2), meet(n, false));
        met += drain(&mut swarm).iter().filter(|o| matches!(o, Output::Meet(_))).count();
    }
    assert_eq!(met, 10);
    swarm.handle_message(Time::from_millis(60_001), PeerIndex(2), meet(90, false));
    assert!(drain(&mut swarm).iter().any(|o| matches!(o, Output::Meet(_))));
}

#[test]
fn a_dial_that_would_come_from_an_unknown_port_waits_for_its_introduction() {
    for (mapping, dials) in [(Mapping::Steady, true), (Mapping::Unpredictable, false)] {
        let mut swarm = viewer(&[2]);
        swarm.handle_mapping(mapping);
        swarm.handle_tracks(Time::ZERO, &[TRACK]);
        let greeters = Message::JoinReply(JoinReply {
            greeters: vec![contact(5)],
            me_too: false,
            start: Vec::new(),
            need: Vec::new(),
            spare: Vec::new(),
            viewers: 3,
        });
        drain(&mut swarm);
        swarm.handle_message(Time::ZERO, PeerIndex(2), greeters);
        assert_eq!(drain(&mut swarm).contains(&Output::Connect(contact(5))), dials);
        let asked = (1..20).map(|n| Time::from_millis(n * 25)).find(|now| {
            swarm.handle_timeout(*now);
            let introduce = Introduce { node: NodeId([5; 16]), forecast: None };
            let ask = Output::Send { peer: PeerIndex(2), message: Message::Introduce(introduce) };
            drain(&mut swarm).contains(&ask)
        });
        let after = asked.map(|at| at.as_millis());
        assert!(after.is_some_and(|ms| (ms >= 300) == dials), "{mapping:?} after {after:?} ms");
    }
}
