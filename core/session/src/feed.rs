//! The entrance for a camera's encoders: a call looks at the unit, copies it once and never waits.
//!
//! Invariant: what goes on hangs together. After a picture that had to be dropped no other one goes
//! until the next keyframe, and decode times only grow.

use std::time::Instant;

use bytes::Bytes;
use manyhands_media::{
    AccessUnit, Codec, H264Config, MAX_UNIT_BYTES, Nal, Rotation, TrackConfig, TrackKind,
    from_annexb, nals,
};
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;

use crate::{Broadcast, OnAir};

/// Finest timescale: microseconds times ten, as the bound on times reckons with.
const MAX_TIMESCALE: u32 = 10_000_000;
/// Largest magnitude of a time in ticks that travels (docs/media-format.md).
const MAX_TIME: u64 = 1 << 53;

/// How the NAL units of a picture are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// By start codes, as MediaCodec gives and takes them (ITU-T H.264 annex B).
    StartCodes,
    /// Each behind its length in four bytes, as VideoToolbox gives and takes them.
    Lengths,
}

/// The picture's encoder.
#[derive(Debug, Clone, Copy)]
pub struct VideoInput {
    /// Ticks a second of its times, 1 to 10,000,000.
    pub timescale: u32,
    /// What it sends, bits a second.
    pub bitrate: u32,
    /// How the picture is to be turned before it is shown.
    pub rotation: Rotation,
    /// How its units come.
    pub framing: Framing,
}

/// The sound's encoder.
#[derive(Debug, Clone)]
pub struct AudioInput {
    /// Timescale (1 to 10,000,000) and codec.
    pub config: TrackConfig,
    /// What it sends, bits a second.
    pub bitrate: u32,
}

/// The encoders of a broadcast: its tracks, the picture first.
#[derive(Debug, Clone)]
pub struct Encoders {
    video: Option<VideoInput>,
    audio: Option<AudioInput>,
}

/// When a unit is decoded and shown, in ticks of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Decode time; grows from unit to unit.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    /// How long it is shown.
    pub duration: u32,
}

/// Why a unit, or a set of encoders, was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The encoders can't be broadcast.
    #[error("{0}")]
    Encoders(&'static str),
    /// There is no such track.
    #[error("this broadcast has no {0}")]
    NoTrack(&'static str),
    /// Not what an encoder gives.
    #[error("the encoder gave {0}")]
    Malformed(String),
    /// A picture came before what describes it.
    #[error("a picture came before its parameter sets")]
    NoParameterSets,
    /// Its decode time does not lie behind the last one's.
    #[error("a unit of {dts} ticks came after one of {last}")]
    Backwards {
        /// Its decode time.
        dts: i64,
        /// That of the unit before it.
        last: i64,
    },
    /// It was dropped; a picture's encoder should make a keyframe now.
    #[error("the unit was dropped: more comes than can be sent")]
    Dropped,
    /// Nothing is taken any more.
    #[error("the broadcast has ended")]
    Ended,
}

impl Encoders {
    /// Checks that these can be broadcast: one of them at least, of known kinds.
    pub fn new(video: Option<VideoInput>, audio: Option<AudioInput>) -> Result<Self, FeedError> {
        let scales = [
            video.as_ref().map(|video| video.timescale),
            audio.as_ref().map(|audio| audio.config.timescale),
        ];
        if scales == [None, None] {
            return Err(FeedError::Encoders("neither picture nor sound is to be broadcast"));
        }
        if scales.iter().flatten().any(|scale| !(1..=MAX_TIMESCALE).contains(scale)) {
            return Err(FeedError::Encoders("a timescale has to lie between 1 and 10,000,000"));
        }
        match audio.as_ref().map(|audio| &audio.config.codec) {
            Some(Codec::H264(_)) => return Err(FeedError::Encoders("the sound is a picture")),
            Some(Codec::Aac(aac)) if aac.rate_index().is_none() => {
                return Err(FeedError::Encoders("AAC of a sample rate that is not carried"));
            }
            _ => {}
        }
        let channels = audio.as_ref().and_then(|audio| audio.config.codec.channels());
        if channels.is_some_and(|channels| !(1..=2).contains(&channels)) {
            return Err(FeedError::Encoders("sound has one channel or two"));
        }
        Ok(Self { video, audio })
    }

    /// The tracks, as [`crate::BroadcastConfig`] wants them.
    #[must_use]
    pub fn tracks(&self) -> Vec<(TrackConfig, u32)> {
        // The picture's sets are known with its first unit, and travel with each keyframe.
        let video = self.video.map(|video| {
            let (sps, pps, rotation) = (Vec::new(), Vec::new(), video.rotation);
            let codec = Codec::H264(H264Config { sps, pps, width: 0, height: 0, rotation });
            (TrackConfig { timescale: video.timescale, codec }, video.bitrate)
        });
        let audio = self.audio.clone().map(|audio| (audio.config, audio.bitrate));
        video.into_iter().chain(audio).collect()
    }

    /// The entrance to a broadcast that was started with these tracks.
    #[must_use]
    pub fn feed(self, broadcast: Broadcast) -> Feed {
        let sound = Track { index: usize::from(self.video.is_some()), ..Track::default() };
        let audio = self.audio.map(|input| Track { news: Some(input.config), ..sound });
        let video = self.video.map(|input| Picture {
            input,
            sps: Vec::new(),
            pps: Vec::new(),
            skipping: true,
            track: Track::default(),
        });
        let (video, audio) = (video.map(Mutex::new), audio.map(Mutex::new));
        Feed { broadcast, video, audio, on_air: tokio::sync::Mutex::default() }
    }
}

/// Takes what encoders give. Calls come from any thread.
#[derive(Debug)]
pub struct Feed {
    broadcast: Broadcast,
    video: Option<Mutex<Picture>>,
    audio: Option<Mutex<Track>>,
    /// Changes of it go one after the other.
    on_air: tokio::sync::Mutex<OnAir>,
}

/// What both kinds of track have.
#[derive(Debug, Default)]
struct Track {
    index: usize,
    last_dts: Option<i64>,
    /// A configuration that viewers don't have yet.
    news: Option<TrackConfig>,
    /// Not to be sent now.
    off: bool,
}

#[derive(Debug)]
struct Picture {
    input: VideoInput,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    /// Waits for a keyframe.
    skipping: bool,
    track: Track,
}

/// A picture taken apart: NAL units behind lengths, and the sets that stood among them.
struct Parts {
    data: Bytes,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    idr: bool,
}

impl Feed {
    /// Takes a coded picture, captured now. Parameter sets may stand in front of it, or come alone
    /// (as MediaCodec's codec configuration does): those are remembered.
    pub fn push_video(&self, data: &[u8], times: Times) -> Result<(), FeedError> {
        let picture = self.video.as_ref().ok_or(FeedError::NoTrack("picture"))?;
        check(data, times)?;
        let mut picture = picture.lock();
        let parts = take_apart(data, picture.input.framing)?;
        picture.learn(parts.sps, parts.pps)?;
        if parts.data.is_empty() {
            return Ok(());
        }
        if picture.sps.is_empty() || picture.pps.is_empty() {
            return Err(FeedError::NoParameterSets);
        }
        if picture.track.off {
            picture.skipping = true;
            return Ok(());
        }
        picture.skipping &= !parts.idr;
        if picture.skipping {
            return Err(FeedError::Dropped);
        }
        let sent = picture.track.send(&self.broadcast, unit(parts.data, times, parts.idr));
        picture.skipping = matches!(sent, Err(FeedError::Dropped));
        sent
    }

    /// Takes the picture's parameter sets where the encoder keeps them apart from its units, as
    /// VideoToolbox does: whole NAL units without start code or length.
    pub fn set_parameter_sets(&self, sets: &[Vec<u8>]) -> Result<(), FeedError> {
        let picture = self.video.as_ref().ok_or(FeedError::NoTrack("picture"))?;
        let of = |kind| {
            let found = sets.iter().filter(move |set| Nal(set).kind() == kind);
            found.map(|set| Bytes::copy_from_slice(set)).collect::<Vec<_>>()
        };
        picture.lock().learn(of(Nal::SPS), of(Nal::PPS))
    }

    /// Takes an audio frame, captured now.
    pub fn push_audio(&self, data: &[u8], times: Times) -> Result<(), FeedError> {
        let sound = self.audio.as_ref().ok_or(FeedError::NoTrack("sound"))?;
        check(data, times)?;
        let mut sound = sound.lock();
        if sound.off {
            return Ok(());
        }
        sound.send(&self.broadcast, unit(Bytes::copy_from_slice(data), times, true))
    }

    /// Changes what viewers get. What is pushed meanwhile although it is not to be sent is taken
    /// and goes no further; a picture comes back with a keyframe.
    pub async fn set_on_air(&self, on_air: OnAir) {
        let mut current = self.on_air.lock().await;
        let before = std::mem::replace(&mut *current, on_air);
        // What goes off goes off here first, and what comes back comes back here last.
        self.switch(
            before.has_picture() && on_air.has_picture(),
            before.has_sound() && on_air.has_sound(),
        );
        self.broadcast.set_on_air(on_air).await;
        self.switch(on_air.has_picture(), on_air.has_sound());
    }

    fn switch(&self, picture_on: bool, sound_on: bool) {
        if let Some(picture) = &self.video {
            picture.lock().track.off = !picture_on;
        }
        if let Some(sound) = &self.audio {
            sound.lock().off = !sound_on;
        }
    }
}

impl Picture {
    /// New parameter sets take the place of the old ones of their kind.
    fn learn(&mut self, sps: Vec<Bytes>, pps: Vec<Bytes>) -> Result<(), FeedError> {
        let changed = (!sps.is_empty() && sps != self.sps) || (!pps.is_empty() && pps != self.pps);
        if !changed {
            return Ok(());
        }
        let sps = if sps.is_empty() { self.sps.clone() } else { sps };
        let pps = if pps.is_empty() { self.pps.clone() } else { pps };
        if !sps.is_empty() && !pps.is_empty() {
            let config = H264Config::new(sps.clone(), pps.clone(), self.input.rotation)
                .map_err(|error| FeedError::Malformed(error.to_string()))?;
            let codec = Codec::H264(config);
            self.track.news = Some(TrackConfig { timescale: self.input.timescale, codec });
            // They hold from a keyframe on.
            self.skipping = true;
        }
        (self.sps, self.pps) = (sps, pps);
        Ok(())
    }
}

impl Track {
    fn send(&mut self, broadcast: &Broadcast, unit: AccessUnit) -> Result<(), FeedError> {
        let dts = unit.dts;
        if let Some(last) = self.last_dts.filter(|last| dts <= *last) {
            return Err(FeedError::Backwards { dts, last });
        }
        match broadcast.try_push(self.index, unit, self.news.clone(), Instant::now()) {
            Ok(()) => {
                self.news = None;
                self.last_dts = Some(dts);
                Ok(())
            }
            Err(TrySendError::Full(())) => Err(FeedError::Dropped),
            Err(TrySendError::Closed(())) => Err(FeedError::Ended),
        }
    }
}

fn unit(data: Bytes, times: Times, keyframe: bool) -> AccessUnit {
    let Times { dts, pts, duration } = times;
    AccessUnit { dts, pts, duration, keyframe, data }
}

fn check(data: &[u8], times: Times) -> Result<(), FeedError> {
    let malformed = |what: String| Err(FeedError::Malformed(what));
    match data.len() {
        0 => return malformed("an empty unit".into()),
        size if size > MAX_UNIT_BYTES => return malformed(format!("a unit of {size} bytes")),
        _ => {}
    }
    if [times.dts, times.pts].iter().any(|time| time.unsigned_abs() > MAX_TIME) {
        return malformed("a time out of range".into());
    }
    Ok(())
}

fn take_apart(data: &[u8], framing: Framing) -> Result<Parts, FeedError> {
    if framing == Framing::StartCodes {
        let found = from_annexb(data);
        return match found.data.is_empty() && found.sps.is_empty() && found.pps.is_empty() {
            true => Err(FeedError::Malformed("a picture without a start code".into())),
            false => Ok(Parts { data: found.data, sps: found.sps, pps: found.pps, idr: found.idr }),
        };
    }
    let mut parts = Parts { data: Bytes::new(), sps: Vec::new(), pps: Vec::new(), idr: false };
    let mut kept = Vec::with_capacity(data.len());
    for nal in nals(data) {
        let nal = nal.map_err(|error| FeedError::Malformed(error.to_string()))?;
        match nal.kind() {
            Nal::SPS => parts.sps.push(Bytes::copy_from_slice(nal.0)),
            Nal::PPS => parts.pps.push(Bytes::copy_from_slice(nal.0)),
            Nal::AUD | Nal::FILLER => {}
            kind => {
                parts.idr |= kind == Nal::IDR;
                // Bounded by the unit's size, which was checked.
                kept.extend_from_slice(&(nal.0.len() as u32).to_be_bytes());
                kept.extend_from_slice(nal.0);
            }
        }
    }
    parts.data = kept.into();
    Ok(parts)
}

/// A unit's bytes as a shell's decoder wants them. Only pictures have a framing.
#[must_use]
pub fn framed(kind: TrackKind, data: &[u8], framing: Framing) -> Vec<u8> {
    let mut framed = data.to_vec();
    if kind == TrackKind::Video && framing == Framing::StartCodes {
        let mut at = 0;
        // A start code is as long as a length.
        for nal in nals(data).flatten() {
            if let Some(length) = framed.get_mut(at..at + 4) {
                length.copy_from_slice(&[0, 0, 0, 1]);
            }
            at += 4 + nal.0.len();
        }
    }
    framed
}

#[cfg(test)]
#[path = "feed/tests.rs"]
mod tests;
