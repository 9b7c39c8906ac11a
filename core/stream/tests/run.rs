//! A whole run through the public API: origin, a relay's view, viewers; epochs, restarts, rollback.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use bytes::Bytes;
use manyhands_stream::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const NOW: u64 = 1_700_000_000_000;

struct World {
    rng: ChaCha20Rng,
    channel: Channel,
    invite: Secret<[u8; 16]>,
}

impl World {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let channel = Channel::generate(&mut rng);
        let invite = Secret::random(&mut rng);
        Self { rng, channel, invite }
    }

    fn start(&mut self, started_ms: u64) -> Origin {
        let options = RunOptions {
            broadcast: 1,
            started_ms,
            expires_ms: started_ms + MAX_CERT_LIFE_MS,
            private: false,
            invites: vec![self.invite.clone()],
        };
        let mut origin = Origin::start(&self.channel, options, &mut self.rng).unwrap();
        origin.head(&input(0), started_ms, &mut self.rng).unwrap();
        origin
    }

    fn link(&self) -> Link {
        Link::open(self.channel.key(), self.invite.clone())
    }

    fn member(&self, origin: &Origin, now: u64) -> Member {
        let mut member = Member::new(&self.link(), None);
        assert_eq!(welcome(&mut member, &origin.view().welcome(), now), Ok(News::NewRun));
        member
    }

    fn relay(&self, origin: &Origin, now: u64) -> RunView {
        let welcome = origin.view().welcome();
        RunView::new(welcome.verify(&self.channel.key(), now).unwrap(), now)
    }
}

fn input(edge: u32) -> HeadInput {
    HeadInput {
        state: HeadState::Live,
        tracks: vec![TrackInfo { track: 1, k: 4, parity: false, chunk_ms: 100, kbps: 1105, edge }],
        sealed: HeadSealed { title: "Match".into(), tracks: vec![] },
    }
}

fn welcome(member: &mut Member, w: &Welcome, now: u64) -> Result<News, MemberError> {
    member.handle_welcome(&w.cert, &w.head, &w.roster, now)
}

fn pieces(origin: &mut Origin, chunk: u32, capture_ms: u32) -> Vec<Bytes> {
    let text = format!("chunk {chunk}");
    let sealed = origin.seal(1, ChunkFlags::default(), chunk, capture_ms, text.as_bytes());
    origin.cut(&sealed.unwrap(), 4, 100, true).unwrap()
}

fn read(member: &mut Member, pieces: &[Bytes]) -> Result<String, OpenError> {
    for piece in pieces {
        assert!(matches!(member.verify_piece(piece), Verdict::Good(_)));
    }
    let opened = member.open(&assemble(4, pieces).unwrap())?;
    Ok(String::from_utf8(opened.plaintext).unwrap())
}

#[test]
fn a_viewer_reads_and_a_relay_checks() {
    let mut world = World::new();
    let mut origin = world.start(NOW);
    let (mut viewer, mut relay) = (world.member(&origin, NOW), world.relay(&origin, NOW));
    let sent = pieces(&mut origin, 0, 0);
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|piece| matches!(relay.verify_piece(piece), Verdict::Good(_))));
    assert_eq!(read(&mut viewer, &sent[1..]).unwrap(), "chunk 0");
    assert_eq!(viewer.sealed_head().unwrap().title, "Match");
    let stranger = Link::open(world.channel.key(), Secret::new([0; 16]));
    let mut stranger = Member::new(&stranger, None);
    let refused = welcome(&mut stranger, &origin.view().welcome(), NOW);
    assert_eq!(refused, Err(MemberError::NotInvited));
    assert_eq!(read(&mut stranger, &sent), Err(OpenError::NoKey));
    assert!(stranger.sealed_head().is_none());
}

#[test]
fn pieces_are_good_bad_unknown_or_stale() {
    let mut world = World::new();
    let mut origin = world.start(NOW);
    let mut view = world.relay(&origin, NOW);
    let piece = |origin: &mut Origin, chunk| pieces(origin, chunk, 0)[0].clone();
    let first = piece(&mut origin, 0);
    let mut forged = first.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(view.verify_piece(&forged), Verdict::Bad);
    assert_eq!(view.verify_piece(b"short"), Verdict::Bad);
    assert!(matches!(view.verify_piece(&first), Verdict::Good(header) if header.chunk == 0));
    // Good pieces move the edge; a jump of more than 20 waits for a head.
    assert!(matches!(view.verify_piece(&piece(&mut origin, 20)), Verdict::Good(_)));
    let far = piece(&mut origin, 41);
    assert_eq!(view.verify_piece(&far), Verdict::Stale);
    let head = origin.head(&input(400), NOW + 1000, &mut world.rng).unwrap();
    assert_eq!(view.handle_head(&head, NOW + 1000), Ok(News::Newer));
    assert!(matches!(view.verify_piece(&piece(&mut origin, 420)), Verdict::Good(_)));
    // The window is 30 s: 300 chunks of 100 ms.
    assert!(matches!(view.verify_piece(&piece(&mut origin, 421)), Verdict::Good(_)));
    assert_eq!(view.verify_piece(&far), Verdict::Stale);
    let other = origin.seal(2, ChunkFlags::default(), 0, 0, b"x").unwrap();
    let other = origin.cut(&other, 4, 100, false).unwrap();
    assert_eq!(view.verify_piece(&other[0]), Verdict::Unknown);
}

#[test]
fn a_new_epoch_starts_at_its_moment_and_old_keys_go_with_the_window() {
    let mut world = World::new();
    let mut origin = world.start(NOW);
    let mut viewer = world.member(&origin, NOW);
    let mut behind = world.relay(&origin, NOW);
    assert!(!origin.epoch_is_due(EPOCH_LIFE_MS - 1));
    assert!(origin.epoch_is_due(EPOCH_LIFE_MS));
    let before = pieces(&mut origin, 0, 5000);
    let eid = origin.view().hello().eid;
    let sent = origin.rotate_epoch(NOW + 5000, 5000, &mut world.rng).unwrap();
    assert_ne!(origin.view().hello().eid, eid);
    let still_old = pieces(&mut origin, 1, 5999);
    let new = pieces(&mut origin, 2, 6000);
    let epoch = |pieces: &[Bytes]| PieceHeader::parse(&pieces[0]).unwrap().epoch;
    assert_eq!((epoch(&before), epoch(&still_old), epoch(&new)), (0, 0, 1));

    assert_eq!(behind.verify_piece(&new[0]), Verdict::Unknown);
    assert!(matches!(behind.verify_piece(&still_old[0]), Verdict::Good(_)));

    // The roster counts for nothing before a signed head has named it.
    let early = viewer.handle_roster(&sent.roster, NOW + 5000);
    assert_eq!(early, Err(MemberError::Refused(Refused::OtherRoster)));
    assert_eq!(viewer.handle_head(&sent.head, NOW + 5000), Ok(News::Newer));
    assert_eq!(viewer.view().unwrap().wanted_roster(), Some(hash_of(&sent.roster)));
    assert_eq!(viewer.view().unwrap().hello().eid, eid);
    assert_eq!(read(&mut viewer, &new), Err(OpenError::NoKey));
    assert_eq!(viewer.handle_roster(&sent.roster, NOW + 5000), Ok(News::Newer));
    assert_eq!(read(&mut viewer, &new).unwrap(), "chunk 2");
    assert_eq!(read(&mut viewer, &before).unwrap(), "chunk 0");
    let mut newcomer = world.member(&origin, NOW + 5000);
    assert_eq!(read(&mut newcomer, &still_old).unwrap(), "chunk 1");

    // A window later the old key is gone, everywhere.
    let later = NOW + 5000 + u64::from(EPOCH_LEAD_MS + WINDOW_MS);
    let head = origin.head(&input(2), later, &mut world.rng).unwrap();
    for member in [&mut viewer, &mut newcomer] {
        member.handle_head(&head, later).unwrap();
        assert_eq!(read(member, &before), Err(OpenError::NoKey));
        assert_eq!(read(member, &new).unwrap(), "chunk 2");
    }
}

fn hash_of(roster: &[u8]) -> [u8; 32] {
    *Roster::parse(roster).unwrap().hash()
}

#[test]
fn an_older_state_is_refused() {
    let mut world = World::new();
    let mut origin = world.start(NOW);
    let old = origin.view().welcome();
    let mut viewer = world.member(&origin, NOW);
    let sent = origin.rotate_epoch(NOW + 100, 100, &mut world.rng).unwrap();
    viewer.handle_head(&sent.head, NOW + 100).unwrap();
    viewer.handle_roster(&sent.roster, NOW + 100).unwrap();
    let floor = viewer.floor();
    assert_eq!(viewer.handle_head(&old.head, NOW + 100), Ok(News::Older));
    let roster = viewer.handle_roster(&old.roster, NOW + 100);
    assert_eq!(roster, Err(MemberError::Refused(Refused::OtherRoster)));
    assert_eq!(welcome(&mut viewer, &old, NOW + 100), Ok(News::Older));
    assert_eq!(viewer.floor(), floor);

    // The same after the viewer's program was started again with what it had stored.
    let mut again = Member::new(&world.link(), Some(floor));
    let refused = Err(MemberError::Refused(Refused::Rollback));
    assert_eq!(welcome(&mut again, &old, NOW + 100), refused);
    assert_eq!(welcome(&mut again, &origin.view().welcome(), NOW + 100), Ok(News::NewRun));
}

#[test]
fn a_restart_is_a_new_run_and_the_old_one_never_comes_back() {
    let mut world = World::new();
    let mut first = world.start(NOW);
    let old = first.view().welcome();
    let mut viewer = world.member(&first, NOW);
    let mut second = world.start(NOW + 1);
    assert_ne!(first.run(), second.run());
    assert_eq!(viewer.handle_cert(second.cert(), NOW + 1), Ok(News::NewRun));
    assert_eq!(welcome(&mut viewer, &second.view().welcome(), NOW + 1), Ok(News::NewRun));
    assert_eq!(read(&mut viewer, &pieces(&mut second, 0, 0)).unwrap(), "chunk 0");
    assert_eq!(viewer.verify_piece(&pieces(&mut first, 0, 0)[0]), Verdict::Bad);
    assert_eq!(viewer.handle_cert(first.cert(), NOW + 1), Ok(News::Older));
    let refused = Err(MemberError::Refused(Refused::Rollback));
    assert_eq!(welcome(&mut viewer, &old, NOW + 1), refused);
    let head = viewer.handle_head(&old.head, NOW + 1);
    assert_eq!(head, Err(MemberError::Refused(Refused::OtherRun)));
}

#[test]
fn parts_of_two_runs_or_channels_do_not_mix() {
    let mut world = World::new();
    let (a, b) = (world.start(NOW).view().welcome(), world.start(NOW + 1).view().welcome());
    let key = world.channel.key();
    let verify = |w: &Welcome, key| w.verify(key, NOW + 1).map(|_| ()).unwrap_err();
    assert_eq!(verify(&Welcome { head: b.head.clone(), ..a.clone() }, &key), Refused::OtherRun);
    assert_eq!(verify(&Welcome { roster: b.roster, ..a.clone() }, &key), Refused::OtherRoster);
    assert_eq!(verify(&a, &Channel::from_seed(Secret::new([9; 32])).key()), Refused::OtherChannel);
}

#[test]
fn only_a_fresh_head_is_live() {
    let mut world = World::new();
    let origin = world.start(NOW);
    let view = world.relay(&origin, NOW);
    let not_live = Freshness::NotLive { issued_ms: NOW };
    assert_eq!(view.freshness(NOW + 3000), Freshness::Live);
    assert_eq!(view.freshness(NOW + 3001), Freshness::CutOff);
    assert_eq!(view.freshness(NOW + FRESH_MS + 1), not_live);
    assert_eq!(view.freshness(NOW - FRESH_MS - 1), not_live);
    let mut late = Member::new(&world.link(), None);
    let refused = welcome(&mut late, &origin.view().welcome(), NOW + FRESH_MS + 1);
    assert_eq!(refused, Err(MemberError::Refused(Refused::NotLive { issued_ms: NOW })));
    let expired = welcome(&mut late, &origin.view().welcome(), NOW + 2 * MAX_CERT_LIFE_MS);
    assert_eq!(expired, Err(MemberError::Refused(Refused::Expired)));
}

#[test]
fn a_retired_channel_stays_retired() {
    let mut world = World::new();
    let origin = world.start(NOW);
    let mut viewer = world.member(&origin, NOW);
    let fields = CertFields {
        retired: true,
        started_ms: RETIRED_STARTED_MS,
        ..Cert::parse(origin.cert()).unwrap().fields().clone()
    };
    let retired = Cert::issue(&world.channel, fields);
    assert_eq!(viewer.handle_cert(retired.bytes(), NOW), Ok(News::Retired));
    let later = world.start(NOW + 5);
    assert!(welcome(&mut viewer, &later.view().welcome(), NOW + 5).is_err());
    let mut again = Member::new(&world.link(), Some(viewer.floor()));
    assert!(welcome(&mut again, &later.view().welcome(), NOW + 5).is_err());
}

#[test]
fn a_broadcaster_asks_for_what_can_be() {
    let mut world = World::new();
    let options = |invites, expires_ms| RunOptions {
        broadcast: 1,
        started_ms: NOW,
        expires_ms,
        private: true,
        invites,
    };
    let many: Vec<_> = (0..2049u16)
        .map(|n| Secret::new([n.to_le_bytes(); 8].concat().try_into().unwrap()))
        .collect();
    let start = |options, rng: &mut ChaCha20Rng| {
        Origin::start(&world.channel, options, rng).map(|_| ()).unwrap_err()
    };
    assert_eq!(start(options(many, NOW + 1), &mut world.rng), OriginError::TooManyInvites);
    let long = options(vec![], NOW + MAX_CERT_LIFE_MS + 1);
    assert_eq!(start(long, &mut world.rng), OriginError::Life);
    let mut origin = world.start(NOW);
    let mut words = input(0);
    words.sealed.title = "t".repeat(2000);
    let before = origin.view().head().clone();
    assert_eq!(origin.head(&words, NOW, &mut world.rng), Err(OriginError::HeadTooLong));
    assert_eq!(*origin.view().head(), before);
    let sealed = origin.seal(1, ChunkFlags::default(), 4, 0, b"x").unwrap();
    let again = origin.seal(1, ChunkFlags::default(), 4, 0, b"y");
    assert_eq!(again, Err(SealError::NotAfter { track: 1, chunk: 4, last: 4 }));
    for k in [0, 16] {
        assert_eq!(origin.cut(&sealed, k, 100, false), Err(SealError::K(k)));
    }
}

mod hostile {
    //! Whatever a peer sends: no panic, and the state stays as it was.

    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Message {
        Cert,
        Head,
        Roster,
        Welcome,
        Piece,
    }

    /// A true message of a later moment with one byte changed, then cut or extended.
    fn damaged(true_bytes: &[u8], at: usize, xor: u8, len: usize) -> Vec<u8> {
        let mut bytes = true_bytes.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= xor;
        bytes.resize(if len == 0 { bytes.len() } else { len }, 0);
        bytes
    }

    fn deliver(member: &mut Member, message: Message, bytes: &[u8], later: &Welcome) {
        let refused = match message {
            Message::Cert => member.handle_cert(bytes, NOW).is_err(),
            Message::Head => !matches!(member.handle_head(bytes, NOW), Ok(News::Newer)),
            Message::Roster => member.handle_roster(bytes, NOW).is_err(),
            Message::Welcome => {
                member.handle_welcome(&later.cert, &later.head, bytes, NOW).is_err()
            }
            Message::Piece => !matches!(member.verify_piece(bytes), Verdict::Good(_)),
        };
        assert!(refused, "{message:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn damaged_and_arbitrary_messages_are_refused_and_change_nothing(
            kind in 0usize..5, at: usize, xor in 1u8.., len in prop_oneof![Just(0usize), 0usize..4000],
            noise in proptest::collection::vec(any::<u8>(), 0..400)
        ) {
            let mut world = World::new();
            let mut origin = world.start(NOW);
            let mut member = world.member(&origin, NOW);
            let piece = pieces(&mut origin, 0, 0)[0].clone();
            origin.rotate_epoch(NOW, 0, &mut world.rng).unwrap();
            let later = origin.view().welcome();
            let restarted = world.start(NOW + 1).view().welcome();
            let all = [
                (Message::Cert, &restarted.cert),
                (Message::Head, &later.head),
                (Message::Roster, &later.roster),
                (Message::Welcome, &later.roster),
                (Message::Piece, &piece),
            ];
            let (message, bytes) = all[kind];
            let floor = member.floor();
            deliver(&mut member, message, &damaged(bytes, at, xor, len), &later);
            deliver(&mut member, message, &noise, &later);
            prop_assert_eq!(member.floor(), floor);
            prop_assert_eq!(read(&mut member, &pieces(&mut origin, 1, 0)).unwrap(), "chunk 1");
        }
    }
}
