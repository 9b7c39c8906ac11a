//! What a reader of the ring sees, by the payloads of its frames.

use super::*;

const VIDEO: u8 = 0;
const AUDIO: u8 = 1;

fn ring() -> Ring {
    let mut ring = Ring::default();
    init(&mut ring, VIDEO, "video/mp4", "v1");
    init(&mut ring, AUDIO, "audio/mp4", "a1");
    ring
}

fn init(ring: &mut Ring, track: u8, mime: &str, name: &str) {
    let bytes = Bytes::copy_from_slice(name.as_bytes());
    ring.push(Media::Init { track, mime: mime.into(), bytes });
}

fn fragment(ring: &mut Ring, track: u8, keyframe: bool, release_ms: u64) {
    sized(ring, track, keyframe, release_ms, 4);
}

fn sized(ring: &mut Ring, track: u8, keyframe: bool, release_ms: u64, size: usize) {
    let bytes = Bytes::from(vec![0; size]);
    ring.push(Media::Fragment { track, keyframe, release_ms, bytes });
}

/// One second of both tracks with a keyframe at its start.
fn second(ring: &mut Ring, start_ms: u64) {
    for tick in 0..10 {
        fragment(ring, VIDEO, tick == 0, start_ms + tick * 100);
        fragment(ring, AUDIO, true, start_ms + tick * 100);
    }
}

fn drain(ring: &Ring, place: &mut Place) -> Vec<String> {
    std::iter::from_fn(|| ring.read(place)).map(|frame| told(&frame)).collect()
}

/// `init v1`, `0@1000 key`, `skipped`.
fn told(frame: &[u8]) -> String {
    match frame[0] {
        1 => format!("init {}", String::from_utf8_lossy(&frame[6 + 2 + 9..])),
        2 => {
            let ms = u64::from_be_bytes(frame[7..15].try_into().unwrap());
            format!("{}@{ms}{}", frame[1], if frame[6] == 1 { " key" } else { "" })
        }
        4 => "skipped".into(),
        kind => format!("kind {kind}"),
    }
}

#[test]
fn a_new_page_gets_the_configurations_and_all_from_the_newest_keyframe() {
    let mut ring = ring();
    second(&mut ring, 0);
    second(&mut ring, 1_000);
    let seen = drain(&ring, &mut Place::default());
    assert_eq!(&seen[..4], ["init v1", "init a1", "0@1000 key", "1@1000 key"]);
    assert_eq!(seen.len(), 22);
}

#[test]
fn a_page_that_is_there_before_the_first_keyframe_starts_with_it() {
    let mut ring = ring();
    let mut place = Place::default();
    fragment(&mut ring, VIDEO, false, 0);
    fragment(&mut ring, AUDIO, true, 0);
    assert!(drain(&ring, &mut place).is_empty());
    fragment(&mut ring, VIDEO, true, 100);
    assert_eq!(drain(&ring, &mut place), ["init v1", "init a1", "0@100 key"]);
}

#[test]
fn a_slow_page_is_told_and_goes_on_at_the_newest_keyframe() {
    let mut ring = ring();
    let mut place = Place::default();
    second(&mut ring, 0);
    drain(&ring, &mut place);
    fragment(&mut ring, VIDEO, false, 1_000);
    for start in 2..20 {
        second(&mut ring, start * 1_000);
    }
    let seen = drain(&ring, &mut place);
    assert_eq!(&seen[..2], ["skipped", "0@19000 key"]);
}

#[test]
fn a_late_page_misses_nothing() {
    let mut ring = ring();
    let mut place = Place::default();
    second(&mut ring, 0);
    drain(&ring, &mut place);
    second(&mut ring, 1_000);
    second(&mut ring, 2_000);
    assert_eq!(drain(&ring, &mut place).len(), 40);
}

#[test]
fn a_changed_configuration_comes_right_before_the_fragment_that_needs_it() {
    let mut ring = ring();
    let mut place = Place::default();
    fragment(&mut ring, VIDEO, true, 0);
    drain(&ring, &mut place);
    fragment(&mut ring, VIDEO, false, 100);
    init(&mut ring, VIDEO, "video/mp4", "v2");
    fragment(&mut ring, VIDEO, true, 200);
    assert_eq!(drain(&ring, &mut place), ["0@100", "init v2", "0@200 key"]);
}

#[test]
fn memory_stays_bounded_whatever_is_pushed() {
    let mut ring = ring();
    for tick in 0..2_000 {
        sized(&mut ring, VIDEO, tick == 0, tick * 10, 100_000);
        assert!(ring.bytes <= MAX_BYTES);
    }
    sized(&mut ring, VIDEO, true, 20_000, MAX_BYTES + 1);
    assert!(ring.bytes <= MAX_BYTES);
}

#[test]
fn a_group_without_end_is_let_go_and_new_pages_wait_for_a_keyframe() {
    let mut ring = ring();
    for tick in 0..200 {
        fragment(&mut ring, VIDEO, tick == 0, tick * 100);
    }
    let mut place = Place::default();
    assert!(drain(&ring, &mut place).is_empty());
    fragment(&mut ring, VIDEO, true, 20_000);
    assert_eq!(drain(&ring, &mut place).last().unwrap(), "0@20000 key");
}

#[test]
fn with_the_camera_off_a_new_page_gets_the_sound_alone() {
    let mut ring = ring();
    second(&mut ring, 0);
    for tick in 10..90 {
        fragment(&mut ring, AUDIO, true, tick * 100);
    }
    let seen = drain(&ring, &mut Place::default());
    assert_eq!(seen, ["init a1", "1@8900 key"]);
}

#[test]
fn a_timeline_that_starts_again_forgets_the_old_one() {
    let mut ring = ring();
    let mut place = Place::default();
    second(&mut ring, 60_000);
    drain(&ring, &mut place);
    second(&mut ring, 61_000);
    second(&mut ring, 0);
    let seen = drain(&ring, &mut place);
    assert_eq!(&seen[..2], ["skipped", "0@0 key"]);
    assert_eq!(drain(&ring, &mut Place::default()).len(), 22);
}

#[test]
fn media_of_an_undeclared_track_is_not_kept() {
    let mut ring = ring();
    fragment(&mut ring, 7, true, 0);
    assert!(drain(&ring, &mut Place::default()).is_empty());
}
