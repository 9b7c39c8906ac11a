//! A sample as it stands in a file, made an access unit: 4-byte NAL lengths, times on the shown
//! timeline, the true keyframe flag, and the parameter sets that are in force.

use bytes::Bytes;
use h264_reader::rbsp::{BitRead, BitReader, ByteReader};

use super::entry::{Entry, param_error};
use super::error::{InputError, VIDEO};
use super::table::Sample;
use crate::chunk::{MAX_PPS, MAX_SPS, MAX_TIME};
use crate::nal::{self, Nal};
use crate::params;
use crate::track::{Codec, H264Config, TrackConfig};
use crate::{AccessUnit, MAX_UNIT_BYTES};

/// Makes units of one track's samples.
#[derive(Debug)]
pub(crate) struct Normaliser {
    timescale: u32,
    shift: i64,
    entries: Vec<Entry>,
    /// Description and configuration in force.
    entry: Option<usize>,
    current: Option<TrackConfig>,
}

impl Normaliser {
    pub(crate) fn new(timescale: u32, shift: i64, entries: Vec<Entry>) -> Self {
        Self { timescale, shift, entries, entry: None, current: None }
    }

    /// The configuration in force, once a sample was seen.
    pub(crate) fn config(&self) -> Option<&TrackConfig> {
        self.current.as_ref()
    }

    /// Checks a sample's size before it is read.
    pub(crate) fn admit(sample: &Sample) -> Result<(), InputError> {
        if sample.size as usize > MAX_UNIT_BYTES {
            let found = format!("a frame of {} bytes", sample.size);
            return Err(InputError::unsupported(found, "frames of at most 4 MiB"));
        }
        Ok(())
    }

    /// The unit, and the configuration when it changed (the first time always).
    pub(crate) fn unit(
        &mut self,
        sample: &Sample,
        data: Bytes,
    ) -> Result<(AccessUnit, Option<TrackConfig>), InputError> {
        let entry = self.entries.get(sample.entry).cloned();
        let entry = entry.ok_or_else(|| InputError::damaged("a sample without description"))?;
        let switched = self.entry != Some(sample.entry);
        let (data, keyframe, config) = match &entry.codec {
            Codec::H264(base) => self.picture(sample, data, &entry, base, switched)?,
            codec => (data, true, switched.then(|| codec.clone())),
        };
        self.entry = Some(sample.entry);
        let config = config.map(|codec| TrackConfig { timescale: self.timescale, codec });
        let config = config.filter(|config| self.current.as_ref() != Some(config));
        if let Some(config) = &config {
            self.current = Some(config.clone());
        }
        let unit = AccessUnit {
            dts: shifted(sample.dts, self.shift)?,
            pts: shifted(sample.pts, self.shift)?,
            duration: sample.duration,
            keyframe,
            data,
        };
        Ok((unit, config))
    }

    fn picture(
        &self,
        sample: &Sample,
        data: Bytes,
        entry: &Entry,
        base: &H264Config,
        switched: bool,
    ) -> Result<(Bytes, bool, Option<Codec>), InputError> {
        let units: Vec<Nal<'_>> = nal::prefixed(&data, usize::from(entry.length_size))
            .collect::<Result<_, _>>()
            .map_err(|error| InputError::damaged(error.to_string()))?;
        let ends = units.iter().any(|nal| nal.is_end());
        if let Some(other) = units.iter().find(|nal| !nal.is_carried()) {
            let found = format!("H.264 NAL units of type {}", other.kind());
            return Err(InputError::unsupported(found, VIDEO));
        }
        let idr = units.iter().any(|nal| nal.kind() == Nal::IDR);
        let keyframe = idr || (sample.sync && all_intra(&units));
        let active = match &self.current {
            Some(TrackConfig { codec: Codec::H264(h264), .. }) if !switched => h264,
            _ => base,
        };
        let config = merge(active, &units)?;
        let changed = switched || config.is_some();
        if changed && !keyframe && self.current.is_some() {
            let found = "parameter sets that change between keyframes";
            return Err(InputError::unsupported(found, VIDEO));
        }
        let codec = changed.then(|| Codec::H264(config.unwrap_or_else(|| active.clone())));
        let data = match entry.length_size {
            4 if !ends => data.clone(),
            _ => relength(&units),
        };
        Ok((data, keyframe, codec))
    }
}

fn shifted(time: i64, shift: i64) -> Result<i64, InputError> {
    time.checked_sub(shift)
        .filter(|time| time.unsigned_abs() <= MAX_TIME.unsigned_abs())
        .ok_or_else(|| InputError::damaged("a time is out of range"))
}

/// With 4-byte lengths; end-of-sequence markers, which have no content, are left out.
fn relength(units: &[Nal<'_>]) -> Bytes {
    let mut out = Vec::with_capacity(units.iter().map(|nal| nal.0.len() + 4).sum());
    for unit in units.iter().filter(|nal| !nal.is_end()) {
        nal::push(&mut out, unit.0);
    }
    out.into()
}

/// All slices are intra: an open group of pictures starts with such a picture, without an IDR.
fn all_intra(units: &[Nal<'_>]) -> bool {
    let mut slices = units.iter().filter(|nal| nal.is_slice()).peekable();
    slices.peek().is_some() && slices.all(|nal| matches!(slice_type(*nal), Some(2 | 7)))
}

/// `slice_type` (ITU-T H.264 7.4.3): 2 and 7 are intra.
fn slice_type(nal: Nal<'_>) -> Option<u32> {
    let start = nal.0.get(..nal.0.len().min(24))?;
    let mut reader = BitReader::new(ByteReader::skipping_h264_header(start));
    reader.read_ue("first_mb_in_slice").ok()?;
    reader.read_ue("slice_type").ok()
}

/// The configuration with the parameter sets that stand in a unit, when they change it.
fn merge(active: &H264Config, units: &[Nal<'_>]) -> Result<Option<H264Config>, InputError> {
    let mut merged: Option<H264Config> = None;
    for unit in units {
        let is_sps = match unit.kind() {
            Nal::SPS => true,
            Nal::PPS => false,
            _ => continue,
        };
        let now = merged.as_ref().unwrap_or(active);
        let sets = if is_sps { &now.sps } else { &now.pps };
        if sets.iter().any(|set| set[..] == *unit.0) {
            continue;
        }
        let mut next = now.clone();
        let sets = if is_sps { &mut next.sps } else { &mut next.pps };
        let id = params::set_id(unit.0);
        sets.retain(|set| params::set_id(set) != id);
        let max = if is_sps { MAX_SPS } else { MAX_PPS };
        if sets.len() >= max || unit.0.len() > params::MAX_SET_BYTES {
            return Err(InputError::damaged("too many or too large parameter sets"));
        }
        let set = Bytes::copy_from_slice(unit.0);
        // The newest sequence set in front: it names the stream's profile and size.
        if is_sps {
            sets.insert(0, set)
        } else {
            sets.push(set)
        }
        merged = Some(next);
    }
    if let Some(config) = &mut merged
        && let Some(first) = config.sps.first()
    {
        (config.width, config.height) = params::parse_sps(first).map_err(param_error)?.size();
    }
    Ok(merged)
}
