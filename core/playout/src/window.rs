//! The last so many readings and their quantiles.

use std::collections::VecDeque;

/// A sliding window of readings.
#[derive(Debug)]
pub(crate) struct Window {
    size: usize,
    readings: VecDeque<i64>,
}

impl Window {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, readings: VecDeque::with_capacity(size) }
    }

    pub(crate) fn push(&mut self, reading: i64) {
        if self.readings.len() == self.size {
            self.readings.pop_front();
        }
        self.readings.push_back(reading);
    }

    /// The smallest reading that at least the part `q` (0 to 1) of the newest `count` do not exceed.
    pub(crate) fn quantile(&self, count: usize, q: f64) -> Option<i64> {
        let mut sorted: Vec<i64> = self.readings.iter().rev().take(count).copied().collect();
        sorted.sort_unstable();
        let rank = (q * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_newest_readings() {
        let mut window = Window::new(100);
        assert_eq!(window.quantile(100, 0.5), None);
        (0..1000).for_each(|n| window.push(n));
        assert_eq!(window.quantile(100, 0.5), Some(949));
        assert_eq!(window.quantile(10, 0.0), Some(990));
        assert_eq!(window.quantile(100, 1.0), Some(999));
        assert_eq!(window.quantile(100, 0.0), Some(900));
    }
}
