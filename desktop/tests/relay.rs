//! Relays as people run them: the ticket, the three programs together, and what each says when it
//! can't go on.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::{Running, path};

/// A relay with its ticket in a file, and a directory for everything.
struct Stage {
    dir: tempfile::TempDir,
    relay: Running,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let relay = relay(&dir, &[]);
        Self { dir, relay }
    }

    fn ticket(&self) -> String {
        format!("@{}", path(self.dir.path(), "ticket"))
    }

    fn broadcast(&self, options: &[&str]) -> Running {
        let (link, state) = (path(self.dir.path(), "link"), path(self.dir.path(), "live"));
        let live = ["broadcast", "--test-pattern", "--link-out", &link, "--state-dir", &state];
        Running::start(&[&live[..], &["--relay", &self.ticket()], options].concat())
    }
}

fn relay(dir: &tempfile::TempDir, options: &[&str]) -> Running {
    let (ticket, state) = (path(dir.path(), "ticket"), path(dir.path(), "relay"));
    let relay = ["relay", "--ticket-out", &ticket, "--state-dir", &state];
    let mut relay = Running::start(&[&relay[..], options].concat());
    relay.next(|e| e["event"] == "ready");
    relay
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_manyhands")).args(arguments).output().unwrap()
}

/// One line for a person, and a code for a script.
fn refused(output: &Output, code: i32, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.lines().count() == 1 && said.contains(word), "{said}");
}

#[test]
fn behind_a_shield_a_viewer_watches_by_the_relay_alone() {
    let mut stage = Stage::new();
    let mut broadcast = stage.broadcast(&["--shielded"]);
    let live = broadcast.next(|e| e["event"] == "live");
    assert_eq!(live["listen"], json!([]), "{live}");
    let link = format!("@{}", path(stage.dir.path(), "link"));
    let (film, state) = (path(stage.dir.path(), "film.mp4"), path(stage.dir.path(), "viewer"));
    let mut viewer = Running::start(&["watch", &link, "--output", &film, "--state-dir", &state]);
    viewer.next(|e| e["event"] == "first_frame");
    let watched = viewer.next(|e| e["event"] == "stats" && e["position_ms"].as_i64() > Some(0));
    assert_eq!(watched["from"]["origin"], 0, "{watched}");
    assert!(watched["from"]["peer"].as_u64() > Some(0), "{watched}");
    let carried =
        stage.relay.next(|e| e["event"] == "stats" && e["sent"]["media"].as_u64() > Some(0));
    assert_eq!((&carried["role"], &carried["depth"]), (&json!("relay"), &json!(0)), "{carried}");
    let own = broadcast.next(|e| e["event"] == "stats" && e["viewers"] == 1);
    assert_eq!((&own["peers"], &own["links"][0]["relay"]), (&json!(1), &json!(true)), "{own}");
}

#[test]
fn a_ticket_is_for_its_owner_alone_and_outlives_the_relay() {
    let stage = Stage::new();
    let file = stage.dir.path().join("ticket");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = fs::read_to_string(&file).unwrap();
    let said: String = stage.relay.seen.iter().map(Value::to_string).collect();
    assert!(!said.contains(&first), "{said}");
    let Stage { dir, relay: running } = stage;
    drop(running);
    // The port is asked for here, so only what the key is made of can be compared.
    let again = relay(&dir, &[]);
    let second = fs::read_to_string(&file).unwrap();
    assert_eq!(first[..60], second[..60]);
    drop(again);
    let renewed = relay(&dir, &["--new-ticket"]);
    let third = fs::read_to_string(&file).unwrap();
    assert_eq!(first[..44], third[..44], "the same relay");
    assert_ne!(first[44..60], third[44..60], "another permit");
    drop(renewed);
    let state = dir.path().join("relay").join("relay.json");
    assert_eq!(fs::metadata(state).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_a_file_the_ticket_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let state = path(dir.path(), "relay");
    let mut relay =
        Running::start(&["relay", "--state-dir", &state, "--public", "203.0.113.7:4433"]);
    let ready = relay.next(|e| e["event"] == "ready");
    assert_eq!(ready["listen"], json!(["203.0.113.7:4433"]));
    let ticket = ready["ticket"].as_str().unwrap().to_owned();
    relay.next(|e| e["event"] == "stats");
    let said = relay.seen.iter().filter(|e| e.to_string().contains(&ticket)).count();
    assert_eq!(said, 1);
}

#[test]
fn a_broadcast_that_no_relay_takes_is_not_live_and_says_so() {
    let stage = Stage::new();
    let ticket = stage.ticket();
    let Stage { dir, relay } = stage;
    drop(relay);
    let state = path(dir.path(), "live");
    let alone = ["broadcast", "--test-pattern", "--state-dir", &state, "--relay", &ticket];
    let output = run(&[&alone[..], &["--shielded", "--json"]].concat());
    refused(&output, 4, "you are not live");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("\"live\""));
}

#[test]
fn command_lines_that_ask_for_nothing_sensible_are_refused() {
    let film = ["broadcast", "--test-pattern"];
    let with = |options: &[&str]| run(&[&film[..], options].concat());
    refused(&with(&["--shielded"]), 2, "--relay");
    refused(&with(&["--relay", "oops"]), 3, "damaged");
    refused(&with(&["--relay", "@nowhere/ticket"]), 7, "nowhere/ticket");
    let link = "AQCgmkX0AAAA";
    refused(&with(&["--relay", link]), 3, "damaged");
    let peer = ["--shielded", "--relay", "x", "--peer", "192.0.2.1:7"];
    refused(&with(&peer), 2, "--peer");
    refused(&run(&["broadcast", "-", "--relay", "-"]), 2, "standard input");
    refused(&run(&["relay", "--peer", "192.0.2.1:7"]), 2, "--peer");
    refused(&run(&["relay", "--connections", "3"]), 2, "connections");
}
