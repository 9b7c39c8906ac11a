//! Encoders that give start codes (openh264, many phones) into the form that travels here.

use bytes::Bytes;
use memchr::memmem;

use crate::nal::{self, Nal};

/// An encoder's output for one picture, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromAnnexB {
    /// NAL units behind 4-byte lengths, without parameter sets and delimiters.
    pub data: Bytes,
    /// Sequence parameter sets that stood in it.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets that stood in it.
    pub pps: Vec<Bytes>,
    /// It holds an IDR picture.
    pub idr: bool,
}

/// Splits Annex B bytes (`00 00 01` or `00 00 00 01` before each NAL unit) of one access unit.
///
/// What stands before the first start code is ignored, as ITU-T H.264 B.1 says.
pub fn from_annexb(bytes: &[u8]) -> FromAnnexB {
    let mut found = FromAnnexB::default();
    let mut data = Vec::with_capacity(bytes.len() + 16);
    for unit in split(bytes) {
        let nal = Nal(unit);
        match nal.kind() {
            Nal::SPS => found.sps.push(Bytes::copy_from_slice(unit)),
            Nal::PPS => found.pps.push(Bytes::copy_from_slice(unit)),
            Nal::AUD | Nal::FILLER => {}
            _ => {
                found.idr |= nal.kind() == Nal::IDR;
                nal::push(&mut data, unit);
            }
        }
    }
    found.data = data.into();
    found
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    // A search that takes many bytes at once: it is the most of what a push costs.
    let mut starts = memmem::find_iter(bytes, &[0, 0, 1]).peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        let end = starts.peek().copied().unwrap_or(bytes.len());
        bytes.get(start + 3..end)
    })
    // A start code's own leading zero and trailing_zero_8bits belong to no NAL unit.
    .map(|nal| {
        let len = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        nal.get(..len).unwrap_or_default()
    })
    .filter(|nal| !nal.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_of_start_code_split_units() {
        let bytes = [0, 0, 0, 1, 0x67, 7, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 5, 0, 0, 1];
        let found = from_annexb(&bytes);
        assert_eq!(found.sps, [Bytes::from_static(&[0x67, 7])]);
        assert_eq!(found.pps, [Bytes::from_static(&[0x68, 8])]);
        assert_eq!(&found.data[..], [0, 0, 0, 2, 0x65, 5]);
        assert!(found.idr);
    }

    #[test]
    fn bytes_without_a_start_code_hold_nothing() {
        assert_eq!(from_annexb(&[1, 2, 3, 0, 0]), FromAnnexB::default());
    }
}
