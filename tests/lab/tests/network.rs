//! The network is what was asked for: delay, loss, order and rates, measured by plain UDP probes.
//!
//! Where namespaces aren't permitted each test says so in a line and counts as passed; with
//! `MANYHANDS_LAB_REQUIRED` set it fails instead, so that a CI that should have run them did.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests ends the test by panicking"
)]

use std::time::Duration;

use manyhands_lab::probe::{self, Flow};
use manyhands_lab::{Lab, LabError, Line, Link};

/// A lab with one host per line, or nothing where labs aren't permitted.
fn lab(seed: u64, lines: &[Line]) -> Option<Lab> {
    let mut lab = Lab::new(seed).expect("an emulator without hosts");
    for (number, line) in lines.iter().enumerate() {
        match lab.add(&format!("h{number}"), *line) {
            Ok(_) => {}
            Err(error @ LabError::NotPermitted { .. }) => {
                assert!(std::env::var_os("MANYHANDS_LAB_REQUIRED").is_none(), "{error}");
                eprintln!("1 skipped: {error}");
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    Some(lab)
}

#[test]
fn round_trips_take_the_time_asked_for() {
    for asked in [4, 40, 200] {
        let line = Line::new(Duration::from_millis(asked), 0.0);
        let Some(lab) = lab(1, &[line, line]) else { return };
        let times = probe::round_trips(&lab, 0, 1, 21).expect("probes");
        assert_eq!(times.len(), 21);
        // The fastest: what the others take beyond it is the machine's. `manyhands-lab emulator`
        // measures that, and says how busy the machine was.
        let least = times.iter().min().expect("a probe").as_secs_f64() * 1000.0;
        let asked = asked as f64;
        println!("asked {asked} ms, fastest {least:.2} ms");
        assert!((asked..=asked * 1.05 + 1.0).contains(&least), "asked {asked}, took {least} ms");
    }
}

#[test]
fn the_asked_share_is_lost_and_the_seed_says_which() {
    let line = Line::new(Duration::from_millis(10), 0.02);
    let flow = Flow { from: 0, to: 1, rate: 20_000_000 };
    let mut lost = Vec::new();
    for seed in [5, 5, 6] {
        let Some(lab) = lab(seed, &[line, line]) else { return };
        let flown = probe::fly(&lab, &[flow], Duration::from_secs(2)).expect("probes").remove(0);
        // Four standard deviations of a binomial: one wrong alarm in 16,000 seeds; these are fixed.
        let expected = flown.sent as f64 * 0.02;
        let bound = 4.0 * (expected * 0.98).sqrt();
        let got = flown.lost().len() as f64;
        println!("seed {seed}: {got} of {} lost, {expected} ± {bound:.0} expected", flown.sent);
        assert!((got - expected).abs() <= bound);
        let traffic = lab.traffic(0).expect("a host");
        assert_eq!(traffic.lost, flown.lost().len() as u64, "only the line loses packets");
        lost.push(flown.lost());
    }
    assert_eq!(lost[0], lost[1], "the same seed loses the same packets");
    assert_ne!(lost[0], lost[2], "another seed loses others");
}

#[test]
fn an_uplink_sends_its_rate_and_no_more() {
    let rate = 5_000_000;
    let up = Link { rate: Some(rate), ..Link::default() };
    let Some(lab) = lab(1, &[Line { up, ..Line::default() }, Line::default()]) else { return };
    let flow = Flow { from: 0, to: 1, rate: 8_000_000 };
    let flown = probe::fly(&lab, &[flow], Duration::from_secs(3)).expect("probes").remove(0);
    println!("asked {rate}, received {:.0} bit/s", flown.received_bps);
    assert!((flown.received_bps / rate as f64 - 1.0).abs() <= 0.03);
    let busiest = lab.traffic(0).expect("a host").busiest_window(1) * 8;
    assert!(busiest as f64 <= rate as f64 * 1.03, "{busiest} bits in one second");
}

#[test]
fn a_downlink_takes_its_rate_from_all_senders_together() {
    let rate = 6_000_000;
    let down = Link { rate: Some(rate), ..Link::default() };
    let narrow = Line { down, ..Line::default() };
    let Some(lab) = lab(1, &[narrow, Line::default(), Line::default()]) else { return };
    let flows = [1, 2].map(|from| Flow { from, to: 0, rate: 5_000_000 });
    let flown = probe::fly(&lab, &flows, Duration::from_secs(3)).expect("probes");
    let sum: f64 = flown.iter().map(|flown| flown.received_bps).sum();
    println!("asked {rate}, received {sum:.0} bit/s");
    assert!((sum / rate as f64 - 1.0).abs() <= 0.03);
    assert!(lab.traffic(0).expect("a host").queue_full_down > 0);
}

#[test]
fn the_kernel_and_the_emulator_count_the_same_bytes() {
    let Some(lab) = lab(1, &[Line::default(), Line::default()]) else { return };
    let flow = Flow { from: 0, to: 1, rate: 10_000_000 };
    let flown = probe::fly(&lab, &[flow], Duration::from_secs(1)).expect("probes").remove(0);
    let counted = lab.host(0).expect("a host").sent_bytes().expect("a counter");
    assert_eq!(counted, lab.traffic(0).expect("a host").sent_bytes);
    assert!(counted >= flown.sent * (probe::PAYLOAD + probe::HEADERS) as u64);
    assert!(lab.effort().expect("an emulator").longest <= 1514, "no offload is left on");
}

#[test]
fn a_blocked_pair_hears_nothing_and_others_everything() {
    let Some(lab) = lab(1, &[Line::default(); 3]) else { return };
    lab.set_blocked(0, 2, true).expect("two hosts");
    assert_eq!(probe::round_trips(&lab, 0, 2, 1).expect("probes").len(), 0);
    assert_eq!(probe::round_trips(&lab, 0, 1, 3).expect("probes").len(), 3);
    assert_eq!(probe::round_trips(&lab, 1, 2, 3).expect("probes").len(), 3);
    lab.set_blocked(0, 2, false).expect("two hosts");
    assert_eq!(probe::round_trips(&lab, 0, 2, 3).expect("probes").len(), 3);
}

#[test]
fn labs_stand_side_by_side() {
    let line = Line::new(Duration::from_millis(8), 0.0);
    let labs: Option<Vec<Lab>> = (0..3).map(|seed| lab(seed, &[line, line])).collect();
    for lab in labs.into_iter().flatten() {
        assert_eq!(probe::round_trips(&lab, 0, 1, 5).expect("probes").len(), 5);
    }
}
