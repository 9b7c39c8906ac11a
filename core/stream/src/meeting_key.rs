//! Where an invitation's item stands in the DHT, who can write it, and who can read it.
//!
//! The place is a BEP 44 mutable item under the channel's *blinded* key (as Tor's onion services of
//! version 3 do it): whoever holds the link can work out where to look and open what is there; only
//! the channel's own secret can sign it; nobody else can tell that two places belong together.

use std::fmt;

use curve25519_dalek::Scalar;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Sha512, Signature, VerifyingKey};
use rand::CryptoRng;

use crate::meeting::{MEETING_LEN, Meeting};
use crate::{Channel, ChannelKey, FormatError, PublicKey, SIGNATURE_LEN, Secret, aead, kdf};

const DAY_MS: u64 = 86_400_000;

/// The day that a moment belongs to: Unix days.
pub fn day_of(unix_ms: u64) -> u32 {
    u32::try_from(unix_ms / DAY_MS).unwrap_or(u32::MAX)
}

/// What the holder of a link knows of its item.
#[derive(Clone)]
pub struct MeetingPoint {
    channel: ChannelKey,
    secret: Secret<[u8; 32]>,
}

impl MeetingPoint {
    /// The item of an invitation.
    pub fn new(channel: ChannelKey, invite: &Secret<[u8; 16]>) -> Self {
        Self { channel, secret: kdf::derive(kdf::MEET, &[&channel.0, invite.expose()]) }
    }

    /// The public key under which it stands on `day`; `None` when the channel's key is none.
    pub fn place(&self, day: u32) -> Option<PublicKey> {
        let channel = CompressedEdwardsY(self.channel.0).decompress()?;
        let factor = self.factor(day);
        Some(PublicKey((channel * factor.expose()).compress().0))
    }

    /// Opens a value that stood there.
    ///
    /// # Errors
    /// It was not sealed for this invitation and day, or its content is not that of an item.
    pub fn open(&self, day: u32, value: &[u8]) -> Result<Meeting, FormatError> {
        let opened = aead::xopen(&self.key(day), &[], value).ok_or(FormatError::Field("value"))?;
        Meeting::parse(&opened)
    }

    /// What signs and seals on `day`. The channel's secret is not needed any more afterwards.
    pub fn signer(&self, channel: &Channel, day: u32) -> MeetingSigner {
        let factor = self.factor(day);
        let own = ExpandedSecretKey::from(channel.signer().as_bytes());
        let prefix = kdf::derive(kdf::DHT_PREFIX, &[&own.hash_prefix, factor.expose().as_bytes()]);
        let scalar = own.scalar * factor.expose();
        let blinded = ExpandedSecretKey { scalar, hash_prefix: *prefix.expose() };
        MeetingSigner { day, key: VerifyingKey::from(&blinded), blinded, seal: self.key(day) }
    }

    /// `f`, a secret of those who hold the link.
    pub(crate) fn factor(&self, day: u32) -> Secret<Scalar> {
        let wide = kdf::expand::<64>(kdf::DHT_BLIND, &self.inputs(&day.to_le_bytes()));
        Secret::new(Scalar::from_bytes_mod_order_wide(wide.expose()))
    }

    pub(crate) fn key(&self, day: u32) -> Secret<[u8; 32]> {
        kdf::derive(kdf::DHT_SEAL, &self.inputs(&day.to_le_bytes()))
    }

    fn inputs<'a>(&'a self, day: &'a [u8; 4]) -> [&'a [u8]; 3] {
        [&self.channel.0, self.secret.expose(), day]
    }

    #[cfg(test)]
    pub(crate) fn secret(&self) -> &Secret<[u8; 32]> {
        &self.secret
    }
}

impl fmt::Debug for MeetingPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeetingPoint(…)")
    }
}

/// Writes the item of one invitation on one day.
pub struct MeetingSigner {
    day: u32,
    blinded: ExpandedSecretKey,
    key: VerifyingKey,
    seal: Secret<[u8; 32]>,
}

/// An item as the DHT's nodes store it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMeeting {
    /// The public key under which it stands.
    pub place: PublicKey,
    /// Of two items nodes keep the one with the greater number: Unix seconds.
    pub seq: i64,
    /// 936 sealed bytes.
    pub value: Vec<u8>,
    /// Over sequence number and value as BEP 44 says, without salt.
    pub signature: [u8; SIGNATURE_LEN],
}

impl SignedMeeting {
    /// Whether it is as long as an item is, and signed by whose place it is for. Who holds no link can
    /// tell no more.
    pub fn is_signed(&self) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        let message = signable(self.seq, &self.value);
        let holds = |key: VerifyingKey| key.verify_strict(&message, &signature).is_ok();
        self.value.len() == aead::XSEAL_OVERHEAD + MEETING_LEN
            && self.place.point().is_some_and(holds)
    }
}

impl MeetingSigner {
    /// The day it writes for.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Seals and signs what shall stand there from now on.
    pub fn sign(&self, meeting: &Meeting, rng: &mut impl CryptoRng) -> SignedMeeting {
        let seq = i64::try_from(meeting.issued_ms / 1000).unwrap_or(i64::MAX);
        // Only absurd lengths fail to seal, and this one is fixed.
        let value = aead::xseal(&self.seal, &[], &meeting.to_bytes(), rng).unwrap_or_default();
        let message = signable(seq, &value);
        let signature = raw_sign::<Sha512>(&self.blinded, &message, &self.key).to_bytes();
        SignedMeeting { place: self.key.into(), seq, value, signature }
    }
}

impl fmt::Debug for MeetingSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MeetingSigner(day {}, …)", self.day)
    }
}

/// What BEP 44 signs: both keys and their values in bencoding, without the dictionary around them.
fn signable(seq: i64, value: &[u8]) -> Vec<u8> {
    [format!("3:seqi{seq}e1:v{}:", value.len()).as_bytes(), value].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MeetingState;
    use rand::SeedableRng;

    const NOW: u64 = 1_700_000_000_000;

    fn channel() -> Channel {
        Channel::from_seed(Secret::new([1; 32]))
    }

    fn meeting() -> Meeting {
        Meeting { state: MeetingState::Live, issued_ms: NOW, started_ms: NOW, entries: Vec::new() }
    }

    fn rng() -> rand_chacha::ChaCha20Rng {
        rand_chacha::ChaCha20Rng::seed_from_u64(3)
    }

    #[test]
    fn whoever_holds_the_link_finds_and_opens_what_the_channel_signed_for_fifty_days() {
        let point = MeetingPoint::new(channel().key(), &Secret::new([4; 16]));
        for day in day_of(NOW)..day_of(NOW) + 50 {
            let item = point.signer(&channel(), day).sign(&meeting(), &mut rng());
            assert_eq!(Some(item.place), point.place(day));
            assert_eq!(item.value.len(), 936);
            assert!(item.is_signed());
            for other in [
                SignedMeeting { seq: item.seq + 1, ..item.clone() },
                SignedMeeting { value: vec![0; 936], ..item.clone() },
                SignedMeeting { place: PublicKey([2; 32]), ..item.clone() },
            ] {
                assert!(!other.is_signed());
            }
            assert_eq!(point.open(day, &item.value), Ok(meeting()));
        }
    }

    #[test]
    fn days_and_invitations_have_places_of_their_own_and_do_not_open_each_other() {
        let day = day_of(NOW);
        let (one, other) = (
            MeetingPoint::new(channel().key(), &Secret::new([4; 16])),
            MeetingPoint::new(channel().key(), &Secret::new([5; 16])),
        );
        let item = one.signer(&channel(), day).sign(&meeting(), &mut rng());
        assert_ne!(one.place(day), other.place(day));
        assert_ne!(one.place(day), one.place(day + 1));
        assert_ne!(one.place(day), Some(channel().key().public()));
        assert!(other.open(day, &item.value).is_err());
        assert!(one.open(day + 1, &item.value).is_err());
    }

    /// All that a viewer has is the link: its factor times any scalar it can make is another key.
    #[test]
    fn another_channel_can_not_sign_for_the_place() {
        let point = MeetingPoint::new(channel().key(), &Secret::new([4; 16]));
        let thief = Channel::from_seed(Secret::new([9; 32]));
        let forged = point.signer(&thief, 1).sign(&meeting(), &mut rng());
        assert_ne!(Some(forged.place), point.place(1));
        let key = point.place(1).unwrap().point().unwrap();
        let signature = Signature::from_bytes(&forged.signature);
        assert!(key.verify_strict(&signable(forged.seq, &forged.value), &signature).is_err());
    }

    #[test]
    fn a_channel_that_is_no_point_has_no_place_and_nothing_secret_shows() {
        let no_point = ChannelKey([2; 32]);
        assert!(no_point.public().point().is_none());
        let point = MeetingPoint::new(no_point, &Secret::new([4; 16]));
        assert!(point.place(1).is_none());
        assert_eq!(format!("{point:?}"), "MeetingPoint(…)");
        let signer = point.signer(&channel(), 3);
        assert_eq!(format!("{signer:?}"), "MeetingSigner(day 3, …)");
    }
}
