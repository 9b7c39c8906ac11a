//! A viewer to whom nothing came for three seconds: it is live again soon, and stays so (B29 of the
//! screens).

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use manyhands_session::{Event, Link, Stats, Watch, Watching};
use support::line::{Carries, Line};
use support::{LOOPBACK, PATIENCE, broadcast, feed, until, watch};
use tokio::time::interval;

/// How long nothing comes.
const SILENCE: Duration = Duration::from_secs(3);
/// From then on it is live.
const HEALED: Duration = Duration::from_secs(2);
/// So long it is looked at. (What came late stays 6 s and more among what the target is made of.)
const LOOKED_AT: Duration = Duration::from_secs(5);
/// A stall adds 300 ms to the target for ten seconds; the rest is what a glide may still lack.
const MORE_MS: i64 = 1_000;

/// Asks until the figures are as they should be.
async fn figures(viewer: &Watch, what: impl Fn(&Stats) -> bool) -> Stats {
    let (began, mut beat) = (Instant::now(), interval(Duration::from_millis(50)));
    loop {
        beat.tick().await;
        let stats = viewer.stats().await.unwrap();
        if what(&stats) {
            return stats;
        }
        assert!(began.elapsed() < PATIENCE, "it never came: {stats:?}");
    }
}

async fn is_live_after(carries: Carries) {
    let (broadcast, _events) = broadcast(LOOPBACK, None);
    let feeding = feed(&broadcast);
    let line = Line::to(broadcast.addresses()[0]).await;
    let link = Link { hints: vec![line.address], ..broadcast.link() };
    let (viewer, mut outputs) = watch(&link, 1);
    let playing = |event: &Event| (*event == Event::State(Watching::Playing)).then_some(());
    until(&mut outputs.events, playing).await;
    // Until it is calm.
    let calm = figures(&viewer, |s| s.uptime_ms > 7_000).await;
    let most_ms = calm.latency_ms.max(calm.target_ms).unwrap() + MORE_MS;
    line.set(carries);
    let cut = Instant::now();
    figures(&viewer, |_| cut.elapsed() >= SILENCE).await;
    line.set(Carries::All);
    let back = Instant::now();
    figures(&viewer, |_| back.elapsed() >= HEALED).await;
    figures(&viewer, |s| {
        assert!(s.latency_ms.unwrap() < most_ms, "{:?} of {most_ms} ms", s.latency_ms);
        assert!(s.target_ms.unwrap() < most_ms, "{:?} of {most_ms} ms", s.target_ms);
        assert_eq!(s.behind_ms, None);
        back.elapsed() >= LOOKED_AT
    })
    .await;
    feeding.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_three_seconds_is_live_within_two() {
    is_live_after(Carries::Nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_three_seconds_at_once_is_live_within_two() {
    is_live_after(Carries::Later).await;
}
