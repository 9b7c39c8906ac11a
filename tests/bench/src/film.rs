//! The films that benches broadcast, made with ffmpeg and gstreamer.
//!
//! No two packets of a film are alike (the picture counts, the sound is noise), so that a packet's
//! bytes tell its place.

use std::path::{Path, PathBuf};

use manyhands_lab::LabError;

use crate::packets::{self, Track};
use crate::stage::Stage;
use crate::tools;

/// A film to broadcast and what it is made of.
#[derive(Debug)]
pub(crate) struct Film {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its tracks.
    pub(crate) tracks: Vec<Track>,
    /// Mean bits a second of its packets.
    pub(crate) rate: f64,
}

/// A kind of film that has to come through unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// High profile with B-frames, 30 a second, AAC stereo, plain MP4
    High30,
    /// Baseline, 24 a second, AAC mono, fragmented
    Baseline24Mono,
    /// High profile, 60 a second, several slices, Opus
    High60Opus,
    /// Variable frame rate, fragmented, AAC
    Vfr,
    /// Baseline, variable frame rate, Opus mono, plain
    BaselineVfrOpus,
    /// Picture without sound, CMAF
    VideoOnly,
    /// Sound without picture
    AudioOnly,
    /// Opus without picture, fragmented
    OpusOnly,
    /// 1280x720, then 960x540, then 1280x720, in one stream
    Sizes,
    /// gstreamer with x264 and voaacenc
    GstX264,
    /// gstreamer with openh264, fragmented, Opus
    GstOpenh264,
}

const PICTURE: &str = "-f lavfi -i testsrc2=size=640x360:rate=";
const SOUND: &str = "-f lavfi -i anoisesrc=color=pink:amplitude=0.1:sample_rate=48000:seed=7";
const HIGH: &str = "-c:v libx264 -preset veryfast -profile:v high -bf 3 -pix_fmt yuv420p \
                    -b:v 900k -maxrate 900k -bufsize 900k";
const BASELINE: &str = "-c:v libx264 -preset veryfast -profile:v baseline -pix_fmt yuv420p \
                        -b:v 700k -maxrate 700k -bufsize 700k";
const VARIABLE: &str = "-vf select='not(mod(n\\,7))+not(mod(n\\,3))' -fps_mode vfr";
const FRAGMENTED: &str = "-movflags frag_keyframe+empty_moov+default_base_moof";

impl Kind {
    /// Makes it.
    pub(crate) fn make(self, stage: &Stage, name: &str, seconds: u64) -> Result<Film, LabError> {
        let path = stage.file(&format!("{name}.mp4"));
        match self {
            Self::Sizes => make_sizes(stage, &path, seconds)?,
            Self::GstX264 => gstreamer(
                &path,
                seconds,
                "x264enc bitrate=800 key-int-max=30 bframes=2 speed-preset=veryfast ! h264parse",
                "voaacenc bitrate=96000 ! aacparse",
                "mp4mux",
            )?,
            Self::GstOpenh264 => gstreamer(
                &path,
                seconds,
                "openh264enc bitrate=800000 gop-size=30 ! h264parse",
                "opusenc",
                "mp4mux fragment-duration=500",
            )?,
            _ => {
                let args = format!("-nostdin -v error -y {} -t {seconds} {{0}}", self.args());
                tools::run("ffmpeg", &args, &[&path]).map(drop)?;
            }
        }
        Film::read(&path)
    }

    fn args(self) -> String {
        match self {
            Self::Baseline24Mono => {
                format!("{PICTURE}24 {SOUND} {BASELINE} -g 24 -c:a aac -b:a 64k -ac 1 {FRAGMENTED}")
            }
            Self::High60Opus => format!(
                "{PICTURE}60 {SOUND} {HIGH} -g 60 -x264-params slices=4 -c:a libopus -b:a 96k -ac 2"
            ),
            Self::Vfr => {
                format!("{PICTURE}30 {SOUND} {VARIABLE} {HIGH} -g 15 -c:a aac -ac 2 {FRAGMENTED}")
            }
            Self::BaselineVfrOpus => {
                format!("{PICTURE}30 {SOUND} {VARIABLE} {BASELINE} -g 15 -c:a libopus -ac 1")
            }
            Self::VideoOnly => {
                format!("{PICTURE}30 {HIGH} -g 30 -an -movflags cmaf+frag_keyframe")
            }
            Self::AudioOnly => format!("{SOUND} -c:a aac -b:a 128k -ac 2"),
            Self::OpusOnly => format!("{SOUND} -c:a libopus -b:a 96k -ac 2 {FRAGMENTED}"),
            _ => format!("{PICTURE}30 {SOUND} {HIGH} -g 30 -c:a aac -b:a 96k -ac 2"),
        }
    }
}

impl Film {
    /// A film that is there already.
    pub(crate) fn read(path: &Path) -> Result<Self, LabError> {
        let tracks = packets::tracks(path)?;
        let rate = packets::rate(&tracks);
        Ok(Self { path: path.into(), tracks, rate })
    }

    /// 720p, 30 frames a second, H.264 without B-frames and AAC, at `bps` bits a second together,
    /// with a keyframe each `gop` seconds.
    pub(crate) fn steady(
        stage: &Stage,
        name: &str,
        (seconds, gop): (u64, u64),
        bps: u64,
    ) -> Result<Self, LabError> {
        const AUDIO_BPS: u64 = 96_000;
        let path = stage.file(&format!("{name}.mp4"));
        let (video, frames) = (bps.saturating_sub(AUDIO_BPS), gop * 30);
        let args = format!(
            "-nostdin -v error -y -f lavfi -i testsrc2=size=1280x720:rate=30 {SOUND} -t {seconds} \
             -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g {frames} \
             -keyint_min {frames} -sc_threshold 0 -x264-params nal-hrd=cbr:scenecut=0 \
             -b:v {video} -minrate {video} -maxrate {video} -bufsize {video} \
             -c:a aac -b:a {AUDIO_BPS} -ac 2 {{0}}"
        );
        tools::run("ffmpeg", &args, &[&path])?;
        Self::read(&path)
    }
}

/// One stream whose size changes twice, each time at a keyframe, with the parameter sets in it.
fn make_sizes(stage: &Stage, path: &Path, seconds: u64) -> Result<(), LabError> {
    let mut list = String::new();
    let third = seconds.div_ceil(3);
    for (number, size) in ["1280x720", "960x540", "1280x720"].iter().enumerate() {
        let part = path.with_extension(format!("{number}.mp4"));
        // Another seed each time: the sound of one part would be that of the others.
        let sound = SOUND.replace("seed=7", &format!("seed={number}"));
        let first = number * 1000;
        let args = format!(
            "-nostdin -v error -y -f lavfi -i testsrc2=size={size}:rate=30:duration={} {sound} \
             -ss {first}ms -t {third} {HIGH} -g 30 -c:a aac -b:a 96k -ac 2 {{0}}",
            third + 3
        );
        tools::run("ffmpeg", &args, &[&part])?;
        list += &format!("file '{}'\n", part.display());
    }
    let parts = stage.file("parts.txt");
    std::fs::write(&parts, list).map_err(LabError::io("write a list of films"))?;
    let args = "-nostdin -v error -y -f concat -safe 0 -i {0} -c copy {1}";
    tools::run("ffmpeg", args, &[&parts, path]).map(drop)
}

fn gstreamer(
    path: &Path,
    seconds: u64,
    video: &str,
    audio: &str,
    muxer: &str,
) -> Result<(), LabError> {
    let pictures = seconds * 30;
    // 1024 samples each.
    let sounds = seconds * 48_000 / 1024;
    let args = format!(
        "-q videotestsrc num-buffers={pictures} pattern=ball ! timeoverlay ! \
         video/x-raw,width=640,height=360,framerate=30/1,format=I420 ! {video} ! queue ! m. \
         audiotestsrc num-buffers={sounds} samplesperbuffer=1024 wave=pink-noise volume=0.2 ! \
         audio/x-raw,rate=48000,channels=2 ! audioconvert ! {audio} ! queue ! m. \
         {muxer} name=m ! filesink location={{0}}"
    );
    tools::run("gst-launch-1.0", &args, &[path]).map(drop)
}
