//! Pieces on their way out: what the overlay lets leave, as far as the line and each connection take it.

use std::time::{Duration, Instant};

use manyhands_swarm::{LinkReport, Time, Transmit};

use super::Driver;
use crate::link::Purpose;

/// A connection that could not take a piece is tried again after this: mostly it waits for the
/// neighbour's leave to open streams, half a round trip after the proof.
const TRY_AGAIN: Duration = Duration::from_millis(10);

impl Driver {
    /// Lets leave what may leave.
    pub(super) fn send_pieces(&mut self) {
        let now = self.now();
        if self.try_again.is_some_and(|at| now >= at) {
            self.try_again = None;
            self.report_links(now);
        }
        self.swarm.handle_line(now + self.quic.socket().wait(Instant::now()));
        while let Some(transmit) = self.swarm.poll_transmit(now) {
            self.transmit(now, transmit);
        }
        // Sending may have closed connections: the next input comes soon enough.
    }

    fn transmit(&mut self, now: Time, transmit: Transmit) {
        let (Some(peer), Some(data)) =
            (self.peers.get_mut(transmit.peer), self.store.get(&transmit.piece))
        else {
            return;
        };
        let purpose = if transmit.repair { Purpose::Repair } else { Purpose::Live };
        let len = data.len() as u64;
        if peer.link.send_piece(purpose, self.sabotage.send(self.role, data.clone())).is_err() {
            self.swarm.handle_refused(now, transmit);
            self.try_again.get_or_insert(now + TRY_AGAIN);
            return;
        }
        peer.sent += len;
        match purpose {
            Purpose::Live => self.report.sent.media += len,
            Purpose::Repair => self.report.sent.repair += len,
        }
    }

    /// Tells the overlay about the way to each neighbour: none counts as blocked until it refuses.
    pub(super) fn report_links(&mut self, now: Time) {
        for (index, peer) in self.peers.iter_mut() {
            let stats = peer.link.connection().stats();
            if stats.frame_rx.acks != peer.acks_seen {
                peer.acks_seen = stats.frame_rx.acks;
                peer.acked = peer.link.given();
                self.confirmed = Some(now);
            }
            let oldest = peer.link.oldest_unconfirmed();
            peer.seen.update(now, &stats, oldest, &mut self.report.outgoing);
            let queued = peer.link.given().saturating_sub(peer.acked);
            let report = LinkReport {
                acked_bytes: peer.acked,
                queued_bytes: u32::try_from(queued).unwrap_or(u32::MAX),
                rtt: stats.path.rtt,
                blocked: false,
            };
            self.swarm.handle_link(now, index, report);
        }
    }
}
