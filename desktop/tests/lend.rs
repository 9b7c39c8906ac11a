//! The program as people run it: what holds lending a hand back is said, acted on and counted.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use support::{Running, path};

/// What a ledger may say too much after one crash (`manyhands_policy::MOST_OVERCOUNTED`).
const MOST_OVERCOUNTED: u64 = (4 << 20) + (256 << 10);
/// What this little stream lets a viewer acknowledge between two looks.
const A_LITTLE: u64 = 200_000;

/// What was said of lending a hand, now or before.
fn notice(viewer: &mut Running) -> Value {
    let fits = |e: &Value| e["event"] == "notice" && e["kind"] == "lending";
    match viewer.seen.iter().find(|e| fits(e)) {
        Some(notice) => notice.clone(),
        None => viewer.next(fits),
    }
}

/// The next figures of lending that the ledger has a part in.
fn upload(viewer: &mut Running) -> Value {
    let counted = |e: &Value| e["event"] == "stats" && e["upload"]["used_today"].is_u64();
    viewer.next(counted)["upload"].clone()
}

/// A broadcast and a place for everything.
struct Stage {
    dir: tempfile::TempDir,
    _broadcast: Running,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (link, state) = (path(dir.path(), "link"), path(dir.path(), "live"));
        let live = ["broadcast", "--test-pattern", "--link-out", &link, "--state-dir", &state];
        let mut broadcast = Running::start(&live);
        broadcast.next(|e| e["event"] == "live");
        Self { dir, _broadcast: broadcast }
    }

    fn watch(&self, options: &[&str]) -> Running {
        let link = format!("@{}", path(self.dir.path(), "link"));
        let (film, state) = (path(self.dir.path(), "film.mp4"), path(self.dir.path(), "state"));
        let watch = ["watch", &link, "--output", &film, "--state-dir", &state];
        Running::start(&[&watch[..], options].concat())
    }

    fn ledger(&self) -> PathBuf {
        self.dir.path().join("state").join("ledger")
    }
}

#[test]
fn what_holds_lending_back_is_said_and_acted_on() {
    let stage = Stage::new();
    for (options, limit, reason) in [
        (&["--metered"][..], 0, "mobile"),
        (&["--metered", "--budget", "50M"], 4_000_000, "ready"),
        (&["--metered", "--budget", "0"], 0, "daily_limit"),
        (&["--budget", "50M", "--budget", "10k/month"], 0, "monthly_limit"),
        (&["--on-battery"], 2_000_000, "half_battery"),
        (&["--on-battery", "19"], 0, "battery_low"),
        (&[], 4_000_000, "ready"),
    ] {
        let mut viewer = stage.watch(&[&["--upload-limit", "4M"], options].concat());
        let upload = upload(&mut viewer);
        let told = (upload["limit_bps"].as_u64(), upload["reason"].as_str());
        assert_eq!(told, (Some(limit), Some(reason)), "{options:?}");
        if reason != "ready" {
            let notice = notice(&mut viewer);
            assert!(notice["message"].as_str().unwrap().contains("hand"), "{notice}");
        }
    }
}

#[test]
fn what_was_given_today_is_known_after_the_program_was_killed() {
    let stage = Stage::new();
    let mut before = 0;
    for _ in 0..3 {
        let mut viewer = stage.watch(&[]);
        let used = |upload: &Value| upload["used_today"].as_u64().unwrap();
        let first = used(&upload(&mut viewer));
        let most = before + if before > 0 { MOST_OVERCOUNTED } else { 0 } + A_LITTLE;
        assert!((before..=most).contains(&first), "{first} after {before}");
        viewer.next(|e| e["event"] == "stats" && e["position_ms"].as_i64() > Some(0));
        let upload = upload(&mut viewer);
        before = used(&upload);
        assert!(before >= first && upload["used_month"].as_u64().unwrap() >= before, "{upload}");
        // Dropped, so killed: not a word to anybody, nor to the ledger.
        drop(viewer);
        assert!(stage.ledger().exists());
    }
}

#[test]
fn a_budget_that_is_none_ends_with_one_line() {
    let refused = Command::new(env!("CARGO_BIN_EXE_manyhands"))
        .args(["watch", "LINK", "--budget", "5M/week"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.lines().count() == 1 && said.contains("20G/month"), "{said}");
}
