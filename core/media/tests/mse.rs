//! What a page's MediaSource gets: one track an init segment, a new one when the picture's size
//! changes, fragments that stand alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use manyhands_media::gate::Gate;
use manyhands_media::output::{Base, Fmp4, OutputError};
use support::*;

#[test]
fn each_track_has_its_own_init_segment() {
    let (dir, path) = temp("in.mp4");
    let x264 = "-c:v libx264 -bf 2 -g 15";
    ffmpeg(&format!("{} {x264} -c:a libopus", pattern("320x240", "30", 2)), &path);
    let tracks = read_file(&path);
    let configs: Vec<_> = tracks.iter().map(|track| track.config.clone()).collect();
    let mut writer = Fmp4::new(&configs).with_base(Base::at(-10, 1));
    for (number, track) in tracks.iter().enumerate() {
        let mut segment = writer.init_for(number).unwrap();
        for units in track.units.chunks(7) {
            segment.extend(writer.fragment(number, units).unwrap());
        }
        let alone = dir.path().join(format!("{number}.mp4"));
        std::fs::write(&alone, segment).unwrap();
        plays_cleanly(&alone);
        let again = read_file(&alone).remove(0);
        assert_eq!(again.config, track.config);
        let shift = writer.base_ticks(number).unwrap();
        assert_eq!(shift, -10 * i64::from(track.config.timescale));
        for (before, after) in track.units.iter().zip(&again.units) {
            assert_eq!((before.dts - shift, before.pts - shift), (after.dts, after.pts));
            assert_eq!(before.data, after.data);
        }
    }
}

#[test]
fn a_new_size_is_a_new_init_segment_with_no_sets_in_the_pictures() {
    let (dir, list) = temp("list.txt");
    let mut lines = String::new();
    for (at, size) in ["640x360", "320x180"].iter().enumerate() {
        let part = dir.path().join(format!("{at}.mp4"));
        ffmpeg(&format!("{} -c:v libx264 -g 15 -an", pattern(size, "30", 1)), &part);
        lines += &format!("file '{}'\n", part.display());
    }
    std::fs::write(&list, lines).unwrap();
    let joined = dir.path().join("joined.mp4");
    ffmpeg(&format!("-f concat -safe 0 -i {} -c copy", list.display()), &joined);
    let track = through_chunks(&read_file(&joined)[0], &mut Gate::clean());
    assert_eq!(track.changes.len(), 2);
    let mut writer = Fmp4::new(&[track.changes[0].1.clone()]).with_base(Base::at(-1, 1));
    for (index, (from, config)) in track.changes.iter().enumerate() {
        let until = track.changes.get(index + 1).map_or(track.units.len(), |(at, _)| *at);
        writer.set_config(0, config.clone()).unwrap();
        let mut segment = writer.init_for(0).unwrap();
        segment.extend(writer.fragment(0, &track.units[*from..until]).unwrap());
        let alone = dir.path().join(format!("segment{index}.mp4"));
        std::fs::write(&alone, segment).unwrap();
        plays_cleanly(&alone);
        let again = read_file(&alone).remove(0);
        assert_eq!(again.config.codec.size(), config.codec.size());
        let data = again.units.iter().map(|unit| &unit.data);
        assert!(data.eq(track.units[*from..until].iter().map(|unit| &unit.data)));
    }
}

#[test]
fn what_mp4_can_not_say_is_an_error() {
    let (_dir, path) = temp("in.mp4");
    ffmpeg(&format!("{} -c:v libx264 -bf 2 -an", pattern("320x240", "30", 1)), &path);
    let track = read_file(&path).remove(0);
    let mut writer = Fmp4::new(std::slice::from_ref(&track.config));
    assert!(track.units[0].dts < 0, "pictures that are reordered are decoded before 0");
    let early = writer.fragment(0, &track.units);
    assert!(matches!(early, Err(OutputError::BeforeBase)));
    assert!(matches!(writer.fragment(1, &track.units), Err(OutputError::NoTrack(1))));
    assert!(writer.fragment(0, &[]).unwrap().is_empty());
    let mut far = track.units[5].clone();
    far.pts += 1 << 40;
    assert!(matches!(writer.fragment(0, &[far]), Err(OutputError::Time)));
}
