//! The whole way as a shell uses it, over real sockets: encoders push, decoders pull, and what comes
//! out is what went in.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use manyhands_bindings::{
    AudioCodec, AudioTrack, Broadcaster, DeviceState, EndReason, Failure, Figures, Framing, GoLive,
    Heat, Join, LendingLimits, LendingOn, LendingReason, LendingSetup, NetworkKind, PlayState,
    SessionEvent, Times, VideoTrack, Viewer, inspect_link, new_channel,
};
use support::{Track, Unit};
use tokio::time::{sleep_until, timeout};

/// Nothing here takes longer on any machine that works.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOPBACK: &str = "127.0.0.1:0";

fn go_live(film: &[Track; 2]) -> GoLive {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let [picture, sound] = film;
    let video = VideoTrack {
        timescale: picture.timescale,
        bitrate: 400_000,
        rotation: 90,
        framing: Framing::Lengths,
    };
    let audio = AudioTrack {
        timescale: sound.timescale,
        bitrate: 96_000,
        codec: AudioCodec::Aac,
        sample_rate: 48_000,
        channels: 2,
    };
    GoLive {
        title: "A title".into(),
        keys: new_channel(),
        broadcast: 1,
        started_ms: now.as_millis() as u64,
        private: false,
        video: Some(video),
        audio: Some(audio),
        upload_limit_bps: None,
        picture: None,
        device: None,
        listen: LOOPBACK.into(),
    }
}

fn silent() -> [Track; 2] {
    let track = || Track { timescale: 48_000, sets: Vec::new(), units: Vec::new() };
    [track(), track()]
}

fn join(link: String) -> Arc<Viewer> {
    let listen = LOOPBACK.into();
    let framing = Framing::Lengths;
    Viewer::join(Join {
        link,
        framing,
        upload_limit_bps: None,
        lending: None,
        patience_ms: None,
        listen,
    })
    .unwrap()
}

/// Pushes a film as fast as it plays, each unit when it is due.
async fn play(broadcaster: &Broadcaster, film: &[Track; 2]) {
    broadcaster.set_parameter_sets(film[0].sets.clone()).unwrap();
    let due = |track: usize, unit: &Unit| unit.times.dts as f64 / f64::from(film[track].timescale);
    let mut all: Vec<(f64, usize, &Unit)> = Vec::new();
    for (number, track) in film.iter().enumerate() {
        all.extend(track.units.iter().map(|unit| (due(number, unit), number, unit)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (began, zero) = (Instant::now(), all[0].0);
    for (due, number, unit) in all {
        sleep_until((began + Duration::from_secs_f64(due - zero)).into()).await;
        let pushed = match number {
            0 => broadcaster.push_video(&unit.data, unit.times),
            _ => broadcaster.push_audio(&unit.data, unit.times),
        };
        pushed.unwrap();
    }
}

/// Holds what came against what went, from the first unit that came to the last that went.
fn compare(came: &[Unit], went: &Track) {
    let start = went.units.iter().position(|unit| unit.data == came[0].data).expect("its place");
    assert!(came[0].keyframe);
    assert!(start < went.units.len() / 2, "it began at {start} of {}", went.units.len());
    assert_eq!(came.len(), went.units.len() - start);
    for (came, went) in came.iter().zip(&went.units[start..]) {
        assert_eq!(came, went);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decoders_get_what_encoders_gave() {
    let film = support::film(6);
    let options = go_live(&film);
    let broadcaster = Broadcaster::go_live(options).unwrap();
    let viewer = join(broadcaster.link());
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    let watching = async {
        let video = async {
            while let Some(unit) = viewer.next_video_unit().await.unwrap() {
                if let Some(format) = &unit.format {
                    assert_eq!((format.width, format.height, format.rotation), (320, 180, 90));
                    assert_eq!(format.timescale, film[0].timescale);
                }
                assert_eq!(unit.format.is_some(), pictures.is_empty());
                pictures.push(Unit { data: unit.data, times: unit.times, keyframe: unit.keyframe });
            }
        };
        let audio = async {
            while let Some(unit) = viewer.next_audio_unit().await.unwrap() {
                if let Some(format) = &unit.format {
                    assert_eq!((format.sample_rate, format.channels), (48_000, 2));
                    assert_eq!(format.config, [0x11, 0x90], "AAC-LC, 48 kHz, two channels");
                }
                sounds.push(Unit { data: unit.data, times: unit.times, keyframe: true });
            }
        };
        tokio::join!(video, audio)
    };
    let playing = async {
        play(&broadcaster, &film).await;
        broadcaster.finish().await.expect("the last figures")
    };
    let (_, figures) = timeout(PATIENCE, async { tokio::join!(watching, playing) }).await.unwrap();
    assert!(figures.sent > 0);
    compare(&pictures, &film[0]);
    compare(&sounds, &film[1]);
    assert_eq!(viewer.title(), "A title");
    let mut last = None;
    while let Some(event) = timeout(PATIENCE, viewer.next_event()).await.unwrap().unwrap() {
        last = Some(event);
    }
    let Some(SessionEvent::Ended { reason, ran_ms }) = last else { panic!("{last:?}") };
    assert_eq!(reason, EndReason::Finished);
    assert!((5_000..60_000).contains(&ran_ms.unwrap()), "{ran_ms:?}");
    assert!(viewer.leave().await.unwrap().from_broadcaster > 0);
    let late = Times { dts: i64::MAX >> 12, pts: 0, duration: 1 };
    let pushed = broadcaster.push_audio(&[1], late);
    assert!(matches!(pushed, Err(Failure::Ended(_))), "{pushed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_ends_every_call_that_waits() {
    let broadcaster = Broadcaster::go_live(go_live(&silent())).unwrap();
    let viewer = join(broadcaster.link());
    let waiting = {
        let (viewer, broadcaster) = (viewer.clone(), broadcaster.clone());
        tokio::spawn(async move {
            // What happened comes first; then nothing does.
            let events = async { while let Ok(Some(_)) = viewer.next_event().await {} };
            let theirs = async { while let Ok(Some(_)) = broadcaster.next_event().await {} };
            let units = async { tokio::join!(viewer.next_video_unit(), viewer.next_audio_unit()) };
            let ((video, audio), (), ()) = tokio::join!(units, events, theirs);
            assert_eq!((video, audio), (Ok(None), Ok(None)));
        })
    };
    let joined = async {
        while viewer.figures().await.unwrap().peers == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, joined).await.expect("they find each other");
    let began = Instant::now();
    viewer.stop();
    broadcaster.stop();
    timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!(viewer.next_video_unit().await, Ok(None));
}

#[tokio::test]
async fn a_failure_has_a_kind_and_a_message() {
    let listen = || LOOPBACK.to_owned();
    let framing = Framing::StartCodes;
    let cut = Join {
        link: "abc".into(),
        framing,
        upload_limit_bps: None,
        lending: None,
        patience_ms: None,
        listen: listen(),
    };
    let Err(Failure::DamagedLink(message)) = Viewer::join(cut) else { panic!("a cut link") };
    assert!(message.contains("damaged"), "{message}");
    let film = silent();
    let refused = |options| matches!(Broadcaster::go_live(options), Err(Failure::BadOptions(_)));
    let mut short = go_live(&film);
    short.keys.seed.pop();
    assert!(refused(short));
    assert!(refused(GoLive { listen: "nowhere".into(), ..go_live(&film) }));
    assert!(refused(GoLive { video: None, audio: None, ..go_live(&film) }));
    let mut askew = go_live(&film);
    askew.video = askew.video.map(|video| VideoTrack { rotation: 45, ..video });
    assert!(refused(askew));
    let broadcaster = Broadcaster::go_live(go_live(&film)).unwrap();
    let times = Times { dts: 0, pts: 0, duration: 1 };
    let pushed = broadcaster.push_video(&[0, 0, 0, 9, 1], times);
    assert!(matches!(pushed, Err(Failure::BadUnit(_))), "{pushed:?}");
    assert_eq!(inspect_link(&broadcaster.link()).unwrap().hints.len(), 1);
}

#[tokio::test]
async fn what_a_device_reports_rules_what_it_gives() {
    let broadcaster = Broadcaster::go_live(go_live(&silent())).unwrap();
    let on = LendingOn { on: true, day_bytes: None, month_bytes: None };
    let off = LendingOn { on: false, ..on };
    let limits =
        LendingLimits { agreed: false, unmetered: on, metered: off, rate_bps: Some(4_000_000) };
    let device = DeviceState {
        network: NetworkKind::Wifi,
        metered: Some(false),
        roaming: false,
        data_saver: false,
        battery_percent: Some(80),
        charging: false,
        battery_saver: false,
        heat: Heat::Normal,
        in_call: false,
        live: false,
        play: PlayState::Foreground,
        utc_offset_s: 3600,
    };
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    let viewer = Viewer::join(Join {
        link: broadcaster.link(),
        framing: Framing::StartCodes,
        upload_limit_bps: None,
        lending: Some(LendingSetup {
            limits,
            device,
            ledger: Some(ledger.to_str().unwrap().to_owned()),
        }),
        patience_ms: None,
        listen: LOOPBACK.to_owned(),
    })
    .unwrap();
    assert_eq!(lends(&viewer, LendingReason::NotYet).await.upload_limit_bps, Some(0));
    viewer.set_lending(LendingLimits { agreed: true, ..limits }).await;
    assert_eq!(lends(&viewer, LendingReason::HalfBattery).await.upload_limit_bps, Some(2_000_000));
    viewer.set_device(DeviceState { network: NetworkKind::Mobile, metered: None, ..device }).await;
    assert_eq!(lends(&viewer, LendingReason::Mobile).await.upload_limit_bps, Some(0));
    viewer.leave().await.unwrap();
    assert!(ledger.exists());
}

/// Asks until that is the reason.
async fn lends(viewer: &Viewer, reason: LendingReason) -> Figures {
    let asking = async {
        loop {
            let figures = viewer.figures().await.unwrap();
            if figures.lending == Some(reason) {
                return figures;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{reason:?} never came"))
}
