//! Peers on the wire: QUIC connections between members, and the task that drives the overlay.
//!
//! A [`Node`] owns one UDP socket. Connections are proven before anything else is read from them
//! (`handshake`), what comes in is verified before it is stored or forwarded (`driver`), and no
//! datagram leaves faster than the cap (`socket`), whether by UDP or, where that is blocked, inside TCP
//! (`tunnel`). Beside it tasks look for peers on the local network and in the DHT (`discovery`), and ask
//! the router for a port (`port_mapping`). The overlay itself is [`manyhands_swarm`]; this crate gives it
//! bytes, sockets and a clock.

mod addresses;
mod bucket;
mod budget;
mod clock;
mod congestion;
mod control;
mod credentials;
mod destinations;
mod dht;
mod dial;
mod discovery;
mod driver;
mod endpoint;
mod handshake;
#[cfg(test)]
mod hostile;
mod identity;
mod ledbat;
mod line;
mod link;
mod local;
mod mapping;
mod meetings;
mod meter;
mod network;
mod node;
mod overlay;
mod peers;
mod port_mapping;
mod punch;
mod reach;
mod report;
mod reset;
mod runtime;
mod sabotage;
mod socket;
mod store;
mod tls;
mod tunnel;

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use addresses::canonical;
pub use addresses::{dialable_addresses, interface_addresses, reachable_addresses};
pub use clock::{Clock, Reading};
pub use credentials::Credentials;
pub use dht::{Dht, DhtPart, DhtSurvey, survey_dht};
pub use discovery::{Discovery, Prospect};
pub use driver::to_piece;
pub use identity::{Identity, node_of};
pub use local::{LocalPart, LocalUse};
pub use manyhands_swarm::{Mapping, Role};
pub use meter::Meter;
pub use network::NetworkWatch;
pub use node::{Node, NodeConfig, NodeEvent, Relays, Via};
pub use peers::MAX_PEERS;
pub use port_mapping::{PortMapping, Protocol};
pub use report::{Outgoing, PeerReport, Report, Sight, Sources, Traffic, Visibility};

/// What can go wrong when a node starts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key material could not be set up.
    #[error("cannot set up the connection keys: {0}")]
    Crypto(String),
    /// The listening address is not to be had.
    #[error("cannot listen on {0}: {1}; choose another with --listen or let it be free")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The UDP socket failed.
    #[error("the UDP socket failed: {0}")]
    Socket(#[from] std::io::Error),
}

/// The wall clock in Unix milliseconds: for expiry and the freshness of heads only.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
