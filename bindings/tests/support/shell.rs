//! What a shell does with a film: goes live with it, joins, pushes it as it plays.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use manyhands_bindings::{
    AudioCodec, AudioTrack, Broadcaster, DeviceState, Failure, Framing, GoLive, Heat, Join,
    NetworkKind, PlayState, VideoTrack, Viewer, new_channel,
};
use tokio::time::sleep_until;

use super::{Track, Unit};

/// Nothing here takes longer on any machine that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const LOOPBACK: &str = "127.0.0.1:0";

pub(crate) fn go_live(film: &[Track; 2]) -> GoLive {
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
        local: false,
        dht: false,
    }
}

pub(crate) fn silent() -> [Track; 2] {
    let track = || Track { timescale: 48_000, sets: Vec::new(), units: Vec::new() };
    [track(), track()]
}

/// How a viewer here joins, but for what a test changes.
pub(crate) fn joining(link: String) -> Join {
    Join {
        link,
        framing: Framing::Lengths,
        upload_limit_bps: None,
        lending: None,
        patience_ms: None,
        listen: LOOPBACK.into(),
        local: false,
        local_by_shell: false,
        dht: false,
    }
}

pub(crate) fn join(link: String) -> Arc<Viewer> {
    Viewer::join(joining(link)).unwrap()
}

/// What a phone reports on Wi-Fi with a good battery.
pub(crate) fn on_wifi() -> DeviceState {
    DeviceState {
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
    }
}

/// Pushes a film as fast as it plays, each unit when it is due.
pub(crate) async fn play(broadcaster: &Broadcaster, film: &[Track; 2]) {
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
        // After a camera was off its encoder is asked for a keyframe; a film's comes by itself.
        assert!(matches!(pushed, Ok(()) | Err(Failure::Dropped(_))), "{pushed:?}");
    }
}
