//! What can't be carried is refused in one clear line, and nothing of a file's metadata leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use manyhands_media::chunk;
use manyhands_media::input::{self, InputError};
use support::*;

/// The one line that a person reads.
fn refusal(path: &Path) -> String {
    let error = match input::open(path) {
        Err(error) => error,
        Ok(mut source) => loop {
            match source.next_unit() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{} was accepted", path.display()),
                Err(error) => break error,
            }
        },
    };
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 300, "{line:?}");
    line
}

fn refused(args: &str, words: &[&str]) {
    let (_dir, path) = temp("in.mp4");
    ffmpeg(args, &path);
    let line = refusal(&path);
    for word in words {
        assert!(line.contains(word), "{line:?} should say {word:?}");
    }
}

#[test]
fn codecs_that_are_not_carried() {
    let pattern = pattern("320x240", "30", 1);
    let aac = "-c:a aac";
    let accepted = "accepted";
    refused(
        &format!("{pattern} -c:v libx265 -x265-params log-level=error {aac}"),
        &["HEVC", accepted],
    );
    refused(
        &format!("{pattern} -c:v libx265 -x265-params log-level=error -an -tag:v hvc1"),
        &["HEVC"],
    );
    refused(&format!("{pattern} -c:v mpeg4 {aac}"), &["mp4v", accepted]);
    refused(
        &format!("{pattern} -c:v libx264 -pix_fmt yuv420p10le {aac}"),
        &["profile 110", accepted],
    );
    refused(&format!("{pattern} -c:v libx264 -pix_fmt yuv444p {aac}"), &["profile 244", accepted]);
    refused(&format!("{pattern} -c:v libx264 -c:a ac3"), &["AC-3", accepted]);
    refused(&format!("{pattern} -c:v libx264 {aac} -ac 6"), &["channel configuration 6", accepted]);
    refused(&format!("{pattern} -c:v libx264 {aac} -ar 96000"), &["96000", accepted]);
    let fast = self::pattern("320x240", "240", 2);
    refused(&format!("{fast} -c:v libx264 -an"), &["120 units a second"]);
}

#[test]
fn encrypted_files() {
    let key = "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
               -encryption_kid a7e61c373e219033c21091fa607bf3b8";
    let pattern = pattern("320x240", "30", 1);
    refused(&format!("{pattern} -c:v libx264 -c:a aac {key}"), &["encrypted"]);
}

#[test]
fn files_that_are_no_media() {
    let (dir, path) = temp("in.mp4");
    assert!(refusal(dir.path()).contains("is a directory"));
    assert!(refusal(&path).contains("can't read"));
    for (bytes, words) in [
        (&b""[..], "is empty"),
        (b"hello, this is a letter to a friend", "looks like text"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\0\0\0\0\0", "Matroska"),
        (b"\0\0\0\x01\x67\x42\0\x1f\0\0\0\x01\x68\xce\x06\xe2", "raw H.264"),
        (b"\0\0\0\x08", "not an MP4"),
        (&[0xff; 100], "not an MP4"),
        (&[0; 100], "not an MP4"),
        (b"\0\0\0\x10ftypisom\0\0\0\0", "no index"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat", "no index"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov", "damaged"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\xff\xff\xff\xffmoov", "index"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let line = refusal(&path);
        assert!(line.contains(words), "{line:?} should say {words:?}");
    }
}

#[test]
fn files_that_are_cut_short() {
    let (_dir, path) = temp("in.mp4");
    let args = format!("{} -c:v libx264 -c:a aac", pattern("320x240", "30", 2));
    for (flags, words) in [
        ("", "cut short"),
        ("-movflags faststart", "cut short"),
        ("-movflags frag_keyframe+empty_moov -g 15", "cut short"),
    ] {
        ffmpeg(&format!("{args} {flags}"), &path);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
        let line = refusal(&path);
        assert!(line.contains(words), "{flags}: {line:?}");
    }
}

#[test]
fn a_stream_that_is_not_fragmented() {
    let (_dir, path) = temp("in.mp4");
    let args = format!("{} -c:v libx264 -movflags faststart", pattern("320x240", "30", 1));
    ffmpeg(&args, &path);
    let error = input::from_reader(std::fs::File::open(&path).unwrap()).err().unwrap();
    assert!(matches!(error, InputError::Unsupported { .. }));
    assert!(error.to_string().contains("not fragmented"), "{error}");
    let error = input::from_reader(&b""[..]).err().unwrap();
    assert!(matches!(error, InputError::Empty), "{error}");
}

#[test]
fn places_names_and_dates_stay_behind() {
    let (_dir, path) = temp("in.mp4");
    let secrets =
        ["+48.8577+002.2950", "SecretPhone", "SecretTitle", "SecretHandler", "2024-05-06"];
    let meta = "-metadata location=+48.8577+002.2950/ -metadata com.apple.quicktime.model=SecretPhone \
                -metadata title=SecretTitle -metadata:s:v handler_name=SecretHandler \
                -metadata comment=2024-05-06 -metadata creation_time=2024-05-06T07:08:09Z";
    let args = format!("{} -c:v libx264 -c:a aac {meta}", pattern("320x240", "30", 2));
    let has =
        |bytes: &[u8], secret: &str| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
    for flags in ["use_metadata_tags", "use_metadata_tags+frag_keyframe+empty_moov"] {
        ffmpeg(&format!("{args} -movflags {flags}"), &path);
        let input = std::fs::read(&path).unwrap();
        for secret in secrets {
            assert!(has(&input, secret), "the input has {secret}");
        }
        let tracks = read_file(&path);
        let (_dir, output) = temp("out.mp4");
        write_file(&tracks, &output);
        let output = std::fs::read(&output).unwrap();
        let chunks: Vec<_> = tracks
            .iter()
            .flat_map(|track| chunk::encode(Some(&track.config), &track.units))
            .collect();
        for secret in secrets {
            assert!(!has(&output, secret) && !has(&chunks, secret), "{secret} left");
        }
        assert_dates_are_zero(&output);
    }
}

/// Creation and modification time of each header are 0.
fn assert_dates_are_zero(file: &[u8]) {
    let mut headers = 0;
    for kind in [b"mvhd", b"tkhd", b"mdhd"] {
        for at in file.windows(4).enumerate().filter(|(_, w)| w == kind).map(|(at, _)| at) {
            let long = if file[at + 4] == 1 { 16 } else { 8 };
            assert!(file[at + 8..at + 8 + long].iter().all(|byte| *byte == 0));
            headers += 1;
        }
    }
    assert_eq!(headers, 5);
}
