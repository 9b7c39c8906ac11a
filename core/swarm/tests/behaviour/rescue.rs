//! The only copy of a piece: to whom it goes, and when.

use std::time::Duration;

use manyhands_swarm::message::{Attach, Flags, Pull, Wanted};
use manyhands_swarm::{Config, Message, Output, PeerIndex, Role, Swarm, Time, Transmit};

use super::net::{TRACK, copies, name, piece};
use super::slots::meet;

/// An origin that can just send one copy, with chunks 0 to 9 published and a child in substream 1.
pub(crate) fn origin() -> (Swarm, Time) {
    let mut origin = Swarm::new(Config::new(Role::Origin, name(0), 7));
    let mut now = Time::ZERO;
    origin.handle_allowance(now, copies(1.0));
    origin.handle_tracks(now, &[TRACK]);
    (1..=3).for_each(|peer| meet(&mut origin, now, peer));
    let attach = Attach {
        token: 1,
        track: 0,
        substream: 1,
        who: None,
        fan: 3,
        flags: Flags::EMERGENCY,
        ttl: 0,
        from: None,
        climb: 0,
        seen: vec![],
    };
    origin.handle_message(now, PeerIndex(1), Message::Attach(attach));
    for chunk in 0..10 {
        (0..4).for_each(|substream| origin.handle_publish(now, &piece(chunk, substream)));
        now = now + Duration::from_millis(100);
        let _ = sent(&mut origin, now);
    }
    while origin.poll_output().is_some() {}
    (origin, now)
}

pub(crate) fn sent(swarm: &mut Swarm, now: Time) -> Vec<Transmit> {
    std::iter::from_fn(|| swarm.poll_transmit(now)).collect()
}

fn pull(swarm: &mut Swarm, now: Time, peer: u32, chunks: std::ops::Range<u32>, substream: u8) {
    let pieces = chunks.map(|chunk| Wanted::new(&piece(chunk, substream).id)).collect();
    let pull = Pull { track: 0, pieces, gap: false };
    swarm.handle_message(now, PeerIndex(peer), Message::Pull(pull));
}

fn refused(swarm: &mut Swarm) -> usize {
    let nacks = std::iter::from_fn(|| swarm.poll_output()).filter_map(|output| match output {
        Output::Send { message: Message::Nack(nack), .. } => Some(nack.pieces.len()),
        _ => None,
    });
    nacks.sum()
}

#[test]
fn what_nobody_else_has_leaves_before_what_is_live() {
    let (mut origin, now) = origin();
    // More than the live class can carry at once.
    (10..14).for_each(|chunk| origin.handle_publish(now, &piece(chunk, 1)));
    pull(&mut origin, now, 2, 4..8, 3);
    let first = sent(&mut origin, now + Duration::from_millis(40));
    assert!(first.len() >= 2, "{first:?}");
    assert!(first.iter().all(|t| t.peer.0 == 2 && t.piece.substream == 3), "{first:?}");
    assert_eq!(origin.stats().counters.rescues, 4);
}

#[test]
fn the_only_copy_is_given_once() {
    let (mut origin, now) = origin();
    pull(&mut origin, now, 2, 4..8, 3);
    pull(&mut origin, now, 3, 4..8, 3);
    assert_eq!(origin.stats().counters.rescues, 4, "the second who asks finds it with the first");
}

#[test]
fn what_a_child_has_been_pushed_is_no_only_copy() {
    let (mut origin, now) = origin();
    pull(&mut origin, now, 2, 4..8, 1);
    assert_eq!(origin.stats().counters.rescues, 0);
}

#[test]
fn an_only_copy_is_given_again_when_the_one_who_got_it_is_gone() {
    let (mut origin, now) = origin();
    pull(&mut origin, now, 2, 4..8, 3);
    let _ = sent(&mut origin, now);
    origin.handle_disconnected(now, PeerIndex(2));
    pull(&mut origin, now, 3, 4..8, 3);
    assert_eq!(origin.stats().counters.rescues, 8);
}

#[test]
fn nothing_is_rescued_without_an_allowance() {
    let (mut origin, now) = origin();
    origin.handle_allowance(now, Some(0));
    while origin.poll_output().is_some() {}
    pull(&mut origin, now, 2, 4..8, 3);
    assert_eq!((origin.stats().counters.rescues, refused(&mut origin)), (0, 4));
}
