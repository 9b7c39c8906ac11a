//! A relay and its broadcaster: the permit, the place in the roster, and all that a relay can't do.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod support;

use manyhands_stream::proof::{Hello, ProofError, Role, check_listener};
use manyhands_stream::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use support::{TLS, Tls};

const NOW: u64 = 1_700_000_000_000;

struct World {
    channel: Channel,
    invite: Secret<[u8; 16]>,
    ticket: Ticket,
    rng: ChaCha20Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let channel = Channel::generate(&mut rng);
        let invite = Secret::random(&mut rng);
        let permit = Secret::random(&mut rng);
        let hints = vec!["192.0.2.7:4433".parse().unwrap()];
        let ticket = Ticket { relay: [9; 32], permit, hints };
        Self { channel, invite, ticket, rng }
    }

    fn origin(&mut self, started_ms: u64) -> Origin {
        let options = RunOptions {
            broadcast: 1,
            started_ms,
            expires_ms: started_ms + 10_000,
            private: false,
            invites: vec![self.invite.clone()],
        };
        Origin::start(&self.channel, options, &mut self.rng).unwrap()
    }

    fn relay(&self) -> Relay {
        Relay::new(self.ticket.permit.clone())
    }

    fn viewer(&self) -> Member {
        Member::new(&Link::open(self.channel.key(), self.invite.clone()), None)
    }

    /// What `origin` shows over `tls`, as it travels.
    fn shown(&self, origin: &Origin, tls: Tls, shielded: bool) -> Vec<u8> {
        let exported = tls.export(Role::Dialler, &Eid(origin.run().0));
        origin.permit(&self.ticket, shielded, &exported).to_bytes().expose().clone()
    }

    fn admit(
        &mut self,
        relay: &mut Relay,
        shown: &[u8],
        tls: Tls,
    ) -> Result<MemberSecret, PermitError> {
        let permit = Permit::parse(shown).unwrap();
        let exported = tls.export(Role::Dialler, &permit.context());
        relay.admit(&permit, &exported, NOW, &mut self.rng)
    }

    /// The whole exchange: the relay carries the run afterwards.
    fn put_to_work(&mut self, relay: &mut Relay, origin: &mut Origin) -> MemberSecret {
        let shown = self.shown(origin, TLS, false);
        let secret = self.admit(relay, &shown, TLS).unwrap();
        let told = MemberSecret::from_bytes(*secret.secret().expose());
        origin.add_relay(&self.ticket, told, NOW, &mut self.rng).unwrap();
        relay.carried_mut().unwrap().handle_welcome(&origin.view().welcome(), NOW).unwrap();
        secret
    }
}

fn take(member: &mut Member, welcome: &Welcome) -> Result<News, MemberError> {
    member.handle_welcome(&welcome.cert, &welcome.head, &welcome.roster, NOW)
}

#[test]
fn a_relay_and_a_viewer_prove_each_other_in_every_epoch_and_only_the_viewer_reads() {
    let mut world = World::new(1);
    let (mut origin, mut relay, mut viewer) = (world.origin(NOW), world.relay(), world.viewer());
    take(&mut viewer, &origin.view().welcome()).unwrap();
    world.put_to_work(&mut relay, &mut origin);
    assert_eq!((origin.view().roster().epoch(), origin.view().roster().rev()), (0, 1));
    for epoch in 0..3 {
        let carried = relay.carried().unwrap();
        let hello = carried.view().unwrap().hello();
        let x_d = TLS.export(Role::Dialler, &hello.eid);
        let shown = viewer.prove(&hello, &x_d).unwrap();
        let standing = carried.view().unwrap().check_dialler(&shown, &x_d, NOW);
        assert_eq!(standing, Ok(Standing::Member), "epoch {epoch}");
        let x_l = TLS.export(Role::Listener, &hello.eid);
        let proof = carried.prove(&hello, &x_l).unwrap();
        let welcome = carried.view().unwrap().welcome();
        let key = world.channel.key();
        let (verified, standing) =
            check_listener(&key, &welcome, &hello, &proof, &x_l, NOW).unwrap();
        assert_eq!(standing, Standing::Member);
        viewer.handle_verified(verified, NOW).unwrap();
        assert!(viewer.sealed_head().is_some(), "an entry more changes nothing for viewers");

        let next = origin.rotate_epoch(NOW, 0, &mut world.rng).unwrap();
        let carried = relay.carried_mut().unwrap();
        assert_eq!(carried.handle_head(&next.head, NOW), Ok(News::Newer));
        assert_eq!(carried.handle_roster(&next.roster), Ok(News::Newer));
    }
    // With everything that it has, it is a member without a key: as a viewer it would be told so.
    let secret = relay.carried().unwrap().secret();
    let roster = relay.carried().unwrap().view().unwrap().roster();
    assert!(roster.entry(&secret.key(&roster.eid())).is_some());
}

#[test]
fn a_relay_is_asked_twice_and_stands_in_the_roster_once() {
    let mut world = World::new(2);
    let (mut origin, mut relay) = (world.origin(NOW), world.relay());
    let first = world.put_to_work(&mut relay, &mut origin);
    let rev = origin.view().roster().rev();
    let again = world.put_to_work(&mut relay, &mut origin);
    assert_eq!(first.secret().expose(), again.secret().expose());
    assert_eq!(origin.view().roster().rev(), rev);
    // The relay was started anew: the new secret takes the place of the old one.
    let mut fresh = world.relay();
    let other = world.put_to_work(&mut fresh, &mut origin);
    let roster = origin.view().roster();
    assert!(roster.entry(&other.key(&roster.eid())).is_some());
    assert!(roster.entry(&first.key(&roster.eid())).is_none());
}

#[test]
fn a_wrong_permit_is_refused() {
    let mut world = World::new(3);
    let (origin, mut relay) = (world.origin(NOW), world.relay());
    world.ticket.permit = Secret::new([0; 16]);
    let shown = world.shown(&origin, TLS, false);
    let refused = world.admit(&mut relay, &shown, TLS).unwrap_err();
    assert_eq!(refused, PermitError::OtherPermit);
    assert!(relay.carried().is_none());
}

#[test]
fn what_was_shown_once_is_void_elsewhere() {
    let mut world = World::new(4);
    let (origin, mut relay) = (world.origin(NOW), world.relay());
    let shown = world.shown(&origin, TLS, false);
    // On another connection, by another key, to another relay: whoever has seen it gains nothing.
    for tls in [
        Tls { session: 2, ..TLS },
        Tls { dialler: b"another", ..TLS },
        Tls { listener: b"another", ..TLS },
    ] {
        let refused = world.admit(&mut relay, &shown, tls).unwrap_err();
        assert_eq!(refused, PermitError::NotTheBroadcaster);
    }
    // For another run: its certificate in the place of the first.
    let later = world.origin(NOW + 1);
    let other = world.shown(&later, TLS, false);
    let mixed = [&shown[..17], &other[17..219], &shown[219..]].concat();
    let refused = world.admit(&mut relay, &mixed, TLS).unwrap_err();
    assert_eq!(refused, PermitError::NotTheBroadcaster);
    // With the shield taken off.
    let mut bare = world.shown(&origin, TLS, true);
    bare[16] = 0;
    let refused = world.admit(&mut relay, &bare, TLS).unwrap_err();
    assert_eq!(refused, PermitError::NotTheBroadcaster);
    assert!(relay.carried().is_none());
}

#[test]
fn a_relay_goes_forward_from_run_to_run_of_one_channel() {
    let mut world = World::new(5);
    let mut relay = world.relay();
    let (mut first, mut second) = (world.origin(NOW), world.origin(NOW + 1));
    world.put_to_work(&mut relay, &mut first);
    world.put_to_work(&mut relay, &mut second);
    assert_eq!(relay.carried().unwrap().view().unwrap().run(), second.run());
    let shown = world.shown(&first, TLS, false);
    let refused = world.admit(&mut relay, &shown, TLS).unwrap_err();
    assert_eq!(refused, PermitError::Refused(Refused::Rollback));
    // Who has the ticket, too, can't put it to other work meanwhile.
    let mut other = World::new(6);
    other.ticket = world.ticket.clone();
    let foreign = other.origin(NOW + 2);
    let shown = other.shown(&foreign, TLS, false);
    assert_eq!(other.admit(&mut relay, &shown, TLS).unwrap_err(), PermitError::Busy);
    // And certificates that have expired, or are another channel's, are none.
    let mut idle = world.relay();
    let old = world.origin(NOW - 1_000_000);
    let shown = world.shown(&old, TLS, false);
    let refused = world.admit(&mut idle, &shown, TLS).unwrap_err();
    assert_eq!(refused, PermitError::Refused(Refused::Expired));
}

#[test]
fn what_was_shielded_once_stays_so() {
    let mut world = World::new(7);
    let (origin, mut relay) = (world.origin(NOW), world.relay());
    for shielded in [true, false] {
        let shown = world.shown(&origin, TLS, shielded);
        world.admit(&mut relay, &shown, TLS).unwrap();
        assert!(relay.is_shielding());
    }
}

#[test]
fn a_relay_with_everything_it_knows_lets_nobody_else_in() {
    let mut world = World::new(8);
    let (mut origin, mut relay) = (world.origin(NOW), world.relay());
    let secret = world.put_to_work(&mut relay, &mut origin);
    let mut viewer = world.viewer();
    take(&mut viewer, &origin.view().welcome()).unwrap();
    let view = relay.carried().unwrap().view().unwrap();
    let third = MemberSecret::random(&mut world.rng);

    // It may write a roster with a third key in it, in the same epoch and a later one: no head names it.
    let keys = EpochKeys::new(0, Secret::new([1; 32]));
    for (epoch, rev) in [(0, 2), (1, 0)] {
        let keys = EpochKeys::new(epoch, keys.secret().clone());
        let plan = RosterPlan {
            run: view.run(),
            keys: &keys,
            eid: view.roster().eid(),
            rev,
            members: std::slice::from_ref(&third),
            keyless: std::slice::from_ref(&secret),
            revoked: &[],
            past: &[],
        };
        let forged = plan.build(&mut world.rng).unwrap();
        let welcome = Welcome { roster: forged.bytes().clone(), ..view.welcome() };
        assert_eq!(
            take(&mut viewer, &welcome),
            Err(MemberError::Refused(Refused::OtherRoster)),
            "epoch {epoch}"
        );
    }
    // It may hand its own place to somebody: that one is the relay, and opens nothing. The third key
    // is nobody to anybody.
    let hello: Hello = view.hello();
    let exported = TLS.export(Role::Dialler, &hello.eid);
    let stranger = Follower::new(world.channel.key(), third, Floor::default());
    let shown = stranger.prove(&hello, &exported).unwrap();
    for view in [origin.view(), viewer.view().unwrap(), view] {
        assert_eq!(view.check_dialler(&shown, &exported, NOW), Err(ProofError::NotAMember));
    }
}
