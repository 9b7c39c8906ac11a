//! The playout clock: which moment of the stream is being handed out now.
//!
//! One clock for page, file and phones. Its position is a capture time (the origin's clock, in
//! microseconds). It follows `media time now - target`, gliding where it can and jumping only where
//! it must, and stands still ("stalled") while a selected track has nothing for it. Pure: the time
//! is an argument.

use crate::quantile::Window;

/// Rates of the glide, and how far off they are used (the design's figures).
const NEAR_US: i64 = 300_000;
const FAR_US: i64 = 1_500_000;
const NEAR_RATE: f64 = 0.03;
const FAST: f64 = 1.10;
const SLOW: f64 = 0.96;
/// Chunk completion times that are remembered, and the part of them that must have come in time.
/// (Measured by the prototype: 0.97 of 128 takes 250 ms off a fixed guard.)
const WINDOW: usize = 128;
const QUANTILE: f64 = 0.97;
/// Kept beyond that quantile: in calm, and while stalls are recent or the viewer is young.
const CALM_GUARD_US: i64 = 100_000;
const ALARM_GUARD_US: i64 = 400_000;
/// How long a stall is recent.
const ALARM_LIFE_US: i64 = 20_000_000;
/// A young viewer's parents still change: sixteen that joined at once stalled for up to a second in
/// their first four, and not afterwards (measured on loopback).
const YOUNG_US: i64 = 8_000_000;
/// The target moves down this slowly: what the glide can follow.
const TARGET_FALL: f64 = 0.05;
/// Until anything was measured.
const FIRST_TARGET_US: i64 = 300_000;
/// A target beyond this helps nobody: it is the length of what a store holds.
const MAX_TARGET_US: i64 = 5_000_000;

/// What the clock is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing was handed out yet.
    Waiting,
    /// Handing out.
    Playing,
    /// Standing for want of units since this moment (own clock, microseconds).
    Stalled {
        /// When it began.
        since_us: i64,
    },
}

/// The clock.
#[derive(Debug)]
pub(crate) struct Playout {
    state: State,
    position_us: i64,
    /// Own clock at the last step.
    stepped_us: i64,
    started_us: i64,
    target_us: i64,
    lateness: Window,
    last_stall_us: Option<i64>,
    stalls: u64,
    stalled_us: i64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Everything captured up to the position is due.
    Play,
    /// It began to stand still.
    Stalled,
    /// It goes on after this many microseconds.
    Resumed {
        /// How long it stood.
        for_us: i64,
    },
    /// It still stands, or has not begun.
    Stand,
}

impl Default for Playout {
    fn default() -> Self {
        Self {
            state: State::Waiting,
            position_us: 0,
            stepped_us: 0,
            started_us: 0,
            target_us: FIRST_TARGET_US,
            lateness: Window::new(WINDOW),
            last_stall_us: None,
            stalls: 0,
            stalled_us: 0,
        }
    }
}

impl Playout {
    /// A chunk became complete `lateness_us` after the chunk before it was closed: what a position
    /// must at least stay behind media time.
    pub(crate) fn handle_complete(&mut self, lateness_us: i64) {
        self.lateness.push(lateness_us);
    }

    /// Starts handing out at `position_us`.
    pub(crate) fn start(&mut self, now_us: i64, position_us: i64) {
        self.state = State::Playing;
        self.position_us = position_us;
        self.stepped_us = now_us;
        self.started_us = now_us;
    }

    /// Waits for a new start: another run began.
    pub(crate) fn reset(&mut self) {
        let (stalls, stalled_us) = (self.stalls, self.stalled_us);
        *self = Self { stalls, stalled_us, ..Self::default() };
    }

    /// Moves on to `now_us`. `media_us` is media time now, `frontier_us` the capture time up to
    /// which every selected track is complete.
    pub(crate) fn step(&mut self, now_us: i64, media_us: i64, frontier_us: i64) -> Step {
        self.adapt(now_us);
        let elapsed = now_us.saturating_sub(self.stepped_us).max(0);
        self.stepped_us = now_us;
        match self.state {
            State::Waiting => Step::Stand,
            State::Playing => {
                let behind = media_us - self.target_us - self.position_us;
                let wish = self.position_us + (elapsed as f64 * rate(behind)) as i64;
                self.position_us = wish.min(frontier_us.max(self.position_us));
                // Less than a whole step was there: the clock stands.
                if wish > frontier_us && elapsed > 0 {
                    self.state = State::Stalled { since_us: now_us };
                    return Step::Stalled;
                }
                Step::Play
            }
            State::Stalled { since_us } if frontier_us > self.position_us => {
                let for_us = now_us - since_us;
                self.state = State::Playing;
                self.count_stall(now_us, for_us);
                Step::Resumed { for_us }
            }
            State::Stalled { .. } => Step::Stand,
        }
    }

    /// Jumps to a later moment; what lies between counts as stalled.
    pub(crate) fn jump(&mut self, now_us: i64, position_us: i64) {
        let skipped = position_us - self.position_us;
        let stood = match self.state {
            State::Stalled { since_us } => now_us - since_us,
            _ => 0,
        };
        // A skipped unit counts its duration.
        if stood.max(skipped) > 0 {
            self.count_stall(now_us, stood.max(skipped));
        }
        self.state = State::Playing;
        self.position_us = position_us;
        self.stepped_us = now_us;
    }

    /// How far the position is behind where it should be.
    #[must_use]
    pub(crate) fn behind(&self, media_us: i64) -> i64 {
        media_us - self.target_us - self.position_us
    }

    /// So far behind that it jumps if it can.
    #[must_use]
    pub(crate) fn wants_jump(&self, media_us: i64) -> bool {
        self.behind(media_us) > FAR_US
    }

    /// The capture time up to which units are handed out.
    #[must_use]
    pub(crate) fn position_us(&self) -> i64 {
        self.position_us
    }

    /// How far behind media time it wants to be.
    #[must_use]
    pub(crate) fn target_us(&self) -> i64 {
        self.target_us
    }

    /// What it is doing.
    #[must_use]
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Stalls so far and their length in microseconds, a running one included.
    #[must_use]
    pub(crate) fn stalls(&self, now_us: i64) -> (u64, i64) {
        match self.state {
            State::Stalled { since_us } => (self.stalls + 1, self.stalled_us + now_us - since_us),
            _ => (self.stalls, self.stalled_us),
        }
    }

    fn count_stall(&mut self, now_us: i64, for_us: i64) {
        self.stalls += 1;
        self.stalled_us += for_us;
        self.last_stall_us = Some(now_us);
    }

    fn adapt(&mut self, now_us: i64) {
        let Some(quantile) = self.lateness.quantile(QUANTILE) else { return };
        let young = self.state == State::Waiting || now_us - self.started_us < YOUNG_US;
        let stalled = self.last_stall_us.is_some_and(|at| now_us - at < ALARM_LIFE_US);
        let calm = !young && !stalled;
        let guard = if calm { CALM_GUARD_US } else { ALARM_GUARD_US };
        let wish = (quantile + guard).clamp(0, MAX_TARGET_US);
        let elapsed_s = now_us.saturating_sub(self.stepped_us).max(0) as f64 / 1e6;
        let fall = (elapsed_s * TARGET_FALL * 1e6) as i64;
        let waiting = self.state == State::Waiting;
        self.target_us = if waiting { wish } else { wish.max(self.target_us - fall) };
    }
}

/// How fast the position moves when it is this far behind its target (negative: ahead).
fn rate(behind_us: i64) -> f64 {
    if behind_us.abs() < NEAR_US {
        1.0 + NEAR_RATE * behind_us as f64 / NEAR_US as f64
    } else if behind_us > 0 {
        FAST
    } else {
        SLOW
    }
}

/// The position at which somebody who joins now begins.
#[must_use]
pub(crate) fn first_position(
    media_us: i64,
    target_us: i64,
    keyframe_us: i64,
    frontier_us: i64,
) -> i64 {
    // What lies between the keyframe and the target is handed out at once: a decoder runs through
    // it, and the picture is live from the first moment.
    (media_us - target_us).clamp(keyframe_us, frontier_us.max(keyframe_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// Steps every 10 ms until `until`, with everything complete up to 120 ms before media time.
    fn run(playout: &mut Playout, from: i64, until: i64) {
        let mut now = from;
        while now < until {
            now += 10_000;
            assert_eq!(playout.step(now, now, now - 120_000), Step::Play);
        }
    }

    fn measured() -> Playout {
        let mut playout = Playout::default();
        (0..WINDOW).for_each(|_| playout.handle_complete(120_000));
        playout.step(0, 0, 0);
        playout
    }

    /// One that has played without a stall for long enough to be calm.
    fn calm() -> Playout {
        let mut playout = measured();
        playout.start(-30 * SECOND, -31 * SECOND);
        run(&mut playout, -30 * SECOND, 0);
        playout
    }

    #[test]
    fn the_target_is_the_quantile_and_a_guard() {
        assert_eq!(measured().target_us(), 120_000 + ALARM_GUARD_US, "a young one is careful");
        assert_eq!(calm().target_us(), 120_000 + CALM_GUARD_US);
    }

    #[test]
    fn it_glides_to_the_target_from_behind_and_from_ahead() {
        for start in [-SECOND, -150_000] {
            let mut playout = measured();
            playout.start(2 * SECOND, 2 * SECOND + start);
            run(&mut playout, 2 * SECOND, 60 * SECOND);
            let behind = playout.behind(60 * SECOND);
            assert!(behind.abs() < 60_000, "{behind}");
        }
    }

    #[test]
    fn it_stands_for_want_of_units_and_counts_it() {
        let mut playout = measured();
        playout.start(SECOND, SECOND - 220_000);
        let frontier = SECOND;
        let mut now = SECOND;
        let stalled_at = loop {
            now += 10_000;
            match playout.step(now, now, frontier) {
                Step::Play => {}
                Step::Stalled => break now,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(playout.position_us(), frontier);
        assert_eq!(playout.step(stalled_at + 200_000, 0, frontier), Step::Stand);
        let resumed = playout.step(stalled_at + 400_000, 2 * SECOND, frontier + 50_000);
        assert_eq!(resumed, Step::Resumed { for_us: 400_000 });
        assert_eq!(playout.stalls(now), (1, 400_000));
    }

    #[test]
    fn a_stall_raises_the_guard_for_a_while() {
        let mut playout = calm();
        playout.jump(10_000, 1_000);
        playout.step(20_000, 20_000, 0);
        assert_eq!(playout.target_us(), 120_000 + ALARM_GUARD_US);
    }

    #[test]
    fn a_newcomer_starts_on_target_when_the_keyframe_allows() {
        assert_eq!(first_position(1000, 200, 300, 900), 800);
        assert_eq!(first_position(1000, 200, 850, 900), 850);
        assert_eq!(first_position(1000, 200, 300, 500), 500);
    }
}
