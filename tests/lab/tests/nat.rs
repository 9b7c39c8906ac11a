//! Each NAT kind of the lab with real UDP sockets: what destinations see, and who gets in.
//!
//! Where namespaces aren't permitted each test says so in a line and counts as passed; with
//! `MANYHANDS_LAB_REQUIRED` set it fails instead, so that a CI that should have run them did.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests ends the test by panicking"
)]

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use manyhands_lab::{Kind, Lab, LabError, Line};

/// Datagrams cross the emulator in under a millisecond; what isn't there by then was not let in.
const SILENCE: Duration = Duration::from_millis(300);

/// A host behind a NAT, and sockets of others: two on one host, one on another.
struct Scene {
    _lab: Lab,
    subject: UdpSocket,
    others: [UdpSocket; 3],
}

fn scene(kind: Kind) -> Option<Scene> {
    let mut lab = Lab::new(1).expect("an emulator without hosts");
    for (name, kind) in [("subject", kind), ("near", Kind::Open), ("far", Kind::Open)] {
        match lab.add_behind(kind, name, Line::default()) {
            Ok(_) => {}
            Err(error @ LabError::NotPermitted { .. }) => {
                assert!(std::env::var_os("MANYHANDS_LAB_REQUIRED").is_none(), "{error}");
                eprintln!("1 skipped: {error}");
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let socket = |host| {
        let socket = lab.host(host).expect("a host").udp().expect("a socket");
        socket.set_read_timeout(Some(SILENCE)).expect("a timeout");
        socket
    };
    let (subject, others) = (socket(0), [socket(1), socket(1), socket(2)]);
    Some(Scene { _lab: lab, subject, others })
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("bound")
}

/// Who sends to `to` and is heard there.
fn hear(socket: &UdpSocket) -> BTreeSet<SocketAddr> {
    let mut heard = BTreeSet::new();
    let mut buffer = [0; 16];
    while let Ok((_, from)) = socket.recv_from(&mut buffer) {
        heard.insert(from);
    }
    heard
}

#[test]
fn destinations_see_what_the_mapping_says() {
    for kind in Kind::ALL {
        let Some(scene) = scene(kind) else { return };
        let mut seen = BTreeSet::new();
        for other in &scene.others {
            scene.subject.send_to(b"out", address(other)).expect("sent");
            let mut buffer = [0; 16];
            seen.insert(other.recv_from(&mut buffer).expect("it goes out").1);
        }
        let symmetric = matches!(kind, Kind::SymmetricCounting | Kind::SymmetricRandom);
        assert_eq!(seen.len(), if symmetric { 3 } else { 1 }, "{kind:?}: {seen:?}");
        let own = address(&scene.subject);
        assert_eq!(seen.contains(&own), kind == Kind::Open, "{kind:?}: {own} of {seen:?}");
    }
}

#[test]
fn those_get_in_whom_the_filter_names() {
    for kind in Kind::ALL {
        let Some(scene) = scene(kind) else { return };
        let [friend, same_host, stranger] = &scene.others;
        scene.subject.send_to(b"out", address(friend)).expect("sent");
        let mut buffer = [0; 16];
        let seen = friend.recv_from(&mut buffer).expect("it goes out").1;
        for other in &scene.others {
            other.send_to(b"in", seen).expect("sent");
        }
        let expected: BTreeSet<SocketAddr> = match kind {
            Kind::Open | Kind::FullCone => vec![friend, same_host, stranger],
            Kind::AddressRestricted => vec![friend, same_host],
            _ => vec![friend],
        }
        .into_iter()
        .map(address)
        .collect();
        assert_eq!(hear(&scene.subject), expected, "{kind:?}");
    }
}

#[test]
fn no_kind_carries_a_packet_back_to_its_own_outside_address() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Open) {
        let Some(scene) = scene(kind) else { return };
        let friend = &scene.others[0];
        scene.subject.send_to(b"out", address(friend)).expect("sent");
        let mut buffer = [0; 16];
        let seen = friend.recv_from(&mut buffer).expect("it goes out").1;
        scene.subject.send_to(b"round", seen).expect("sent");
        assert_eq!(hear(&scene.subject), BTreeSet::new(), "{kind:?}");
    }
}
