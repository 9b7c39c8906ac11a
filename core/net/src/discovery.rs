//! Finding peers beyond the addresses that are known: the local network and the DHT.
//!
//! Each way is a task beside the node. It reads where the node stands, offers addresses to it, and
//! ends with it. Invariants: a node that only this machine can reach asks nobody, unless it was told
//! whom to ask; what is private is never announced to a local network; a shielded broadcaster has no
//! way but its relays.

use std::net::SocketAddr;

use manyhands_stream::SignedMeeting;
use manyhands_swarm::NodeId;
use tokio::sync::{mpsc, watch};

use crate::credentials::Credentials;
use crate::dht::{self, Dht};
use crate::local::{self, LocalPart};
use crate::network::Moves;
use crate::node::{Command, Via};
use crate::port_mapping::PortMapping;
use crate::socket::Purse;

/// Which ways a node uses; by default none.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Its part on the local network; nothing where it is never to have one.
    pub local: Option<LocalPart>,
    /// Its part in the DHT.
    pub dht: Option<Dht>,
    /// The router may be asked for a port, so that this node can be reached from outside.
    pub port_mapping: bool,
}

/// An address at which a member may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prospect {
    /// Where.
    pub address: SocketAddr,
    /// How it became known.
    pub via: Via,
    /// Who has to answer there, if that is known.
    pub node: Option<NodeId>,
}

/// Where the node stands, for those who look for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Addresses are wanted: nobody is connected, or nothing comes from the broadcaster.
    pub(crate) wanting: bool,
    /// For whom the broadcast is.
    pub(crate) audience: Audience,
}

impl Standing {
    /// Before anything has happened.
    pub(crate) fn at_first(credentials: &Credentials) -> Self {
        let wanting = matches!(credentials, Credentials::Viewer(_));
        Self { wanting, audience: Audience::of(credentials) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// No run is known yet.
    Unknown,
    /// Whoever has the link.
    Open,
    /// Invited people only, or nobody any more: it has ended.
    Closed,
}

impl Audience {
    pub(crate) fn of(credentials: &Credentials) -> Self {
        let Some(view) = credentials.view() else { return Self::Unknown };
        let fields = view.cert().fields();
        if fields.private || fields.veiled || view.is_ended() { Self::Closed } else { Self::Open }
    }
}

/// Where offers go; it doesn't keep the node alive.
#[derive(Debug, Clone)]
pub(crate) struct Offers(pub(crate) mpsc::WeakSender<Command>);

impl Offers {
    /// Offers an address; false when the node has ended.
    pub(crate) async fn send(&self, prospect: Prospect) -> bool {
        let Some(commands) = self.0.upgrade() else { return false };
        commands.send(Command::Try(prospect)).await.is_ok()
    }

    /// Hands items to the relays; false when the node has ended.
    pub(crate) async fn hand_out(&self, items: Vec<SignedMeeting>) -> bool {
        let Some(commands) = self.0.upgrade() else { return false };
        commands.send(Command::HandOut(items)).await.is_ok()
    }
}

/// Where a node can be found.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where the router has opened a port for it.
    pub(crate) mapped: watch::Receiver<PortMapping>,
    /// When it stands elsewhere.
    pub(crate) moves: Moves,
    /// Its name.
    pub(crate) node: NodeId,
    /// Pays what is sent beside its socket.
    pub(crate) purse: Purse,
}

/// What the ways have of their node.
pub(crate) struct Ways {
    pub(crate) own: Own,
    /// It speaks with relays alone.
    pub(crate) shielded: bool,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) offers: Offers,
    /// What the local network is told by the handle.
    pub(crate) orders: local::Orders,
    /// What a relay is handed for the DHT.
    pub(crate) handed: watch::Receiver<Vec<SignedMeeting>>,
}

/// Starts what is asked for.
pub(crate) fn start(discovery: Discovery, ways: Ways) {
    let Ways { own, shielded, standing, offers, orders, handed } = ways;
    if shielded {
        if let Some(dht) = discovery.dht {
            tokio::spawn(dht::hand_out(dht, own.node, standing, offers));
        }
        return;
    }
    let this_machine_only = own.address.ip().is_loopback();
    if let Some(part) = discovery.local {
        // It sends nothing, as if the shell did; all else is the same.
        let part = LocalPart { by_shell: part.by_shell || this_machine_only, ..part };
        let (standing, moves, offers) = (standing.clone(), own.moves.clone(), offers.clone());
        tokio::spawn(local::run(own.address, part, orders, standing, moves, offers));
    }
    if let Some(dht) = discovery.dht.filter(|dht| !this_machine_only || dht.bootstrap.is_some()) {
        tokio::spawn(dht::run(dht, own, standing, offers, handed));
    }
}
