//! The head of a fragmented MP4: `ftyp` and `moov`. All times in it are 0 (1904, "not said").

use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    Audio, Avc1, Avcc, AvccExt, Codec as Entry, Dinf, Dops, Dref, DrefEntry, Encode, Esds,
    FixedPoint, FourCC, Ftyp, Hdlr, Matrix, Mdhd, Mdia, Minf, Moov, Mp4a, Mvex, Mvhd, Opus, Smhd,
    Stbl, Stco, Stsd, Tkhd, Trak, Trex, Url, Visual, Vmhd,
};

use super::OutputError;
use crate::track::{AacConfig, Codec, H264Config, OpusConfig, Rotation, TrackConfig};
use crate::{TrackKind, params};

/// Ticks a second of the movie header; nothing depends on it, as all its durations are 0.
const MOVIE_TIMESCALE: u32 = 1000;

/// The head for some tracks, each with its id.
pub(super) fn write(tracks: &[(u32, &TrackConfig)]) -> Result<Vec<u8>, OutputError> {
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: [b"iso6", b"iso5", b"isom", b"mp41"].map(FourCC::new).to_vec(),
    };
    let moov = Moov {
        mvhd: Mvhd {
            timescale: MOVIE_TIMESCALE,
            rate: FixedPoint::from(1),
            volume: FixedPoint::from(1),
            next_track_id: tracks.iter().map(|(id, _)| id + 1).max().unwrap_or(1),
            ..Mvhd::default()
        },
        trak: tracks.iter().map(|(id, track)| trak(*id, track)).collect::<Result<_, _>>()?,
        mvex: Some(Mvex { mehd: None, trex: tracks.iter().map(|(id, _)| trex(*id)).collect() }),
        ..Moov::default()
    };
    let mut out = Vec::new();
    ftyp.encode(&mut out)?;
    moov.encode(&mut out)?;
    Ok(out)
}

fn trex(track_id: u32) -> Trex {
    Trex { track_id, default_sample_description_index: 1, ..Trex::default() }
}

fn trak(track_id: u32, track: &TrackConfig) -> Result<Trak, OutputError> {
    let (width, height) = track.codec.size().unwrap_or_default();
    let is_video = track.kind() == TrackKind::Video;
    let tkhd = Tkhd {
        track_id,
        enabled: true,
        in_movie: true,
        alternate_group: u16::from(!is_video),
        volume: FixedPoint::from(u8::from(!is_video)),
        matrix: matrix(track.codec.rotation().unwrap_or_default(), width, height),
        width: FixedPoint::from(width),
        height: FixedPoint::from(height),
        ..Tkhd::default()
    };
    let handler = FourCC::new(if is_video { b"vide" } else { b"soun" });
    let minf = Minf {
        vmhd: is_video.then(Vmhd::default),
        smhd: (!is_video).then(Smhd::default),
        dinf: Dinf {
            dref: Dref { entries: vec![DrefEntry::Url(Url { location: String::new() })] },
        },
        stbl: Stbl {
            stsd: Stsd { codecs: vec![entry(&track.codec)?] },
            stco: Some(Stco::default()),
            ..Stbl::default()
        },
        ..Minf::default()
    };
    let mdhd = Mdhd { timescale: track.timescale, language: "und".into(), ..Mdhd::default() };
    let mdia = Mdia { mdhd, hdlr: Hdlr { handler, name: String::new() }, minf };
    Ok(Trak { tkhd, mdia, ..Trak::default() })
}

/// The matrix of a quarter turn, moved back into the picture's corner (as phones write it).
fn matrix(rotation: Rotation, width: u16, height: u16) -> Matrix {
    const ONE: i32 = 0x1_0000;
    let (width, height) = (i32::from(width).wrapping_shl(16), i32::from(height).wrapping_shl(16));
    let (a, b, c, d, x, y) = match rotation {
        Rotation::None => return Matrix::default(),
        Rotation::Right => (0, ONE, -ONE, 0, height, 0),
        Rotation::Half => (-ONE, 0, 0, -ONE, width, height),
        Rotation::Left => (0, -ONE, ONE, 0, 0, width),
    };
    Matrix { a, b, c, d, x, y, ..Matrix::default() }
}

fn entry(codec: &Codec) -> Result<Entry, OutputError> {
    match codec {
        Codec::H264(h264) => h264_entry(h264),
        Codec::Aac(aac) => aac_entry(aac),
        Codec::Opus(opus) => Ok(opus_entry(opus)),
    }
}

fn h264_entry(h264: &H264Config) -> Result<Entry, OutputError> {
    let first = h264.sps.first().ok_or(OutputError::NoParameters)?;
    let Some(&[_, profile, compatibility, level, ..]) = first.get(..) else {
        return Err(OutputError::NoParameters);
    };
    if h264.sps.len() > 31 || h264.pps.len() > 255 {
        return Err(OutputError::NoParameters);
    }
    params::parse_sps(first).map_err(|_| OutputError::NoParameters)?;
    let avcc = Avcc {
        configuration_version: 1,
        avc_profile_indication: profile,
        profile_compatibility: compatibility,
        avc_level_indication: level,
        length_size: 4,
        sequence_parameter_sets: h264.sps.iter().map(|set| set.to_vec()).collect(),
        picture_parameter_sets: h264.pps.iter().map(|set| set.to_vec()).collect(),
        // ISO/IEC 14496-15 5.3.3.1: there for high profile, absent below. 8 bit 4:2:0.
        ext: (profile == 100).then(AvccExt::default),
    };
    let visual = Visual {
        data_reference_index: 1,
        width: h264.width,
        height: h264.height,
        ..Visual::default()
    };
    Ok(Entry::Avc1(Avc1 { visual, avcc, ..Avc1::default() }))
}

fn aac_entry(aac: &AacConfig) -> Result<Entry, OutputError> {
    let asc = aac.asc().ok_or(OutputError::NoParameters)?;
    let dec_config = DecoderConfig {
        object_type_indication: 0x40, // MPEG-4 audio
        stream_type: 5,               // audio
        dec_specific: Some(DecoderSpecific { raw: asc.to_vec(), ..DecoderSpecific::default() }),
        ..DecoderConfig::default()
    };
    let es_desc = EsDescriptor { dec_config, sl_config: SLConfig {}, ..EsDescriptor::default() };
    let rate = u16::try_from(aac.sample_rate).map_err(|_| OutputError::NoParameters)?;
    Ok(Entry::Mp4a(Mp4a {
        audio: audio(aac.channels, rate),
        esds: Esds { es_desc },
        btrt: None,
        taic: None,
    }))
}

fn opus_entry(opus: &OpusConfig) -> Entry {
    Entry::Opus(Opus {
        audio: audio(opus.channels, 48_000),
        dops: Dops {
            output_channel_count: opus.channels,
            pre_skip: opus.pre_skip,
            input_sample_rate: opus.input_sample_rate,
            output_gain: opus.output_gain,
            channel_mapping: None,
        },
        btrt: None,
    })
}

fn audio(channels: u8, rate: u16) -> Audio {
    Audio {
        data_reference_index: 1,
        channel_count: u16::from(channels),
        sample_size: 16,
        sample_rate: FixedPoint::from(rate),
    }
}
