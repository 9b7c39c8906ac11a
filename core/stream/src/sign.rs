//! Signatures: `Sig(k, c, m)` = Ed25519 over `"manyhands 1 " + c + NUL + m`, checked strictly.
//!
//! The context is part of what is signed, so a signature made for one purpose is void for every
//! other (SECURITY 24).

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Length of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// An Ed25519 public key as it travels: not yet known to be a point on the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Cert,
    Head,
    Piece,
    Proof,
    Permit,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Self::Cert => "cert",
            Self::Head => "head",
            Self::Piece => "piece",
            Self::Proof => "proof",
            Self::Permit => "permit",
        }
    }

    fn message(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::with_capacity(128);
        message.extend_from_slice(b"manyhands 1 ");
        message.extend_from_slice(self.name().as_bytes());
        message.push(0);
        for part in parts {
            message.extend_from_slice(part);
        }
        message
    }
}

/// Signs the joined `parts` for `context`.
pub(crate) fn sign(key: &SigningKey, context: Context, parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
    key.sign(&context.message(parts)).to_bytes()
}

/// Whether `signature` over the joined `parts` is `key`'s, for `context`.
pub(crate) fn verify(
    key: &VerifyingKey,
    context: Context,
    parts: &[&[u8]],
    signature: &[u8; SIGNATURE_LEN],
) -> bool {
    key.verify_strict(&context.message(parts), &Signature::from_bytes(signature)).is_ok()
}

impl PublicKey {
    /// The key as a point, if it is one.
    pub(crate) fn point(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok()
    }

    /// As [`verify`], false as well when this is no key at all.
    pub(crate) fn verify(
        &self,
        context: Context,
        parts: &[&[u8]],
        signature: &[u8; SIGNATURE_LEN],
    ) -> bool {
        self.point().is_some_and(|key| verify(&key, context, parts, signature))
    }

    /// The key's first 8 bytes: what a roster's tag of a taken-back member shows.
    pub fn tag(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl From<VerifyingKey> for PublicKey {
    fn from(key: VerifyingKey) -> Self {
        Self(key.to_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.tag() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Context; 5] =
        [Context::Cert, Context::Head, Context::Piece, Context::Proof, Context::Permit];

    #[test]
    fn a_signature_holds_in_its_own_context_only() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let public = PublicKey::from(key.verifying_key());
        for made in ALL {
            let signature = sign(&key, made, &[b"ab", b"c"]);
            for used in ALL {
                assert_eq!(public.verify(used, &[b"abc"], &signature), made == used);
            }
            assert!(!public.verify(made, &[b"abd"], &signature));
        }
    }

    #[test]
    fn weak_and_malformed_keys_verify_nothing() {
        let mut identity = [0; 32];
        identity[0] = 1;
        // For the identity as key, R = identity and s = 0 satisfy the lax equation for any message.
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!PublicKey(identity).verify(Context::Cert, &[b"x"], &signature));
        assert!(!PublicKey([0xff; 32]).verify(Context::Cert, &[b"x"], &signature));
    }
}
