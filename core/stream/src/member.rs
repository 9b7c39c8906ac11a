//! A viewer: its place by an invitation, and the keys that it opens.
//!
//! Begins with a link alone; [`Member::handle_welcome`] makes it complete. It keeps the keys of older
//! epochs for the window and no longer.

use crate::proof::{Exported, Hello, Proof, ProofError};
use crate::roster::UnwrapError;
use crate::{
    ChannelKey, EPOCH_LEAD_MS, EpochKeys, Floor, Follower, HeadSealed, Link, MAX_PAST_EPOCHS,
    MemberSecret, News, OpenError, OpenedChunk, Refused, RunView, SealedChunk, Verdict, Verified,
    WINDOW_MS, Welcome, chunk,
};

/// A viewer's side of a channel.
#[derive(Debug)]
pub struct Member {
    place: Follower,
    /// Ascending by epoch, at most [`MAX_PAST_EPOCHS`] and the newest.
    keys: Vec<Held>,
}

/// An epoch's keys and when they must be erased (unix milliseconds); the newest have no such time.
#[derive(Debug)]
struct Held {
    keys: EpochKeys,
    erase_at_ms: Option<u64>,
}

/// Why a member can't go on with what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The certificate, head or roster is not believed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The roster, named by a signed head, says that this invitation was taken back.
    #[error("the invitation was taken back")]
    Revoked,
    /// The roster has no entry for this invitation, or one without a key.
    #[error("the invitation is not valid for this broadcast")]
    NotInvited,
    /// There is no run yet: a welcome has to come first.
    #[error("not connected to a broadcast yet")]
    NoRun,
}

impl Member {
    /// A member by an open invitation. `floor` is what was stored of this channel, if anything.
    pub fn new(link: &Link, floor: Option<Floor>) -> Self {
        let secret = MemberSecret::open(&link.channel, &link.secret);
        Self {
            place: Follower::new(link.channel, secret, floor.unwrap_or_default()),
            keys: Vec::new(),
        }
    }

    /// The channel.
    pub fn channel(&self) -> ChannelKey {
        self.place.channel()
    }

    /// The run's public state, once there is one.
    pub fn view(&self) -> Option<&RunView> {
        self.place.view()
    }

    /// The greatest state seen of this channel, to be stored.
    pub fn floor(&self) -> Floor {
        self.place.floor()
    }

    /// Takes what a peer gives a newcomer. In a run that is known it moves forward only; a later run
    /// takes the place of the known one, with all keys.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_welcome(
        &mut self,
        cert: &[u8],
        head: &[u8],
        roster: &[u8],
        now_unix_ms: u64,
    ) -> Result<News, MemberError> {
        let copy = bytes::Bytes::copy_from_slice;
        let welcome = Welcome { cert: copy(cert), head: copy(head), roster: copy(roster) };
        let verified = self.place.verify(&welcome, now_unix_ms);
        self.forget_keys_without_a_run();
        self.handle_verified(verified?, now_unix_ms)
    }

    /// As [`Member::handle_welcome`] with what [`crate::proof::check_listener`] has checked.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_verified(
        &mut self,
        verified: Verified,
        now_unix_ms: u64,
    ) -> Result<News, MemberError> {
        let taken = self.place.take(verified, now_unix_ms)?;
        if taken.news == News::NewRun {
            self.keys.clear();
        }
        if taken.roster {
            self.take_keys(now_unix_ms)?;
        }
        Ok(taken.news)
    }

    /// Takes a head of the run.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_head(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, MemberError> {
        self.erase_old(now_unix_ms);
        self.place.handle_head(bytes, now_unix_ms)
    }

    /// Takes the roster that the newest head names, and the keys in it.
    ///
    /// # Errors
    /// See [`MemberError`]. After [`MemberError::Revoked`] the public state has moved on, and pieces
    /// of the new epoch will not open.
    pub fn handle_roster(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, MemberError> {
        let news = self.place.handle_roster(bytes)?;
        if news == News::Newer {
            self.take_keys(now_unix_ms)?;
        }
        Ok(news)
    }

    /// Judges a certificate of the channel. [`News::NewRun`]: ask for its head and roster and call
    /// [`Member::handle_welcome`]. [`News::Retired`] is final.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_cert(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, MemberError> {
        let news = self.place.handle_cert(bytes, now_unix_ms);
        self.forget_keys_without_a_run();
        news
    }

    /// Judges a piece; without a run, [`Verdict::Unknown`].
    pub fn verify_piece(&mut self, bytes: &[u8]) -> Verdict {
        self.place.verify_piece(bytes)
    }

    /// Opens an assembled chunk.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, sealed: &SealedChunk) -> Result<OpenedChunk, OpenError> {
        let run = self.view().ok_or(OpenError::NoKey)?.run();
        let of_epoch = |held: &&Held| held.keys.epoch().to_le_bytes()[0] == sealed.epoch;
        let held = self.keys.iter().rev().find(of_epoch).ok_or(OpenError::NoKey)?;
        chunk::open(&run, &held.keys, sealed)
    }

    /// The sealed part of the newest head; `None` while the keys of its epoch are not here.
    pub fn sealed_head(&self) -> Option<HeadSealed> {
        let head = self.view()?.head();
        let held = self.keys.iter().rev().find(|h| h.keys.epoch() == head.fields().epoch)?;
        head.open(&held.keys)
    }

    /// Proves membership for the epoch that `hello` names: as a dialler what answers it, as a
    /// listener with its own [`RunView::hello`]. `exported` is the exporter value for this end's role.
    ///
    /// # Errors
    /// [`ProofError::OlderBroadcast`].
    pub fn prove(&self, hello: &Hello, exported: &Exported) -> Result<Proof, ProofError> {
        self.place.prove(hello, exported)
    }

    /// Takes the newest roster's keys; those of older epochs get their time of erasure.
    fn take_keys(&mut self, now_unix_ms: u64) -> Result<(), MemberError> {
        let roster = self.view().ok_or(MemberError::NoRun)?.roster();
        let (newest, past) = roster.unwrap(self.place.secret()).map_err(|error| match error {
            UnwrapError::Revoked => MemberError::Revoked,
            UnwrapError::Absent | UnwrapError::Sealed => MemberError::NotInvited,
        })?;
        let erase_at_ms = now_unix_ms.saturating_add(u64::from(EPOCH_LEAD_MS + WINDOW_MS));
        for held in self.keys.iter_mut().filter(|held| held.keys.epoch() < newest.epoch()) {
            held.erase_at_ms.get_or_insert(erase_at_ms);
        }
        let newest_epoch = newest.epoch();
        let past = past.into_iter().filter(|keys| keys.epoch() < newest_epoch);
        for keys in past.chain([newest]) {
            if self.keys.iter().all(|held| held.keys.epoch() != keys.epoch()) {
                let erase_at_ms = (keys.epoch() < newest_epoch).then_some(erase_at_ms);
                self.keys.push(Held { keys, erase_at_ms });
            }
        }
        self.keys.sort_by_key(|held| held.keys.epoch());
        let too_many = self.keys.len().saturating_sub(MAX_PAST_EPOCHS + 1);
        self.keys.drain(..too_many);
        self.erase_old(now_unix_ms);
        Ok(())
    }

    fn erase_old(&mut self, now_unix_ms: u64) {
        self.keys.retain(|held| held.erase_at_ms.is_none_or(|at| now_unix_ms < at));
    }

    /// A channel that is retired has none any more.
    fn forget_keys_without_a_run(&mut self) {
        if self.view().is_none() {
            self.keys.clear();
        }
    }
}
