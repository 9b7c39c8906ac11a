//! The viewer's side: join by a link, take units as the playout clock releases them.

mod viewer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manyhands_net::{Credentials, Node, NodeConfig, Via, dialable_addresses};
use manyhands_policy::{Conditions, Limits, Tariff};
use manyhands_stream::{ChannelKey, LanMark, Link, Member};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use self::viewer::Viewer;
use crate::contribution::{Change, Contribution, Contributor};
use crate::event::{Event, Released};
use crate::finding::Finding;
use crate::player::{Checking, Player};
use crate::{Error, Stats, unix_ms};

/// Units that wait for the shell: 4 s of 120 pictures and 50 sounds a second. A shell that is
/// slower misses units, and hears of it.
const QUEUE: usize = 1024;
/// Events that wait for the shell.
const EVENTS: usize = 256;

/// How a viewer joins.
#[derive(Debug)]
pub struct WatchConfig {
    /// The invitation.
    pub link: Link,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How much may leave, and where that is counted.
    pub contribution: Contribution,
    /// More addresses to try.
    pub hints: Vec<SocketAddr>,
    /// How others are found besides.
    pub finding: Finding,
    /// Decides everything random but keys.
    pub seed: u64,
    /// For what the units are.
    pub checking: Checking,
    /// Give up when nobody answers, or nothing comes from the broadcaster, for this long.
    pub patience: Option<Duration>,
}

/// A running viewer. It goes on until [`Watch::leave`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Watch {
    commands: mpsc::Sender<Command>,
    changes: mpsc::Sender<Change>,
    channel: ChannelKey,
    address: SocketAddr,
    shown: Arc<Mutex<Shown>>,
}

/// What the head says to viewers, and what the device says.
#[derive(Debug, Default)]
struct Shown {
    title: String,
    tracks: usize,
    offline: bool,
    /// What the network in use costs; known from the start.
    tariff: Option<Tariff>,
}

#[derive(Debug)]
enum Command {
    Stats(oneshot::Sender<Stats>),
    Hold(bool),
    GoLive,
    Local(bool),
    Found(SocketAddr),
    Moved,
    Leave(oneshot::Sender<Option<Stats>>),
}

/// What a viewer hands to its shell.
#[derive(Debug)]
pub struct Outputs {
    /// Units, when they are due. Dropping it is fine: the viewer then only passes on.
    pub units: mpsc::Receiver<Released>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
}

impl Watch {
    /// Joins.
    pub fn start(config: WatchConfig) -> Result<(Self, Outputs), Error> {
        let member = Member::new(&config.link, None);
        let hints = config.link.hints.iter().chain(&config.hints).map(|a| (*a, Via::Hint));
        let node_config = NodeConfig {
            listen: config.listen,
            upload_limit: config.contribution.at_first(),
            role: manyhands_net::Role::Viewer,
            hints: hints.collect(),
            discovery: config.finding.of_watch(&config.link),
            relays: manyhands_net::Relays::default(),
            identity: None,
            connections: manyhands_net::MAX_PEERS,
            seed: config.seed,
        };
        let (node, node_events) = Node::start(node_config, Credentials::Viewer(Box::new(member)))?;
        let address = node.address();
        let offline = config.contribution.conditions.network.is_none();
        let tariff = Some(config.contribution.conditions.network.tariff());
        let contributor = Contributor::start(config.contribution, node.meter().clone());
        let changes = contributor.changes();
        let shown = Shown { offline, tariff, ..Shown::default() };
        let shown = Arc::new(Mutex::new(shown));
        let (commands, inbox) = mpsc::channel(EVENTS);
        let (units, unit_inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(EVENTS);
        let player = Player::new(config.checking);
        let viewer =
            Viewer::new(node, contributor, player, (units, events), config.patience, shown.clone());
        tokio::spawn(viewer.run(inbox, node_events));
        Ok((
            Self { commands, changes, channel: config.link.channel, address, shown },
            Outputs { units: unit_inbox, events: event_inbox },
        ))
    }

    /// The address that this viewer's socket is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where this viewer can be dialled.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        dialable_addresses(self.address, manyhands_stream::MAX_HINTS)
    }

    /// Whether it may ask and answer on the local network from now on. Never done by a link that is not
    /// for everybody, or for a broadcast that is private; an [`Event::LocalNetwork`] says what is.
    pub async fn set_local(&self, on: bool) {
        let _ = self.commands.send(Command::Local(on)).await;
    }

    /// Whether a mark that the shell has seen on the local network is that of this broadcast: all else is
    /// left alone there.
    #[must_use]
    pub fn is_marked(&self, mark: &[u8]) -> bool {
        LanMark::parse(mark).is_some_and(|mark| mark.is_of(&self.channel, unix_ms()))
    }

    /// The shell's own means have found a member at this address of the local network. It is tried when
    /// addresses are wanted, or when few are near; not if the local network is not in use.
    pub async fn found(&self, address: SocketAddr) {
        let _ = self.commands.send(Command::Found(address)).await;
    }

    /// This device stands in another network, or its addresses have changed: a phone's system says so, a
    /// computer's program sees it by a [`crate::NetworkWatch`]. Neighbours are told where it is now.
    pub async fn network_changed(&self) {
        let _ = self.commands.send(Command::Moved).await;
    }

    /// The broadcast's title; empty until it is known.
    #[must_use]
    pub fn title(&self) -> String {
        self.shown.lock().title.clone()
    }

    /// How many tracks the broadcast has; 0 until it is known.
    #[must_use]
    pub fn tracks(&self) -> usize {
        self.shown.lock().tracks
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Changes how much may leave, bits a second; acts at once.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        self.change(Change::Rate(limit)).await;
    }

    /// Changes what the person allows; acts at once.
    pub async fn set_limits(&self, limits: Limits) {
        self.change(Change::Limits(limits)).await;
    }

    /// Takes what the device reports, and what its time zone adds to UTC now, in seconds. What is
    /// worse acts at once, what is better after ten seconds.
    pub async fn set_conditions(&self, conditions: Conditions, utc_offset_s: i32) {
        {
            let mut shown = self.shown.lock();
            shown.offline = conditions.network.is_none();
            shown.tariff = Some(conditions.network.tariff());
        }
        self.change(Change::Conditions(conditions, utc_offset_s)).await;
    }

    /// Stands still, and keeps what comes for about twenty seconds; or goes on where it stood, and
    /// stays that much behind live.
    pub async fn set_paused(&self, paused: bool) {
        let _ = self.commands.send(Command::Hold(paused)).await;
    }

    /// Goes on, if it stood, and to what is live: by a jump to a keyframe where it is far behind.
    pub async fn go_live(&self) {
        let _ = self.commands.send(Command::GoLive).await;
    }

    async fn change(&self, change: Change) {
        // A viewer that has left gives nothing, whatever changes.
        let _ = self.changes.send(change).await;
    }

    /// Leaves in good order: children are handed over first. Gives the last figures.
    pub async fn leave(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Leave(reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}
