//! Who this node is on the wire: an Ed25519 TLS key, fresh for each process and broadcast
//! (SECURITY 26) but for relays, carried as an RFC 7250 raw public key.

use std::sync::Arc;

use manyhands_stream::{Channel, Secret, kdf};
use manyhands_swarm::NodeId;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::Error;

/// RFC 8410 section 7: the PKCS#8 wrapping of an Ed25519 seed.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A node's TLS key pair and the name that follows from it.
#[derive(Debug, Clone)]
pub struct Identity {
    spki: Arc<[u8]>,
    certified: Arc<CertifiedKey>,
    reset: Secret<[u8; 32]>,
}

impl Identity {
    /// Draws a fresh key from the operating system's randomness.
    pub fn generate() -> Result<Self, Error> {
        Self::from_seed(&Secret::new(rand::random()))
    }

    /// The key of a seed: a relay keeps its own, because its tickets name it.
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Result<Self, Error> {
        let pkcs8 = [PKCS8_PREFIX.as_slice(), seed.expose().as_slice()].concat();
        let signing = rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8))
            .map_err(|e| Error::Crypto(e.to_string()))?;
        let spki: Arc<[u8]> = signing
            .public_key()
            .ok_or_else(|| Error::Crypto("the key has no public half".into()))?
            .as_ref()
            .into();
        let certified = CertifiedKey::new(vec![CertificateDer::from(spki.to_vec())], signing);
        let reset = kdf::derive(kdf::RESET, &[seed.expose()]);
        Ok(Self { spki, certified: Arc::new(certified), reset })
    }

    /// Somebody new, but whom an earlier process of the same broadcast knew learns at once that this one
    /// has begun. The number keeps one broadcast from being known by another.
    #[must_use]
    pub fn begins_anew(mut self, channel: &Channel, broadcast: u64) -> Self {
        let (seed, number) = (channel.seed(), broadcast.to_le_bytes());
        self.reset = kdf::derive(kdf::RESET, &[seed.expose(), &number]);
        self
    }

    /// What keys this node's stateless resets.
    pub(crate) fn reset(&self) -> &Secret<[u8; 32]> {
        &self.reset
    }

    /// The DER of this node's `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// This node's name in the overlay.
    #[must_use]
    pub fn node(&self) -> NodeId {
        node_of(&self.spki)
    }

    /// What a ticket says of it: BLAKE3 of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn pin(&self) -> [u8; 32] {
        pin_of(&self.spki)
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}

/// The name of the node whose `SubjectPublicKeyInfo` this is: BLAKE3, first 16 bytes.
#[must_use]
pub fn node_of(spki: &[u8]) -> NodeId {
    node_of_pin(&pin_of(spki))
}

pub(crate) fn pin_of(spki: &[u8]) -> [u8; 32] {
    *blake3::hash(spki).as_bytes()
}

/// The name of the node that a ticket names.
pub(crate) fn node_of_pin(pin: &[u8; 32]) -> NodeId {
    let mut id = [0; 16];
    id.iter_mut().zip(pin).for_each(|(to, from)| *to = *from);
    NodeId(id)
}

/// The `SubjectPublicKeyInfo` that the other end of a connection has shown and proven.
pub(crate) fn peer_spki(connection: &quinn::Connection) -> Option<Vec<u8>> {
    let identity = connection.peer_identity()?;
    let keys = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    keys.first().map(|key| key.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_is_fresh() {
        let (a, b) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        assert_ne!(a.node(), b.node());
        assert_eq!(a.node(), node_of(a.spki()));
    }
}
