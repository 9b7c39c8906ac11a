//! A short fragmented MP4 of one track, made by ffmpeg, that can be played over and over: each pass
//! gets its decode times moved on.

use std::{
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::Command,
};

use bytes::Bytes;

/// Length of a clip: a whole number of video frames at 30, of AAC frames at 48 kHz and of fragments.
pub(crate) const LOOP_MS: u64 = 16_000;
const PASS_SECONDS: &str = "16";

pub(crate) struct Clip {
    pub(crate) mime: String,
    pub(crate) init: Bytes,
    fragments: Vec<Fragment>,
    /// Units of decode time in a pass.
    pass: u64,
    keyframe_ms: Option<u64>,
}

struct Fragment {
    time: u64,
    ms: u64,
    bytes: Vec<u8>,
    /// Where the 64-bit decode time stands.
    tfdt: usize,
}

type Failure = Box<dyn Error>;

impl Clip {
    pub(crate) fn video(
        source: &str,
        size: &str,
        rate: &str,
        gop_seconds: u64,
        dir: Option<&Path>,
    ) -> Result<Self, Failure> {
        let joint = if source.contains('=') { ':' } else { '=' };
        let input = format!("{source}{joint}size={size}:rate=30");
        let gop = (gop_seconds * 30).to_string();
        let bytes = ffmpeg(
            &[
                "-f",
                "lavfi",
                "-i",
                &input,
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-tune",
                "zerolatency",
                "-pix_fmt",
                "yuv420p",
                "-b:v",
                rate,
                "-bf",
                "0",
                "-g",
                &gop,
                "-sc_threshold",
                "0",
                "-video_track_timescale",
                "30000",
            ],
            dir,
        )?;
        Self::parse(&bytes, 30_000, Some(gop_seconds * 1_000))
    }

    pub(crate) fn audio(dir: Option<&Path>) -> Result<Self, Failure> {
        let tone = "aevalsrc=0.12*sin(2*PI*330*t)*exp(-4*mod(t\\,1)):s=48000:c=mono";
        let bytes = ffmpeg(&["-f", "lavfi", "-i", tone, "-c:a", "aac", "-b:a", "96k"], dir)?;
        Self::parse(&bytes, 48_000, None)
    }

    /// Media time of a fragment, counted over all passes.
    pub(crate) fn at(&self, number: u64) -> u64 {
        let (pass, fragment) = self.find(number);
        pass * LOOP_MS + fragment.ms
    }

    pub(crate) fn is_keyframe(&self, number: u64) -> bool {
        self.keyframe_ms.is_none_or(|every| self.at(number).is_multiple_of(every))
    }

    /// The fragment with the decode time of its pass.
    pub(crate) fn bytes(&self, number: u64) -> Bytes {
        let (pass, fragment) = self.find(number);
        let mut bytes = fragment.bytes.clone();
        let time = fragment.time + pass * self.pass;
        bytes[fragment.tfdt..fragment.tfdt + 8].copy_from_slice(&time.to_be_bytes());
        bytes.into()
    }

    fn find(&self, number: u64) -> (u64, &Fragment) {
        let count = self.fragments.len() as u64;
        (number / count, &self.fragments[(number % count) as usize])
    }

    fn parse(bytes: &[u8], timescale: u64, keyframe_ms: Option<u64>) -> Result<Self, Failure> {
        let (mut init, mut moof, mut fragments) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, whole) in boxes(bytes) {
            match kind {
                b"ftyp" | b"moov" => init.extend_from_slice(whole),
                b"moof" => moof = whole.to_vec(),
                b"mdat" => {
                    let tfdt = find(&moof, b"tfdt").ok_or("no tfdt")? + 8;
                    let time = u64::from_be_bytes(moof[tfdt..tfdt + 8].try_into()?);
                    let ms = time * 1_000 / timescale;
                    moof.extend_from_slice(whole);
                    fragments.push(Fragment { time, ms, bytes: std::mem::take(&mut moof), tfdt });
                }
                _ => {}
            }
        }
        fragments.retain(|fragment| fragment.ms < LOOP_MS);
        let mime = match find(&init, b"avcC").and_then(|at| init.get(at + 5..at + 8)) {
            Some(p) => format!("video/mp4; codecs=\"avc1.{:02x}{:02x}{:02x}\"", p[0], p[1], p[2]),
            None => "audio/mp4; codecs=\"mp4a.40.2\"".into(),
        };
        let pass = LOOP_MS * timescale / 1_000;
        Ok(Self { mime, init: init.into(), fragments, pass, keyframe_ms })
    }
}

/// What ffmpeg makes of `options`; kept in `dir`, if given, for the next time.
fn ffmpeg(options: &[&str], dir: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let mut hasher = DefaultHasher::new();
    options.hash(&mut hasher);
    let kept = dir.map(|dir| dir.join(format!("{:016x}.mp4", hasher.finish())));
    if let Some(bytes) = kept.as_ref().and_then(|path| fs::read(path).ok()) {
        return Ok(bytes);
    }
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-threads", "2"])
        .args(options)
        .args(["-t", PASS_SECONDS, "-movflags", "+empty_moov+default_base_moof+frag_keyframe"])
        .args(["-frag_duration", "100000", "-f", "mp4", "pipe:1"])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    if let Some(path) = kept {
        fs::write(path, &output.stdout)?;
    }
    Ok(output.stdout)
}

/// The boxes at the top of a file that we know to be well-formed.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let (whole, after) = rest.split_at_checked(size)?;
        rest = after;
        Some((whole.get(4..8)?, whole))
    })
}

/// Where a box's name stands.
fn find(bytes: &[u8], name: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).position(|window| window == name)
}
