//! The live test pattern: a moving picture with a clock and its own frame number, and a sound
//! that strikes each second, encoded in real time as a phone's camera would be.
//!
//! Invariant: no clock and no thread in here. Picture and sound of unit `n` follow from `n` and
//! the clock's text alone; whoever drives it asks for units in order, each when it is due
//! ([`Pattern::video_due_ns`], [`Pattern::audio_due_ns`]). Video and sound share their time 0: the
//! flash of frame `k * fps` and the stroke at `k` seconds belong together, with no encoder delay
//! between them.

mod code;
mod fleet;
mod lettering;
mod scene;
mod sea;
mod sound;
#[cfg(test)]
mod tests;
mod video;

use manyhands_media::{AccessUnit, ParamError, TrackConfig};
use thiserror::Error;

pub use code::read_frame_number;

/// Nanoseconds in a second.
const SECOND_NS: u64 = 1_000_000_000;

/// What the pattern looks like and how it is encoded. The default is what `--test-pattern` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternConfig {
    /// Width in pixels, even, 320 to 1920.
    pub width: u32,
    /// Height in pixels, even, 180 to 1080.
    pub height: u32,
    /// Frames a second, 5 to 60.
    pub fps: u32,
    /// Bits a second of the video that the encoder aims at, 100,000 to 20,000,000.
    pub bitrate: u32,
    /// Frames from one keyframe to the next, 1 to 600.
    pub gop_frames: u32,
    /// Bits a second of the sound, 16,000 to 256,000.
    pub audio_bitrate: u32,
}

impl Default for PatternConfig {
    fn default() -> Self {
        Self {
            width: 640,
            height: 360,
            fps: 30,
            bitrate: 1_000_000,
            gop_frames: 30,
            audio_bitrate: 64_000,
        }
    }
}

impl PatternConfig {
    fn check(&self) -> Result<(), PatternError> {
        let even = self.width.is_multiple_of(2) && self.height.is_multiple_of(2);
        let checks = [
            (even && (320..=1920).contains(&self.width), "a width that is even, from 320 to 1920"),
            (
                even && (180..=1080).contains(&self.height),
                "a height that is even, from 180 to 1080",
            ),
            ((5..=60).contains(&self.fps), "5 to 60 frames a second"),
            ((100_000..=20_000_000).contains(&self.bitrate), "100k to 20M bits a second"),
            ((1..=600).contains(&self.gop_frames), "a keyframe each 1 to 600 frames"),
            (
                (16_000..=256_000).contains(&self.audio_bitrate),
                "sound of 16k to 256k bits a second",
            ),
        ];
        match checks.into_iter().find(|(good, _)| !good) {
            Some((_, wanted)) => Err(PatternError::Config(wanted)),
            None => Ok(()),
        }
    }
}

/// Why the pattern could not be made.
#[derive(Debug, Error)]
pub enum PatternError {
    /// A setting is outside of what can be drawn or encoded; names what is accepted.
    #[error("the test pattern needs {0}")]
    Config(&'static str),
    /// The video encoder refused.
    #[error("the video encoder failed: {0}")]
    Video(#[from] openh264::Error),
    /// The video encoder gave no picture for a frame, or changed its parameter sets in mid-stream.
    #[error("the video encoder gave {0}")]
    Picture(&'static str),
    /// The video encoder gave parameter sets that can't be carried.
    #[error("the video encoder gave {0}")]
    Params(#[from] ParamError),
    /// The sound encoder refused.
    #[error("the sound encoder failed: {0}")]
    Sound(String),
}

/// A running test pattern: one H.264 track and one Opus track.
pub struct Pattern {
    config: PatternConfig,
    video: video::Encoder,
    sound: sound::Encoder,
}

impl Pattern {
    /// Prepares the picture and both encoders. Errors when a setting is out of range.
    pub fn new(config: PatternConfig) -> Result<Self, PatternError> {
        config.check()?;
        Ok(Self {
            config,
            video: video::Encoder::new(config)?,
            sound: sound::Encoder::new(config.audio_bitrate)?,
        })
    }

    /// The video track: H.264 constrained baseline, 90,000 ticks a second.
    pub fn video_config(&self) -> &TrackConfig {
        self.video.config()
    }

    /// The sound track: Opus, mono, 48,000 ticks a second.
    pub fn audio_config(&self) -> &TrackConfig {
        self.sound.config()
    }

    /// Encodes frame `n` with `clock` (such as `12:34:56.7`; only digits, `:`, `.` and `-` are
    /// drawn) in large figures. Keyframes are the multiples of `gop_frames`, and the first frame
    /// after a gap that skips one.
    pub fn video_frame(&mut self, n: u32, clock: &str) -> Result<AccessUnit, PatternError> {
        self.video.frame(n, clock)
    }

    /// Encodes the `n`-th 20 ms of sound.
    pub fn audio_frame(&mut self, n: u32) -> Result<AccessUnit, PatternError> {
        self.sound.frame(n)
    }

    /// When frame `n` is due, in nanoseconds since frame 0.
    pub fn video_due_ns(&self, n: u32) -> u64 {
        u64::from(n) * SECOND_NS / u64::from(self.config.fps)
    }

    /// When the `n`-th 20 ms of sound begin, in nanoseconds since frame 0.
    pub fn audio_due_ns(&self, n: u32) -> u64 {
        u64::from(n) * (SECOND_NS / 50)
    }

    /// Draws frame `n` without encoding it: RGBA, 4 bytes a pixel, lines without padding.
    pub fn picture(&mut self, n: u32, clock: &str) -> &[u8] {
        self.video.picture(n, clock)
    }
}

/// The clock's text for a time in milliseconds since midnight, with tenths: `12:34:56.7`.
#[must_use]
pub fn clock_text(ms_of_day: u64) -> String {
    let tenths = ms_of_day / 100;
    let (seconds, minutes, hours) = (tenths / 10, tenths / 600, tenths / 36_000);
    format!("{:02}:{:02}:{:02}.{}", hours % 24, minutes % 60, seconds % 60, tenths % 10)
}
