//! How late chunks come, and which of them say something about those that will come.
//!
//! Each track has readings of its own, and the latest track counts: a picture in nine parts comes later
//! than a sound in one, and readings of both together say what neither needs. Invariant: what was
//! captured before this viewer came, or during one long silence, is late by its nature and leaves no
//! reading. Pure: times are arguments, in microseconds of media time.

use std::collections::BTreeMap;

use crate::window::Window;

/// Without a complete chunk for this long, ten of each track, it is a silence: a line that was away, an
/// end that stood still. Its length says nothing about what comes after it. (Three seconds of it held
/// the target 3 s up for 13 s, and it took 25 s more to glide back.)
const SILENCE_US: i64 = 1_000_000;
/// Who has another silence within this has a line of that kind: there its length counts.
const AGAIN_US: i64 = 30_000_000;

/// The readings of the last chunks.
#[derive(Debug)]
pub(crate) struct Lateness {
    size: usize,
    tracks: BTreeMap<u8, Window>,
    /// When the last chunk became complete.
    heard_us: Option<i64>,
    /// Chunks that were closed before this say nothing.
    since_us: i64,
    /// The end of the last silence.
    silence_us: Option<i64>,
}

impl Lateness {
    /// Remembers this many readings of each track.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, tracks: BTreeMap::new(), heard_us: None, since_us: 0, silence_us: None }
    }

    /// A chunk of a track became complete at `media_us`. What a position must at least stay behind media time is
    /// how long before that the chunk before it was closed, if that is known.
    pub(crate) fn handle_chunk(&mut self, track: u8, media_us: i64, closed_us: Option<i64>) {
        match self.heard_us.replace(media_us) {
            None => self.since_us = media_us,
            Some(heard_us) if media_us - heard_us > SILENCE_US => {
                let last_us = self.silence_us.replace(media_us);
                if last_us.is_none_or(|last_us| media_us - last_us > AGAIN_US) {
                    self.since_us = media_us;
                }
            }
            Some(_) => {}
        }
        if let Some(closed_us) = closed_us.filter(|closed_us| *closed_us >= self.since_us) {
            let window = self.tracks.entry(track).or_insert_with(|| Window::new(self.size));
            window.push(media_us - closed_us);
        }
    }

    /// The smallest lateness that at least the part `q` of the newest `count` readings of any track do
    /// not exceed.
    pub(crate) fn quantile(&self, count: usize, q: f64) -> Option<i64> {
        self.tracks.values().filter_map(|window| window.quantile(count, q)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const CHUNK: i64 = 100_000;
    const LATE: i64 = 120_000;

    /// Chunks closed from one moment to another, each of which comes `LATE`, or when the line is back.
    fn hear(lateness: &mut Lateness, from_us: i64, to_us: i64, back_us: i64) {
        for closed_us in (from_us..to_us).step_by(usize::try_from(CHUNK).unwrap()) {
            lateness.handle_chunk(0, (closed_us + LATE).max(back_us), Some(closed_us));
        }
    }

    fn worst(lateness: &Lateness) -> Option<i64> {
        lateness.quantile(usize::MAX, 1.0)
    }

    #[test]
    fn what_was_closed_before_the_first_came_says_nothing() {
        let mut lateness = Lateness::new(64);
        hear(&mut lateness, 0, 3 * SECOND, 3 * SECOND);
        assert_eq!(worst(&lateness), None);
        hear(&mut lateness, 3 * SECOND, 4 * SECOND, 0);
        assert_eq!(worst(&lateness), Some(LATE));
    }

    #[test]
    fn what_was_on_its_way_during_a_silence_says_nothing() {
        let mut lateness = Lateness::new(64);
        hear(&mut lateness, 0, 5 * SECOND, 0);
        hear(&mut lateness, 5 * SECOND, 8 * SECOND, 8 * SECOND);
        hear(&mut lateness, 8 * SECOND, 9 * SECOND, 0);
        assert_eq!(worst(&lateness), Some(LATE));
    }

    #[test]
    fn a_shorter_gap_counts() {
        let mut lateness = Lateness::new(64);
        hear(&mut lateness, 0, 5 * SECOND, 0);
        hear(&mut lateness, 5 * SECOND, 6 * SECOND, 5 * SECOND + 9 * CHUNK);
        assert_eq!(worst(&lateness), Some(9 * CHUNK));
    }

    #[test]
    fn silence_after_silence_counts() {
        let mut lateness = Lateness::new(64);
        hear(&mut lateness, 0, 5 * SECOND, 0);
        hear(&mut lateness, 5 * SECOND, 8 * SECOND, 8 * SECOND);
        hear(&mut lateness, 8 * SECOND, 12 * SECOND, 0);
        hear(&mut lateness, 12 * SECOND, 14 * SECOND, 14 * SECOND);
        assert_eq!(worst(&lateness), Some(2 * SECOND));
    }

    #[test]
    fn the_latest_track_counts() {
        let mut lateness = Lateness::new(64);
        for closed_us in (0..4 * SECOND).step_by(100_000) {
            lateness.handle_chunk(1, closed_us + LATE / 2, Some(closed_us));
            let late = if closed_us % SECOND == 0 { 2 * LATE } else { LATE };
            lateness.handle_chunk(0, closed_us + late, Some(closed_us));
        }
        // One in ten of the picture, one in twenty of all.
        assert_eq!(lateness.quantile(40, 0.93), Some(2 * LATE));
        assert_eq!(lateness.quantile(40, 0.9), Some(LATE));
    }
}
