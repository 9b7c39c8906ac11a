//! The newest media, kept for pages: at least the group of pictures that is playing now, so that a
//! new page starts with a picture, and a little more, so that a page may be late.
//!
//! Invariant: a reader sees each track's fragments in order and without a hole, or is told of the
//! hole and goes on at a keyframe; a fragment never comes before the configuration it needs.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use super::{Media, wire};

/// Media beyond the group of pictures that is playing now is kept this long.
const KEEP_MS: u64 = 4_000;
/// A group of pictures is kept to this length (`--test-pattern` and encoders use 1 to 10 s).
const MAX_GROUP_MS: u64 = 12_000;
/// All kept media; a newcomer's group in the swarm is bounded by 8 MiB, this holds two.
const MAX_BYTES: usize = 16 << 20;
/// A reader further behind than this goes on at the newest keyframe.
const MAX_LAG_MS: u64 = 3_000;
/// Going back by more than this is a new timeline (a broadcaster that started again).
const BACK_MS: u64 = 1_000;
/// A track without a fragment for this long is not announced to a new page.
const SILENT_MS: u64 = 2_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ring {
    tracks: BTreeMap<u8, Track>,
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// Number of the piece that comes next; the oldest kept is `next - pieces.len()`.
    next: u64,
    newest_key: Option<u64>,
    newest_ms: u64,
}

#[derive(Debug)]
struct Track {
    init: Arc<Init>,
    /// Newest media time, or that of other tracks when it was declared; none before any media.
    seen_ms: Option<u64>,
}

#[derive(Debug)]
struct Init {
    video: bool,
    framed: Bytes,
}

#[derive(Debug)]
struct Piece {
    track: u8,
    init: Arc<Init>,
    release_ms: u64,
    framed: Bytes,
}

/// How far a reader has come.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The piece to read next; none while waiting for a keyframe.
    at: Option<u64>,
    /// A keyframe before this one is of no use.
    since: u64,
    told: BTreeMap<u8, Arc<Init>>,
    to_tell: VecDeque<(u8, Arc<Init>)>,
}

impl Ring {
    /// Takes in what the session released.
    pub(super) fn push(&mut self, media: Media) {
        match media {
            Media::Init { track, mime, bytes } => {
                let framed = wire::init(track, &mime, &bytes);
                let init = Arc::new(Init { video: mime.starts_with("video/"), framed });
                let seen_ms = (self.newest_ms > 0).then_some(self.newest_ms);
                self.tracks.insert(track, Track { init, seen_ms });
            }
            Media::Fragment { track, keyframe, release_ms, bytes } => {
                self.push_fragment(track, keyframe, release_ms, &bytes);
            }
        }
    }

    fn push_fragment(&mut self, number: u8, keyframe: bool, release_ms: u64, bytes: &[u8]) {
        if bytes.len() > MAX_BYTES {
            return;
        }
        let Some(track) = self.tracks.get_mut(&number) else { return };
        track.seen_ms = Some(release_ms);
        let init = Arc::clone(&track.init);
        if release_ms.saturating_add(BACK_MS) < self.newest_ms {
            self.forget_all();
        }
        self.newest_ms = release_ms.max(self.newest_ms);
        for track in self.tracks.values_mut() {
            track.seen_ms.get_or_insert(self.newest_ms);
        }
        if keyframe && (init.video || !self.has_picture()) {
            self.newest_key = Some(self.next);
        }
        let framed = wire::fragment(number, keyframe, release_ms, bytes);
        self.bytes = self.bytes.saturating_add(framed.len());
        self.pieces.push_back(Piece { track: number, init, release_ms, framed });
        self.next = self.next.saturating_add(1);
        self.trim();
    }

    /// What a reader gets next; nothing when it has all or waits for a keyframe.
    pub(super) fn read(&self, place: &mut Place) -> Option<Bytes> {
        if let Some((track, init)) = place.to_tell.pop_front() {
            let framed = init.framed.clone();
            place.told.insert(track, init);
            return Some(framed);
        }
        let Some(at) = place.at else { return self.start(place) };
        if at == self.next {
            return None;
        }
        let index = at.checked_sub(self.oldest()).and_then(|index| usize::try_from(index).ok());
        let piece = index.and_then(|index| self.pieces.get(index));
        let Some(piece) = piece.filter(|piece| !self.too_late(at, piece)) else {
            return Some(Self::skip(place, self.next));
        };
        if !place.told.get(&piece.track).is_some_and(|told| Arc::ptr_eq(told, &piece.init)) {
            place.told.insert(piece.track, Arc::clone(&piece.init));
            return Some(piece.init.framed.clone());
        }
        place.at = Some(at.saturating_add(1));
        Some(piece.framed.clone())
    }

    /// Puts a reader on the newest keyframe, if it has one to come, the configurations first.
    fn start(&self, place: &mut Place) -> Option<Bytes> {
        let key = self.newest_key.filter(|key| *key >= place.since)?;
        place.at = Some(key);
        for (number, track) in &self.tracks {
            let known = place.told.get(number).is_some_and(|told| Arc::ptr_eq(told, &track.init));
            if self.is_alive(track) && !known {
                place.to_tell.push_back((*number, Arc::clone(&track.init)));
            }
        }
        self.read(place)
    }

    /// Tells a reader of a hole; it goes on at any keyframe after what it lost.
    fn skip(place: &mut Place, next: u64) -> Bytes {
        let lost = place.at.take().unwrap_or(next);
        place.since = lost.saturating_add(1).min(next);
        wire::skipped()
    }

    /// A group of pictures matters only while pictures come; with the camera off, sound starts alone.
    fn has_picture(&self) -> bool {
        self.tracks.values().any(|track| track.init.video && self.is_alive(track))
    }

    fn is_alive(&self, track: &Track) -> bool {
        track.seen_ms.is_none_or(|ms| self.newest_ms.saturating_sub(ms) <= SILENT_MS)
    }

    fn too_late(&self, at: u64, piece: &Piece) -> bool {
        self.newest_ms.saturating_sub(piece.release_ms) > MAX_LAG_MS
            && self.newest_key.is_some_and(|key| key > at)
    }

    fn trim(&mut self) {
        while let Some(front) = self.pieces.front() {
            let age = self.newest_ms.saturating_sub(front.release_ms);
            let playing = self.newest_key.is_some_and(|key| key <= self.oldest());
            let keep_ms = if playing { MAX_GROUP_MS } else { KEEP_MS };
            if age <= keep_ms && self.bytes <= MAX_BYTES {
                break;
            }
            self.bytes = self.bytes.saturating_sub(front.framed.len());
            self.pieces.pop_front();
        }
        let oldest = self.oldest();
        self.newest_key = self.newest_key.filter(|key| *key >= oldest);
    }

    fn forget_all(&mut self) {
        self.pieces.clear();
        self.bytes = 0;
        self.newest_key = None;
        self.newest_ms = 0;
        for track in self.tracks.values_mut() {
            track.seen_ms = None;
        }
    }

    fn oldest(&self) -> u64 {
        self.next.saturating_sub(u64::try_from(self.pieces.len()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
