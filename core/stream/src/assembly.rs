//! From verified pieces back to the sealed chunk, with one missing part rebuilt from parity.
//!
//! Holds pieces of one chunk only, at most 16 × 16 of them, and never more than the longest chunk
//! with its parity part.

use bytes::Bytes;

use crate::{MAX_CHUNK_LEN, MAX_K, PieceHeader, SealedChunk, cut};

/// A chunk that is being put together. Feed it with pieces that [`crate::RunView`] called good.
#[derive(Clone, Debug)]
pub struct Assembly {
    k: u8,
    first: PieceHeader,
    parts: Vec<Part>,
    held: usize,
}

/// One substream's pieces.
#[derive(Clone, Debug, Default)]
struct Part {
    pieces: Vec<Option<Bytes>>,
    missing: usize,
}

/// What adding a piece led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More pieces are needed.
    More,
    /// This piece was there already.
    Duplicate,
    /// Everything is there: call [`Assembly::finish`].
    Complete,
}

/// Why a piece does not belong, or a chunk can't be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// Of another chunk, or in contradiction to the pieces held.
    #[error("the piece does not fit the others")]
    Misfit,
    /// A substream beyond the parity part, or a K that is not in 1..=15.
    #[error("there is no such substream")]
    Substream,
    /// Together over the bound of 8 MiB (and parity).
    #[error("the chunk is too long")]
    TooLong,
    /// Pieces are missing.
    #[error("pieces are missing")]
    Incomplete,
}

impl Assembly {
    /// Begins with a chunk's first piece; `k` is the track's, from the head.
    ///
    /// # Errors
    /// See [`AssemblyError`].
    pub fn new(k: u8, piece: &Bytes) -> Result<(Self, Progress), AssemblyError> {
        let first = PieceHeader::parse(piece).map_err(|_| AssemblyError::Misfit)?;
        if !(1..=MAX_K).contains(&k) {
            return Err(AssemblyError::Substream);
        }
        let parts = vec![Part::default(); usize::from(k) + 1];
        let mut assembly = Self { k, first, parts, held: 0 };
        let progress = assembly.add(piece)?;
        Ok((assembly, progress))
    }

    /// Adds a verified piece. The bytes are shared, not copied.
    ///
    /// # Errors
    /// See [`AssemblyError`]; the assembly is as before.
    pub fn add(&mut self, piece: &Bytes) -> Result<Progress, AssemblyError> {
        let header = PieceHeader::parse(piece).map_err(|_| AssemblyError::Misfit)?;
        if !same_chunk(&self.first, &header) {
            return Err(AssemblyError::Misfit);
        }
        let len = usize::from(header.len);
        let held = self.held.saturating_add(len);
        if held > MAX_CHUNK_LEN.saturating_mul(2) {
            return Err(AssemblyError::TooLong);
        }
        let part =
            self.parts.get_mut(usize::from(header.substream)).ok_or(AssemblyError::Substream)?;
        if part.pieces.is_empty() {
            part.pieces = vec![None; usize::from(header.parts)];
            part.missing = part.pieces.len();
        }
        let place = part.pieces.get_mut(usize::from(header.part)).ok_or(AssemblyError::Misfit)?;
        if place.is_some() {
            return Ok(Progress::Duplicate);
        }
        *place = Some(piece.slice(crate::PIECE_HEADER_LEN..));
        part.missing = part.missing.saturating_sub(1);
        self.held = held;
        Ok(if self.is_complete() { Progress::Complete } else { Progress::More })
    }

    /// Whether every part is there, or all but one and the parity part.
    pub fn is_complete(&self) -> bool {
        self.parts.iter().filter(|part| part.is_whole()).count() >= usize::from(self.k)
    }

    /// Whether this piece's place is still empty.
    pub fn wants(&self, header: &PieceHeader) -> bool {
        same_chunk(&self.first, header)
            && self.parts.get(usize::from(header.substream)).is_some_and(|part| {
                part.pieces.is_empty()
                    || part.pieces.get(usize::from(header.part)).is_some_and(Option::is_none)
            })
    }

    /// The substreams of which something is missing, parity left out.
    pub fn missing(&self) -> impl Iterator<Item = u8> {
        let data = (0..self.k).zip(&self.parts);
        data.filter(|(_, part)| !part.is_whole()).map(|(substream, _)| substream)
    }

    /// The sealed chunk with its padding, for [`crate::Member::open`].
    ///
    /// # Errors
    /// [`AssemblyError::Incomplete`] before [`Progress::Complete`]; [`AssemblyError::Misfit`] when
    /// the parts have different lengths; [`AssemblyError::TooLong`].
    pub fn finish(&self) -> Result<SealedChunk, AssemblyError> {
        if !self.is_complete() {
            return Err(AssemblyError::Incomplete);
        }
        let whole = self.parts.iter().filter(|part| part.is_whole());
        let part_len = whole.clone().map(Part::len).next().unwrap_or_default();
        if whole.clone().any(|part| part.len() != part_len) {
            return Err(AssemblyError::Misfit);
        }
        let total = part_len.saturating_mul(usize::from(self.k));
        if total > MAX_CHUNK_LEN.saturating_add(usize::from(self.k)) {
            return Err(AssemblyError::TooLong);
        }
        let rebuilt = self.rebuild(part_len);
        let mut out = Vec::with_capacity(total);
        for part in self.parts.iter().take(usize::from(self.k)) {
            if part.is_whole() {
                part.data().for_each(|data| out.extend_from_slice(data));
            } else {
                out.extend_from_slice(&rebuilt);
            }
        }
        let PieceHeader { track, epoch, chunk, capture_ms, flags, .. } = self.first;
        Ok(SealedChunk { track, epoch, chunk, capture_ms, flags, bytes: out.into() })
    }

    /// The missing data part, when there is one: the XOR of all the others and parity.
    fn rebuild(&self, part_len: usize) -> Vec<u8> {
        if self.missing().next().is_none() {
            return Vec::new();
        }
        let whole = self.parts.iter().filter(|part| part.is_whole());
        let joined: Vec<Vec<u8>> =
            whole.map(|part| part.data().flatten().copied().collect()).collect();
        cut::xor(&joined, part_len)
    }
}

impl Part {
    fn is_whole(&self) -> bool {
        !self.pieces.is_empty() && self.missing == 0
    }

    fn data(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.iter().flatten()
    }

    fn len(&self) -> usize {
        self.data().map(Bytes::len).sum()
    }
}

/// Puts one chunk together from any set of its pieces that suffices; duplicates are ignored.
///
/// # Errors
/// See [`AssemblyError`].
pub fn assemble<'a>(
    k: u8,
    pieces: impl IntoIterator<Item = &'a Bytes>,
) -> Result<SealedChunk, AssemblyError> {
    let mut pieces = pieces.into_iter();
    let first = pieces.next().ok_or(AssemblyError::Incomplete)?;
    let (mut assembly, _) = Assembly::new(k, first)?;
    for piece in pieces {
        assembly.add(piece)?;
    }
    assembly.finish()
}

/// Everything but substream, part and length is the same in all pieces of a chunk.
fn same_chunk(a: &PieceHeader, b: &PieceHeader) -> bool {
    let name = |h: &PieceHeader| (h.track, h.epoch, h.chunk, h.flags, h.capture_ms, h.parts);
    name(a) == name(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChunkFlags, PIECE_HEADER_LEN, RunId, SealError};
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn chunk(len: usize) -> SealedChunk {
        let bytes: Vec<u8> = (0..len).map(|i| (i * 31 + 1) as u8).collect();
        let (track, epoch, flags) = (1, 2, ChunkFlags::default());
        SealedChunk { track, epoch, chunk: 3, capture_ms: 4, flags, bytes: bytes.into() }
    }

    fn cut(len: usize, k: u8, parity: bool) -> Result<Vec<Bytes>, SealError> {
        let key = SigningKey::from_bytes(&[1; 32]);
        cut::cut(&key, &RunId([1; 16]), &chunk(len), k, 100, parity)
    }

    fn assert_same(len: usize, assembled: &SealedChunk) {
        let original = chunk(len);
        assert_eq!(assembled.bytes[..len], original.bytes[..]);
        assert!(assembled.bytes[len..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn small_and_large_chunks_come_back() {
        for (len, k, count) in
            [(21, 8, 8), (1, 8, 8), (1, 15, 15), (40_000, 2, 4), (600_000, 2, 32), (900_000, 1, 16)]
        {
            let pieces = cut(len, k, false).unwrap();
            assert_eq!(pieces.len(), count, "{len} bytes, K = {k}");
            assert_same(len, &assemble(k, &pieces).unwrap());
        }
    }

    #[test]
    fn pieces_stay_at_16_kib_until_16_of_them_are_too_few() {
        let longest = |len, k| {
            let pieces = cut(len, k, false).unwrap();
            pieces.iter().map(|p| p.len() - PIECE_HEADER_LEN).max().unwrap()
        };
        assert_eq!(longest(16 * PIECE_TARGET, 1), PIECE_TARGET);
        assert!(longest(16 * PIECE_TARGET + 1, 1) > PIECE_TARGET);
        assert_eq!(cut(16 * 65_535, 1, false).unwrap().len(), 16);
        assert_eq!(cut(16 * 65_535 + 1, 1, false), Err(SealError::TooLong(16 * 65_535 + 1)));
    }
    const PIECE_TARGET: usize = crate::PIECE_TARGET_LEN;

    #[test]
    fn any_one_missing_part_is_rebuilt_and_two_are_not() {
        let pieces = cut(70_000, 4, true).unwrap();
        let without = |lost: &[u8]| -> Vec<Bytes> {
            let lost = |p: &Bytes| lost.contains(&PieceHeader::parse(p).unwrap().substream);
            pieces.iter().filter(|p| !lost(p)).cloned().collect()
        };
        for lost in 0..5 {
            assert_same(70_000, &assemble(4, &without(&[lost])).unwrap());
        }
        assert_eq!(assemble(4, &without(&[0, 1])), Err(AssemblyError::Incomplete));
        assert_eq!(assemble(4, &without(&[0, 4])), Err(AssemblyError::Incomplete));
    }

    #[test]
    fn strangers_and_duplicates_are_told_apart() {
        let pieces = cut(100, 4, true).unwrap();
        let (mut assembly, progress) = Assembly::new(4, &pieces[0]).unwrap();
        assert_eq!(progress, Progress::More);
        assert_eq!(assembly.add(&pieces[0]), Ok(Progress::Duplicate));
        assert!(!assembly.wants(&PieceHeader::parse(&pieces[0]).unwrap()));
        assert!(assembly.wants(&PieceHeader::parse(&pieces[1]).unwrap()));
        let mut other = pieces[1].to_vec();
        other[4] ^= 1;
        assert_eq!(assembly.add(&other.into()), Err(AssemblyError::Misfit));
        let mut beyond = pieces[1].to_vec();
        beyond[1] = 5 << 4;
        assert_eq!(assembly.add(&beyond.into()), Err(AssemblyError::Substream));
        assert_eq!(assembly.missing().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(matches!(Assembly::new(0, &pieces[0]), Err(AssemblyError::Substream)));
        assert!(matches!(Assembly::new(16, &pieces[0]), Err(AssemblyError::Substream)));
    }

    #[test]
    fn parts_of_different_lengths_are_refused() {
        let (short, long) = (cut(100, 4, false).unwrap(), cut(104, 4, false).unwrap());
        let mixed = [&short[..3], &long[3..]].concat();
        assert_eq!(assemble(4, &mixed), Err(AssemblyError::Misfit));
    }

    proptest! {
        #[test]
        fn chunks_come_back_in_any_order_with_any_part_lost(
            len in 1usize..100_000, k in 1u8..=15, lost in 0u8..16, order: u64
        ) {
            let mut pieces = cut(len, k, true).unwrap();
            pieces.retain(|p| PieceHeader::parse(p).unwrap().substream != lost % (k + 1));
            pieces.sort_by_key(|p| blake3::hash(&[&p[..16], &order.to_le_bytes()[..]].concat()).to_hex());
            assert_same(len, &assemble(k, &pieces).unwrap());
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            k: u8, pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 81..90), 0..9)
        ) {
            let fit = |mut p: Vec<u8>| { let len = (p.len() - 80) as u16; p[14..16].copy_from_slice(&len.to_le_bytes()); p[2] &= 0x11; p.into() };
            let pieces: Vec<Bytes> = pieces.into_iter().map(fit).collect();
            let _ = assemble(k, &pieces);
        }
    }
}
