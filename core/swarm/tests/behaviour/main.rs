//! What a few nodes do together, on ideal wires.

mod backfill;
mod homes;
mod hostile;
mod introductions;
mod net;
mod pause;
mod refused;
mod relays;
mod rescue;
mod slots;
mod tunnels;

use std::time::Duration;

use manyhands_swarm::Message;

use net::{Net, TRACK, copies, piece};

const SECOND: Duration = Duration::from_secs(1);

fn parents(net: &Net, node: usize) -> Vec<Option<usize>> {
    let lanes = net.stats(node).lanes;
    lanes.iter().map(|l| l.parent.map(|(peer, _)| peer.0 as usize)).collect()
}

fn children(net: &Net, node: usize) -> usize {
    net.stats(node).lanes.iter().map(|l| l.children.len()).sum()
}

#[test]
fn a_viewer_gets_every_piece_from_the_keyframe_on() {
    let mut net = Net::new();
    net.run(SECOND * 3);
    let edge = net.edge();
    let viewer = net.join(copies(1.0));
    net.run(SECOND * 3);
    assert_eq!(parents(&net, viewer), vec![Some(0); 4]);
    let keyframe =
        (0..).map(|gop| gop * 10).find(|k| net.missing(viewer, *k..=net.edge() - 1).is_empty());
    assert!(
        keyframe.is_some_and(|k| k <= edge + 2),
        "complete from {keyframe:?} on, joined at {edge}"
    );
}

#[test]
fn beyond_the_origin_s_slots_viewers_feed_each_other() {
    let mut net = Net::new();
    let viewers: Vec<usize> = (0..8)
        .map(|_| {
            net.run(SECOND / 2);
            net.join(copies(2.0))
        })
        .collect();
    net.run(SECOND * 5);
    let from = net.edge();
    net.run(SECOND * 5);
    for viewer in &viewers {
        assert_eq!(net.missing(*viewer, from..=net.edge() - 2), Vec::<u32>::new(), "{viewer}");
    }
    assert!(children(&net, 0) <= 9, "2.2 copies are 9 slots, not {}", children(&net, 0));
    let deepest = viewers.iter().map(|v| net.stats(*v).depth).max();
    assert!(deepest >= Some(2), "{deepest:?}");
    assert_eq!(net.stats(viewers[3]).viewers, 8);
}

#[test]
fn who_gives_nothing_takes_no_child_and_sends_no_piece() {
    let mut net = Net::new();
    let idle = net.join(Some(0));
    net.run(SECOND);
    for _ in 0..3 {
        net.join(copies(1.0));
    }
    net.run(SECOND * 5);
    assert_eq!(children(&net, idle), 0);
    let sent = net.stats(idle).counters;
    assert_eq!((sent.sent_pieces, sent.sent_repairs), (0, 0));
}

#[test]
fn an_uploader_displaces_one_that_gives_nothing() {
    let mut net = Net::new();
    net.join(Some(0));
    net.join(Some(0));
    net.run(SECOND * 3);
    assert_eq!(children(&net, 0), 8);
    let giver = net.join(copies(8.0));
    net.run(SECOND * 10);
    let fed_by_origin = parents(&net, giver).iter().filter(|p| **p == Some(0)).count();
    assert!(fed_by_origin > 0);
    let from = net.edge() - 20;
    for viewer in 1..=3 {
        assert_eq!(net.missing(viewer, from..=net.edge() - 2), Vec::<u32>::new());
    }
}

#[test]
fn a_silent_parent_is_kept_until_another_accepts_and_the_gap_is_filled() {
    let mut net = Net::new();
    let viewers: Vec<usize> = (0..6)
        .map(|_| {
            net.run(SECOND / 4);
            net.join(copies(2.0))
        })
        .collect();
    net.run(SECOND * 5);
    let busiest = *viewers.iter().max_by_key(|v| children(&net, **v)).unwrap();
    assert!(children(&net, busiest) > 0);
    net.kill(busiest);
    let from = net.edge();
    net.run(SECOND * 4);
    for viewer in viewers.iter().filter(|v| **v != busiest) {
        assert!(parents(&net, *viewer).iter().all(|p| p.is_some_and(|p| p != busiest)));
        assert_eq!(net.missing(*viewer, from..=net.edge() - 2), Vec::<u32>::new(), "{viewer}");
    }
}

#[test]
fn a_leaver_is_drained_once_its_children_have_moved_and_nothing_is_lost() {
    let mut net = Net::new();
    let viewers: Vec<usize> = (0..6)
        .map(|_| {
            net.run(SECOND / 4);
            net.join(copies(2.0))
        })
        .collect();
    net.run(SECOND * 5);
    let leaver = *viewers.iter().max_by_key(|v| children(&net, **v)).unwrap();
    let had = children(&net, leaver);
    assert!(had > 0);
    let (from, now) = (net.edge(), net.time());
    net.swarm(leaver).handle_leave(now);
    assert!(!net.swarm(leaver).is_drained());
    net.run(SECOND * 5);
    assert!(net.swarm(leaver).is_drained());
    for viewer in viewers.iter().filter(|v| **v != leaver) {
        assert!(parents(&net, *viewer).iter().all(|p| p.is_some_and(|p| p != leaver)));
        assert_eq!(net.missing(*viewer, from..=net.edge() - 2), Vec::<u32>::new(), "{viewer}");
    }
    let cut = |(from, _, m): &(usize, usize, Message)| {
        *from == leaver && matches!(m, Message::Detach(d) if d.parent)
    };
    assert!(!net.said.iter().any(cut), "no child was cut off");
}

#[test]
fn nobody_is_its_own_ancestor() {
    let mut net = Net::new();
    for _ in 0..10 {
        net.run(SECOND / 10);
        net.join(copies(1.5));
    }
    for round in 0..20 {
        net.run(SECOND / 2);
        if round == 6 {
            net.kill(1);
            net.kill(2);
        }
        for lane in 0..TRACK.k {
            for start in 3..=10usize {
                let mut at = start;
                for _ in 0..12 {
                    match parents(&net, at)[usize::from(lane)] {
                        Some(up) if up > 2 => at = up,
                        _ => break,
                    }
                    // A cycle may stand for as long as the news of it takes.
                    assert!(at != start || round < 19, "{start} in substream {lane}");
                }
            }
        }
    }
}

#[test]
fn a_cut_allowance_hands_the_children_over() {
    let mut net = Net::new();
    let viewers: Vec<usize> = (0..6)
        .map(|_| {
            net.run(SECOND / 4);
            net.join(copies(3.0))
        })
        .collect();
    net.run(SECOND * 4);
    let giver = *viewers.iter().max_by_key(|v| children(&net, **v)).unwrap();
    let (from, now) = (net.edge(), net.time());
    net.swarm(giver).handle_allowance(now, copies(0.5));
    net.run(SECOND * 5);
    assert!(children(&net, giver) <= 2, "{}", children(&net, giver));
    for viewer in &viewers {
        assert_eq!(net.missing(*viewer, from..=net.edge() - 2), Vec::<u32>::new(), "{viewer}");
    }
}

#[test]
fn a_new_run_is_wanted_although_its_numbers_are_lower() {
    let mut net = Net::new();
    let viewer = net.join(copies(1.0));
    net.run(SECOND * 8);
    assert!(!net.swarm(viewer).wants(&piece(0, 0).id), "left the window");
    let now = net.time();
    net.swarm(viewer).handle_new_run(now);
    assert!(net.swarm(viewer).wants(&piece(0, 0).id));
    assert_eq!(parents(&net, viewer), vec![Some(0); 4], "neighbours stay");
}

#[test]
fn a_paused_broadcast_suspects_nobody() {
    let mut net = Net::new();
    for _ in 0..4 {
        net.join(copies(2.0));
    }
    net.run(SECOND * 4);
    let before: u64 = (1..=4).map(|v| net.stats(v).counters.reattached).sum();
    net.stop_publishing();
    net.kill(0);
    net.run(SECOND * 6);
    let asks: u64 = (1..=4).map(|v| net.stats(v).counters.asks).sum();
    let after: u64 = (1..=4).map(|v| net.stats(v).counters.reattached).sum();
    assert_eq!(after, before, "nobody has anything newer to offer");
    assert!(asks < 4 * 4 * 6 * 8, "no storm while the origin is away: {asks} questions");
}
