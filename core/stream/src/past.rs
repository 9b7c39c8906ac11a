//! The roster's box of past epoch secrets, so that a newcomer can open pieces made before the
//! newest epoch that are still in the window. Always 32 places, so its size tells nothing.

use rand::CryptoRng;
use zeroize::Zeroize;

use crate::format::Reader;
use crate::{EpochKeys, RunId, Secret, aead};

/// Places in the box. Revocations in quick succession can make several epochs within one window.
pub(crate) const PLACES: usize = 32;
/// Bytes of one place: `epoch u32 | E 32`.
const PLACE_LEN: usize = 36;
/// Length of the sealed box.
pub(crate) const BOX_LEN: usize = PLACES * PLACE_LEN + aead::XSEAL_OVERHEAD;

/// Seals up to [`PLACES`] past epochs (the newest of more) under the current one.
pub(crate) fn seal(
    current: &EpochKeys,
    run: &RunId,
    past: &[EpochKeys],
    rng: &mut impl CryptoRng,
) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(PLACES * PLACE_LEN);
    for keys in past.iter().skip(past.len().saturating_sub(PLACES)) {
        plain.extend_from_slice(&keys.epoch().to_le_bytes());
        plain.extend_from_slice(keys.secret().expose());
    }
    plain.resize(PLACES * PLACE_LEN, 0);
    let sealed = aead::xseal(&current.past_key(run), &[], &plain, rng);
    plain.zeroize();
    sealed
}

/// Opens the box; a place whose `E` is all zero is empty.
pub(crate) fn open(current: &EpochKeys, run: &RunId, sealed: &[u8]) -> Option<Vec<EpochKeys>> {
    let plain = Secret::new(aead::xopen(&current.past_key(run), &[], sealed)?);
    let mut r = Reader::new(plain.expose());
    let mut past = Vec::new();
    for _ in 0..PLACES {
        let keys = EpochKeys::new(r.u32().ok()?, Secret::new(r.array().ok()?));
        if keys.secret().expose() != &[0; 32] {
            past.push(keys);
        }
    }
    r.end().ok()?;
    Some(past)
}
