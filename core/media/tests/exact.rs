//! The promise of `--output`: the same NAL units and audio frames with the same times, through
//! chunks and the gate into a file that ffprobe and ffmpeg read without a word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use manyhands_media::gate::Gate;
use manyhands_media::{AccessUnit, nals};
use std::path::Path;
use support::*;

/// NAL units of a picture without parameter sets, which a file may carry in its head instead.
fn content(unit: &AccessUnit, video: bool) -> Vec<Vec<u8>> {
    if !video {
        return vec![unit.data.to_vec()];
    }
    let nals = nals(&unit.data).map(|nal| nal.unwrap());
    nals.filter(|nal| !matches!(nal.kind(), 7 | 8)).map(|nal| nal.0.to_vec()).collect()
}

fn comes_back(input: &Path) -> Vec<Track> {
    let before = read_file(input);
    let chunked: Vec<_> =
        before.iter().map(|track| through_chunks(track, &mut Gate::exact())).collect();
    for (before, after) in before.iter().zip(&chunked) {
        assert_eq!(before.units, after.units, "chunks and gate keep every byte and time");
        assert_eq!(before.changes, after.changes);
    }
    let (_dir, output) = temp("out.mp4");
    let base = write_file(&chunked, &output);
    plays_cleanly(&output);
    let after = read_file(&output);
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        let shift = base.in_ticks(before.config.timescale);
        let video = before.config.codec.size().is_some();
        assert_eq!(before.config.timescale, after.config.timescale);
        assert_eq!(before.units.len(), after.units.len());
        for (b, a) in before.units.iter().zip(&after.units) {
            assert_eq!((b.dts - shift, b.pts - shift, b.keyframe), (a.dts, a.pts, a.keyframe));
            assert_eq!(content(b, video), content(a, video));
        }
        let kind = if video { "v" } else { "a" };
        let (_, theirs) = probe(&output, kind);
        let lag = after.units.iter().map(|unit| unit.dts - unit.pts).max().unwrap_or(0).max(0);
        let ours: Vec<_> = packets(&after.units)
            .into_iter()
            .map(|(pts, dts, size, key)| (pts + lag, dts, size, key))
            .collect();
        assert_eq!(ours, theirs, "ffprobe reads the same from what was written");
    }
    before
}

fn made_by_ffmpeg(args: &str) -> Vec<Track> {
    let (_dir, path) = temp("in.mp4");
    ffmpeg(args, &path);
    comes_back(&path)
}

const HIGH: &str = "-c:v libx264 -preset veryfast -profile:v high -bf 3 -g 30";
const BASELINE: &str = "-c:v libx264 -preset veryfast -profile:v baseline -g 24 -pix_fmt yuv420p";

#[test]
fn high_profile_with_b_frames_at_24_30_and_60() {
    for rate in ["24", "30", "60", "30000/1001"] {
        let tracks =
            made_by_ffmpeg(&format!("{} {HIGH} -c:a aac -ac 2", pattern("320x240", rate, 4)));
        assert!(tracks[0].units.iter().any(|unit| unit.pts > unit.dts + i64::from(unit.duration)));
        assert_eq!(tracks[1].config.codec.mime(), "mp4a.40.2");
    }
}

#[test]
fn baseline_with_mono_sound() {
    let tracks =
        made_by_ffmpeg(&format!("{} {BASELINE} -c:a aac -ac 1", pattern("640x360", "24", 4)));
    assert!(tracks[0].config.codec.mime().starts_with("avc1.42c0"));
    assert_eq!(tracks[1].config.codec.channels(), Some(1));
}

#[test]
fn variable_frame_rate() {
    let tracks = made_by_ffmpeg(&format!(
        "{} -vf select='not(mod(n\\,7))+not(mod(n\\,3))' -vsync vfr {HIGH} -c:a aac",
        pattern("320x240", "30", 6)
    ));
    let mut durations: Vec<_> = tracks[0].units.iter().map(|unit| unit.duration).collect();
    durations.sort_unstable();
    durations.dedup();
    assert!(durations.len() > 1, "the rate varies: {durations:?}");
}

#[test]
fn fragmented_files_of_several_kinds() {
    for flags in [
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+empty_moov+delay_moov",
        "cmaf+frag_keyframe",
        "frag_keyframe",
        "empty_moov+default_base_moof -frag_duration 200000",
    ] {
        let pattern = pattern("320x240", "30", 4);
        made_by_ffmpeg(&format!("{pattern} {HIGH} -c:a aac -movflags {flags}"));
    }
}

#[test]
fn files_of_other_encoders_and_muxers() {
    let tracks = [
        ("mp4mux", "x264enc key-int-max=30 bframes=2 ! h264parse", "voaacenc ! aacparse"),
        ("mp4mux fragment-duration=500", "x264enc key-int-max=15 ! h264parse", "opusenc"),
        ("mp4mux fragment-duration=500 streamable=true", "openh264enc gop-size=30 ! h264parse", ""),
        ("qtmux", "openh264enc ! h264parse", "voaacenc ! aacparse"),
        ("mp4mux", "x264enc ! h264parse ! video/x-h264,stream-format=avc3", "voaacenc ! aacparse"),
    ];
    for (muxer, video, audio) in tracks {
        let (_dir, path) = temp("gst.mp4");
        let raw = "video/x-raw,width=320,height=240,framerate=30/1,format=I420";
        let mut line = format!(
            "-q videotestsrc num-buffers=120 ! {raw} ! {video} ! queue ! m. \
             {muxer} name=m ! filesink location={}",
            path.display()
        );
        if !audio.is_empty() {
            let source = "audiotestsrc num-buffers=188 samplesperbuffer=1024";
            let raw = "audio/x-raw,rate=48000,channels=2";
            line += &format!(" {source} ! {raw} ! audioconvert ! {audio} ! queue ! m.");
        }
        run("gst-launch-1.0", &line.split_whitespace().collect::<Vec<_>>());
        let tracks = comes_back(&path);
        assert_eq!(tracks[0].units.len(), 120, "{muxer} {video}");
    }
}

#[test]
fn opus_video_only_audio_only() {
    let pattern = pattern("320x240", "30", 4);
    let tracks = made_by_ffmpeg(&format!("{pattern} {HIGH} -c:a libopus -ac 2"));
    assert_eq!(tracks[1].config.codec.mime(), "opus");
    assert_eq!(made_by_ffmpeg(&format!("{pattern} {HIGH} -an")).len(), 1);
    assert_eq!(made_by_ffmpeg(&format!("{pattern} -vn -c:a aac -ac 2")).len(), 1);
    assert_eq!(made_by_ffmpeg(&format!("{pattern} -vn -c:a libopus")).len(), 1);
}

#[test]
fn large_pictures_open_groups_and_many_slices() {
    let pattern = pattern("3840x2160", "30", 1);
    made_by_ffmpeg(&format!("{pattern} -c:v libx264 -preset ultrafast -g 15 -c:a aac"));
    let pattern = self::pattern("640x360", "30", 3);
    for params in ["open-gop=1:bframes=3", "slices=4", "interlaced=1", "cqm=jvt:8x8dct=1", "aud=1"]
    {
        made_by_ffmpeg(&format!("{pattern} -c:v libx264 -g 20 -x264-params {params} -c:a aac"));
    }
}

#[test]
fn an_edit_list_that_delays_sound_and_trims_the_start() {
    let (_dir, whole) = temp("whole.mp4");
    ffmpeg(&format!("{} {HIGH} -c:a aac", pattern("320x240", "30", 5)), &whole);
    let whole = whole.to_str().unwrap();
    let tracks =
        made_by_ffmpeg(&format!("-i {whole} -itsoffset 0.7 -i {whole} -map 0:v -map 1:a -c copy"));
    let first = &tracks[1].units[0];
    assert!(tracks[1].config.ticks_to_ms(first.pts) > 600, "sound starts late: {}", first.pts);
    let tracks = made_by_ffmpeg(&format!("-ss 1.5 -i {whole} -c copy"));
    assert!(tracks[0].units[0].pts < 0, "shown from the middle of a group");
}

#[test]
fn sizes_that_change_720_540_720() {
    let (dir, list) = temp("list.txt");
    let mut lines = String::new();
    for (at, size) in ["1280x720", "960x540", "1280x720"].iter().enumerate() {
        let part = dir.path().join(format!("{at}.mp4"));
        ffmpeg(&format!("{} {HIGH} -c:a aac", pattern(size, "30", 2)), &part);
        lines += &format!("file '{}'\n", part.display());
    }
    std::fs::write(&list, lines).unwrap();
    for flags in ["", "-movflags frag_keyframe+empty_moov+default_base_moof"] {
        let list = list.to_str().unwrap();
        let tracks = made_by_ffmpeg(&format!("-f concat -safe 0 -i {list} -c copy {flags}"));
        let sizes: Vec<_> =
            tracks[0].changes.iter().map(|(_, c)| c.codec.size().unwrap()).collect();
        assert_eq!(sizes, [(1280, 720), (960, 540), (1280, 720)]);
    }
}

#[test]
fn a_gap_of_hours_before_the_first_unit_is_not_shown() {
    use manyhands_media::output::{Base, Fmp4};
    let (_dir, path) = temp("in.mp4");
    ffmpeg(&format!("{} {HIGH} -c:a aac", pattern("320x240", "30", 2)), &path);
    let tracks = read_file(&path);
    let configs: Vec<_> = tracks.iter().map(|track| track.config.clone()).collect();
    let mut writer = Fmp4::new(&configs).with_base(Base::at(-40_000, 1));
    let mut late = writer.init().unwrap();
    for (number, track) in tracks.iter().enumerate() {
        late.extend(writer.fragment(number, &track.units).unwrap());
    }
    std::fs::write(&path, late).unwrap();
    let tracks = comes_back(&path);
    assert!(tracks[0].config.ticks_to_ms(tracks[0].units[0].dts) >= 39_900_000);
}
