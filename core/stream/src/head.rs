//! The head: the newest signed description of a run. One a second and one at each change.
//!
//! Its public part is what peers need (numbers and digests); people's words and codec configuration
//! are in the sealed part. A head never exceeds 1,200 bytes, so that it fits one datagram.

use bytes::Bytes;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rand::CryptoRng;

use crate::format::Reader;
use crate::sign::{self, Context, SIGNATURE_LEN};
use crate::{EpochKeys, FormatError, HeadSealed, RunId, Secret, aead};

/// The longest head.
pub const HEAD_MAX_LEN: usize = 1200;
/// The bit of a track's K that says that there is parity.
const PARITY: u8 = 0x80;
/// The most tracks of a run: video, its renditions and audio with room to spare, 128 bytes of a head.
pub const MAX_TRACKS: usize = 16;

/// What the broadcast is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadState {
    /// Pictures or sound are sent.
    Live,
    /// The broadcaster has paused; signed empty chunks go on.
    Paused,
    /// It is over.
    Ended,
}

/// The public description of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackInfo {
    /// Its number.
    pub track: u8,
    /// Into how many equal parts its chunks are cut (1..=15), fixed for the run.
    pub k: u8,
    /// Whether a part of parity follows them as substream `k`, so that any `k` of the `k + 1` make the
    /// chunk; fixed for the run.
    pub parity: bool,
    /// The tick at which its chunks are closed, in milliseconds (at least 1).
    pub chunk_ms: u16,
    /// What the `k` parts take on the wire together, in 1,000 bits a second, rounded: peers cut their
    /// slots from it (`docs/decisions/0002`). At least 1.
    pub kbps: u16,
    /// The newest chunk's number.
    pub edge: u32,
}

/// The public part of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadFields {
    /// The run.
    pub run: RunId,
    /// Grows with every head of the run.
    pub head_no: u64,
    /// When it was signed: unix milliseconds by the origin's clock.
    pub issued_ms: u64,
    /// What the broadcast is doing.
    pub state: HeadState,
    /// The newest epoch.
    pub epoch: u32,
    /// Media time (milliseconds since the run began) from which chunks are of that epoch.
    pub epoch_from_ms: u64,
    /// BLAKE3 of the newest roster.
    pub roster: [u8; 32],
    /// The tracks, at most 16, sorted by number.
    pub tracks: Vec<TrackInfo>,
}

/// A head as it was received: its fields and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    fields: HeadFields,
    bytes: Bytes,
    sealed_at: usize,
}

impl Head {
    /// Seals and signs a head. `None` when it would exceed 1,200 bytes or 16 tracks.
    pub fn issue(
        fields: HeadFields,
        sealed: &HeadSealed,
        keys: &EpochKeys,
        broadcaster: &SigningKey,
        rng: &mut impl CryptoRng,
    ) -> Option<Self> {
        let plain = Secret::new(sealed.to_bytes());
        let mut out = Vec::with_capacity(HEAD_MAX_LEN);
        write_public(&mut out, &fields)?;
        let sealed_len = plain.expose().len().checked_add(aead::XSEAL_OVERHEAD)?;
        out.extend_from_slice(&u16::try_from(sealed_len).ok()?.to_le_bytes());
        let sealed_at = out.len();
        let sealed = aead::xseal(&keys.head_key(&fields.run), &out, plain.expose(), rng)?;
        out.extend_from_slice(&sealed);
        let signature = sign::sign(broadcaster, Context::Head, &[&out]);
        out.extend_from_slice(&signature);
        (out.len() <= HEAD_MAX_LEN).then(|| Self { fields, bytes: out.into(), sealed_at })
    }

    /// Reads a head. The signature is not checked yet: see [`Head::verify`].
    ///
    /// # Errors
    /// Length, version, an unknown state, or a track table that is not sorted or has a zero.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > HEAD_MAX_LEN {
            return Err(FormatError::Long);
        }
        let mut r = Reader::new(bytes);
        r.version()?;
        let fields = HeadFields {
            run: RunId(r.array()?),
            head_no: r.u64()?,
            issued_ms: r.u64()?,
            state: HeadState::from_byte(r.u8()?)?,
            epoch: r.u32()?,
            epoch_from_ms: r.u64()?,
            roster: r.array()?,
            tracks: read_tracks(&mut r)?,
        };
        let sealed_len = usize::from(r.u16()?);
        r.take(sealed_len)?;
        r.array::<SIGNATURE_LEN>()?;
        r.end()?;
        let sealed_at = bytes.len().saturating_sub(sealed_len.saturating_add(SIGNATURE_LEN));
        Ok(Self { fields, bytes: Bytes::copy_from_slice(bytes), sealed_at })
    }

    /// Whether the run's key `B` signed this, over the bytes received.
    pub(crate) fn verify(&self, broadcaster: &VerifyingKey) -> bool {
        self.bytes.split_last_chunk::<SIGNATURE_LEN>().is_some_and(|(signed, signature)| {
            sign::verify(broadcaster, Context::Head, &[signed], signature)
        })
    }

    /// The sealed part, for who holds the epoch's secret.
    pub(crate) fn open(&self, keys: &EpochKeys) -> Option<HeadSealed> {
        let (signed, _) = self.bytes.split_last_chunk::<SIGNATURE_LEN>()?;
        let (aad, sealed) = signed.split_at_checked(self.sealed_at)?;
        let plain = Secret::new(aead::xopen(&keys.head_key(&self.fields.run), aad, sealed)?);
        HeadSealed::from_bytes(plain.expose())
    }

    /// The public part.
    pub fn fields(&self) -> &HeadFields {
        &self.fields
    }

    /// The description of one track.
    pub fn track(&self, track: u8) -> Option<&TrackInfo> {
        self.fields.tracks.iter().find(|info| info.track == track)
    }

    /// The bytes as received, to be passed on.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl HeadState {
    fn byte(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Paused => 1,
            Self::Ended => 2,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, FormatError> {
        match byte {
            0 => Ok(Self::Live),
            1 => Ok(Self::Paused),
            2 => Ok(Self::Ended),
            _ => Err(FormatError::Field("state")),
        }
    }
}

fn write_public(out: &mut Vec<u8>, fields: &HeadFields) -> Option<()> {
    out.push(1);
    out.extend_from_slice(&fields.run.0);
    out.extend_from_slice(&fields.head_no.to_le_bytes());
    out.extend_from_slice(&fields.issued_ms.to_le_bytes());
    out.push(fields.state.byte());
    out.extend_from_slice(&fields.epoch.to_le_bytes());
    out.extend_from_slice(&fields.epoch_from_ms.to_le_bytes());
    out.extend_from_slice(&fields.roster);
    check_tracks(&fields.tracks).ok()?;
    out.push(u8::try_from(fields.tracks.len()).ok()?);
    for info in &fields.tracks {
        let parity = if info.parity { PARITY } else { 0 };
        out.extend_from_slice(&[info.track, info.k | parity]);
        out.extend_from_slice(&info.chunk_ms.to_le_bytes());
        out.extend_from_slice(&info.kbps.to_le_bytes());
        out.extend_from_slice(&info.edge.to_le_bytes());
    }
    Some(())
}

fn read_tracks(r: &mut Reader<'_>) -> Result<Vec<TrackInfo>, FormatError> {
    let count = r.u8()?;
    let mut tracks = Vec::with_capacity(MAX_TRACKS);
    for _ in 0..usize::from(count).min(MAX_TRACKS.saturating_add(1)) {
        let (track, shape) = (r.u8()?, r.u8()?);
        tracks.push(TrackInfo {
            track,
            k: shape & !PARITY,
            parity: shape & PARITY != 0,
            chunk_ms: r.u16()?,
            kbps: r.u16()?,
            edge: r.u32()?,
        });
    }
    check_tracks(&tracks)?;
    Ok(tracks)
}

fn check_tracks(tracks: &[TrackInfo]) -> Result<(), FormatError> {
    let sorted = tracks.is_sorted_by(|a, b| a.track < b.track);
    let valid = |t: &TrackInfo| (1..=crate::MAX_K).contains(&t.k) && t.chunk_ms > 0 && t.kbps > 0;
    if tracks.len() <= MAX_TRACKS && sorted && tracks.iter().all(valid) {
        Ok(())
    } else {
        Err(FormatError::Field("tracks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn fields(tracks: usize) -> HeadFields {
        let info = |track| {
            let parity = track == 0;
            TrackInfo { track, k: 8, parity, chunk_ms: 100, kbps: 2210, edge: 9 }
        };
        HeadFields {
            run: RunId([1; 16]),
            head_no: 2,
            issued_ms: 3,
            state: HeadState::Paused,
            epoch: 4,
            epoch_from_ms: 5,
            roster: [6; 32],
            tracks: (0..tracks).map(|t| info(t as u8)).collect(),
        }
    }

    fn issue(tracks: usize, title: usize) -> Option<Head> {
        let sealed = HeadSealed { title: "t".repeat(title), tracks: vec![] };
        let keys = EpochKeys::new(4, Secret::new([7; 32]));
        let key = SigningKey::from_bytes(&[8; 32]);
        Head::issue(fields(tracks), &sealed, &keys, &key, &mut ChaCha20Rng::seed_from_u64(1))
    }

    #[test]
    fn a_head_reads_back_and_opens_with_the_epochs_secret_only() {
        let head = issue(2, 20).unwrap();
        let read = Head::parse(head.bytes()).unwrap();
        assert_eq!(read, head);
        assert_eq!(read.fields(), &fields(2));
        let key = |seed| SigningKey::from_bytes(&[seed; 32]).verifying_key();
        assert!(read.verify(&key(8)));
        assert!(!read.verify(&key(9)));
        let keys = |secret| EpochKeys::new(4, Secret::new([secret; 32]));
        assert_eq!(read.open(&keys(7)).unwrap().title, "t".repeat(20));
        assert!(read.open(&keys(8)).is_none());
    }

    #[test]
    fn the_title_is_not_in_the_bytes() {
        let head = issue(2, 40).unwrap();
        assert!(!head.bytes().windows(8).any(|w| w == b"tttttttt"));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let (head, key) = (issue(2, 5).unwrap(), SigningKey::from_bytes(&[8; 32]).verifying_key());
        for at in 0..head.bytes().len() {
            let mut bytes = head.bytes().to_vec();
            bytes[at] ^= 1;
            assert!(!Head::parse(&bytes).is_ok_and(|head| head.verify(&key)), "byte {at}");
        }
    }

    #[test]
    fn a_head_over_its_bound_is_not_made_nor_read() {
        assert!(issue(2, 900).unwrap().bytes().len() <= HEAD_MAX_LEN);
        assert!(issue(2, 1100).is_none());
        assert!(issue(16, 0).is_some());
        assert!(issue(17, 0).is_none());
        assert_eq!(Head::parse(&[1; HEAD_MAX_LEN + 1]), Err(FormatError::Long));
    }

    proptest! {
        #[test]
        fn damaged_heads_never_panic(at in 0usize..400, value: u8, cut in 0usize..400) {
            let mut bytes = issue(2, 20).unwrap().bytes().to_vec();
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
            bytes.truncate(cut);
            if let Ok(head) = Head::parse(&bytes) {
                let _ = head.open(&EpochKeys::new(4, Secret::new([7; 32])));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1300)) {
            let _ = Head::parse(&bytes);
        }
    }
}
