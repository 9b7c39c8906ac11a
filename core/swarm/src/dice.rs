//! The one source of chance of a node: a seeded stream cipher, so that runs repeat exactly.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::message::Token;

/// A seeded generator with the few draws that the overlay needs.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u64::from(self.0.next_u32()) * bound as u64;
        usize::try_from(wide >> 32).unwrap_or(0)
    }

    /// A name for a search or a greeting.
    pub(crate) fn token(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A name for an introduction, which nobody can guess where nobody knows the seed.
    pub(crate) fn long_token(&mut self) -> Token {
        Token((u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64())).to_be_bytes())
    }

    /// Any element of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len());
        items.get(at)
    }

    /// An item by chance in proportion to its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(T, u32)]) -> Option<T> {
        let sum: u64 = items.iter().map(|(_, w)| u64::from(*w)).sum();
        let mut left = self.below(usize::try_from(sum).unwrap_or(usize::MAX)) as u64;
        let hit = items.iter().find(|(_, weight)| match left.checked_sub(u64::from(*weight)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        hit.map(|(item, _)| *item)
    }

    /// Puts `items` in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}
