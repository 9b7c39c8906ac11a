//! What may leave now and why: the design's contribution table as a state machine.
//!
//! What a device reports is remembered for [`WAIT`] after it has ceased, and the worst of what is
//! remembered decides. So a worsening acts at once and an improvement waits; what the person allows,
//! plays or pauses is looked at as it is now, and acts at once both ways. Invariant: an allowance is
//! never above what the present conditions, limits and budgets give by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Tariff;
use crate::balance::Balance;
use crate::calendar::Day;
use crate::conditions::{Conditions, Heat, Situation, Supply};
use crate::limits::{Budgets, Limits};
use crate::reason::Reason;

/// How long an improvement waits (DESIGN, "Contribution policy").
pub const WAIT: Duration = Duration::from_secs(10);
/// Half where the person sets no limit: the overlay takes no limit for 50 Mbit/s.
pub const HALF_OF_NO_LIMIT_BPS: u64 = 25_000_000;
/// Less than this is no budget: the last few datagrams, which may be one batch to the system.
const LEAST_BYTES: u64 = 64 << 10;
/// A budget that was used goes on in the same period only when this much has come back (a hold of
/// another program); else giving would flicker at the end of each budget.
const RESUME_BYTES: u64 = 1 << 20;

/// What may leave now, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bits a second; nothing means no limit, 0 gives nothing.
    pub bps: Option<u64>,
    /// Why. [`Reason::with_fed`] tells `Lending` from `Ready`.
    pub reason: Reason,
}

/// The state machine. Times are since any moment, the same for one policy.
#[derive(Debug, Clone)]
pub struct Policy {
    limits: Limits,
    now_is: Situation,
    idle: bool,
    /// What was, and when it ceased. Bounded: there are 512 situations.
    was: BTreeMap<Situation, Duration>,
    used_up: [UsedUp; 2],
    balance: Balance,
}

/// Which budgets of a tariff are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct UsedUp {
    day: Option<Spent>,
    month: Option<Spent>,
}

/// A budget that is used up: this much, on this day (none: it is not known what was used).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spent {
    budget: u64,
    on: Option<Day>,
}

impl Policy {
    /// Begins with what holds now; nothing has been worse before.
    #[must_use]
    pub fn new(conditions: &Conditions, limits: Limits, balance: Balance) -> Self {
        let mut policy = Self {
            limits,
            now_is: remembered(conditions),
            idle: Situation::from(conditions).idle,
            was: BTreeMap::new(),
            used_up: [UsedUp::default(); 2],
            balance,
        };
        policy.review_budgets();
        policy
    }

    /// The device's conditions have changed.
    pub fn handle_conditions(&mut self, now: Duration, conditions: &Conditions) {
        let new = remembered(conditions);
        if new != self.now_is {
            self.was.insert(self.now_is, now);
            self.was.remove(&new);
            self.now_is = new;
        }
        self.idle = Situation::from(conditions).idle;
        self.was.retain(|_, ceased| *ceased + WAIT > now);
    }

    /// The person allows something else.
    pub fn handle_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.review_budgets();
    }

    /// More has been used, or another day has begun.
    pub fn handle_balance(&mut self, balance: Balance) {
        self.balance = balance;
        self.review_budgets();
    }

    /// What may leave now.
    #[must_use]
    pub fn allowance(&self, now: Duration) -> Allowance {
        let present = self.give(&self.now_is);
        let past = self.was.iter().filter(|(_, ceased)| **ceased + WAIT > now);
        past.map(|(situation, _)| self.give(situation)).fold(present, |worst, past| {
            if rank(past.bps) < rank(worst.bps) { past } else { worst }
        })
    }

    /// When the allowance may be another one although nothing is reported.
    #[must_use]
    pub fn next_change(&self, now: Duration) -> Option<Duration> {
        self.was.values().map(|ceased| *ceased + WAIT).filter(|at| *at > now).min()
    }

    /// What the person allows.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whose budget counts now.
    #[must_use]
    pub fn tariff(&self) -> Tariff {
        self.now_is.tariff
    }

    /// The table, for one situation by itself.
    fn give(&self, situation: &Situation) -> Allowance {
        let rate = self.limits.rate_bps;
        if let Some(reason) = self.nothing(situation) {
            return Allowance { bps: Some(0), reason };
        }
        let half = Some(rate.map_or(HALF_OF_NO_LIMIT_BPS, |bps| bps / 2));
        // Both at once is still half, as the words say.
        if situation.heat == Heat::Moderate {
            Allowance { bps: half, reason: Reason::HalfWarm }
        } else if situation.supply == Supply::Battery {
            Allowance { bps: half, reason: Reason::HalfBattery }
        } else {
            Allowance { bps: rate, reason: Reason::Lending }
        }
    }

    /// Why nothing may be given; the strongest reason first.
    fn nothing(&self, s: &Situation) -> Option<Reason> {
        let (limits, used_up) = (&self.limits, &self.used_up[s.tariff as usize]);
        let here = limits.lending(s.tariff).on;
        let nowhere = !limits.unmetered.on && !limits.metered.on;
        let off = nowhere || limits.rate_bps == Some(0) || (s.tariff == Tariff::Unmetered && !here);
        let reasons = [
            (self.idle, Reason::Idle),
            (!limits.agreed, Reason::NotYet),
            (off, Reason::Off),
            (s.live, Reason::Live),
            (s.in_call, Reason::Call),
            (s.roaming, Reason::Roaming),
            (s.data_saver, Reason::DataSaver),
            (!here, Reason::Mobile),
            (used_up.day.is_some(), Reason::DailyLimit),
            (used_up.month.is_some(), Reason::MonthlyLimit),
            (s.heat >= Heat::Severe, Reason::Hot),
            (s.supply == Supply::Saver, Reason::BatterySaver),
            (s.supply == Supply::LowBattery, Reason::BatteryLow),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
    }

    fn review_budgets(&mut self) {
        for tariff in [Tariff::Unmetered, Tariff::Metered] {
            let budgets = self.limits.budgets(tariff);
            let left = self.balance.left(tariff, budgets);
            let (today, Budgets { day, month }) = (self.balance.today, budgets);
            let used_up = &mut self.used_up[tariff as usize];
            let is_today = |spent: &Spent| spent.on == Some(today);
            let is_this_month = |s: &Spent| s.on.is_some_and(|on| on.month() == today.month());
            let on = |known: bool| known.then_some(today);
            let (day_on, month_on) = (on(self.balance.day_known), on(self.balance.month_known));
            used_up.day = review(used_up.day.filter(is_today), day, left.day, day_on);
            used_up.month =
                review(used_up.month.filter(is_this_month), month, left.month, month_on);
        }
    }
}

/// Whether a budget is used up; `before` if it was in this period.
fn review(
    before: Option<Spent>,
    budget: Option<u64>,
    left: Option<u64>,
    on: Option<Day>,
) -> Option<Spent> {
    let (budget, left) = (budget?, left?);
    let was_used_up = before.is_some_and(|spent| spent.budget == budget);
    let enough = if was_used_up { RESUME_BYTES } else { LEAST_BYTES };
    (left < enough).then_some(Spent { budget, on })
}

/// Pausing and playing are the person's own doing: they act at once and are not remembered.
fn remembered(conditions: &Conditions) -> Situation {
    Situation { idle: false, ..Situation::from(conditions) }
}

fn rank(bps: Option<u64>) -> u64 {
    bps.unwrap_or(u64::MAX)
}
