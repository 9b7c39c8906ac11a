//! The local network as a shell switches it, where the shell asks there by itself: nothing is sent for it.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use manyhands_session::{
    Broadcast, BroadcastConfig, Checking, Contribution, Event, Finding, Link, Outputs, Watch,
    WatchConfig,
};
use manyhands_stream::LanMark;
use support::{LOOPBACK, PATIENCE, going_live, until};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

fn watch(link: Link, local: bool) -> (Watch, Outputs) {
    Watch::start(WatchConfig {
        link,
        listen: LOOPBACK,
        finding: Finding { local, local_by_shell: true, ..Finding::default() },
        contribution: Contribution::unrestricted(None),
        hints: Vec::new(),
        seed: 1,
        checking: Checking::Exact,
        patience: None,
    })
    .unwrap()
}

/// Whether the local network is in use, as the next event about it says.
async fn used(events: &mut Receiver<Event>) -> bool {
    let said = |event: &Event| match event {
        Event::LocalNetwork { used } => Some(*used),
        _ => None,
    };
    until(events, said).await
}

async fn joined(events: &mut Receiver<Event>) -> &'static str {
    let via = |event: &Event| match event {
        Event::Joined { via, .. } => Some(*via),
        _ => None,
    };
    until(events, via).await
}

/// The link of a broadcast, without its addresses.
fn bare(broadcast: &Broadcast) -> Link {
    Link { hints: Vec::new(), ..broadcast.link() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_shell_finds_is_joined_while_it_is_switched_on() {
    let (broadcast, _events) = Broadcast::start(going_live(5)).unwrap();
    let address = broadcast.addresses()[0];
    let (viewer, mut outputs) = watch(bare(&broadcast), false);
    viewer.set_local(true).await;
    assert!(used(&mut outputs.events).await);
    viewer.found("198.51.100.7:7000".parse().unwrap()).await;
    viewer.found(address).await;
    assert_eq!(joined(&mut outputs.events).await, "local");
    viewer.set_local(false).await;
    assert!(!used(&mut outputs.events).await);
    viewer.set_local(true).await;
    assert!(used(&mut outputs.events).await);
    broadcast.finish().await.unwrap();
    assert!(!used(&mut outputs.events).await, "it has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcaster_is_switched_on_and_off() {
    let (broadcast, mut events) = Broadcast::start(going_live(5)).unwrap();
    for on in [true, false, true] {
        broadcast.set_local(on).await;
        assert_eq!(used(&mut events).await, on);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_private_stays_off_the_local_network() {
    let finding = Finding { local: true, ..Finding::default() };
    let config = BroadcastConfig { private: true, finding, ..going_live(5) };
    let (broadcast, mut events) = Broadcast::start(config).unwrap();
    broadcast.set_local(true).await;
    // Who has an open link of it learns that it is private when it has joined.
    let (_viewer, mut outputs) = watch(broadcast.link(), true);
    assert!(used(&mut outputs.events).await);
    assert!(!used(&mut outputs.events).await);
    broadcast.finish().await.unwrap();
    let all = async {
        while let Some(event) = events.recv().await {
            assert!(!matches!(event, Event::LocalNetwork { .. }), "{event:?}");
        }
    };
    timeout(PATIENCE, all).await.expect("it ends");
}

#[tokio::test]
async fn only_marks_of_this_broadcast_are_its_own() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let channels = [5, 6].map(|n| going_live(n).channel.key());
    let mut rng = rand::rng();
    let [ours, theirs] = channels.map(|channel| LanMark::new(&channel, now, &mut rng));
    let (broadcast, _events) = Broadcast::start(going_live(5)).unwrap();
    let (viewer, _outputs) = watch(bare(&broadcast), false);
    assert!(viewer.is_marked(ours.bytes()));
    assert!(!viewer.is_marked(theirs.bytes()));
    assert!(!viewer.is_marked(&[0; 15]) && !viewer.is_marked(&[]));
}
