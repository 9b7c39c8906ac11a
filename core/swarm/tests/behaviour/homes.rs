//! Where a viewer serves, by what the origin's sums say.

use std::time::Duration;

use manyhands_swarm::message::{Accept, Hop, Path, Status, TrackStatus};
use manyhands_swarm::{Config, Message, PeerIndex, PeerInfo, Role, Swarm, Time};

use super::net::{TRACK, copies, name, piece};
use super::slots::said;

/// Where a viewer that the origin feeds in all substreams has served within a minute of the same sums.
fn homes(viewers: u32, slack: [u32; 4], allowance: f64) -> Vec<bool> {
    let seconds = serves(|_| viewers, slack, allowance);
    (0..4).map(|lane| seconds.iter().any(|served| served[lane])).collect()
}

/// Where it serves in each second of a minute.
fn serves(viewers: impl Fn(u32) -> u32, slack: [u32; 4], allowance: f64) -> Vec<Vec<bool>> {
    let mut viewer = Swarm::new(Config::new(Role::Viewer, name(9), 3));
    let mut now = Time::ZERO;
    viewer.handle_allowance(now, copies(allowance));
    viewer.handle_tracks(now, &[TRACK]);
    let address = ([203, 0, 113, 1], 4_000).into();
    let (dialled, origin, dialable, hidden) = (true, true, true, false);
    let info = PeerInfo { node: name(0), address, dialled, origin, dialable, hidden };
    viewer.handle_connected(now, PeerIndex(0), info);
    let mut served = Vec::new();
    for second in 0..60 {
        // It takes whoever accepts what it has asked for.
        for (_, message) in said(&mut viewer) {
            if let Message::Attach(ask) = message {
                let path = Path(vec![Hop { id: name(0).short(), room: u16::MAX }]);
                let (token, track, substream) = (ask.token, ask.track, ask.substream);
                let accept = Accept {
                    token,
                    track,
                    substream,
                    temporary: false,
                    path,
                    newest: None,
                    root: None,
                };
                viewer.handle_message(now, PeerIndex(0), Message::Accept(accept));
            }
        }
        for tick in 0..10 {
            let chunk = second * 10 + tick;
            for substream in 0..4 {
                viewer.handle_piece(now, PeerIndex(0), &piece(chunk, substream), false);
            }
            now = now + Duration::from_millis(100);
            viewer.handle_timeout(now);
        }
        let tracks = vec![TrackStatus { track: 0, slack: slack.to_vec() }];
        let (number, viewers) = (second + 1, viewers(second));
        let status = Status { number, viewers, ratio_permille: 1_500, tracks };
        viewer.handle_message(now, PeerIndex(0), Message::Status(status));
        served.push(viewer.stats().lanes.iter().map(|lane| lane.home).collect());
    }
    served
}

#[test]
fn a_substream_that_lacks_slots_gets_one_more_server() {
    let scarce = homes(12, [9, 9, 9, 0], 3.0);
    let enough = homes(12, [9, 9, 9, 9], 3.0);
    assert!(scarce[3] && !enough[3], "{scarce:?} {enough:?}");
}

#[test]
fn in_a_large_audience_and_without_slots_to_spare_nobody_moves() {
    assert!(!homes(1_000, [9, 9, 9, 0], 3.0)[3]);
    assert!(!homes(12, [9, 9, 9, 0], 0.4)[3]);
}

#[test]
fn who_serves_in_fewer_substreams_as_more_come_stays_where_slots_are_lacking() {
    let seconds = serves(|second| if second < 20 { 2 } else { 12 }, [9, 9, 9, 0], 1.5);
    assert_eq!(seconds[15], [true; 4], "two give each other what they can");
    assert_eq!(seconds[55], [false, false, false, true], "{seconds:?}");
}
