//! Sample tables of a plain file, walked with cursors: they stay as compact as the file has them
//! (an hour at 30 a second is about 1 MB), never one entry a sample.

use mp4_atom::{Co64, Ctts, Stco, Stsc, Stss, Stsz, StszSamples, Stts};

use super::error::InputError;
use super::movie::leaf;
use crate::boxes;
use crate::track::TrackKind;

/// Where a sample lies and when it is due, in media time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    pub(crate) duration: u32,
    pub(crate) sync: bool,
    /// Index into the track's sample descriptions, from 0.
    pub(crate) entry: usize,
}

/// The tables and how far they are read.
#[derive(Debug)]
pub(crate) struct Table {
    stts: Stts,
    ctts: Ctts,
    stsc: Stsc,
    stsz: Stsz,
    chunks: Chunks,
    /// `None`: every sample is a sync sample.
    stss: Option<Stss>,
    at: Cursor,
}

#[derive(Debug)]
enum Chunks {
    Short(Stco),
    Long(Co64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    sample: u32,
    dts: i64,
    /// Index and samples used up of a run-length table's entry.
    stts: (usize, u32),
    ctts: (usize, u32),
    stsc: usize,
    stss: usize,
    /// Chunk from 0, samples used up in it, bytes used up in it.
    chunk: u32,
    in_chunk: u32,
    bytes: u64,
}

impl Table {
    /// Reads the tables; a fragmented file's are empty.
    pub(crate) fn read(stbl: &[u8], kind: TrackKind) -> Result<Self, InputError> {
        let chunks = match boxes::child(stbl, b"co64") {
            Some(co64) => Chunks::Long(leaf(co64, "co64")?),
            None => Chunks::Short(optional(stbl, b"stco")?),
        };
        if boxes::child(stbl, b"stz2").is_some() {
            return Err(InputError::unsupported("compact sample sizes (stz2)", "stsz"));
        }
        let stss = match (kind, boxes::child(stbl, b"stss")) {
            (TrackKind::Video, Some(stss)) => Some(leaf(stss, "stss")?),
            _ => None,
        };
        Ok(Self {
            stts: optional(stbl, b"stts")?,
            ctts: optional(stbl, b"ctts")?,
            stsc: optional(stbl, b"stsc")?,
            stsz: optional(stbl, b"stsz")?,
            chunks,
            stss,
            at: Cursor::default(),
        })
    }

    /// Samples in all.
    pub(crate) fn len(&self) -> u32 {
        match &self.stsz.samples {
            StszSamples::Identical { count, .. } => *count,
            StszSamples::Different { sizes } => sizes.len() as u32,
        }
    }

    /// The next sample, or `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Sample>, InputError> {
        if self.at.sample >= self.len() {
            return Ok(None);
        }
        let size = self.size(self.at.sample);
        let (offset, entry) = self.place()?;
        let duration = self.duration()?;
        let cts = self.composition();
        let sync = self.sync();
        let sample = Sample {
            offset: offset.checked_add(self.at.bytes).ok_or_else(outside)?,
            size,
            dts: self.at.dts,
            pts: self.at.dts.saturating_add(cts),
            duration,
            sync,
            entry,
        };
        self.at.sample += 1;
        self.at.in_chunk += 1;
        self.at.bytes = self.at.bytes.saturating_add(u64::from(size));
        self.at.dts = self.at.dts.saturating_add(i64::from(duration));
        Ok(Some(sample))
    }

    fn size(&self, sample: u32) -> u32 {
        match &self.stsz.samples {
            StszSamples::Identical { size, .. } => *size,
            StszSamples::Different { sizes } => {
                sizes.get(sample as usize).copied().unwrap_or_default()
            }
        }
    }

    /// Moves on to the chunk of the next sample: its offset and sample description.
    fn place(&mut self) -> Result<(u64, usize), InputError> {
        loop {
            let next = self.stsc.entries.get(self.at.stsc + 1);
            if next.is_some_and(|next| next.first_chunk.saturating_sub(1) <= self.at.chunk) {
                self.at.stsc += 1;
                continue;
            }
            let run = self.stsc.entries.get(self.at.stsc).ok_or_else(short)?;
            if self.at.in_chunk < run.samples_per_chunk {
                let entry = (run.sample_description_index as usize)
                    .checked_sub(1)
                    .ok_or_else(|| InputError::damaged("a sample without description"))?;
                return Ok((self.chunk_offset()?, entry));
            }
            // Ends at the last chunk at the latest.
            self.at.chunk += 1;
            self.at.in_chunk = 0;
            self.at.bytes = 0;
            self.chunk_offset()?;
        }
    }

    fn chunk_offset(&self) -> Result<u64, InputError> {
        let chunk = self.at.chunk as usize;
        match &self.chunks {
            Chunks::Short(stco) => stco.entries.get(chunk).map(|offset| u64::from(*offset)),
            Chunks::Long(co64) => co64.entries.get(chunk).copied(),
        }
        .ok_or_else(short)
    }

    fn duration(&mut self) -> Result<u32, InputError> {
        loop {
            let entry = self.stts.entries.get(self.at.stts.0).ok_or_else(short)?;
            if self.at.stts.1 < entry.sample_count {
                self.at.stts.1 += 1;
                return Ok(entry.sample_delta);
            }
            self.at.stts = (self.at.stts.0 + 1, 0);
        }
    }

    fn composition(&mut self) -> i64 {
        // A table that is too short: the rest is shown when it is decoded.
        while let Some(entry) = self.ctts.entries.get(self.at.ctts.0) {
            if self.at.ctts.1 < entry.sample_count {
                self.at.ctts.1 += 1;
                return entry.sample_offset;
            }
            self.at.ctts = (self.at.ctts.0 + 1, 0);
        }
        0
    }

    fn sync(&mut self) -> bool {
        let Some(stss) = &self.stss else { return true };
        let number = self.at.sample + 1;
        while stss.entries.get(self.at.stss).is_some_and(|sync| *sync < number) {
            self.at.stss += 1;
        }
        stss.entries.get(self.at.stss) == Some(&number)
    }
}

fn optional<T: mp4_atom::Atom + Default>(stbl: &[u8], kind: &[u8; 4]) -> Result<T, InputError> {
    match boxes::child(stbl, kind) {
        Some(body) => leaf(body, &boxes::name(*kind)),
        None => Ok(T::default()),
    }
}

fn short() -> InputError {
    InputError::damaged("a sample table is too short")
}

fn outside() -> InputError {
    InputError::damaged("a sample lies outside of the file")
}
