//! A broadcast and its viewers over real sockets on loopback: what comes out is what went in.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use manyhands_session::{
    Broadcast, BroadcastConfig, Channel, Checking, Contribution, EndReason, Event, Finding, Link,
    Outputs, Released, Secret, Watch, WatchConfig,
};
use support::{FRAME, LOOPBACK, PATIENCE, frame, going_live, sound, watch};
use tokio::time::{interval, timeout};

/// The `run`-th broadcast by the channel of this number.
fn try_broadcast(
    channel: u8,
    listen: SocketAddr,
    run: u64,
) -> Result<Broadcast, manyhands_session::Error> {
    let config = going_live(channel);
    let started_ms = config.started_ms + run;
    Ok(Broadcast::start(BroadcastConfig { listen, started_ms, seed: run, ..config })?.0)
}

fn broadcast_on(channel: u8) -> Broadcast {
    try_broadcast(channel, LOOPBACK, 0).unwrap()
}

/// Sends frames in real time until `enough` says so.
async fn feed(broadcast: &Broadcast, mut enough: impl FnMut() -> bool) {
    let mut beat = interval(Duration::from_micros(21_333));
    let mut n = 0;
    while !enough() {
        beat.tick().await;
        broadcast.push(0, frame(n), (n == 0).then(sound), Instant::now()).await;
        n += 1;
    }
}

async fn next(outputs: &mut Outputs) -> Released {
    timeout(PATIENCE, outputs.units.recv()).await.expect("a unit in time").expect("a unit")
}

/// Takes `count` units and says whether they are an unbroken row of the frames that went in.
async fn take_row(outputs: &mut Outputs, count: i64) {
    let first = next(outputs).await;
    assert_eq!(first.config, Some(sound()));
    for i in 1..count {
        let unit = next(outputs).await.unit;
        let n = u32::try_from(first.unit.dts / FRAME + i).unwrap();
        assert_eq!(unit, frame(n));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_get_exactly_what_was_sent_and_hear_the_signed_end() {
    let broadcast = broadcast_on(1);
    let link = broadcast.link();
    let (done, mut all) = tokio::sync::mpsc::channel(3);
    for seed in 0..3 {
        let (viewer, mut outputs) = watch(&link, seed);
        let done = done.clone();
        tokio::spawn(async move {
            take_row(&mut outputs, 60).await;
            done.send(()).await.unwrap();
            while let Some(event) = outputs.events.recv().await {
                if let Event::Ended { reason, .. } = event {
                    done.send(()).await.unwrap();
                    return (viewer.leave().await.unwrap(), reason);
                }
            }
            panic!("a viewer ended without a word");
        });
    }
    let mut rows = 0;
    feed(&broadcast, || {
        while all.try_recv().is_ok() {
            rows += 1;
        }
        rows == 3
    })
    .await;
    let stats = broadcast.finish().await.unwrap();
    assert!(stats.stream_bytes > 0 && stats.sent.media > 0);
    for _ in 0..3 {
        timeout(PATIENCE, all.recv()).await.expect("the end in time").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_invitation_opens_nothing() {
    let broadcast = broadcast_on(2);
    let mut wrong = broadcast.link();
    wrong.secret = Secret::new([8; 16]);
    let (_stranger, mut outputs) = Watch::start(WatchConfig {
        link: wrong,
        listen: LOOPBACK,
        contribution: Contribution::unrestricted(None),
        hints: Vec::new(),
        finding: Finding::default(),
        seed: 1,
        checking: Checking::Exact,
        patience: Some(Duration::from_secs(3)),
    })
    .unwrap();
    let mut ended = None;
    let watching = async {
        while let Some(event) = outputs.events.recv().await {
            assert!(!matches!(event, Event::Joined { .. } | Event::FirstFrame { .. }), "{event:?}");
            if let Event::Ended { reason, .. } = event {
                ended = Some(reason);
                return;
            }
        }
    };
    tokio::select! {
        () = feed(&broadcast, || false) => {}
        result = timeout(PATIENCE, watching) => result.expect("an end in time"),
    }
    assert_eq!(ended, Some(EndReason::Unreachable));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcaster_that_starts_again_is_followed_on_the_same_link() {
    let first = broadcast_on(3);
    let link = first.link();
    let address = first.addresses()[0];
    let (_viewer, mut outputs) = watch(&link, 5);
    let last = tokio::select! {
        () = feed(&first, || false) => unreachable!("it never has enough"),
        last = async {
            for _ in 0..20 {
                next(&mut outputs).await;
            }
            next(&mut outputs).await.unit.dts
        } => last,
    };
    drop(first); // as if killed: no word to anybody
    let second = timeout(PATIENCE, async {
        loop {
            // The first one's socket closes when its task has ended.
            if let Ok(again) = try_broadcast(3, address, 1) {
                break again;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the port is free again");
    let (mut previous, mut seen) = (last, 0);
    tokio::select! {
        () = feed(&second, || false) => {}
        () = async {
            // What the first run left comes first; then the second's frames, numbered from 0.
            while seen < 20 {
                let unit = next(&mut outputs).await.unit;
                assert!(unit.dts > previous, "time goes on: {} after {previous}", unit.dts);
                previous = unit.dts;
                let number = u32::from_be_bytes(unit.data[1..5].try_into().unwrap());
                seen += usize::from(unit.dts != frame(number).dts);
            }
        } => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcaster_that_nobody_can_dial_dials_a_viewer_that_knows_no_run_yet() {
    let link = Link::open(Channel::from_seed(Secret::new([4; 32])).key(), Secret::new([7; 16]));
    let (viewer, mut outputs) = watch(&link, 1);
    let config = BroadcastConfig { hints: vec![viewer.address()], ..going_live(4) };
    let broadcast = Broadcast::start(config).unwrap().0;
    let (done, mut row) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        take_row(&mut outputs, 30).await;
        done.send(viewer.leave().await.unwrap()).await.unwrap();
    });
    let mut stats = None;
    feed(&broadcast, || {
        stats = row.try_recv().ok();
        stats.is_some()
    })
    .await;
    assert!(stats.unwrap().from.origin > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_is_missing_while_either_moves() {
    let broadcast = broadcast_on(5);
    let (viewer, mut outputs) = watch(&broadcast.link(), 1);
    let moving = async {
        let first = next(&mut outputs).await.unit.dts / FRAME;
        for i in 1..220 {
            // Two seconds between two moves of the same end: a connection that takes the place of one
            // that has just done so carries nothing on.
            match i % 100 {
                0 => broadcast.network_changed().await,
                50 => viewer.network_changed().await,
                _ => {}
            }
            let n = u32::try_from(first + i).unwrap();
            assert_eq!(next(&mut outputs).await.unit, frame(n));
        }
    };
    tokio::select! {
        () = feed(&broadcast, || false) => unreachable!("it never has enough"),
        () = moving => {}
    }
}
