//! Files that can't be broadcast, and what a file says about its maker.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use manyhands_lab::LabError;

use super::Checks;
use crate::run::Ended;
use crate::stage::listen;
use crate::tools;

const BAD: i32 = 6;
/// Until a film of some seconds has been shown and written.
const SHOWN: Duration = Duration::from_secs(30);
const PATTERN: &str = "-nostdin -v error -y -f lavfi -i testsrc2=size=320x240:rate=30:duration=4 \
                       -f lavfi -i anoisesrc=sample_rate=48000:duration=4";
const SOUND: &str = "-c:v libx264 -preset veryfast -g 30 -c:a aac";
const KEYS: &str = "-encryption_scheme cenc-aes-ctr \
                    -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
                    -encryption_kid a7e61c373e219033c21091fa607bf3b8";
/// What a phone writes into its films.
const METADATA: &str = "-metadata location=+48.8577+002.2950/ \
                        -metadata com.apple.quicktime.model=CanaryPhone \
                        -metadata title=CanaryTitle -metadata artist=CanaryArtist \
                        -metadata:s:v handler_name=CanaryHandler \
                        -metadata creation_time=2024-05-06T07:08:09Z \
                        -movflags use_metadata_tags";
const CANARIES: [&str; 6] =
    ["+48.8577", "CanaryPhone", "CanaryTitle", "CanaryArtist", "CanaryHandler", "2024-05-06"];

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), LabError> {
    let film = |name: &str, args: &str| -> Result<PathBuf, LabError> {
        let path = checks.stage.file(name);
        tools::run("ffmpeg", &format!("{PATTERN} {args} {{0}}"), &[&path])?;
        Ok(path)
    };
    let whole = film("whole.mp4", &format!("{SOUND} -movflags faststart"))?;
    let index_last = film("index-last.mp4", SOUND)?;
    let fragmented = film("fragments.mp4", &format!("{SOUND} -movflags frag_keyframe+empty_moov"))?;
    let encrypted = film("encrypted.mp4", &format!("{SOUND} {KEYS}"))?;
    let hevc = film("hevc.mp4", "-c:v libx265 -x265-params log-level=error -c:a aac")?;
    let matroska = film("film.mkv", SOUND)?;
    let files = [
        ("media.truncated", cut(&whole, "truncated.mp4")?, "cut short"),
        ("media.truncated_index", cut(&index_last, "no-index.mp4")?, "cut short"),
        ("media.truncated_fragment", cut(&fragmented, "cut-fragment.mp4")?, "cut short"),
        ("media.empty", write(checks, "empty.mp4", b"")?, "empty"),
        ("media.text", write(checks, "letter.mp4", b"hello, this is a letter\n")?, "accepted"),
        ("media.noise", write(checks, "noise.mp4", &noise())?, "accepted"),
        ("media.encrypted", encrypted, "encrypted"),
        ("media.hevc", hevc, "HEVC"),
        ("media.matroska", matroska, "Matroska"),
        ("media.directory", checks.stage.file(""), "directory"),
    ];
    for (name, path, words) in files {
        let mut command = checks.stage.program("broadcast");
        command.arg(path).args(listen(0));
        checks.refused(name, command, (BAD, words))?;
    }
    endless_input(checks, "media.endless_zeros", "/dev/zero")?;
    endless_input(checks, "media.endless_noise", "/dev/urandom")?;
    metadata_stays(checks)
}

/// Standard input that never ends and never becomes media.
fn endless_input(checks: &mut Checks<'_>, name: &str, device: &str) -> Result<(), LabError> {
    let mut command = checks.stage.program("broadcast");
    command.arg("-").args(listen(0));
    let device = File::open(device).map_err(LabError::io(format!("open {device}")))?;
    checks.refused_fed(name, command, Stdio::from(device), (BAD, "accepted"))
}

/// Two thirds of a file.
fn cut(path: &Path, name: &str) -> Result<PathBuf, LabError> {
    let bytes = fs::read(path).map_err(LabError::io("read a film"))?;
    let path = path.with_file_name(name);
    let part = bytes.get(..bytes.len() * 2 / 3).unwrap_or_default();
    fs::write(&path, part).map_err(LabError::io("write a film"))?;
    Ok(path)
}

fn write(checks: &Checks<'_>, name: &str, bytes: &[u8]) -> Result<PathBuf, LabError> {
    let path = checks.stage.file(name);
    fs::write(&path, bytes).map_err(LabError::io("write a file"))?;
    Ok(path)
}

/// A MiB in which nothing repeats, the same each time.
fn noise() -> Vec<u8> {
    let mut noise = vec![0; 1 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

/// Place, device, names and dates of a file are neither in what viewers write nor in what either
/// side says.
fn metadata_stays(checks: &mut Checks<'_>) -> Result<(), LabError> {
    let stage = checks.stage;
    let path = stage.file("canary.mp4");
    tools::run("ffmpeg", &format!("{PATTERN} {SOUND} {METADATA} {{0}}"), &[&path])?;
    let all_in = found(&path)?.len() == CANARIES.len();
    checks.check("media.metadata_was_there", (!all_in).then(|| "ffmpeg left some out".into()));
    let written = stage.file("canary-written.mp4");
    let _broadcaster = stage.broadcast("canary", &path, None, &listen(0))?;
    let mut options: Vec<String> = listen(0).into();
    options.extend(["--output".into(), written.display().to_string()]);
    options.extend(["--timeout".into(), "10".into()]);
    let mut viewer = stage.watch("canary.viewer", "canary", None, &options)?;
    let ended = viewer.ended(SHOWN)?;
    let fault = (ended != Ended::Code(0)).then(|| format!("{ended:?}: {}", viewer.errors()));
    checks.check("media.metadata_film_is_shown", fault);
    let mut left = Vec::new();
    for name in ["canary-written.mp4", "canary.jsonl", "canary.err", "canary.viewer.jsonl"] {
        let canaries = found(&stage.file(name))?;
        left.extend(canaries.iter().map(|canary| format!("{canary} is in {name}")));
    }
    checks.check("media.metadata_stays", (!left.is_empty()).then(|| left.join(", ")));
    Ok(())
}

/// The canaries that are in a file, as text or as UTF-16.
fn found(path: &Path) -> Result<Vec<&'static str>, LabError> {
    let bytes = fs::read(path).map_err(LabError::io(format!("read {}", path.display())))?;
    let has = |canary: &&str| {
        let wide: Vec<u8> = canary.bytes().flat_map(|byte| [0, byte]).collect();
        [canary.as_bytes(), &wide].iter().any(|text| bytes.windows(text.len()).any(|w| w == *text))
    };
    Ok(CANARIES.into_iter().filter(has).collect())
}
