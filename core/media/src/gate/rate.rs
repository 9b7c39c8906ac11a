//! At most 120 units a second of the track's own time.

use std::collections::VecDeque;

use super::GateError;

/// Units a second (SECURITY: decoder gate).
const MAX_PER_SECOND: i64 = 120;
/// Seconds over which it is measured: a variable rate may be uneven inside.
const WINDOW_S: i64 = 2;

/// The decode times of the last units.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    recent: VecDeque<i64>,
}

impl Rate {
    /// Counts a unit; decode times grow.
    pub(super) fn admit(&mut self, dts: i64, timescale: u32) -> Result<(), GateError> {
        self.recent.push_back(dts);
        if self.recent.len() as i64 <= MAX_PER_SECOND * WINDOW_S {
            return Ok(());
        }
        let first = self.recent.pop_front().unwrap_or(dts);
        // 240 units must span two seconds; a tenth is left for rounding of times.
        let least = i64::from(timescale) * WINDOW_S * 9 / 10;
        if dts.saturating_sub(first) < least { Err(GateError::Rate) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(rate: i64) -> bool {
        let mut window = Rate::default();
        (0..1000).all(|at| window.admit(at * 90_000 / rate, 90_000).is_ok())
    }

    #[test]
    fn a_hundred_and_twenty_pass_and_two_hundred_do_not() {
        assert!(admits(120));
        assert!(!admits(200));
    }
}
