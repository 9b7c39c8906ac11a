//! Movie fragments (`moof`): the samples that they list, resolved against their defaults.

use mp4_atom::{Tfdt, Tfhd, Trun, TrunEntry};

use super::error::InputError;
use super::movie::{Track, leaf};
use super::table::Sample;
use crate::boxes::{self, Box4};

/// Samples of one fragment that are accepted: a minute of frames at 120 a second is 7,200, a file
/// in one fragment some hundred thousand.
const MAX_SAMPLES: usize = 1 << 20;
/// Sample flag: not a sync sample (ISO/IEC 14496-12 8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// Samples of one track in a fragment.
#[derive(Debug)]
pub(crate) struct Run {
    /// Index of the track among those carried.
    pub(crate) track: usize,
    pub(crate) samples: Vec<Sample>,
}

/// Reads the body of a `moof` that begins at `moof_at` in the input; `ends` has each track's next
/// decode time, for fragments that don't say theirs, and is moved on.
pub(crate) fn read(
    moof: &[u8],
    moof_at: u64,
    tracks: &[&Track],
    ends: &mut [i64],
) -> Result<Vec<Run>, InputError> {
    let mut runs = Vec::new();
    let mut budget = MAX_SAMPLES;
    // Where the data of a track without an offset of its own goes on.
    let mut follow = moof_at;
    for traf in boxes::children(moof).filter(|found| found.kind == *b"traf") {
        let tfhd = boxes::child(traf.body, b"tfhd");
        let tfhd: Tfhd =
            leaf(tfhd.ok_or_else(|| InputError::damaged("traf without tfhd"))?, "tfhd")?;
        let at = tracks.iter().position(|track| track.id == tfhd.track_id);
        let base = tfhd
            .base_data_offset
            .unwrap_or(if tfhd.default_base_is_moof || runs.is_empty() { moof_at } else { follow });
        let (Some(index), Some(&track)) = (at, at.and_then(|at| tracks.get(at))) else { continue };
        let Some(end) = ends.get_mut(index) else { continue };
        if let Some(tfdt) = boxes::child(traf.body, b"tfdt") {
            let tfdt: Tfdt = leaf(tfdt, "tfdt")?;
            *end = i64::try_from(tfdt.base_media_decode_time)
                .map_err(|_| InputError::damaged("a decode time is out of range"))?;
        }
        let mut reader = TrackFragment { track, tfhd: &tfhd, base, next: base, dts: *end };
        let samples = reader.samples(traf, &mut budget)?;
        *end = reader.dts;
        follow = reader.next;
        runs.push(Run { track: index, samples });
    }
    Ok(runs)
}

struct TrackFragment<'a> {
    track: &'a Track,
    tfhd: &'a Tfhd,
    base: u64,
    /// Where the next sample's data lies.
    next: u64,
    dts: i64,
}

impl TrackFragment<'_> {
    fn samples(&mut self, traf: Box4<'_>, budget: &mut usize) -> Result<Vec<Sample>, InputError> {
        let mut samples = Vec::new();
        for trun in boxes::children(traf.body).filter(|found| found.kind == *b"trun") {
            let trun: Trun = leaf(trun.body, "trun")?;
            *budget = budget
                .checked_sub(trun.samples.len())
                .ok_or_else(|| InputError::damaged("a fragment lists too many samples"))?;
            if let Some(offset) = trun.data_offset {
                self.next = self
                    .base
                    .checked_add_signed(i64::from(offset))
                    .ok_or_else(|| InputError::damaged("a fragment's data offset is negative"))?;
            }
            for entry in trun.samples.iter() {
                samples.push(self.sample(&entry)?);
            }
        }
        Ok(samples)
    }

    fn sample(&mut self, entry: &TrunEntry) -> Result<Sample, InputError> {
        let defaults = &self.track.defaults;
        let duration = entry.duration.or(self.tfhd.default_sample_duration);
        let duration = duration.unwrap_or(defaults.duration);
        let size = entry.size.or(self.tfhd.default_sample_size).unwrap_or(defaults.size);
        let flags = entry.flags.or(self.tfhd.default_sample_flags).unwrap_or(defaults.flags);
        let description = self.tfhd.sample_description_index.unwrap_or(defaults.description);
        let sample = Sample {
            offset: self.next,
            size,
            dts: self.dts,
            pts: self.dts.saturating_add(entry.cts.unwrap_or_default()),
            duration,
            sync: flags & NON_SYNC == 0,
            entry: (description as usize)
                .checked_sub(1)
                .ok_or_else(|| InputError::damaged("a fragment without sample description"))?,
        };
        self.next = self.next.saturating_add(u64::from(size));
        self.dts = self.dts.saturating_add(i64::from(duration));
        Ok(sample)
    }
}
