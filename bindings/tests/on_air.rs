//! What a person turns off, and what the heat takes: viewers are told, and the rest goes on.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use manyhands_bindings::{
    Broadcaster, DeviceState, GoLive, HealthCause, Heat, OnAir, Picture, SessionEvent, Viewer,
    WatchState,
};
use support::shell::{PATIENCE, go_live, join, on_wifi, play, silent};
use tokio::time::timeout;

/// Waits until the viewer shows this.
async fn shows(viewer: &Viewer, wanted: WatchState) {
    let looking = async {
        while let Some(event) = viewer.next_event().await.unwrap() {
            if event == (SessionEvent::State { state: wanted }) {
                return;
            }
        }
        panic!("it ended before it showed {wanted:?}");
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("{wanted:?} never came"));
}

/// B15, B20 and the pause of B21, as a viewer sees them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_is_off_and_a_pause_are_told_and_the_sound_goes_on() {
    let film = support::film(14);
    let broadcaster = Broadcaster::go_live(go_live(&film)).unwrap();
    let viewer = join(broadcaster.link());
    let pictures = async {
        let mut pictures = Vec::new();
        while let Some(unit) = viewer.next_video_unit().await.unwrap() {
            pictures.push((unit.times.dts, unit.keyframe));
        }
        pictures
    };
    let sounds = async {
        let mut sounds = Vec::new();
        while let Some(unit) = viewer.next_audio_unit().await.unwrap() {
            sounds.push(unit.times.dts);
        }
        sounds
    };
    let person = async {
        shows(&viewer, WatchState::Playing).await;
        broadcaster.set_on_air(OnAir::CameraOff).await;
        shows(&viewer, WatchState::CameraOff).await;
        broadcaster.set_on_air(OnAir::PicturePaused).await;
        shows(&viewer, WatchState::Paused).await;
        // Longer than any target: the sound must not wait for pictures.
        tokio::time::sleep(Duration::from_secs(2)).await;
        broadcaster.set_on_air(OnAir::Everything).await;
        shows(&viewer, WatchState::Playing).await;
    };
    let playing = async {
        play(&broadcaster, &film).await;
        let figures = viewer.figures().await.unwrap();
        broadcaster.finish().await.unwrap();
        figures
    };
    let all = async { tokio::join!(pictures, sounds, person, playing) };
    let (pictures, sounds, (), figures) = timeout(PATIENCE, all).await.unwrap();
    assert_eq!(figures.stalls, 0);
    assert!(sounds.windows(2).all(|two| two[1] - two[0] == 1024), "the sound was broken");
    let ticks = i64::from(film[0].timescale);
    let gap = pictures.windows(2).find(|two| two[1].0 - two[0].0 > ticks).expect("a pause");
    assert!(gap[1].1, "a picture comes back with a keyframe");
}

/// A newcomer does not wait for a picture that nobody sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_while_the_camera_is_off_hears_the_sound() {
    let film = support::film(8);
    let broadcaster = Broadcaster::go_live(go_live(&film)).unwrap();
    broadcaster.set_on_air(OnAir::CameraOff).await;
    let listening = async {
        let viewer = join(broadcaster.link());
        assert!(viewer.next_audio_unit().await.unwrap().is_some());
        shows(&viewer, WatchState::CameraOff).await;
        broadcaster.set_on_air(OnAir::Everything).await;
        let first = viewer.next_video_unit().await.unwrap().expect("a picture");
        assert!(first.keyframe && first.format.is_some());
        shows(&viewer, WatchState::Playing).await;
    };
    let both = async { tokio::join!(listening, play(&broadcaster, &film)) };
    timeout(PATIENCE, both).await.unwrap();
}

/// B17: the word, the smaller picture, the camera off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heat_tells_the_encoder_what_to_make() {
    let chosen = Picture { width: 1280, height: 720, frame_rate: 30, bitrate: 2_000_000 };
    let options = GoLive { picture: Some(chosen), ..go_live(&silent()) };
    let broadcaster = Broadcaster::go_live(options).unwrap();
    let cool = DeviceState { live: true, ..on_wifi() };
    for (heat, steps, camera_off) in
        [(Heat::Moderate, 1, false), (Heat::Severe, 2, false), (Heat::Critical, 2, true)]
    {
        broadcaster.set_device(DeviceState { heat, ..cool }).await;
        let target = timeout(PATIENCE, async {
            loop {
                let event = broadcaster.next_event().await.unwrap().expect("it goes on");
                if let SessionEvent::Encode { target } = event {
                    return target;
                }
            }
        });
        let target = target.await.unwrap();
        assert_eq!((target.steps, target.camera_off), (steps, camera_off));
        assert_eq!(target.cause, Some(HealthCause::Heat));
        assert!(target.picture.width < chosen.width && target.picture.width % 16 == 0);
    }
}
