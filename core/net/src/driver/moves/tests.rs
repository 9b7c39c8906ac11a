//! Two nodes on loopback that move: the address stays, everything else is as in another network.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::hostile::{config, member, origin};
use crate::{Node, NodeConfig, NodeEvent, PeerReport, Relays, Role, Via};

/// Nothing takes longer on any machine that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// A broadcaster and a viewer that has dialled it.
struct Pair {
    origin: Node,
    viewer: Node,
    events: [Receiver<NodeEvent>; 2],
}

impl Pair {
    async fn new() -> Self {
        let (origin, from_origin) =
            Node::start(config(Role::Origin, Relays::default()), origin(0)).unwrap();
        let hints = vec![(origin.address(), Via::Hint)];
        let viewer = NodeConfig { hints, ..config(Role::Viewer, Relays::default()) };
        let (viewer, from_viewer) = Node::start(viewer, member(2)).unwrap();
        let pair = Self { origin, viewer, events: [from_origin, from_viewer] };
        pair.stand(|of_origin, of_viewer| !of_origin.dialled && of_viewer.dialled).await;
        pair
    }

    /// Waits until the two know each other, and nobody else, and it looks like this.
    async fn stand(&self, is: impl Fn(&PeerReport, &PeerReport) -> bool) {
        let stands = async {
            loop {
                let peers = [&self.origin, &self.viewer].map(Node::report);
                let [of_origin, of_viewer] = peers;
                let (of_origin, of_viewer) = (of_origin.await.unwrap(), of_viewer.await.unwrap());
                if let ([one], [other]) = (&of_origin.peers[..], &of_viewer.peers[..])
                    && is(one, other)
                {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, stands).await.expect("they know each other");
    }

    /// What the overlay of either has lost.
    fn disconnections(&mut self) -> usize {
        let mut count = 0;
        for events in &mut self.events {
            while let Ok(event) = events.try_recv() {
                count += usize::from(matches!(event, NodeEvent::Alone));
            }
        }
        count
    }
}

/// Waits until no more tasks are there than before: what an old connection had is gone with it.
async fn tasks_are(most: usize) {
    let gone = async {
        while Handle::current().metrics().num_alive_tasks() > most {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("no task stays behind");
}

#[tokio::test]
async fn who_was_dialled_dials_again_and_twenty_moves_leave_nothing_behind() {
    let mut pair = Pair::new().await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    for _ in 0..10 {
        pair.origin.network_changed().await;
        pair.stand(|of_origin, of_viewer| of_origin.dialled && !of_viewer.dialled).await;
        pair.viewer.network_changed().await;
        pair.stand(|of_origin, of_viewer| !of_origin.dialled && of_viewer.dialled).await;
    }
    tasks_are(tasks).await;
    assert_eq!(pair.disconnections(), 0);
}

/// Bytes of datagrams that have come to a node.
async fn received(node: &Node) -> u64 {
    node.report().await.unwrap().received.datagram
}

#[tokio::test]
async fn who_has_dialled_goes_on_with_the_same_connection() {
    let pair = Pair::new().await;
    for _ in 0..3 {
        let before = received(&pair.viewer).await;
        pair.viewer.network_changed().await;
        let goes_on = async {
            while received(&pair.viewer).await == before {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, goes_on).await.expect("the broadcaster answers where the viewer is now");
        pair.stand(|of_origin, of_viewer| !of_origin.dialled && of_viewer.dialled).await;
    }
}

#[tokio::test]
async fn both_may_move_at_once() {
    let pair = Pair::new().await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    for _ in 0..5 {
        pair.origin.network_changed().await;
        pair.viewer.network_changed().await;
        pair.stand(|of_origin, of_viewer| of_origin.dialled != of_viewer.dialled).await;
    }
    tasks_are(tasks).await;
}
