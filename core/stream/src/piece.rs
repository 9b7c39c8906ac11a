//! A piece: what travels. `header 16 | signature 64 | data`.
//!
//! The header is read without a signature check, so that duplicates are dropped before the costly
//! part; nothing is forwarded or stored before [`crate::RunView::verify_piece`] has said good.

use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::format::Reader;
use crate::sign::{self, Context, SIGNATURE_LEN};
use crate::{ChunkFlags, FormatError, RunId};

/// Bytes before a piece's data: header and signature.
pub const PIECE_HEADER_LEN: usize = FIELDS_LEN + SIGNATURE_LEN;
/// The longest piece: the data's length is a u16.
pub const MAX_PIECE_LEN: usize = PIECE_HEADER_LEN + u16::MAX as usize;
/// How many chunks beyond the newest known one a piece may be before it counts as stale.
pub const STALE_AHEAD: u32 = 20;
const FIELDS_LEN: usize = 16;

/// What a piece's first 16 bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceHeader {
    /// The track.
    pub track: u8,
    /// `0..K` for the parts of the chunk, `K` for the parity part (at most 15).
    pub substream: u8,
    /// The chunk's flags.
    pub flags: ChunkFlags,
    /// Which piece of its part this is, from 0.
    pub part: u8,
    /// How many pieces the part has (1..=16).
    pub parts: u8,
    /// The epoch's number modulo 256.
    pub epoch: u8,
    /// The chunk's number within its track.
    pub chunk: u32,
    /// When the chunk was closed: media time, milliseconds since the run began.
    pub capture_ms: u32,
    /// How long after `capture_ms` the next chunk of this track is due, in milliseconds.
    pub next_due_ms: u16,
    /// Bytes of data (at least 1).
    pub len: u16,
}

impl PieceHeader {
    /// Reads the header of a whole piece. Cheap: no signature is checked.
    ///
    /// # Errors
    /// A length that is not header, signature and `len`; an empty piece; a part out of range.
    pub fn parse(piece: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(piece);
        let (track, stream, part, epoch) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let header = Self {
            track,
            substream: stream >> 4,
            flags: ChunkFlags::from_bits(stream & 15),
            part: part >> 4,
            parts: (part & 15) + 1,
            epoch,
            chunk: r.u32()?,
            capture_ms: r.u32()?,
            next_due_ms: r.u16()?,
            len: r.u16()?,
        };
        r.array::<SIGNATURE_LEN>()?;
        r.take(usize::from(header.len))?;
        r.end()?;
        if header.len == 0 {
            return Err(FormatError::Field("len"));
        }
        if header.part >= header.parts {
            return Err(FormatError::Field("part"));
        }
        Ok(header)
    }

    /// The data of a whole piece.
    pub fn data(piece: &[u8]) -> &[u8] {
        piece.get(PIECE_HEADER_LEN..).unwrap_or_default()
    }

    fn fields(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PIECE_HEADER_LEN.saturating_add(usize::from(self.len)));
        out.push(self.track);
        out.push(self.substream << 4 | self.flags.bits());
        out.push(self.part << 4 | self.parts.saturating_sub(1) & 15);
        out.push(self.epoch);
        out.extend_from_slice(&self.chunk.to_le_bytes());
        out.extend_from_slice(&self.capture_ms.to_le_bytes());
        out.extend_from_slice(&self.next_due_ms.to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        out
    }
}

/// Signs a piece. `header.len` must be the data's length: the caller ([`crate::cut`]) sees to it.
pub(crate) fn sign_piece(
    broadcaster: &SigningKey,
    run: &RunId,
    header: &PieceHeader,
    data: &[u8],
) -> Vec<u8> {
    let mut out = header.fields();
    let hash = blake3::hash(data);
    let signature = sign::sign(broadcaster, Context::Piece, &[&run.0, &out, hash.as_bytes()]);
    out.extend_from_slice(&signature);
    out.extend_from_slice(data);
    out
}

/// Whether the run's key `B` signed this piece.
pub(crate) fn verify_piece(broadcaster: &VerifyingKey, run: &RunId, piece: &[u8]) -> bool {
    let mut r = Reader::new(piece);
    let (Ok(header), Ok(signature)) = (r.array::<FIELDS_LEN>(), r.array::<SIGNATURE_LEN>()) else {
        return false;
    };
    let hash = blake3::hash(PieceHeader::data(piece));
    sign::verify(broadcaster, Context::Piece, &[&run.0, &header, hash.as_bytes()], &signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(len: u16) -> PieceHeader {
        PieceHeader {
            track: 1,
            substream: 8,
            flags: ChunkFlags { keyframe: true, paused: false, last: true },
            part: 15,
            parts: 16,
            epoch: 250,
            chunk: 0x0102_0304,
            capture_ms: 5,
            next_due_ms: 100,
            len,
        }
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let (run, public) = (RunId([2; 16]), key.verifying_key());
        let piece = sign_piece(&key, &run, &header(3), b"abc");
        assert_eq!(piece.len(), PIECE_HEADER_LEN + 3);
        assert_eq!(PieceHeader::parse(&piece), Ok(header(3)));
        assert_eq!(PieceHeader::data(&piece), b"abc");
        assert!(verify_piece(&public, &run, &piece));
        assert!(!verify_piece(&public, &RunId([3; 16]), &piece));
        for at in 0..piece.len() {
            let mut changed = piece.clone();
            changed[at] ^= 1;
            assert!(!verify_piece(&public, &run, &changed), "byte {at}");
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let piece = sign_piece(&key, &RunId([2; 16]), &header(3), b"abc");
        assert_eq!(PieceHeader::parse(&piece[..82]), Err(FormatError::Short));
        assert_eq!(PieceHeader::parse(&[&piece[..], b"d"].concat()), Err(FormatError::Long));
        let empty = sign_piece(&key, &RunId([2; 16]), &header(0), b"");
        assert_eq!(PieceHeader::parse(&empty), Err(FormatError::Field("len")));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PieceHeader::parse(&bytes);
            let _ = PieceHeader::data(&bytes);
            let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
            prop_assert!(!verify_piece(&key, &RunId([2; 16]), &bytes));
        }
    }
}
