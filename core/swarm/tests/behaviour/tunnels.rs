//! Nodes that are seen where nobody can dial them.

use std::time::Duration;

use manyhands_swarm::Role;

use super::net::{Net, copies};
use super::relays::places;

const SECOND: Duration = Duration::from_secs(1);

/// A viewer that has dialled another one, among eight; how often its address was told to others, and
/// which chunks it lacks.
fn guest(tunnelled: bool) -> (usize, Vec<u32>) {
    let mut net = Net::new();
    for _ in 0..8 {
        net.join(copies(3.0));
        net.run(SECOND / 2);
    }
    let guest = net.add(Role::Viewer, copies(1.5));
    if tunnelled {
        net.tunnel(guest);
    }
    net.dial(guest, 1);
    net.run(SECOND * 5);
    let from = net.edge();
    net.run(SECOND * 10);
    let told = net.said.iter().filter(|(_, to, m)| *to != guest && places(m, guest)).count();
    (told, net.missing(guest, from..=net.edge() - 2))
}

#[test]
fn one_whom_nobody_can_dial_is_fed_by_whom_it_has_dialled_and_told_to_nobody() {
    assert_eq!(guest(true), (0, Vec::new()));
    let (told, missing) = guest(false);
    assert!(told > 0, "others are: it would have been seen");
    assert_eq!(missing, Vec::<u32>::new());
}
