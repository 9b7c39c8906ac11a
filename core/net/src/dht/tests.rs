//! A broadcaster's item through a DHT on loopback, to a viewer that has nothing but the link.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mainline::Testnet;
use manyhands_stream::{
    Channel, Entry, Meeting, MeetingPoint, MeetingState, Relay, Secret, Ticket, day_of,
};
use manyhands_swarm::NodeId;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::client::{Client, Source};
use super::publish::{Outlet, Publisher};
use super::search::look;
use super::{Dht, DhtPart};
use crate::discovery::Offers;
use crate::network::Mover;
use crate::node::{Command, Via};
use crate::port_mapping::Opener;
use crate::socket::Purse;
use crate::{Credentials, Discovery, Identity, Node, NodeConfig, Relays, Role, hostile, unix_ms};

const NODES: usize = 30;
const NODE: NodeId = NodeId([7; 16]);
/// A relay of the broadcaster's: the hash in its ticket begins with its name.
const RELAY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4_433);
const RELAY_NODE: NodeId = NodeId([8; 16]);

/// A DHT of its own, a channel and an invitation.
struct Stage {
    net: Testnet,
    channel: Channel,
    point: MeetingPoint,
}

impl Stage {
    fn new() -> Self {
        let channel = Channel::from_seed(Secret::new([1; 32]));
        let point = MeetingPoint::new(channel.key(), &Secret::new([2; 16]));
        Self { net: Testnet::builder(NODES).build().unwrap(), channel, point }
    }

    fn source(&self, port: u16) -> Source {
        let bootstrap = self.net.bootstrap.iter().map(|node| node.parse().unwrap()).collect();
        let own = SocketAddr::from(([127, 0, 0, 1], port));
        Source { own, bootstrap: Some(bootstrap), purse: Purse::default() }
    }

    /// A broadcaster that listens at `port` puts its item; gives how many nodes took it.
    async fn put(&self, port: u16) -> u32 {
        let days = [unix_ms(), unix_ms() + 3_600_000].map(day_of);
        let signers = days.map(|day| self.point.signer(&self.channel, day)).into_iter().collect();
        let hints = vec![RELAY];
        let relays = vec![Ticket { relay: [8; 32], permit: Secret::new([0; 16]), hints }];
        let outlet = Outlet::Dht(self.source(port), Opener::off().state(), Mover::new().1);
        let publisher = Publisher { outlet, signers, started_ms: 1, node: NODE, relays };
        publisher.publish(&[SocketAddr::from(([127, 0, 0, 1], port))]).await
    }

    /// What a viewer is offered in one round.
    async fn found(&self, point: &MeetingPoint) -> Vec<(SocketAddr, Option<NodeId>)> {
        let (commands, mut inbox) = mpsc::channel(64);
        let client = self.source(1).client().await.unwrap();
        assert!(look(&client, point, &Offers(commands.downgrade())).await);
        drop(commands);
        let mut found = Vec::new();
        while let Some(command) = inbox.recv().await {
            let Command::Try(prospect) = command else { panic!("another command") };
            assert_eq!(prospect.via, Via::Dht);
            found.push((prospect.address, prospect.node));
        }
        found
    }
}

fn at(port: u16) -> (SocketAddr, Option<NodeId>) {
    (SocketAddr::from(([127, 0, 0, 1], port)), Some(NODE))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_link_finds_the_broadcaster_and_nobody_else_does() {
    let stage = Stage::new();
    assert!(stage.found(&stage.point).await.is_empty());
    assert!(stage.put(7001).await >= 1);
    assert_eq!(stage.found(&stage.point).await, [at(7001), (RELAY, Some(RELAY_NODE))]);
    let other = MeetingPoint::new(stage.channel.key(), &Secret::new([3; 16]));
    assert!(stage.found(&other).await.is_empty());
}

/// A link's holder can put whatever it signs, and its own junk under the right key never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_the_channel_has_not_signed_is_not_even_stored() {
    let stage = Stage::new();
    let thief = Channel::from_seed(Secret::new([9; 32]));
    let day = day_of(unix_ms());
    let entry = Entry { address: at(6666).0, node: [6; 16] };
    let lie = Meeting {
        state: MeetingState::Live,
        issued_ms: unix_ms() + 60_000,
        started_ms: 2,
        entries: vec![entry],
    };
    let mut item = stage.point.signer(&thief, day).sign(&lie, &mut rand::rng());
    item.place = stage.point.place(day).unwrap();
    let client: Client = stage.source(1).client().await.unwrap();
    assert_eq!(client.put(item).await, 0);
    assert!(stage.put(7002).await >= 1);
    assert_eq!(stage.found(&stage.point).await, [at(7002), (RELAY, Some(RELAY_NODE))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_shield_the_relay_puts_the_item_and_it_names_the_relay_alone() {
    let stage = Stage::new();
    let identity = Identity::from_seed(&Secret::new([3; 32])).unwrap();
    let pin = identity.pin();
    let carry = Dht { bootstrap: stage.source(1).bootstrap, part: DhtPart::Carry };
    let config = NodeConfig {
        identity: Some(identity),
        discovery: Discovery { local: None, dht: Some(carry), port_mapping: false },
        ..hostile::config(Role::Relay, Relays::default())
    };
    let relay = Relay::new(Secret::new([4; 16]));
    let (relay, _events) = Node::start(config, Credentials::Relay(Box::new(relay))).unwrap();
    let hints = vec![relay.address()];
    let tickets = vec![Ticket { relay: pin, permit: Secret::new([4; 16]), hints }];

    let days = [unix_ms(), unix_ms() + 3_600_000].map(day_of);
    let signers = days.map(|day| stage.point.signer(&stage.channel, day)).into_iter().collect();
    let part = DhtPart::Publish { signers, started_ms: 1, relays: tickets.clone() };
    // No first contacts: whatever it did in a DHT itself would come to nothing.
    let own = Dht { bootstrap: Some(Vec::new()), part };
    let config = NodeConfig {
        discovery: Discovery { local: None, dht: Some(own), port_mapping: false },
        ..hostile::config(Role::Origin, Relays { tickets, shielded: true })
    };
    let (_origin, _events) = Node::start(config, hostile::origin(0)).unwrap();
    let found = async {
        loop {
            let found = stage.found(&stage.point).await;
            if !found.is_empty() {
                return found;
            }
        }
    };
    let found = timeout(Duration::from_secs(60), found).await.expect("it is put");
    assert_eq!(found, [(relay.address(), Some(relay.name()))]);
}
