//! Sealed chunks: what a track produced in one tick, readable by viewers only.
//!
//! Sealed form: `flags u8 | len u32 | ciphertext`, where `len` is the plaintext's length. The nonce
//! is the chunk's number under a key of (run, epoch, track), so the number may only grow: the sealer
//! refuses anything else (SECURITY 1).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::format::Reader;
use crate::{EpochKeys, RunId, aead};

/// The longest sealed chunk: the gate's access unit bound of 4 MiB, twice. It bounds every buffer.
pub const MAX_CHUNK_LEN: usize = 8 * 1024 * 1024;
/// What sealing adds to a plaintext: flags, length and tag.
pub const CHUNK_OVERHEAD: usize = PREFIX_LEN + aead::TAG_LEN;
const PREFIX_LEN: usize = 5;

/// What a chunk is, in 4 bits; bit 3 is reserved: sent as 0, ignored when received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkFlags {
    /// It begins with a keyframe (always so for audio).
    pub keyframe: bool,
    /// The broadcaster has paused or has its camera off.
    pub paused: bool,
    /// The last chunk of the broadcast.
    pub last: bool,
}

impl ChunkFlags {
    /// Bit 0 keyframe, bit 1 paused, bit 2 last.
    pub fn bits(self) -> u8 {
        u8::from(self.keyframe) | u8::from(self.paused) << 1 | u8::from(self.last) << 2
    }

    /// Reads the bits; those that are not known are ignored.
    pub fn from_bits(bits: u8) -> Self {
        Self { keyframe: bits & 1 != 0, paused: bits & 2 != 0, last: bits & 4 != 0 }
    }
}

/// A chunk between sealing and opening: its name, its times, and its sealed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedChunk {
    /// The track.
    pub track: u8,
    /// The epoch's number modulo 256, as pieces carry it.
    pub epoch: u8,
    /// The chunk's number within its track.
    pub chunk: u32,
    /// When it was closed: media time, milliseconds since the run began.
    pub capture_ms: u32,
    /// Its flags, as the pieces say them; [`OpenedChunk::flags`] are those that were sealed.
    pub flags: ChunkFlags,
    /// `flags u8 | len u32 | ciphertext`; after assembly followed by the padding.
    pub bytes: Bytes,
}

/// A chunk that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedChunk {
    /// The flags that were sealed.
    pub flags: ChunkFlags,
    /// What the origin put in.
    pub plaintext: Vec<u8>,
}

/// Why a chunk was not sealed or not cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The number does not grow within its track: sealing would repeat a nonce.
    #[error("chunk {chunk} of track {track} is not after chunk {last}")]
    NotAfter {
        /// The track.
        track: u8,
        /// The number that was refused.
        chunk: u32,
        /// The last number that was sealed.
        last: u32,
    },
    /// Over 8 MiB, or over what K × 16 pieces of 65,535 bytes carry.
    #[error("a chunk of {0} bytes is too long")]
    TooLong(usize),
    /// K is not in 1..=15.
    #[error("a chunk can't be cut into {0} parts")]
    K(u8),
}

/// Why a chunk was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The epoch's secret is not here (yet: the roster may be under way; or any more).
    #[error("the key of this epoch is not here")]
    NoKey,
    /// The sealed form is cut, has a wrong length or non-zero padding.
    #[error("the sealed chunk is malformed")]
    Malformed,
    /// Key, name or bytes are not those that were sealed.
    #[error("the chunk does not open")]
    Unsealed,
}

/// Seals the chunks of a run and remembers the last number of each track.
#[derive(Debug, Default)]
pub(crate) struct Sealer {
    last: BTreeMap<u8, u32>,
}

impl Sealer {
    /// Seals one chunk. The number must be greater than any before on this track, in any epoch.
    pub(crate) fn seal(
        &mut self,
        run: &RunId,
        keys: &EpochKeys,
        name: (u8, u32, u32),
        flags: ChunkFlags,
        plaintext: &[u8],
    ) -> Result<SealedChunk, SealError> {
        let (track, chunk, capture_ms) = name;
        if let Some(&last) = self.last.get(&track)
            && chunk <= last
        {
            return Err(SealError::NotAfter { track, chunk, last });
        }
        let too_long = SealError::TooLong(plaintext.len());
        if plaintext.len() > MAX_CHUNK_LEN - CHUNK_OVERHEAD {
            return Err(too_long);
        }
        let len = u32::try_from(plaintext.len()).map_err(|_| too_long)?;
        let aad = aad(run, keys.epoch(), track, chunk, flags.bits(), len);
        let key = keys.content_key(run, track);
        // From here on the number is spent, whatever happens.
        self.last.insert(track, chunk);
        let sealed = aead::seal(&key, nonce(chunk), &aad, plaintext).ok_or(too_long)?;
        let mut out = Vec::with_capacity(sealed.len() + PREFIX_LEN);
        out.push(flags.bits());
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&sealed);
        let [epoch, ..] = keys.epoch().to_le_bytes();
        Ok(SealedChunk { track, epoch, chunk, capture_ms, flags, bytes: out.into() })
    }
}

/// Opens a chunk with its epoch's keys. Behind the ciphertext only zero padding may stand.
pub(crate) fn open(
    run: &RunId,
    keys: &EpochKeys,
    sealed: &SealedChunk,
) -> Result<OpenedChunk, OpenError> {
    let mut r = Reader::new(&sealed.bytes);
    let flags = r.u8().map_err(|_| OpenError::Malformed)?;
    let len = r.u32().map_err(|_| OpenError::Malformed)?;
    let ciphertext = usize::try_from(len)
        .ok()
        .and_then(|len| len.checked_add(aead::TAG_LEN))
        .and_then(|len| r.take(len).ok())
        .ok_or(OpenError::Malformed)?;
    let used = ciphertext.len().saturating_add(PREFIX_LEN);
    if sealed.bytes.iter().skip(used).any(|&byte| byte != 0) {
        return Err(OpenError::Malformed);
    }
    let aad = aad(run, keys.epoch(), sealed.track, sealed.chunk, flags, len);
    let key = keys.content_key(run, sealed.track);
    let plaintext =
        aead::open(&key, nonce(sealed.chunk), &aad, ciphertext).ok_or(OpenError::Unsealed)?;
    Ok(OpenedChunk { flags: ChunkFlags::from_bits(flags), plaintext })
}

/// `0 u32 | chunk u64`.
fn nonce(chunk: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    if let Some(low) = nonce.get_mut(4..8) {
        low.copy_from_slice(&chunk.to_le_bytes());
    }
    nonce
}

/// `run | epoch | track | chunk u32 | flags | len u32`.
pub(crate) fn aad(run: &RunId, epoch: u32, track: u8, chunk: u32, flags: u8, len: u32) -> Vec<u8> {
    let (epoch, chunk, len) = (epoch.to_le_bytes(), chunk.to_le_bytes(), len.to_le_bytes());
    [&run.0[..], &epoch, &[track], &chunk, &[flags], &len].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const RUN: RunId = RunId([1; 16]);

    fn keys(epoch: u32, secret: u8) -> EpochKeys {
        EpochKeys::new(epoch, Secret::new([secret; 32]))
    }

    fn sealed(plaintext: &[u8]) -> SealedChunk {
        let flags = ChunkFlags { keyframe: true, ..Default::default() };
        Sealer::default().seal(&RUN, &keys(300, 2), (1, 5, 7), flags, plaintext).unwrap()
    }

    #[test]
    fn a_chunk_opens_with_its_key_and_name_only() {
        let chunk = sealed(b"picture");
        assert_eq!(chunk.bytes.len(), 7 + CHUNK_OVERHEAD);
        assert_eq!(chunk.epoch, 44);
        let opened = open(&RUN, &keys(300, 2), &chunk).unwrap();
        assert_eq!(opened.plaintext, b"picture");
        assert!(opened.flags.keyframe && !opened.flags.last);
        let fails = |run, keys, chunk: &SealedChunk| {
            assert_eq!(open(&run, &keys, chunk), Err(OpenError::Unsealed));
        };
        fails(RUN, keys(300, 3), &chunk);
        fails(RUN, keys(44, 2), &chunk);
        fails(RunId([2; 16]), keys(300, 2), &chunk);
        fails(RUN, keys(300, 2), &SealedChunk { track: 2, ..chunk.clone() });
        fails(RUN, keys(300, 2), &SealedChunk { chunk: 6, ..chunk.clone() });
    }

    #[test]
    fn padding_may_be_zero_only() {
        let mut chunk = sealed(b"picture");
        chunk.bytes = [&chunk.bytes[..], &[0, 0]].concat().into();
        assert!(open(&RUN, &keys(300, 2), &chunk).is_ok());
        chunk.bytes = [&chunk.bytes[..], &[1]].concat().into();
        assert_eq!(open(&RUN, &keys(300, 2), &chunk), Err(OpenError::Malformed));
    }

    #[test]
    fn too_long_a_plaintext_is_refused() {
        let long = vec![0; MAX_CHUNK_LEN - CHUNK_OVERHEAD + 1];
        let result =
            Sealer::default().seal(&RUN, &keys(0, 0), (0, 0, 0), ChunkFlags::default(), &long);
        assert_eq!(result, Err(SealError::TooLong(long.len())));
    }

    proptest! {
        #[test]
        fn a_key_and_nonce_never_repeat(
            asked in proptest::collection::vec((0u8..3, 0u32..40, 0u32..3), 1..200)
        ) {
            let mut sealer = Sealer::default();
            let mut seen = BTreeSet::new();
            for (track, chunk, epoch) in asked {
                let keys = keys(epoch, 9);
                if sealer.seal(&RUN, &keys, (track, chunk, 0), ChunkFlags::default(), b"x").is_ok() {
                    let used = (*keys.content_key(&RUN, track).expose(), nonce(chunk));
                    prop_assert!(seen.insert(used));
                }
            }
        }

        #[test]
        fn damaged_chunks_never_open(at in 0usize..28, bit in 0u8..8) {
            let mut chunk = sealed(b"picture");
            let mut bytes = chunk.bytes.to_vec();
            bytes[at] ^= 1 << bit;
            chunk.bytes = bytes.into();
            prop_assert!(open(&RUN, &keys(300, 2), &chunk).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let chunk = SealedChunk { bytes: bytes.into(), ..sealed(b"") };
            let _ = open(&RUN, &keys(300, 2), &chunk);
        }
    }
}
