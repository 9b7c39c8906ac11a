use super::*;
use crate::{Contact, NodeId, PieceId};

fn contact(n: u8) -> Contact {
    Contact { node: NodeId([n; 16]), address: ([10, 0, 0, n], 4_000).into() }
}

fn samples() -> Vec<Message> {
    let path = Path(vec![Hop { id: 7, room: 3 }, Hop { id: u64::MAX, room: 0 }]);
    let six = Contact { node: NodeId([9; 16]), address: "[2001:db8::1]:443".parse().unwrap() };
    let start = vec![Start { track: 0, chunk: 70_000, end: 70_007 }];
    vec![
        Message::Join(Join { attempt: 2 }),
        Message::JoinReply(JoinReply {
            greeters: vec![contact(1), six],
            me_too: true,
            start: start.clone(),
            need: vec![3],
            spare: vec![900, 0, 4_000],
            viewers: 12,
        }),
        Message::Greet(Greet {
            token: u64::MAX,
            index: 1,
            of: 5,
            wants: vec![Want { track: 0, missing: 255, homes: 4, fan: 12 }],
            start,
            shares: vec![0b1010_0001],
        }),
        Message::Attach(Attach {
            token: 1,
            track: 0,
            substream: 3,
            who: Some(contact(2)),
            fan: 3,
            flags: Flags::EMERGENCY.with(Flags::LIFEBOAT),
            ttl: 4,
            from: Some(9),
            climb: 0,
            seen: vec![1, u64::MAX],
        }),
        Message::Accept(Accept {
            token: 1,
            track: 0,
            substream: 3,
            temporary: false,
            path: path.clone(),
            newest: Some(8),
            root: Some(contact(1)),
        }),
        Message::PathUpdate(PathUpdate { track: 1, substream: 0, path, root: None }),
        Message::Digest(Digest {
            tracks: vec![TrackDigest {
                track: 0,
                from: 5,
                to: 40,
                masks: vec![255, 3],
                free: 1,
                depths: vec![1, 2, 255].into(),
            }],
            spare_kbps: 900,
            busy: false,
        }),
        Message::Introduce(Introduce { node: NodeId([3; 16]), forecast: None }),
        Message::Meet(Meet {
            token: Token([5; 16]),
            who: contact(3),
            forecast: Some(crate::Forecast { next: 40_000, step: 1 }),
            asked: true,
        }),
        Message::Ready(Ready { token: Token([5; 16]), forecast: None }),
        Message::Pull(Pull { track: 0, pieces: vec![Wanted { chunk: 9, at: 0x35 }], gap: true }),
    ]
}

#[test]
fn every_message_comes_back_as_it_was_sent() {
    for message in samples() {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        assert_eq!(Message::decode(&bytes), Ok(message));
    }
}

#[test]
fn a_cut_frame_is_an_error_and_never_a_panic() {
    for message in samples() {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        for end in 0..bytes.len() {
            assert!(Message::decode(&bytes[..end]).is_err(), "{message:?} cut at {end}");
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut bent = bytes.clone();
                bent[at] ^= flip;
                let _ = Message::decode(&bent);
            }
        }
    }
}

#[test]
fn a_type_of_a_later_version_is_skipped() {
    assert_eq!(Message::decode(&[0x40, 0x5e, 1, 0]), Ok(Message::Unknown { kind: 0x5e }));
}

#[test]
fn a_key_of_a_later_version_is_skipped() {
    // {0: 1, 9: "new"}
    let body = [0xa2, 0, 1, 9, 0x63, b'n', b'e', b'w'];
    assert_eq!(Message::decode_body(0x40, &body), Ok(Message::Join(Join { attempt: 1 })));
}

#[test]
fn an_oversize_message_is_refused_before_it_is_read() {
    let body = vec![0; MAX_MESSAGE_BYTES + 1];
    assert_eq!(Message::decode_body(0x40, &body), Err(MessageError::TooLong(body.len())));
}

#[test]
fn the_short_name_of_a_piece_keeps_all_of_it() {
    let id = PieceId { track: 3, chunk: 1 << 30, substream: 16, part: 15 };
    assert_eq!(Wanted::new(&id).id(3), id);
}
