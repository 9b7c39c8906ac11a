//! Where bytes come from: a file that can be read anywhere, or a stream that can't.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::error::InputError;
use crate::boxes::{self, Head};

/// Bytes of an input, with a position in it.
pub(crate) enum Origin {
    /// Samples are read when they are due, by offset.
    File {
        /// The open file.
        file: File,
        /// Its length when it was opened.
        len: u64,
        /// Where the next box begins.
        at: u64,
    },
    /// Read once, in order.
    Stream {
        /// The reader.
        reader: Box<dyn Read + Send>,
        /// Bytes read so far.
        at: u64,
    },
}

impl Origin {
    /// The first bytes, at most 16, without moving on.
    pub(crate) fn sniff(&mut self) -> Result<Vec<u8>, InputError> {
        let mut first = [0u8; 16];
        let got = self.read_some(&mut first)?;
        let first = first.get(..got).unwrap_or_default().to_vec();
        match self {
            Self::File { at, .. } => *at = 0,
            Self::Stream { reader, at } => {
                let rest = std::mem::replace(reader, Box::new(io::empty()));
                *reader = Box::new(io::Cursor::new(first.clone()).chain(rest));
                *at = 0;
            }
        }
        Ok(first)
    }

    /// The next box's header and where its body begins; `None` at the end.
    pub(crate) fn next_box(&mut self) -> Result<Option<(Head, u64)>, InputError> {
        let mut bytes = [0u8; 16];
        let got = self.read_some(&mut bytes[..8])?;
        if got == 0 {
            return Ok(None);
        }
        if got < 8 {
            return Err(InputError::Truncated("it ends in the middle of a box header".into()));
        }
        if bytes.starts_with(&[0, 0, 0, 1]) && self.read_some(&mut bytes[8..])? < 8 {
            return Err(InputError::Truncated("it ends in the middle of a box header".into()));
        }
        let head = boxes::head(&bytes)
            .ok_or_else(|| InputError::damaged("a box is smaller than its header"))?;
        Ok(Some((head, self.at())))
    }

    /// Where the next byte is read.
    pub(crate) fn at(&self) -> u64 {
        match self {
            Self::File { at, .. } | Self::Stream { at, .. } => *at,
        }
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: u64, what: &str) -> Result<Bytes, InputError> {
        if let Self::File { len: all, at, .. } = self
            && at.checked_add(len).is_none_or(|end| end > *all)
        {
            return Err(cut(what, len, all.saturating_sub(*at)));
        }
        // Grows with what is really there: the length is only a claim.
        let mut out = Vec::with_capacity(len.min(1 << 16) as usize);
        let got = match self {
            Self::File { file, at, .. } => {
                file.seek(SeekFrom::Start(*at)).map_err(InputError::reading)?;
                file.take(len).read_to_end(&mut out)
            }
            Self::Stream { reader, .. } => reader.take(len).read_to_end(&mut out),
        };
        let got = got.map_err(InputError::reading)? as u64;
        self.advance(got);
        if got < len {
            return Err(cut(what, len, got));
        }
        Ok(out.into())
    }

    /// Passes over `len` bytes; `None` to the end.
    pub(crate) fn skip(&mut self, len: Option<u64>, what: &str) -> Result<(), InputError> {
        let got = match self {
            Self::File { len: all, at, .. } => {
                let left = all.saturating_sub(*at);
                let got = len.unwrap_or(left).min(left);
                *at = at.saturating_add(got);
                got
            }
            Self::Stream { reader, at } => {
                let mut part = reader.take(len.unwrap_or(u64::MAX));
                let got = io::copy(&mut part, &mut io::sink()).map_err(InputError::reading)?;
                *at = at.saturating_add(got);
                got
            }
        };
        match len {
            Some(len) if got < len => Err(cut(what, len, got)),
            _ => Ok(()),
        }
    }

    /// Reads a sample of a file by its offset.
    pub(crate) fn sample(&mut self, offset: u64, size: u32) -> Result<Bytes, InputError> {
        let Self::File { file, len, .. } = self else {
            return Err(InputError::damaged("a sample lies outside of its fragment"));
        };
        if offset.checked_add(u64::from(size)).is_none_or(|end| end > *len) {
            return Err(cut("a sample", u64::from(size), len.saturating_sub(offset)));
        }
        let mut out = vec![0; size as usize];
        file.seek(SeekFrom::Start(offset)).map_err(InputError::reading)?;
        file.read_exact(&mut out).map_err(InputError::reading)?;
        Ok(out.into())
    }

    /// Fills as much of `out` as there is.
    fn read_some(&mut self, out: &mut [u8]) -> Result<usize, InputError> {
        let reader: &mut dyn Read = match self {
            Self::File { file, at, .. } => {
                file.seek(SeekFrom::Start(*at)).map_err(InputError::reading)?;
                file
            }
            Self::Stream { reader, .. } => reader,
        };
        let mut got = 0;
        while let Some(rest) = out.get_mut(got..).filter(|rest| !rest.is_empty()) {
            match reader.read(rest) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(InputError::reading(error)),
            }
        }
        self.advance(got as u64);
        Ok(got)
    }

    fn advance(&mut self, by: u64) {
        match self {
            Self::File { at, .. } | Self::Stream { at, .. } => *at = at.saturating_add(by),
        }
    }
}

fn cut(what: &str, want: u64, have: u64) -> InputError {
    InputError::Truncated(format!("{what} should have {want} bytes, {have} are there"))
}
