//! The mark on a local network, and the item in the DHT.

use super::*;
use crate::{Entry, LanMark, Meeting, MeetingPoint, MeetingState, day_of};

/// 22:13:20 UTC, so that the day of item and mark is not that of the next hour.
const NOW: u64 = 1_700_000_000_000;

#[test]
fn lan_vectors_hold() {
    let mark = LanMark::new(&channel_key(), NOW, &mut rng());
    let hour = NOW / 3_600_000;
    for (hours, known) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let then = NOW.saturating_add_signed(hours * 3_600_000);
        assert_eq!(mark.is_of(&channel_key(), then), known);
    }
    let case = json!({ "channel": hex(channel_key().0), "hour": hour, "mark": hex(mark.bytes()) });
    settle("lan.json", "The mark in a service record of the local network.", json!([case]));
}

#[test]
fn meeting_vectors_hold() {
    let live = Meeting {
        state: MeetingState::Live,
        issued_ms: NOW,
        started_ms: NOW - 60_000,
        entries: vec![
            Entry { address: "192.0.2.7:4433".parse().unwrap(), node: [0xaa; 16] },
            Entry { address: "[2001:db8::1]:65535".parse().unwrap(), node: [0xbb; 16] },
        ],
    };
    let revoked = Meeting { state: MeetingState::Revoked, entries: Vec::new(), ..live.clone() };
    let cases = [live, revoked].map(|meeting| meeting_case(&meeting));
    let about = "The DHT item of one invitation on one day (BEP 44, mutable, no salt).";
    settle("meeting.json", about, cases.into_iter().collect());
}

fn meeting_case(meeting: &Meeting) -> Value {
    let day = day_of(meeting.issued_ms);
    let point = MeetingPoint::new(channel_key(), &Secret::new(S));
    let item = point.signer(&channel(), day).sign(meeting, &mut rng());
    assert_eq!(point.place(day), Some(item.place));
    assert_eq!(point.open(day, &item.value).as_ref(), Ok(meeting));
    let entries = meeting.entries.iter().map(|e| json!([e.address.to_string(), hex(e.node)]));
    json!({
        "channel_seed": hex(CHANNEL_SEED), "channel": hex(channel_key().0), "invite": hex(S),
        "day": day, "L": hex(point.secret().expose()),
        "f": hex(point.factor(day).expose().as_bytes()), "place": hex(item.place.0),
        "key": hex(point.key(day).expose()), "status": meeting.state as u8,
        "issued_ms": meeting.issued_ms, "started_ms": meeting.started_ms,
        "entries": entries.collect::<Vec<_>>(), "plain": hex(meeting.to_bytes()),
        "seq": item.seq, "value": hex(&item.value), "signature": hex(item.signature),
    })
}
