//! Watching: what the playout clock releases is pulled out, by decoder.

use std::sync::Arc;
use std::time::Duration;

use manyhands_session::{Checking, Closer, Contribution, Finding, Link, Rows, Watch, WatchConfig};

use crate::broadcaster::listen_at;
use crate::finding::finding;
use crate::{
    AudioUnit, DeviceState, Failure, Figures, Framing, LendingLimits, LendingSetup, SessionEvent,
    VideoUnit, runtime,
};

/// How a viewer joins.
#[derive(Clone, uniffi::Record)]
pub struct Join {
    /// The invitation, in any of its forms.
    pub link: String,
    /// How the decoder wants its pictures.
    pub framing: Framing,
    /// How much may leave, bits a second, where `lending` says nothing.
    #[uniffi(default = None)]
    pub upload_limit_bps: Option<u64>,
    /// How it lends a hand; nothing: as a computer on a cable whose owner has said OK.
    #[uniffi(default = None)]
    pub lending: Option<LendingSetup>,
    /// Give up when nobody answers for this long, in milliseconds.
    #[uniffi(default = None)]
    pub patience_ms: Option<u64>,
    /// Where to listen.
    #[uniffi(default = "0.0.0.0:0")]
    pub listen: String,
    /// The person calls the network home: ask and answer on the local network. Never done by a link that
    /// is not for everybody, or for a broadcast that is private.
    #[uniffi(default = false)]
    pub local: bool,
    /// The system does not let a program do that by itself: the shell asks in the core's place while a
    /// `LocalNetwork` event says so, and hands in what it finds.
    #[uniffi(default = false)]
    pub local_by_shell: bool,
    /// Look in BitTorrent's DHT, and be reached from anywhere through a port that the router is asked
    /// to open.
    #[uniffi(default = false)]
    pub dht: bool,
}

/// A running viewer.
#[derive(Debug, uniffi::Object)]
pub struct Viewer {
    watch: Watch,
    rows: Rows,
    closer: Closer,
    framing: Framing,
}

#[uniffi::export]
impl Viewer {
    /// Joins.
    #[uniffi::constructor]
    pub fn join(options: Join) -> Result<Arc<Self>, Failure> {
        let _running = runtime::handle()?.enter();
        let plain = || Contribution::unrestricted(options.upload_limit_bps);
        let (watch, outputs) = Watch::start(WatchConfig {
            link: Link::parse(&options.link)?,
            listen: listen_at(&options.listen)?,
            contribution: options.lending.map_or_else(plain, Into::into),
            hints: Vec::new(),
            finding: Finding {
                local_by_shell: options.local_by_shell,
                ..finding(options.local, options.dht)
            },
            seed: rand::random(),
            // Units go to a decoder, which is native code.
            checking: Checking::Clean,
            patience: options.patience_ms.map(Duration::from_millis),
        })?;
        let closer = Closer::new();
        let rows = outputs.rows(&closer);
        Ok(Arc::new(Self { watch, rows, closer, framing: options.framing }))
    }

    /// The broadcast's title; empty until it is known.
    pub fn title(&self) -> String {
        self.watch.title()
    }

    /// Where it can be dialled, as `host:port`.
    pub fn addresses(&self) -> Vec<String> {
        self.watch.addresses().iter().map(ToString::to_string).collect()
    }

    /// The person calls the network home, or not any more.
    pub async fn set_local(&self, on: bool) {
        self.watch.set_local(on).await;
    }

    /// Whether a mark that was seen on the local network, the value of `m` in a record of
    /// `_manyhands._udp`, is that of this broadcast. All others are left alone.
    pub fn is_marked(&self, mark: &[u8]) -> bool {
        self.watch.is_marked(mark)
    }

    /// The system has found a member of this broadcast on the local network at this address,
    /// `host:port`. It is tried when addresses are wanted.
    pub async fn found(&self, address: String) -> Result<(), Failure> {
        let bad = |_| Failure::BadOptions(format!("'{address}' is no address"));
        self.watch.found(address.parse().map_err(bad)?).await;
        Ok(())
    }

    /// Waits for the next picture that is due; `None` when it has ended or was stopped.
    pub async fn next_video_unit(&self) -> Result<Option<VideoUnit>, Failure> {
        let pulled = self.rows.video.next().await?;
        Ok(pulled.map(|pulled| VideoUnit::new(pulled, self.framing)))
    }

    /// Waits for the next sound that is due; `None` when it has ended or was stopped.
    pub async fn next_audio_unit(&self) -> Result<Option<AudioUnit>, Failure> {
        Ok(self.rows.audio.next().await?.map(AudioUnit::new))
    }

    /// Waits for something to happen; `None` when it has ended or was stopped.
    pub async fn next_event(&self) -> Result<Option<SessionEvent>, Failure> {
        Ok(self.rows.events.next().await?.map(Into::into))
    }

    /// Figures of this moment; `None` when it has left.
    pub async fn figures(&self) -> Option<Figures> {
        self.watch.stats().await.map(Into::into)
    }

    /// Changes how much may leave, bits a second; less acts at once.
    pub async fn set_upload_limit(&self, limit_bps: Option<u64>) {
        self.watch.set_upload_limit(limit_bps).await;
    }

    /// Takes what the device reports now. What is worse acts at once, what is better after ten
    /// seconds.
    pub async fn set_device(&self, device: DeviceState) {
        self.watch.set_conditions(device.into(), device.utc_offset_s).await;
    }

    /// The system says that the device stands in another network. Any number of times.
    pub async fn network_changed(&self) {
        self.watch.network_changed().await;
    }

    /// Changes what the person allows; acts at once.
    pub async fn set_lending(&self, limits: LendingLimits) {
        self.watch.set_limits(limits.into()).await;
    }

    /// Stands still, and keeps what comes for about twenty seconds; or goes on where it stood, and
    /// stays that much behind live.
    pub async fn set_paused(&self, paused: bool) {
        self.watch.set_paused(paused).await;
    }

    /// Goes on, if it stood, and to what is live.
    pub async fn go_live(&self) {
        self.watch.go_live().await;
    }

    /// Leaves in good order: those who are fed from here are handed over first, for two seconds at
    /// most. Gives the last figures.
    pub async fn leave(&self) -> Option<Figures> {
        let figures = self.watch.clone().leave().await;
        self.closer.close();
        figures.map(Into::into)
    }

    /// Ends every call that waits, at once, and leaves behind the shell's back. Any number of
    /// times, from any thread.
    pub fn stop(&self) {
        self.closer.close();
        let watch = self.watch.clone();
        if let Ok(runtime) = runtime::handle() {
            runtime.spawn(watch.leave());
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.stop();
    }
}
