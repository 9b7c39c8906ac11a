//! What a broadcaster and its relays have between them beside pieces: how many are at work, and items
//! for the DHT.

use std::time::Duration;

use manyhands_stream::{PublicKey, SignedMeeting};
use manyhands_swarm::{PeerIndex, Role, Time};

use super::Driver;
use crate::control::{Control, Item};
use crate::node::NodeEvent;
use crate::peers::Peer;

/// By then a relay has asked for every substream and takes it.
const SETTLED: Duration = Duration::from_secs(1);
/// Items that a relay keeps: an invitation's, on two days.
const PLACES: usize = 2;

impl Driver {
    /// Tells the session how many relays are at work, when that has changed. Until a relay has what is
    /// sent, viewers who come to it would begin with a gap.
    pub(super) fn count_relays(&mut self, now: Time) {
        let at_work = |peer: &Peer| peer.relay && now.since(peer.since) >= SETTLED;
        let relays = self.peers.iter().filter(|(_, peer)| at_work(peer)).count();
        if std::mem::replace(&mut self.relays, relays) != relays {
            self.emit(NodeEvent::Relays(relays));
        }
    }

    /// A shielded broadcaster has items for the DHT: each relay gets them, now or when it comes.
    pub(super) fn hand_out(&mut self, items: Vec<SignedMeeting>) {
        self.items = items;
        let relays = self.peers.iter().filter(|(_, peer)| peer.relay).map(|(index, _)| index);
        let relays: Vec<_> = relays.collect();
        relays.into_iter().for_each(|index| self.hand_items(index));
    }

    pub(super) fn hand_items(&mut self, relay: PeerIndex) {
        for SignedMeeting { place, seq, value, signature } in self.items.clone() {
            let item = Item { place: place.0, seq, value, signature };
            self.send_control(relay, Control::Item(item).encode());
        }
    }

    /// A relay takes what its own broadcaster has signed for the DHT: one item for each of two days.
    pub(super) fn on_item(&mut self, from: PeerIndex, item: Item) {
        let Item { place, seq, value, signature } = item;
        let item = SignedMeeting { place: PublicKey(place), seq, value, signature };
        let by_origin = self.peers.get(from).is_some_and(|peer| peer.origin);
        if self.role != Role::Relay || !by_origin || !item.is_signed() {
            return;
        }
        self.hand.send_modify(|items| {
            items.retain(|known| known.place != item.place);
            items.push(item);
            items.drain(..items.len().saturating_sub(PLACES));
        });
    }
}
