//! What a ledger says of now, and what is left of budgets. Invariant: what is not known is used up.

use crate::Tariff;
use crate::calendar::Day;
use crate::hold::Hold;
use crate::limits::Budgets;

/// Bytes used on networks of one tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Today.
    pub day: u64,
    /// This month.
    pub month: u64,
}

/// What the ledger says of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The ledger's day.
    pub today: Day,
    /// Where bytes cost nothing.
    pub unmetered: Used,
    /// Where they cost.
    pub metered: Used,
    /// What was used today is known.
    pub day_known: bool,
    /// What was used this month is known.
    pub month_known: bool,
}

/// What is left of the budgets, in bytes; nothing means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Of today's.
    pub day: Option<u64>,
    /// Of this month's.
    pub month: Option<u64>,
}

impl Balance {
    /// Nothing is known, as long as no ledger can be read: budgets count as used.
    #[must_use]
    pub fn unknown(today: Day) -> Self {
        let (unmetered, metered) = (Used::default(), Used::default());
        Self { today, unmetered, metered, day_known: false, month_known: false }
    }

    /// Nothing is used yet.
    #[must_use]
    pub fn unused(today: Day) -> Self {
        Self { day_known: true, month_known: true, ..Self::unknown(today) }
    }

    /// Bytes used today on all networks, if that is known.
    #[must_use]
    pub fn used_today(&self) -> Option<u64> {
        self.day_known.then(|| self.unmetered.day.saturating_add(self.metered.day))
    }

    /// What was used on networks of this tariff.
    #[must_use]
    pub fn used(&self, tariff: Tariff) -> Used {
        match tariff {
            Tariff::Unmetered => self.unmetered,
            Tariff::Metered => self.metered,
        }
    }

    /// What is left of these budgets; nothing where it is not known what was used.
    #[must_use]
    pub fn left(&self, tariff: Tariff, budgets: Budgets) -> Left {
        let used = self.used(tariff);
        let left = |budget: Option<u64>, used: u64, known: bool| {
            budget.map(|b| if known { b.saturating_sub(used) } else { 0 })
        };
        Left {
            day: left(budgets.day, used.day, self.day_known),
            month: left(budgets.month, used.month, self.month_known),
        }
    }

    /// The same without what a hold has set aside and not used yet.
    #[must_use]
    pub fn without(mut self, hold: &Hold) -> Self {
        let (unused, _) = hold.difference();
        let used = match hold.tariff() {
            Tariff::Unmetered => &mut self.unmetered,
            Tariff::Metered => &mut self.metered,
        };
        if hold.day() >= self.today {
            used.day = used.day.saturating_sub(unused);
        }
        if hold.day().month() >= self.today.month() {
            used.month = used.month.saturating_sub(unused);
        }
        self
    }
}

impl Left {
    /// The smaller of the two.
    #[must_use]
    pub fn least(&self) -> Option<u64> {
        [self.day, self.month].into_iter().flatten().min()
    }
}
