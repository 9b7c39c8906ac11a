//! The mark by which those who know a channel find each other on a local network (SECURITY 25).
//!
//! To everybody else it is 16 random bytes; a fresh nonce makes two marks of one channel strangers.

use rand::CryptoRng;

use crate::{ChannelKey, kdf};

/// A mark's length in bytes.
pub const LAN_MARK_LEN: usize = NONCE_LEN + TAG_LEN;
const NONCE_LEN: usize = 8;
const TAG_LEN: usize = 8;
const HOUR_MS: u64 = 3_600_000;

/// `nonce [8] | tag [8]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanMark([u8; LAN_MARK_LEN]);

impl LanMark {
    /// A new mark of a channel for the hour of `unix_ms`.
    pub fn new(channel: &ChannelKey, unix_ms: u64, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut mark = [0; LAN_MARK_LEN];
        let (front, back) = mark.split_at_mut(NONCE_LEN);
        front.copy_from_slice(&nonce);
        back.copy_from_slice(&tag(channel, &nonce, hour_of(unix_ms)));
        Self(mark)
    }

    /// Reads what a service record carries.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The mark's bytes.
    pub fn bytes(&self) -> &[u8; LAN_MARK_LEN] {
        &self.0
    }

    /// Whether this is a mark of `channel`, made in the hour of `unix_ms` or in one beside it: clocks
    /// differ, and a record is kept for a while.
    pub fn is_of(&self, channel: &ChannelKey, unix_ms: u64) -> bool {
        let Some((nonce, shown)) = self.0.split_first_chunk::<NONCE_LEN>() else { return false };
        let now = hour_of(unix_ms);
        (now.saturating_sub(1)..=now.saturating_add(1))
            .any(|hour| tag(channel, nonce, hour) == shown)
    }
}

fn hour_of(unix_ms: u64) -> u32 {
    u32::try_from(unix_ms / HOUR_MS).unwrap_or(u32::MAX)
}

fn tag(channel: &ChannelKey, nonce: &[u8; NONCE_LEN], hour: u32) -> [u8; TAG_LEN] {
    let key = kdf::derive(kdf::LAN, &[&channel.0, nonce, &hour.to_le_bytes()]);
    let [a, b, c, d, e, f, g, h, ..] = *key.expose();
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn a_mark_is_known_by_its_channel_in_its_hour_and_beside_it() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let (ours, other) = (ChannelKey([1; 32]), ChannelKey([2; 32]));
        let mark = LanMark::new(&ours, NOW, &mut rng);
        for late in [0, HOUR_MS] {
            assert!(mark.is_of(&ours, NOW + late) && mark.is_of(&ours, NOW - late));
            assert!(!mark.is_of(&other, NOW + late));
        }
        assert!(!mark.is_of(&ours, NOW + 2 * HOUR_MS));
        assert_eq!(LanMark::parse(mark.bytes()), Some(mark));
    }

    #[test]
    fn two_marks_of_a_channel_have_nothing_in_common() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(2);
        let channel = ChannelKey([1; 32]);
        let (a, b) = (LanMark::new(&channel, NOW, &mut rng), LanMark::new(&channel, NOW, &mut rng));
        assert!(a.bytes()[..8] != b.bytes()[..8] && a.bytes()[8..] != b.bytes()[8..]);
        assert!(LanMark::parse(&[0; 15]).is_none() && LanMark::parse(&[0; 17]).is_none());
    }
}
