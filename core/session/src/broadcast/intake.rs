//! Units on their way from the encoders' threads to the broadcast's task.
//!
//! Nobody is woken for a unit: that would cost an encoder's thread more than all else that a push
//! does (on two virtual cores half of them took over 45 µs, one in a hundred over 200). As long as
//! units come, the task looks every [`BEAT`]; only the first one after a silence wakes it.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use manyhands_media::{AccessUnit, TrackConfig};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the task looks: a fraction of a chunk, which is closed by the unit after its last one.
const BEAT: Duration = Duration::from_millis(20);
/// So many looks that found nothing are a silence: more than a slow camera's pause.
const SILENT: u32 = 10;
/// Units that wait at most: a second of a fast camera with sound, and more than the task ever leaves.
const MOST: usize = 256;

/// A unit as it is pushed.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) track: usize,
    pub(crate) unit: AccessUnit,
    /// With a track's first unit, and when it changed.
    pub(crate) config: Option<TrackConfig>,
    pub(crate) captured: Instant,
}

/// Where they wait.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    units: Mutex<Vec<Pushed>>,
    /// The task looks by itself.
    looking: AtomicBool,
    first: Notify,
}

impl Intake {
    /// Adds a unit; false when there is no room. Never waits for longer than a copy of a few
    /// words takes.
    pub(super) fn push(&self, unit: Pushed) -> bool {
        {
            let mut units = self.units.lock();
            if units.len() >= MOST {
                return false;
            }
            units.push(unit);
        }
        if !self.looking.swap(true, Ordering::AcqRel) {
            self.first.notify_one();
        }
        true
    }

    /// All that waits.
    pub(super) fn take(&self) -> Vec<Pushed> {
        let mut units = self.units.lock();
        if units.is_empty() {
            return Vec::new();
        }
        // The next ones find as much room without asking the heap for it.
        let room = Vec::with_capacity(units.capacity());
        mem::replace(&mut *units, room)
    }

    fn is_empty(&self) -> bool {
        self.units.lock().is_empty()
    }
}

/// The task's end of it.
#[derive(Debug)]
pub(super) struct Looks {
    beat: Interval,
    empty: u32,
}

impl Looks {
    pub(super) fn new() -> Self {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { beat, empty: 0 }
    }

    /// Waits until it is time to look, and gives what is there. Nothing is lost when it is dropped
    /// half way.
    pub(super) async fn next(&mut self, intake: &Intake) -> Vec<Pushed> {
        // A wake may be left over from when it looked already.
        while !intake.looking.load(Ordering::Acquire) {
            intake.first.notified().await;
        }
        self.beat.tick().await;
        self.empty = if intake.is_empty() { self.empty + 1 } else { 0 };
        if self.empty >= SILENT {
            self.empty = 0;
            intake.looking.store(false, Ordering::Release);
        }
        // What was pushed before that is here, and what comes later wakes.
        intake.take()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn pushed(dts: i64) -> Pushed {
        let unit = AccessUnit { dts, pts: dts, duration: 1, keyframe: true, data: Bytes::new() };
        Pushed { track: 0, unit, config: None, captured: Instant::now() }
    }

    fn times(units: &[Pushed]) -> Vec<i64> {
        units.iter().map(|pushed| pushed.unit.dts).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_unit_wakes_and_after_a_silence_the_next_does() {
        let (intake, mut looks) = (Intake::default(), Looks::new());
        for round in 0..3 {
            assert!(intake.push(pushed(round)));
            assert_eq!(times(&looks.next(&intake).await), [round]);
            for _ in 0..SILENT {
                assert!(looks.next(&intake).await.is_empty());
            }
            let silence = tokio::time::timeout(Duration::from_secs(3600), looks.next(&intake));
            assert!(silence.await.is_err(), "it looks although nothing comes");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_pushed_while_it_looks_comes_in_order_and_wakes_nobody() {
        let (intake, mut looks) = (Intake::default(), Looks::new());
        assert!(intake.push(pushed(0)));
        assert_eq!(times(&looks.next(&intake).await), [0]);
        for dts in [1, 2, 3] {
            assert!(intake.push(pushed(dts)));
        }
        let began = tokio::time::Instant::now();
        assert_eq!(times(&looks.next(&intake).await), [1, 2, 3]);
        assert_eq!(began.elapsed(), BEAT);
    }

    #[tokio::test]
    async fn there_is_a_bound_and_what_is_too_much_comes_back() {
        let intake = Intake::default();
        let most = MOST as i64;
        assert!((0..most).all(|dts| intake.push(pushed(dts))));
        assert!(!intake.push(pushed(most)));
        assert_eq!(intake.take().len(), MOST);
        assert!(intake.push(pushed(most)));
    }
}
