//! A piece that a connection cannot take now.

use std::time::Duration;

use manyhands_swarm::{LinkReport, PeerIndex};

use super::net::piece;
use super::rescue::{origin, sent};

#[test]
fn what_a_way_refuses_waits_for_it_and_what_follows_too() {
    let (mut origin, mut now) = origin();
    origin.handle_publish(now, &piece(10, 1));
    let before = origin.poll_transmit(now).expect("the child is fed");
    let counted = origin.stats().counters.sent_bytes;
    origin.handle_refused(now, before);
    assert!(origin.stats().counters.sent_bytes < counted, "it has not left");
    now = now + Duration::from_millis(100);
    origin.handle_publish(now, &piece(11, 1));
    assert_eq!(sent(&mut origin, now), [], "the way is blocked");

    let (acked_bytes, queued_bytes, rtt) = (0, 0, Duration::from_millis(40));
    let report = LinkReport { acked_bytes, queued_bytes, rtt, blocked: false };
    origin.handle_link(now, PeerIndex(1), report);
    let left: Vec<u32> = sent(&mut origin, now).iter().map(|t| t.piece.chunk).collect();
    assert_eq!(left, [10, 11]);
}
