//! What a viewer has of the broadcast, and the playout clock that ships running over it.
//!
//! The clock knows the broadcaster's time to the microsecond; the error of a real estimate is not
//! modelled.

use manyhands_playout::{Beginning, Buffer, Playout, State};

use crate::ring::Ring;

/// The program looks at its clock this often.
const STEP_US: u64 = 10_000;
/// Between two looks where nothing can have happened.
const REST_US: u64 = 100_000;
/// Of two seconds of what is shown, one reading of how late it is.
const SAMPLE_US: u64 = 500_000;
/// The clock's fastest rate, in percent: it can't reach the end of what is there sooner.
const FASTEST: u64 = 110;
/// A picture that stands looks for a later keyframe after this.
const FROZEN_US: u64 = 300_000;

/// What a viewer has gone through, in microseconds of world time, since it is measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    /// Its first picture, ever.
    pub(crate) first_at: Option<u64>,
    pub(crate) played_us: u64,
    pub(crate) stalled_us: u64,
    pub(crate) skipped_us: u64,
    pub(crate) stalls: u32,
    pub(crate) latency_ms: Vec<u32>,
}

/// The tracks as the playout sees them; the first leads.
#[derive(Debug)]
struct Shelf {
    tracks: Vec<Ring>,
    /// The keyframe that it was sent to.
    sent_to_us: Option<i64>,
}

impl Buffer for Shelf {
    fn beginnings(&self) -> impl Iterator<Item = Beginning> {
        self.tracks.first().into_iter().flat_map(Ring::beginnings)
    }

    fn others_follow(&self, keyframe_us: i64) -> bool {
        self.tracks.iter().skip(1).all(|t| t.is_complete(t.chunk_at(keyframe_us)))
    }

    fn frontier_us(&self) -> i64 {
        self.tracks.iter().map(Ring::frontier_us).min().unwrap_or(i64::MIN)
    }

    fn seek(&mut self, to: Beginning) {
        self.sent_to_us = Some(to.keyframe_us);
        for track in &mut self.tracks {
            track.seek(track.chunk_at(to.keyframe_us));
        }
    }
}

/// A viewer's clock and what has arrived for it.
#[derive(Debug)]
pub(crate) struct Player {
    clock: Playout,
    shelf: Shelf,
    /// When the run began, in world time.
    run_start: u64,
    /// When it looks again.
    due: Option<u64>,
    /// It has looked in vain then: another chunk makes it look sooner.
    asleep: Option<u64>,
    /// Where stalls and time are counted from, and what the clock had counted by then.
    measured: Option<(u64, (u64, i64))>,
    sampled_at: u64,
    watched: Watched,
}

impl Player {
    /// For tracks of so many parts a chunk that lasts so many milliseconds.
    pub(crate) fn new(tracks: impl Iterator<Item = (u8, u16)>, run_start: u64) -> Self {
        let tracks = tracks.map(|(needed, chunk_ms)| Ring::new(u32::from(needed), chunk_ms));
        Self {
            clock: Playout::default(),
            shelf: Shelf { tracks: tracks.collect(), sent_to_us: None },
            run_start,
            due: None,
            asleep: None,
            measured: None,
            sampled_at: 0,
            watched: Watched::default(),
        }
    }

    fn media_us(&self, world: u64) -> i64 {
        world as i64 - self.run_start as i64
    }

    /// A piece of a chunk has arrived for the first time; each part of the chunk is `cut` pieces.
    pub(crate) fn arrived(&mut self, world: u64, id: (u8, u32), keyframe: bool, cut: u32) {
        let media_us = self.media_us(world);
        let Some(track) = self.shelf.tracks.get_mut(usize::from(id.0)) else { return };
        if track.add(id.1, keyframe, cut) {
            let closed_us = id.1.checked_sub(1).filter(|before| track.has_had(*before));
            self.clock.handle_chunk(id.0, media_us, closed_us.map(|_| track.start_us(id.1)));
        }
    }

    /// When a clock that slept wants to be called, on the beat it looks by, if something has come.
    pub(crate) fn woken(&mut self, world: u64) -> Option<u64> {
        let news = self.shelf.tracks.iter_mut().filter_map(Ring::take_news).count() > 0;
        let since = self.asleep.filter(|_| news)?;
        self.look_at(since + (world - since).div_ceil(STEP_US).max(1) * STEP_US)
    }

    /// It wants to be called at this moment, unless it will be anyway by then.
    pub(crate) fn look_at(&mut self, at: u64) -> Option<u64> {
        let sooner = self.due.is_none_or(|due| at < due);
        sooner.then(|| *self.due.insert(at))
    }

    /// Lets the clock do what is due; when it wants to be called next, `None` if only a chunk helps or
    /// it was not to be called now.
    pub(crate) fn tick(&mut self, world: u64) -> Option<u64> {
        self.due.take_if(|due| *due == world)?;
        self.asleep = None;
        let media_us = self.media_us(world);
        let before_us = self.playhead_us();
        let moved = self.clock.advance(world as i64, media_us, &mut self.shelf);
        if let Some((to_us, before_us)) = self.shelf.sent_to_us.take().zip(before_us) {
            self.watched.skipped_us += (to_us - before_us).max(0) as u64;
        }
        if moved.first {
            self.watched.first_at.get_or_insert(world);
        }
        if self.measured.is_some() && self.is_playing() && world >= self.sampled_at {
            self.sampled_at = world + SAMPLE_US;
            self.watched.latency_ms.push((self.behind_us().unwrap_or(0) / 1000) as u32);
        }
        let next = self.next_look(world)?;
        self.look_at(next)
    }

    fn next_look(&mut self, world: u64) -> Option<u64> {
        match self.clock.state() {
            State::Playing => {
                let left = self.shelf.frontier_us().saturating_sub(self.clock.position_us());
                let sure = left.max(0) as u64 * 100 / FASTEST;
                Some(world + sure.clamp(STEP_US, REST_US))
            }
            // The wait for the first picture also ends by its own patience.
            State::Waiting if self.shelf.beginnings().next().is_some() => Some(world + STEP_US),
            State::Stalled { since_us } if world < since_us as u64 + FROZEN_US => {
                self.asleep = Some(world);
                Some(since_us as u64 + FROZEN_US)
            }
            _ => {
                self.asleep = Some(world);
                None
            }
        }
    }

    /// Whether its picture stands.
    pub(crate) fn stands(&self) -> bool {
        self.stands_since().is_some()
    }

    /// Since when it stands.
    pub(crate) fn stands_since(&self) -> Option<u64> {
        self.clock.stands_since_us().map(|since_us| since_us as u64)
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.clock.state() != State::Waiting
    }

    /// Whether it has shown a picture.
    pub(crate) const fn has_begun(&self) -> bool {
        self.watched.first_at.is_some()
    }

    /// Whether the clock wants a chunk at this moment and stands for it, or wanted it earlier.
    pub(crate) fn wanted(&self, (track, chunk): (u8, u32)) -> bool {
        let next = self.position(usize::from(track));
        next.is_some_and(|next| chunk < next || (chunk == next && self.stands()))
    }

    /// How far what is handed out is behind its capture.
    pub(crate) fn behind_us(&self) -> Option<u64> {
        let world = self.clock.stepped_us();
        let media_us = world - self.run_start as i64;
        self.is_playing().then(|| (media_us - self.clock.position_us()).max(0) as u64)
    }

    /// The chunk of a track that plays now.
    pub(crate) fn position(&self, track: usize) -> Option<u32> {
        let ring = self.shelf.tracks.get(track)?;
        self.is_playing().then(|| ring.chunk_at(self.clock.position_us()))
    }

    /// Whether what a track lacks is what it stands for.
    pub(crate) fn lacks(&self, track: usize) -> bool {
        let ring = self.shelf.tracks.get(track);
        ring.zip(self.position(track)).is_none_or(|(ring, chunk)| !ring.is_complete(chunk))
    }

    /// Where the clock stands, in the broadcaster's media time.
    pub(crate) fn playhead_us(&self) -> Option<i64> {
        self.is_playing().then(|| self.clock.position_us())
    }

    /// A new run: everything begins again, and the wait is a stall.
    pub(crate) fn restart(&mut self, world: u64, run_start: u64) {
        self.run_start = run_start;
        self.clock.reset(Some(world as i64));
        self.shelf.tracks.iter_mut().for_each(Ring::clear);
    }

    /// The measured time begins: earlier stalls don't count, and one under way counts from here.
    pub(crate) fn begin_measuring(&mut self, world: u64) {
        self.measured = Some((world, self.clock.stalls(world as i64)));
        self.watched.skipped_us = 0;
    }

    /// The run or the viewer ends.
    pub(crate) fn finish(&mut self, world: u64) {
        let Some((from, (stalls, stalled_us))) = self.measured.take() else { return };
        let Some(first_at) = self.watched.first_at else { return };
        let now = self.clock.stalls(world as i64);
        self.watched.stalls += (now.0 - stalls) as u32;
        self.watched.stalled_us += (now.1 - stalled_us).max(0) as u64;
        let there = world - from.max(first_at).min(world);
        self.watched.played_us = there.saturating_sub(self.watched.stalled_us);
    }

    /// What it has gone through, complete once it has finished.
    pub(crate) const fn watched(&self) -> &Watched {
        &self.watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of two parts a chunk, delivered 150 ms after each chunk is closed, but one chunk.
    fn run(lost: Option<u32>, seconds: u64) -> Player {
        let mut player = Player::new([(2, 100)].into_iter(), 0);
        player.begin_measuring(0);
        let (mut chunk, mut wake) = (0u32, player.look_at(0).unwrap());
        for world in (0..seconds * 1_000_000).step_by(1_000) {
            if world >= u64::from(chunk) * 100_000 + 250_000 {
                if Some(chunk) != lost {
                    for _ in 0..2 {
                        player.arrived(world, (0, chunk), chunk.is_multiple_of(10), 1);
                    }
                    wake = player.woken(world).unwrap_or(wake);
                }
                chunk += 1;
            }
            if world >= wake {
                wake = player.tick(wake).unwrap_or(u64::MAX);
            }
        }
        player
    }

    fn finished(lost: Option<u32>, seconds: u64) -> Watched {
        let mut player = run(lost, seconds);
        player.finish(seconds * 1_000_000);
        player.watched().clone()
    }

    #[test]
    fn an_even_stream_plays_without_a_stall_and_close_to_its_target() {
        let watched = finished(None, 60);
        assert_eq!(watched.stalls, 0);
        let last = *watched.latency_ms.last().unwrap();
        assert!((300..=420).contains(&last), "{last}");
        assert!(watched.played_us > 59_000_000);
    }

    #[test]
    fn a_gap_is_a_stall_until_a_later_keyframe_is_there() {
        let watched = finished(Some(55), 20);
        assert_eq!(watched.stalls, 1);
        assert!((300_000..=700_000).contains(&watched.stalled_us), "{}", watched.stalled_us);
        assert_eq!(watched.skipped_us, 500_000);
    }

    #[test]
    fn the_wait_for_another_run_is_a_stall() {
        let mut player = run(None, 10);
        player.restart(10_000_000, 12_000_000);
        assert!(player.stands() && !player.is_playing());
        for chunk in 0..10 {
            (0..2).for_each(|_| player.arrived(13_000_000, (0, chunk), chunk == 0, 1));
        }
        player.due = Some(13_000_000);
        let mut wake = player.due;
        while let Some(at) = wake.filter(|_| !player.is_playing()) {
            wake = player.tick(at);
        }
        let now = wake.unwrap_or(13_000_000);
        player.finish(now);
        assert!(player.watched().stalled_us >= 3_000_000);
    }
}
