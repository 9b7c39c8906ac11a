//! Which pieces of a track are here.
//!
//! A ring over the last chunks. Invariant: nothing outside `[base, newest]` is ever reported as
//! present, and the window never holds more than [`MAX_CHUNKS`] chunks or [`HAVE_WINDOW_MS`] of
//! media time.

use crate::output::Arrival;
use crate::piece::{Piece, PieceId, TrackId};

/// How much media time the have-map spans, newest capture minus oldest: a GOP of up to 4 s (DESIGN,
/// "A newcomer gets the current GOP") and the 1.2 s that prototype peers kept behind the play
/// point. The driver's piece store must keep at least as much.
pub const HAVE_WINDOW_MS: u32 = 5_200;

/// Chunks in the window at most: 6.4 s at the shortest tick of 50 ms.
pub const MAX_CHUNKS: u32 = 128;

/// Pieces of the first chunks arrive in any order: this many before the first one are of interest.
const FIRST_BACK: u32 = 2;

/// What is known of one chunk.
#[derive(Clone, Debug, Default)]
struct Slot {
    chunk: u32,
    known: bool,
    keyframe: bool,
    parts: u8,
    capture_ms: u32,
    len: u32,
    /// Substreams of which every part is here.
    full: u32,
    /// Parts of substreams that are not complete; empty unless a part is over 16 KiB.
    partial: Vec<(u8, u16)>,
}

/// The have-map of one track.
#[derive(Clone, Debug)]
pub(crate) struct Have {
    track: TrackId,
    k: u8,
    all: u32,
    chunk_ms: u16,
    ring: Vec<Slot>,
    base: u32,
    /// The base was chosen, and pieces from there on are on their way.
    started: bool,
    newest: Option<u32>,
}

impl Have {
    pub(crate) fn new(track: TrackId, k: u8, substreams: u8, chunk_ms: u16) -> Self {
        Self {
            track,
            k,
            all: (1u32 << substreams.min(31)) - 1,
            chunk_ms: chunk_ms.max(1),
            ring: vec![Slot::default(); MAX_CHUNKS as usize],
            base: 0,
            started: false,
            newest: None,
        }
    }

    fn slot(&self, chunk: u32) -> Option<&Slot> {
        let slot = self.ring.get((chunk % MAX_CHUNKS) as usize)?;
        let inside = chunk >= self.base && self.newest.is_some_and(|n| chunk <= n);
        (slot.known && slot.chunk == chunk && inside).then_some(slot)
    }

    /// The oldest chunk that is still of interest.
    pub(crate) const fn base(&self) -> u32 {
        self.base
    }

    /// The newest chunk of which any piece has been seen.
    pub(crate) const fn newest(&self) -> Option<u32> {
        self.newest
    }

    /// Every substream of the track.
    pub(crate) const fn all(&self) -> u32 {
        self.all
    }

    /// Nothing before `chunk` is wanted (a newcomer starts at a keyframe).
    pub(crate) fn start_at(&mut self, chunk: u32) {
        if self.newest.is_none() || chunk > self.base {
            self.base = chunk;
            self.started = true;
        }
    }

    /// The first chunk here that was captured at this moment or later; the one after the newest, if none
    /// was.
    pub(crate) fn first_since(&self, capture_ms: u32) -> Option<u32> {
        let newest = self.newest?;
        let since = |c: &u32| self.capture_ms(*c).is_some_and(|at| at >= capture_ms);
        Some((self.base..=newest).find(since).unwrap_or(newest.saturating_add(1)))
    }

    pub(crate) fn wants(&self, id: &PieceId) -> bool {
        is_set(self.all, id.substream) && id.chunk >= self.base && !self.has(id)
    }

    pub(crate) fn has(&self, id: &PieceId) -> bool {
        let Some(slot) = self.slot(id.chunk) else { return false };
        let part = |held: &(u8, u16)| held.0 == id.substream && is_set(held.1.into(), id.part);
        is_set(slot.full, id.substream) || slot.partial.iter().any(part)
    }

    /// The substreams of a chunk that are complete.
    pub(crate) fn mask(&self, chunk: u32) -> u32 {
        self.slot(chunk).map_or(0, |s| s.full)
    }

    /// Enough of the chunk is here to open it (with a parity part any K of K + 1 do).
    pub(crate) fn complete(&self, chunk: u32) -> bool {
        self.slot(chunk).is_some_and(|s| s.full.count_ones() >= u32::from(self.k))
    }

    /// Takes note of a piece.
    pub(crate) fn insert(&mut self, piece: &Piece) -> Arrival {
        let id = &piece.id;
        let parts = piece.parts.clamp(1, 16);
        if !is_set(self.all, id.substream) || id.part >= parts || id.chunk < self.base {
            return Arrival::Stale;
        }
        self.reach(id.chunk);
        if id.chunk < self.base {
            return Arrival::Stale;
        }
        let Some(slot) = self.ring.get_mut((id.chunk % MAX_CHUNKS) as usize) else {
            return Arrival::Stale;
        };
        if !slot.known || slot.chunk != id.chunk {
            *slot = Slot { chunk: id.chunk, known: true, parts, ..Slot::default() };
            slot.capture_ms = piece.capture_ms;
            slot.keyframe = piece.keyframe;
        }
        slot.len = slot.len.max(piece.len);
        let arrival = slot.add(id.substream, id.part);
        self.advance();
        arrival
    }

    /// Makes room for a newer chunk; a jump of any size forward is taken as it is, because the
    /// driver has verified the piece.
    fn reach(&mut self, chunk: u32) {
        if self.newest.is_none() && !self.started {
            self.base = self.base.max(chunk.saturating_sub(FIRST_BACK));
        }
        let newest = self.newest.map_or(chunk, |n| n.max(chunk));
        self.newest = Some(newest);
        self.base = self.base.max(newest.saturating_sub(MAX_CHUNKS - 1));
    }

    fn advance(&mut self) {
        let Some(newest) = self.newest else { return };
        let Some(edge) = self.slot(newest).map(|s| s.capture_ms) else { return };
        while self.base < newest {
            let old = self.capture_ms(self.base).unwrap_or(edge);
            if old.saturating_add(HAVE_WINDOW_MS) >= edge {
                break;
            }
            self.base += 1;
        }
    }

    /// When a chunk was closed, in the origin's time: as its pieces say, else counted back from the
    /// newest one.
    pub(crate) fn capture_ms(&self, chunk: u32) -> Option<u32> {
        if let Some(slot) = self.slot(chunk) {
            return Some(slot.capture_ms);
        }
        let newest = self.newest?;
        let edge = self.slot(newest)?.capture_ms;
        let back = newest.checked_sub(chunk)?.saturating_mul(u32::from(self.chunk_ms));
        Some(edge.saturating_sub(back))
    }

    /// The newest keyframe chunk that is complete, for a newcomer to start at; with
    /// nothing complete, the newest keyframe chunk known.
    pub(crate) fn keyframe(&self) -> Option<u32> {
        let newest = self.newest?;
        let keys = |c: &u32| self.slot(*c).is_some_and(|s| s.keyframe);
        let any = (self.base..=newest).rev().find(keys);
        (self.base..=newest).rev().find(|c| keys(c) && self.complete(*c)).or(any)
    }

    /// The newest keyframe chunk of which anything is here.
    pub(crate) fn newest_keyframe(&self) -> Option<u32> {
        let newest = self.newest?;
        (self.base..=newest).rev().find(|c| self.slot(*c).is_some_and(|s| s.keyframe))
    }

    /// Every piece of one substream of a chunk that is here, with its length on the wire.
    pub(crate) fn pieces(&self, chunk: u32, substream: u8) -> impl Iterator<Item = (PieceId, u32)> {
        let (parts, len) = self.slot(chunk).map_or((0, 0), |s| (s.parts, s.len));
        let track = self.track;
        (0..parts)
            .map(move |part| (PieceId { track, chunk, substream, part }, len))
            .filter(|(id, _)| self.has(id))
    }

    /// Bytes of a piece of this chunk on the wire; 0 if the chunk is unknown.
    pub(crate) fn len(&self, chunk: u32) -> u32 {
        self.slot(chunk).map_or(0, |s| s.len)
    }

    /// How many pieces each part of the chunk was cut into; 1 if unknown.
    pub(crate) fn parts(&self, chunk: u32) -> u8 {
        self.slot(chunk).map_or(1, |s| s.parts)
    }

    /// Forgets everything: a new run has begun.
    pub(crate) fn clear(&mut self) {
        self.ring.iter_mut().for_each(|s| *s = Slot::default());
        self.base = 0;
        self.started = false;
        self.newest = None;
    }
}

/// Whether the bit for a substream or a part is set. A neighbour may ask for any number.
fn is_set(mask: u32, number: u8) -> bool {
    mask.checked_shr(number.into()).is_some_and(|rest| rest & 1 == 1)
}

impl Slot {
    fn add(&mut self, substream: u8, part: u8) -> Arrival {
        if self.full >> substream & 1 == 1 {
            return Arrival::Duplicate;
        }
        if self.parts <= 1 {
            self.full |= 1 << substream;
            return Arrival::New;
        }
        let at = self.partial.iter().position(|p| p.0 == substream).unwrap_or_else(|| {
            self.partial.push((substream, 0));
            self.partial.len() - 1
        });
        let Some(held) = self.partial.get_mut(at) else { return Arrival::Stale };
        if held.1 >> part & 1 == 1 {
            return Arrival::Duplicate;
        }
        held.1 |= 1 << part;
        if held.1.count_ones() >= u32::from(self.parts) {
            self.partial.swap_remove(at);
            self.full |= 1 << substream;
        }
        Arrival::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(chunk: u32, substream: u8, part: u8, parts: u8) -> Piece {
        Piece {
            id: PieceId { track: 0, chunk, substream, part },
            parts,
            len: 2_500,
            capture_ms: chunk * 100,
            next_due_ms: 100,
            keyframe: chunk.is_multiple_of(10),
        }
    }

    #[test]
    fn a_chunk_is_complete_with_any_k_of_its_substreams() {
        let mut have = Have::new(0, 2, 3, 100);
        assert_eq!(have.insert(&piece(0, 2, 0, 1)), Arrival::New);
        assert!(!have.complete(0));
        assert_eq!(have.insert(&piece(0, 0, 0, 1)), Arrival::New);
        assert!(have.complete(0));
        assert_eq!(have.insert(&piece(0, 0, 0, 1)), Arrival::Duplicate);
        assert_eq!(have.insert(&piece(0, 3, 0, 1)), Arrival::Stale);
    }

    #[test]
    fn a_part_cut_in_pieces_is_there_when_its_last_piece_is() {
        let mut have = Have::new(0, 1, 1, 100);
        for part in 0..3 {
            assert_eq!(have.mask(7), 0);
            assert_eq!(have.insert(&piece(7, 0, part, 3)), Arrival::New);
            assert_eq!(have.insert(&piece(7, 0, part, 3)), Arrival::Duplicate);
        }
        assert_eq!(have.mask(7), 1);
        assert_eq!(have.pieces(7, 0).count(), 3);
    }

    #[test]
    fn the_window_follows_the_newest_chunk_and_forgets_what_left_it() {
        let mut have = Have::new(0, 1, 1, 100);
        for chunk in 0..200 {
            assert_eq!(have.insert(&piece(chunk, 0, 0, 1)), Arrival::New);
        }
        assert_eq!(have.base(), 199 - HAVE_WINDOW_MS / 100);
        assert!(!have.has(&piece(have.base() - 1, 0, 0, 1).id));
        assert_eq!(have.insert(&piece(have.base() - 1, 0, 0, 1)), Arrival::Stale);
        assert_eq!(have.insert(&piece(5_000, 0, 0, 1)), Arrival::New);
        assert_eq!(have.base(), 5_000 - HAVE_WINDOW_MS / 100);
        assert_eq!(have.mask(199), 0);
    }

    #[test]
    fn what_a_newcomer_is_sent_from_its_keyframe_on_is_kept_whatever_comes_first() {
        let mut have = Have::new(0, 1, 1, 100);
        have.start_at(20);
        assert_eq!(have.insert(&piece(29, 0, 0, 1)), Arrival::New);
        assert_eq!(have.insert(&piece(20, 0, 0, 1)), Arrival::New);
        assert_eq!(have.insert(&piece(19, 0, 0, 1)), Arrival::Stale);
    }

    #[test]
    fn a_newcomer_starts_at_the_newest_complete_keyframe() {
        let mut have = Have::new(0, 2, 2, 100);
        assert_eq!(have.keyframe(), None);
        for chunk in 0..15 {
            have.insert(&piece(chunk, 0, 0, 1));
            if chunk < 9 {
                have.insert(&piece(chunk, 1, 0, 1));
            }
        }
        assert_eq!(have.keyframe(), Some(0));
        have.insert(&piece(10, 1, 0, 1));
        assert_eq!(have.keyframe(), Some(10));
    }
}
