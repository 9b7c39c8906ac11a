//! A broadcaster that stands still for a moment, or falls behind for good.

use std::time::Duration;

use manyhands_swarm::message::{Pull, Wanted};
use manyhands_swarm::{LinkReport, Message, Output, PeerIndex, Swarm, Time};

use super::net::{Net, copies, piece};
use super::rescue::{origin, sent};

const TICK: Duration = Duration::from_millis(25);
const SECOND: Duration = Duration::from_secs(1);

/// Its only child has acknowledged nothing since now.
fn with_a_quiet_child() -> (Swarm, Time) {
    let (mut origin, now) = origin();
    let nothing = LinkReport {
        acked_bytes: 0,
        queued_bytes: 0,
        rtt: Duration::from_millis(20),
        blocked: false,
    };
    origin.handle_link(now, PeerIndex(1), nothing);
    origin.handle_publish(now, &piece(10, 1));
    assert_eq!(sent(&mut origin, now).len(), 1);
    origin.handle_timeout(now);
    (origin, now)
}

fn children(origin: &Swarm) -> usize {
    origin.stats().lanes.iter().map(|l| l.children.len()).sum()
}

/// Lets its timers run as they should for so long.
fn tick(origin: &mut Swarm, from: Time, span: Duration) -> Time {
    let mut now = from;
    while now.since(from) < span {
        now = now + TICK;
        origin.handle_timeout(now);
    }
    now
}

#[test]
fn nobody_is_taken_for_gone_because_this_program_stood_still() {
    let (mut origin, now) = with_a_quiet_child();
    let now = tick(&mut origin, now, SECOND / 5) + SECOND;
    origin.handle_timeout(now);
    assert_eq!(children(&origin), 1, "it stood still for a second and has read nothing since");
    tick(&mut origin, now, SECOND / 2);
    assert_eq!(children(&origin), 0, "now it has listened, and nothing came");
}

#[test]
fn a_child_that_is_silent_while_this_program_runs_is_let_go() {
    let (mut origin, now) = with_a_quiet_child();
    tick(&mut origin, now, SECOND / 2);
    assert_eq!(children(&origin), 0);
}

#[test]
fn an_origin_that_is_too_far_behind_goes_on_with_the_newest_keyframe() {
    let (mut origin, mut now) = origin();
    for chunk in 10..31 {
        now = now + Duration::from_millis(100);
        (0..4).for_each(|substream| origin.handle_publish(now, &piece(chunk, substream)));
    }
    assert_eq!(origin.stats().counters.skips, 1);
    let pieces = [piece(12, 3), piece(30, 3)].map(|p| Wanted::new(&p.id)).to_vec();
    let pull = Pull { track: 0, pieces, gap: false };
    origin.handle_message(now, PeerIndex(2), Message::Pull(pull));
    let refused = std::iter::from_fn(|| origin.poll_output()).find_map(|output| match output {
        Output::Send { message: Message::Nack(nack), .. } => Some(nack.pieces),
        _ => None,
    });
    assert_eq!(refused, Some(vec![Wanted::new(&piece(12, 3).id)]), "what it leaves out is gone");
    let left = sent(&mut origin, now + SECOND);
    assert!(!left.is_empty() && left.iter().all(|t| t.piece.chunk == 30), "{left:?}");
}

#[test]
fn an_origin_that_keeps_up_leaves_out_nothing() {
    let (mut origin, mut now) = origin();
    for chunk in 10..31 {
        now = now + Duration::from_millis(100);
        origin.handle_publish(now, &piece(chunk, 1));
        assert_eq!(sent(&mut origin, now + Duration::from_millis(50)).len(), 1);
    }
    assert_eq!(origin.stats().counters.skips, 0);
}

#[test]
fn a_parent_that_pushes_later_than_before_is_no_suspect_while_it_pushes() {
    let mut net = Net::new();
    let viewer = net.join(copies(1.0));
    net.run(SECOND * 4);
    assert_eq!(net.stats(viewer).counters.suspicions, 0);
    net.fall_behind(SECOND);
    net.run(SECOND);
    let during = net.stats(viewer).counters.suspicions;
    net.run(SECOND * 3);
    let counters = net.stats(viewer).counters;
    assert!((1..=4).contains(&during), "once in each substream: {during}");
    assert_eq!(counters.suspicions, during, "all comes a second later from now on");
    assert_eq!(counters.false_alarms, during);
}
