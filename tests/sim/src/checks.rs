//! Whether a report keeps to the bounds of its scenario.

use crate::report::Report;
use crate::scenario::Bound;
use std::collections::BTreeMap;

/// Whether a value lies outside a bound; one that isn't a number does.
#[must_use]
pub fn broken_by(value: f64, bound: &Bound) -> bool {
    value.is_nan() || bound.max.is_some_and(|m| value > m) || bound.min.is_some_and(|m| value < m)
}

/// Every bound that is broken, in words.
#[must_use]
pub fn broken(report: &Report, bounds: &BTreeMap<String, Bound>) -> Vec<String> {
    let values = report.metrics();
    let mut broken = Vec::new();
    for (name, bound) in bounds {
        let Some(value) = values.get(name.as_str()) else {
            broken.push(format!("there is no metric named {name}"));
            continue;
        };
        if bound.max.is_some_and(|max| *value > max || value.is_nan()) {
            broken.push(format!("{name} is {value}, at most {:?} was asked", bound.max));
        }
        if bound.min.is_some_and(|min| *value < min || value.is_nan()) {
            broken.push(format!("{name} is {value}, at least {:?} was asked", bound.min));
        }
    }
    broken
}
