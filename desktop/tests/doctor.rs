//! `manyhands doctor` by its exit codes and its two ways of speaking, on this machine alone. What it
//! finds out of a network is the lab's to show.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::UdpSocket;
use std::process::{Command, Output};

fn doctor(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_manyhands"))
        .args(["doctor", "--listen", "127.0.0.1:0", "--no-local"])
        .args(arguments)
        .env_remove("MANYHANDS_LINK")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn with_nobody_to_ask_it_says_what_it_can_t_know_and_that_is_no_failure() {
    let output = doctor(&["--no-dht"]);
    assert_eq!(output.status.code(), Some(0));
    let said = said(&output);
    assert!(said.contains("I can't know how others see this machine"), "{said}");
    assert!(said.contains("  → Give the link"), "{said}");
}

#[test]
fn silence_outside_ends_with_4_and_scripts_read_it_on_one_line() {
    let mute = UdpSocket::bind("127.0.0.1:0").unwrap();
    let node = mute.local_addr().unwrap().to_string();
    let output = doctor(&["--json", "--dht-bootstrap", &node]);
    assert_eq!(output.status.code(), Some(4));
    let said = said(&output);
    let event: serde_json::Value = serde_json::from_str(said.trim_end()).unwrap();
    assert_eq!(event["event"], "doctor");
    assert_eq!((&event["udp"], &event["nat_kind"]), (&"no-answer".into(), &"unknown".into()));
    assert_eq!(event["dht"]["asked"], 1);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_damaged_link_ends_with_3() {
    let output = doctor(&["--no-dht", "nonsense"]);
    assert_eq!(output.status.code(), Some(3));
}
