//! The broadcaster's side: the item is put at once, then each hour, sooner when the addresses change,
//! and around midnight at the places of both days.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use manyhands_stream::{Entry, MAX_ENTRIES, Meeting, MeetingSigner, MeetingState, Ticket, day_of};
use manyhands_swarm::NodeId;
use tokio::sync::watch;
use tokio::time::sleep;

use super::client::Source;
use crate::discovery::{Offers, Standing};
use crate::identity::node_of_pin;
use crate::network::Moves;
use crate::port_mapping::PortMapping;
use crate::reachable_addresses;
use crate::unix_ms;

/// Nodes forget an item after two hours (BEP 44).
const HOURLY: Duration = Duration::from_secs(3600);
/// After a failure: doubles from the first to the last.
const FIRST_RETRY: Duration = Duration::from_secs(10);
const LAST_RETRY: Duration = Duration::from_secs(640);
/// How often it is seen whether the addresses have changed.
const LOOK: Duration = Duration::from_secs(30);
/// Addresses of its own that a broadcaster names.
const MAX_OWN: usize = 8;
/// Around midnight the other day's place has the item as well: for an hour, and what a
/// publication takes.
const MIDNIGHT_MS: u64 = 65 * 60 * 1000;

/// Which way items take into the DHT.
pub(super) enum Outlet {
    /// By a client of this node's own, with the address that the router has opened; anew when it has
    /// moved.
    Dht(Source, watch::Receiver<PortMapping>, Moves),
    /// By relays, behind which this node is not seen.
    Relays(Offers),
}

pub(super) struct Publisher {
    pub(super) outlet: Outlet,
    pub(super) signers: Vec<MeetingSigner>,
    pub(super) started_ms: u64,
    pub(super) node: NodeId,
    pub(super) relays: Vec<Ticket>,
}

impl Publisher {
    pub(super) async fn run(self, mut standing: watch::Receiver<Standing>) {
        let mut retry = FIRST_RETRY;
        loop {
            let addresses = self.addresses();
            let stored = tokio::select! {
                stored = self.publish(&addresses) => stored,
                () = ended(&mut standing) => return,
            };
            tracing::info!(stored, "the broadcast can be found in the DHT");
            let pause = if stored > 0 { HOURLY } else { retry };
            retry = if stored > 0 { FIRST_RETRY } else { (retry * 2).min(LAST_RETRY) };
            tokio::select! {
                () = self.wait(pause, &addresses) => {}
                () = ended(&mut standing) => return,
            }
        }
    }

    /// Puts the item at every place that it belongs to now. Gives how many nodes took it at the
    /// worst of them.
    pub(super) async fn publish(&self, addresses: &[SocketAddr]) -> u32 {
        let now = unix_ms();
        let meeting = self.meeting(addresses, now);
        let due = self.signers.iter().filter(|s| is_due(s.day(), now));
        let items: Vec<_> = due.map(|signer| signer.sign(&meeting, &mut rand::rng())).collect();
        let source = match &self.outlet {
            Outlet::Dht(source, ..) => source,
            Outlet::Relays(offers) => {
                let count = items.len();
                return if offers.hand_out(items).await { count as u32 } else { 0 };
            }
        };
        let client = match source.client().await {
            Ok(client) => client,
            Err(error) => {
                tracing::debug!(%error, "the DHT's socket could not be opened");
                return 0;
            }
        };
        let mut worst = u32::MAX;
        for item in items {
            worst = worst.min(client.put(item).await);
        }
        if worst == u32::MAX { 0 } else { worst }
    }

    fn meeting(&self, addresses: &[SocketAddr], now: u64) -> Meeting {
        let entry = |address: &SocketAddr| Entry { address: *address, node: self.node.0 };
        let relays = self.relays.iter().flat_map(|ticket| {
            let node = node_of_pin(&ticket.relay).0;
            ticket.hints.iter().map(move |address| Entry { address: *address, node })
        });
        Meeting {
            state: MeetingState::Live,
            issued_ms: now,
            started_ms: self.started_ms,
            entries: addresses.iter().map(entry).chain(relays).take(MAX_ENTRIES).collect(),
        }
    }

    /// Where this node can be dialled now, from outside first: behind relays nowhere.
    fn addresses(&self) -> Vec<SocketAddr> {
        match &self.outlet {
            Outlet::Dht(source, mapped, _) => {
                reachable_addresses(source.own, mapped.borrow().address(), MAX_OWN)
            }
            Outlet::Relays(_) => Vec::new(),
        }
    }

    /// Waits for `pause`, or until the addresses are others.
    async fn wait(&self, pause: Duration, published: &[SocketAddr]) {
        let until = Instant::now() + pause;
        let mut known = match &self.outlet {
            Outlet::Dht(_, mapped, moves) => Some((mapped.clone(), moves.of_later())),
            Outlet::Relays(_) => None,
        };
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.addresses() != published {
                return;
            }
            let look = sleep(left.min(LOOK));
            tokio::select! {
                () = look => {}
                () = other(known.as_mut()) => {}
            }
        }
    }
}

/// Waits until the router opens another port, or this machine has moved.
async fn other(known: Option<&mut (watch::Receiver<PortMapping>, Moves)>) {
    let Some((mapped, moves)) = known else { return std::future::pending().await };
    let port = async {
        // Without a task behind it the router's port does not change any more.
        if mapped.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = port => {}
        () = moves.next() => {}
    }
}

/// Whether the place of `day` has the item at `now`.
fn is_due(day: u32, now: u64) -> bool {
    let days = [now.saturating_sub(MIDNIGHT_MS), now, now.saturating_add(MIDNIGHT_MS)];
    days.into_iter().map(day_of).any(|due| due == day)
}

/// Waits until the node has ended.
async fn ended(standing: &mut watch::Receiver<Standing>) {
    while standing.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;
    const NOON: u64 = 20_000 * DAY_MS + DAY_MS / 2;

    #[test]
    fn the_item_stands_at_both_days_around_midnight_and_else_at_one() {
        let due = |now: u64| (19_999..=20_002).filter(|day| is_due(*day, now)).collect::<Vec<_>>();
        assert_eq!(due(NOON), [20_000]);
        let midnight = NOON + DAY_MS / 2;
        assert_eq!(due(midnight - 66 * 60_000), [20_000]);
        assert_eq!(due(midnight - 64 * 60_000), [20_000, 20_001]);
        assert_eq!(due(midnight - 1), [20_000, 20_001]);
        assert_eq!(due(midnight + 64 * 60_000), [20_000, 20_001]);
        assert_eq!(due(midnight + 66 * 60_000), [20_001]);
    }

    /// The next publication may be an hour and a search for nodes later.
    #[test]
    fn no_midnight_passes_without_an_item_at_the_new_days_place() {
        let hour = u64::try_from((HOURLY + Duration::from_secs(60)).as_millis()).unwrap();
        let midnight = NOON + DAY_MS / 2;
        for offset in 0..hour / 1000 {
            let last_before = midnight - 1 - offset * 1000;
            assert!(is_due(20_001, last_before), "published {offset} s before midnight");
        }
    }
}
