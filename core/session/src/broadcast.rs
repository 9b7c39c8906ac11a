//! The broadcaster's side: units in, sealed and signed pieces out, a head each second.

mod intake;
mod live;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manyhands_media::{AccessUnit, TrackConfig};
use manyhands_net::{Credentials, Node, NodeConfig, PortMapping, Via, dialable_addresses};
use manyhands_policy::Conditions;
use manyhands_stream::{Channel, Link, MAX_HINTS, Origin, RunOptions, Secret};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::intake::{Intake, Pushed};
use self::live::Live;
use crate::finding::Finding;
use crate::{Error, Event, OnAir, Picture, Stats};

/// Units that wait to be cut into chunks: a second of a fast camera with sound.
const QUEUE: usize = 256;
/// A certificate's life: the longest allowed (SECURITY, CERT).
const CERT_LIFE_MS: u64 = 24 * 3600 * 1000;

/// How a broadcast starts.
#[derive(Debug)]
pub struct BroadcastConfig {
    /// What viewers see as its name.
    pub title: String,
    /// The channel's long-lived key.
    pub channel: Channel,
    /// The secret of the open invitation.
    pub invite: Secret<[u8; 16]>,
    /// The broadcast's number on this channel.
    pub broadcast: u64,
    /// When this run starts, Unix milliseconds; greater than that of any run before.
    pub started_ms: u64,
    /// For invited people only.
    pub private: bool,
    /// Where to listen.
    pub listen: SocketAddr,
    /// With whom to keep a connection: a broadcaster that nobody can dial, as behind a NAT, is
    /// reached through those whom it has dialled.
    pub hints: Vec<SocketAddr>,
    /// How viewers find it besides the link's addresses.
    pub finding: Finding,
    /// How much may leave, bits a second.
    pub upload_limit: Option<u64>,
    /// Decides everything random but keys.
    pub seed: u64,
    /// The tracks and what each takes, in bits a second.
    pub tracks: Vec<(TrackConfig, u32)>,
    /// What a camera's encoder begins with, if it can follow an [`Event::Encode`].
    pub picture: Option<Picture>,
    /// What the device reports.
    pub conditions: Conditions,
}

/// A running broadcast. It goes on until [`Broadcast::finish`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Broadcast {
    commands: mpsc::Sender<Command>,
    intake: Arc<Intake>,
    link: Link,
    own: SocketAddr,
    mapped: watch::Receiver<PortMapping>,
}

#[derive(Debug)]
enum Command {
    Unit(Pushed),
    Stats(oneshot::Sender<Stats>),
    UploadLimit(Option<u64>),
    Conditions(Conditions),
    Picture(Picture),
    OnAir(OnAir),
    Finish(oneshot::Sender<Stats>),
}

impl Broadcast {
    /// Goes live: whoever has [`Broadcast::link`] can watch from now on.
    pub fn start(config: BroadcastConfig) -> Result<(Self, mpsc::Receiver<Event>), Error> {
        let options = RunOptions {
            broadcast: config.broadcast,
            started_ms: config.started_ms,
            expires_ms: config.started_ms.saturating_add(CERT_LIFE_MS),
            private: config.private,
            invites: vec![config.invite.clone()],
        };
        let origin = Origin::start(&config.channel, options, &mut rand::rng())?;
        let node_config = NodeConfig {
            listen: config.listen,
            upload_limit: config.upload_limit,
            role: manyhands_net::Role::Origin,
            hints: config.hints.iter().map(|address| (*address, Via::Hint)).collect(),
            discovery: config.finding.clone().of_broadcast(
                &config.channel,
                &config.invite,
                config.started_ms,
                config.private,
            ),
            seed: config.seed,
        };
        let (node, node_events) = Node::start(node_config, Credentials::Origin(Box::new(origin)))?;
        let (own, mapped) = (node.address(), node.port_mapping());
        let link = Link::open(config.channel.key(), config.invite.clone());
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(QUEUE);
        let intake = Arc::new(Intake::default());
        let live = Live::new(config, node, events);
        tokio::spawn(live.run(inbox, intake.clone(), node_events));
        Ok((Self { commands, intake, link, own, mapped }, event_inbox))
    }

    /// The open invitation, with the addresses of this moment as hints.
    #[must_use]
    pub fn link(&self) -> Link {
        Link { hints: self.addresses(), ..self.link.clone() }
    }

    /// Where this broadcaster can be dialled now, from outside first.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mapped = self.mapped.borrow().address();
        let own = dialable_addresses(self.own, MAX_HINTS);
        mapped.into_iter().chain(own).take(MAX_HINTS).collect()
    }

    /// The port that it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.own.port()
    }

    /// Waits until the router has opened a port or will not, for a while: a link made then works
    /// from anywhere, if any can.
    pub async fn wait_for_router(&self, limit: Duration) {
        let mut mapped = self.mapped.clone();
        let settled = mapped.wait_for(|state| *state != PortMapping::Asking);
        let _ = tokio::time::timeout(limit, settled).await;
    }

    /// Takes a unit that was captured at `captured`; `config` with a track's first unit and when
    /// it changed. Waits when the broadcast can't keep up.
    pub async fn push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) {
        let pushed = Pushed { track, unit, config, captured };
        let _ = self.commands.send(Command::Unit(pushed)).await;
    }

    /// The same without waiting, for an encoder's thread: full when the broadcast can't keep up,
    /// closed when it has ended. It is taken up within a few hundredths of a second.
    pub(crate) fn try_push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) -> Result<(), TrySendError<()>> {
        if self.commands.is_closed() {
            return Err(TrySendError::Closed(()));
        }
        let pushed = Pushed { track, unit, config, captured };
        self.intake.push(pushed).map_err(|_| TrySendError::Full(()))
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Changes how much may leave, bits a second.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        let _ = self.commands.send(Command::UploadLimit(limit)).await;
    }

    /// Takes what the device reports: heat and network count for the broadcast's health.
    pub async fn set_conditions(&self, conditions: Conditions) {
        let _ = self.commands.send(Command::Conditions(conditions)).await;
    }

    /// The person chooses another picture: what the encoder should make comes as an
    /// [`Event::Encode`].
    pub async fn choose_picture(&self, picture: Picture) {
        let _ = self.commands.send(Command::Picture(picture)).await;
    }

    /// Changes what viewers get, behind the units pushed so far. What is pushed although it is not
    /// to be sent still goes out: [`crate::Feed`] keeps it back.
    pub async fn set_on_air(&self, on_air: OnAir) {
        let _ = self.commands.send(Command::OnAir(on_air)).await;
    }

    /// Says, signed, that it is over, and leaves in good order.
    pub async fn finish(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Finish(reply)).await.ok()?;
        answer.await.ok()
    }
}
