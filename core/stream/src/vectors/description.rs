//! Certificates, rosters, heads.

use super::*;
use crate::{
    Cert, CertFields, EpochKeys, Head, HeadFields, HeadSealed, HeadState, MemberSecret, PublicKey,
    RETIRED_STARTED_MS, Roster, RosterPlan, TrackInfo, TrackSealed,
};

#[test]
fn cert_vectors_hold() {
    let fields = CertFields {
        private: true,
        veiled: false,
        retired: false,
        channel: channel_key(),
        broadcaster: broadcaster().verifying_key().into(),
        exchange: [0x77; 32],
        run: RUN,
        broadcast: 5,
        started_ms: 1_700_000_000_000,
        expires_ms: 1_700_086_400_000,
    };
    let retired = CertFields {
        private: false,
        retired: true,
        broadcaster: PublicKey([0; 32]),
        exchange: [0; 32],
        run: RunId([0; 16]),
        broadcast: 0,
        started_ms: RETIRED_STARTED_MS,
        expires_ms: RETIRED_STARTED_MS,
        ..fields.clone()
    };
    let long = CertFields { expires_ms: fields.expires_ms + 1, ..fields.clone() };
    let mut cases: Vec<Value> = [fields, retired].into_iter().map(cert_case).collect();
    let long = Cert::issue(&channel(), long);
    let mut forged = long.bytes().to_vec();
    forged[201] ^= 1;
    for (bytes, why) in [(long.bytes().to_vec(), "over a day"), (forged, "signature")] {
        let accepted = Cert::parse(&bytes).is_ok_and(|c| c.verify(&channel_key()).is_ok());
        assert!(!accepted);
        cases.push(json!({ "bytes": hex(bytes), "refused": why }));
    }
    settle("cert.json", "CERT, signed by the channel's key.", cases.into());
}

fn cert_case(fields: CertFields) -> Value {
    let cert = Cert::issue(&channel(), fields);
    Cert::parse(cert.bytes()).unwrap().verify(&channel_key()).unwrap();
    let f = cert.fields();
    json!({
        "channel_seed": hex(CHANNEL_SEED), "A": hex(f.channel.0), "B": hex(f.broadcaster.0),
        "X": hex(f.exchange), "run": hex(f.run.0), "private": f.private, "veiled": f.veiled,
        "retired": f.retired, "broadcast": f.broadcast, "started_ms": f.started_ms.to_string(),
        "expires_ms": f.expires_ms.to_string(), "bytes": hex(cert.bytes()),
    })
}

fn member(s: u8) -> MemberSecret {
    MemberSecret::open(&channel_key(), &Secret::new([s; 16]))
}

fn roster() -> Roster {
    let keys = EpochKeys::new(300, Secret::new(E));
    let past =
        [EpochKeys::new(298, Secret::new([1; 32])), EpochKeys::new(299, Secret::new([2; 32]))];
    let plan = RosterPlan {
        run: RUN,
        keys: &keys,
        eid: EID,
        rev: 2,
        members: &[member(0x44), member(0x45)],
        keyless: &[member(0x46)],
        revoked: &[member(0x47)],
        past: &past,
    };
    plan.build(&mut rng()).unwrap()
}

#[test]
fn roster_vectors_hold() {
    let roster = roster();
    for s in [0x44, 0x45] {
        let (keys, past) = roster.unwrap(&member(s)).unwrap();
        assert_eq!((keys.secret().expose(), past.len()), (&E, 2));
    }
    assert!(
        roster.unwrap(&member(0x46)).is_err() && roster.entry(&member(0x46).key(&EID)).is_some()
    );
    assert!(roster.is_tagged(&member(0x47).key(&EID)));
    let mut swapped = roster.bytes().to_vec();
    let (first, rest) = swapped[75..235].split_at_mut(80);
    first.swap_with_slice(rest);
    assert!(Roster::parse(&swapped).is_err());
    let case = json!({
        "channel": hex(channel_key().0), "run": hex(RUN.0), "epoch": 300, "eid": hex(EID.0),
        "rev": 2, "E": hex(E), "commit": hex(roster.commit()),
        "member_invites": hexes([[0x44; 16], [0x45; 16]]), "keyless_invites": hexes([[0x46; 16]]),
        "revoked_invites": hexes([[0x47; 16]]),
        "past": [{ "epoch": 298, "E": hex([1; 32]) }, { "epoch": 299, "E": hex([2; 32]) }],
        "entries": roster.entries().iter()
            .map(|e| json!({ "P": hex(e.member.0), "wrap": hex(e.wrap) })).collect::<Vec<_>>(),
        "tags": hexes(roster.tags()), "bytes": hex(roster.bytes()), "hash": hex(roster.hash()),
    });
    let refused = json!({ "bytes": hex(swapped), "refused": "entries are not sorted" });
    let about = "ROSTER. Entries that are not a member's or keyless are dummies.";
    settle("roster.json", about, json!([case, refused]));
}

#[test]
fn head_vectors_hold() {
    let (keys, roster) = (EpochKeys::new(300, Secret::new(E)), roster());
    let info = |track, k, parity, edge| {
        let kbps = 276 * u16::from(k);
        TrackInfo { track, k, parity, chunk_ms: 100, kbps, edge }
    };
    let fields = HeadFields {
        run: RUN,
        head_no: 9,
        issued_ms: 1_700_000_001_000,
        state: HeadState::Live,
        epoch: 300,
        epoch_from_ms: 600_000,
        roster: *roster.hash(),
        tracks: vec![info(0, 8, true, 6000), info(1, 2, false, 6001)],
    };
    let track = |track, codec: &str, timescale, config: &[u8]| TrackSealed {
        track,
        name: String::new(),
        codec: codec.to_owned(),
        timescale,
        config: config.to_vec(),
    };
    let tracks = vec![track(0, "avc1", 90_000, &[1, 66]), track(1, "Opus", 48_000, &[0, 2])];
    let sealed = HeadSealed { title: "The match".to_owned(), tracks };
    let plain = sealed.to_bytes();
    let head = Head::issue(fields, &sealed, &keys, &broadcaster(), &mut rng()).unwrap();
    assert_eq!(head.open(&keys), Some(sealed));
    let mut forged = head.bytes().to_vec();
    forged[17] ^= 1;
    let key = broadcaster().verifying_key();
    assert!(head.verify(&key) && !Head::parse(&forged).unwrap().verify(&key));
    let f = head.fields();
    let case = json!({
        "B_seed": hex(BROADCASTER_SEED), "B": hex(broadcaster().verifying_key()), "E": hex(E),
        "run": hex(f.run.0), "head_no": f.head_no, "issued_ms": f.issued_ms, "state": 0,
        "epoch": f.epoch, "epoch_from_ms": f.epoch_from_ms, "roster": hex(f.roster),
        "tracks": f.tracks.iter().map(|t| json!([t.track, t.k, t.parity, t.chunk_ms, t.kbps, t.edge]))
            .collect::<Vec<_>>(),
        "sealed_plain": hex(plain), "bytes": hex(head.bytes()),
    });
    let refused = json!({ "bytes": hex(forged), "refused": "signature" });
    let about = "HEAD. Tracks are [track, K, chunk_ms, kbps, edge]; the sealed part is CBOR.";
    settle("head.json", about, json!([case, refused]));
}
