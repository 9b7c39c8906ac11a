//! A broadcast of numbered frames of sound and its viewers, on loopback.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod line;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use manyhands_media::{AacConfig, AccessUnit, Codec, TrackConfig};
use manyhands_session::{
    Broadcast, BroadcastConfig, Channel, Checking, Conditions, Contribution, Event, Finding, Link,
    Outputs, Relays, Secret, Watch, WatchConfig,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::{interval, timeout};

/// Nothing takes longer on any machine that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Ticks of an AAC frame at 48 kHz.
pub(crate) const FRAME: i64 = 1024;
/// What the frames take, bits a second.
pub(crate) const SOUND_BPS: u32 = 160_000;

pub(crate) fn sound() -> TrackConfig {
    let codec = Codec::Aac(AacConfig { sample_rate: 48_000, channels: 2 });
    TrackConfig { timescale: 48_000, codec }
}

/// The `n`-th frame: its content says its number.
pub(crate) fn frame(n: u32) -> AccessUnit {
    let dts = i64::from(n) * FRAME;
    let data = [&[0x21_u8][..], &n.to_be_bytes().repeat(105)].concat();
    AccessUnit { dts, pts: dts, duration: 1024, keyframe: true, data: Bytes::from(data) }
}

/// A broadcast of sound on loopback by the channel of this number, without any limit.
pub(crate) fn going_live(channel: u8) -> BroadcastConfig {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    BroadcastConfig {
        title: "A title".into(),
        channel: Channel::from_seed(Secret::new([channel; 32])),
        invite: Secret::new([7; 16]),
        broadcast: 1,
        started_ms: now,
        private: false,
        listen: LOOPBACK,
        hints: Vec::new(),
        finding: Finding::default(),
        relays: Relays::default(),
        upload_limit: None,
        seed: 1,
        tracks: vec![(sound(), SOUND_BPS)],
        picture: None,
        conditions: Conditions::unrestricted(),
    }
}

/// Goes live at an address, with an upload limit; the sound comes in real time until all clones of
/// the broadcast but the returned one are gone or it has ended.
pub(crate) fn broadcast(
    listen: SocketAddr,
    upload_limit: Option<u64>,
) -> (Broadcast, Receiver<Event>) {
    Broadcast::start(BroadcastConfig { listen, upload_limit, ..going_live(5) }).unwrap()
}

/// Feeds a broadcast in real time until the task is aborted.
pub(crate) fn feed(broadcast: &Broadcast) -> tokio::task::JoinHandle<()> {
    let broadcast = broadcast.clone();
    tokio::spawn(async move {
        let mut beat = interval(Duration::from_micros(21_333));
        for n in 0.. {
            beat.tick().await;
            broadcast.push(0, frame(n), (n == 0).then(sound), Instant::now()).await;
        }
    })
}

pub(crate) fn watch(link: &Link, seed: u64) -> (Watch, Outputs) {
    Watch::start(WatchConfig {
        link: link.clone(),
        listen: LOOPBACK,
        finding: Finding::default(),
        contribution: Contribution::unrestricted(None),
        hints: Vec::new(),
        seed,
        checking: Checking::Exact,
        patience: None,
    })
    .unwrap()
}

/// Takes events until `found` finds something in one.
pub(crate) async fn until<T>(
    events: &mut Receiver<Event>,
    mut found: impl FnMut(&Event) -> Option<T>,
) -> T {
    let looking = async {
        loop {
            let event = events.recv().await.expect("it goes on");
            if let Some(found) = found(&event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, looking).await.expect("it comes")
}
