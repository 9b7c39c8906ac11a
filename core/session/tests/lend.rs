//! Lending a hand over real sockets on loopback: who is told to stop stops, and nobody's sound does.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use manyhands_session::{
    Broadcast, BroadcastConfig, Checking, Conditions, Contribution, Finding, Limits, Link, Outputs,
    Stats, Transport, Watch, WatchConfig,
};
use support::{LOOPBACK, PATIENCE, frame, going_live, sound};
use tokio::time::interval;

/// In this time a worsening acts (DESIGN, "Contribution policy").
const AT_ONCE: Duration = Duration::from_millis(200);
/// The broadcaster has room for one viewer, so the second one is fed by the first.
const ROOM_FOR_ONE: u64 = 330_000;

/// A broadcast that goes on until it is dropped.
fn broadcast() -> Broadcast {
    let (title, upload_limit) = (String::new(), Some(ROOM_FOR_ONE));
    let config = BroadcastConfig { title, upload_limit, ..going_live(4) };
    let (broadcast, _) = Broadcast::start(config).unwrap();
    let fed = broadcast.clone();
    tokio::spawn(async move {
        let mut beat = interval(Duration::from_micros(21_333));
        for n in 0.. {
            beat.tick().await;
            fed.push(0, frame(n), (n == 0).then(sound), Instant::now()).await;
        }
    });
    broadcast
}

fn watch(link: &Link, contribution: Contribution, seed: u64) -> (Watch, Outputs) {
    Watch::start(WatchConfig {
        link: link.clone(),
        listen: LOOPBACK,
        contribution,
        hints: Vec::new(),
        finding: Finding::default(),
        seed,
        checking: Checking::Exact,
        patience: None,
    })
    .unwrap()
}

/// Asks until the figures are as they should be.
async fn until(watch: &Watch, what: impl Fn(&Stats) -> bool) -> Stats {
    let (began, mut beat) = (Instant::now(), interval(Duration::from_millis(10)));
    loop {
        beat.tick().await;
        let stats = watch.stats().await.unwrap();
        if what(&stats) {
            return stats;
        }
        assert!(began.elapsed() < PATIENCE, "it never came: {stats:?}");
    }
}

fn given(stats: &Stats) -> u64 {
    stats.sent.media + stats.sent.repair
}

fn mobile() -> Conditions {
    let mut conditions = Conditions::unrestricted();
    (conditions.network.transport, conditions.network.metered) = (Transport::Mobile, None);
    conditions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_becomes_metered_stops_at_once_and_its_child_does_not_stall() {
    let broadcast = broadcast();
    let link = broadcast.link();
    let (giver, mut heard) = watch(&link, Contribution::unrestricted(None), 1);
    heard.units.recv().await.unwrap();
    let (child, _sound) = watch(&link, Contribution::unrestricted(Some(0)), 2);
    until(&giver, |s| s.upload.reason == "lending" && given(s) > 50_000).await;
    let playing = until(&child, |s| s.position_ms > 0 && s.from.peer > 20_000).await;
    // Now the broadcaster could feed both.
    broadcast.set_upload_limit(None).await;

    let told = Instant::now();
    giver.set_conditions(mobile(), 0).await;
    let stopped = until(&giver, |s| s.upload.limit_bps == Some(0)).await;
    assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
    assert_eq!((stopped.upload.reason, stopped.upload.helping), ("mobile", 0));
    let line = until(&giver, |_| told.elapsed() >= AT_ONCE).await;
    // Five seconds of sound are a hundred kilobytes to each.
    let fed = until(&child, |s| s.from.origin > playing.from.origin + 100_000).await;
    assert_eq!(
        fed.stalls,
        playing.stalls,
        "stalled for {} ms",
        fed.stalled_ms - playing.stalled_ms
    );
    let later = giver.stats().await.unwrap();
    assert_eq!(given(&later), given(&line), "nothing is given after {AT_ONCE:?}");
    // What is left are acknowledgements and control.
    let control = later.sent.datagram - line.sent.datagram;
    assert!(control < 20_000, "{control} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_given_before_the_first_ok_and_then_at_once() {
    let broadcast = broadcast();
    let link = broadcast.link();
    let preset = Contribution { limits: Limits::preset(), ..Contribution::unrestricted(None) };
    let (giver, mut heard) = watch(&link, preset, 1);
    heard.units.recv().await.unwrap();
    let (_child, _sound) = watch(&link, Contribution::unrestricted(Some(0)), 2);
    let waiting = until(&giver, |s| s.position_ms > 3_000).await;
    assert_eq!((waiting.upload.reason, given(&waiting)), ("not_yet", 0));
    giver.set_limits(Limits::agreed(None)).await;
    until(&giver, |s| s.upload.reason == "lending" && given(s) > 20_000).await;
}
