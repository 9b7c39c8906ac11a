//! The program as others start it: it ends with whoever did, if it is told to.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use support::{Running, path};

/// Half a second until it looks, two for its farewell, and a busy machine; well below its own end after
/// a minute.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn it_leaves_when_its_parent_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let state = path(dir.path(), "state");
    let live = ["broadcast", "--test-pattern", "--with-parent", "--state-dir", &state];
    let mut program = Running::start_by_a_shell(&live);
    program.next(|e| e["event"] == "live");
    let killed = Instant::now();
    program.process.kill().unwrap();
    // Its standard output ends with it.
    for line in program.events.by_ref() {
        line.unwrap();
    }
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
}
