//! Epochs and members: the span of one content key, and the keys that a member has in it.
//!
//! A member's public key is new in every epoch, so that attendance can't be linked over epochs; an
//! epoch's secret is erased when its window has passed, so that a seized device opens nothing older.

use ed25519_dalek::SigningKey;
use rand::CryptoRng;

use crate::{ChannelKey, PublicKey, RunId, Secret, kdf};

/// A new epoch begins at least this often (SECURITY 12).
pub const EPOCH_LIFE_MS: u32 = 10 * 60 * 1000;
/// A new epoch's first chunk is captured this long after the epoch was made, so that head and roster
/// are everywhere before it (SECURITY 15).
pub const EPOCH_LEAD_MS: u32 = 1000;
/// How long a piece can be wanted: the current group of pictures (4 s), a viewer's buffer, and the
/// 30 s for which a head counts as fresh. Keys of older epochs are erased, older pieces are stale.
pub const WINDOW_MS: u32 = 30_000;

/// A member's per-epoch public key, `P`.
pub type MemberKey = PublicKey;

/// An epoch's public random name, from which members derive their keys of that epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Eid(pub [u8; 16]);

/// An epoch's number and secret, `E`.
#[derive(Clone, Debug)]
pub struct EpochKeys {
    epoch: u32,
    secret: Secret<[u8; 32]>,
}

impl EpochKeys {
    /// Puts an epoch's number and `E` together.
    pub fn new(epoch: u32, secret: Secret<[u8; 32]>) -> Self {
        Self { epoch, secret }
    }

    /// A fresh `E` for the epoch of this number.
    pub fn generate(epoch: u32, rng: &mut impl CryptoRng) -> Self {
        Self::new(epoch, Secret::random(rng))
    }

    /// The epoch's number within its run, from 0.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// `E` itself.
    pub fn secret(&self) -> &Secret<[u8; 32]> {
        &self.secret
    }

    /// What the roster shows of `E`, so that nobody can be given another one unseen.
    pub fn commit(&self, run: &RunId) -> [u8; 32] {
        *self.run_key(kdf::COMMIT, run).expose()
    }

    /// The key of the roster's box of past epochs.
    pub fn past_key(&self, run: &RunId) -> Secret<[u8; 32]> {
        self.run_key(kdf::PAST, run)
    }

    /// The key of the sealed part of this epoch's heads.
    pub fn head_key(&self, run: &RunId) -> Secret<[u8; 32]> {
        self.run_key(kdf::HEAD, run)
    }

    /// `CK`, the key of this epoch's chunks of one track.
    pub fn content_key(&self, run: &RunId, track: u8) -> Secret<[u8; 32]> {
        let inputs: [&[u8]; 4] =
            [self.secret.expose(), &run.0, &self.epoch.to_le_bytes(), &[track]];
        kdf::derive(kdf::CONTENT, &inputs)
    }

    fn run_key(&self, context: &str, run: &RunId) -> Secret<[u8; 32]> {
        kdf::derive(context, &[self.secret.expose(), &run.0])
    }
}

/// A member's secret, `M`: what an invitation gives its holder.
#[derive(Clone, Debug)]
pub struct MemberSecret(Secret<[u8; 32]>);

impl MemberSecret {
    /// `M` of an open invitation ("anyone with the link"): everybody who holds it has the same.
    pub fn open(channel: &ChannelKey, invite: &Secret<[u8; 16]>) -> Self {
        Self(kdf::derive(kdf::MEMBER, &[&channel.0, invite.expose()]))
    }

    /// `M_r` of a relay: drawn by itself.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// `M` as it came over a connection.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// `M` itself.
    pub fn secret(&self) -> &Secret<[u8; 32]> {
        &self.0
    }

    /// `P`: the key under which this member stands in the roster of the epoch `eid`.
    pub fn key(&self, eid: &Eid) -> MemberKey {
        self.signer(eid).verifying_key().into()
    }

    /// `W`: the key under which `E` is wrapped for this member.
    pub fn wrap_key(&self, eid: &Eid) -> Secret<[u8; 32]> {
        kdf::derive(kdf::MEMBER_WRAP, &[self.0.expose(), &eid.0])
    }

    pub(crate) fn signer(&self, eid: &Eid) -> SigningKey {
        SigningKey::from_bytes(kdf::derive(kdf::MEMBER_SIGN, &[self.0.expose(), &eid.0]).expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_keys_differ_by_epoch_invitation_and_channel() {
        let member = |a, s| MemberSecret::open(&ChannelKey([a; 32]), &Secret::new([s; 16]));
        let eid = Eid([1; 16]);
        assert_eq!(member(1, 1).key(&eid), member(1, 1).key(&eid));
        assert_ne!(member(1, 1).key(&eid), member(1, 1).key(&Eid([2; 16])));
        assert_ne!(member(1, 1).key(&eid), member(1, 2).key(&eid));
        assert_ne!(member(1, 1).key(&eid), member(2, 1).key(&eid));
    }

    #[test]
    fn content_keys_differ_by_run_epoch_and_track() {
        let keys = |epoch| EpochKeys::new(epoch, Secret::new([9; 32]));
        let key = |epoch, run, track| *keys(epoch).content_key(&RunId([run; 16]), track).expose();
        let base = key(0, 0, 0);
        for other in [key(1, 0, 0), key(0, 1, 0), key(0, 0, 1)] {
            assert_ne!(base, other);
        }
    }
}
