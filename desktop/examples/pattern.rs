//! Tools around the test pattern, for people and for measurements. SIZE is WIDTH HEIGHT [BITRATE].
//!
//! `write SECONDS [SIZE]` writes a fragmented MP4 to standard output.
//! `picture N [SIZE]` writes frame N as a PPM picture to standard output.
//! `speed [SIZE]` says how much faster than real time the pattern is made; fails when it is too
//! slow to leave the machine to the rest of the program.
//! `read WIDTH HEIGHT` reads decoded frames (8-bit luma, `ffmpeg -f rawvideo -pix_fmt gray`) from
//! standard input and prints one line for each: its place and the number read, or `-`.

#[path = "../src/pattern/mod.rs"]
pub mod pattern;

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

use manyhands_media::output::Fmp4;
use pattern::{Pattern, PatternConfig, PatternError, clock_text, read_frame_number};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const USAGE: &str = "usage: write SECONDS [SIZE] | picture N [SIZE] | speed [SIZE] | \
    read WIDTH HEIGHT; SIZE is WIDTH HEIGHT [BITRATE]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers = words.iter().skip(1).map(|word| word.parse());
    let numbers: Vec<u32> = numbers.collect::<Result<_, _>>().map_err(|_| USAGE)?;
    match (words.first().map(String::as_str), numbers.as_slice()) {
        (Some("write"), [seconds, size @ ..]) => write(*seconds, config(size)?),
        (Some("picture"), [n, size @ ..]) => picture(*n, config(size)?),
        (Some("speed"), size) => speed(config(size)?),
        (Some("read"), &[width, height]) => read(width as usize, height as usize),
        _ => Err(USAGE.into()),
    }
}

fn config(size: &[u32]) -> Result<PatternConfig, &'static str> {
    let default = PatternConfig::default();
    match *size {
        [] => Ok(default),
        [width, height] => Ok(PatternConfig { width, height, ..default }),
        [width, height, bitrate] => Ok(PatternConfig { width, height, bitrate, ..default }),
        _ => Err(USAGE),
    }
}

/// A second of each track at a time, as fast as it can be made; the clock begins at midnight.
fn write(seconds: u32, config: PatternConfig) -> Outcome {
    let mut pattern = Pattern::new(config)?;
    let mut file = Fmp4::new(&[pattern.video_config().clone(), pattern.audio_config().clone()]);
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(&file.init()?)?;
    for second in 0..seconds {
        let frames = second * config.fps..(second + 1) * config.fps;
        let video: Result<Vec<_>, _> = frames
            .map(|n| pattern.video_frame(n, &clock_text(pattern.video_due_ns(n) / 1_000_000)))
            .collect();
        out.write_all(&file.fragment(0, &video?)?)?;
        let audio: Result<Vec<_>, _> =
            (second * 50..(second + 1) * 50).map(|n| pattern.audio_frame(n)).collect();
        out.write_all(&file.fragment(1, &audio?)?)?;
    }
    Ok(out.flush()?)
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
    let both = total / (video + sound);
    writeln!(out, "both {both:.1} x real time")?;
    // A fifth of a core at 360p; at 720p, with 4 times the pixels, at least real time.
    let least = if config.height > 360 { 1.0 } else { 5.0 };
    if both < least { Err(format!("slower than {least} x real time").into()) } else { Ok(()) }
}

fn timed(work: impl FnOnce() -> Result<(), PatternError>) -> Result<f64, PatternError> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}
