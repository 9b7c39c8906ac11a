//! Relays over real sockets on loopback: what comes through one is what went in, and nobody but the
//! relay hears of a broadcaster behind a shield.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use manyhands_session::{
    Broadcast, BroadcastConfig, Contribution, Event, Relay, RelayConfig, RelayKey, Relays,
    Released, Secret, Ticket,
};
use support::{FRAME, LOOPBACK, PATIENCE, feed, frame, going_live, sound, until, watch};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

fn relay(seed: u8) -> (Relay, Receiver<Event>) {
    relay_for(seed, 64)
}

fn relay_for(seed: u8, connections: usize) -> (Relay, Receiver<Event>) {
    Relay::start(RelayConfig {
        key: RelayKey { seed: Secret::new([seed; 32]), permit: Secret::new([seed; 16]) },
        listen: LOOPBACK,
        public: Vec::new(),
        port_mapping: false,
        dht: None,
        contribution: Contribution::unrestricted(None),
        connections,
        seed: 1,
    })
    .unwrap()
}

fn broadcast(channel: u8, tickets: &[Ticket], shielded: bool) -> (Broadcast, Receiver<Event>) {
    let relays = Relays { tickets: tickets.to_vec(), shielded };
    Broadcast::start(BroadcastConfig { relays, ..going_live(channel) }).unwrap()
}

async fn next(units: &mut Receiver<Released>) -> Released {
    timeout(PATIENCE, units.recv()).await.expect("a unit in time").expect("a unit")
}

/// Takes `count` units that have to be an unbroken row of the frames that went in.
async fn take_row(units: &mut Receiver<Released>, count: i64) {
    let first = next(units).await;
    for i in 1..count {
        let n = u32::try_from(first.unit.dts / FRAME + i).unwrap();
        assert_eq!(next(units).await.unit, frame(n));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_shield_viewers_know_the_relay_alone_and_get_exactly_what_was_sent() {
    let (relay, _events) = relay(1);
    let (broadcast, _live) = broadcast(11, &[relay.ticket()], true);
    assert!(broadcast.relayed(PATIENCE).await);
    assert_eq!(broadcast.addresses(), [], "nowhere to be dialled");
    assert_eq!(broadcast.link().hints, [relay.address()]);
    let feeding = feed(&broadcast);
    let (first, mut one) = watch(&broadcast.link(), 1);
    let (second, mut two) = watch(&broadcast.link(), 2);
    tokio::join!(take_row(&mut one.units, 100), take_row(&mut two.units, 100));
    for viewer in [&first, &second] {
        let stats = viewer.stats().await.unwrap();
        assert_eq!(stats.from.origin, 0);
        assert!(stats.links.iter().all(|link| !link.origin), "{:?}", stats.links);
        assert_eq!(viewer.title(), "A title");
    }
    let carried = relay.stats().await.unwrap();
    assert_eq!(carried.depth, 0, "it stands where the broadcaster would");
    assert!(carried.sent.media > 0 && carried.from.origin > 0);
    let own = broadcast.stats().await.unwrap();
    assert_eq!((own.peers, own.links[0].relay), (1, true));
    feeding.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_shield_a_relay_is_one_way_more() {
    let (relay, _events) = relay(2);
    let (broadcast, _live) = broadcast(12, &[relay.ticket()], false);
    assert!(broadcast.relayed(PATIENCE).await);
    let hints = &broadcast.link().hints;
    assert!(hints.contains(&relay.address()) && hints.contains(&broadcast.addresses()[0]));
    let feeding = feed(&broadcast);
    // One that knows the relay alone, and one that knows the broadcaster alone.
    let mut by_relay = broadcast.link().clone();
    by_relay.hints = vec![relay.address()];
    let mut direct = broadcast.link().clone();
    direct.hints = broadcast.addresses().to_vec();
    let (_first, mut one) = watch(&by_relay, 1);
    let (_second, mut two) = watch(&direct, 2);
    tokio::join!(take_row(&mut one.units, 60), take_row(&mut two.units, 60));
    feeding.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_does_not_answer_is_said_and_a_shield_has_no_way_round_it() {
    let (gone, _events) = relay(3);
    let ticket = gone.ticket();
    gone.leave().await;
    let (shielded, _live) = broadcast(13, std::slice::from_ref(&ticket), true);
    assert!(!shielded.relayed(Duration::from_secs(2)).await);
    let stats = shielded.stats().await.unwrap();
    assert_eq!((stats.peers, stats.received.datagram), (0, 0));
    // It comes back, under the same key at the same address: the broadcaster has waited for it.
    let (_back, _events) = Relay::start(RelayConfig {
        key: RelayKey { seed: Secret::new([3; 32]), permit: Secret::new([3; 16]) },
        listen: ticket.hints[0],
        public: Vec::new(),
        port_mapping: false,
        dht: None,
        contribution: Contribution::unrestricted(None),
        connections: 64,
        seed: 1,
    })
    .unwrap();
    assert!(shielded.relayed(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tickets_open_nothing() {
    let (relay, mut events) = relay(4);
    let permit = Ticket { permit: Secret::new([0; 16]), ..relay.ticket() };
    let key = Ticket { relay: [0; 32], ..relay.ticket() };
    for ticket in [permit, key] {
        let (shielded, _live) = broadcast(14, std::slice::from_ref(&ticket), true);
        assert!(!shielded.relayed(Duration::from_secs(2)).await);
    }
    assert!(events.try_recv().is_err(), "nobody was let in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_is_free_again_when_the_broadcast_is_over() {
    let (relay, mut events) = relay(5);
    let (first, _live) = broadcast(15, &[relay.ticket()], true);
    assert!(first.relayed(PATIENCE).await);
    let (other, _live) = broadcast(16, &[relay.ticket()], true);
    assert!(!other.relayed(Duration::from_secs(1)).await, "one channel at a time");
    first.push(0, frame(0), Some(sound()), Instant::now()).await;
    first.finish().await;
    until(&mut events, |event| match event {
        Event::Notice { kind: "relay_free", .. } => Some(()),
        _ => None,
    })
    .await;
    assert!(other.relayed(PATIENCE).await);
    let feeding = feed(&other);
    let (_viewer, mut outputs) = watch(&other.link(), 1);
    take_row(&mut outputs.units, 30).await;
    feeding.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_of_two_relays_is_gone_the_other_carries_on() {
    let ((one, _one_events), (two, _two_events)) = (relay(6), relay(7));
    let (broadcast, mut live) = broadcast(17, &[one.ticket(), two.ticket()], true);
    let at_work = |up: usize| {
        move |event: &Event| match event {
            Event::Notice { kind: "relays", message } => {
                message.contains(&format!("{up} of 2")).then_some(())
            }
            _ => None,
        }
    };
    until(&mut live, at_work(2)).await;
    assert_eq!(broadcast.link().hints, [one.address(), two.address()]);
    let feeding = feed(&broadcast);
    let (_viewer, mut outputs) = watch(&broadcast.link(), 1);
    take_row(&mut outputs.units, 60).await;
    // Its keeper stops it.
    drop(one);
    until(&mut live, at_work(1)).await;
    let sent = broadcast.stats().await.unwrap().position_ms * 48;
    while next(&mut outputs.units).await.unit.dts < sent + 48_000 {}
    feeding.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_come_in_by_a_relay_than_it_has_places() {
    let (relay, _events) = relay_for(8, 8);
    let (broadcast, _live) = broadcast(18, &[relay.ticket()], true);
    assert!(broadcast.relayed(PATIENCE).await);
    let feeding = feed(&broadcast);
    let mut audience: Vec<_> = (0..12).map(|seed| watch(&broadcast.link(), seed)).collect();
    for (_, outputs) in &mut audience {
        next(&mut outputs.units).await;
        assert!(relay.stats().await.unwrap().peers <= 9, "and the broadcaster");
    }
    feeding.abort();
}
