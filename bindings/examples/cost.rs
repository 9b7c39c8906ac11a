//! What a shell's calls cost on this machine: `push_video` and `next_video_unit` with pictures of
//! 20 kB, and how large the library is that phones load. Prints one JSON object; ends with 1 when a
//! target is missed.
//!
//! `cargo run --release -p manyhands-bindings --example cost [LIBRARY]`, where LIBRARY was built with
//! `cargo build -p manyhands-bindings --profile phone`.

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
const PUSH_US: f64 = 100.0;
const PULL_US: f64 = 1_000.0;
const LIBRARY_BYTES: u64 = 6_000_000;

/// Bytes that are copied: the unit once, and what keeps it together.
const COPIED_BYTES: u64 = UNIT as u64 + 256;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (push_us, copied, pull_us) = runtime.block_on(run());
    let mut targets = serde_json::Map::new();
    let mut target = |name: &str, value: Value, most: Value, met: bool| {
        targets.insert(name.into(), json!({"value": value, "target": most, "met": met}));
        met
    };
    let mut ok = target("push_p99_us", json!(push_us), json!(PUSH_US), push_us <= PUSH_US);
    ok &= target("push_bytes", json!(copied), json!(COPIED_BYTES), copied <= COPIED_BYTES);
    ok &= target("pull_p99_us", json!(pull_us), json!(PULL_US), pull_us <= PULL_US);
    if let Some(library) = std::env::args_os().nth(1) {
        let bytes = std::fs::metadata(library).expect("the library").len();
        ok &= target("library", json!(bytes), json!(LIBRARY_BYTES), bytes <= LIBRARY_BYTES);
    }
    println!("{}", json!({"name": "cost", "ok": ok, "targets": targets}));
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Microseconds of one push in a hundred, bytes that the largest push allocated, and microseconds
/// of one pull in a hundred when a picture waits.
async fn run() -> (f64, u64, f64) {
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
    let (mut pushes, mut copied, mut pulls) = (Vec::new(), 0, Vec::new());
    let mut beat = interval(Duration::from_micros(33_333));
    for n in 0..UNITS {
        beat.tick().await;
        let data = if n % GROUP == 0 { &key } else { &other };
        let times = Times { dts: n, pts: n, duration: 1 };
        let began = Instant::now();
        let AllocationInfo { bytes_total, .. } =
            measure(|| broadcaster.push_video(data, times).expect("room"));
        pushes.push(began.elapsed());
        copied = copied.max(bytes_total);
        // For four seconds pictures pile up; then each is pulled as fast as it goes.
        if n >= UNITS / 3 && n % (4 * 30) == 0 {
            pull_what_waits(&viewer, &mut pulls).await;
        }
    }
    viewer.stop();
    broadcaster.stop();
    (one_in_a_hundred(pushes), copied, one_in_a_hundred(pulls))
}

async fn pull_what_waits(viewer: &Viewer, pulls: &mut Vec<Duration>) {
    for _ in 0..60 {
        let began = Instant::now();
        let unit = timeout(PATIENCE, viewer.next_video_unit()).await.unwrap().unwrap();
        pulls.push(began.elapsed());
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

fn one_in_a_hundred(mut all: Vec<Duration>) -> f64 {
    all.sort_unstable();
    let at = (all.len() * 99).div_ceil(100).saturating_sub(1);
    all.get(at).expect("measured").as_secs_f64() * 1e6
}
