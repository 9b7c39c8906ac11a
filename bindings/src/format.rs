//! Tracks and units as encoders give and decoders take them.

use manyhands_session::{
    AacConfig, AudioInput, Codec, OpusConfig, Pulled, Rotation, TrackConfig, TrackKind, VideoInput,
    framed,
};

use crate::Failure;

/// How the NAL units of a picture are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Framing {
    /// By start codes, as MediaCodec gives and takes them.
    StartCodes,
    /// Each behind its length in four bytes, as VideoToolbox gives and takes them.
    Lengths,
}

/// A codec for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AudioCodec {
    /// AAC-LC: one raw data block a unit.
    Aac,
    /// Opus: one packet a unit.
    Opus {
        /// Samples at 48 kHz that the decoder is to drop at the start.
        pre_skip: u16,
    },
}

/// The H.264 encoder of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct VideoTrack {
    /// Ticks a second of its times.
    pub timescale: u32,
    /// What it sends, bits a second.
    pub bitrate: u32,
    /// How the picture is to be turned clockwise before it is shown: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// How its units come.
    pub framing: Framing,
}

/// The sound's encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AudioTrack {
    /// Ticks a second of its times.
    pub timescale: u32,
    /// What it sends, bits a second.
    pub bitrate: u32,
    /// How it is coded.
    pub codec: AudioCodec,
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
}

/// When a unit is decoded and shown, in ticks of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Times {
    /// Decode time; grows from unit to unit.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    /// How long it is shown.
    pub duration: u32,
}

/// What a decoder needs to know before a picture.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VideoFormat {
    /// Ticks a second of the units' times.
    pub timescale: u32,
    /// Pixels, before it is turned.
    pub width: u16,
    /// Pixels, before it is turned.
    pub height: u16,
    /// How to turn the picture clockwise: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// Sequence parameter sets: whole NAL units, without start code or length.
    pub sps: Vec<Vec<u8>>,
    /// Picture parameter sets, likewise.
    pub pps: Vec<Vec<u8>>,
}

/// What a decoder needs to know before a sound.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AudioFormat {
    /// Ticks a second of the units' times.
    pub timescale: u32,
    /// How it is coded.
    pub codec: AudioCodec,
    /// Samples a second that the decoder gives.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// AAC's AudioSpecificConfig; empty for Opus.
    pub config: Vec<u8>,
}

/// A picture that is due.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VideoUnit {
    /// Its NAL units, framed as was asked for.
    pub data: Vec<u8>,
    /// When it is decoded and shown, in ticks.
    pub times: Times,
    /// A decoder can start here.
    pub keyframe: bool,
    /// When it was captured, on the clock that sound and picture share, in microseconds.
    pub capture_us: i64,
    /// The format from here on, when it is new.
    pub format: Option<VideoFormat>,
}

/// A sound that is due.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AudioUnit {
    /// One frame or packet.
    pub data: Vec<u8>,
    /// When it is decoded and heard, in ticks.
    pub times: Times,
    /// When it was captured, on the clock that sound and picture share, in microseconds.
    pub capture_us: i64,
    /// The format from here on, when it is new.
    pub format: Option<AudioFormat>,
}

impl From<Framing> for manyhands_session::Framing {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::StartCodes => Self::StartCodes,
            Framing::Lengths => Self::Lengths,
        }
    }
}

impl From<Times> for manyhands_session::Times {
    fn from(Times { dts, pts, duration }: Times) -> Self {
        Self { dts, pts, duration }
    }
}

impl TryFrom<VideoTrack> for VideoInput {
    type Error = Failure;

    fn try_from(track: VideoTrack) -> Result<Self, Failure> {
        let VideoTrack { timescale, bitrate, rotation, framing } = track;
        let quarters = (rotation % 90 == 0).then_some(rotation / 90);
        let rotation = quarters.and_then(|quarters| u8::try_from(quarters).ok());
        let rotation = rotation.and_then(Rotation::from_quarters);
        let unknown = || Failure::BadOptions("a picture is turned by 0, 90, 180 or 270".into());
        let rotation = rotation.ok_or_else(unknown)?;
        Ok(Self { timescale, bitrate, rotation, framing: framing.into() })
    }
}

impl From<AudioTrack> for AudioInput {
    fn from(track: AudioTrack) -> Self {
        let AudioTrack { timescale, bitrate, codec, sample_rate, channels } = track;
        let codec = match codec {
            AudioCodec::Aac => Codec::Aac(AacConfig { sample_rate, channels }),
            AudioCodec::Opus { pre_skip } => Codec::Opus(OpusConfig {
                channels,
                pre_skip,
                input_sample_rate: sample_rate,
                output_gain: 0,
            }),
        };
        Self { config: TrackConfig { timescale, codec }, bitrate }
    }
}

impl VideoUnit {
    pub(crate) fn new(pulled: Pulled, framing: Framing) -> Self {
        let format = pulled.changed.then(|| VideoFormat::new(&pulled.config)).flatten();
        Self {
            data: framed(TrackKind::Video, &pulled.unit.data, framing.into()),
            times: times(&pulled),
            keyframe: pulled.unit.keyframe,
            capture_us: pulled.capture_us,
            format,
        }
    }
}

impl AudioUnit {
    pub(crate) fn new(pulled: Pulled) -> Self {
        let format = pulled.changed.then(|| AudioFormat::new(&pulled.config)).flatten();
        let (times, capture_us) = (times(&pulled), pulled.capture_us);
        Self { data: pulled.unit.data.into(), times, capture_us, format }
    }
}

fn times(pulled: &Pulled) -> Times {
    let unit = &pulled.unit;
    Times { dts: unit.dts, pts: unit.pts, duration: unit.duration }
}

impl VideoFormat {
    fn new(config: &TrackConfig) -> Option<Self> {
        let Codec::H264(h264) = &config.codec else { return None };
        Some(Self {
            timescale: config.timescale,
            width: h264.width,
            height: h264.height,
            rotation: h264.rotation.degrees(),
            sps: h264.sps.iter().map(|set| set.to_vec()).collect(),
            pps: h264.pps.iter().map(|set| set.to_vec()).collect(),
        })
    }
}

impl AudioFormat {
    fn new(config: &TrackConfig) -> Option<Self> {
        let (codec, asc) = match &config.codec {
            Codec::H264(_) => return None,
            Codec::Aac(aac) => (AudioCodec::Aac, aac.asc().map_or(Vec::new(), Vec::from)),
            Codec::Opus(opus) => (AudioCodec::Opus { pre_skip: opus.pre_skip }, Vec::new()),
        };
        Some(Self {
            timescale: config.timescale,
            codec,
            sample_rate: config.codec.sample_rate()?,
            channels: config.codec.channels()?,
            config: asc,
        })
    }
}
