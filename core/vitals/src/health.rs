//! How a broadcast goes: one word, and its cause.
//!
//! Once a second, from what the last five seconds showed; the worst line decides and names the
//! cause. What is worse is shown after two seconds, what is better after ten, a lost connection at
//! once, so that the word neither lags nor flickers. Pure: time is an argument.

mod measure;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

#[cfg(test)]
pub(crate) use self::measure::Lasting;
pub(crate) use self::measure::{Measured, Second, Window};

/// What is worse is shown after this, what is better after that (start values of the screens).
const WORSE_AFTER: Duration = Duration::from_secs(2);
const BETTER_AFTER: Duration = Duration::from_secs(10);
/// Nothing confirmed by anybody for this long, while somebody was connected: lost.
const LOST_AFTER: Duration = Duration::from_secs(3);
/// Nobody is connected any more: this long it may still be this side's network that is gone.
/// Viewers that are there dial again within seconds.
const LOST_UNTIL: Duration = Duration::from_secs(60);
/// So many steps smaller than chosen, a picture is not good.
const SMALL: u8 = 2;

/// How well it goes, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody to send to yet.
    Ready,
    /// All that is made leaves in time.
    Good,
    /// Some of it doesn't.
    Fair,
    /// Much of it doesn't.
    Poor,
    /// Nothing arrives anywhere.
    Lost,
}

/// Why it is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// More is made than leaves in time.
    SlowUpload,
    /// Packets get lost on the way.
    Loss,
    /// Too few viewers can pass it on: some have nobody who gives them a part.
    ViewersMissing,
    /// The device is warm.
    Heat,
    /// Nobody confirms anything.
    NoAnswer,
    /// The device has no network.
    NoNetwork,
}

/// A level and, where it is not good, its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Health {
    /// How well it goes.
    pub level: Level,
    /// Why it is not good.
    pub cause: Option<Cause>,
}

impl Health {
    /// Nobody to send to yet.
    pub const READY: Self = Self { level: Level::Ready, cause: None };

    fn new(level: Level, cause: Cause) -> Self {
        let cause = (level > Level::Good).then_some(cause);
        Self { level, cause }
    }
}

/// How it went since the broadcast began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HealthSoFar {
    /// The part of the time with viewers in which it was good, in percent; nothing without any.
    pub good_percent: Option<u8>,
    /// What was most often the cause when it was not.
    pub main_cause: Option<Cause>,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Monitor {
    shown: Health,
    /// What the seconds said by themselves, the newest last: as far back as an improvement waits.
    said: VecDeque<(Duration, Health)>,
    good: u64,
    not_good: BTreeMap<Cause, u64>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { shown: Health::READY, said: VecDeque::new(), good: 0, not_good: BTreeMap::new() }
    }
}

impl Monitor {
    /// Takes in what is measured now. `smaller` is by how many steps the picture is smaller than
    /// chosen, and why. Gives what is shown from now on, if that is something else.
    pub(crate) fn handle(
        &mut self,
        now: Duration,
        measured: &Measured,
        smaller: Option<(u8, Cause)>,
    ) -> Option<Health> {
        let says = self.judge(measured, smaller);
        let before = self.shown;
        let at_once =
            [says.level, before.level].iter().any(|l| matches!(l, Level::Ready | Level::Lost));
        if at_once {
            self.said.clear();
            self.shown = says;
        }
        self.said.push_back((now, says));
        while self.said.get(1).is_some_and(|(at, _)| *at + BETTER_AFTER <= now) {
            self.said.pop_front();
        }
        if !at_once {
            self.shown = self.settle(now);
        }
        self.count();
        (self.shown != before).then_some(self.shown)
    }

    pub(crate) fn shown(&self) -> Health {
        self.shown
    }

    pub(crate) fn so_far(&self) -> HealthSoFar {
        let all = self.good + self.not_good.values().sum::<u64>();
        let percent = (self.good * 100).checked_div(all);
        let main = self.not_good.iter().max_by_key(|(_, seconds)| **seconds);
        HealthSoFar {
            good_percent: percent.and_then(|p| u8::try_from(p).ok()),
            main_cause: main.map(|(cause, _)| *cause),
        }
    }

    fn judge(&self, measured: &Measured, smaller: Option<(u8, Cause)>) -> Health {
        let still_lost = self.shown.level == Level::Lost && measured.unconfirmed < LOST_UNTIL;
        match measured.connected {
            _ if measured.offline => Health::new(Level::Lost, Cause::NoNetwork),
            true if measured.unconfirmed >= LOST_AFTER => Health::new(Level::Lost, Cause::NoAnswer),
            false if still_lost => Health::new(Level::Lost, Cause::NoAnswer),
            false => Health::READY,
            true => {
                let lines = measured.lines().into_iter();
                let small = smaller.filter(|(steps, _)| *steps >= SMALL);
                let lines = lines.chain(small.map(|(_, cause)| (Level::Fair, cause)));
                // Of two that are as bad, the first one.
                let worst = lines.rev().max_by_key(|(level, _)| *level);
                worst.map_or(Health::READY, |(level, cause)| Health::new(level, cause))
            }
        }
    }

    /// What the last seconds agree upon.
    fn settle(&self, now: Duration) -> Health {
        if let Some(lately) = self.since(now, WORSE_AFTER) {
            let mildest = lately.iter().rev().min_by_key(|h| h.level).copied();
            if let Some(mildest) = mildest.filter(|h| h.level > self.shown.level) {
                return mildest;
            }
            let other = lately.iter().all(|h| Some(h) == lately.first());
            if let Some(agreed) = lately.first().filter(|h| other && h.level == self.shown.level) {
                return *agreed;
            }
        }
        let long = self.since(now, BETTER_AFTER);
        // Of equals `max_by_key` gives the last: the newest cause.
        let worst = long.and_then(|long| long.into_iter().max_by_key(|h| h.level));
        worst.filter(|h| h.level < self.shown.level).unwrap_or(self.shown)
    }

    /// What was said throughout this time; nothing if it is not known for that long.
    fn since(&self, now: Duration, length: Duration) -> Option<Vec<Health>> {
        let from = self.said.iter().rposition(|(at, _)| *at + length <= now)?;
        Some(self.said.iter().skip(from).map(|(_, health)| *health).collect())
    }

    fn count(&mut self) {
        match (self.shown.level, self.shown.cause) {
            (Level::Ready, _) => {}
            (_, Some(cause)) => *self.not_good.entry(cause).or_default() += 1,
            (_, None) => self.good += 1,
        }
    }
}

#[cfg(test)]
mod tests;
