// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use manyhands_media::AacConfig;

use super::*;
use crate::{BroadcastConfig, Channel, Finding, Relays, Secret, unix_ms};

/// An encoder's own sets (x264, baseline, 320x240) and slices that are told apart by their bytes.
const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x07, 0xec, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00,
    0x00, 0x0f, 0x03, 0xc5, 0x0a, 0xa8,
];
const PPS: &[u8] = &[0x68, 0xce, 0x0f, 0xc8];
const IDR: &[u8] = &[0x65, 0x88, 0x84, 0x01];
const SLICE: &[u8] = &[0x41, 0x9a, 0x02];

fn at(dts: i64) -> Times {
    Times { dts, pts: dts, duration: 1 }
}

fn start_codes(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&[0, 0, 0, 1], *nal].concat()).collect()
}

fn lengths(nals: &[&[u8]]) -> Vec<u8> {
    let prefixed = |nal: &&[u8]| [&(nal.len() as u32).to_be_bytes()[..], nal].concat();
    nals.iter().flat_map(prefixed).collect()
}

fn sound() -> AudioInput {
    let codec = Codec::Aac(AacConfig { sample_rate: 48_000, channels: 2 });
    AudioInput { config: TrackConfig { timescale: 48_000, codec }, bitrate: 64_000 }
}

fn picture(framing: Framing) -> VideoInput {
    VideoInput { timescale: 1000, bitrate: 500_000, rotation: Rotation::None, framing }
}

/// A feed into a broadcast whose task only runs while the test waits.
fn feed(framing: Framing) -> Feed {
    let encoders = Encoders::new(Some(picture(framing)), Some(sound())).unwrap();
    let config = BroadcastConfig {
        title: String::new(),
        channel: Channel::from_seed(Secret::new([1; 32])),
        invite: Secret::new([2; 16]),
        broadcast: 1,
        started_ms: unix_ms(),
        private: false,
        listen: ([127, 0, 0, 1], 0).into(),
        hints: Vec::new(),
        finding: Finding::default(),
        relays: Relays::default(),
        upload_limit: None,
        seed: 1,
        tracks: encoders.tracks(),
        picture: None,
        conditions: crate::Conditions::unrestricted(),
    };
    encoders.feed(Broadcast::start(config).unwrap().0)
}

#[tokio::test]
async fn sets_may_come_alone_in_front_or_apart() {
    let alone = feed(Framing::StartCodes);
    let key = start_codes(&[IDR]);
    assert_eq!(alone.push_video(&key, at(0)), Err(FeedError::NoParameterSets));
    assert_eq!(alone.push_video(&start_codes(&[SPS, PPS]), at(0)), Ok(()));
    assert_eq!(alone.push_video(&key, at(0)), Ok(()));
    let in_front = feed(Framing::StartCodes);
    assert_eq!(in_front.push_video(&start_codes(&[SPS, PPS, IDR]), at(0)), Ok(()));
    let apart = feed(Framing::Lengths);
    assert_eq!(apart.set_parameter_sets(&[SPS.to_vec(), PPS.to_vec()]), Ok(()));
    assert_eq!(apart.push_video(&lengths(&[IDR]), at(0)), Ok(()));
    assert_eq!(apart.push_video(&lengths(&[SLICE]), at(1)), Ok(()));
}

#[tokio::test]
async fn after_a_dropped_picture_nothing_goes_until_a_keyframe() {
    let feed = feed(Framing::StartCodes);
    let (key, other) = (start_codes(&[SPS, PPS, IDR]), start_codes(&[SLICE]));
    assert_eq!(feed.push_video(&other, at(0)), Err(FeedError::NoParameterSets));
    assert_eq!(feed.push_video(&key, at(0)), Ok(()));
    let mut time = 1;
    while feed.push_video(&other, at(time)) == Ok(()) {
        time += 1;
        assert!(time < 10_000, "the queue has no bound");
    }
    // There is room again, and the picture that would come first hangs on a dropped one.
    let room = async {
        while feed.push_audio(&[1], at(time)).is_err() {
            time += 1;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), room).await.expect("the broadcast takes units");
    assert_eq!(feed.push_video(&other, at(time)), Err(FeedError::Dropped));
    assert_eq!(feed.push_video(&key, at(time + 1)), Ok(()));
    assert_eq!(feed.push_video(&other, at(time + 2)), Ok(()));
}

#[tokio::test]
async fn units_out_of_shape_are_refused() {
    let feed = feed(Framing::Lengths);
    feed.set_parameter_sets(&[SPS.to_vec(), PPS.to_vec()]).unwrap();
    let malformed = |pushed| matches!(pushed, Err(FeedError::Malformed(_)));
    assert!(malformed(feed.push_video(&[], at(0))));
    assert!(malformed(feed.push_video(&[0, 0, 0, 9, 1], at(0))));
    assert!(malformed(feed.push_video(&vec![0; MAX_UNIT_BYTES + 1], at(0))));
    assert!(malformed(feed.push_audio(&[1], at(i64::MIN))));
    assert!(malformed(feed.set_parameter_sets(&[vec![0x67], PPS.to_vec()])));
    assert_eq!(feed.push_video(&lengths(&[IDR]), at(5)), Ok(()));
    let backwards = Err(FeedError::Backwards { dts: 5, last: 5 });
    assert_eq!(feed.push_video(&lengths(&[SLICE]), at(5)), backwards);
}

#[test]
fn encoders_that_can_not_be_broadcast_are_refused() {
    let refused = |video, audio| Encoders::new(video, audio).is_err();
    assert!(refused(None, None));
    assert!(refused(Some(VideoInput { timescale: 0, ..picture(Framing::Lengths) }), None));
    let mut odd = sound();
    odd.config.codec = Codec::Aac(AacConfig { sample_rate: 44_000, channels: 2 });
    assert!(refused(None, Some(odd)));
    let mut many = sound();
    many.config.codec = Codec::Aac(AacConfig { sample_rate: 48_000, channels: 6 });
    assert!(refused(None, Some(many)));
    assert!(!refused(None, Some(sound())));
}

#[test]
fn a_start_code_takes_the_place_of_a_length() {
    let unit = lengths(&[IDR, SLICE]);
    let framed_so = |kind, framing| framed(kind, &unit, framing);
    assert_eq!(framed_so(TrackKind::Video, Framing::StartCodes), start_codes(&[IDR, SLICE]));
    assert_eq!(framed_so(TrackKind::Video, Framing::Lengths), unit);
    assert_eq!(framed_so(TrackKind::Audio, Framing::StartCodes), unit);
}
