//! The channel: the long-lived key pair that people follow.
//!
//! Its secret half signs one certificate a run and is otherwise at rest; shells keep the seed
//! wrapped by the platform's key store.

use std::fmt;

use ed25519_dalek::SigningKey;
use rand::CryptoRng;

use crate::{PublicKey, Secret};

/// A channel's public key, `A`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelKey(pub [u8; 32]);

impl ChannelKey {
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0)
    }

    /// A short code to compare by eye: the first 8 bytes in hexadecimal.
    pub fn short(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.public().tag())
    }
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelKey({})", self.short())
    }
}

/// A channel's key pair. Whoever has the seed is the channel.
pub struct Channel {
    key: SigningKey,
}

impl Channel {
    /// A new channel.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(Secret::random(rng))
    }

    /// The channel of a stored seed.
    pub fn from_seed(seed: Secret<[u8; 32]>) -> Self {
        Self { key: SigningKey::from_bytes(seed.expose()) }
    }

    /// The seed, to be stored under the device's own key and nowhere else.
    pub fn seed(&self) -> Secret<[u8; 32]> {
        Secret::new(self.key.to_bytes())
    }

    /// The public key.
    pub fn key(&self) -> ChannelKey {
        ChannelKey(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn signer(&self) -> &SigningKey {
        &self.key
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({}, …)", self.key().short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_seed_brings_the_same_channel_back() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let channel = Channel::generate(&mut rng);
        assert_eq!(Channel::from_seed(channel.seed()).key(), channel.key());
        assert_ne!(Channel::generate(&mut rng).key(), channel.key());
        let seed = data_encoding::HEXLOWER.encode(channel.seed().expose());
        assert!(!format!("{channel:?}").contains(&seed[..8]));
    }
}
