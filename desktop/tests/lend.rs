//! The program as people run it: what holds lending a hand back is said, acted on and counted.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// What a ledger may say too much after one crash (`manyhands_policy::MOST_OVERCOUNTED`).
const MOST_OVERCOUNTED: u64 = (4 << 20) + (256 << 10);
/// What this little stream lets a viewer acknowledge between two looks.
const A_LITTLE: u64 = 200_000;

/// The program, its events, and its end when the test ends.
struct Running {
    process: Child,
    events: Lines<BufReader<ChildStdout>>,
    seen: Vec<Value>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_manyhands"))
            .args(arguments)
            .args(["--json", "--listen", "127.0.0.1:0", "--duration", "60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let events = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, events, seen: Vec::new() }
    }

    /// The next event that fits.
    fn next(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.events.next().expect("it goes on").unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            self.seen.push(event.clone());
            if fits(&event) {
                return event;
            }
        }
    }

    /// What was said of lending a hand, now or before.
    fn notice(&mut self) -> Value {
        let fits = |e: &Value| e["event"] == "notice" && e["kind"] == "lending";
        match self.seen.iter().find(|e| fits(e)) {
            Some(notice) => notice.clone(),
            None => self.next(fits),
        }
    }

    /// The next figures of lending that the ledger has a part in.
    fn upload(&mut self) -> Value {
        let counted = |e: &Value| e["event"] == "stats" && e["upload"]["used_today"].is_u64();
        self.next(counted)["upload"].clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
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

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
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
        let upload = viewer.upload();
        let told = (upload["limit_bps"].as_u64(), upload["reason"].as_str());
        assert_eq!(told, (Some(limit), Some(reason)), "{options:?}");
        if reason != "ready" {
            let notice = viewer.notice();
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
        let first = used(&viewer.upload());
        let most = before + if before > 0 { MOST_OVERCOUNTED } else { 0 } + A_LITTLE;
        assert!((before..=most).contains(&first), "{first} after {before}");
        viewer.next(|e| e["event"] == "stats" && e["position_ms"].as_i64() > Some(0));
        let upload = viewer.upload();
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
