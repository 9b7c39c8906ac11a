//! Sample entries (`stsd`): which codec a track has, as a configuration that we carry.

use bytes::Bytes;
use mp4_atom::{Audio, Avcc, Decode, Dops, Esds, Visual};

use super::error::{AUDIO, InputError, VIDEO};
use crate::boxes::{self, Box4};
use crate::params::{self, MAX_SET_BYTES, ParamError};
use crate::track::{AacConfig, Codec, H264Config, OpusConfig, Rotation};

/// One sample description.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The codec; for H.264 with sets only in the samples, `sps` and `pps` are empty.
    pub(crate) codec: Codec,
    /// Bytes of a NAL unit's length in the samples (1, 2 or 4); 0 for sound.
    pub(crate) length_size: u8,
}

/// Sample descriptions of a track: more are refused (real files have one or two).
const MAX_ENTRIES: usize = 64;

/// All sample descriptions of a track, in order.
pub(crate) fn read_all(stsd: &[u8], rotation: Rotation) -> Result<Vec<Entry>, InputError> {
    // FullBox header (4) and entry count (4).
    let entries = stsd.get(8..).ok_or_else(|| InputError::damaged("stsd is too short"))?;
    let found: Vec<_> = boxes::children(entries).take(MAX_ENTRIES + 1).collect();
    match found.len() {
        0 => return Err(InputError::damaged("a track has no sample description")),
        1..=MAX_ENTRIES => {}
        _ => return Err(InputError::damaged("a track has over 64 sample descriptions")),
    }
    found.into_iter().map(|entry| read(entry, rotation)).collect()
}

fn read(entry: Box4<'_>, rotation: Rotation) -> Result<Entry, InputError> {
    match &entry.kind {
        b"avc1" | b"avc3" => read_h264(entry.body, rotation),
        b"mp4a" => read_aac(entry.body),
        b"Opus" => read_opus(entry.body),
        b"encv" | b"enca" | b"drmi" | b"drms" => {
            Err(InputError::Encrypted(boxes::name(entry.kind)))
        }
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => {
            Err(InputError::unsupported(format!("HEVC video ({})", boxes::name(entry.kind)), VIDEO))
        }
        kind => Err(InputError::unsupported(describe(kind), "H.264 video, AAC-LC or Opus sound")),
    }
}

fn describe(kind: &[u8; 4]) -> String {
    let known = match kind {
        b"av01" => "AV1 video",
        b"vp09" => "VP9 video",
        b"vp08" => "VP8 video",
        b"mp4v" => "MPEG-4 part 2 video",
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG video",
        b"ap4h" | b"apcn" | b"apch" | b"apcs" | b"apco" => "ProRes video",
        b"ac-3" => "AC-3 sound",
        b"ec-3" => "E-AC-3 sound",
        b".mp3" => "MP3 sound",
        b"fLaC" => "FLAC sound",
        b"alac" => "Apple Lossless sound",
        b"sowt" | b"twos" | b"lpcm" | b"ipcm" | b"in24" => "uncompressed sound",
        _ => return format!("a track of type {}", boxes::name(*kind)),
    };
    format!("{known} ({})", boxes::name(*kind))
}

fn read_h264(body: &[u8], rotation: Rotation) -> Result<Entry, InputError> {
    let mut rest = body;
    Visual::decode(&mut rest).map_err(|_| damaged("video sample description"))?;
    let avcc = boxes::child(rest, b"avcC").ok_or_else(|| damaged("H.264 without avcC"))?;
    let avcc: Avcc = boxes::leaf(avcc).map_err(|_| damaged("avcC"))?;
    let length_size = avcc.length_size;
    if !matches!(length_size, 1 | 2 | 4) {
        return Err(damaged("avcC has NAL lengths of 3 bytes"));
    }
    let sets = |sets: Vec<Vec<u8>>, max| {
        if sets.len() > max || sets.iter().any(|set| set.len() > MAX_SET_BYTES) {
            return Err(damaged("too many or too large parameter sets"));
        }
        Ok(sets.into_iter().filter(|set| !set.is_empty()).map(Bytes::from).collect::<Vec<_>>())
    };
    let sps = sets(avcc.sequence_parameter_sets, crate::chunk::MAX_SPS)?;
    let pps = sets(avcc.picture_parameter_sets, crate::chunk::MAX_PPS)?;
    let (width, height) = match sps.first() {
        Some(first) => params::parse_sps(first).map_err(param_error)?.size(),
        None => (0, 0),
    };
    let codec = Codec::H264(H264Config { sps, pps, width, height, rotation });
    Ok(Entry { codec, length_size })
}

fn read_aac(body: &[u8]) -> Result<Entry, InputError> {
    let mut rest = body;
    Audio::decode(&mut rest).map_err(|_| damaged("audio sample description"))?;
    // QuickTime puts it one level deeper.
    let esds = boxes::child(rest, b"esds").or_else(|| boxes::descend(rest, &[b"wave", b"esds"]));
    let esds = esds.ok_or_else(|| damaged("mp4a without esds"))?;
    let esds: Esds = boxes::leaf(esds).map_err(|_| damaged("esds"))?;
    let decoder = esds.es_desc.dec_config;
    // ISO/IEC 14496-1 table 5: 0x40 MPEG-4 audio, 0x67 MPEG-2 AAC-LC, 0x69 and 0x6b MP3.
    match decoder.object_type_indication {
        0x40 | 0x67 => {}
        0x69 | 0x6b => return Err(InputError::unsupported("MP3 sound (mp4a)", AUDIO)),
        other => {
            return Err(InputError::unsupported(
                format!("mp4a sound of type 0x{other:02x}"),
                AUDIO,
            ));
        }
    }
    let asc = decoder.dec_specific.map(|specific| specific.raw).unwrap_or_default();
    let aac = AacConfig::from_asc(&asc).map_err(|found| InputError::unsupported(found, AUDIO))?;
    Ok(Entry { codec: Codec::Aac(aac), length_size: 0 })
}

fn read_opus(body: &[u8]) -> Result<Entry, InputError> {
    let mut rest = body;
    Audio::decode(&mut rest).map_err(|_| damaged("audio sample description"))?;
    let dops = boxes::child(rest, b"dOps").ok_or_else(|| damaged("Opus without dOps"))?;
    let dops: Dops = boxes::leaf(dops).map_err(|_| damaged("dOps"))?;
    if dops.channel_mapping.is_some() || !(1..=2).contains(&dops.output_channel_count) {
        let found = format!("Opus with {} channels", dops.output_channel_count);
        return Err(InputError::unsupported(found, AUDIO));
    }
    let codec = Codec::Opus(OpusConfig {
        channels: dops.output_channel_count,
        pre_skip: dops.pre_skip,
        input_sample_rate: dops.input_sample_rate,
        output_gain: dops.output_gain,
    });
    Ok(Entry { codec, length_size: 0 })
}

/// A parameter set's fault as an input's.
pub(crate) fn param_error(error: ParamError) -> InputError {
    match error {
        ParamError::Unsupported(found) => {
            InputError::unsupported(format!("H.264 with {found}"), VIDEO)
        }
        other => InputError::Damaged(other.to_string()),
    }
}

fn damaged(what: &str) -> InputError {
    InputError::damaged(what)
}
