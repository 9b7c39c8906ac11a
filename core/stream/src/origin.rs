//! The broadcaster's side of a run. All of its secrets are born with it, live in memory only and die
//! with it: no run is ever resumed, so no nonce can repeat after a restart (SECURITY 1).

use std::collections::BTreeMap;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use rand::CryptoRng;
use x25519_dalek::StaticSecret;

use crate::chunk::Sealer;
use crate::proof::{Exported, Hello, Proof};
use crate::welcome::Verified;
use crate::{
    Cert, CertFields, Channel, ChunkFlags, EPOCH_LEAD_MS, EPOCH_LIFE_MS, Eid, EpochKeys, Head,
    HeadFields, HeadInput, HeadSealed, HeadState, MAX_CERT_LIFE_MS, MAX_PAST_EPOCHS, MemberSecret,
    OriginError, Permit, PublicKey, Roster, RosterPlan, Rotation, RunId, RunOptions, RunView,
    SealError, SealedChunk, Secret, Ticket, WINDOW_MS, cut,
};

/// A broadcaster's run.
pub struct Origin {
    broadcaster: SigningKey,
    exchange: StaticSecret,
    members: Vec<MemberSecret>,
    /// Relays, by the hash in their tickets.
    relays: BTreeMap<[u8; 32], MemberSecret>,
    /// Ascending; the last is the newest. At most [`MAX_PAST_EPOCHS`] and the newest.
    epochs: Vec<Slot>,
    sealer: Sealer,
    said: HeadInput,
    view: RunView,
}

/// An epoch and the media time from which its chunks are sealed.
struct Slot {
    keys: EpochKeys,
    from_ms: u64,
}

impl Origin {
    /// Begins a run: fresh keys, epoch 0, its roster, and a first head without tracks, issued at
    /// `started_ms`.
    ///
    /// # Errors
    /// [`OriginError::TooManyInvites`], [`OriginError::Life`].
    pub fn start(
        channel: &Channel,
        options: RunOptions,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, OriginError> {
        let life = options.expires_ms.checked_sub(options.started_ms);
        if life.is_none_or(|life| life > MAX_CERT_LIFE_MS) {
            return Err(OriginError::Life);
        }
        let run = RunId(*Secret::random(rng).expose());
        let broadcaster = SigningKey::generate(rng);
        let exchange = StaticSecret::random_from_rng(rng);
        let fields = CertFields {
            private: options.private,
            veiled: false,
            retired: false,
            channel: channel.key(),
            broadcaster: broadcaster.verifying_key().into(),
            exchange: x25519_dalek::PublicKey::from(&exchange).to_bytes(),
            run,
            broadcast: options.broadcast,
            started_ms: options.started_ms,
            expires_ms: options.expires_ms,
        };
        let cert = Cert::issue(channel, fields);
        let member = |invite| MemberSecret::open(&channel.key(), invite);
        let members: Vec<_> = options.invites.iter().map(member).collect();
        let epochs = vec![Slot { keys: EpochKeys::generate(0, rng), from_ms: 0 }];
        let relays = BTreeMap::new();
        let eid = Eid(*Secret::random(rng).expose());
        let roster = make_roster((run, eid, 0), &epochs, &members, &relays, rng)?;
        let sealed = HeadSealed::default();
        let said = HeadInput { state: HeadState::Live, tracks: Vec::new(), sealed };
        let draft = (run, 1, options.started_ms);
        let head = make_head(draft, &said, &epochs, &roster, &broadcaster, rng)?;
        let key = broadcaster.verifying_key();
        let verified = Verified { cert, broadcaster: key, head, roster };
        let view = RunView::new(verified, options.started_ms);
        let sealer = Sealer::default();
        Ok(Self { broadcaster, exchange, members, relays, epochs, sealer, said, view })
    }

    /// The certificate's bytes.
    pub fn cert(&self) -> &Bytes {
        self.view.cert().bytes()
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.view.run()
    }

    /// The newest roster's bytes; the newest head names their hash.
    pub fn roster(&self) -> &Bytes {
        self.view.roster().bytes()
    }

    /// The public state, as everybody else has it.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// The secret of the run's exchange key `X`, to which claims are sealed.
    pub fn exchange(&self) -> &StaticSecret {
        &self.exchange
    }

    /// Signs the next head: once a second and at each change.
    ///
    /// # Errors
    /// [`OriginError::HeadTooLong`]; no number is spent then.
    pub fn head(
        &mut self,
        input: &HeadInput,
        now_unix_ms: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Bytes, OriginError> {
        let draft = (self.run(), self.next_head_no(), now_unix_ms);
        let roster = self.view.roster();
        let head = make_head(draft, input, &self.epochs, roster, &self.broadcaster, rng)?;
        let bytes = head.bytes().clone();
        self.said = input.clone();
        self.view.install_head(head, now_unix_ms);
        Ok(bytes)
    }

    /// Whether the newest epoch is ten minutes old.
    pub fn epoch_is_due(&self, now_media_ms: u32) -> bool {
        let from = self.epochs.last().map_or(0, |slot| slot.from_ms);
        u64::from(now_media_ms) >= from.saturating_add(u64::from(EPOCH_LIFE_MS))
    }

    /// Begins a new epoch. Its chunks are those captured from one second on; head (with what the last
    /// one said) and roster are to be sent at once. `now_media_ms` is on the clock of `capture_ms`.
    ///
    /// # Errors
    /// [`OriginError::Epochs`] after 2^32 of them; others can't happen with what was said before.
    pub fn rotate_epoch(
        &mut self,
        now_unix_ms: u64,
        now_media_ms: u32,
        rng: &mut impl CryptoRng,
    ) -> Result<Rotation, OriginError> {
        let newest = self.epochs.last().ok_or(OriginError::Epochs)?;
        let number = newest.keys.epoch().checked_add(1).ok_or(OriginError::Epochs)?;
        let from_ms = u64::from(now_media_ms).saturating_add(u64::from(EPOCH_LEAD_MS));
        let from_ms = from_ms.max(newest.from_ms);
        self.erase_old(now_media_ms);
        self.epochs.push(Slot { keys: EpochKeys::generate(number, rng), from_ms });
        let too_many = self.epochs.len().saturating_sub(MAX_PAST_EPOCHS + 1);
        self.epochs.drain(..too_many);
        let name = (self.run(), Eid(*Secret::random(rng).expose()), 0);
        let roster = make_roster(name, &self.epochs, &self.members, &self.relays, rng)?;
        self.install(roster, now_unix_ms, rng)
    }

    /// Puts a relay into the roster of this epoch, by the secret that it has answered to a permit:
    /// `None` when it is there already. Another secret of the same relay takes the place of the first.
    ///
    /// # Errors
    /// [`OriginError::TooManyInvites`]; others can't happen with what was said before.
    pub fn add_relay(
        &mut self,
        ticket: &Ticket,
        secret: MemberSecret,
        now_unix_ms: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Rotation>, OriginError> {
        let eid = self.view.roster().eid();
        if self.view.roster().entry(&secret.key(&eid)).is_some() {
            return Ok(None);
        }
        let mut relays = self.relays.clone();
        relays.insert(ticket.relay, secret);
        let name = (self.run(), eid, self.view.roster().rev().saturating_add(1));
        let roster = make_roster(name, &self.epochs, &self.members, &relays, rng)?;
        self.relays = relays;
        self.install(roster, now_unix_ms, rng).map(Some)
    }

    /// Signs a head that names `roster`, and takes both.
    fn install(
        &mut self,
        roster: Roster,
        now_unix_ms: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Rotation, OriginError> {
        let draft = (self.run(), self.next_head_no(), now_unix_ms);
        let head = make_head(draft, &self.said, &self.epochs, &roster, &self.broadcaster, rng)?;
        let sent = Rotation { head: head.bytes().clone(), roster: roster.bytes().clone() };
        self.view.install_head(head, now_unix_ms);
        self.view.install_roster(roster);
        Ok(sent)
    }

    /// Seals a chunk with the keys of the epoch in which it was captured. `chunk` must grow within
    /// its track; `capture_ms` is media time, milliseconds since the run began.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn seal(
        &mut self,
        track: u8,
        flags: ChunkFlags,
        chunk: u32,
        capture_ms: u32,
        plaintext: &[u8],
    ) -> Result<SealedChunk, SealError> {
        let run = self.run();
        let at = u64::from(capture_ms);
        let current = self.epochs.iter().rev().find(|slot| slot.from_ms <= at);
        let Some(slot) = current.or(self.epochs.first()) else {
            return Err(SealError::TooLong(plaintext.len()));
        };
        let name = (track, chunk, capture_ms);
        let sealed = self.sealer.seal(&run, &slot.keys, name, flags, plaintext)?;
        self.erase_old(capture_ms);
        Ok(sealed)
    }

    /// Cuts a sealed chunk into `k` parts (and one of parity, as substream `k`) and signs each of
    /// their pieces. `next_due_ms` is how long after its capture the track's next chunk is due.
    ///
    /// # Errors
    /// [`SealError::K`], [`SealError::TooLong`].
    pub fn cut(
        &self,
        chunk: &SealedChunk,
        k: u8,
        next_due_ms: u16,
        parity: bool,
    ) -> Result<Vec<Bytes>, SealError> {
        cut::cut(&self.broadcaster, &self.run(), chunk, k, next_due_ms, parity)
    }

    /// Proves that this is the origin, with the run's key `B`; as a dialler also towards a peer that
    /// only knows an earlier run: for its epoch the origin proves as the holder of an invitation.
    pub fn prove(&self, hello: &Hello, exported: &Exported) -> Proof {
        let other_epoch = hello.eid != self.view.roster().eid();
        match self.members.first().filter(|_| other_epoch) {
            Some(member) => Proof::sign(&member.signer(&hello.eid), exported),
            None => Proof::sign(&self.broadcaster, exported),
        }
    }

    /// What is shown to a relay: `exported` is the exporter value of the connection to it, for the
    /// dialler's role and this run in the place of an epoch's name.
    pub fn permit(&self, ticket: &Ticket, shielded: bool, exported: &Exported) -> Permit {
        Permit::sign(&self.broadcaster, self.view.cert(), &ticket.permit, shielded, exported)
    }

    /// The run's public key `B`.
    pub fn key(&self) -> PublicKey {
        (*self.view.broadcaster()).into()
    }

    fn next_head_no(&self) -> u64 {
        self.view.head().fields().head_no.saturating_add(1)
    }

    /// Erases every epoch whose successor's first chunk is a whole window ago.
    fn erase_old(&mut self, now_media_ms: u32) {
        let passed = |slot: &Slot| {
            slot.from_ms.saturating_add(u64::from(WINDOW_MS)) < u64::from(now_media_ms)
        };
        let old = self.epochs.iter().skip(1).take_while(|next| passed(next)).count();
        self.epochs.drain(..old);
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origin").field("run", &self.run()).finish_non_exhaustive()
    }
}

fn make_roster(
    (run, eid, rev): (RunId, Eid, u32),
    epochs: &[Slot],
    members: &[MemberSecret],
    relays: &BTreeMap<[u8; 32], MemberSecret>,
    rng: &mut impl CryptoRng,
) -> Result<Roster, OriginError> {
    let (newest, past) = epochs.split_last().ok_or(OriginError::Epochs)?;
    let past: Vec<_> = past.iter().map(|slot| slot.keys.clone()).collect();
    let relays: Vec<_> = relays.values().cloned().collect();
    let plan = RosterPlan {
        run,
        keys: &newest.keys,
        eid,
        rev,
        members,
        keyless: &relays,
        revoked: &[],
        past: &past,
    };
    plan.build(rng).ok_or(OriginError::TooManyInvites)
}

fn make_head(
    (run, head_no, issued_ms): (RunId, u64, u64),
    input: &HeadInput,
    epochs: &[Slot],
    roster: &Roster,
    broadcaster: &SigningKey,
    rng: &mut impl CryptoRng,
) -> Result<Head, OriginError> {
    let newest = epochs.last().ok_or(OriginError::Epochs)?;
    let fields = HeadFields {
        run,
        head_no,
        issued_ms,
        state: input.state,
        epoch: newest.keys.epoch(),
        epoch_from_ms: newest.from_ms,
        roster: *roster.hash(),
        tracks: input.tracks.clone(),
    };
    Head::issue(fields, &input.sealed, &newest.keys, broadcaster, rng)
        .ok_or(OriginError::HeadTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;
    use std::collections::BTreeSet;

    /// A process that is killed and started again: same clock, same channel and invitations, the
    /// counters from 0, another seed of the generator.
    fn process(seed: u64) -> (Origin, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let options = RunOptions {
            broadcast: 1,
            started_ms: 1000,
            expires_ms: 2000,
            private: false,
            invites: vec![Secret::new([1; 16])],
        };
        let channel = Channel::from_seed(Secret::new([2; 32]));
        (Origin::start(&channel, options, &mut rng).unwrap(), rng)
    }

    #[test]
    fn a_thousand_restarts_repeat_no_key_and_nonce() {
        let mut seen = BTreeSet::new();
        for seed in 0..1000 {
            let (mut origin, _) = process(seed);
            for chunk in 0..3 {
                let sealed = origin.seal(0, ChunkFlags::default(), chunk, chunk, b"same").unwrap();
                let key = *origin.epochs[0].keys.content_key(&origin.run(), 0).expose();
                assert!(seen.insert((key, chunk)), "seed {seed}");
                assert_eq!(sealed.chunk, chunk);
            }
        }
    }

    #[test]
    fn many_epochs_stay_bounded_and_old_ones_are_erased() {
        let (mut origin, mut rng) = process(1);
        for n in 0..100u32 {
            origin.rotate_epoch(1000, n, &mut rng).unwrap();
        }
        assert_eq!(origin.epochs.len(), MAX_PAST_EPOCHS + 1);
        let at = 99 + EPOCH_LEAD_MS + WINDOW_MS;
        origin.seal(0, ChunkFlags::default(), 0, at, b"x").unwrap();
        assert_eq!(origin.epochs.len(), 2);
        origin.seal(0, ChunkFlags::default(), 1, at + 1, b"x").unwrap();
        assert_eq!(origin.epochs.len(), 1);
        assert_eq!(origin.epochs[0].keys.epoch(), 100);
    }

    #[test]
    fn debug_shows_nothing_of_a_run() {
        let (origin, _) = process(1);
        let shown = format!("{origin:?} {:?} {:?}", origin.epochs[0].keys, origin.members);
        let hex = |secret: &[u8]| data_encoding::HEXLOWER.encode(secret);
        for secret in [origin.epochs[0].keys.secret().expose(), origin.members[0].secret().expose()]
        {
            assert!(!shown.contains(&hex(secret)[..8]) && !shown.contains(&format!("{secret:?}")));
        }
    }
}
