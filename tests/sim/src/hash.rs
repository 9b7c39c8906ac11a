//! A running hash over what reaches the nodes of a run and what their viewers see: equal runs have
//! equal hashes, however the simulator keeps its books.

use crate::dice::mix;

/// 64 bits, order-sensitive. A check against accidents, not against an adversary.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventHash(u64);

impl EventHash {
    pub(crate) const fn add(&mut self, words: [u64; 4]) {
        let [a, b, c, d] = words;
        self.0 = mix(self.0 ^ a);
        self.0 = mix(self.0 ^ b);
        self.0 = mix(self.0 ^ c);
        self.0 = mix(self.0 ^ d);
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}
