//! Media time here: the origin's clock as estimated over the peers in between.
//!
//! Four timestamps per exchange (as in NTP, RFC 5905 section 8). Each node keeps the sample with the
//! smallest error bound of the last 30 s; the bound is the answering peer's own bound plus half the
//! round trip, so an estimate says how wrong it can be.

use std::collections::VecDeque;
use std::time::Duration;

use manyhands_swarm::Time;

/// How long a sample counts: two clocks that drift by 100 ppm come 3 ms apart in this time.
const SAMPLE_LIFE: Duration = Duration::from_secs(30);
/// Samples kept: one a second while young would be 30.
const MAX_SAMPLES: usize = 32;
/// How much two ordinary quartz clocks drift apart at most, both ways, in parts per million.
const DRIFT_PPM: i64 = 200;

/// A relation between this node's clock and media time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Media time now, microseconds since the run began.
    pub media_us: i64,
    /// The true media time is within this many microseconds of it.
    pub error_us: i64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    taken: Time,
    /// Media time minus local time, in microseconds.
    offset_us: i64,
    error_us: i64,
}

impl Sample {
    fn error_at(&self, now: Time) -> i64 {
        let age_us = i64::try_from(now.since(self.taken).as_micros()).unwrap_or(i64::MAX);
        self.error_us.saturating_add(age_us / 1_000_000 * DRIFT_PPM)
    }
}

/// The estimate of one node.
#[derive(Debug, Default)]
pub struct Clock {
    origin: Option<Time>,
    samples: VecDeque<Sample>,
}

impl Clock {
    /// A node that does not know media time yet.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// The origin itself: media time began at `start`, without error.
    #[must_use]
    pub fn origin(start: Time) -> Self {
        Self { origin: Some(start), samples: VecDeque::new() }
    }

    /// Forgets everything: a new run has a time of its own.
    pub fn reset(&mut self) {
        self.samples.clear();
    }

    /// Media time at `now`, if anything is known of it.
    #[must_use]
    pub fn read(&self, now: Time) -> Option<Reading> {
        let local = micros(now);
        if let Some(start) = self.origin {
            return Some(Reading { media_us: local - micros(start), error_us: 0 });
        }
        let best = self.samples.iter().min_by_key(|s| s.error_at(now))?;
        Some(Reading { media_us: local + best.offset_us, error_us: best.error_at(now) })
    }

    /// Takes in an exchange: asked at `sent`, answered by a peer whose media time was `peer`
    /// on average, heard at `received`; `held` is how long the peer had the question.
    pub fn handle_answer(&mut self, sent: Time, received: Time, held: Duration, peer: Reading) {
        if self.origin.is_some() || received < sent || peer.error_us < 0 {
            return;
        }
        let Some(round_trip) = received.since(sent).checked_sub(held) else { return };
        let half = i64::try_from(round_trip.as_micros() / 2).unwrap_or(i64::MAX);
        let middle = micros(sent) + (micros(received) - micros(sent)) / 2;
        let Some(offset_us) = peer.media_us.checked_sub(middle) else { return };
        self.samples.retain(|s| received.since(s.taken) < SAMPLE_LIFE);
        if self.samples.len() == MAX_SAMPLES {
            self.samples.pop_front();
        }
        let error_us = peer.error_us.saturating_add(half);
        self.samples.push_back(Sample { taken: received, offset_us, error_us });
    }
}

fn micros(time: Time) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn an_even_path_gives_the_exact_time() {
        let mut clock = Clock::unknown();
        assert_eq!(clock.read(at(5)), None);
        // 20 ms each way, 4 ms held; the origin's time at the middle of that is 500 ms.
        let peer = Reading { media_us: 500_000, error_us: 0 };
        clock.handle_answer(at(100), at(144), Duration::from_millis(4), peer);
        let read = clock.read(at(144)).unwrap();
        assert_eq!(read.media_us, 522_000);
        assert_eq!(read.error_us, 20_000);
    }

    #[test]
    fn the_better_of_two_paths_wins_and_errors_add_up() {
        let mut clock = Clock::unknown();
        let far = Reading { media_us: 0, error_us: 30_000 };
        let near = Reading { media_us: 0, error_us: 1_000 };
        clock.handle_answer(at(0), at(10), Duration::ZERO, far);
        clock.handle_answer(at(20), at(30), Duration::ZERO, near);
        assert_eq!(clock.read(at(30)).unwrap().error_us, 6_000);
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut clock = Clock::unknown();
        let peer = Reading { media_us: i64::MAX, error_us: i64::MAX };
        clock.handle_answer(at(100), at(50), Duration::ZERO, peer);
        clock.handle_answer(at(0), at(50), Duration::from_secs(1), peer);
        assert_eq!(clock.read(at(100)), None);
        let mut origin = Clock::origin(at(10));
        origin.handle_answer(at(0), at(1), Duration::ZERO, Reading { media_us: 7, error_us: 0 });
        assert_eq!(origin.read(at(11)), Some(Reading { media_us: 1000, error_us: 0 }));
    }
}
