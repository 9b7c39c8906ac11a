//! When a viewer begins to play: as soon as it can without running dry at once.

use crate::clock::START_RESERVE_US;

/// A start that is behind the live edge waits this long for what is on its way: it begins nearer to
/// it...
const CATCHING_UP_US: i64 = 150_000;
/// ...and up to this long while that comes more slowly than it plays: the second viewer of a broadcast
/// showed its first picture after 0.7 s and then stood for 0.9 (40 ms, 1 % of loss).
const TOO_SLOW_US: i64 = 1_000_000;
/// Sound is waited for this long.
const WAIT_FOR_ALL_US: i64 = 500_000;

/// What a viewer has in hand before it begins. Media times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InHand {
    /// Where the clock wants to be.
    pub(crate) wish_us: i64,
    /// The keyframe that it would begin with.
    pub(crate) keyframe_us: i64,
    /// Up to where everything hangs together from there.
    pub(crate) frontier_us: i64,
    /// Whether every other track has something for that moment.
    pub(crate) others: bool,
}

/// The wait for the first picture.
#[derive(Debug, Default)]
pub(crate) struct Start {
    /// When the first keyframe was there, own clock, and up to where it hung together then.
    first: Option<(i64, i64)>,
}

impl Start {
    /// Whether it begins at `now_us` with what is there.
    pub(crate) fn begins(&mut self, now_us: i64, has: InHand) -> bool {
        let (since, first_us) = *self.first.get_or_insert((now_us, has.frontier_us));
        let (waited, gained) = (now_us - since, has.frontier_us - first_us);
        let patience = if gained < waited { TOO_SLOW_US } else { CATCHING_UP_US };
        (has.others || waited >= WAIT_FOR_ALL_US)
            && has.frontier_us - has.keyframe_us >= START_RESERVE_US
            && (has.frontier_us >= has.wish_us || waited >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000;

    /// When a viewer begins to whom `rate` media milliseconds come in one, while its wish is `behind_ms`
    /// ahead of what it had first, and moves on.
    fn begins_after(behind_ms: i64, rate: f64) -> i64 {
        let mut start = Start::default();
        let after = (0..5_000).step_by(10).find(|now| {
            let has = InHand {
                wish_us: (behind_ms + now) * MS,
                keyframe_us: -100 * MS,
                frontier_us: (*now as f64 * rate) as i64 * MS,
                others: true,
            };
            start.begins(now * MS, has)
        });
        after.expect("it begins at last")
    }

    #[test]
    fn it_begins_with_a_reserve_once_it_is_where_it_wants_to_be() {
        assert_eq!(begins_after(-500, 1.0), 150, "a quarter of a second in hand");
        assert_eq!(begins_after(300, 4.0), 100, "it has caught up");
    }

    #[test]
    fn behind_live_it_waits_a_little_for_what_comes_faster_than_it_plays() {
        assert_eq!(begins_after(5_000, 1.5), 150);
    }

    #[test]
    fn it_does_not_run_into_the_end_of_what_comes_too_slowly() {
        assert_eq!(begins_after(500, 0.5), 1_000);
    }

    #[test]
    fn it_waits_for_the_sound_but_not_for_ever() {
        let mut start = Start::default();
        let has = |others| InHand { wish_us: 0, keyframe_us: 0, frontier_us: 900 * MS, others };
        assert!(!start.begins(0, has(false)));
        assert!(!start.begins(499 * MS, has(false)));
        assert!(start.begins(499 * MS, has(true)));
        assert!(start.begins(500 * MS, has(false)));
    }
}
