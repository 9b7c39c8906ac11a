//! The two authenticated ciphers: ChaCha20-Poly1305 (RFC 8439) with a nonce that the caller
//! guarantees to be fresh, and XChaCha20-Poly1305 with a random nonce in front.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use rand::CryptoRng;

use crate::Secret;

/// Bytes that either cipher's tag adds.
pub(crate) const TAG_LEN: usize = 16;
/// Bytes that [`xseal`] adds: nonce and tag.
pub(crate) const XSEAL_OVERHEAD: usize = 24 + TAG_LEN;

type Key = Secret<[u8; 32]>;

/// Encrypts under a nonce that must never repeat for `key`. `None` only for absurd lengths (256 GiB).
pub(crate) fn seal(key: &Key, nonce: [u8; 12], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(key.expose().into()).encrypt(&nonce.into(), Payload { msg, aad }).ok()
}

/// Decrypts; `None` when key, nonce, aad or bytes are not those that were sealed.
pub(crate) fn open(key: &Key, nonce: [u8; 12], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(key.expose().into()).decrypt(&nonce.into(), Payload { msg, aad }).ok()
}

/// Encrypts under a random 24-byte nonce, which stands in front of the result.
pub(crate) fn xseal(
    key: &Key,
    aad: &[u8],
    msg: &[u8],
    rng: &mut impl CryptoRng,
) -> Option<Vec<u8>> {
    let mut nonce = [0; 24];
    rng.fill_bytes(&mut nonce);
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg, aad }).ok()?;
    let mut out = Vec::with_capacity(nonce.len().saturating_add(sealed.len()));
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Some(out)
}

/// Opens what [`xseal`] made.
pub(crate) fn xopen(key: &Key, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<24>()?;
    XChaCha20Poly1305::new(key.expose().into()).decrypt(nonce.into(), Payload { msg, aad }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn what_is_sealed_opens_only_with_the_same_key_nonce_and_aad() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let (k, other) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let s = seal(&k, [0; 12], b"a", b"m").unwrap();
        assert_eq!(open(&k, [0; 12], b"a", &s).unwrap(), b"m");
        assert!(open(&other, [0; 12], b"a", &s).is_none());
        assert!(open(&k, [1; 12], b"a", &s).is_none());
        assert!(open(&k, [0; 12], b"b", &s).is_none());
        let x = xseal(&k, b"a", b"m", &mut rng).unwrap();
        assert_eq!(x.len(), 1 + XSEAL_OVERHEAD);
        assert_eq!(xopen(&k, b"a", &x).unwrap(), b"m");
        assert!(xopen(&other, b"a", &x).is_none());
        assert!(xopen(&k, b"a", &x[..23]).is_none());
    }
}
