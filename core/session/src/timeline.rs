//! Where a track's own times lie in media time.
//!
//! Units carry their decode times in ticks of their track; latency and the playout clock need to
//! know when each was captured, in the origin's time. One number relates the two: the media time of
//! tick 0. It rides in front of each chunk, so that a joining viewer has it at once and an encoder
//! that was paused may change it.

use manyhands_media::AccessUnit;

/// A unit that comes this much later than its decode time says is not late: the input has stood.
const DISCONTINUITY_US: i64 = 1_000_000;

/// The media time of tick 0, in microseconds, as the broadcaster finds it out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timeline {
    zero_us: Option<i64>,
}

impl Timeline {
    /// Takes note of a unit that was captured at `captured_us`. The earliest unit decides: what
    /// comes later than it was on its way for longer, and that counts as latency.
    pub(crate) fn handle_unit(&mut self, decode_us: i64, captured_us: i64) {
        let zero_us = captured_us.saturating_sub(decode_us);
        self.zero_us = Some(match self.zero_us {
            Some(known) if zero_us.saturating_sub(known) <= DISCONTINUITY_US => known.min(zero_us),
            _ => zero_us,
        });
    }

    /// What stands in front of a chunk's access units: media time of tick 0 in microseconds (i64),
    /// ticks a second (u32), little endian.
    pub(crate) fn prefix(self, timescale: u32) -> Vec<u8> {
        let zero_us = self.zero_us.unwrap_or_default();
        [&zero_us.to_le_bytes()[..], &timescale.to_le_bytes()].concat()
    }
}

/// Splits a chunk into the media time of tick 0, the timescale and the rest.
pub(crate) fn split(plaintext: &[u8]) -> Option<(i64, u32, &[u8])> {
    let (zero_us, rest) = plaintext.split_first_chunk::<8>()?;
    let (timescale, rest) = rest.split_first_chunk::<4>()?;
    Some((i64::from_le_bytes(*zero_us), u32::from_le_bytes(*timescale).max(1), rest))
}

/// A unit's decode time in microseconds on its track's own scale.
pub(crate) fn decode_us(timescale: u32, unit: &AccessUnit) -> i64 {
    let us = i128::from(unit.dts) * 1_000_000;
    i64::try_from(us.div_euclid(i128::from(timescale.max(1)))).unwrap_or(i64::MAX)
}

/// Moves a unit's times by so many microseconds.
pub(crate) fn shift(timescale: u32, unit: &mut AccessUnit, by_us: i64) {
    let ticks = i128::from(by_us) * i128::from(timescale) / 1_000_000;
    let ticks = i64::try_from(ticks).unwrap_or(0);
    unit.dts = unit.dts.saturating_add(ticks);
    unit.pts = unit.pts.saturating_add(ticks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_unit_decides() {
        let mut timeline = Timeline::default();
        for (decode, captured) in [(0, 500), (40, 600), (80, 560)] {
            timeline.handle_unit(decode, captured);
        }
        assert_eq!(split(&timeline.prefix(1000)), Some((480, 1000, &[][..])));
    }

    #[test]
    fn an_input_that_stood_starts_anew() {
        let mut timeline = Timeline::default();
        timeline.handle_unit(0, 0);
        timeline.handle_unit(100, 5_000_000);
        assert_eq!(split(&timeline.prefix(9)), Some((4_999_900, 9, &[][..])));
    }

    #[test]
    fn a_short_chunk_has_no_timeline() {
        assert_eq!(split(&[0; 11]), None);
    }
}
