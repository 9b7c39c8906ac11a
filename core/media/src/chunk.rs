//! A chunk's plaintext: a table of access units and their samples, no boxes.
//!
//! Layout (`varint` = unsigned LEB128 in its shortest form, `signed` = zigzag varint):
//!
//! ```text
//! version   u8      1
//! config    u8      0 none, 1 H.264, 2 AAC-LC, 3 Opus; then, unless 0:
//!   timescale varint
//!   H.264:  width varint, height varint, quarter turns clockwise u8,
//!           count u8 × (length varint, bytes) sequence parameter sets, the same of picture ones
//!   AAC:    sample rate varint, channels u8
//!   Opus:   channels u8, pre-skip varint, input sample rate varint, output gain signed (1/256 dB)
//! units     varint  ≤ 1,024; unless 0:
//!   first decode time signed
//!   for each: size varint ≤ 4 MiB, decode time − (the one before + its duration) signed (0 for the
//!             first), presentation − decode time signed, duration varint, flags u8 (bit 0 keyframe)
//! samples, in the same order, to the end
//! ```
//!
//! The configuration rides in each keyframe's chunk and in each audio chunk. All bounds are
//! checked before anything is allocated; decoding gives back exactly what was encoded.

use bytes::Bytes;
use thiserror::Error;

use crate::params::MAX_SET_BYTES;
use crate::track::{AacConfig, Codec, H264Config, OpusConfig, Rotation, TrackConfig};
use crate::varint::{self, Reader};
use crate::{AccessUnit, MAX_UNIT_BYTES};

/// The largest chunk in bytes: two units of the largest size, or 100 ms at 640 Mbit/s.
pub const MAX_CHUNK_BYTES: usize = 8 << 20;
/// The most units in a chunk: 100 ms hold 12 pictures at 120 a second, an unpaced file's start more.
pub const MAX_UNITS: usize = 1024;
/// Sequence parameter sets in a configuration: encoders use one, a file of several sizes a few.
pub(crate) const MAX_SPS: usize = 8;
/// Picture parameter sets in a configuration.
pub(crate) const MAX_PPS: usize = 32;
/// Largest magnitude of a time, in ticks: 28 years at 10 MHz, and sums of a few can't overflow.
pub(crate) const MAX_TIME: i64 = 1 << 53;

const VERSION: u8 = 1;

/// What a chunk holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkBody {
    /// The track's configuration, when the chunk carries it.
    pub config: Option<TrackConfig>,
    /// Units in decode order.
    pub units: Vec<AccessUnit>,
}

/// Bytes that are not a chunk's plaintext.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ChunkError {
    /// They end in the middle.
    #[error("the chunk ends too early")]
    Short,
    /// Bytes are left over.
    #[error("the chunk has {0} bytes too many")]
    Long(usize),
    /// A number in a longer form than needed, or over 64 bits.
    #[error("the chunk has a malformed number")]
    Varint,
    /// Over a bound.
    #[error("the chunk's {what} is {found}, at most {max} is accepted")]
    TooLarge {
        /// Which field.
        what: &'static str,
        /// Its value.
        found: u64,
        /// The bound.
        max: u64,
    },
    /// A value that has no meaning (in this version).
    #[error("the chunk's {what} {value} is unknown")]
    Unknown {
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u8,
    },
    /// A time outside of ±2^53 ticks.
    #[error("a time in the chunk is out of range")]
    Time,
}

/// Writes a chunk's plaintext. Callers keep to the bounds ([`crate::Chunker`] does): what exceeds
/// them is written, and refused by [`decode`].
pub fn encode(config: Option<&TrackConfig>, units: &[AccessUnit]) -> Vec<u8> {
    let samples: usize = units.iter().map(|unit| unit.data.len()).sum();
    let mut out = Vec::with_capacity(samples + 16 * units.len() + 128);
    out.push(VERSION);
    match config {
        None => out.push(0),
        Some(config) => encode_config(&mut out, config),
    }
    varint::put(&mut out, units.len() as u64);
    let Some(first) = units.first() else { return out };
    varint::put_signed(&mut out, first.dts);
    let mut expected = first.dts;
    for unit in units {
        varint::put(&mut out, unit.data.len() as u64);
        varint::put_signed(&mut out, unit.dts.wrapping_sub(expected));
        varint::put_signed(&mut out, unit.pts.wrapping_sub(unit.dts));
        varint::put(&mut out, u64::from(unit.duration));
        out.push(u8::from(unit.keyframe));
        expected = unit.end();
    }
    for unit in units {
        out.extend_from_slice(&unit.data);
    }
    out
}

/// Reads a chunk's plaintext. Never panics; allocates at most in proportion to `bytes`.
pub fn decode(bytes: &[u8]) -> Result<ChunkBody, ChunkError> {
    if bytes.len() > MAX_CHUNK_BYTES {
        let (found, max) = (bytes.len() as u64, MAX_CHUNK_BYTES as u64);
        return Err(ChunkError::TooLarge { what: "size", found, max });
    }
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => {}
        value => return Err(ChunkError::Unknown { what: "version", value }),
    }
    let config = decode_config(&mut reader)?;
    let count = reader.bounded("number of units", MAX_UNITS as u64)? as usize;
    let units = if count == 0 { Vec::new() } else { decode_units(&mut reader, count)? };
    match reader.remaining() {
        0 => Ok(ChunkBody { config, units }),
        left => Err(ChunkError::Long(left)),
    }
}

fn encode_config(out: &mut Vec<u8>, config: &TrackConfig) {
    let kind = match config.codec {
        Codec::H264(_) => 1,
        Codec::Aac(_) => 2,
        Codec::Opus(_) => 3,
    };
    out.push(kind);
    varint::put(out, u64::from(config.timescale));
    match &config.codec {
        Codec::H264(h264) => {
            varint::put(out, u64::from(h264.width));
            varint::put(out, u64::from(h264.height));
            out.push(h264.rotation.quarters());
            encode_sets(out, &h264.sps);
            encode_sets(out, &h264.pps);
        }
        Codec::Aac(aac) => {
            varint::put(out, u64::from(aac.sample_rate));
            out.push(aac.channels);
        }
        Codec::Opus(opus) => {
            out.push(opus.channels);
            varint::put(out, u64::from(opus.pre_skip));
            varint::put(out, u64::from(opus.input_sample_rate));
            varint::put_signed(out, i64::from(opus.output_gain));
        }
    }
}

fn encode_sets(out: &mut Vec<u8>, sets: &[Bytes]) {
    out.push(sets.len() as u8);
    for set in sets {
        varint::put(out, set.len() as u64);
        out.extend_from_slice(set);
    }
}

fn decode_config(reader: &mut Reader<'_>) -> Result<Option<TrackConfig>, ChunkError> {
    let kind = reader.byte()?;
    if kind == 0 {
        return Ok(None);
    }
    let timescale = reader.bounded("timescale", u64::from(u32::MAX))? as u32;
    if timescale == 0 {
        return Err(ChunkError::Unknown { what: "timescale", value: 0 });
    }
    let codec = match kind {
        1 => Codec::H264(decode_h264(reader)?),
        2 => Codec::Aac(AacConfig {
            sample_rate: reader.bounded("sample rate", u64::from(u32::MAX))? as u32,
            channels: reader.byte()?,
        }),
        3 => Codec::Opus(decode_opus(reader)?),
        value => return Err(ChunkError::Unknown { what: "codec", value }),
    };
    Ok(Some(TrackConfig { timescale, codec }))
}

fn decode_h264(reader: &mut Reader<'_>) -> Result<H264Config, ChunkError> {
    let width = reader.bounded("width", u64::from(u16::MAX))? as u16;
    let height = reader.bounded("height", u64::from(u16::MAX))? as u16;
    let quarters = reader.byte()?;
    let rotation = Rotation::from_quarters(quarters)
        .ok_or(ChunkError::Unknown { what: "rotation", value: quarters })?;
    let sps = decode_sets(reader, MAX_SPS)?;
    let pps = decode_sets(reader, MAX_PPS)?;
    Ok(H264Config { sps, pps, width, height, rotation })
}

fn decode_opus(reader: &mut Reader<'_>) -> Result<OpusConfig, ChunkError> {
    let channels = reader.byte()?;
    let pre_skip = reader.bounded("pre-skip", u64::from(u16::MAX))? as u16;
    let input_sample_rate = reader.bounded("sample rate", u64::from(u32::MAX))? as u32;
    let output_gain = i16::try_from(reader.signed()?).map_err(|_| ChunkError::Varint)?;
    Ok(OpusConfig { channels, pre_skip, input_sample_rate, output_gain })
}

fn decode_sets(reader: &mut Reader<'_>, max: usize) -> Result<Vec<Bytes>, ChunkError> {
    let count = usize::from(reader.byte()?);
    if count > max {
        let (found, max) = (count as u64, max as u64);
        return Err(ChunkError::TooLarge { what: "number of parameter sets", found, max });
    }
    let mut sets = Vec::with_capacity(count);
    for _ in 0..count {
        let len = reader.bounded("parameter set", MAX_SET_BYTES as u64)? as usize;
        sets.push(Bytes::copy_from_slice(reader.bytes(len)?));
    }
    Ok(sets)
}

fn decode_units(reader: &mut Reader<'_>, count: usize) -> Result<Vec<AccessUnit>, ChunkError> {
    let mut expected = in_range(reader.signed()?)?;
    let mut table = Vec::with_capacity(count);
    for index in 0..count {
        let size = reader.bounded("unit", MAX_UNIT_BYTES as u64)? as usize;
        let gap = in_range(reader.signed()?)?;
        if index == 0 && gap != 0 {
            return Err(ChunkError::Time);
        }
        let dts = in_range(expected + gap)?;
        let pts = in_range(dts + in_range(reader.signed()?)?)?;
        let duration = reader.bounded("duration", u64::from(u32::MAX))? as u32;
        let flags = reader.byte()?;
        if flags > 1 {
            return Err(ChunkError::Unknown { what: "unit flags", value: flags });
        }
        let unit = AccessUnit { dts, pts, duration, keyframe: flags == 1, data: Bytes::new() };
        expected = unit.end();
        table.push((size, unit));
    }
    table
        .into_iter()
        .map(|(size, unit)| {
            let data = Bytes::copy_from_slice(reader.bytes(size)?);
            Ok(AccessUnit { data, ..unit })
        })
        .collect()
}

fn in_range(ticks: i64) -> Result<i64, ChunkError> {
    if ticks.unsigned_abs() > MAX_TIME.unsigned_abs() {
        return Err(ChunkError::Time);
    }
    Ok(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units() -> impl Strategy<Value = Vec<AccessUnit>> {
        let unit = (
            -1_000_000i64..1_000_000,
            -5_000i64..5_000,
            any::<u32>(),
            any::<bool>(),
            prop::collection::vec(any::<u8>(), 0..40),
        )
            .prop_map(|(dts, cts, duration, keyframe, data)| AccessUnit {
                dts,
                pts: dts + cts,
                duration,
                keyframe,
                data: data.into(),
            });
        prop::collection::vec(unit, 0..20)
    }

    fn configs() -> impl Strategy<Value = Option<TrackConfig>> {
        let sets = || prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4);
        let h264 =
            (sets(), sets(), any::<(u16, u16)>(), 0u8..4).prop_map(|(sps, pps, size, turn)| {
                Codec::H264(H264Config {
                    sps: sps.into_iter().map(Bytes::from).collect(),
                    pps: pps.into_iter().map(Bytes::from).collect(),
                    width: size.0,
                    height: size.1,
                    rotation: Rotation::from_quarters(turn).unwrap(),
                })
            });
        let aac = any::<(u32, u8)>()
            .prop_map(|(sample_rate, channels)| Codec::Aac(AacConfig { sample_rate, channels }));
        let opus = any::<(u8, u16, u32, i16)>().prop_map(|(channels, pre_skip, rate, gain)| {
            let (input_sample_rate, output_gain) = (rate, gain);
            Codec::Opus(OpusConfig { channels, pre_skip, input_sample_rate, output_gain })
        });
        let codec = prop_oneof![h264, aac, opus];
        prop::option::of(
            (1u32.., codec).prop_map(|(timescale, codec)| TrackConfig { timescale, codec }),
        )
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(config in configs(), units in units()) {
            let bytes = encode(config.as_ref(), &units);
            prop_assert_eq!(decode(&bytes).unwrap(), ChunkBody { config, units });
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_decode_to_themselves(
            mut bytes in prop::collection::vec(any::<u8>(), 0..400),
            framed: bool,
        ) {
            if framed && bytes.len() > 1 {
                bytes[0] = VERSION;
                bytes[1] %= 4;
            }
            if let Ok(body) = decode(&bytes) {
                prop_assert_eq!(encode(body.config.as_ref(), &body.units), bytes);
            }
        }

        #[test]
        fn a_flipped_or_cut_chunk_never_panics(
            config in configs(), units in units(), at: prop::sample::Index, bit in 0u8..8,
        ) {
            let mut bytes = encode(config.as_ref(), &units);
            let at = at.index(bytes.len());
            prop_assert!(decode(&bytes[..at]).is_err());
            bytes[at] ^= 1 << bit;
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn an_empty_chunk_has_three_bytes() {
        assert_eq!(encode(None, &[]), [1, 0, 0]);
        assert_eq!(decode(&[1, 0, 0]), Ok(ChunkBody { config: None, units: vec![] }));
    }

    /// The example in docs/media-format.md.
    #[test]
    fn the_documented_example_is_what_is_written() {
        let codec = Codec::Aac(AacConfig { sample_rate: 48_000, channels: 1 });
        let config = TrackConfig { timescale: 48_000, codec };
        let data = Bytes::from_static(&[0xaa, 0xbb]);
        let unit = AccessUnit { dts: 0, pts: 0, duration: 1024, keyframe: true, data };
        let bytes = [1, 2, 0x80, 0xf7, 2, 0x80, 0xf7, 2, 1, 1, 0, 2, 0, 0, 0x80, 8, 1, 0xaa, 0xbb];
        assert_eq!(encode(Some(&config), &[unit]), bytes);
    }

    #[test]
    fn bounds_hold_before_allocation() {
        let huge = [1, 0, 0x81, 0x08]; // 1,025 units
        assert!(matches!(decode(&huge), Err(ChunkError::TooLarge { found: 1025, .. })));
        let unit = [1, 0, 1, 0, 0x81, 0x80, 0x80, 0x02, 0, 0, 0, 0]; // 4 MiB + 1
        assert!(matches!(decode(&unit), Err(ChunkError::TooLarge { what: "unit", .. })));
    }
}
