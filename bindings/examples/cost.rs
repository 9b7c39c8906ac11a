//! What a shell's calls cost on this machine: `push_video` and `next_video_unit` with pictures of
//! 20 kB, and how large the library is that phones load. Prints one JSON object; ends with 1 when a
//! target is missed.
//!
//! `cargo run --release -p manyhands-bindings --example cost [LIBRARY]`, where LIBRARY was built with
//! `cargo rustc -p manyhands-bindings --lib --crate-type cdylib --profile phone`.

// A measurement ends with a panic when nothing can be measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use manyhands_bindings::{Broadcaster, Framing, GoLive, Times, VideoTrack, Viewer};
use serde_json::{Value, json};
use support::shell::{PATIENCE, go_live, join, silent};
use tokio::time::{interval, timeout};

/// A picture of 5 Mbit/s at 30 a second.
const UNIT: usize = 20_000;
/// Twenty seconds of it.
const UNITS: i64 = 600;
const GROUP: i64 = 30;
/// What may be missed by one in a hundred, and what the library may take.
const PUSH_US: u64 = 100;
const PULL_US: u64 = 1_000;
const LIBRARY_BYTES: u64 = 6_000_000;

/// Bytes that a push takes of the heap: the unit once, where the core keeps it, and what holds it
/// together. Crossing the border copies nothing.
const KEPT_BYTES: u64 = UNIT as u64 + 256;
/// At most: now and then the queue takes a block of its own. A second copy would be more.
const MOST_BYTES: u64 = 2 * UNIT as u64 - 1;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Costs { pushes, kept, pulls } = runtime.block_on(run());
    let mut targets = serde_json::Map::new();
    let mut target = |name: &str, value: Value, most: Value, met: bool| {
        targets.insert(name.into(), json!({"value": value, "target": most, "met": met}));
        met
    };
    let (push, pull) = (part(&pushes, 99), part(&pulls, 99));
    let mut ok = target("push_p99_us", json!(push), json!(PUSH_US), push <= PUSH_US);
    let (usual, most) = (part(&kept, 50), part(&kept, 100));
    ok &= target("push_bytes", json!(usual), json!(KEPT_BYTES), usual <= KEPT_BYTES);
    ok &= target("push_bytes_most", json!(most), json!(MOST_BYTES), most <= MOST_BYTES);
    ok &= target("pull_p99_us", json!(pull), json!(PULL_US), pull <= PULL_US);
    if let Some(library) = std::env::args_os().nth(1) {
        let bytes = std::fs::metadata(library).expect("the library").len();
        ok &= target("library", json!(bytes), json!(LIBRARY_BYTES), bytes <= LIBRARY_BYTES);
    }
    let spread = |all| [50, 90, 99, 100].map(|percent| part(all, percent));
    let figures = json!({"push_us": spread(&pushes), "pull_us": spread(&pulls)});
    println!(
        "{}",
        json!({"name": "cost", "ok": ok, "targets": targets, "p50_p90_p99_max": figures})
    );
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What each call took, in order of size.
struct Costs {
    /// Microseconds.
    pushes: Vec<u64>,
    /// Bytes of the heap.
    kept: Vec<u64>,
    /// Microseconds when a picture waits.
    pulls: Vec<u64>,
}

async fn run() -> Costs {
    let film = support::film(1);
    let track = VideoTrack {
        timescale: 30,
        bitrate: UNIT as u32 * 8 * 30,
        rotation: 0,
        framing: Framing::StartCodes,
    };
    let options = GoLive { video: Some(track), audio: None, ..go_live(&silent()) };
    let broadcaster = Broadcaster::go_live(options).unwrap();
    broadcaster.set_parameter_sets(film[0].sets.clone()).unwrap();
    let viewer = join(broadcaster.link());
    let key = picture(&film[0].units[0].data);
    let other = picture(&film[0].units[1].data);
    let (mut pushes, mut kept, mut pulls) = (Vec::new(), Vec::new(), Vec::new());
    let mut beat = interval(Duration::from_micros(33_333));
    for n in 0..UNITS {
        beat.tick().await;
        let data = if n % GROUP == 0 { &key } else { &other };
        let times = Times { dts: n, pts: n, duration: 1 };
        let began = Instant::now();
        let AllocationInfo { bytes_total, .. } =
            measure(|| broadcaster.push_video(data, times).expect("room"));
        pushes.push(began.elapsed().as_micros() as u64);
        kept.push(bytes_total);
        // For four seconds pictures pile up; then each is pulled as fast as it goes.
        if n >= UNITS / 3 && n % (4 * 30) == 0 {
            pull_what_waits(&viewer, &mut pulls).await;
        }
    }
    viewer.stop();
    broadcaster.stop();
    for all in [&mut pushes, &mut kept, &mut pulls] {
        all.sort_unstable();
    }
    Costs { pushes, kept, pulls }
}

async fn pull_what_waits(viewer: &Viewer, pulls: &mut Vec<u64>) {
    for _ in 0..60 {
        let began = Instant::now();
        let unit = timeout(PATIENCE, viewer.next_video_unit()).await.unwrap().unwrap();
        pulls.push(began.elapsed().as_micros() as u64);
        assert_eq!(unit.expect("a picture").data.len(), UNIT);
    }
}

/// The first slice of a picture, filled up to the size, behind a start code.
fn picture(unit: &[u8]) -> Vec<u8> {
    let mut data = unit.to_vec();
    data.splice(..4, [0, 0, 0, 1]);
    // No byte of it looks like a start code.
    data.resize(UNIT, 0xa5);
    data
}

/// What this many in a hundred stay under.
fn part(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    *sorted.get(at).expect("measured")
}
