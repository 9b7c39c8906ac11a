//! The state machine's forwarding with and without the check of signatures, I/O left out:
//! `cargo bench -p manyhands-bench --bench forward`. Throughput is of bytes that leave.

#![allow(clippy::expect_used, missing_docs, reason = "a bench has no other way to fail")]

#[path = "../forwarding/mod.rs"]
mod forwarding;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use forwarding::{PIECES, Row, forward_one};

fn forward(c: &mut Criterion) {
    let mut group = c.benchmark_group("forward");
    // A chunk of eight pieces of 2.7 KB, each to one child.
    group.throughput(Throughput::Bytes(u64::from(PIECES) * 2_700));
    for (name, verified) in [("verified", true), ("unverified", false)] {
        group.bench_function(name, |bench| {
            let mut row = Row::new();
            bench.iter_custom(|chunks| {
                let mut took = Duration::ZERO;
                for _ in 0..chunks {
                    row.next_chunk(&mut |viewer, now, piece, view, outputs| {
                        let start = Instant::now();
                        let sent =
                            forward_one(viewer, now, piece, verified.then_some(view), outputs);
                        took += start.elapsed();
                        sent
                    });
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
