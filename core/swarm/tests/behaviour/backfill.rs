//! What a new child is sent of what it lacks.

use std::time::Duration;

use manyhands_swarm::message::{Attach, Flags};
use manyhands_swarm::{Message, PeerIndex};

use super::net::piece;
use super::rescue::{origin, sent};

/// The first chunk that a child is sent that lacks everything since `from`, when 0 to 99 were published and
/// each tenth has a keyframe.
fn first_sent(from: u32) -> Option<u32> {
    let (mut origin, mut now) = origin();
    for chunk in 10..100 {
        (0..4).for_each(|substream| origin.handle_publish(now, &piece(chunk, substream)));
        now = now + Duration::from_millis(100);
        let _ = sent(&mut origin, now);
    }
    let attach = Attach {
        token: 2,
        track: 0,
        substream: 2,
        who: None,
        fan: 3,
        flags: Flags::EMERGENCY,
        ttl: 0,
        from: Some(from),
        climb: 0,
        seen: vec![],
    };
    origin.handle_message(now, PeerIndex(2), Message::Attach(attach));
    let mut first = None;
    for _ in 0..10 {
        now = now + Duration::from_millis(50);
        for transmit in sent(&mut origin, now).iter().filter(|t| t.repair) {
            first = first.into_iter().chain([transmit.piece.chunk]).min();
        }
    }
    first
}

#[test]
fn a_gap_is_filled_from_its_beginning() {
    assert_eq!(first_sent(85), Some(85));
}

#[test]
fn who_lacks_more_than_is_kept_goes_on_at_the_newest_keyframe() {
    assert_eq!(first_sent(3), Some(90));
}
