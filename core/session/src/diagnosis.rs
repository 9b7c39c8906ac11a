//! What a network allows, found out by using it for a few seconds: the router is asked for a port,
//! nodes of the DHT and peers of a broadcast say how they see this machine. Facts only; words are the
//! shell's.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use manyhands_net::{
    Credentials, DhtSurvey, Mapping, Node, NodeConfig, NodeEvent, PortMapping, Sight, Via,
    Visibility, interface_addresses, survey_dht,
};
use manyhands_stream::{Channel, Link, Member, Secret};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout};

use crate::Error;
use crate::finding::Finding;

/// How long the peers of a broadcast may take to answer and to say what they see.
const JOINING: Duration = Duration::from_secs(8);
/// Peers whose view is enough to tell how a NAT maps.
const ENOUGH: usize = 3;
/// After two have spoken the others have this long.
const SOON: Duration = Duration::from_secs(2);
/// How long a router may take: all three protocols, each unanswered.
const ROUTER: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
const FAREWELL: Duration = Duration::from_millis(1_500);

/// What to find out and with what.
#[derive(Debug)]
pub struct DiagnosisConfig {
    /// A broadcast whose peers are asked.
    pub link: Option<Link>,
    /// More addresses where a member of it may be.
    pub hints: Vec<SocketAddr>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What may be used.
    pub finding: Finding,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// This machine's addresses on its networks, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The way out.
    pub nat: Nat,
    /// Who outside sees this machine where: peers first, then nodes of the DHT.
    pub seen: Vec<Sight>,
    /// What the router did.
    pub port_mapping: PortMapping,
    /// The DHT, if it was asked.
    pub dht: Option<DhtSurvey>,
    /// The broadcast, if there was a link.
    pub broadcast: Option<Meeting>,
    /// Finding each other on the local network.
    pub local: LocalNetwork,
}

/// The NAT in front, in the terms of RFC 4787, section 4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// Nobody outside has said what it sees, or too few.
    Unknown,
    /// Others see this machine's own address.
    None,
    /// Everybody sees the same address and port.
    EndpointIndependent,
    /// Every other end sees another port; they can be told beforehand.
    DependentCounting,
    /// Every other end sees another port.
    Dependent,
}

/// What came of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// How the first peer was found; none was reached if that is missing.
    pub via: Option<&'static str>,
    /// Peers connected at the end.
    pub peers: usize,
    /// None of them was reached by UDP: it took TCP.
    pub tunnelled: bool,
}

/// What the local network is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalNetwork {
    /// Not to be asked.
    Off,
    /// There is none.
    None,
    /// There is one; whether it carries what is said to all shows only with another device.
    Untried,
    /// Somebody was found on it.
    Works,
}

impl Diagnosis {
    /// Somebody outside this machine was asked.
    #[must_use]
    pub fn has_asked(&self) -> bool {
        self.broadcast.is_some() || self.dht.as_ref().is_some_and(|dht| dht.asked > 0)
    }

    /// Somebody beyond the router has answered by UDP.
    #[must_use]
    pub fn has_answer(&self) -> bool {
        let met = |meeting: &Meeting| meeting.via.is_some() && !meeting.tunnelled;
        self.broadcast.as_ref().is_some_and(met)
            || self.dht.as_ref().is_some_and(|dht| dht.answered > 0)
    }

    /// The broadcast was reached by TCP, where UDP comes to nothing.
    #[must_use]
    pub fn has_tunnel(&self) -> bool {
        self.broadcast.as_ref().is_some_and(|meeting| meeting.tunnelled)
    }

    /// Strangers on the Internet can dial this machine without help.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.port_mapping.address().is_some() || self.nat == Nat::None
    }

    /// Another router or the provider shares an address in front of this machine's own router.
    #[must_use]
    pub fn is_behind_two(&self) -> bool {
        let elsewhere = |address: SocketAddr| {
            !self.seen.is_empty() && self.seen.iter().all(|sight| sight.seen.ip() != address.ip())
        };
        match self.port_mapping {
            PortMapping::BehindAnother { .. } => true,
            PortMapping::Open { address, .. } => elsewhere(address),
            _ => false,
        }
    }
}

/// Finds out what it can, in about ten seconds at most.
///
/// # Errors
/// When there is no socket to ask from.
pub async fn diagnose(config: DiagnosisConfig) -> Result<Diagnosis, Error> {
    let DiagnosisConfig { link, hints, listen, finding } = config;
    let asks_locally = finding.local;
    let dht = finding.dht.clone();
    let has_link = link.is_some();
    let (node, mut events) = start(link, hints, listen, finding)?;
    let surveyed = async {
        match dht {
            Some(first) => Some(survey_dht(listen.ip(), first.nodes()).await),
            None => None,
        }
    };
    let met = async { if has_link { Some(meet(&node, &mut events).await) } else { None } };
    let mut mapped = node.port_mapping();
    let router = timeout(ROUTER, mapped.wait_for(|state| *state != PortMapping::Asking));
    let (surveyed, met, _) = tokio::join!(surveyed, met, router);
    let port_mapping = *node.port_mapping().borrow();
    node.leave(FAREWELL).await;

    let dht = surveyed.transpose().map_err(manyhands_net::Error::from)?;
    let addresses = interface_addresses();
    let (meeting, by_peers) = met.unzip();
    let views = [by_peers, dht.as_ref().map(|dht| dht.visibility.clone())];
    let views: Vec<Visibility> = views.into_iter().flatten().collect();
    let nat = nat(&views, &addresses);
    let found = meeting.as_ref().is_some_and(|meeting| meeting.via == Some(Via::Local.word()));
    let local = match (asks_locally, addresses.is_empty(), found) {
        (false, ..) => LocalNetwork::Off,
        (_, true, _) => LocalNetwork::None,
        (_, _, true) => LocalNetwork::Works,
        _ => LocalNetwork::Untried,
    };
    let seen = views.into_iter().flat_map(|view| view.sights).collect();
    Ok(Diagnosis { addresses, nat, seen, port_mapping, dht, broadcast: meeting, local })
}

/// A node that joins by the link, or one of no broadcast that is there for its socket.
fn start(
    link: Option<Link>,
    hints: Vec<SocketAddr>,
    listen: SocketAddr,
    finding: Finding,
) -> Result<(Node, mpsc::Receiver<NodeEvent>), Error> {
    let (link, discovery) = match link {
        Some(link) => {
            let discovery = finding.of_watch(&link);
            (link, discovery)
        }
        None => {
            let channel = Channel::from_seed(Secret::new(rand::random()));
            let link = Link::open(channel.key(), Secret::new(rand::random()));
            let finding = Finding { local: false, dht: None, ..finding };
            let discovery = finding.of_watch(&link);
            (link, discovery)
        }
    };
    let config = NodeConfig {
        listen,
        upload_limit: Some(0),
        role: manyhands_net::Role::Viewer,
        hints: link.hints.iter().chain(&hints).map(|address| (*address, Via::Hint)).collect(),
        discovery,
        relays: manyhands_net::Relays::default(),
        identity: None,
        connections: manyhands_net::MAX_PEERS,
        seed: rand::random(),
    };
    Ok(Node::start(config, Credentials::Viewer(Box::new(Member::new(&link, None))))?)
}

/// Joins, and listens until enough have said what they see.
async fn meet(node: &Node, events: &mut mpsc::Receiver<NodeEvent>) -> (Meeting, Visibility) {
    let mut end = Instant::now() + JOINING;
    let mut met = Meeting { via: None, peers: 0, tunnelled: false };
    let mut visibility = Visibility::default();
    let mut looks = interval(LOOK);
    while Instant::now() < end {
        tokio::select! {
            // The picture comes as well; nobody looks at it.
            event = events.recv() => match event {
                Some(NodeEvent::Joined { via, .. }) => met.via = Some(via.word()),
                Some(_) => {}
                None => break,
            },
            _ = looks.tick() => {
                let Some(report) = node.report().await else { break };
                met.peers = report.peers.len();
                let by_tcp = met.peers > 0 && report.peers.iter().all(|peer| peer.tunnelled);
                if by_tcp && !met.tunnelled {
                    end = end.min(Instant::now() + SOON);
                }
                met.tunnelled = by_tcp;
                let more = report.visibility.sights.len() > visibility.sights.len();
                visibility = report.visibility;
                if visibility.sights.len() >= ENOUGH {
                    break;
                }
                if more && visibility.sights.len() >= 2 {
                    end = end.min(Instant::now() + SOON);
                }
            }
        }
    }
    (met, visibility)
}

fn nat(views: &[Visibility], addresses: &[IpAddr]) -> Nat {
    let mut sights = views.iter().flat_map(|view| &view.sights);
    if sights.any(|sight| addresses.contains(&sight.seen.ip().to_canonical())) {
        return Nat::None;
    }
    let of = |mapping| match mapping {
        Mapping::Unknown => Nat::Unknown,
        Mapping::Steady => Nat::EndpointIndependent,
        Mapping::Counting(_) => Nat::DependentCounting,
        Mapping::Unpredictable => Nat::Dependent,
    };
    let mut all = views.iter().map(|view| of(view.mapping));
    all.find(|nat| *nat != Nat::Unknown).unwrap_or(Nat::Unknown)
}
