//! This node stands in another network, or a neighbour does.
//!
//! What a node has dialled goes with it: QUIC takes a connection along when its dialler's address
//! changes (RFC 9000, section 9). What it has accepted it dials again, for who has dialled may not be
//! followed from elsewhere. The connection that stands serves until the new one is proven; the
//! neighbour's place in the overlay, its slots and what is queued for it stay, for they hang on the
//! neighbour, and pieces on their way are sent once more.

use std::time::Duration;

use manyhands_swarm::{Contact, NodeId, PeerIndex, Role, Time};

use super::Driver;
use crate::peers::Peer;
use crate::tunnel;

/// Addresses come and go in steps while a machine moves: what follows within this time is one move
/// more, not many.
const SETTLING: Duration = Duration::from_millis(100);
/// A neighbour that is well says something each two seconds (QUIC's own beat), one loss and a slow way
/// forgiven. After that a connection that comes takes the place of the one that stands.
const SILENT: Duration = Duration::from_secs(3);
/// What was given longer ago than this is late for nearly every playout target (they go to 5 s), and was
/// asked for elsewhere by now.
const USEFUL: Duration = Duration::from_secs(2);
/// Between two connections that each carry on what the one before them had; and how long that one is
/// still heard at most.
const BETWEEN: Duration = Duration::from_secs(1);
/// What comes this long after a move has not been on its way before.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

impl Driver {
    /// This machine has moved, or may have.
    pub(super) fn on_moved(&mut self, now: Time) {
        if self.leaving.is_some() {
            return;
        }
        if self.moved.is_some_and(|at| now.since(at) < SETTLING) {
            self.moves_again = true;
            return;
        }
        (self.moved, self.moves_again) = (Some(now), false);
        tracing::info!("the network has changed");
        self.quic.on_moved();
        self.reach.on_moved();
        self.dialler.on_moved(now);
        self.mover.tell();
        // A relay dials nobody: its ticket says where it is.
        if self.role != Role::Relay {
            let accepted = |peer: &Peer| !peer.dialled && !tunnel::is_inner(peer.address.ip());
            for (_, peer) in self.peers.iter_mut().filter(|(_, peer)| accepted(peer)) {
                peer.redial = Some(now);
            }
        }
        self.renew(now);
    }

    /// Dials those that have to be, and says which connections are not to be relied on.
    pub(super) fn renew(&mut self, now: Time) {
        if self.moves_again && self.moved.is_none_or(|at| now.since(at) >= SETTLING) {
            self.on_moved(now);
            return;
        }
        let doubtful = |peer: &Peer| {
            peer.redial.is_some() || now.since(peer.seen.heard.max(peer.since)) >= SILENT
        };
        let turns = self.peers.iter().filter(|(_, peer)| doubtful(peer));
        self.dialler.renew(turns.map(|(_, peer)| (peer.node, peer.next_turn())).collect());
        for (_, peer) in self.peers.iter_mut() {
            if peer.replaced.is_some_and(|at| now.since(at) >= BETWEEN) {
                peer.close_before();
            }
            // Begun before the move, a dial waits for an answer that goes to where this node was.
            let begins = peer.redial == Some(now) || !self.dialler.dials(peer.node);
            if peer.redial.is_some() && begins {
                self.dialler.dial_open(Contact { node: peer.node, address: peer.address });
            }
        }
    }

    /// It is dialled again, unless something comes from it all the same.
    pub(super) fn on_redial_failed(&mut self, node: NodeId) {
        let same = self.peers.iter_mut().find(|(_, peer)| peer.node == node);
        if let Some((_, peer)) = same
            && peer.redial.is_some_and(|moved| peer.seen.heard >= moved + ON_ITS_WAY)
        {
            peer.redial = None;
        }
    }

    /// A connection has taken the place of another one of the same neighbour.
    pub(super) fn on_replaced(&mut self, now: Time, index: PeerIndex) {
        if let Some(peer) = self.peers.get_mut(index) {
            peer.seen.heard = now;
            let last = peer.replaced.replace(now);
            let pieces = match last {
                // Nobody gets everything anew as often as it likes.
                Some(last) if now.since(last) < BETWEEN => 0,
                _ => peer.carry_on(USEFUL),
            };
            tracing::debug!(peer = %peer.node, pieces, "another connection");
            // Who has dialled knows last that the new one stands: to close the other one before that
            // would look to it as if this node had gone.
            if peer.dialled {
                peer.close_before();
            }
        }
        self.on_found(now, index);
    }

    /// Sees whether a neighbour stands elsewhere: one that has dialled this node takes the connection
    /// along.
    pub(super) fn follow_neighbours(&mut self, now: Time) {
        let mut moved = Vec::new();
        for (index, peer) in self.peers.iter_mut() {
            let address = crate::canonical(peer.link.connection().remote_address());
            if address != peer.address {
                peer.address = address;
                moved.push(index);
            }
        }
        moved.into_iter().for_each(|index| self.on_found(now, index));
    }

    /// A known neighbour is at another address, or is reached in another way.
    fn on_found(&mut self, now: Time, index: PeerIndex) {
        self.confirmed = Some(now);
        let Some(peer) = self.peers.get(index) else { return };
        if peer.origin && self.role != Role::Relay && !tunnel::is_inner(peer.address.ip()) {
            self.dialler.on_joined(Some(peer.address));
        }
        self.tell_observed(index);
        self.tell_connected(now, index);
    }
}

#[cfg(test)]
mod tests;
