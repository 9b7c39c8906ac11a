//! Who this node is on the wire: an Ed25519 TLS key, fresh for each process and broadcast
//! (SECURITY 26), carried as an RFC 7250 raw public key.

use std::sync::Arc;

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
}

impl Identity {
    /// Draws a fresh key from the operating system's randomness.
    pub fn generate() -> Result<Self, Error> {
        let seed = zeroize::Zeroizing::new(rand::random::<[u8; 32]>());
        let pkcs8 = [PKCS8_PREFIX.as_slice(), seed.as_slice()].concat();
        let signing = rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8))
            .map_err(|e| Error::Crypto(e.to_string()))?;
        let spki: Arc<[u8]> = signing
            .public_key()
            .ok_or_else(|| Error::Crypto("the key has no public half".into()))?
            .as_ref()
            .into();
        let certified = CertifiedKey::new(vec![CertificateDer::from(spki.to_vec())], signing);
        Ok(Self { spki, certified: Arc::new(certified) })
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

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}

/// The name of the node whose `SubjectPublicKeyInfo` this is: BLAKE3, first 16 bytes.
#[must_use]
pub fn node_of(spki: &[u8]) -> NodeId {
    let mut id = [0; 16];
    let hash = blake3::hash(spki);
    id.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
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
