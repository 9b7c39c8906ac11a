//! The playout clock: which moment of the stream is being handed out now.
//!
//! Its position is a capture time (the origin's clock, in microseconds). It follows `media time now - target`, gliding where it can and jumping only where
//! it must, and stands still ("stalled") while a selected track has nothing for it.

use crate::lateness::Lateness;
use crate::start::Start;

/// Rates of the glide, and how far off they are used (the design's figures).
const NEAR_US: i64 = 300_000;
const FAR_US: i64 = 1_500_000;
const NEAR_RATE: f64 = 0.03;
/// Near and behind: at 0.03 a newcomer took 8 s from its young guard to calm, the slowest twentieth of
/// what sixteen viewers saw (decision 8).
const CATCH_UP_RATE: f64 = 0.05;
/// Within this the glide gets softer. (In proportion over all of `NEAR_US` it took 25 s from 300 ms to
/// 25, which is what the slowest of sixteen viewers were late by.)
const SOFT_US: i64 = 60_000;
const FAST: f64 = 1.10;
const SLOW: f64 = 0.96;
/// Chunk completion times that are remembered, and the part of them that must have come in time.
/// (Measured by the prototype: 0.97 of 128 takes 250 ms off a fixed guard.)
const WINDOW: usize = 128;
const QUANTILE: f64 = 0.97;
/// A young viewer looks back less far, two seconds: how late chunks were while its parents were found
/// says nothing about what comes.
const YOUNG_WINDOW: usize = 20;
/// Kept beyond that quantile: in calm, while the viewer is young, and at most (what recent stalls
/// lacked is added, up to this).
const CALM_GUARD_US: i64 = 100_000;
const YOUNG_GUARD_US: i64 = 250_000;
const MAX_GUARD_US: i64 = 400_000;
/// A viewer begins as soon as it has this much in hand, although its target may ask for more: the
/// clock runs slower until it has it. Waiting for the target instead made the median first picture
/// wait for half a GOP (524 ms on loopback at 1 s).
pub(crate) const START_RESERVE_US: i64 = 250_000;
/// So much is handed out at once at most, to come back to where it should be: what a newcomer is given,
/// and within what a shell's queues hold.
const AT_ONCE_US: i64 = 4_000_000;
/// Who has stood for this long sees that the picture has jumped anyway: for some seconds from then on it
/// does not glide over what it can jump (the screens' B29: live within two seconds).
const LONG_STALL_US: i64 = 1_000_000;
const HEALING_US: i64 = 3_000_000;
/// How long a stall is recent (the simulated player's figure).
const ALARM_LIFE_US: i64 = 10_000_000;
/// A young viewer's parents still change: sixteen that joined at once stalled in their first four
/// seconds, and not afterwards (measured on loopback).
const YOUNG_US: i64 = 4_000_000;
/// A shorter stand is none: a frame of sound lasts 21 ms and one of picture 33, so that no decoder's
/// queue runs dry of it.
const STALL_FLOOR_US: i64 = 20_000;
/// The target moves down this slowly: what the glide can follow.
const TARGET_FALL: f64 = 0.10;
/// Until anything was measured.
const FIRST_TARGET_US: i64 = 300_000;
/// A target beyond this helps nobody: it is the length of what a store holds.
const MAX_TARGET_US: i64 = 5_000_000;

/// What the clock is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
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
pub struct Playout {
    state: State,
    position_us: i64,
    /// Own clock at the last step.
    stepped_us: i64,
    started_us: i64,
    target_us: i64,
    /// How far beyond the target the person has let it fall back.
    held_back_us: i64,
    /// The next jump is the person's own.
    asked: bool,
    lateness: Lateness,
    pub(crate) start: Start,
    /// The recent stalls: when the last one ended and how long they were together.
    alarm: Option<(i64, i64)>,
    /// A long stall was over then, own clock.
    healed_us: Option<i64>,
    /// It waits for another run's first picture.
    broken_off: Option<Break>,
    stalls: u64,
    stalled_us: i64,
}

/// A run that has ended for the viewer, and the other one has not begun.
#[derive(Debug, Clone, Copy)]
struct Break {
    /// Own clock.
    since_us: i64,
    /// Whether [`Step::Stalled`] came before.
    told: bool,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Everything captured up to the position is due.
    Play,
    /// It has stood still for long enough to be called a stall.
    Stalled,
    /// It goes on after a stall.
    Resumed {
        /// How long it stood, in microseconds.
        for_us: i64,
        /// Whether [`Step::Stalled`] came before; not of a stall that is just over.
        told: bool,
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
            held_back_us: 0,
            asked: false,
            lateness: Lateness::new(WINDOW),
            start: Start::default(),
            alarm: None,
            healed_us: None,
            broken_off: None,
            stalls: 0,
            stalled_us: 0,
        }
    }
}

impl Playout {
    /// A chunk of a track became complete at `media_us`; the one before it was closed at `closed_us`, if that is
    /// known.
    pub fn handle_chunk(&mut self, track: u8, media_us: i64, closed_us: Option<i64>) {
        self.lateness.handle_chunk(track, media_us, closed_us);
    }

    /// Starts handing out at `position_us`.
    pub fn start_at(&mut self, now_us: i64, position_us: i64) {
        self.state = State::Playing;
        self.position_us = position_us;
        self.stepped_us = now_us;
        self.started_us = now_us;
    }

    /// Waits for a new start: another run began. Who has played stands meanwhile, from `now_us` on; nothing
    /// where the person has held it, whose pause is no stall.
    pub fn reset(&mut self, now_us: Option<i64>) {
        let (stalls, stalled_us) = (self.stalls, self.stalled_us);
        let broken_off = now_us.and_then(|now_us| match self.state {
            State::Waiting => self.broken_off,
            State::Playing => Some(Break { since_us: now_us, told: false }),
            State::Stalled { since_us } => {
                Some(Break { since_us, told: self.stepped_us - since_us >= STALL_FLOOR_US })
            }
        });
        *self = Self { stalls, stalled_us, broken_off, ..Self::default() };
    }

    /// The other run's first picture is there: how it has stood until then, if it has.
    pub(crate) fn end_break(&mut self, now_us: i64) -> Option<Step> {
        let Break { since_us, told } = self.broken_off.take()?;
        let for_us = now_us - since_us;
        // How late its pieces come was not the reason: no alarm.
        self.stalls += 1;
        self.stalled_us += for_us;
        Some(Step::Resumed { for_us, told })
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
                // As the step begins: a long one must not bring it nearer than a short one.
                let behind = self.behind(media_us.saturating_sub(elapsed));
                self.asked &= behind > FAR_US;
                let in_hand = frontier_us.saturating_sub(self.position_us);
                let wish = self.position_us + (elapsed as f64 * rate(behind, in_hand)) as i64;
                self.position_us = wish.min(frontier_us.max(self.position_us));
                // Less than a whole step was there: the clock stands.
                if wish > frontier_us && elapsed > 0 {
                    self.state = State::Stalled { since_us: now_us };
                    return Step::Stand;
                }
                Step::Play
            }
            State::Stalled { since_us } if frontier_us > self.position_us => {
                let for_us = now_us - since_us;
                self.state = State::Playing;
                if for_us < STALL_FLOOR_US {
                    return Step::Play;
                }
                self.count_stall(now_us, for_us);
                let told = now_us - elapsed - since_us >= STALL_FLOOR_US;
                Step::Resumed { for_us, told }
            }
            State::Stalled { since_us } => {
                let long = |at: i64| at - since_us >= STALL_FLOOR_US;
                if long(now_us) && !long(now_us - elapsed) { Step::Stalled } else { Step::Stand }
            }
        }
    }

    /// Jumps to a later moment; what lies between counts as stalled. Gives for how long it stood before
    /// that, in microseconds, where that was a stall.
    pub(crate) fn jump(&mut self, now_us: i64, position_us: i64) -> Option<i64> {
        let skipped = position_us - self.position_us;
        let stood = match self.state {
            State::Stalled { since_us } => now_us - since_us,
            _ => 0,
        };
        let asked = std::mem::take(&mut self.asked);
        self.held_back_us = 0;
        // A skipped unit counts its duration.
        if !asked && stood.max(skipped) > 0 {
            self.count_stall(now_us, stood.max(skipped));
        }
        self.state = State::Playing;
        self.position_us = position_us;
        self.stepped_us = now_us;
        Some(stood).filter(|stood| *stood >= STALL_FLOOR_US)
    }

    /// It stood for long a moment ago, and is not near its target again.
    #[must_use]
    pub(crate) fn is_healing(&self, media_us: i64) -> bool {
        let recent = self.healed_us.is_some_and(|at| self.stepped_us - at < HEALING_US);
        recent && self.behind(media_us) > NEAR_US
    }

    /// Far behind, with all there up to where it should be: goes there, and what lies between is handed
    /// out at once, as to a newcomer. Nothing is skipped by that.
    pub(crate) fn catch_up(&mut self, media_us: i64, frontier_us: i64) {
        let behind = self.behind(media_us);
        let wish = self.position_us + behind;
        if self.state == State::Playing
            && (behind > FAR_US || self.is_healing(media_us))
            && behind <= AT_ONCE_US
            && wish <= frontier_us
        {
            self.asked = false;
            self.position_us = wish;
        }
    }

    /// Goes on after the person held it: from where it stood, and stays as far behind as that is.
    pub fn resume(&mut self, now_us: i64, media_us: i64) {
        self.stepped_us = now_us;
        if self.state != State::Waiting {
            self.state = State::Playing;
            self.held_back_us = self.behind_live(media_us).max(0);
        }
    }

    /// The person wants to be at live: by a jump where gliding would take long.
    pub fn go_live(&mut self) {
        self.held_back_us = 0;
        self.asked = true;
    }

    /// How far the position is behind where it should be.
    #[must_use]
    pub(crate) fn behind(&self, media_us: i64) -> i64 {
        self.behind_live(media_us) - self.held_back_us
    }

    /// How far it is behind where it would be if nobody had held it.
    #[must_use]
    pub fn behind_live(&self, media_us: i64) -> i64 {
        media_us - self.target_us - self.position_us
    }

    /// So far behind that it jumps if it can.
    #[must_use]
    pub(crate) fn wants_jump(&self, media_us: i64) -> bool {
        self.behind(media_us) > FAR_US
    }

    /// The capture time up to which units are handed out.
    #[must_use]
    pub fn position_us(&self) -> i64 {
        self.position_us
    }

    /// How far behind media time it wants to be.
    #[must_use]
    pub fn target_us(&self) -> i64 {
        self.target_us
    }

    /// The viewer's own clock at the last step.
    #[must_use]
    pub fn stepped_us(&self) -> i64 {
        self.stepped_us
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Stalls so far and their length in microseconds, a running one included.
    #[must_use]
    pub fn stalls(&self, now_us: i64) -> (u64, i64) {
        match self.stands_since_us() {
            Some(since_us) if now_us - since_us >= STALL_FLOOR_US => {
                (self.stalls + 1, self.stalled_us + now_us - since_us)
            }
            _ => (self.stalls, self.stalled_us),
        }
    }

    /// Since when it stands, own clock: for want of units, or of another run's first picture.
    #[must_use]
    pub fn stands_since_us(&self) -> Option<i64> {
        match self.state {
            State::Stalled { since_us } => Some(since_us),
            State::Waiting => self.broken_off.map(|b| b.since_us),
            State::Playing => None,
        }
    }

    fn count_stall(&mut self, now_us: i64, for_us: i64) {
        self.stalls += 1;
        self.stalled_us += for_us;
        if for_us >= LONG_STALL_US {
            self.healed_us = Some(now_us);
        }
        let before = self.recent_stalls(now_us);
        self.alarm = Some((now_us, before.saturating_add(for_us)));
    }

    fn recent_stalls(&self, now_us: i64) -> i64 {
        self.alarm.filter(|(at, _)| now_us - at < ALARM_LIFE_US).map_or(0, |(_, for_us)| for_us)
    }

    fn adapt(&mut self, now_us: i64) {
        let young = self.state == State::Waiting || now_us - self.started_us < YOUNG_US;
        let window = if young { YOUNG_WINDOW } else { WINDOW };
        let Some(quantile) = self.lateness.quantile(window, QUANTILE) else { return };
        let guard = if young { YOUNG_GUARD_US } else { CALM_GUARD_US };
        let guard = (guard + self.recent_stalls(now_us)).min(MAX_GUARD_US);
        let wish = (quantile + guard).clamp(0, MAX_TARGET_US);
        let elapsed_s = now_us.saturating_sub(self.stepped_us).max(0) as f64 / 1e6;
        let fall = (elapsed_s * TARGET_FALL * 1e6) as i64;
        let waiting = self.state == State::Waiting;
        self.target_us = if waiting { wish } else { wish.max(self.target_us - fall) };
    }
}

/// How fast the position moves when it is this far behind its target (negative: ahead) and has this
/// much in hand. Who is far behind but has little, waits for what is being sent to it: it doesn't run
/// into the end of it.
fn rate(behind_us: i64, in_hand_us: i64) -> f64 {
    if behind_us.abs() < NEAR_US {
        let most = if behind_us > 0 { CATCH_UP_RATE } else { NEAR_RATE };
        1.0 + most * (behind_us as f64 / SOFT_US as f64).clamp(-1.0, 1.0)
    } else if behind_us > 0 && in_hand_us >= START_RESERVE_US {
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
    // it, and the picture is live from the first moment. But who has not caught up with the live
    // edge yet keeps something in hand, or the clock would stand as soon as it runs.
    (media_us - target_us).min(frontier_us - START_RESERVE_US).max(keyframe_us)
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

    /// As many readings of this lateness, from `from_us` of media time on, one every 100 ms.
    fn hear(playout: &mut Playout, from_us: i64, readings: usize, late_us: i64) {
        for number in 0..readings as i64 {
            let media_us = from_us + number * 100_000;
            playout.handle_chunk(0, media_us, Some(media_us - late_us));
        }
    }

    fn measured() -> Playout {
        let mut playout = Playout::default();
        hear(&mut playout, 0, WINDOW + 2, 120_000);
        playout.step(0, 0, 0);
        playout
    }

    /// One that has played without a stall for long enough to be calm.
    fn calm() -> Playout {
        let mut playout = measured();
        playout.start_at(-30 * SECOND, -31 * SECOND);
        run(&mut playout, -30 * SECOND, 0);
        playout
    }

    #[test]
    fn the_target_is_the_quantile_and_a_guard() {
        assert_eq!(measured().target_us(), 120_000 + YOUNG_GUARD_US, "a young one is careful");
        assert_eq!(calm().target_us(), 120_000 + CALM_GUARD_US);
    }

    #[test]
    fn it_glides_to_the_target_from_behind_and_from_ahead() {
        for start in [-SECOND, -150_000] {
            let mut playout = measured();
            playout.start_at(2 * SECOND, 2 * SECOND + start);
            run(&mut playout, 2 * SECOND, 60 * SECOND);
            let behind = playout.behind(60 * SECOND);
            assert!(behind.abs() < 60_000, "{behind}");
        }
    }

    #[test]
    fn who_is_behind_with_little_in_hand_does_not_hurry() {
        for (in_hand, hurries) in [(START_RESERVE_US - 50_000, false), (2 * START_RESERVE_US, true)]
        {
            let mut playout = measured();
            let position = -SECOND;
            playout.start_at(0, position);
            playout.step(100_000, 100_000, position + in_hand);
            assert_eq!(playout.position_us() > position + 100_000, hurries);
        }
    }

    #[test]
    fn it_stands_for_want_of_units_and_counts_it() {
        let mut playout = measured();
        playout.start_at(SECOND, SECOND - 220_000);
        let frontier = SECOND;
        let mut now = SECOND;
        let stalled_at = loop {
            now += 10_000;
            match playout.step(now, now, frontier) {
                Step::Play => {}
                Step::Stand => break now,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(playout.position_us(), frontier);
        assert_eq!(playout.step(stalled_at + 200_000, 0, frontier), Step::Stalled);
        assert_eq!(playout.step(stalled_at + 300_000, 0, frontier), Step::Stand);
        let resumed = playout.step(stalled_at + 400_000, 2 * SECOND, frontier + 50_000);
        assert_eq!(resumed, Step::Resumed { for_us: 400_000, told: true });
        assert_eq!(playout.stalls(now), (1, 400_000));
    }

    #[test]
    fn less_than_a_frame_is_no_stall() {
        let mut playout = measured();
        playout.start_at(SECOND, SECOND - 220_000);
        let frontier = playout.position_us() + 5_000;
        assert_eq!(playout.step(SECOND + 10_000, SECOND + 10_000, frontier), Step::Stand);
        let later = frontier + 100_000;
        assert_eq!(playout.step(SECOND + 20_000, SECOND + 20_000, later), Step::Play);
        assert_eq!(playout.stalls(SECOND + 20_000), (0, 0));
    }

    #[test]
    fn a_jump_says_for_how_long_the_picture_stood() {
        let mut playout = measured();
        playout.start_at(SECOND, SECOND - 220_000);
        assert_eq!(playout.jump(SECOND, SECOND - 200_000), None, "it did not stand");
        let frontier = playout.position_us();
        for tick in 1..=50 {
            let now = SECOND + tick * 10_000;
            playout.step(now, now, frontier);
        }
        let stood = 490_000;
        assert_eq!(playout.jump(SECOND + 500_000, SECOND + 280_000), Some(stood));
    }

    #[test]
    fn a_stall_raises_the_guard_for_a_while_by_what_was_lacking() {
        for (stood, raised) in [(150_000, 150_000), (900_000, MAX_GUARD_US - CALM_GUARD_US)] {
            let mut playout = calm();
            let position = playout.position_us();
            playout.jump(10_000, position + stood);
            playout.step(20_000, 20_000, 0);
            assert_eq!(playout.target_us(), 120_000 + CALM_GUARD_US + raised);
        }
    }

    #[test]
    fn how_late_chunks_were_before_the_start_is_soon_forgotten() {
        let mut playout = Playout::default();
        hear(&mut playout, -6 * SECOND, 45, 1_500_000);
        playout.step(0, 0, 0);
        playout.start_at(0, -2 * SECOND);
        hear(&mut playout, -SECOND, YOUNG_WINDOW, 120_000);
        run(&mut playout, 0, 3 * SECOND);
        // From 1.9 s, by a tenth of the three seconds.
        assert!(playout.target_us() < 1_700_000, "{}", playout.target_us());
    }

    #[test]
    fn who_was_held_stays_behind_until_asked_to_go_live() {
        let mut playout = calm();
        let at = 12 * SECOND;
        playout.resume(at, at);
        run(&mut playout, at, at + 5 * SECOND);
        assert!((playout.behind_live(17 * SECOND) - at).abs() < 100_000, "it stays behind");
        assert!(!playout.wants_jump(17 * SECOND));
        playout.go_live();
        assert!(playout.wants_jump(17 * SECOND));
        playout.jump(17 * SECOND, 17 * SECOND - playout.target_us());
        assert_eq!(playout.stalls(17 * SECOND), (0, 0), "asked for is no stall");
        assert!(playout.behind_live(17 * SECOND).abs() < 1_000);
    }

    #[test]
    fn far_behind_it_hands_out_at_once_what_is_there() {
        let catches_up = |behind: i64, lacking: i64| {
            let mut playout = calm();
            let wish = 60 * SECOND - playout.target_us();
            playout.start_at(60 * SECOND, wish - behind);
            playout.catch_up(60 * SECOND, wish - lacking);
            assert_eq!(playout.stalls(60 * SECOND), (0, 0));
            playout.position_us() == wish
        };
        assert!(catches_up(2 * SECOND, 0));
        assert!(!catches_up(2 * SECOND, 1), "not all is there");
        assert!(!catches_up(SECOND, 0), "it can glide");
        assert!(!catches_up(5 * SECOND, 0), "too much for one moment");
    }

    #[test]
    fn after_a_long_stall_it_does_not_glide_over_what_is_there() {
        for (stood, jumps) in [(LONG_STALL_US, true), (LONG_STALL_US - 10_000, false)] {
            let mut playout = calm();
            let position = playout.position_us();
            playout.state = State::Stalled { since_us: 0 };
            playout.step(stood, stood, position + 2 * SECOND);
            playout.catch_up(stood, position + 2 * SECOND);
            assert_eq!(playout.behind(stood) <= 0, jumps);
            assert_eq!(playout.stalls(stood), (1, stood));
        }
        let mut playout = calm();
        playout.count_stall(0, LONG_STALL_US);
        let behind = NEAR_US + SECOND / 2;
        playout.start_at(0, -playout.target_us() - behind);
        assert!(playout.is_healing(0));
        playout.stepped_us = HEALING_US;
        assert!(!playout.is_healing(0), "later it glides");
    }

    #[test]
    fn until_another_run_begins_it_stands_and_says_so_once() {
        for (stands_already, told) in [(0, false), (STALL_FLOOR_US - 1, false), (SECOND, true)] {
            let mut playout = calm();
            if stands_already > 0 {
                playout.state = State::Stalled { since_us: 0 };
                playout.stepped_us = stands_already;
            }
            playout.reset(Some(stands_already));
            playout.reset(Some(2 * SECOND));
            assert_eq!(playout.stalls(2 * SECOND), (1, 2 * SECOND), "it stands still");
            let resumed = Step::Resumed { for_us: 3 * SECOND, told };
            assert_eq!(playout.end_break(3 * SECOND), Some(resumed));
            playout.start_at(3 * SECOND, 0);
            assert_eq!(playout.stalls(9 * SECOND), (1, 3 * SECOND));
            assert_eq!(playout.end_break(9 * SECOND), None);
        }
        let mut newcomer = Playout::default();
        newcomer.reset(Some(SECOND));
        assert_eq!((newcomer.stalls(9 * SECOND), newcomer.end_break(9 * SECOND)), ((0, 0), None));
        let mut held = calm();
        held.reset(None);
        assert_eq!((held.stalls(9 * SECOND), held.end_break(9 * SECOND)), ((0, 0), None));
    }

    #[test]
    fn a_newcomer_starts_on_target_when_the_keyframe_allows() {
        let ms = |media: i64, target: i64, keyframe: i64, frontier: i64| {
            first_position(media * 1000, target * 1000, keyframe * 1000, frontier * 1000) / 1000
        };
        assert_eq!(ms(2000, 600, 1000, 1900), 1400);
        assert_eq!(ms(2000, 600, 1500, 1900), 1500);
        assert_eq!(ms(2000, 600, 1000, 1400), 1150, "not caught up: something in hand");
        assert_eq!(ms(2000, 600, 1300, 1400), 1300);
    }
}
