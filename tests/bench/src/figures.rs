//! Figures out of many measurements.

use std::collections::BTreeMap;

/// The value that this share of values is at most (nearest rank); not a number when there are none.
pub(crate) fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// How often each value occurs.
pub(crate) fn histogram<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values = || (1..=10).rev().map(f64::from);
        assert_eq!(quantile(values(), 0.0), 1.0);
        assert_eq!(quantile(values(), 0.5), 5.0);
        assert_eq!(quantile(values(), 0.95), 10.0);
        assert_eq!(quantile([7.0], 0.5), 7.0);
        assert!(quantile([], 0.5).is_nan());
    }

    #[test]
    fn a_histogram_counts_each_value() {
        assert_eq!(histogram([3, 1, 3, 3]), BTreeMap::from([(1, 1), (3, 3)]));
    }
}
