//! How a broadcast goes and what its encoder should make, as it crosses.

use manyhands_session as core;

/// How well it goes, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum HealthLevel {
    /// Nobody to send to yet.
    Ready,
    /// All that is made leaves in time.
    Good,
    /// Some of it doesn't.
    Fair,
    /// Much of it doesn't.
    Poor,
    /// Nothing arrives anywhere.
    Lost,
}

/// Why it is not good, or why the picture is less than chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum HealthCause {
    /// More is made than leaves in time.
    SlowUpload,
    /// Packets get lost on the way.
    Loss,
    /// Too few viewers can pass it on: some have nobody who gives them a part.
    ViewersMissing,
    /// The device is warm.
    Heat,
    /// Nobody confirms anything.
    NoAnswer,
    /// The device has no network.
    NoNetwork,
}

/// A level and, where it is not good, its cause. They change together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Health {
    /// How well it goes.
    pub level: HealthLevel,
    /// Why it is not good.
    pub cause: Option<HealthCause>,
}

/// A picture as a camera's encoder makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Picture {
    /// Samples from left to right, as they are sent.
    pub width: u16,
    /// Samples from top to bottom.
    pub height: u16,
    /// Pictures a second.
    pub frame_rate: u8,
    /// Bits a second.
    pub bitrate: u32,
}

/// What a camera's encoder should make from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct EncoderTarget {
    /// The picture. The camera's fills it, cut a little where the sides' ratio is another.
    pub picture: Picture,
    /// How many steps it is smaller than chosen.
    pub steps: u8,
    /// Too hot: the camera is to be off, the sound goes on.
    pub camera_off: bool,
    /// Why it is less than chosen.
    pub cause: Option<HealthCause>,
}

/// What viewers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OnAir {
    /// Picture and sound.
    Everything,
    /// The sound; the person has turned the camera off.
    CameraOff,
    /// The sound; the picture is paused and comes back by itself.
    PicturePaused,
    /// Neither: all is paused.
    Nothing,
}

impl From<core::Health> for Health {
    fn from(health: core::Health) -> Self {
        Self { level: health.level.into(), cause: health.cause.map(Into::into) }
    }
}

impl From<core::Level> for HealthLevel {
    fn from(level: core::Level) -> Self {
        match level {
            core::Level::Ready => Self::Ready,
            core::Level::Good => Self::Good,
            core::Level::Fair => Self::Fair,
            core::Level::Poor => Self::Poor,
            core::Level::Lost => Self::Lost,
        }
    }
}

impl From<core::Cause> for HealthCause {
    fn from(cause: core::Cause) -> Self {
        match cause {
            core::Cause::SlowUpload => Self::SlowUpload,
            core::Cause::Loss => Self::Loss,
            core::Cause::ViewersMissing => Self::ViewersMissing,
            core::Cause::Heat => Self::Heat,
            core::Cause::NoAnswer => Self::NoAnswer,
            core::Cause::NoNetwork => Self::NoNetwork,
        }
    }
}

impl From<core::Target> for EncoderTarget {
    fn from(target: core::Target) -> Self {
        let core::Target { picture, steps, camera_off, cause } = target;
        let core::Picture { width, height, frame_rate, bitrate } = picture;
        let picture = Picture { width, height, frame_rate, bitrate };
        Self { picture, steps, camera_off, cause: cause.map(Into::into) }
    }
}

impl From<Picture> for core::Picture {
    fn from(picture: Picture) -> Self {
        let Picture { width, height, frame_rate, bitrate } = picture;
        Self { width, height, frame_rate, bitrate }
    }
}

impl From<OnAir> for core::OnAir {
    fn from(on_air: OnAir) -> Self {
        match on_air {
            OnAir::Everything => Self::Everything,
            OnAir::CameraOff => Self::CameraOff,
            OnAir::PicturePaused => Self::PicturePaused,
            OnAir::Nothing => Self::Nothing,
        }
    }
}
