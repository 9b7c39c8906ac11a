//! The pattern as a viewer gets it: encoded, mangled, decoded by other programs, read back.

use std::error::Error;
use std::fs::File;
use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use manyhands_media::{Codec, nals};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;

use super::*;

type Outcome = Result<(), Box<dyn Error>>;

/// A decoded picture's luma plane.
struct Luma {
    pixels: Vec<u8>,
    width: usize,
    height: usize,
}

impl Luma {
    fn number(&self) -> Option<u32> {
        read_frame_number(&self.pixels, self.width, self.width, self.height)
    }

    /// The middle of the sun.
    fn sun(&self) -> u8 {
        self.pixels[self.height * 118 / 360 * self.width + self.width * 546 / 640]
    }
}

fn small() -> PatternConfig {
    PatternConfig { width: 320, height: 180, bitrate: 300_000, ..PatternConfig::default() }
}

fn encode(pattern: &mut Pattern, frames: u32) -> Result<Vec<AccessUnit>, PatternError> {
    (0..frames).map(|n| pattern.video_frame(n, &clock_text(u64::from(n) * 33))).collect()
}

/// Units as an elementary stream with start codes, parameter sets first.
fn annexb(config: &TrackConfig, units: &[AccessUnit]) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let Codec::H264(h264) = &config.codec else { return Err("not H.264".into()) };
    let mut stream = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let mut bytes = Vec::new();
        if index == 0 {
            for set in h264.sps.iter().chain(&h264.pps) {
                bytes.extend_from_slice(&[&[0, 0, 0, 1], &set[..]].concat());
            }
        }
        for nal in nals(&unit.data) {
            bytes.extend_from_slice(&[&[0, 0, 0, 1], nal?.0].concat());
        }
        stream.push(bytes);
    }
    Ok(stream)
}

fn decode(pattern: &Pattern, units: &[AccessUnit]) -> Result<Vec<Luma>, Box<dyn Error>> {
    let mut decoder = Decoder::new()?;
    let mut pictures = Vec::new();
    for bytes in annexb(pattern.video_config(), units)? {
        let picture = decoder.decode(&bytes)?.ok_or("no picture")?;
        let (width, height) = picture.dimensions();
        let lines = picture.y().chunks(picture.strides().0).take(height);
        let pixels = lines.flat_map(|line| &line[..width]).copied().collect();
        pictures.push(Luma { pixels, width, height });
    }
    Ok(pictures)
}

/// Passes a file through ffmpeg and gives what it writes. ffmpeg must be installed.
fn ffmpeg(input: &[u8], format: &[&str], output: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file: File = tempfile::tempfile()?;
    file.write_all(input)?;
    file.rewind()?;
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-threads", "1"])
        .args(format)
        .args(["-i", "pipe:0"])
        .args(output)
        .arg("pipe:1")
        .stdin(Stdio::from(file))
        .output()?;
    let words = String::from_utf8_lossy(&run.stderr);
    if run.status.success() && words.is_empty() { Ok(run.stdout) } else { Err(words.into()) }
}

const H264: [&str; 2] = ["-f", "h264"];
const GREY: [&str; 6] = ["-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough"];

#[test]
fn every_frame_number_is_read_from_what_a_decoder_gives() -> Outcome {
    for config in [PatternConfig::default(), small(), PatternConfig { bitrate: 150_000, ..small() }]
    {
        let mut pattern = Pattern::new(config)?;
        let units = encode(&mut pattern, 100)?;
        let numbers: Vec<_> = decode(&pattern, &units)?.iter().map(Luma::number).collect();
        assert_eq!(numbers, (0..100).map(Some).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn every_frame_number_survives_half_size_at_low_quality_from_another_encoder() -> Outcome {
    let mut pattern = Pattern::new(PatternConfig::default())?;
    let units = encode(&mut pattern, 65)?;
    let stream = annexb(pattern.video_config(), &units)?.concat();
    let worse: Vec<&str> =
        "-vf scale=320:180 -c:v libx264 -crf 40 -threads 1 -f h264".split(' ').collect();
    let worse = ffmpeg(&stream, &H264, &worse)?;
    assert!(worse.len() < stream.len() / 8, "not much was taken away: {} bytes", worse.len());
    let (width, height) = (320, 180);
    let numbers: Vec<_> = ffmpeg(&worse, &H264, &GREY)?
        .chunks(width * height)
        .map(|pixels| read_frame_number(pixels, width, width, height))
        .collect();
    assert_eq!(numbers, (0..65).map(Some).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn keyframes_come_by_number_and_nothing_is_reordered() -> Outcome {
    let mut pattern = Pattern::new(PatternConfig { gop_frames: 12, ..small() })?;
    let units = encode(&mut pattern, 50)?;
    for (n, unit) in (0_i64..).zip(&units) {
        assert_eq!((unit.dts, unit.pts, unit.duration), (n * 3000, n * 3000, 3000));
        assert_eq!(unit.keyframe, n % 12 == 0, "frame {n}");
    }
    let late = pattern.video_frame(200, "")?;
    assert!(late.keyframe, "a gap over a keyframe must bring one");
    Ok(())
}

#[test]
fn a_rate_without_a_whole_number_of_ticks_does_not_drift() -> Outcome {
    let mut pattern = Pattern::new(PatternConfig { fps: 59, ..small() })?;
    let units = encode(&mut pattern, 60)?;
    assert!(units.windows(2).all(|pair| pair[0].end() == pair[1].dts));
    assert_eq!(units[59].dts, 90_000);
    assert_eq!((pattern.video_due_ns(59), pattern.audio_due_ns(50)), (SECOND_NS, SECOND_NS));
    Ok(())
}

#[test]
fn the_video_keeps_near_the_rate_asked_for() -> Outcome {
    for bitrate in [400_000, 1_000_000] {
        let mut pattern = Pattern::new(PatternConfig { bitrate, ..PatternConfig::default() })?;
        let bytes: usize = encode(&mut pattern, 120)?.iter().map(|unit| unit.data.len()).sum();
        let ratio = bytes as f64 * 8.0 / 4.0 / f64::from(bitrate);
        assert!((0.7..1.15).contains(&ratio), "{ratio} of {bitrate} bits a second");
    }
    Ok(())
}

/// The pattern's sound from packet `first` on, decoded by a decoder that begins there.
fn heard(first: u32, packets: u32) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut pattern = Pattern::new(small())?;
    let mut decoder = ropus::Decoder::new(48_000, ropus::Channels::Mono)?;
    let mut sound = Vec::new();
    for n in 0..first + packets {
        let unit = pattern.audio_frame(n)?;
        assert_eq!((unit.dts, unit.duration, unit.keyframe), (i64::from(n) * 960, 960, true));
        if n >= first {
            let mut frame = [0.0; 960];
            let length = decoder.decode_float(&unit.data, &mut frame, ropus::DecodeMode::Normal)?;
            sound.extend_from_slice(&frame[..length]);
        }
    }
    Ok(sound)
}

fn loudness(sound: &[f32]) -> f32 {
    (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32).sqrt()
}

#[test]
fn the_bell_strikes_on_each_second_wherever_a_listener_begins() -> Outcome {
    for first in [0, 37] {
        let sound = heard(first, 250)?;
        let from = first as usize * 960;
        for second in 1..4 {
            let strike = second * 48_000 - from;
            let before = loudness(&sound[strike - 4_800..strike - 240]);
            let after = loudness(&sound[strike..strike + 4_800]);
            assert!(after > 0.1 && after > 8.0 * before, "{before} before, {after} after");
            let onset = sound[strike - 4_800..].iter().position(|sample| sample.abs() > 0.1);
            // Its rise takes 2 ms; the encoder's delay, not made up for, would add 2.5.
            let late = onset.and_then(|at| at.checked_sub(4_800)).ok_or("too early, or never")?;
            assert!(late < 96, "the bell of second {second} is {late} samples late");
        }
    }
    Ok(())
}

#[test]
fn the_sun_flashes_in_step_with_the_bell() -> Outcome {
    let mut pattern = Pattern::new(PatternConfig::default())?;
    let units = encode(&mut pattern, 75)?;
    for (n, picture) in decode(&pattern, &units)?.iter().enumerate() {
        let flash = picture.sun() > 222;
        assert_eq!(flash, n % 30 < 3, "frame {n}: {}", picture.sun());
    }
    Ok(())
}

#[test]
fn a_picture_depends_on_nothing_but_its_number_and_the_clock() -> Outcome {
    let mut pattern = Pattern::new(small())?;
    let first = pattern.picture(1234, "11:22:33.4").to_vec();
    assert_ne!(pattern.picture(1235, "11:22:33.4"), first);
    assert_ne!(pattern.picture(1234, "11:22:33.5"), first);
    pattern.video_frame(7, "")?;
    assert_eq!(pattern.picture(1234, "11:22:33.4"), first);
    Ok(())
}

#[test]
fn any_text_and_any_number_can_be_drawn() -> Outcome {
    let mut pattern = Pattern::new(PatternConfig { width: 360, height: 640, ..small() })?;
    for n in [0, u32::MAX - 1, u32::MAX] {
        for clock in ["", ".", "12:34:56.7", "99999999999999999999", "\u{1F9E1}.\u{301}…"] {
            let unit = pattern.video_frame(n, clock)?;
            assert_eq!(unit.dts, i64::from(n) * 3000);
        }
    }
    pattern.audio_frame(u32::MAX)?;
    Ok(())
}

#[test]
fn settings_out_of_range_are_refused_in_words() {
    let good = PatternConfig::default();
    for bad in [
        PatternConfig { width: 641, ..good },
        PatternConfig { width: 0, ..good },
        PatternConfig { height: 4096, ..good },
        PatternConfig { fps: 0, ..good },
        PatternConfig { bitrate: u32::MAX, ..good },
        PatternConfig { gop_frames: 0, ..good },
        PatternConfig { audio_bitrate: 1, ..good },
    ] {
        assert!(matches!(Pattern::new(bad), Err(PatternError::Config(_))), "{bad:?}");
    }
}

#[test]
fn the_clock_reads_as_people_write_it() {
    assert_eq!(clock_text(0), "00:00:00.0");
    assert_eq!(clock_text(45_296_789), "12:34:56.7");
    assert_eq!(clock_text(86_400_000), "00:00:00.0");
}
