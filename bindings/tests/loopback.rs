//! The whole way as a shell uses it, over real sockets: encoders push, decoders pull, and what comes
//! out is what went in.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use manyhands_bindings::{
    Broadcaster, DeviceState, EndReason, Failure, Figures, GoLive, Join, LendingLimits, LendingOn,
    LendingReason, LendingSetup, NetworkKind, SessionEvent, Times, VideoTrack, Viewer,
    given_so_far, inspect_link, open_link, share_forms,
};
use support::shell::{PATIENCE, go_live, join, joining, on_wifi, play, silent};
use support::{Track, Unit};
use tokio::time::timeout;

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

/// B24: what is copied or sent holds exactly one whole link.
#[test]
fn a_link_is_shared_whole_with_a_web_address_or_without() {
    let broadcaster = Broadcaster::go_live(go_live(&silent())).unwrap();
    let link = broadcaster.link();
    for (host, tappable) in [(None, false), (Some("example.org"), true)] {
        let shared = share_forms(&link, host.map(str::to_owned)).unwrap();
        assert_eq!(inspect_link(&shared.link).unwrap(), inspect_link(&link).unwrap());
        assert_eq!(shared.tappable, tappable);
        assert_eq!(shared.code.len(), (shared.code_side * shared.code_side) as usize);
        assert!(shared.code.contains(&0) && shared.code.contains(&1));
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

/// The broadcaster has a socket for IPv4 alone, the second viewer one for IPv6 alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_reach_only_another_viewer_gets_all_of_it_from_there() {
    let film = support::film(6);
    let broadcaster = Broadcaster::go_live(go_live(&film)).unwrap();
    let first =
        Viewer::join(Join { listen: "[::]:0".into(), ..joining(broadcaster.link()) }).unwrap();
    let port = first.addresses()[0].rsplit_once(':').unwrap().1.to_owned();
    let near = joining(broadcaster.link());
    let near = Join { listen: "[::1]:0".into(), local: true, local_by_shell: true, ..near };
    let second = Viewer::join(near).unwrap();
    assert!(!second.is_marked(&[7; 16]), "nobody's mark");
    second.found(format!("[::1]:{port}")).await.unwrap();
    assert!(matches!(second.found("nowhere".into()).await, Err(Failure::BadOptions(_))));
    let joined = async {
        while !matches!(second.next_event().await, Ok(Some(SessionEvent::Joined { .. }))) {}
    };
    timeout(PATIENCE, joined).await.expect("the second finds the first");
    let watching = async {
        let mut pictures = Vec::new();
        while let Some(unit) = second.next_video_unit().await.unwrap() {
            pictures.push(Unit { data: unit.data, times: unit.times, keyframe: unit.keyframe });
        }
        pictures
    };
    let playing = async {
        play(&broadcaster, &film).await;
        let helping = first.figures().await.unwrap().helping;
        broadcaster.finish().await.expect("the last figures");
        helping
    };
    let both = async { tokio::join!(watching, playing) };
    let (pictures, helping) = timeout(PATIENCE, both).await.unwrap();
    compare(&pictures, &film[0]);
    assert_eq!(helping, 1);
    let figures = second.leave().await.unwrap();
    assert_eq!(figures.from_broadcaster, 0);
    assert!(figures.from_viewers > 100_000, "{}", figures.from_viewers);
}

/// What a person can hand on before the first broadcast leads to the same channel as later.
#[test]
fn a_link_is_there_before_it_is_live() {
    let options = go_live(&silent());
    let before = open_link(options.keys.clone()).unwrap();
    let broadcaster = Broadcaster::go_live(options).unwrap();
    let (before, live) =
        (inspect_link(&before).unwrap(), inspect_link(&broadcaster.link()).unwrap());
    assert_eq!(before.channel, live.channel);
    assert!(before.hints.is_empty() && !live.hints.is_empty());
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
    let Err(Failure::DamagedLink(message)) = Viewer::join(joining("abc".into())) else {
        panic!("a cut link")
    };
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
    let device = on_wifi();
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    let viewer = Viewer::join(Join {
        lending: Some(LendingSetup {
            limits,
            device,
            ledger: Some(ledger.to_str().unwrap().to_owned()),
        }),
        ..joining(broadcaster.link())
    })
    .unwrap();
    assert_eq!(lends(&viewer, LendingReason::NotYet).await.upload_limit_bps, Some(0));
    viewer.set_lending(LendingLimits { agreed: true, ..limits }).await;
    assert_eq!(lends(&viewer, LendingReason::HalfBattery).await.upload_limit_bps, Some(2_000_000));
    viewer.set_device(DeviceState { network: NetworkKind::Mobile, metered: None, ..device }).await;
    assert_eq!(lends(&viewer, LendingReason::Mobile).await.upload_limit_bps, Some(0));
    viewer.leave().await.unwrap();
    let given = given_so_far(ledger.to_str().unwrap().to_owned(), 3600);
    assert!(given.today.is_some() && given.month.is_some(), "{given:?}");
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
