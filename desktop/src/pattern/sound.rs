//! The pattern's sound: a bell on each second over a quiet sea, as Opus in frames of 20 ms.
//!
//! Encoder: `ropus` (pure Rust, BSD-3-Clause). libopus through `opus` 0.4 took 0.31 % of a core
//! against 0.43 %, but wants CMake and a C compiler; the difference is not worth that.
//!
//! Invariant: sample `i` is a pure function of `i`. The encoder's delay is made up for by handing
//! it sound from that much later, so that the packet at time t decodes to the sound of time t
//! wherever a listener begins; the track therefore has no pre-skip.

use std::f64::consts::TAU;

use manyhands_media::{AccessUnit, Codec, OpusConfig, TrackConfig};
use ropus::{Application, Bitrate, Channels};

use super::PatternError;
use super::fleet::CYCLE;

/// Samples a second; Opus decodes at this rate (RFC 6716).
const RATE: u32 = 48_000;
/// Samples of a 20 ms frame.
const FRAME: u32 = RATE / 50;
/// Largest Opus packet of one frame (RFC 6716 section 3.2.1).
const MAX_PACKET: usize = 1275;
/// The bell's notes in Hz, one for each second of the boats' cycle: a pentatonic scale upwards,
/// so that a missing second is heard.
const NOTES: [f64; CYCLE as usize] = [523.25, 587.33, 659.26, 783.99, 880.0, 1046.5];
/// Peak of the bell, of full scale.
const BELL: f64 = 0.4;
/// The bell's rise in seconds: soft enough not to click, short against a frame of video.
const RISE: f64 = 0.002;
/// How fast the bell fades, per second: to a tenth after 0.2 s.
const FADE: f64 = 11.0;
/// Peak of the sea, of full scale: 26 dB below the bell.
const SEA: f64 = 0.02;
/// Seconds from wave to wave.
const SWELL: f64 = 7.0;

/// Makes and encodes the sound.
pub(super) struct Encoder {
    config: TrackConfig,
    codec: ropus::Encoder,
}

impl Encoder {
    pub(super) fn new(bitrate: u32) -> Result<Self, PatternError> {
        let codec = ropus::Encoder::builder(RATE, Channels::Mono, Application::RestrictedLowDelay)
            .bitrate(Bitrate::Bits(bitrate))
            .build()
            .map_err(|error| PatternError::Sound(error.to_string()))?;
        let opus = OpusConfig { channels: 1, pre_skip: 0, input_sample_rate: RATE, output_gain: 0 };
        Ok(Self { config: TrackConfig { timescale: RATE, codec: Codec::Opus(opus) }, codec })
    }

    pub(super) fn config(&self) -> &TrackConfig {
        &self.config
    }

    pub(super) fn frame(&mut self, n: u32) -> Result<AccessUnit, PatternError> {
        let start = u64::from(n) * u64::from(FRAME);
        let from = start + u64::from(self.codec.lookahead());
        let sound: Vec<f32> = (from..from + u64::from(FRAME)).map(sample).collect();
        let mut packet = [0; MAX_PACKET];
        let length = self
            .codec
            .encode_float(&sound, &mut packet)
            .map_err(|error| PatternError::Sound(error.to_string()))?;
        let data = packet.get(..length).unwrap_or_default().to_vec().into();
        let dts = start as i64;
        Ok(AccessUnit { dts, pts: dts, duration: FRAME, keyframe: true, data })
    }
}

/// Sample `i` of the sound, in -1 to 1.
fn sample(i: u64) -> f32 {
    let rate = u64::from(RATE);
    (bell(i / rate, (i % rate) as f64 / f64::from(RATE)) + sea(i)) as f32
}

/// The bell of a second, `time` seconds after it began.
fn bell(second: u64, time: f64) -> f64 {
    let note = NOTES[(second % CYCLE) as usize];
    let tone = (TAU * note * time).sin() + 0.25 * (TAU * 2.0 * note * time).sin();
    BELL / 1.25 * (time / RISE).min(1.0) * (-FADE * time).exp() * tone
}

/// Smoothed noise that swells and falls.
fn sea(i: u64) -> f64 {
    let swell = (i as f64 / f64::from(RATE) / SWELL).fract() * TAU;
    SEA * (0.6 - 0.4 * swell.cos()) * (0.7 * noise(i, 40) + 0.3 * noise(i, 11))
}

/// Noise that takes a new value each `step` samples and moves straight between them.
fn noise(i: u64, step: u64) -> f64 {
    let (cell, way) = (i / step, (i % step) as f64 / step as f64);
    let (from, to) = (hash(cell ^ step << 56), hash((cell + 1) ^ step << 56));
    from + (to - from) * way
}

/// SplitMix64 (Steele, Lea, Flood 2014) of a number, as -1 to 1.
fn hash(x: u64) -> f64 {
    let x = x.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ x >> 31) as f64 / u64::MAX as f64 * 2.0 - 1.0
}
