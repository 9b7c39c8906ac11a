//! What the last five seconds showed, line by line of the table that the screens show.

use std::collections::VecDeque;
use std::time::Duration;

use manyhands_policy::Heat;

use super::{Cause, Level};

/// How many seconds are looked at.
const SECONDS: usize = 5;
/// What is short of slots shows this soon (DESIGN, "Short of capacity").
const LATELY: usize = 2;
/// Of fewer packets than this nothing can be said: one lost would be 2 %.
const FEWEST_PACKETS: u64 = 50;

/// From these on it is fair, or poor (start values, to be tuned by measurement).
const UNSENT: (f64, f64) = (0.05, 0.20);
const WAIT: (f64, f64) = (0.3, 1.0);
const LOSS: (f64, f64) = (0.02, 0.08);
const MISSING: (f64, f64) = (0.02, 0.10);

/// One second of a broadcast. Amounts are of that second alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Second {
    /// Somebody is connected.
    pub(crate) connected: bool,
    /// The device says that it has no network.
    pub(crate) offline: bool,
    /// Since anybody confirmed anything.
    pub(crate) unconfirmed: Duration,
    /// Bytes of the stream that were made; nothing as long as viewers have just come.
    pub(crate) made: u64,
    /// Bytes of live pieces that left.
    pub(crate) left: u64,
    /// Bytes of live pieces that waited too long.
    pub(crate) dropped: u64,
    /// How long the oldest live piece has waited.
    pub(crate) waiting: Duration,
    /// Packets sent, and found lost.
    pub(crate) packets: u64,
    pub(crate) lost: u64,
    /// The part of the viewers that miss a part of the stream, 0 to 1.
    pub(crate) missing: f64,
    /// All slots over all that viewers need; nothing while unknown.
    pub(crate) slots: Option<f64>,
    /// As the device reports it.
    pub(crate) heat: Heat,
}

/// The last seconds.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<Second>);

impl Window {
    pub(crate) fn push(&mut self, second: Second) {
        if self.0.len() == SECONDS {
            self.0.pop_front();
        }
        self.0.push_back(second);
    }

    /// What they show together; nothing before the first.
    pub(crate) fn measure(&self) -> Option<Measured> {
        let newest = self.0.back()?;
        let sum = |of: fn(&Second) -> u64| self.0.iter().map(of).sum::<u64>();
        let (left, dropped) = (sum(|s| s.left), sum(|s| s.dropped));
        // With viewers, everything has to leave at least once.
        let made = sum(|s| s.made);
        let unsent = part(made.saturating_sub(left), made);
        let (packets, lost) = (sum(|s| s.packets), sum(|s| s.lost));
        let waiting: Duration = self.0.iter().map(|s| s.waiting).sum();
        // Whoever has just come lacks parts by nature: only what lasts counts.
        let missing = self.0.iter().map(|s| s.missing).fold(1.0, f64::min);
        Some(Measured {
            connected: newest.connected,
            offline: newest.offline,
            unconfirmed: newest.unconfirmed,
            unsent: unsent.max(part(dropped, left.saturating_add(dropped))),
            waiting_s: waiting.as_secs_f64() / self.0.len() as f64,
            loss: if packets < FEWEST_PACKETS { 0.0 } else { part(lost, packets) },
            missing: if self.0.len() < SECONDS { 0.0 } else { missing },
            slots: newest.slots,
            lasting: self.lasting(),
            heat: newest.heat,
        })
    }
}

impl Window {
    /// Sums that come up the trees are now too high and now too low: only what lasts counts.
    fn lasting(&self) -> Option<Lasting> {
        if self.0.len() < SECONDS {
            return None;
        }
        let lately = self.0.iter().rev().take(LATELY).map(|s| s.slots);
        let most = lately.reduce(|a, b| Some(a?.max(b?)))??;
        let fewest = self.0.iter().map(|s| s.slots).reduce(|a, b| Some(a?.min(b?)))??;
        Some(Lasting { most, fewest })
    }
}

fn part(of: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

/// How many slots there have been, over all that viewers need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lasting {
    /// Never more of late.
    pub(crate) most: f64,
    /// Never fewer in all the seconds that are looked at.
    pub(crate) fewest: f64,
}

/// The lines of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) connected: bool,
    pub(crate) offline: bool,
    pub(crate) unconfirmed: Duration,
    /// The part of what is made that does not leave, 0 to 1.
    pub(crate) unsent: f64,
    /// How long the oldest unsent piece waits on the average, in seconds.
    pub(crate) waiting_s: f64,
    /// The part of the packets that get lost.
    pub(crate) loss: f64,
    /// The part of the viewers that miss parts.
    pub(crate) missing: f64,
    /// All slots over all that they need, now.
    pub(crate) slots: Option<f64>,
    /// What lasts of it.
    pub(crate) lasting: Option<Lasting>,
    pub(crate) heat: Heat,
}

impl Measured {
    /// What each line says.
    pub(crate) fn lines(&self) -> [(Level, Cause); 5] {
        let heat = match self.heat {
            Heat::Normal => Level::Good,
            Heat::Moderate => Level::Fair,
            Heat::Severe | Heat::Critical => Level::Poor,
        };
        [
            (level(self.unsent, UNSENT, false), Cause::SlowUpload),
            (level(self.waiting_s, WAIT, true), Cause::SlowUpload),
            (level(self.loss, LOSS, true), Cause::Loss),
            (level(self.missing, MISSING, true), Cause::ViewersMissing),
            (heat, Cause::Heat),
        ]
    }
}

/// Good below the first bound, poor beyond the second. Of what is unsent, the first bound is still
/// good, as the table says "95 % and more".
fn level(value: f64, (fair, poor): (f64, f64), from: bool) -> Level {
    match value {
        value if value > poor => Level::Poor,
        value if value > fair || (from && value >= fair) => Level::Fair,
        _ => Level::Good,
    }
}
