//! The relay's side: it carries whatever a broadcaster with its ticket sends, and can read none of it.
//!
//! One channel at a time, and one node for each: when a broadcast is over, or its broadcaster stays
//! away, the node goes with all that it knew, and a new one waits at the same address.

mod carrier;

use std::net::SocketAddr;
use std::time::Duration;

use manyhands_net::{
    Credentials, Dht, DhtPart, Discovery, Error as NetError, Identity, Node, NodeConfig, NodeEvent,
    PortMapping, reachable_addresses,
};
use manyhands_policy::Conditions;
use manyhands_stream::{MAX_HINTS, Secret, Ticket};
use tokio::sync::{mpsc, oneshot, watch};

use self::carrier::Carrier;
use crate::{Bootstrap, Contribution, Error, Event, Stats};

/// Connections at once, if nobody says otherwise (SECURITY 23).
pub const RELAY_CONNECTIONS: usize = 64;
/// Events and commands that wait.
const QUEUE: usize = 256;

/// What a ticket is made of: whoever has it is this relay, and can be put to work.
#[derive(Debug, Clone)]
pub struct RelayKey {
    /// The seed of the key that a ticket names.
    pub seed: Secret<[u8; 32]>,
    /// What a broadcaster has to show.
    pub permit: Secret<[u8; 16]>,
}

/// How a relay starts.
#[derive(Debug)]
pub struct RelayConfig {
    /// Its key and permit.
    pub key: RelayKey,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where others can dial it, where that is not what this machine sees of itself.
    pub public: Vec<SocketAddr>,
    /// The router may be asked for a port, so that the relay can be reached from outside.
    pub port_mapping: bool,
    /// Whom to ask first in BitTorrent's DHT, where it stores what shielded broadcasters hand it;
    /// nothing: it stores nothing.
    pub dht: Option<Bootstrap>,
    /// How much may leave, and where that is counted.
    pub contribution: Contribution,
    /// Connections at once, at most.
    pub connections: usize,
    /// Decides everything random but keys.
    pub seed: u64,
}

/// A running relay. It goes on until [`Relay::leave`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Relay {
    commands: mpsc::Sender<Command>,
    /// Its hints are the addresses that were named; none: those of the moment.
    ticket: Ticket,
    address: SocketAddr,
    mapped: watch::Receiver<PortMapping>,
}

#[derive(Debug)]
enum Command {
    Stats(oneshot::Sender<Stats>),
    Conditions(Conditions, i32),
    Leave(oneshot::Sender<Option<Stats>>),
}

impl Relay {
    /// Waits for broadcasters that have the ticket.
    ///
    /// # Errors
    /// The address is not to be had, or the key is none.
    pub fn start(config: RelayConfig) -> Result<(Self, mpsc::Receiver<Event>), Error> {
        let identity = Identity::from_seed(&config.key.seed)?;
        let place = Place {
            pin: identity.pin(),
            key: config.key,
            listen: config.listen,
            dht: config.dht,
            port_mapping: config.port_mapping && config.public.is_empty(),
            connections: config.connections,
            seed: config.seed,
        };
        let (node, node_events) = place.node(&config.contribution)?;
        let (address, mapped) = (node.address(), node.port_mapping());
        let hints = config.public.iter().copied().take(MAX_HINTS).collect();
        let ticket = Ticket { relay: place.pin, permit: place.key.permit.clone(), hints };
        let place = Place { listen: address, ..place };
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(QUEUE);
        let carrier = Carrier::new(place, config.contribution, events);
        tokio::spawn(carrier.run((node, node_events), inbox));
        Ok((Self { commands, ticket, address, mapped }, event_inbox))
    }

    /// What a broadcaster names it by: a secret. It names where the relay can be dialled now, from
    /// outside first.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        let mut ticket = self.ticket.clone();
        if ticket.hints.is_empty() {
            let mapped = self.mapped.borrow().address();
            ticket.hints = reachable_addresses(self.address, mapped, MAX_HINTS);
        }
        ticket
    }

    /// Waits until the router has opened a port or will not, for a while: a ticket made then works
    /// from outside, if any can.
    pub async fn wait_for_router(&self, limit: Duration) {
        let mut mapped = self.mapped.clone();
        let settled = mapped.wait_for(|state| *state != PortMapping::Asking);
        let _ = tokio::time::timeout(limit, settled).await;
    }

    /// The address that its socket is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Figures of this moment, of the broadcast that it carries; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Takes what the machine reports, and what its time zone adds to UTC now, in seconds.
    pub async fn set_conditions(&self, conditions: Conditions, utc_offset_s: i32) {
        let _ = self.commands.send(Command::Conditions(conditions, utc_offset_s)).await;
    }

    /// Leaves in good order: children are handed over first. Gives the last figures.
    pub async fn leave(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Leave(reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}

/// Who a relay is and where it stands, whatever it carries.
#[derive(Debug)]
struct Place {
    key: RelayKey,
    pin: [u8; 32],
    listen: SocketAddr,
    dht: Option<Bootstrap>,
    port_mapping: bool,
    connections: usize,
    seed: u64,
}

impl Place {
    /// A node that carries nothing yet.
    fn node(
        &self,
        contribution: &Contribution,
    ) -> Result<(Node, mpsc::Receiver<NodeEvent>), NetError> {
        let config = NodeConfig {
            listen: self.listen,
            upload_limit: contribution.at_first(),
            role: manyhands_net::Role::Relay,
            hints: Vec::new(),
            discovery: Discovery {
                local: None,
                dht: self.dht.clone().map(carry),
                port_mapping: self.port_mapping,
            },
            relays: manyhands_net::Relays::default(),
            identity: Some(Identity::from_seed(&self.key.seed)?),
            connections: self.connections,
            seed: self.seed,
        };
        let relay = manyhands_stream::Relay::new(self.key.permit.clone());
        Node::start(config, Credentials::Relay(Box::new(relay)))
    }
}

fn carry(first: Bootstrap) -> Dht {
    Dht { bootstrap: first.nodes(), part: DhtPart::Carry }
}
