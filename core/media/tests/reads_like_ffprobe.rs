//! What we read from a file is what ffprobe, an independent reader, sees in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::*;

fn agrees(args: &str) {
    let (_dir, path) = temp("in.mp4");
    ffmpeg(args, &path);
    for track in read_file(&path) {
        let kind = match track.config.kind() {
            manyhands_media::TrackKind::Video => "v",
            manyhands_media::TrackKind::Audio => "a",
        };
        let (timescale, theirs) = probe(&path, kind);
        assert_eq!(track.config.timescale, timescale, "{args}");
        let ours = packets(&track.units);
        // ffmpeg's reader puts a track with negative composition offsets later by the largest of
        // them; ISO/IEC 14496-12 8.6.1.3 knows no such shift.
        let shift = ours.iter().map(|(pts, dts, ..)| dts - pts).max().unwrap_or(0).max(0);
        let theirs: Vec<Packet> =
            theirs.into_iter().map(|(pts, dts, size, key)| (pts - shift, dts, size, key)).collect();
        assert_eq!(ours, theirs, "{kind} of {args}");
        assert!(!theirs.is_empty());
    }
}

#[test]
fn plain_files() {
    let high = "-c:v libx264 -preset veryfast -bf 2 -g 30";
    for (rate, video, audio) in [
        ("30", high, "-c:a aac"),
        ("24", "-c:v libx264 -profile:v baseline -g 24 -pix_fmt yuv420p", "-c:a aac -ac 2"),
        ("60", "-c:v libx264 -bf 3 -g 60 -x264-params open-gop=1", "-c:a libopus -strict -2"),
        ("30000/1001", high, "-an"),
        ("30", "-vn", "-c:a aac -ac 2"),
    ] {
        agrees(&format!("{} {video} {audio}", pattern("320x240", rate, 3)));
    }
}

#[test]
fn fragmented_files() {
    for flags in [
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+empty_moov+default_base_moof+delay_moov",
        "cmaf+frag_keyframe",
        "frag_keyframe",
        "frag_every_frame+empty_moov",
        "frag_keyframe+separate_moof+empty_moov",
    ] {
        agrees(&format!(
            "{} -c:v libx264 -bf 2 -g 15 -c:a aac -movflags {flags}",
            pattern("320x240", "30", 3)
        ));
    }
}
