//! NAL units behind 4-byte lengths: the form in which H.264 travels here.

use thiserror::Error;

/// One NAL unit inside an access unit: header byte and payload, without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nal<'a>(pub &'a [u8]);

/// An access unit that is not a sequence of length-prefixed NAL units.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NalError {
    /// A length points past the end.
    #[error("a NAL unit is longer than the access unit that holds it")]
    Overrun,
    /// A length of 0.
    #[error("a NAL unit is empty")]
    Empty,
}

impl<'a> Nal<'a> {
    /// A picture's slice.
    pub const SLICE: u8 = 1;
    /// A slice of an IDR picture.
    pub const IDR: u8 = 5;
    /// Supplemental enhancement information.
    pub const SEI: u8 = 6;
    /// Sequence parameter set.
    pub const SPS: u8 = 7;
    /// Picture parameter set.
    pub const PPS: u8 = 8;
    /// Access unit delimiter.
    pub const AUD: u8 = 9;
    /// Filler data.
    pub const FILLER: u8 = 12;

    /// `nal_unit_type` (ITU-T H.264 table 7-1).
    pub fn kind(self) -> u8 {
        self.0.first().map_or(0, |byte| byte & 0x1f)
    }

    /// `nal_ref_idc`: 0 for what no other picture refers to.
    pub fn ref_idc(self) -> u8 {
        self.0.first().map_or(0, |byte| byte >> 5 & 3)
    }

    /// An end-of-sequence or end-of-stream marker: one byte that says nothing to a decoder which
    /// plays on.
    pub(crate) fn is_end(self) -> bool {
        matches!(self.kind(), 10 | 11)
    }

    /// A type that may stand in an input.
    pub(crate) fn is_carried(self) -> bool {
        self.is_slice() || self.is_end() || matches!(self.kind(), 6..=9 | Self::FILLER)
    }

    /// Holds part of a picture.
    pub fn is_slice(self) -> bool {
        matches!(self.kind(), Self::SLICE | Self::IDR)
    }
}

/// The NAL units of an access unit in order.
///
/// Yields one error and ends where the data is not well formed.
pub fn nals(data: &[u8]) -> impl Iterator<Item = Result<Nal<'_>, NalError>> {
    prefixed(data, 4)
}

/// The same for a length of `size` bytes (1 to 4), as MP4 files may have.
pub(crate) fn prefixed(
    data: &[u8],
    size: usize,
) -> impl Iterator<Item = Result<Nal<'_>, NalError>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let found = split(rest, size);
        rest = found.map_or(&[], |(_, tail)| tail);
        Some(found.map(|(nal, _)| nal))
    })
}

fn split(data: &[u8], size: usize) -> Result<(Nal<'_>, &[u8]), NalError> {
    let (length, rest) = data.split_at_checked(size).ok_or(NalError::Overrun)?;
    let length = length.iter().fold(0usize, |value, byte| value << 8 | usize::from(*byte));
    if length == 0 {
        return Err(NalError::Empty);
    }
    let (nal, rest) = rest.split_at_checked(length).ok_or(NalError::Overrun)?;
    Ok((Nal(nal), rest))
}

/// Appends a NAL unit behind its length. Units are bounded far below 4 GiB before they get here.
pub(crate) fn push(out: &mut Vec<u8>, nal: &[u8]) {
    out.extend_from_slice(&(nal.len() as u32).to_be_bytes());
    out.extend_from_slice(nal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_back_in_order() {
        let mut data = Vec::new();
        push(&mut data, &[0x67, 1]);
        push(&mut data, &[0x65, 2, 3]);
        let kinds: Vec<_> = nals(&data).map(|nal| nal.unwrap().kind()).collect();
        assert_eq!(kinds, [Nal::SPS, Nal::IDR]);
    }

    #[test]
    fn a_bad_length_is_one_error_and_the_end() {
        for (data, error) in [
            (&[0, 0, 0, 9, 1][..], NalError::Overrun),
            (&[0, 0, 0, 0], NalError::Empty),
            (&[0, 0], NalError::Overrun),
        ] {
            assert_eq!(nals(data).collect::<Vec<_>>(), [Err(error)]);
        }
    }
}
