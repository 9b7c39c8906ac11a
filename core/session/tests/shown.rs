//! What shells show, over real sockets: whose side it is on, how it goes, and a viewer that pauses.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::UdpSocket;

use manyhands_session::{
    Broadcast, Cause, Conditions, EndReason, Event, Health, Level, Network, Outputs, Transport,
    Watch, Watching,
};
use support::{
    FRAME, LOOPBACK, PATIENCE, SOUND_BPS, broadcast, feed, frame, going_live, until, watch,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

async fn shows(outputs: &mut Outputs, state: Watching) {
    until(&mut outputs.events, |event| (*event == Event::State(state)).then_some(())).await;
}

fn offline() -> Conditions {
    let plain = Conditions::unrestricted();
    let network = Network { transport: Transport::None, ..plain.network };
    Conditions { network, ..plain }
}

/// Why it is over, as a viewer hears it.
async fn ends(outputs: &mut Outputs) -> EndReason {
    let ended = |event: &Event| match event {
        Event::Ended { reason, .. } => Some(*reason),
        _ => None,
    };
    until(&mut outputs.events, ended).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_in_the_moment_of_the_end_hears_of_it() {
    // Many at once, so that a broadcaster has not seen yet who has just been let in.
    let mut all = JoinSet::new();
    for n in 1..=200 {
        all.spawn(async move {
            let (broadcast, _events) = Broadcast::start(going_live(n)).unwrap();
            let (_viewer, mut outputs) = watch(&broadcast.link(), 1);
            let joined = |event: &Event| matches!(event, Event::Joined { .. }).then_some(());
            until(&mut outputs.events, joined).await;
            broadcast.finish().await.unwrap();
            assert_eq!(ends(&mut outputs).await, EndReason::Finished);
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_what_is_not_live_waits_and_starts_by_itself() {
    // An address that nobody has, but that the broadcaster will take.
    let address = UdpSocket::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let (first, _) = broadcast(address, None);
    let link = first.link();
    first.finish().await.unwrap();
    // Its socket closes when its task has ended; until then it would say that it has ended.
    let closed = async {
        while UdpSocket::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, closed).await.expect("the port is free again");
    let (viewer, mut outputs) = watch(&link, 1);
    shows(&mut outputs, Watching::Waiting).await;
    viewer.set_conditions(offline(), 0).await;
    shows(&mut outputs, Watching::NoNetwork).await;
    viewer.set_conditions(Conditions::unrestricted(), 0).await;
    shows(&mut outputs, Watching::Waiting).await;
    let (second, _) = broadcast(address, None);
    let feeding = feed(&second);
    shows(&mut outputs, Watching::Playing).await;
    feeding.abort();
}

/// Two viewers that play, and a broadcaster that vanishes without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_the_broadcasters_while_another_viewer_answers_and_ours_when_nobody_does() {
    let (broadcast, _) = broadcast(LOOPBACK, None);
    let feeding = feed(&broadcast);
    let link = broadcast.link();
    let ((one, mut its), (other, mut others)) = (watch(&link, 1), watch(&link, 2));
    shows(&mut its, Watching::Playing).await;
    shows(&mut others, Watching::Playing).await;
    until_neighbours(&one, 2).await;
    feeding.abort();
    let _ = feeding.await;
    drop(broadcast);
    shows(&mut its, Watching::BroadcasterSilent).await;
    drop(other);
    shows(&mut its, Watching::CutOff).await;
    one.set_conditions(offline(), 0).await;
    shows(&mut its, Watching::NoNetwork).await;
}

async fn until_neighbours(viewer: &Watch, count: usize) {
    let asking = async {
        while viewer.stats().await.unwrap().peers < count {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asking).await.expect("they meet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcaster_is_told_how_it_goes_and_why() {
    let (broadcast, mut events) = broadcast(LOOPBACK, None);
    let feeding = feed(&broadcast);
    assert_eq!(health(&broadcast).await, Health::READY);
    let (viewer, mut outputs) = watch(&broadcast.link(), 1);
    shows(&mut outputs, Watching::Playing).await;
    let good = Health { level: Level::Good, cause: None };
    until(&mut events, |event| (*event == Event::Health(good)).then_some(())).await;
    // Half of what the sound takes.
    broadcast.set_upload_limit(Some(u64::from(SOUND_BPS) / 2)).await;
    let poor = Health { level: Level::Poor, cause: Some(Cause::SlowUpload) };
    until(&mut events, |event| (*event == Event::Health(poor)).then_some(())).await;
    broadcast.set_upload_limit(None).await;
    until(&mut events, |event| (*event == Event::Health(good)).then_some(())).await;
    broadcast.set_conditions(offline()).await;
    let lost = Health { level: Level::Lost, cause: Some(Cause::NoNetwork) };
    until(&mut events, |event| (*event == Event::Health(lost)).then_some(())).await;
    let stats = broadcast.stats().await.unwrap();
    let so_far = stats.health.unwrap().so_far;
    assert_eq!(so_far.main_cause, Some(Cause::SlowUpload));
    assert!((1..100).contains(&so_far.good_percent.unwrap()), "{so_far:?}");
    assert_eq!((stats.viewers_max, stats.data.sent_metered), (1, 0));
    assert!(stats.data.sent_unmetered > 0 && stats.data.sent_per_minute > 0);
    feeding.abort();
    viewer.leave().await.unwrap();
}

async fn health(broadcast: &Broadcast) -> Health {
    broadcast.stats().await.unwrap().health.unwrap().now
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_pauses_goes_on_where_it_stood_until_it_goes_live() {
    let (broadcast, _) = broadcast(LOOPBACK, None);
    let feeding = feed(&broadcast);
    let (viewer, mut outputs) = watch(&broadcast.link(), 1);
    shows(&mut outputs, Watching::Playing).await;
    viewer.set_paused(true).await;
    let behind = async {
        loop {
            // A second beyond where it begins to be said: there a step decides.
            let behind_ms = viewer.stats().await.unwrap().behind_ms;
            if behind_ms.is_some_and(|behind_ms| behind_ms >= 6_000) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, behind).await.unwrap();
    viewer.set_paused(false).await;
    // Not one is missing, although the last ones before the pause came long ago.
    let mut last = None;
    for _ in 0..400 {
        let unit = timeout(PATIENCE, outputs.units.recv()).await.unwrap().unwrap().unit;
        assert_eq!(unit, frame(u32::try_from(unit.dts / FRAME).unwrap()));
        assert!(last.is_none_or(|last| unit.dts == last + FRAME));
        last = Some(unit.dts);
    }
    let stats = viewer.stats().await.unwrap();
    assert!(stats.behind_ms.is_some(), "it does not catch up by itself");
    assert_eq!(stats.stalls, 0);
    viewer.go_live().await;
    let live = async {
        while viewer.stats().await.unwrap().behind_ms.is_some() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, live).await.unwrap();
    assert_eq!(viewer.stats().await.unwrap().stalls, 0, "what was asked for is no stall");
    feeding.abort();
    broadcast.finish().await.unwrap();
    let ended = |event: &Event| match event {
        Event::Ended { reason, ran_ms } => Some((*reason, *ran_ms)),
        _ => None,
    };
    let (reason, ran_ms) = until(&mut outputs.events, ended).await;
    assert_eq!(reason, EndReason::Finished);
    assert!((10_000..60_000).contains(&ran_ms.unwrap()), "{ran_ms:?}");
}
