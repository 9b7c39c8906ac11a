//! What leaves on the line is counted where it leaves, and media stops at a mark.
//!
//! Budgets of data are set aside on disk before they are spent; the mark is how far that goes. Beyond
//! it the socket is one with an upload limit of nothing: acknowledgements and control alone go on.
//! Invariant: a datagram that would pass the mark leaves as those do, or waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts the bytes of one node that leave on the line, headers of the lower layers included. Clones
/// count the same.
#[derive(Debug, Clone)]
pub struct Meter(Arc<Counts>);

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
struct Counts {
    sent: AtomicU64,
    media_until: AtomicU64,
}

impl Meter {
    /// Without a mark.
    #[must_use]
    pub fn new() -> Self {
        let counts = Counts { sent: AtomicU64::new(0), media_until: AtomicU64::new(u64::MAX) };
        Self(Arc::new(counts))
    }

    /// Bytes that have left so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Relaxed)
    }

    /// Media may leave until [`Meter::sent`] is this; acts on the next datagram.
    pub fn set_media_until(&self, sent: u64) {
        self.0.media_until.store(sent, Relaxed);
    }

    /// The mark.
    pub(crate) fn media_until(&self) -> u64 {
        self.0.media_until.load(Relaxed)
    }

    /// Whether `more` bytes would pass the mark.
    #[must_use]
    pub fn would_pass(&self, more: usize) -> bool {
        self.sent().saturating_add(more as u64) > self.media_until()
    }

    /// Counts before the bytes leave: whoever reads it never reads too little.
    pub fn count(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Relaxed);
    }

    /// They have not left after all.
    pub(crate) fn uncount(&self, bytes: usize) {
        self.0.sent.fetch_sub(bytes as u64, Relaxed);
    }
}
