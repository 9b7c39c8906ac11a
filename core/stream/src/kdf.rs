//! The one key derivation: `KDF(c, x…) = BLAKE3 derive_key("manyhands 1 " + c, x…)`, 32 bytes.
//!
//! Every input of a context has a fixed length, so joining them is unambiguous.

use crate::Secret;

/// An open invitation's member secret `M`, from `A`, `S`.
pub const MEMBER: &str = "member";
/// The seed of a member's Ed25519 key of one epoch, from `M`, `eid`.
pub const MEMBER_SIGN: &str = "member sign";
/// The key that wraps `E` for a member in one epoch, from `M`, `eid`.
pub const MEMBER_WRAP: &str = "member wrap";
/// The roster's commitment to `E`, from `E`, `run`.
pub const COMMIT: &str = "commit";
/// The key of the roster's box of past epoch secrets, from `E`, `run`.
pub const PAST: &str = "past";
/// The key of a head's sealed part, from `E`, `run`.
pub const HEAD: &str = "head";
/// A content key `CK`, from `E`, `run`, `epoch` (u32), `track` (u8).
pub const CONTENT: &str = "content";
/// The mark on a local network, from `A`, `nonce`, `hour` (u32).
pub const LAN: &str = "lan";
/// What all places of one invitation in the DHT follow from, from `A`, `S`.
pub const MEET: &str = "meet";
/// The key that seals what stands there, from `A`, `L`, `day` (u32).
pub const DHT_SEAL: &str = "dht seal";
/// The blinded key's second half, from the channel's second half and the factor.
pub const DHT_PREFIX: &str = "dht prefix";
/// The factor that blinds a channel's key, 64 bytes before they are reduced, from `A`, `L`, `day`.
pub const DHT_BLIND: &str = "dht blind";
/// What tells neighbours of an earlier process that this one has begun anew (RFC 9000, section 10.3), from
/// the channel's seed and the broadcast's number (u64), or from a relay's seed.
pub const RESET: &str = "reset";
/// The key of the connection IDs by which that process is known, from the key before.
pub const RESET_IDS: &str = "reset ids";
/// A ticket's check, 4 bytes, from all before it.
pub const TICKET: &str = "ticket";

/// Derives 32 bytes for the context `c` from `inputs`, joined in order.
pub fn derive(c: &str, inputs: &[&[u8]]) -> Secret<[u8; 32]> {
    expand(c, inputs)
}

/// The same, `N` bytes long.
pub(crate) fn expand<const N: usize>(c: &str, inputs: &[&[u8]]) -> Secret<[u8; N]> {
    let mut hasher = blake3::Hasher::new_derive_key(&format!("manyhands 1 {c}"));
    for input in inputs {
        hasher.update(input);
    }
    let mut out = [0; N];
    hasher.finalize_xof().fill(&mut out);
    zeroize::Zeroize::zeroize(&mut hasher);
    Secret::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_is_blake3_derive_key_over_the_joined_inputs() {
        let expected = blake3::derive_key("manyhands 1 member", b"abcdef");
        assert_eq!(derive(MEMBER, &[b"abc", b"def"]).expose(), &expected);
        assert_ne!(derive(HEAD, &[b"abcdef"]).expose(), &expected);
    }
}
