//! A node: the endpoint, the overlay that rules it, and the few calls that a session makes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use manyhands_stream::{PieceHeader, SignedMeeting, Ticket};
use manyhands_swarm::{self as swarm, Piece, Time, TrackConfig};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::{Clock, Reading};
use crate::credentials::Credentials;
use crate::discovery::{self, Discovery, Offers, Own, Prospect, Standing};
use crate::driver::Driver;
use crate::endpoint::Quic;
use crate::local::{self, LocalUse};
use crate::meter::Meter;
use crate::network::Mover;
use crate::port_mapping::{Opener, PortMapping};
use crate::report::Report;
use crate::{Error, Identity};

/// What waits for the node at most: commands, connections and what peers send. At 100 Mbit/s that
/// is a tenth of a second of pieces; readers wait beyond it, so QUIC's flow control acts.
pub(crate) const INBOX: usize = 1024;
/// What waits for the session at most. A session that is slower loses pieces, as the notice says.
const EVENTS: usize = 4096;

/// How a node starts.
#[derive(Debug)]
pub struct NodeConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How much may leave, in bits a second; `None` is no limit, 0 is nothing but control.
    pub upload_limit: Option<u64>,
    /// What it is to the broadcast.
    pub role: swarm::Role,
    /// Addresses to try first, with how they became known.
    pub hints: Vec<(SocketAddr, Via)>,
    /// How others are found besides.
    pub discovery: Discovery,
    /// A broadcaster's relays.
    pub relays: Relays,
    /// Who this is on the wire; nothing: somebody new.
    pub identity: Option<Identity>,
    /// Connections at once, at most.
    pub connections: usize,
    /// Decides everything random in the overlay.
    pub seed: u64,
}

/// The relays that a broadcaster puts to work; by default none.
#[derive(Debug, Clone, Default)]
pub struct Relays {
    /// Their tickets.
    pub tickets: Vec<Ticket>,
    /// Nobody but the relays is to see the broadcaster: it dials them and nobody else, accepts
    /// nobody, looks for nobody, and hears nobody else.
    pub shielded: bool,
}

/// How a peer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// On the local network.
    Local,
    /// In the DHT.
    Dht,
    /// From the link or the command line.
    Hint,
    /// From another peer.
    Exchange,
}

impl Via {
    /// The word that scripts see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Dht => "dht",
            Self::Hint => "hint",
            Self::Exchange => "exchange",
        }
    }
}

/// What a node tells its session.
#[derive(Debug, Clone)]
pub enum NodeEvent {
    /// The first proven connection (for a viewer: the swarm was reached).
    Joined {
        /// The peer's short name.
        peer: String,
        /// How it was found.
        via: Via,
    },
    /// Another run of the broadcast is known: the first one, or the broadcaster started again.
    /// Whatever belongs to an older run is void.
    NewRun,
    /// A newer head is known.
    NewHead,
    /// A verified piece that was not here before.
    Piece {
        /// Its header.
        header: PieceHeader,
        /// Header, signature and data as they came.
        bytes: Bytes,
    },
    /// Known addresses have all been tried and nobody answers.
    Alone,
    /// So many of the broadcaster's relays are at work now.
    Relays(usize),
    /// The overlay has something to tell.
    Overlay(swarm::Event),
}

/// What the node's task and its handle both use.
pub(crate) struct Shared {
    pub(crate) credentials: Arc<Mutex<Credentials>>,
    pub(crate) clock: Arc<Mutex<Clock>>,
    pub(crate) start: Instant,
    pub(crate) standing: watch::Sender<Standing>,
    pub(crate) opener: Opener,
    /// Tells who looks for others, and who asks the router.
    pub(crate) mover: Mover,
    /// What a relay was handed for the DHT.
    pub(crate) hand: watch::Sender<Vec<SignedMeeting>>,
}

#[derive(Debug)]
pub(crate) enum Command {
    Tracks(Vec<TrackConfig>),
    Publish(Vec<(Piece, Bytes)>),
    PublishHead,
    PublishState,
    UploadLimit(Option<u64>),
    Playhead(u32),
    Try(Prospect),
    HandOut(Vec<SignedMeeting>),
    Moved,
    Report(oneshot::Sender<Report>),
    Leave(oneshot::Sender<()>),
}

/// A running node; it ends when this is dropped, abruptly, or in good order with [`Node::leave`].
#[derive(Debug)]
pub struct Node {
    commands: mpsc::Sender<Command>,
    credentials: Arc<Mutex<Credentials>>,
    clock: Arc<Mutex<Clock>>,
    start: Instant,
    address: SocketAddr,
    name: swarm::NodeId,
    meter: Meter,
    mapped: watch::Receiver<PortMapping>,
    local: local::Control,
}

impl Node {
    /// Binds the socket and starts the node's task on the current tokio runtime.
    pub fn start(
        mut config: NodeConfig,
        credentials: Credentials,
    ) -> Result<(Self, mpsc::Receiver<NodeEvent>), Error> {
        let identity = config.identity.take().map_or_else(Identity::generate, Ok)?;
        let shielded = config.relays.shielded;
        let quic = Quic::bind(&identity, config.listen, config.upload_limit, !shielded)?;
        if shielded {
            let tickets = config.relays.tickets.iter();
            quic.socket().speak_only_with(tickets.flat_map(|t| t.hints.iter().copied()));
            config.hints = Vec::new();
        }
        let address = quic.local_address()?;
        let meter = quic.socket().meter().clone();
        let start = Instant::now();
        let clock = match config.role {
            swarm::Role::Origin => Clock::origin(Time::ZERO),
            _ => Clock::unknown(),
        };
        let clock = Arc::new(Mutex::new(clock));
        let credentials = Arc::new(Mutex::new(credentials));
        let (commands, command_inbox) = mpsc::channel(INBOX);
        let (events, event_inbox) = mpsc::channel(EVENTS);
        let name = identity.node();
        let (standing, known) = watch::channel(Standing::at_first(&credentials.lock()));
        let discovery = std::mem::take(&mut config.discovery);
        // A shielded broadcaster speaks with its relays alone: not with the router either.
        let (mover, moves) = Mover::new();
        let opener = match discovery.port_mapping && !shielded {
            true => Opener::start(address, quic.socket().tunnels().listens(), moves.clone()),
            false => Opener::off(),
        };
        let mapped = opener.state();
        let (hand, handed) = watch::channel(Vec::new());
        let (local, orders) = local::control(discovery.local.is_some_and(|part| part.on));
        let shared = Shared {
            credentials: credentials.clone(),
            clock: clock.clone(),
            start,
            standing,
            opener,
            mover,
            hand,
        };
        let ways = discovery::Ways {
            own: Own { address, mapped: mapped.clone(), moves, node: name, purse: quic.purse() },
            shielded,
            standing: known,
            offers: Offers(commands.downgrade()),
            orders,
            handed,
        };
        discovery::start(discovery, ways);
        let driver = Driver::new(config, Arc::new(identity), quic, shared, events);
        tokio::spawn(driver.run(command_inbox));
        Ok((
            Self { commands, credentials, clock, start, address, name, meter, mapped, local },
            event_inbox,
        ))
    }

    /// The address that the socket is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has come of asking the router for a port, now and from now on.
    #[must_use]
    pub fn port_mapping(&self) -> watch::Receiver<PortMapping> {
        self.mapped.clone()
    }

    /// This node's name in the overlay.
    #[must_use]
    pub fn name(&self) -> swarm::NodeId {
        self.name
    }

    /// Counts what leaves on the line; a budget's end is set there.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The keys and the signed state of the run that this node holds.
    #[must_use]
    pub fn credentials(&self) -> &Mutex<Credentials> {
        &self.credentials
    }

    /// Media time now, if it is known yet.
    #[must_use]
    pub fn media_time(&self) -> Option<Reading> {
        self.clock.lock().read(self.now())
    }

    /// This node's own time.
    #[must_use]
    pub fn now(&self) -> Time {
        to_time(self.start, Instant::now())
    }

    /// The node's time at a moment.
    #[must_use]
    pub fn time_of(&self, moment: Instant) -> Time {
        to_time(self.start, moment)
    }

    /// Origin: the tracks of the broadcast.
    pub async fn tracks(&self, tracks: Vec<TrackConfig>) {
        self.send(Command::Tracks(tracks)).await;
    }

    /// Origin: new pieces of a chunk.
    pub async fn publish(&self, pieces: Vec<(Piece, Bytes)>) {
        self.send(Command::Publish(pieces)).await;
    }

    /// Origin: the credentials hold a newer head, roster or certificate.
    pub async fn publish_head(&self) {
        self.send(Command::PublishHead).await;
    }

    /// Origin: the credentials hold a new roster: everybody connected gets the whole state.
    pub async fn publish_state(&self) {
        self.send(Command::PublishState).await;
    }

    /// Changes how much may leave, in bits a second.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        self.send(Command::UploadLimit(limit)).await;
    }

    /// What the playout clock is at, for all tracks: older pieces are of no use here any more.
    pub async fn playhead_all(&self, capture_ms: u32) {
        self.send(Command::Playhead(capture_ms)).await;
    }

    /// Whether it may ask and answer on the local network from now on; without a part there it never
    /// does.
    pub fn set_local(&self, on: bool) {
        self.local.switch(on);
    }

    /// Whether the local network is in use, from now on. What is private, or has ended, does not use it.
    #[must_use]
    pub fn local_use(&self) -> LocalUse {
        self.local.used()
    }

    /// The shell has found a member on the local network by its system's means. It is tried while that
    /// is in use, if it lies there and is not one too many.
    pub fn found_near(&self, address: SocketAddr) {
        self.local.found(address);
    }

    /// This machine stands in another network, or its addresses have changed: connections are taken
    /// along, and this node can be found where it is now. For nothing it costs a handshake with each
    /// neighbour that had dialled this node.
    pub async fn network_changed(&self) {
        self.send(Command::Moved).await;
    }

    /// Figures of this moment; `None` when the node has ended.
    pub async fn report(&self) -> Option<Report> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Report(reply)).await;
        answer.await.ok()
    }

    /// Leaves in good order: children are handed over first. Takes `patience` at most.
    pub async fn leave(&self, patience: Duration) {
        let (reply, done) = oneshot::channel();
        self.send(Command::Leave(reply)).await;
        let _ = tokio::time::timeout(patience, done).await;
    }

    async fn send(&self, command: Command) {
        // A node that has ended takes no commands; its events channel has said so.
        let _ = self.commands.send(command).await;
    }
}

pub(crate) fn to_time(start: Instant, now: Instant) -> Time {
    let micros = now.saturating_duration_since(start).as_micros();
    Time::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
