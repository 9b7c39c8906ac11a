//! A film as a sequence of NAL units and audio frames with their times, by a reader that is not
//! ours: ffprobe says where each packet lies, and its bytes are taken from there.

use std::fs;
use std::path::Path;

use manyhands_lab::LabError;
use serde::Deserialize;

use crate::tools;

/// One track's packets in decoding order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    /// `video` or `audio`.
    pub(crate) kind: String,
    /// Length of a tick of its timescale, in seconds.
    pub(crate) tick: f64,
    /// In decoding order.
    pub(crate) packets: Vec<Packet>,
}

/// A picture or an audio frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packet {
    /// Decoding time in seconds.
    pub(crate) dts: f64,
    /// Presentation time in seconds.
    pub(crate) pts: f64,
    /// A keyframe.
    pub(crate) key: bool,
    /// Its NAL units without their lengths, or the one audio frame.
    pub(crate) parts: Vec<Vec<u8>>,
}

/// A NAL unit's length that points past its packet's end, or a length of 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLength;

impl Track {
    /// From its first packet to the end of its last.
    pub(crate) fn seconds(&self) -> f64 {
        let (first, last) = (self.packets.first(), self.packets.last());
        let span = last.map_or(0.0, |p| p.dts) - first.map_or(0.0, |p| p.dts);
        let count = self.packets.len().max(2) as f64;
        span * count / (count - 1.0)
    }

    /// Bytes of all its packets' parts.
    pub(crate) fn bytes(&self) -> usize {
        self.packets.iter().flat_map(|packet| &packet.parts).map(Vec::len).sum()
    }
}

/// The mean rate of a film, in bits a second.
pub(crate) fn rate(tracks: &[Track]) -> f64 {
    let bytes: usize = tracks.iter().map(Track::bytes).sum();
    bytes as f64 * 8.0 / tracks.iter().map(Track::seconds).fold(1e-9, f64::max)
}

/// All tracks of a film.
///
/// # Errors
/// [`LabError::Tool`] when ffprobe can't read it, [`LabError::Program`] when it is not what ffprobe
/// says.
pub(crate) fn tracks(path: &Path) -> Result<Vec<Track>, LabError> {
    let entries = "stream=index,codec_type,time_base,nal_length_size:\
                   packet=stream_index,pts,dts,pos,size,flags";
    let args = format!("-v error -of json -show_entries {entries} {{0}}");
    let json = tools::run("ffprobe", &args, &[path])?;
    let bad = |what: &str| LabError::Program(format!("{}: {what}", path.display()));
    let probed: Probed = serde_json::from_str(&json).map_err(|error| bad(&error.to_string()))?;
    let bytes = fs::read(path).map_err(LabError::io(format!("read {}", path.display())))?;
    let track = |stream| probed.track(stream, &bytes);
    probed
        .streams
        .iter()
        .map(|stream| track(stream).ok_or_else(|| bad("a packet is not where ffprobe says")))
        .collect()
}

/// The NAL units of a packet whose lengths have `size` bytes each.
pub(crate) fn nal_units(mut packet: &[u8], size: usize) -> Result<Vec<Vec<u8>>, BadLength> {
    let mut units = Vec::new();
    while !packet.is_empty() {
        let (length, rest) = packet.split_at_checked(size).ok_or(BadLength)?;
        let length = length.iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
        let (unit, rest) = rest.split_at_checked(length).ok_or(BadLength)?;
        if unit.is_empty() {
            return Err(BadLength);
        }
        units.push(unit.to_vec());
        packet = rest;
    }
    Ok(units)
}

#[derive(Deserialize)]
struct Probed {
    packets: Vec<ProbedPacket>,
    streams: Vec<ProbedStream>,
}

#[derive(Deserialize)]
struct ProbedPacket {
    stream_index: u64,
    pts: i64,
    dts: i64,
    pos: String,
    size: String,
    flags: String,
}

#[derive(Deserialize)]
struct ProbedStream {
    index: u64,
    codec_type: String,
    time_base: String,
    /// Only H.264 in its MP4 form has it.
    nal_length_size: Option<String>,
}

impl Probed {
    fn track(&self, stream: &ProbedStream, bytes: &[u8]) -> Option<Track> {
        let (n, d) = stream.time_base.split_once('/')?;
        let tick = n.parse::<f64>().ok()? / d.parse::<f64>().ok().filter(|d| *d > 0.0)?;
        let length_size = stream.nal_length_size.as_ref().map(|size| size.parse()).transpose();
        let length_size: Option<usize> = length_size.ok()?;
        let own = self.packets.iter().filter(|packet| packet.stream_index == stream.index);
        let packets = own.map(|packet| packet.read(tick, length_size, bytes));
        let packets = packets.collect::<Option<_>>()?;
        Some(Track { kind: stream.codec_type.clone(), tick, packets })
    }
}

impl ProbedPacket {
    fn read(&self, tick: f64, length_size: Option<usize>, bytes: &[u8]) -> Option<Packet> {
        let start: usize = self.pos.parse().ok()?;
        let end = start.checked_add(self.size.parse().ok()?)?;
        let data = bytes.get(start..end)?;
        let parts = match length_size {
            Some(size) => nal_units(data, size).ok()?,
            None => vec![data.to_vec()],
        };
        let key = self.flags.starts_with('K');
        Some(Packet { dts: self.dts as f64 * tick, pts: self.pts as f64 * tick, key, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_size_are_only_lengths() {
        let units = Ok(vec![vec![0x67, 1], vec![0x65, 2, 3]]);
        assert_eq!(nal_units(&[0, 2, 0x67, 1, 0, 3, 0x65, 2, 3], 2), units);
        assert_eq!(nal_units(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 3, 0x65, 2, 3], 4), units);
        assert_eq!(nal_units(&[], 4), Ok(vec![]));
        for cut in [&[0, 0, 0, 2, 0x67][..], &[0, 0], &[0, 0, 0, 0]] {
            assert_eq!(nal_units(cut, 4), Err(BadLength));
        }
    }

    #[test]
    fn a_film_is_read_as_it_was_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("film.mp4");
        let args = "-v error -f lavfi -i testsrc2=size=160x90:rate=25:duration=2 \
                    -f lavfi -i anoisesrc=sample_rate=48000:duration=2 \
                    -c:v libx264 -g 25 -c:a aac {0}";
        tools::run("ffmpeg", args, &[&path]).expect("ffmpeg");
        let tracks = tracks(&path).expect("ffprobe");
        let [video, audio] = &tracks[..] else { panic!("two tracks") };
        assert_eq!((video.kind.as_str(), video.packets.len()), ("video", 50));
        assert_eq!(video.packets.iter().filter(|packet| packet.key).count(), 2);
        // x264 signs its first picture with a message (NAL type 6) in front of it (type 5).
        let kinds: Vec<_> = video.packets[0].parts.iter().map(|nal| nal[0] & 0x1f).collect();
        assert_eq!(kinds, [6, 5]);
        assert!((video.seconds() - 2.0).abs() < 1e-6, "{}", video.seconds());
        assert!(audio.packets.iter().all(|packet| packet.parts.len() == 1));
        assert_eq!(complaints(&path), "");
        let whole = std::fs::read(&path).expect("a file");
        std::fs::write(&path, &whole[..whole.len() - 3000]).expect("a file");
        assert_ne!(complaints(&path), "");
    }

    fn complaints(path: &Path) -> String {
        tools::complaints(path).expect("ffprobe and ffmpeg")
    }
}
