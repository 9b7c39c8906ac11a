// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use manyhands_media::{AacConfig, Codec, H264Config, Rotation};
use tokio::time::timeout;

use super::*;

/// Nothing here takes longer on any machine that works.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(codec: Codec) -> TrackConfig {
    TrackConfig { timescale: 1000, codec }
}

fn picture() -> TrackConfig {
    let (sps, pps, rotation) = (Vec::new(), Vec::new(), Rotation::None);
    config(Codec::H264(H264Config { sps, pps, width: 1, height: 1, rotation }))
}

fn sound() -> TrackConfig {
    config(Codec::Aac(AacConfig { sample_rate: 48_000, channels: 1 }))
}

fn released(track: u8, dts: i64, keyframe: bool, config: Option<TrackConfig>) -> Released {
    let unit = AccessUnit { dts, pts: dts, duration: 1, keyframe, data: Bytes::new() };
    Released { track, config, unit, capture_us: dts }
}

struct Session {
    units: Sender<Released>,
    events: Sender<Event>,
    closer: Closer,
    rows: Rows,
}

/// A session whose task runs only while the test waits.
fn session() -> Session {
    let (units, unit_inbox) = mpsc::channel(4 * ROW);
    let (events, event_inbox) = mpsc::channel(4);
    let closer = Closer::new();
    let rows = Outputs { units: unit_inbox, events: event_inbox }.rows(&closer);
    Session { units, events, closer, rows }
}

async fn next<T>(pull: &Pull<T>) -> Result<Option<T>, EndReason> {
    timeout(PATIENCE, pull.next()).await.expect("an answer in time")
}

#[tokio::test]
async fn each_decoder_gets_its_units_and_the_end() {
    let Session { units, events, closer: _closer, rows } = session();
    units.try_send(released(0, 0, true, Some(picture()))).unwrap();
    units.try_send(released(1, 7, true, Some(sound()))).unwrap();
    units.try_send(released(0, 1, false, None)).unwrap();
    events.try_send(Event::Ended { reason: EndReason::Finished, ran_ms: None }).unwrap();
    let heard = next(&rows.audio).await.unwrap().unwrap();
    assert_eq!((heard.unit.dts, heard.changed, heard.config.kind()), (7, true, TrackKind::Audio));
    for (dts, changed) in [(0, true), (1, false)] {
        let seen = next(&rows.video).await.unwrap().unwrap();
        assert_eq!((seen.unit.dts, seen.changed, &*seen.config), (dts, changed, &picture()));
    }
    assert!(next(&rows.video).await.unwrap().is_none());
    assert_eq!(
        next(&rows.events).await,
        Ok(Some(Event::Ended { reason: EndReason::Finished, ran_ms: None }))
    );
}

#[tokio::test]
async fn an_end_that_nobody_wanted_is_an_error() {
    let Session { events, closer: _closer, rows, .. } = session();
    events.try_send(Event::Ended { reason: EndReason::Unreachable, ran_ms: None }).unwrap();
    assert_eq!(next(&rows.video).await.err(), Some(EndReason::Unreachable));
    assert!(next(&rows.events).await.unwrap().is_some());
    let killed = session();
    drop(killed.events);
    assert_eq!(next(&killed.rows.audio).await.err(), Some(EndReason::Unreachable));
}

#[tokio::test]
async fn a_slow_picture_holds_nothing_up_and_goes_on_at_a_keyframe() {
    let Session { units, events: _events, closer: _closer, rows } = session();
    units.try_send(released(0, 0, true, Some(picture()))).unwrap();
    let last = ROW as i64 + 20;
    for dts in 1..=last {
        units.try_send(released(0, dts, false, None)).unwrap();
    }
    units.try_send(released(1, 0, true, Some(sound()))).unwrap();
    assert!(next(&rows.audio).await.unwrap().is_some(), "sound goes on");
    for dts in 0..ROW as i64 {
        assert_eq!(next(&rows.video).await.unwrap().unwrap().unit.dts, dts);
    }
    for (dts, keyframe) in [(last + 1, false), (last + 2, true), (last + 3, false)] {
        units.try_send(released(0, dts, keyframe, None)).unwrap();
    }
    assert_eq!(next(&rows.video).await.unwrap().unwrap().unit.dts, last + 2);
    assert_eq!(next(&rows.video).await.unwrap().unwrap().unit.dts, last + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_what_waits_and_what_comes() {
    let Session { units: _units, events: _events, closer, rows } = session();
    let rows = Arc::new(rows);
    let waiting = tokio::spawn({
        let rows = rows.clone();
        async move { next(&rows.video).await.unwrap().is_none() }
    });
    let began = Instant::now();
    closer.close();
    assert!(waiting.await.unwrap());
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert!(next(&rows.audio).await.unwrap().is_none());
    assert!(next(&rows.events).await.unwrap().is_none());
}
