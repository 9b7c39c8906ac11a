//! PROOF between the parts that take part in it, with stand-ins for the TLS exporter: a hash of the
//! connection's two ends and the context, which is all that the protocol relies on.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod support;

use manyhands_stream::proof::{Hello, Proof, ProofError, Role, check_listener};
use manyhands_stream::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use support::{TLS, Tls};

const NOW: u64 = 1_700_000_000_000;

struct World {
    channel: Channel,
    origin: Origin,
    link: Link,
    rng: ChaCha20Rng,
}

fn world() -> World {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let channel = Channel::generate(&mut rng);
    let invite = Secret::random(&mut rng);
    let origin = start(&channel, &invite, NOW, &mut rng);
    let link = Link::open(channel.key(), invite);
    World { channel, origin, link, rng }
}

fn start(channel: &Channel, invite: &Secret<[u8; 16]>, now: u64, rng: &mut ChaCha20Rng) -> Origin {
    let options = RunOptions {
        broadcast: 3,
        started_ms: now,
        expires_ms: now + 1000,
        private: false,
        invites: vec![invite.clone()],
    };
    Origin::start(channel, options, rng).unwrap()
}

fn viewer(world: &World) -> Member {
    let mut member = Member::new(&world.link, None);
    let w = world.origin.view().welcome();
    member.handle_welcome(&w.cert, &w.head, &w.roster, NOW).unwrap();
    member
}

#[test]
fn a_stranger_to_the_run_and_the_origin_prove_each_other() {
    let world = world();
    let newcomer = Member::new(&world.link, None);
    let hello = Hello::parse(&world.origin.view().hello().to_bytes()).unwrap();
    let x_d = TLS.export(Role::Dialler, &hello.eid);
    let x_l = TLS.export(Role::Listener, &hello.eid);
    let answer = newcomer.prove(&hello, &x_d).unwrap();
    let answer = Proof::parse(&answer.to_bytes()).unwrap();
    assert_eq!(world.origin.view().check_dialler(&answer, &x_d, NOW), Ok(Standing::Member));
    let proof = world.origin.prove(&hello, &x_l);
    let w = world.origin.view().welcome();
    let key = world.channel.key();
    let (verified, standing) = check_listener(&key, &w, &hello, &proof, &x_l, NOW).unwrap();
    assert_eq!(standing, Standing::Broadcaster);
    let mut newcomer = newcomer;
    assert_eq!(newcomer.handle_verified(verified, NOW), Ok(News::NewRun));
}

#[test]
fn two_viewers_prove_each_other() {
    let world = world();
    let (listener, dialler) = (viewer(&world), viewer(&world));
    let hello = listener.view().unwrap().hello();
    let x_d = TLS.export(Role::Dialler, &hello.eid);
    let answer = dialler.prove(&hello, &x_d).unwrap();
    let checked = listener.view().unwrap().check_dialler(&answer, &x_d, NOW);
    assert_eq!(checked, Ok(Standing::Member));
    let x_l = TLS.export(Role::Listener, &hello.eid);
    let proof = listener.prove(&hello, &x_l).unwrap();
    let w = listener.view().unwrap().welcome();
    let (_, standing) =
        check_listener(&world.channel.key(), &w, &hello, &proof, &x_l, NOW).unwrap();
    assert_eq!(standing, Standing::Member);
}

#[test]
fn a_proof_can_be_neither_relayed_nor_reflected_nor_moved_to_other_keys() {
    let world = world();
    let (view, member) = (world.origin.view(), viewer(&world));
    let hello = view.hello();
    let x_d = TLS.export(Role::Dialler, &hello.eid);
    let made_elsewhere = [
        Tls { session: 2, ..TLS }.export(Role::Dialler, &hello.eid),
        TLS.export(Role::Listener, &hello.eid),
        Tls { dialler: b"other", ..TLS }.export(Role::Dialler, &hello.eid),
        Tls { listener: b"other", ..TLS }.export(Role::Dialler, &hello.eid),
        Tls { dialler: TLS.listener, listener: TLS.dialler, ..TLS }
            .export(Role::Dialler, &hello.eid),
        TLS.export(Role::Dialler, &Eid([0; 16])),
    ];
    for x in made_elsewhere {
        let stolen = member.prove(&hello, &x).unwrap();
        assert_eq!(view.check_dialler(&stolen, &x_d, NOW), Err(ProofError::BadSignature));
    }
}

#[test]
fn strangers_and_those_of_another_epoch_are_not_members() {
    let mut world = world();
    let hello = world.origin.view().hello();
    let x = TLS.export(Role::Dialler, &hello.eid);
    let other = Member::new(&Link::open(world.channel.key(), Secret::new([1; 16])), None);
    let stranger = other.prove(&hello, &x).unwrap();
    let view = world.origin.view();
    assert_eq!(view.check_dialler(&stranger, &x, NOW), Err(ProofError::NotAMember));
    let member = viewer(&world);
    let of_this_epoch = member.prove(&hello, &x).unwrap();
    world.origin.rotate_epoch(NOW, 0, &mut world.rng).unwrap();
    let view = world.origin.view();
    assert_eq!(view.check_dialler(&of_this_epoch, &x, NOW), Err(ProofError::NotAMember));
    let late = member.prove(&view.hello(), &x).unwrap();
    assert_eq!(view.check_dialler(&late, &x, NOW), Ok(Standing::Member));
    assert_eq!(view.check_dialler(&late, &x, NOW + 30_001), Err(ProofError::NotFresh));
}

#[test]
fn a_listener_must_be_of_the_epoch_that_it_named_and_in_its_own_roster() {
    let mut world = world();
    let member = viewer(&world);
    let old = world.origin.view().hello();
    world.origin.rotate_epoch(NOW, 0, &mut world.rng).unwrap();
    let (hello, w) = (world.origin.view().hello(), world.origin.view().welcome());
    let x = TLS.export(Role::Listener, &hello.eid);
    let check = |hello: &Hello, proof: &Proof| {
        let key = world.channel.key();
        check_listener(&key, &w, hello, proof, &x, NOW).map(|(_, standing)| standing)
    };
    let good = member.prove(&hello, &x).unwrap();
    assert_eq!(check(&hello, &good), Ok(Standing::Member));
    assert_eq!(check(&old, &good), Err(ProofError::OtherEpoch));
    let of_old = member.prove(&old, &x).unwrap();
    assert_eq!(check(&hello, &of_old), Err(ProofError::NotAMember));
    let over_other = member.prove(&hello, &[0; 32]).unwrap();
    assert_eq!(check(&hello, &over_other), Err(ProofError::BadSignature));
}

#[test]
fn a_dialler_leaves_a_listener_of_an_older_broadcast() {
    let world = world();
    let hello = Hello { broadcast: 2, ..world.origin.view().hello() };
    let asked = viewer(&world).prove(&hello, &[0; 32]);
    assert_eq!(asked, Err(ProofError::OlderBroadcast));
}

#[test]
fn a_restarted_origin_proves_itself_to_viewers_of_the_old_run() {
    let mut world = world();
    let listener = viewer(&world);
    let again = start(&world.channel, &world.link.secret, NOW + 1, &mut world.rng);
    let hello = listener.view().unwrap().hello();
    let x = TLS.export(Role::Dialler, &hello.eid);
    let proof = again.prove(&hello, &x);
    let checked = listener.view().unwrap().check_dialler(&proof, &x, NOW + 1);
    assert_eq!(checked, Ok(Standing::Member));
}

#[test]
fn a_taken_back_member_gets_evidence_and_only_with_its_own_signature() {
    let (mut world, mut rng) = (world(), ChaCha20Rng::seed_from_u64(12));
    // Taking back is not an operation of the origin yet; the formats carry it.
    let broadcaster = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let mut cert = world.origin.view().cert().fields().clone();
    cert.broadcaster = broadcaster.verifying_key().into();
    let run = cert.run;
    let cert = Cert::issue(&world.channel, cert);
    let keys = EpochKeys::generate(0, &mut rng);
    let gone = MemberSecret::open(&world.channel.key(), &world.link.secret);
    let plan = RosterPlan {
        run,
        keys: &keys,
        eid: Eid([4; 16]),
        rev: 0,
        members: &[],
        keyless: &[],
        revoked: std::slice::from_ref(&gone),
        past: &[],
    };
    let roster = plan.build(&mut rng).unwrap();
    let fields = HeadFields {
        run,
        head_no: 1,
        issued_ms: NOW,
        state: HeadState::Live,
        epoch: 0,
        epoch_from_ms: 0,
        roster: *roster.hash(),
        tracks: vec![],
    };
    let sealed = HeadSealed::default();
    let head = Head::issue(fields, &sealed, &keys, &broadcaster, &mut world.rng).unwrap();
    let (cert, head) = (cert.bytes().clone(), head.bytes().clone());
    let evidence = Welcome { cert, head, roster: roster.bytes().clone() };
    let view = RunView::new(evidence.verify(&world.channel.key(), NOW).unwrap(), NOW);

    let mut member = Member::new(&world.link, None);
    let x = TLS.export(Role::Dialler, &view.hello().eid);
    let proof = member.prove(&view.hello(), &x).unwrap();
    let revoked = Err(ProofError::Revoked(Box::new(evidence.clone())));
    assert_eq!(view.check_dialler(&proof, &x, NOW), revoked);
    assert_eq!(view.check_dialler(&proof, &[0; 32], NOW), Err(ProofError::BadSignature));
    let Welcome { cert, head, roster } = evidence;
    let told = member.handle_welcome(&cert, &head, &roster, NOW);
    assert_eq!(told, Err(MemberError::Revoked));
}
