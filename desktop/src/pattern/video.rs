//! Scene to H.264: constrained baseline, no reordering, keyframes where the pattern wants them.
//!
//! Invariant: every call gives exactly one access unit, and the parameter sets announced at the
//! start hold for the whole stream.

use manyhands_media::{
    AccessUnit, Codec, FromAnnexB, H264Config, Rotation, TrackConfig, from_annexb,
};
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, Profile, RateControlMode, SpsPpsStrategy,
    VuiConfig,
};
use openh264::formats::{RgbaSliceU8, YUVBuffer};
use openh264::{OpenH264API, Timestamp};

use super::scene::Scene;
use super::{PatternConfig, PatternError};

/// Ticks a second: the usual clock of video (RFC 6184), a multiple of all common frame rates.
const TIMESCALE: u32 = 90_000;
/// How often the encoder is asked for one frame. It skips a frame to keep its rate, and each skip
/// gives its budget one frame's worth of bits; asked again, it then codes the same picture.
/// Measured: at the default settings never, at a tenth of a fitting rate one skip in a row.
const MAX_TRIES: u32 = 16;

/// Draws and encodes.
pub(super) struct Encoder {
    settings: PatternConfig,
    config: TrackConfig,
    scene: Scene,
    planes: YUVBuffer,
    codec: openh264::encoder::Encoder,
    last: Option<u32>,
}

impl Encoder {
    /// The settings must have been checked.
    pub(super) fn new(settings: PatternConfig) -> Result<Self, PatternError> {
        let scene = Scene::new(settings.width, settings.height, settings.fps)
            .ok_or(PatternError::Config("a picture that fits into memory"))?;
        let h264 = parameter_sets(settings)?;
        Ok(Self {
            settings,
            config: TrackConfig { timescale: TIMESCALE, codec: Codec::H264(h264) },
            scene,
            planes: YUVBuffer::new(settings.width as usize, settings.height as usize),
            codec: open(settings)?,
            last: None,
        })
    }

    pub(super) fn config(&self) -> &TrackConfig {
        &self.config
    }

    pub(super) fn picture(&mut self, n: u32, clock: &str) -> &[u8] {
        self.scene.draw(n, clock)
    }

    pub(super) fn frame(&mut self, n: u32, clock: &str) -> Result<AccessUnit, PatternError> {
        let PatternConfig { width, height, .. } = self.settings;
        let pixels = self.scene.draw(n, clock);
        self.planes.read_rgba8(RgbaSliceU8::new(pixels, (width as usize, height as usize)));
        if self.begins_group(n) {
            self.codec.force_intra_frame();
        }
        self.last = Some(n);
        let at = Timestamp::from_millis(u64::from(n) * 1000 / u64::from(self.settings.fps));
        for _ in 0..MAX_TRIES {
            let coded = self.codec.encode_at(&self.planes, at)?.to_vec();
            if !coded.is_empty() {
                return self.unit(n, from_annexb(&coded));
            }
        }
        Err(PatternError::Picture("no picture for a frame"))
    }

    /// The first frame begins a group without being asked to: forcing it would make the encoder
    /// count it as a second keyframe.
    fn begins_group(&self, n: u32) -> bool {
        let group = |n: u32| n / self.settings.gop_frames;
        self.last.is_some_and(|last| group(last) != group(n))
    }

    fn unit(&self, n: u32, coded: FromAnnexB) -> Result<AccessUnit, PatternError> {
        if let Codec::H264(known) = &self.config.codec
            && (!coded.sps.is_empty() && coded.sps != known.sps
                || !coded.pps.is_empty() && coded.pps != known.pps)
        {
            return Err(PatternError::Picture("other parameter sets in mid-stream"));
        }
        let ticks = |n: u64| n * u64::from(TIMESCALE) / u64::from(self.settings.fps);
        let (dts, next) = (ticks(u64::from(n)), ticks(u64::from(n) + 1));
        Ok(AccessUnit {
            dts: dts as i64,
            pts: dts as i64,
            duration: (next - dts) as u32,
            keyframe: coded.idr,
            data: coded.data,
        })
    }
}

/// Parameter sets depend on the settings only, so a first encoder that is thrown away tells them
/// before the first frame is due.
fn parameter_sets(settings: PatternConfig) -> Result<H264Config, PatternError> {
    let blank = YUVBuffer::new(settings.width as usize, settings.height as usize);
    let first = from_annexb(&open(settings)?.encode(&blank)?.to_vec());
    Ok(H264Config::new(first.sps, first.pps, Rotation::None)?)
}

fn open(settings: PatternConfig) -> Result<openh264::encoder::Encoder, PatternError> {
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .bitrate(BitRate::from_bps(settings.bitrate))
        .rate_control_mode(RateControlMode::Bitrate)
        .max_frame_rate(FrameRate::from_hz(settings.fps as f32))
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .complexity(Complexity::Low)
        .num_threads(1)
        // Without it the encoder can't hold the rate, and says so on standard error.
        .skip_frames(true)
        // The flash is no change of scene, and keyframes come by number alone.
        .scene_change_detect(false)
        // What `YUVBuffer::read_rgba8` converts to.
        .vui(VuiConfig::bt601());
    Ok(openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), config)?)
}
