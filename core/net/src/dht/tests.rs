//! A broadcaster's item through a DHT on loopback, to a viewer that has nothing but the link.

use std::net::SocketAddr;

use mainline::Testnet;
use manyhands_stream::{Channel, Entry, Meeting, MeetingPoint, MeetingState, Secret, day_of};
use manyhands_swarm::NodeId;
use tokio::sync::mpsc;

use super::client::{Client, Source};
use super::publish::Publisher;
use super::search::look;
use crate::discovery::{Offers, Own};
use crate::node::{Command, Via};
use crate::port_mapping::Opener;
use crate::unix_ms;

const NODES: usize = 30;
const NODE: NodeId = NodeId([7; 16]);

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
        Source { own: SocketAddr::from(([127, 0, 0, 1], port)), bootstrap: Some(bootstrap) }
    }

    /// A broadcaster that listens at `port` puts its item; gives how many nodes took it.
    async fn put(&self, port: u16) -> u32 {
        let days = [unix_ms(), unix_ms() + 3_600_000].map(day_of);
        let signers = days.map(|day| self.point.signer(&self.channel, day)).into_iter().collect();
        let own = Own {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            mapped: Opener::off().state(),
            node: NODE,
        };
        let publisher = Publisher { source: self.source(port), signers, started_ms: 1, own };
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
    assert_eq!(stage.found(&stage.point).await, [at(7001)]);
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
    assert_eq!(stage.found(&stage.point).await, [at(7002)]);
}
