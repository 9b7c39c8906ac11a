//! The DHT: BitTorrent's own (BEP 5), in which one sealed item of each invitation stands (BEP 44).
//!
//! A broadcaster puts the item as long as it is live; viewers only read it; nobody announces
//! (SECURITY 3 to 5). A client lives for one publication or one search and has a socket of its own,
//! so this program is silent in between and never becomes one of the nodes that serve others.

mod carry;
mod client;
mod publish;
mod search;
mod survey;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use manyhands_stream::{MeetingPoint, MeetingSigner, SignedMeeting, Ticket};
use manyhands_swarm::NodeId;
use tokio::sync::watch;

use self::publish::{Outlet, Publisher};
use crate::discovery::{Offers, Own, Standing};

pub use survey::{DhtSurvey, survey_dht};

/// A node's part in the DHT.
#[derive(Debug)]
pub struct Dht {
    /// First contacts instead of the public ones.
    pub bootstrap: Option<Vec<SocketAddr>>,
    /// What it does there.
    pub part: DhtPart,
}

/// What a node does in the DHT.
#[derive(Debug)]
pub enum DhtPart {
    /// A broadcaster: says where it is.
    Publish {
        /// Who writes: one for each invitation and day.
        signers: Vec<MeetingSigner>,
        /// When the run started, Unix milliseconds.
        started_ms: u64,
        /// Relays that carry it: they are named, too.
        relays: Vec<Ticket>,
    },
    /// A viewer: looks where the broadcaster is.
    Search(MeetingPoint),
    /// A relay: puts there what a shielded broadcaster hands it.
    Carry,
}

/// Does it until the node has ended.
pub(crate) async fn run(
    dht: Dht,
    own: Own,
    standing: watch::Receiver<Standing>,
    offers: Offers,
    handed: watch::Receiver<Vec<SignedMeeting>>,
) {
    let source = client::Source { own: own.address, bootstrap: dht.bootstrap, purse: own.purse };
    match dht.part {
        DhtPart::Publish { signers, started_ms, relays } => {
            let outlet = Outlet::Dht(source, own.mapped, own.moves);
            let publisher = Publisher { outlet, signers, started_ms, node: own.node, relays };
            publisher.run(standing).await;
        }
        DhtPart::Carry => carry::run(source, handed).await,
        DhtPart::Search(point) => search::run(source, point, standing, own.moves, offers).await,
    }
}

/// The part of a shielded broadcaster: its relays are handed what they shall put there. It sends
/// nothing itself.
pub(crate) async fn hand_out(
    dht: Dht,
    node: NodeId,
    standing: watch::Receiver<Standing>,
    offers: Offers,
) {
    if let DhtPart::Publish { signers, started_ms, relays } = dht.part {
        let outlet = Outlet::Relays(offers);
        Publisher { outlet, signers, started_ms, node, relays }.run(standing).await;
    }
}
