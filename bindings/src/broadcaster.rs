//! Going live: what the encoders give is pushed in.

use std::net::SocketAddr;
use std::sync::Arc;

use manyhands_session::{
    Broadcast, BroadcastConfig, Closer, Conditions, Encoders, Event, Feed, Pull, Relays,
};

use crate::finding::finding;
use crate::{
    AudioTrack, ChannelKeys, DeviceState, Failure, Figures, OnAir, Picture, SessionEvent, Times,
    VideoTrack, runtime,
};

/// How a broadcast starts.
#[derive(Clone, uniffi::Record)]
pub struct GoLive {
    /// What viewers see as its name.
    pub title: String,
    /// Whose channel it is on.
    pub keys: ChannelKeys,
    /// The broadcast's number on this channel.
    pub broadcast: u64,
    /// When this start was, Unix milliseconds; greater than that of any start before.
    pub started_ms: u64,
    /// For invited people only.
    pub private: bool,
    /// The picture's encoder.
    pub video: Option<VideoTrack>,
    /// The sound's encoder.
    pub audio: Option<AudioTrack>,
    /// How much may leave, bits a second.
    #[uniffi(default = None)]
    pub upload_limit_bps: Option<u64>,
    /// What the camera's encoder begins with, where it can follow what the uplink carries: what to
    /// make then comes as an `Encode` event.
    #[uniffi(default = None)]
    pub picture: Option<Picture>,
    /// What the device reports; nothing: as a computer on a cable.
    #[uniffi(default = None)]
    pub device: Option<DeviceState>,
    /// Where to listen.
    #[uniffi(default = "0.0.0.0:0")]
    pub listen: String,
    /// The person calls the network home: answer on the local network, where the system lets a program do
    /// that by itself. Never done for what is private.
    #[uniffi(default = false)]
    pub local: bool,
    /// Can be found from anywhere: in BitTorrent's DHT, and through a port that the router is asked
    /// to open.
    #[uniffi(default = false)]
    pub dht: bool,
}

/// About how many bytes leave in an hour of a broadcast, whatever the size of its audience.
/// `sound_bps` is bits a second of sound.
#[uniffi::export]
pub fn bytes_an_hour(picture: Picture, sound_bps: u32) -> u64 {
    manyhands_session::bytes_an_hour(u64::from(picture.bitrate) + u64::from(sound_bps))
}

/// A running broadcast.
#[derive(Debug, uniffi::Object)]
pub struct Broadcaster {
    broadcast: Broadcast,
    feed: Feed,
    events: Pull<Event>,
    closer: Closer,
}

#[uniffi::export]
impl Broadcaster {
    /// Goes live: whoever has the link can watch from now on.
    #[uniffi::constructor]
    pub fn go_live(options: GoLive) -> Result<Arc<Self>, Failure> {
        let _running = runtime::handle()?.enter();
        let (channel, invite) = options.keys.open()?;
        let video = options.video.map(TryInto::try_into).transpose()?;
        let encoders = Encoders::new(video, options.audio.map(Into::into))?;
        let config = BroadcastConfig {
            title: options.title,
            channel,
            invite,
            broadcast: options.broadcast,
            started_ms: options.started_ms,
            private: options.private,
            listen: listen_at(&options.listen)?,
            hints: Vec::new(),
            finding: finding(options.local, options.dht),
            relays: Relays::default(),
            upload_limit: options.upload_limit_bps,
            seed: rand::random(),
            tracks: encoders.tracks(),
            picture: options.picture.map(Into::into),
            conditions: options.device.map_or_else(Conditions::unrestricted, Into::into),
        };
        let (broadcast, events) = Broadcast::start(config)?;
        let closer = Closer::new();
        let (feed, events) = (encoders.feed(broadcast.clone()), Pull::new(events, &closer));
        Ok(Arc::new(Self { broadcast, feed, events, closer }))
    }

    /// The open invitation, as bare text. It is a secret.
    pub fn link(&self) -> String {
        self.broadcast.link().to_text()
    }

    /// Where it can be dialled, as `host:port`.
    pub fn addresses(&self) -> Vec<String> {
        self.broadcast.addresses().iter().map(ToString::to_string).collect()
    }

    /// Takes a coded picture, captured now. Parameter sets may stand in front of it, or come alone.
    pub fn push_video(&self, data: &[u8], times: Times) -> Result<(), Failure> {
        Ok(self.feed.push_video(data, times.into())?)
    }

    /// Takes a coded sound, captured now.
    pub fn push_audio(&self, data: &[u8], times: Times) -> Result<(), Failure> {
        Ok(self.feed.push_audio(data, times.into())?)
    }

    /// Takes the picture's parameter sets where the encoder keeps them apart: whole NAL units
    /// without start code or length.
    pub fn set_parameter_sets(&self, sets: Vec<Vec<u8>>) -> Result<(), Failure> {
        Ok(self.feed.set_parameter_sets(&sets)?)
    }

    /// Waits for something to happen; `None` when it has ended.
    pub async fn next_event(&self) -> Result<Option<SessionEvent>, Failure> {
        Ok(self.events.next().await?.map(Into::into))
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn figures(&self) -> Option<Figures> {
        self.broadcast.stats().await.map(Into::into)
    }

    /// Changes how much may leave, bits a second.
    pub async fn set_upload_limit(&self, limit_bps: Option<u64>) {
        self.broadcast.set_upload_limit(limit_bps).await;
    }

    /// Takes what the device reports now: heat and network count for the health and the picture.
    pub async fn set_device(&self, device: DeviceState) {
        self.broadcast.set_conditions(device.into()).await;
    }

    /// The system says that the device stands in another network. Any number of times.
    pub async fn network_changed(&self) {
        self.broadcast.network_changed().await;
    }

    /// The person calls the network home, or not any more.
    pub async fn set_local(&self, on: bool) {
        self.broadcast.set_local(on).await;
    }

    /// The person chooses another picture; what the encoder should make comes as an event.
    pub async fn choose_picture(&self, picture: Picture) {
        self.broadcast.choose_picture(picture.into()).await;
    }

    /// Changes what viewers get. Pictures and sounds that are pushed although they are not to be
    /// sent go no further; a picture comes back with the next keyframe.
    pub async fn set_on_air(&self, on_air: OnAir) {
        self.feed.set_on_air(on_air.into()).await;
    }

    /// Says, signed, that it is over, and leaves in good order, which takes a few seconds while
    /// there are viewers. Gives the last figures.
    pub async fn finish(&self) -> Option<Figures> {
        let figures = self.broadcast.clone().finish().await;
        self.closer.close();
        figures.map(Into::into)
    }

    /// Ends every call that waits, at once, and finishes behind the shell's back. Any number of
    /// times, from any thread.
    pub fn stop(&self) {
        self.closer.close();
        let broadcast = self.broadcast.clone();
        if let Ok(runtime) = runtime::handle() {
            runtime.spawn(broadcast.finish());
        }
    }
}

impl Drop for Broadcaster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An address to listen at.
pub(crate) fn listen_at(address: &str) -> Result<SocketAddr, Failure> {
    let bad = |_| Failure::BadOptions(format!("'{address}' is no address to listen at"));
    address.parse().map_err(bad)
}
