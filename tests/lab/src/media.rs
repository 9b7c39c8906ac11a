//! The films that scenarios broadcast, made and read back with ffmpeg.
//!
//! No two packets of a film are alike (the sound is noise, not a tone), so that a packet's hash
//! tells its place.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::LabError;
use crate::tool;

/// Audio's share of a film's rate, in bits a second.
const AUDIO_BPS: u64 = 96_000;

/// A packet of a film as ffprobe sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// Its bytes.
    pub size: u64,
    /// MD5 of its bytes.
    pub hash: String,
    /// Presentation time in seconds.
    pub pts: f64,
    /// Decoding time in seconds.
    pub dts: f64,
    /// A keyframe.
    pub key: bool,
}

/// One track's packets in decoding order.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// `video` or `audio`.
    pub kind: String,
    /// Length of a tick of its timescale, in seconds.
    pub tick: f64,
    /// In decoding order.
    pub packets: Vec<Packet>,
}

/// A moving test picture with noise: 720p, 30 frames a second, a keyframe each `gop` frames, H.264 at
/// `bps` less AAC at 96 kbit/s.
pub fn make(path: &Path, seconds: u64, bps: u64, gop: u32) -> Result<(), LabError> {
    let gop = gop.to_string();
    let video = bps.saturating_sub(AUDIO_BPS).to_string();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-y"]);
    ffmpeg.args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"]);
    ffmpeg.args([
        "-f",
        "lavfi",
        "-i",
        "anoisesrc=color=pink:amplitude=0.1:sample_rate=48000:seed=7",
    ]);
    ffmpeg.args(["-t", &seconds.to_string(), "-c:v", "libx264", "-preset", "veryfast"]);
    ffmpeg.args(["-pix_fmt", "yuv420p", "-g", &gop, "-keyint_min", &gop, "-sc_threshold", "0"]);
    ffmpeg.args(["-b:v", &video, "-maxrate", &video, "-bufsize", &video]);
    ffmpeg.args(["-c:a", "aac", "-b:a", &AUDIO_BPS.to_string(), "-ac", "2"]);
    tool::run(with_path(ffmpeg, path), "").map(drop)
}

/// All tracks of a film.
///
/// # Errors
/// [`LabError::Tool`] when ffprobe can't read it.
pub fn tracks(path: &Path) -> Result<Vec<Track>, LabError> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-loglevel", "error", "-of", "json", "-show_data_hash", "md5"]);
    let entries = "stream=index,codec_type,time_base:\
                   packet=stream_index,pts_time,dts_time,size,flags,data_hash";
    ffprobe.args(["-show_entries", entries]);
    let json = tool::run(with_path(ffprobe, path), "")?;
    let probed: Probed = serde_json::from_str(&json)
        .map_err(|error| LabError::Program(format!("ffprobe's JSON of {path:?}: {error}")))?;
    Ok(probed.streams.iter().map(|stream| stream.track(&probed.packets)).collect())
}

/// The mean rate of a film's packets, in bits a second.
pub fn rate(tracks: &[Track]) -> f64 {
    let bytes: u64 = tracks.iter().flat_map(|track| &track.packets).map(|packet| packet.size).sum();
    bytes as f64 * 8.0 / tracks.iter().map(Track::seconds).fold(1e-9, f64::max)
}

impl Track {
    /// From its first packet to the end of its last.
    pub fn seconds(&self) -> f64 {
        let (first, last) = (self.packets.first(), self.packets.last());
        let span = last.map_or(0.0, |p| p.dts) - first.map_or(0.0, |p| p.dts);
        let count = self.packets.len().max(2) as f64;
        span * count / (count - 1.0)
    }
}

#[derive(Deserialize)]
struct Probed {
    packets: Vec<ProbedPacket>,
    streams: Vec<ProbedStream>,
}

#[derive(Deserialize)]
struct ProbedPacket {
    stream_index: u64,
    #[serde(default)]
    pts_time: String,
    #[serde(default)]
    dts_time: String,
    size: String,
    flags: String,
    data_hash: String,
}

#[derive(Deserialize)]
struct ProbedStream {
    index: u64,
    codec_type: String,
    time_base: String,
}

impl ProbedStream {
    fn track(&self, packets: &[ProbedPacket]) -> Track {
        let packets = packets.iter().filter(|packet| packet.stream_index == self.index);
        let tick = self.time_base.split_once('/').and_then(|(n, d)| {
            Some(n.parse::<f64>().ok()? / d.parse::<f64>().ok().filter(|d| *d > 0.0)?)
        });
        Track {
            kind: self.codec_type.clone(),
            tick: tick.unwrap_or(f64::NAN),
            packets: packets.map(ProbedPacket::packet).collect(),
        }
    }
}

impl ProbedPacket {
    fn packet(&self) -> Packet {
        Packet {
            size: self.size.parse().unwrap_or(0),
            hash: self.data_hash.clone(),
            pts: self.pts_time.parse().unwrap_or(f64::NAN),
            dts: self.dts_time.parse().unwrap_or(f64::NAN),
            key: self.flags.starts_with('K'),
        }
    }
}

/// `file:` keeps ffmpeg from reading a path as an option or a protocol.
fn with_path(mut command: Command, path: &Path) -> Command {
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(PathBuf::from(path));
    command.arg(argument);
    command
}
