//! A step of the playout over what is there: the first picture, going on, and leaving a gap behind.

use crate::clock::{Playout, State, Step, first_position};
use crate::start::InHand;

/// With this much behind a later keyframe a frozen picture goes on there. (With 200 ms it stood again at
/// once: when 30 % of 200 viewers vanished the others were back after 4.4 s, with this after 2.8; simulated,
/// six seeds.)
const ENOUGH_US: i64 = 400_000;
/// A frozen picture jumps to a later whole keyframe after this (the prototype's 300 ms).
const FROZEN_US: i64 = 300_000;

/// A whole keyframe with which somebody can begin. Times are media time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// The chunk that it opens.
    pub chunk: u32,
    /// When it was captured.
    pub keyframe_us: i64,
    /// Up to where everything after it is there.
    pub frontier_us: i64,
}

/// What is complete of a broadcast. The track whose keyframes rule leads; the others follow it.
pub trait Buffer {
    /// Whole keyframes of the leading track, the newest first.
    fn beginnings(&self) -> impl Iterator<Item = Beginning>;

    /// Whether every other track has something for the moment after this one.
    fn others_follow(&self, keyframe_us: i64) -> bool;

    /// Up to where all tracks that are handed out are complete, from where they stand;
    /// [`i64::MAX`] where nothing more is to come.
    fn frontier_us(&self) -> i64;

    /// Hands out from here on; what is older is let go.
    fn seek(&mut self, to: Beginning);
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// It has begun to play.
    pub first: bool,
    /// It has stood for long enough to be called a stall.
    pub stalled: bool,
    /// It goes on, after it stood for this long, in microseconds.
    pub resumed_us: Option<i64>,
}

impl Moved {
    fn take(&mut self, step: Step) {
        match step {
            Step::Stalled => self.stalled = true,
            Step::Resumed { for_us, told } => {
                self.stalled = !told;
                self.resumed_us = Some(for_us);
            }
            Step::Play | Step::Stand => {}
        }
    }
}

impl Playout {
    /// Moves on to `now_us`. What was captured up to [`Playout::position_us`] is due afterwards.
    pub fn advance(&mut self, now_us: i64, media_us: i64, buffer: &mut impl Buffer) -> Moved {
        let mut moved = Moved::default();
        if self.state() == State::Waiting {
            if !self.begin(now_us, media_us, buffer) {
                self.step(now_us, media_us, 0);
                return moved;
            }
            moved.first = true;
            self.end_break(now_us).into_iter().for_each(|step| moved.take(step));
        }
        if let Some(for_us) = self.jump_if_frozen(now_us, media_us, buffer) {
            moved.resumed_us = Some(for_us);
        }
        moved.take(self.step(now_us, media_us, buffer.frontier_us()));
        moved
    }

    /// Begins at a keyframe from which everything hangs together, if there is one.
    fn begin(&mut self, now_us: i64, media_us: i64, buffer: &mut impl Buffer) -> bool {
        let wish_us = media_us - self.target_us();
        let Some(at) = best_start(buffer, wish_us) else { return false };
        let Beginning { keyframe_us, frontier_us, .. } = at;
        let others = buffer.others_follow(keyframe_us);
        if !self.start.begins(now_us, InHand { wish_us, keyframe_us, frontier_us, others }) {
            return false;
        }
        let position = first_position(media_us, self.target_us(), keyframe_us, frontier_us);
        buffer.seek(at);
        self.start_at(now_us, position);
        true
    }

    /// A picture that stands, or is hopelessly late, goes on with what is live: with all that comes before
    /// it, if that is there, or else at a later whole keyframe. Gives for how long it stood before a jump.
    fn jump_if_frozen(
        &mut self,
        now_us: i64,
        media_us: i64,
        buffer: &mut impl Buffer,
    ) -> Option<i64> {
        self.catch_up(media_us, buffer.frontier_us());
        let frozen = match self.state() {
            State::Stalled { since_us } => now_us - since_us >= FROZEN_US,
            State::Playing => self.wants_jump(media_us),
            State::Waiting => false,
        };
        if !frozen && !self.is_healing(media_us) {
            return None;
        }
        let (position, wish_us) = (self.position_us(), media_us - self.target_us());
        let at = buffer.beginnings().find(|at| {
            let is_enough = at.frontier_us.saturating_sub(at.keyframe_us) >= ENOUGH_US;
            let is_live = (at.keyframe_us..=at.frontier_us).contains(&wish_us);
            at.keyframe_us > position && if frozen { is_enough } else { is_live }
        })?;
        buffer.seek(at);
        let to = first_position(media_us, self.target_us(), at.keyframe_us, at.frontier_us);
        self.jump(now_us, to)
    }
}

/// The newest keyframe that lies before the wish, or else the oldest there is.
fn best_start(buffer: &impl Buffer, wish_us: i64) -> Option<Beginning> {
    let mut oldest = None;
    for at in buffer.beginnings() {
        if at.keyframe_us <= wish_us {
            return Some(at);
        }
        oldest = Some(at);
    }
    oldest
}
