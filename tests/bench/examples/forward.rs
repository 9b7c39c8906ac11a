//! What one forwarded piece costs: instructions (counted by callgrind), allocations, and which parts
//! take most of it. Prints one JSON object; ends with 1 when a target is missed, 77 without valgrind.
//!
//! `cargo run --release -p manyhands-bench --example forward`

// A measurement ends with a panic when nothing can be measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../forwarding/mod.rs"]
mod forwarding;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use bytes::Bytes;
use forwarding::{PIECES, Row, forward_one};
use manyhands_stream::RunView;
use manyhands_swarm::{Output, Piece, Swarm, Time};
use serde_json::{Value, json};

/// Chunks that are measured: 20 s of the stream.
const CHUNKS: u32 = 200;
/// Under callgrind everything takes fifty times as long.
const COUNTED_CHUNKS: u32 = 50;
/// Parts that are named.
const NAMED: usize = 3;
/// What a core has to forward, in bits a second (issue: "Must hold").
const VERIFIED_BPS: f64 = 250e6;
const UNVERIFIED_BPS: f64 = 1e9;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("verified") => return only(true),
        Some("unverified") => return only(false),
        _ => {}
    }
    let mut targets = serde_json::Map::new();
    let mut ok = true;
    for (name, verified, least) in
        [("verified_bps", true, VERIFIED_BPS), ("unverified_bps", false, UNVERIFIED_BPS)]
    {
        let bps = pace(verified);
        ok &= bps >= least;
        let met = bps >= least;
        targets.insert(name.into(), json!({"value": bps.round(), "target": least, "met": met}));
    }
    let allocations = allocations();
    targets.insert(
        "allocations".into(),
        json!({"value": allocations, "target": 0, "met": allocations == 0.0}),
    );
    ok &= allocations == 0.0;
    let (Some(with), Some(without)) = (count("verified"), count("unverified")) else {
        eprintln!("forward: valgrind is missing; install it with: apt-get install valgrind");
        return ExitCode::from(77);
    };
    let all = json!({"name": "forward", "ok": ok, "targets": targets, "verified": with, "unverified": without});
    println!("{}", serde_json::to_string_pretty(&all).unwrap());
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What callgrind looks at.
fn only(verified: bool) -> ExitCode {
    let mut row = Row::new();
    for _ in 0..COUNTED_CHUNKS {
        row.next_chunk(&mut |viewer, now, piece, view, outputs| {
            counted_piece(viewer, now, piece, verified.then_some(view), outputs)
        });
    }
    ExitCode::SUCCESS
}

/// Callgrind counts what happens in here.
#[inline(never)]
fn counted_piece(
    viewer: &mut Swarm,
    now: Time,
    piece: &Piece,
    verified: Option<(&mut RunView, &Bytes)>,
    outputs: &mut Vec<Output>,
) -> u64 {
    forward_one(viewer, now, piece, verified, outputs)
}

/// Bits a second that one core forwards, of what leaves.
fn pace(verified: bool) -> f64 {
    let mut row = Row::new();
    let (mut took, mut sent) = (Duration::ZERO, 0);
    for _ in 0..CHUNKS {
        sent += row.next_chunk(&mut |viewer, now, piece, view, outputs| {
            let start = Instant::now();
            let sent = forward_one(viewer, now, piece, verified.then_some(view), outputs);
            took += start.elapsed();
            sent
        });
    }
    assert!(sent > 0, "nothing was forwarded");
    sent as f64 * 8.0 / took.as_secs_f64()
}

/// Allocations for each piece in the steady state, without the verification.
fn allocations() -> f64 {
    let mut row = Row::new();
    let (mut count, mut pieces) = (0, 0);
    for _ in 0..CHUNKS {
        row.next_chunk(&mut |viewer, now, piece, _, outputs| {
            let mut sent = 0;
            count += measure(|| sent = forward_one(viewer, now, piece, None, outputs)).count_total;
            pieces += u64::from(sent > 0);
            sent
        });
    }
    count as f64 / pieces as f64
}

/// Instructions for each piece, and the functions that take most of them; `None` without valgrind.
fn count(mode: &str) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("callgrind");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted_piece*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .arg(mode)
        .output()
        .ok()?;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let listed = Command::new("callgrind_annotate")
        .args(["--threshold=100", "--tree=none", "--auto=no", "--inclusive=no"])
        .arg(&out)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&listed.stdout).replace(',', "");
    let lines: Vec<(f64, &str)> = text.lines().filter_map(cost).collect();
    let total = lines.iter().find(|(_, name)| name.contains("PROGRAM TOTALS"))?.0;
    let pieces = f64::from(COUNTED_CHUNKS * PIECES);
    let mut parts = BTreeMap::new();
    // A function's line names its file first.
    for (cost, name) in lines.iter().filter(|(_, name)| name.contains(':')) {
        *parts.entry(part(name)).or_insert(0.0) += cost;
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named = parts.iter().take(NAMED).map(|(name, cost)| {
        let share = (cost / total * 1000.0).round() / 1000.0;
        json!({"part": name, "instructions": (cost / pieces).round(), "share": share})
    });
    Some(json!({"instructions": (total / pieces).round(), "largest": named.collect::<Vec<_>>()}))
}

/// A line of `callgrind_annotate`: `  1234 (12.3%)  file:function [object]`.
fn cost(line: &str) -> Option<(f64, &str)> {
    let (number, rest) = line.trim_start().split_once(' ')?;
    Some((number.parse().ok()?, rest.trim_start().split_once(')').map_or(rest, |(_, r)| r.trim())))
}

/// Our own code by its functions, other crates as wholes: nobody knows their insides by name.
fn part(text: &str) -> String {
    let text = text.split(" [").next().unwrap_or(text);
    let name = text.rsplit_once(".rs:").map_or(text, |(_, function)| function);
    let name = name.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    if name.starts_with("manyhands_") || name.contains("forward") {
        return name.into();
    }
    name.split("::").next().unwrap_or(name).into()
}
