//! The chunks of one track that a viewer has, by number.

use manyhands_playout::Beginning;

/// Chunks remembered: 12.8 s at 100 ms.
const WINDOW: u32 = 128;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// One more than the chunk's number; 0 where there is none.
    name: u32,
    parts: u16,
    complete: bool,
    keyframe: bool,
}

/// One track.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// Parts that make a chunk.
    needed: u32,
    chunk_us: i64,
    slots: Box<[Slot]>,
    newest: u32,
    /// Where it is handed out from.
    from: u32,
    /// The first chunk from there on that is not complete.
    reach: u32,
    /// A chunk has become complete since it was last asked.
    news: bool,
}

impl Ring {
    pub(crate) fn new(needed: u32, chunk_ms: u16) -> Self {
        Self {
            needed,
            chunk_us: i64::from(chunk_ms.max(1)) * 1000,
            slots: vec![Slot::default(); WINDOW as usize].into(),
            newest: 0,
            from: 0,
            reach: 0,
            news: false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        (self.newest, self.from, self.reach, self.news) = (0, 0, 0, false);
    }

    fn slot(&self, chunk: u32) -> Option<&Slot> {
        self.slots.get((chunk % WINDOW) as usize).filter(|slot| slot.name == chunk + 1)
    }

    /// A piece of a chunk, one of `cut` that make a part, has come for the first time. Whether the
    /// chunk is complete with it.
    pub(crate) fn add(&mut self, chunk: u32, keyframe: bool, cut: u32) -> bool {
        if chunk < self.from {
            return false;
        }
        let Some(slot) = self.slots.get_mut((chunk % WINDOW) as usize) else { return false };
        if slot.name > chunk + 1 {
            return false;
        }
        if slot.name != chunk + 1 {
            *slot = Slot { name: chunk + 1, keyframe, ..Slot::default() };
        }
        slot.parts += 1;
        self.newest = self.newest.max(chunk);
        if slot.complete || u32::from(slot.parts) < self.needed * cut {
            return false;
        }
        slot.complete = true;
        self.extend();
        self.news = true;
        true
    }

    fn extend(&mut self) {
        while self.is_complete(self.reach) {
            self.reach += 1;
        }
    }

    /// That a chunk has become complete since the last time.
    pub(crate) fn take_news(&mut self) -> Option<()> {
        std::mem::replace(&mut self.news, false).then_some(())
    }

    pub(crate) fn is_complete(&self, chunk: u32) -> bool {
        self.slot(chunk).is_some_and(|slot| slot.complete)
    }

    /// Whether a chunk is complete, or was before it was handed out.
    pub(crate) fn has_had(&self, chunk: u32) -> bool {
        chunk < self.from || self.is_complete(chunk)
    }

    /// The chunk in which a moment of media time lies.
    pub(crate) fn chunk_at(&self, media_us: i64) -> u32 {
        u32::try_from(media_us.max(0) / self.chunk_us).unwrap_or(u32::MAX)
    }

    /// When a chunk begins, in media time.
    pub(crate) fn start_us(&self, chunk: u32) -> i64 {
        i64::from(chunk) * self.chunk_us
    }

    /// Up to where everything is complete from where it is handed out.
    pub(crate) fn frontier_us(&self) -> i64 {
        self.start_us(self.reach)
    }

    pub(crate) fn seek(&mut self, chunk: u32) {
        (self.from, self.reach) = (chunk, chunk);
        self.extend();
    }

    /// Whole keyframes, the newest first, and up to where all after each is there.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = Beginning> {
        let oldest = self.from.max(self.newest.saturating_sub(WINDOW - 1));
        let mut frontier_us = 0;
        let mut follows = false;
        (oldest..=self.newest).rev().filter_map(move |chunk| {
            let slot = self.slot(chunk).filter(|slot| slot.complete);
            if slot.is_some() && !follows {
                frontier_us = self.start_us(chunk + 1);
            }
            follows = slot.is_some();
            let keyframe_us = self.start_us(chunk);
            slot.filter(|slot| slot.keyframe).map(|_| Beginning { chunk, keyframe_us, frontier_us })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_whole_keyframes_and_what_hangs_together_after_them() {
        let mut ring = Ring::new(2, 100);
        for chunk in (0..25).filter(|c| *c != 15) {
            assert!(!ring.add(chunk, chunk % 10 == 0, 1));
            assert!(ring.add(chunk, chunk % 10 == 0, 1));
        }
        let found: Vec<_> = ring.beginnings().map(|b| (b.chunk, b.frontier_us / 1000)).collect();
        assert_eq!(found, [(20, 2_500), (10, 1_500), (0, 1_500)]);
        assert_eq!(ring.frontier_us(), 1_500_000);
        ring.seek(20);
        assert_eq!(ring.frontier_us(), 2_500_000);
        assert!(!ring.add(15, false, 1), "too late");
    }

    #[test]
    fn a_slot_is_given_to_the_newer_chunk() {
        let mut ring = Ring::new(1, 100);
        ring.add(3, true, 1);
        ring.add(3 + WINDOW, false, 1);
        assert!(!ring.is_complete(3) && ring.is_complete(3 + WINDOW));
        assert!(!ring.add(3, true, 1));
    }
}
