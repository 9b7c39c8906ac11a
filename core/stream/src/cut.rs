//! Cutting a sealed chunk into signed pieces: K equal parts, one a substream, and one of parity.
//!
//! A part over 16 KiB travels as several pieces; over 16 × 16 KiB the pieces grow instead.

use bytes::Bytes;
use ed25519_dalek::SigningKey;

use crate::piece::{PieceHeader, sign_piece};
use crate::{MAX_CHUNK_LEN, RunId, SealError, SealedChunk};

/// The most parts of a chunk: the substream's number has 4 bits, and parity needs one.
pub const MAX_K: u8 = 15;
/// The length of data up to which a part is one piece.
pub const PIECE_TARGET_LEN: usize = 16 * 1024;
/// The most pieces of a part: its number has 4 bits.
const MAX_PIECES: usize = 16;

/// Cuts and signs. The pieces come substream by substream, parity last.
pub(crate) fn cut(
    broadcaster: &SigningKey,
    run: &RunId,
    chunk: &SealedChunk,
    k: u8,
    next_due_ms: u16,
    parity: bool,
) -> Result<Vec<Bytes>, SealError> {
    if !(1..=MAX_K).contains(&k) {
        return Err(SealError::K(k));
    }
    let part_len = chunk.bytes.len().div_ceil(usize::from(k)).max(1);
    let count = part_len.div_ceil(PIECE_TARGET_LEN).min(MAX_PIECES);
    let piece_len = part_len.div_ceil(count);
    // Rounding up can leave the last pieces without data: count again.
    let count = part_len.div_ceil(piece_len);
    let too_long = SealError::TooLong(chunk.bytes.len());
    if chunk.bytes.len() > MAX_CHUNK_LEN || piece_len > usize::from(u16::MAX) {
        return Err(too_long);
    }
    let mut padded = chunk.bytes.to_vec();
    padded.resize(part_len * usize::from(k), 0);
    let mut parts: Vec<&[u8]> = padded.chunks(part_len).collect();
    let parity_part = if parity { xor(&parts, part_len) } else { Vec::new() };
    if parity {
        parts.push(&parity_part);
    }
    let mut pieces = Vec::with_capacity(parts.len() * count);
    for (substream, part) in (0u8..).zip(parts) {
        for (number, data) in (0u8..).zip(part.chunks(piece_len)) {
            let header = PieceHeader {
                track: chunk.track,
                substream,
                flags: chunk.flags,
                part: number,
                parts: u8::try_from(count).map_err(|_| too_long)?,
                epoch: chunk.epoch,
                chunk: chunk.chunk,
                capture_ms: chunk.capture_ms,
                next_due_ms,
                len: u16::try_from(data.len()).map_err(|_| too_long)?,
            };
            pieces.push(sign_piece(broadcaster, run, &header, data).into());
        }
    }
    Ok(pieces)
}

/// The exclusive or of parts of one length.
pub(crate) fn xor(parts: &[impl AsRef<[u8]>], len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    for part in parts {
        for (o, b) in out.iter_mut().zip(part.as_ref()) {
            *o ^= b;
        }
    }
    out
}
