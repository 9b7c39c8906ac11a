//! When chunks close, what they say about themselves, and what is kept back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use manyhands_media::chunk::{self, ChunkBody, MAX_CHUNK_BYTES, MAX_UNITS};
use manyhands_media::{
    AacConfig, AccessUnit, Chunker, ClosedChunk, Codec, H264Config, MAX_UNIT_BYTES, Rotation,
    TrackConfig,
};

fn video() -> TrackConfig {
    let set = |byte| vec![Bytes::from(vec![byte, 0x42, 0, 30])];
    let (sps, pps, rotation) = (set(0x67), set(0x68), Rotation::None);
    let h264 = H264Config { sps, pps, width: 320, height: 240, rotation };
    TrackConfig { timescale: 1000, codec: Codec::H264(h264) }
}

fn audio() -> TrackConfig {
    let aac = AacConfig { sample_rate: 48_000, channels: 2 };
    TrackConfig { timescale: 48_000, codec: Codec::Aac(aac) }
}

fn unit(dts: i64, keyframe: bool, size: usize) -> AccessUnit {
    AccessUnit { dts, pts: dts, duration: 33, keyframe, data: vec![7; size].into() }
}

fn body(closed: &ClosedChunk) -> ChunkBody {
    let body = chunk::decode(&closed.plaintext).unwrap();
    assert_eq!(body.units.len(), closed.units);
    assert_eq!(body.config.is_some(), closed.keyframe && closed.units > 0);
    body
}

#[test]
fn every_tick_gives_a_chunk_even_without_a_unit() {
    let mut chunker = Chunker::new(100);
    for tick in 1..5 {
        let closed = chunker.tick(tick * 100).unwrap();
        assert_eq!((closed.capture_ms, closed.next_due_ms), (tick * 100, 100));
        assert!(!closed.keyframe && !closed.paused && body(&closed).units.is_empty());
    }
}

#[test]
fn video_before_the_first_keyframe_is_kept_back() {
    let mut chunker = Chunker::new(100);
    assert!(chunker.push(unit(0, true, 10), 0, None).is_none(), "no configuration yet");
    assert!(chunker.push(unit(33, false, 10), 33, Some(video())).is_none());
    assert!(body(&chunker.tick(100).unwrap()).units.is_empty());
    assert_eq!(chunker.dropped(), 2);
    chunker.push(unit(66, true, 10), 120, None);
    let closed = chunker.tick(200).unwrap();
    assert!(closed.keyframe);
    assert_eq!(body(&closed).config, Some(video()));
}

#[test]
fn a_keyframe_closes_early_and_opens_the_next() {
    let mut chunker = Chunker::new(100);
    chunker.push(unit(0, true, 10), 0, Some(video()));
    assert!(chunker.tick(100).unwrap().keyframe);
    chunker.push(unit(110, false, 10), 110, None);
    let early = chunker.push(unit(140, true, 10), 140, None).unwrap();
    assert_eq!((early.capture_ms, early.next_due_ms, early.units), (140, 60, 1));
    assert!(!early.keyframe);
    chunker.push(unit(170, false, 10), 170, None);
    let next = chunker.tick(200).unwrap();
    assert!(next.keyframe);
    assert_eq!(body(&next).units.iter().map(|unit| unit.dts).collect::<Vec<_>>(), [140, 170]);
}

#[test]
fn each_sound_chunk_carries_the_configuration() {
    let mut chunker = Chunker::new(100);
    chunker.push(unit(0, true, 10), 0, Some(audio()));
    chunker.push(unit(1024, true, 10), 20, None);
    assert_eq!(body(&chunker.tick(100).unwrap()).units.len(), 2);
    chunker.push(unit(2048, true, 10), 120, None);
    assert_eq!(body(&chunker.tick(200).unwrap()).config, Some(audio()));
    let silent = chunker.tick(300).unwrap();
    assert!(silent.keyframe && body(&silent).units.is_empty());
}

#[test]
fn a_paused_track_says_so_twice_a_second() {
    let mut chunker = Chunker::new(100);
    chunker.push(unit(0, true, 10), 0, Some(video()));
    chunker.set_paused(true);
    assert!(!chunker.tick(100).unwrap().paused, "what was pushed before goes out");
    let said: Vec<_> = (2..=20).filter_map(|tick| chunker.tick(tick * 100)).collect();
    assert!(said.iter().all(|chunk| chunk.paused && chunk.next_due_ms == 500));
    assert_eq!(said.iter().map(|c| c.capture_ms).collect::<Vec<_>>(), [200, 700, 1200, 1700]);
    chunker.set_paused(false);
    assert!(!chunker.tick(2100).unwrap().paused);
}

#[test]
fn chunks_stay_within_what_decoding_accepts() {
    let mut chunker = Chunker::new(100);
    chunker.push(unit(0, true, 10), 0, Some(audio()));
    let mut chunks = Vec::new();
    for at in 1..3 * MAX_UNITS as i64 {
        chunks.extend(chunker.push(unit(at, true, 10), 1, None));
    }
    for at in 0..5 {
        chunks.extend(chunker.push(unit(1_000_000 + at, true, MAX_UNIT_BYTES), 2, None));
    }
    chunks.extend(chunker.finish());
    assert!(chunks.iter().all(|chunk| chunk.plaintext.len() <= MAX_CHUNK_BYTES));
    let units: usize = chunks.iter().map(|chunk| body(chunk).units.len()).sum();
    assert_eq!(units, 3 * MAX_UNITS + 5);
    assert_eq!(chunker.dropped(), 0);
}

#[test]
fn after_a_picture_too_large_video_waits_for_a_keyframe() {
    let mut chunker = Chunker::new(100);
    chunker.push(unit(0, true, 10), 0, Some(video()));
    chunker.push(unit(33, false, MAX_UNIT_BYTES + 1), 33, None);
    chunker.push(unit(66, false, 10), 66, None);
    assert_eq!(body(&chunker.tick(100).unwrap()).units.len(), 1);
    assert_eq!(chunker.dropped(), 2);
    chunker.push(unit(133, true, 10), 133, None);
    assert!(chunker.finish().unwrap().keyframe);
    assert!(chunker.finish().is_none());
}
