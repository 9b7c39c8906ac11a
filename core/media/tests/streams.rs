//! Encoders on standard input, files that repeat, and files with several descriptions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use manyhands_media::input::{self, Looped, Source};
use support::*;

#[test]
fn what_ffmpeg_writes_to_a_pipe() {
    for flags in [
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+empty_moov+default_base_moof+delay_moov",
        "cmaf+frag_keyframe",
        "frag_every_frame+empty_moov+default_base_moof",
    ] {
        let args = format!(
            "-v error {} -c:v libx264 -bf 2 -g 30 -c:a aac -f mp4 -movflags {flags}",
            pattern("320x240", "30", 4)
        );
        let mut child = Command::new("ffmpeg")
            .args(args.split_whitespace())
            .arg("-")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("ffmpeg is needed for this test: {error}"));
        let piped = read_all(&mut *input::from_reader(child.stdout.take().unwrap()).unwrap());
        assert!(child.wait().unwrap().success());
        assert_eq!(piped[0].units.len(), 120, "{flags}");
        assert!(piped[1].units.len() >= 188, "{flags}");
        let (_dir, path) = temp("out.mp4");
        write_file(&piped, &path);
    }
}

/// Gives a file's bytes and counts how many were asked for.
struct Counted {
    bytes: std::io::Cursor<Vec<u8>>,
    given: Arc<AtomicUsize>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let got = self.bytes.read(out)?;
        self.given.fetch_add(got, Ordering::Relaxed);
        Ok(got)
    }
}

#[test]
fn a_live_stream_is_not_read_ahead_further_than_needed() {
    let (_dir, path) = temp("in.mp4");
    ffmpeg(
        &format!(
            "{} -c:v libx264 -bf 0 -g 30 -c:a aac \
             -movflags frag_keyframe+empty_moov+default_base_moof",
            pattern("320x240", "30", 8)
        ),
        &path,
    );
    let bytes = std::fs::read(&path).unwrap();
    let size = bytes.len();
    let given = Arc::new(AtomicUsize::new(0));
    let reader = Counted { bytes: std::io::Cursor::new(bytes), given: given.clone() };
    let mut source = input::from_reader(reader).unwrap();
    assert!(given.load(Ordering::Relaxed) < 4096, "only the head is needed to begin");
    let mut pictures = 0;
    while let Some(found) = source.next_unit().unwrap() {
        pictures += usize::from(found.track == 0);
        // All 30 pictures of a group come out of its own fragment.
        let groups = pictures.div_ceil(30).max(1);
        let share = given.load(Ordering::Relaxed) as f64 / size as f64;
        assert!(share <= (groups as f64 + 0.7) / 8.0 || groups >= 7, "{share} at {pictures}");
    }
    assert_eq!(pictures, 240);
}

#[test]
fn a_repeated_file_has_neither_gap_nor_overlap_and_comes_in_order() {
    for (video, audio) in [
        ("-c:v libx264 -bf 3 -g 30", "-c:a aac"),
        ("-c:v libx264 -bf 0", "-c:a libopus -t 2.5"),
        ("-c:v libx264 -bf 2", "-an"),
        ("-vn", "-c:a aac"),
    ] {
        let (_dir, path) = temp("in.mp4");
        ffmpeg(&format!("{} {video} {audio}", pattern("320x240", "30", 2)), &path);
        let once = read_file(&path);
        let mut looped = Looped::open(&path).unwrap();
        let wanted: usize = 3 * once.iter().map(|track| track.units.len()).sum::<usize>();
        let mut ends: Vec<Option<i64>> = vec![None; once.len()];
        let mut gaps = vec![0; once.len()];
        let mut before = f64::MIN;
        for _ in 0..wanted {
            let found = looped.next_unit().unwrap().unwrap();
            let at = found.unit.dts as f64 / f64::from(looped.tracks()[found.track].timescale);
            assert!(at >= before - 1e-5, "{at} s after {before} s");
            before = at;
            if let Some(end) = ends[found.track] {
                assert!(found.unit.dts >= end, "overlap: {} after {end}", found.unit.dts);
                gaps[found.track] += found.unit.dts - end;
            }
            ends[found.track] = Some(found.unit.end());
        }
        let seamless = gaps.iter().zip(&once).filter(|(gap, track)| {
            let turns = 2;
            **gap <= turns && track.units.len() > 1
        });
        assert!(seamless.count() >= 1, "the longest track has no gap: {gaps:?}");
    }
}

#[test]
fn several_sample_descriptions_in_a_plain_file() {
    let (_dir, path) = temp("two.mp4");
    let part = |size: &str| {
        let (_dir, path) = temp("in.mp4");
        let x264 = "-c:v libx264 -bf 0 -g 15 -an";
        ffmpeg(&format!("{} {x264}", pattern(size, "30", 1)), &path);
        read_file(&path).remove(0)
    };
    let (large, small) = (part("640x360"), part("320x240"));
    write_two_descriptions(&large, &small, 0, &path);
    let both = read_file(&path).remove(0);
    let sizes: Vec<_> =
        both.changes.iter().map(|(at, config)| (*at, config.codec.size().unwrap())).collect();
    assert_eq!(sizes, [(0, (640, 360)), (30, (320, 240))]);
    let data = |track: &Track| track.units.iter().map(|unit| unit.data.clone()).collect::<Vec<_>>();
    assert_eq!(data(&both), [data(&large), data(&small)].concat());

    // Written to one file, the second sets stand in front of its keyframes.
    let (_dir, output) = temp("out.mp4");
    write_file(std::slice::from_ref(&both), &output);
    plays_cleanly(&output);
    let again = read_file(&output).remove(0);
    assert_eq!(again.changes.len(), 2);
    assert_eq!(again.changes[1].1.codec, both.changes[1].1.codec);
}

#[test]
fn a_file_of_six_gigabytes_is_read_where_its_samples_lie() {
    let (_dir, path) = temp("huge.mp4");
    let (_small, small) = temp("in.mp4");
    ffmpeg(&format!("{} -c:v libx264 -bf 0 -g 15 -an", pattern("320x240", "30", 1)), &small);
    let part = read_file(&small).remove(0);
    write_two_descriptions(&part, &part, 6 << 30, &path);
    assert!(std::fs::metadata(&path).unwrap().len() > 6 << 30);
    let before = peak_memory_kb();
    let track = read_file(&path).remove(0);
    assert_eq!(track.units.len(), 60);
    assert_eq!(track.units[0].data, part.units[0].data);
    let grown = peak_memory_kb() - before;
    assert!(grown < 64 << 10, "{grown} kB more");
}

/// The most memory that this process ever had, in kB.
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A plain file, its index last and with 64-bit offsets, of two parts with their own description,
/// behind a hole of some bytes.
fn write_two_descriptions(first: &Track, second: &Track, hole: u64, path: &std::path::Path) {
    use manyhands_media::output::Fmp4;
    use mp4_atom::{
        Co64, Decode, Encode, Moov, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry,
    };
    use std::io::{Seek, SeekFrom, Write};
    let moov = |track: &Track| {
        let head = Fmp4::new(std::slice::from_ref(&track.config)).init().unwrap();
        let at = head.windows(4).position(|w| w == b"moov").unwrap() - 4;
        Moov::decode(&mut &head[at..]).unwrap()
    };
    let mut out = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
    let units: Vec<_> = first.units.iter().chain(&second.units).collect();
    let total: usize = units.iter().map(|unit| unit.data.len()).sum();
    out.extend_from_slice(b"\0\0\0\x01mdat");
    out.extend_from_slice(&(hole + total as u64 + 16).to_be_bytes());
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&out).unwrap();
    let start = file.seek(SeekFrom::Current(hole as i64)).unwrap();
    out.clear();
    let mut offsets = Vec::new();
    for unit in &units {
        offsets.push(start + out.len() as u64);
        out.extend_from_slice(&unit.data);
    }
    let mut movie = moov(first);
    movie.mvex = None;
    let stbl = &mut movie.trak[0].mdia.minf.stbl;
    stbl.stsd.codecs.extend(moov(second).trak.remove(0).mdia.minf.stbl.stsd.codecs);
    let delta = first.units[0].duration;
    stbl.stts =
        Stts { entries: vec![SttsEntry { sample_count: units.len() as u32, sample_delta: delta }] };
    let run = |first_chunk, sample_description_index| StscEntry {
        first_chunk,
        samples_per_chunk: 1,
        sample_description_index,
    };
    stbl.stsc = Stsc { entries: vec![run(1, 1), run(first.units.len() as u32 + 1, 2)] };
    let sizes = units.iter().map(|unit| unit.data.len() as u32).collect();
    stbl.stsz = Stsz { samples: StszSamples::Different { sizes } };
    stbl.stco = None;
    stbl.co64 = Some(Co64 { entries: offsets });
    let keys = (1..).zip(&units).filter(|(_, unit)| unit.keyframe).map(|(at, _)| at).collect();
    stbl.stss = Some(Stss { entries: keys });
    movie.encode(&mut out).unwrap();
    file.write_all(&out).unwrap();
}

#[test]
fn rotation_is_carried() {
    let (_dir, path) = temp("in.mp4");
    let (_other, turned) = temp("turned.mp4");
    ffmpeg(&format!("{} -c:v libx264 -an", pattern("320x240", "30", 1)), &path);
    let from = path.to_str().unwrap();
    ffmpeg(&format!("-i {from} -c copy -metadata:s:v rotate=90"), &turned);
    let tracks = read_file(&turned);
    let turn = tracks[0].config.codec.rotation().unwrap();
    let (_dir, output) = temp("out.mp4");
    write_file(&tracks, &output);
    assert_eq!(read_file(&output)[0].config.codec.rotation(), Some(turn));
    let shown = |path: &std::path::Path| {
        let args = ["-v", "error", "-show_entries", "stream_side_data=rotation", "-of", "csv=p=0"];
        run("ffprobe", &[&args[..], &[path.to_str().unwrap()]].concat()).trim().to_owned()
    };
    assert_eq!(shown(&turned), shown(&output));
    let degrees: i32 = shown(&output).parse().unwrap();
    assert_eq!((-degrees).rem_euclid(360), i32::from(turn.degrees()));
}

#[test]
fn the_mp4_crate_reads_the_same_samples_from_a_plain_file() {
    let (_dir, path) = temp("in.mp4");
    let args = format!("{} -c:v libx264 -bf 2 -c:a aac", pattern("320x240", "30", 2));
    ffmpeg(&args, &path);
    let ours = read_file(&path);
    let file = std::fs::File::open(&path).unwrap();
    let size = file.metadata().unwrap().len();
    let mut theirs = mp4::Mp4Reader::read_header(std::io::BufReader::new(file), size).unwrap();
    for track in &ours {
        let is_video = track.config.codec.size().is_some();
        let wanted = if is_video { mp4::TrackType::Video } else { mp4::TrackType::Audio };
        let id = *theirs
            .tracks()
            .iter()
            .find(|(_, track)| track.track_type().unwrap() == wanted)
            .map(|(id, _)| id)
            .unwrap();
        assert_eq!(theirs.sample_count(id).unwrap() as usize, track.units.len());
        // The edit list shifts ours.
        let shift = track.units[0].dts;
        for (number, unit) in (1..).zip(&track.units) {
            let sample = theirs.read_sample(id, number).unwrap().unwrap();
            assert_eq!(sample.bytes, unit.data);
            assert_eq!(sample.start_time as i64, unit.dts - shift);
            assert_eq!(i64::from(sample.rendering_offset), unit.pts - unit.dts);
            assert_eq!(sample.duration, unit.duration);
        }
    }
}

#[test]
fn a_track_that_is_announced_and_never_comes_holds_nothing_up() {
    use manyhands_media::output::{Base, Fmp4};
    let (_dir, path) = temp("in.mp4");
    ffmpeg(&format!("{} -c:v libx264 -bf 2 -c:a aac", pattern("160x120", "30", 6)), &path);
    let tracks = read_file(&path);
    let configs: Vec<_> = tracks.iter().map(|track| track.config.clone()).collect();
    let mut writer = Fmp4::new(&configs).with_base(Base::at(-1, 1));
    let mut silent = writer.init().unwrap();
    for units in tracks[0].units.chunks(10) {
        silent.extend(writer.fragment(0, units).unwrap());
    }
    let given = Arc::new(AtomicUsize::new(0));
    let all = silent.len();
    let reader = Counted { bytes: std::io::Cursor::new(silent), given: given.clone() };
    let mut source = input::from_reader(reader).unwrap();
    assert_eq!(source.tracks().len(), 2);
    let first = source.next_unit().unwrap().unwrap();
    assert_eq!(first.track, 0);
    assert!(given.load(Ordering::Relaxed) < all * 3 / 4, "it waits for three seconds at most");
    let mut pictures = 1;
    while source.next_unit().unwrap().is_some() {
        pictures += 1;
    }
    assert_eq!(pictures, tracks[0].units.len());
}
