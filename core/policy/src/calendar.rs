//! Days and months of the person's calendar, and the readings of clocks that decide which it is.
//!
//! Invariant: nothing here overflows, whatever a clock says.

use std::time::Duration;

/// A day of the ledger lasts at least this long, by the clock that nobody sets. A civil day has at
/// least 23 hours, 22 in a few places that move by two; so a real midnight is never missed, and a
/// clock or a time zone that jumps ahead doesn't begin a new day early.
pub const SHORTEST_DAY_S: u64 = 22 * 3600;
const DAY_S: i64 = 86_400;

/// What the clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since this boot, sleep included; or since any moment, if `boot` names that.
    pub since_boot: Duration,
    /// Names what `since_boot` counts from: readings with the same name can be compared.
    pub boot: u64,
    /// The wall clock, in seconds since 1970 (UTC).
    pub utc_s: i64,
    /// What the person's time zone adds to it now, in seconds.
    pub offset_s: i32,
}

/// A day of the calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A month of the calendar: months since January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub i32);

impl Now {
    /// The day that the person's calendar shows.
    #[must_use]
    pub fn day(&self) -> Day {
        // i32 days are six million years; a clock beyond them says nothing.
        let days = self.local_s().div_euclid(DAY_S).clamp(i32::MIN.into(), i32::MAX.into());
        Day(days as i32)
    }

    /// Seconds since midnight.
    pub(crate) fn second_of_day(&self) -> u64 {
        self.local_s().rem_euclid(DAY_S).unsigned_abs()
    }

    fn local_s(&self) -> i64 {
        self.utc_s.saturating_add(self.offset_s.into())
    }
}

impl Day {
    /// The month that it is in (days to civil, H. Hinnant, "chrono-compatible low-level date
    /// algorithms").
    #[must_use]
    pub fn month(self) -> Month {
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        // Counted from March, so that leap days come last.
        let months = (era * 400 + year_of_era) * 12 + from_march + 2;
        Month(months as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(utc_s: i64, offset_s: i32) -> Now {
        Now { since_boot: Duration::ZERO, boot: 0, utc_s, offset_s }
    }

    fn month(year: i32, month: i32) -> Month {
        Month(year * 12 + month - 1)
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (day, expected) in [
            (0, month(1970, 1)),
            (30, month(1970, 1)),
            (31, month(1970, 2)),
            (-1, month(1969, 12)),
            (11_016, month(2000, 2)), // 29 February
            (11_017, month(2000, 3)),
            (19_781, month(2024, 2)), // 28 February
            (19_782, month(2024, 2)),
            (19_783, month(2024, 3)),
            (20_780, month(2026, 11)),
        ] {
            assert_eq!(Day(day).month(), expected, "day {day}");
        }
    }

    #[test]
    fn every_month_of_four_centuries_has_28_to_31_days_and_follows_the_last() {
        let (mut current, mut length) = (Day(-200_000).month(), 0);
        let mut first = true;
        for day in -200_000..-200_000 + 146_097 {
            let month = Day(day).month();
            if month == current {
                length += 1;
                continue;
            }
            assert_eq!(month.0, current.0 + 1);
            assert!(first || (28..=31).contains(&length), "{current:?} has {length}");
            (current, length, first) = (month, 1, false);
        }
    }

    #[test]
    fn a_day_is_that_of_the_time_zone() {
        let noon = 20_780 * 86_400 + 12 * 3600;
        assert_eq!(at(noon, 0).day(), Day(20_780));
        assert_eq!(at(noon, 12 * 3600).day(), Day(20_781));
        assert_eq!(at(noon, -12 * 3600 - 1).day(), Day(20_779));
        assert_eq!(at(noon, 3600).second_of_day(), 13 * 3600);
    }

    #[test]
    fn mad_clocks_do_no_harm() {
        for (utc, offset) in [(i64::MIN, i32::MIN), (i64::MAX, i32::MAX), (i64::MIN, i32::MAX)] {
            let now = at(utc, offset);
            let _ = (now.day().month(), now.second_of_day());
        }
    }
}
