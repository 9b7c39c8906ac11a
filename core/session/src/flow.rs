//! How much leaves or comes: since the start, by what it costs, and how fast. Pure: the time and
//! the total so far are arguments.

use std::collections::VecDeque;
use std::time::Duration;

use manyhands_policy::Tariff;

/// Over this much the rate is taken: what a person calls "a minute".
const MINUTE: Duration = Duration::from_secs(60);

/// A growing total, looked at once a second.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Totals of the last minute, the newest last.
    lately: VecDeque<(Duration, u64)>,
    /// By tariff.
    sums: [u64; 2],
}

impl Flow {
    pub(crate) fn new(now: Duration) -> Self {
        Self { lately: VecDeque::from([(now, 0)]), sums: [0; 2] }
    }

    /// Takes in the total now; what has come to it is of this tariff.
    pub(crate) fn handle(&mut self, now: Duration, total: u64, tariff: Tariff) {
        let before = self.lately.back().map_or(0, |(_, total)| *total);
        if let Some(sum) = self.sums.get_mut(tariff as usize) {
            *sum = sum.saturating_add(total.saturating_sub(before));
        }
        self.lately.push_back((now, total));
        while self.lately.get(1).is_some_and(|(at, _)| *at + MINUTE <= now) {
            self.lately.pop_front();
        }
    }

    /// Since the start.
    pub(crate) fn sum(&self, tariff: Tariff) -> u64 {
        self.sums.get(tariff as usize).copied().unwrap_or(0)
    }

    /// As much as this would be a minute, by the last minute or what there is of it.
    pub(crate) fn a_minute(&self) -> u64 {
        let (Some((from, least)), Some((to, most))) = (self.lately.front(), self.lately.back())
        else {
            return 0;
        };
        let passed = to.saturating_sub(*from).as_millis();
        let bytes = u128::from(most.saturating_sub(*least)) * MINUTE.as_millis();
        bytes.checked_div(passed).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_young_one_is_reckoned_up_to_a_minute_and_an_old_one_forgets() {
        let mut flow = Flow::new(s(100));
        assert_eq!(flow.a_minute(), 0);
        (1..=10).for_each(|i| flow.handle(s(100 + i), i * 1_000, Tariff::Unmetered));
        assert_eq!(flow.a_minute(), 60_000);
        (11..=200).for_each(|i| flow.handle(s(100 + i), 10_000, Tariff::Unmetered));
        assert_eq!(flow.a_minute(), 0);
    }

    #[test]
    fn each_byte_is_counted_once_by_what_it_costs() {
        let mut flow = Flow::new(s(0));
        flow.handle(s(1), 500, Tariff::Unmetered);
        flow.handle(s(2), 700, Tariff::Metered);
        flow.handle(s(3), 1_000, Tariff::Unmetered);
        assert_eq!((flow.sum(Tariff::Unmetered), flow.sum(Tariff::Metered)), (800, 200));
    }
}
