//! What comes from the network passes here before any decoder or writer sees it.
//!
//! A broadcaster may be hostile, and decoders are native code, often in hardware and privileged.
//! So everything is parsed here first, in safe code, and held against bounds. Two modes: *exact*
//! verifies and keeps each unit byte for byte (for `--output`); *clean* also drops what no decoder
//! needs (SEI, delimiters, filler) and hands out parameter sets written anew from parsed fields.
//!
//! Invariant: after `Ok` each unit is well formed, refers only to parameter sets that were checked,
//! and is not decoded before the one before it; after `Err` the gate is as it was.

mod audio;
mod picture;
mod rate;
mod sets;

use thiserror::Error;

use crate::chunk::ChunkBody;
use crate::nal::NalError;
use crate::params::ParamError;
use crate::track::{Codec, TrackConfig};
use crate::{AccessUnit, MAX_UNIT_BYTES};
use rate::Rate;
use sets::Sets;

/// Largest distance of presentation from decoding, in seconds: 16 reordered frames at one every
/// two seconds.
const MAX_REORDER_S: i64 = 32;
/// Longest unit, in seconds: a slide that stands for an hour.
const MAX_DURATION_S: i64 = 3600;

/// Why a chunk is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GateError {
    /// Units before any configuration.
    #[error("units before a configuration")]
    NoConfig,
    /// The first unit, or the first under a new configuration, is no keyframe.
    #[error("a configuration or a start without a keyframe")]
    NotAtKeyframe,
    /// Codec or timescale differ from before.
    #[error("the track's codec or timescale changed")]
    Changed,
    /// A parameter set.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// A configuration outside of what is carried.
    #[error("a configuration with {0}")]
    Config(String),
    /// NAL units out of shape.
    #[error(transparent)]
    Nal(#[from] NalError),
    /// A picture that is not as its parameter sets say.
    #[error("a picture with {0}")]
    Picture(String),
    /// A sound frame out of shape.
    #[error("a sound frame with {0}")]
    Sound(&'static str),
    /// A time.
    #[error("a unit with {0}")]
    Time(&'static str),
    /// Too many units a second.
    #[error("more than 120 units a second")]
    Rate,
    /// A unit too large.
    #[error("a unit of {0} bytes, at most 4 MiB is accepted")]
    Size(usize),
}

/// Checks one track of one run, chunk by chunk in order (missing chunks are no error).
#[derive(Debug)]
pub struct Gate {
    clean: bool,
    state: State,
}

/// What was learned from chunks so far.
#[derive(Clone, Debug, Default)]
struct State {
    config: Option<TrackConfig>,
    sets: Option<Sets>,
    last_dts: Option<i64>,
    rate: Rate,
}

impl Gate {
    /// Verifies, and keeps units byte for byte.
    pub fn exact() -> Self {
        Self { clean: false, state: State::default() }
    }

    /// Verifies, drops SEI, delimiters and filler, and rewrites parameter sets.
    pub fn clean() -> Self {
        Self { clean: true, state: State::default() }
    }

    /// The configuration in force, as the last accepted chunk left it.
    pub fn config(&self) -> Option<&TrackConfig> {
        self.state.config.as_ref()
    }

    /// Checks a chunk. Gives it back as it may be used; in clean mode with rewritten parts.
    pub fn check(&mut self, body: ChunkBody) -> Result<ChunkBody, GateError> {
        let mut next = self.state.clone();
        let starts = body.units.first().is_none_or(|unit| unit.keyframe);
        let mut config = None;
        if let Some(offered) = body.config {
            if body.units.is_empty() || (!starts && next.config.as_ref() != Some(&offered)) {
                return Err(GateError::NotAtKeyframe);
            }
            config = Some(next.configure(offered, self.clean)?);
        }
        let mut units = Vec::with_capacity(body.units.len());
        for (at, unit) in body.units.into_iter().enumerate() {
            let (unit, changed) = next.unit(unit, self.clean)?;
            match changed {
                Some(_) if at > 0 && self.clean => return Err(GateError::NotAtKeyframe),
                Some(changed) if self.clean => config = Some(changed),
                _ => {}
            }
            units.push(unit);
        }
        self.state = next;
        Ok(ChunkBody { config, units })
    }
}

impl State {
    /// Takes a configuration over and gives it back as it may be used.
    fn configure(&mut self, offered: TrackConfig, clean: bool) -> Result<TrackConfig, GateError> {
        if let Some(before) = &self.config
            && (before.timescale != offered.timescale
                || std::mem::discriminant(&before.codec) != std::mem::discriminant(&offered.codec))
        {
            return Err(GateError::Changed);
        }
        if offered.timescale == 0 {
            return Err(GateError::Config("a timescale of 0".into()));
        }
        let codec = match offered.codec {
            Codec::H264(h264) => {
                let sets = Sets::parse(&h264)?;
                let out = if clean { sets.rewritten(h264.rotation)? } else { h264 };
                self.sets = Some(sets);
                Codec::H264(out)
            }
            sound => {
                audio::check_config(&sound)?;
                sound
            }
        };
        let config = TrackConfig { timescale: offered.timescale, codec };
        self.config = Some(config.clone());
        Ok(config)
    }

    /// Checks a unit; gives the configuration when sets inside of it changed it.
    fn unit(
        &mut self,
        unit: AccessUnit,
        clean: bool,
    ) -> Result<(AccessUnit, Option<TrackConfig>), GateError> {
        let config = self.config.as_ref().ok_or(GateError::NoConfig)?;
        if unit.data.len() > MAX_UNIT_BYTES {
            return Err(GateError::Size(unit.data.len()));
        }
        check_times(&unit, config.timescale, self.last_dts)?;
        self.rate.admit(unit.dts, config.timescale)?;
        if self.last_dts.is_none() && !unit.keyframe {
            return Err(GateError::NotAtKeyframe);
        }
        self.last_dts = Some(unit.dts);
        let (Codec::H264(h264), Some(sets)) = (&config.codec, &mut self.sets) else {
            audio::check_unit(&config.codec, &unit)?;
            return Ok((unit, None));
        };
        let changed = sets.absorb(&unit)?;
        picture::check(&unit, sets)?;
        let mut told = None;
        if changed {
            let codec = Codec::H264(match clean {
                true => sets.rewritten(h264.rotation)?,
                false => sets.verbatim(h264.rotation),
            });
            let config = TrackConfig { timescale: config.timescale, codec };
            self.config = Some(config.clone());
            told = Some(config);
        }
        let unit = if clean { picture::cleaned(unit) } else { unit };
        Ok((unit, told))
    }
}

fn check_times(unit: &AccessUnit, timescale: u32, last: Option<i64>) -> Result<(), GateError> {
    let timescale = i64::from(timescale);
    // Equal ones are no harm; ffmpeg's muxer writes them in single-frame fragments.
    if last.is_some_and(|last| unit.dts < last) {
        return Err(GateError::Time("a decode time before the last one"));
    }
    let offset = unit.pts.checked_sub(unit.dts).map(i64::unsigned_abs);
    if offset.is_none_or(|offset| offset > (MAX_REORDER_S * timescale).unsigned_abs()) {
        return Err(GateError::Time("a presentation far from its decode time"));
    }
    if i64::from(unit.duration) > MAX_DURATION_S * timescale {
        return Err(GateError::Time("a duration of over an hour"));
    }
    Ok(())
}
