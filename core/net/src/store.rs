//! The bytes of the newest pieces, as they came: what this node can pass on.

use std::collections::BTreeMap;

use bytes::Bytes;
use manyhands_swarm::PieceId;

/// How far back pieces are kept, in media time: a group of pictures of 4 s (the design's figure for
/// newcomers) and 2 s for repair behind it.
const WINDOW_MS: u32 = 6_000;
/// And never more than this: 8 MiB of such a group and half of it again.
const MAX_BYTES: usize = 12 << 20;

/// Verified pieces of the last few seconds, bounded in time and bytes.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pieces: BTreeMap<PieceId, Entry>,
    /// The same pieces by age, oldest first.
    by_age: BTreeMap<(u32, PieceId), ()>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    capture_ms: u32,
    data: Bytes,
}

impl Store {
    pub(crate) fn get(&self, id: &PieceId) -> Option<&Bytes> {
        self.pieces.get(id).map(|e| &e.data)
    }

    /// Keeps a piece; what has become too old or too much goes.
    pub(crate) fn insert(&mut self, id: PieceId, capture_ms: u32, data: Bytes) {
        if self.pieces.contains_key(&id) {
            return;
        }
        self.bytes += data.len();
        self.pieces.insert(id, Entry { capture_ms, data });
        self.by_age.insert((capture_ms, id), ());
        let newest = self.by_age.last_key_value().map_or(0, |((ms, _), ())| *ms);
        while let Some((&(oldest, id), ())) = self.by_age.first_key_value() {
            if self.bytes <= MAX_BYTES && newest.saturating_sub(oldest) <= WINDOW_MS {
                break;
            }
            self.remove(oldest, id);
        }
    }

    /// A new run begins: nothing of the old one may be sent any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn remove(&mut self, capture_ms: u32, id: PieceId) {
        self.by_age.remove(&(capture_ms, id));
        if let Some(entry) = self.pieces.remove(&id) {
            debug_assert_eq!(entry.capture_ms, capture_ms, "both maps hold the same pieces");
            self.bytes -= entry.data.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(chunk: u32) -> PieceId {
        PieceId { track: 0, chunk, substream: 0, part: 0 }
    }

    #[test]
    fn old_pieces_go_and_new_ones_stay() {
        let mut store = Store::default();
        for chunk in 0..100 {
            store.insert(id(chunk), chunk * 100, Bytes::from_static(&[7; 1000]));
        }
        assert!(store.get(&id(38)).is_none());
        assert!(store.get(&id(39)).is_some());
        assert_eq!(store.bytes, store.pieces.len() * 1000);
    }

    #[test]
    fn bytes_are_bounded_whatever_the_times_say() {
        let mut store = Store::default();
        for chunk in 0..2000 {
            store.insert(id(chunk), 5, Bytes::from(vec![0; 16_464]));
        }
        assert!(store.bytes <= MAX_BYTES);
    }
}
