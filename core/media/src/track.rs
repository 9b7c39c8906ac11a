//! What a decoder must know about a track before its first unit.

use bytes::Bytes;

use crate::params::{self, ParamError};

/// Picture or sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
}

/// A track's timescale and codec configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackConfig {
    /// Ticks a second of this track's times; never 0.
    pub timescale: u32,
    /// The codec and its parameters.
    pub codec: Codec,
}

/// The codecs that are carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264 (ITU-T H.264, profiles baseline, main and high, 8 bit 4:2:0).
    H264(H264Config),
    /// AAC-LC (ISO/IEC 14496-3), mono or stereo.
    Aac(AacConfig),
    /// Opus (RFC 6716), mono or stereo.
    Opus(OpusConfig),
}

/// How far the picture is to be turned clockwise before it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// As coded.
    #[default]
    None,
    /// By 90 degrees clockwise.
    Right,
    /// By 180 degrees.
    Half,
    /// By 270 degrees clockwise.
    Left,
}

/// H.264 parameter sets and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H264Config {
    /// Sequence parameter sets: whole NAL units without a length prefix.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets: whole NAL units without a length prefix.
    pub pps: Vec<Bytes>,
    /// Width of the decoded picture in pixels, after cropping, before rotation.
    pub width: u16,
    /// Height of the decoded picture in pixels, after cropping, before rotation.
    pub height: u16,
    /// How to turn the picture.
    pub rotation: Rotation,
}

/// AAC-LC parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AacConfig {
    /// Samples a second: one of the rates of ISO/IEC 14496-3 table 1.18 from 8,000 to 48,000.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
}

/// Opus parameters (RFC 7845, channel mapping family 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusConfig {
    /// 1 or 2.
    pub channels: u8,
    /// Samples at 48 kHz to drop from the start of the decoder's output.
    pub pre_skip: u16,
    /// Rate of the original sound in Hz, for information; decoding is at 48 kHz. May be 0.
    pub input_sample_rate: u32,
    /// Gain to apply on decoding, in 1/256 dB.
    pub output_gain: i16,
}

impl TrackConfig {
    /// Picture or sound.
    pub fn kind(&self) -> TrackKind {
        match self.codec {
            Codec::H264(_) => TrackKind::Video,
            Codec::Aac(_) | Codec::Opus(_) => TrackKind::Audio,
        }
    }

    /// Ticks of this track as milliseconds, rounded down.
    pub fn ticks_to_ms(&self, ticks: i64) -> i64 {
        let ms = i128::from(ticks) * 1000;
        ms.div_euclid(i128::from(self.timescale.max(1))) as i64
    }
}

impl Codec {
    /// The RFC 6381 name, as MediaSource and playlists want it: `avc1.64001f`, `mp4a.40.2`, `opus`.
    pub fn mime(&self) -> String {
        match self {
            Self::H264(h264) => match h264.sps.first().map(|sps| &sps[..]) {
                Some([_, profile, constraints, level, ..]) => {
                    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
                }
                _ => "avc1".into(),
            },
            Self::Aac(_) => "mp4a.40.2".into(),
            Self::Opus(_) => "opus".into(),
        }
    }

    /// Width and height of the picture as coded, before rotation; `None` for sound.
    pub fn size(&self) -> Option<(u16, u16)> {
        match self {
            Self::H264(h264) => Some((h264.width, h264.height)),
            _ => None,
        }
    }

    /// How to turn the picture; `None` for sound.
    pub fn rotation(&self) -> Option<Rotation> {
        match self {
            Self::H264(h264) => Some(h264.rotation),
            _ => None,
        }
    }

    /// Channels of the sound; `None` for pictures.
    pub fn channels(&self) -> Option<u8> {
        match self {
            Self::H264(_) => None,
            Self::Aac(aac) => Some(aac.channels),
            Self::Opus(opus) => Some(opus.channels),
        }
    }

    /// Samples a second that a decoder gives; `None` for pictures.
    pub fn sample_rate(&self) -> Option<u32> {
        match self {
            Self::H264(_) => None,
            Self::Aac(aac) => Some(aac.sample_rate),
            Self::Opus(_) => Some(48_000),
        }
    }
}

impl Rotation {
    /// Degrees clockwise: 0, 90, 180 or 270.
    pub fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Right => 90,
            Self::Half => 180,
            Self::Left => 270,
        }
    }

    /// From quarter turns clockwise, as on the wire (0 to 3).
    pub fn from_quarters(quarters: u8) -> Option<Self> {
        [Self::None, Self::Right, Self::Half, Self::Left].get(usize::from(quarters)).copied()
    }

    /// Quarter turns clockwise, 0 to 3.
    pub fn quarters(self) -> u8 {
        (self.degrees() / 90) as u8
    }
}

impl H264Config {
    /// A configuration from parameter sets as an encoder gives them (whole NAL units, no start
    /// code, no length). Errors when a set is missing, can't be parsed or isn't one we carry.
    pub fn new(sps: Vec<Bytes>, pps: Vec<Bytes>, rotation: Rotation) -> Result<Self, ParamError> {
        let first = sps.first().ok_or(ParamError::Missing("sequence parameter set"))?;
        if pps.is_empty() {
            return Err(ParamError::Missing("picture parameter set"));
        }
        let (width, height) = params::parse_sps(first)?.size();
        Ok(Self { sps, pps, width, height, rotation })
    }
}

impl AacConfig {
    /// Sampling frequencies by index, ISO/IEC 14496-3 table 1.18.
    pub(crate) const RATES: [u32; 12] =
        [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

    /// Index of the sample rate in ISO/IEC 14496-3 table 1.18, if it is one we carry.
    pub fn rate_index(&self) -> Option<u8> {
        let index = Self::RATES.iter().position(|rate| *rate == self.sample_rate)?;
        (self.sample_rate <= 48_000).then_some(index as u8)
    }

    /// The AudioSpecificConfig: two bytes, AAC-LC, 1,024 samples a frame. `None` when the rate is
    /// not one that is carried.
    pub fn asc(&self) -> Option<[u8; 2]> {
        let index = self.rate_index()?;
        Some([(2 << 3) | (index >> 1), (index << 7) | (self.channels << 3)])
    }

    /// Reads an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). `Err` says what was found.
    pub fn from_asc(asc: &[u8]) -> Result<Self, String> {
        let &[a, b, ..] = asc else {
            return Err("AAC without a configuration".into());
        };
        let index = usize::from(((a & 7) << 1) | (b >> 7));
        let channels = (b >> 3) & 0xf;
        match a >> 3 {
            2 => {}
            5 | 29 => return Err("HE-AAC".into()),
            other => return Err(format!("AAC of object type {other}")),
        }
        let rate = Self::RATES.get(index).copied().ok_or("AAC of an unlisted sample rate")?;
        let config = Self { sample_rate: rate, channels };
        if config.rate_index().is_none() {
            return Err(format!("AAC at {rate} Hz"));
        }
        if !(1..=2).contains(&channels) {
            return Err(format!("AAC with channel configuration {channels}"));
        }
        if b & 0b100 != 0 {
            return Err("AAC with 960 samples a frame".into());
        }
        Ok(config)
    }
}
