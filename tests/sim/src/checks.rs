//! Whether a run keeps to the bounds of its scenario, and whether a checker has found something.

use crate::report::Report;
use crate::scenario::Bound;
use std::collections::BTreeMap;
use std::fmt;

/// Something that had to hold and didn't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The bound's or the checker's name; the same for every run that breaks it.
    pub name: String,
    /// How, in words.
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.how)
    }
}

/// Whether a value lies outside a bound; one that isn't a number does.
#[must_use]
pub fn broken_by(value: f64, bound: &Bound) -> bool {
    value.is_nan() || bound.max.is_some_and(|m| value > m) || bound.min.is_some_and(|m| value < m)
}

/// What checkers have found, and every bound that is broken.
#[must_use]
pub fn broken(report: &Report, bounds: &BTreeMap<String, Bound>) -> Vec<Broken> {
    let values = report.metrics();
    let mut broken = report.found.clone();
    for (name, bound) in bounds {
        let mut say = |how: String| broken.push(Broken { name: name.clone(), how });
        let Some(value) = values.get(name.as_str()) else {
            say("is no metric's name".into());
            continue;
        };
        if let Some(max) = bound.max.filter(|max| *value > *max || value.is_nan()) {
            say(format!("is {value}, at most {max} was asked"));
        }
        if let Some(min) = bound.min.filter(|min| *value < *min || value.is_nan()) {
            say(format!("is {value}, at least {min} was asked"));
        }
    }
    broken
}
