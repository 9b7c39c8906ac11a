//! Pieces as they come: verified before anything else, kept, or held until they can be judged.

use std::time::Duration;

use bytes::Bytes;
use manyhands_stream::{PieceHeader, Verdict};
use manyhands_swarm::{Arrival, PeerIndex, Piece, PieceId, Time};

use super::Driver;
use crate::link::Purpose;
use crate::node::NodeEvent;

/// Pieces of a run or an epoch that is not known yet wait this long, and this many bytes of them
/// (SECURITY 16).
const HOLD: Duration = Duration::from_secs(1);
const HOLD_BYTES: usize = 64 * 1024;

/// A piece that can't be judged yet.
#[derive(Debug)]
pub(super) struct Held {
    since: Time,
    from: PeerIndex,
    purpose: Purpose,
    data: Bytes,
    /// Its signature is not of the run that is known. A piece does not name its run: the peer may
    /// be ahead of us, and is accused only when no newer run turns up in time.
    accused: bool,
}

impl Driver {
    pub(super) fn on_piece(&mut self, index: PeerIndex, purpose: Purpose, data: Bytes) {
        let now = self.now();
        let len = data.len() as u64;
        let Ok(header) = PieceHeader::parse(&data) else {
            self.reject(index, data.len());
            return;
        };
        let piece = piece_of(&header, data.len());
        let repair = purpose == Purpose::Repair;
        if !self.swarm.wants(&piece.id) {
            self.report.received.duplicate += len;
            self.swarm.handle_piece(now, index, &piece, repair);
            return;
        }
        let verdict = self.credentials.lock().verify_piece(&data);
        match verdict {
            Verdict::Good(header) => self.on_good_piece(index, header, piece, repair, data),
            // The last pieces of the run before: nobody's fault.
            Verdict::Bad if now.since(self.run_changed) <= HOLD => {}
            Verdict::Bad => {
                self.hold(Held { since: now, from: index, purpose, data, accused: true });
            }
            Verdict::Unknown => {
                self.hold(Held { since: now, from: index, purpose, data, accused: false });
            }
            Verdict::Stale => self.report.received.duplicate += len,
        }
    }

    fn on_good_piece(
        &mut self,
        index: PeerIndex,
        header: PieceHeader,
        piece: Piece,
        repair: bool,
        data: Bytes,
    ) {
        let len = data.len() as u64;
        // Into the store first: the overlay may want to pass it on at once.
        self.store.insert(piece.id, piece.capture_ms, data.clone());
        if self.swarm.handle_piece(self.now(), index, &piece, repair) != Arrival::New {
            self.report.received.duplicate += len;
            return;
        }
        let received = &mut self.report.received;
        *(if repair { &mut received.repair } else { &mut received.media }) += len;
        if let Some(peer) = self.peers.get_mut(index) {
            peer.received += len;
            let from = &mut self.report.from;
            *(if peer.origin { &mut from.origin } else { &mut from.peer }) += len;
        }
        let PieceId { track, chunk, substream, part } = piece.id;
        tracing::trace!(from = index.0, track, chunk, substream, part, repair, "a new piece");
        self.emit(NodeEvent::Piece { header, bytes: data });
    }

    fn hold(&mut self, held: Held) {
        let waiting: usize =
            self.held.iter().filter(|h| h.from == held.from).map(|h| h.data.len()).sum();
        if waiting + held.data.len() <= HOLD_BYTES {
            self.held.push_back(held);
        } else if held.accused {
            self.reject(held.from, held.data.len());
        }
    }

    /// What has come from a neighbour that is gone is judged no more.
    pub(super) fn forget_held(&mut self, from: PeerIndex) {
        self.held.retain(|held| held.from != from);
    }

    /// What has waited in vain goes; who sent what nobody has signed is punished.
    pub(super) fn judge_held(&mut self, now: Time) {
        while let Some(held) = self.held.pop_front_if(|h| now.since(h.since) > HOLD) {
            if held.accused {
                self.reject(held.from, held.data.len());
            }
        }
    }

    fn reject(&mut self, from: PeerIndex, len: usize) {
        self.report.received.rejected += len as u64;
        self.swarm.handle_bad_piece(self.now(), from);
    }

    pub(super) fn retry_held(&mut self) {
        let now = self.now();
        for held in std::mem::take(&mut self.held) {
            if now.since(held.since) <= HOLD {
                self.on_piece(held.from, held.purpose, held.data);
            }
        }
    }
}

/// The overlay's view of a piece; `None` when the bytes are not one.
#[must_use]
pub fn to_piece(bytes: &[u8]) -> Option<Piece> {
    let header = PieceHeader::parse(bytes).ok()?;
    Some(piece_of(&header, bytes.len()))
}

fn piece_of(header: &PieceHeader, len: usize) -> Piece {
    Piece {
        id: PieceId {
            track: header.track,
            chunk: header.chunk,
            substream: header.substream,
            part: header.part,
        },
        parts: header.parts,
        len: u32::try_from(len).unwrap_or(u32::MAX),
        capture_ms: header.capture_ms,
        next_due_ms: header.next_due_ms,
        keyframe: header.flags.keyframe,
    }
}
