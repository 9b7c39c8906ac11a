//! Tools around the test pattern, for people and for measurements.
//!
//! `picture N [WIDTH HEIGHT]` writes frame N as a PPM picture to standard output.
//! `read WIDTH HEIGHT` reads decoded frames (8-bit luma, `ffmpeg -f rawvideo -pix_fmt gray`) from
//! standard input and prints one line for each: its place and the number read, or `-`.
//! `speed [WIDTH HEIGHT [BITRATE]]` says how much faster than real time the pattern is made.

#[path = "../src/pattern/mod.rs"]
pub mod pattern;

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::time::Instant;

use pattern::{Pattern, PatternConfig, PatternError, clock_text, read_frame_number};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u32> = words.iter().skip(1).filter_map(|word| word.parse().ok()).collect();
    match (words.first().map(String::as_str), numbers.as_slice()) {
        (Some("picture"), &[n]) => picture(n, PatternConfig::default()),
        (Some("picture"), &[n, width, height]) => picture(n, sized(width, height)),
        (Some("read"), &[width, height]) => read(width as usize, height as usize),
        (Some("speed"), &[]) => speed(PatternConfig::default()),
        (Some("speed"), &[width, height]) => speed(sized(width, height)),
        (Some("speed"), &[width, height, bitrate]) => {
            speed(PatternConfig { bitrate, ..sized(width, height) })
        }
        _ => Err(
            "usage: picture N [WIDTH HEIGHT] | read WIDTH HEIGHT | speed [WIDTH HEIGHT [BITRATE]]"
                .into(),
        ),
    }
}

fn sized(width: u32, height: u32) -> PatternConfig {
    PatternConfig { width, height, ..PatternConfig::default() }
}

fn picture(n: u32, config: PatternConfig) -> Outcome {
    let mut pattern = Pattern::new(config)?;
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "P6 {} {} 255", config.width, config.height)?;
    for pixel in pattern.picture(n, "20:47:13.4").chunks_exact(4) {
        out.write_all(pixel.get(..3).unwrap_or_default())?;
    }
    Ok(out.flush()?)
}

fn read(width: usize, height: usize) -> Outcome {
    let mut frame = vec![0; width.checked_mul(height).filter(|size| *size > 0).ok_or("no size")?];
    let (mut input, mut out) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    for place in 0_u64.. {
        match input.read_exact(&mut frame) {
            Err(end) if end.kind() == ErrorKind::UnexpectedEof => break,
            result => result?,
        }
        match read_frame_number(&frame, width, width, height) {
            Some(number) => writeln!(out, "{place} {number}")?,
            None => writeln!(out, "{place} -")?,
        }
        out.flush()?;
    }
    Ok(())
}

fn speed(config: PatternConfig) -> Outcome {
    const SECONDS: u32 = 20;
    let mut pattern = Pattern::new(config)?;
    let frames = SECONDS * config.fps;
    let drawing = timed(|| {
        (0..frames).try_for_each(|n| {
            pattern.picture(n, &clock_text(u64::from(n) * 33));
            Ok(())
        })
    })?;
    let (mut bytes, mut largest) = (0, 0);
    let video = timed(|| {
        (0..frames).try_for_each(|n| {
            let unit = pattern.video_frame(n, &clock_text(u64::from(n) * 33))?;
            bytes += unit.data.len();
            largest = largest.max(unit.data.len());
            Ok(())
        })
    })?;
    let mut sound_bytes = 0;
    let sound = timed(|| {
        (0..SECONDS * 50).try_for_each(|n| {
            sound_bytes += pattern.audio_frame(n)?.data.len();
            Ok(())
        })
    })?;
    let mut out = io::stdout().lock();
    let (total, kbits) = (f64::from(SECONDS), |bytes: usize| bytes * 8 / 1000 / SECONDS as usize);
    writeln!(out, "{SECONDS} s of {}x{} at {}:", config.width, config.height, config.fps)?;
    writeln!(out, "drawing {:.2} ms a frame", drawing / f64::from(frames) * 1e3)?;
    writeln!(
        out,
        "drawing and encoding {:.2} ms a frame, {:.1} x real time, {} kbit/s, largest {largest} bytes",
        video / f64::from(frames) * 1e3,
        total / video,
        kbits(bytes)
    )?;
    writeln!(out, "sound {:.0} x real time, {} kbit/s", total / sound, kbits(sound_bytes))?;
    writeln!(out, "both {:.1} x real time", total / (video + sound))?;
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), PatternError>) -> Result<f64, PatternError> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}
