//! What the person allows: consent, two switches, a rate, and budgets of data.

use crate::Tariff;

/// What a metered network may be used for in a day when the person opted in and named no amount
/// (SCREENS, part 6: "200 MB preset").
pub const METERED_DAY_BYTES: u64 = 200_000_000;

/// The most that may be given in bytes; nothing means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgets {
    /// In a day of the local calendar.
    pub day: Option<u64>,
    /// In a month of the local calendar.
    pub month: Option<u64>,
}

/// What may be done on networks of one tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lending {
    /// The switch.
    pub on: bool,
    /// And how much.
    pub budgets: Budgets,
}

/// What the person allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The person has said OK to lending a hand at all.
    pub agreed: bool,
    /// On networks whose bytes cost nothing.
    pub unmetered: Lending,
    /// On metered networks.
    pub metered: Lending,
    /// The most that may leave, bits a second; nothing means no limit.
    pub rate_bps: Option<u64>,
}

impl Limits {
    /// The presets: on where it costs nothing, off where it does, and waiting for the first OK.
    #[must_use]
    pub fn preset() -> Self {
        Self {
            agreed: false,
            unmetered: Lending { on: true, budgets: Budgets::default() },
            metered: Lending::default(),
            rate_bps: None,
        }
    }

    /// The presets, agreed to, with a rate.
    #[must_use]
    pub fn agreed(rate_bps: Option<u64>) -> Self {
        Self { agreed: true, rate_bps, ..Self::preset() }
    }

    /// The budgets that hold: a metered network always has a daily one.
    #[must_use]
    pub fn budgets(&self, tariff: Tariff) -> Budgets {
        let mut budgets = self.lending(tariff).budgets;
        if tariff == Tariff::Metered {
            budgets.day = budgets.day.or(Some(METERED_DAY_BYTES));
        }
        budgets
    }

    /// Whether the person allows anything on networks of this tariff.
    pub(crate) fn lending(&self, tariff: Tariff) -> &Lending {
        match tariff {
            Tariff::Unmetered => &self.unmetered,
            Tariff::Metered => &self.metered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metered_network_always_has_a_daily_budget() {
        let mut limits = Limits::agreed(None);
        limits.metered.on = true;
        assert_eq!(limits.budgets(Tariff::Metered).day, Some(METERED_DAY_BYTES));
        assert_eq!(limits.budgets(Tariff::Unmetered), Budgets::default());
        limits.metered.budgets.day = Some(5);
        assert_eq!(limits.budgets(Tariff::Metered).day, Some(5));
    }
}
