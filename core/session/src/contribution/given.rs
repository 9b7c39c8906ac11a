//! What a device has given, by its ledger.

use std::path::PathBuf;

use manyhands_policy::Balance;

use crate::clocks;
use crate::ledger_file::Book;

/// Bytes that left a device, each nothing where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Today, by the local calendar.
    pub today: Option<u64>,
    /// This month.
    pub month: Option<u64>,
    /// Of today's, what left on metered networks.
    pub metered_today: Option<u64>,
    /// Of this month's, what left on metered networks.
    pub metered_month: Option<u64>,
}

impl Given {
    /// Reads a ledger that no session has to have open; `utc_offset_s` is what the time zone adds to
    /// UTC now. Nothing is known of one that can't be read. Waits for the disk.
    #[must_use]
    pub fn read(ledger: PathBuf, utc_offset_s: i32) -> Self {
        let turned = Book::open(Some(ledger)).turn(&clocks::now(utc_offset_s), None, None);
        turned.map_or_else(|_| Self::default(), |turned| Self::of(&turned.balance))
    }

    pub(super) fn of(balance: &Balance) -> Self {
        let month = |used: u64| balance.month_known.then_some(used);
        Self {
            today: balance.used_today(),
            month: month(balance.unmetered.month.saturating_add(balance.metered.month)),
            metered_today: balance.day_known.then_some(balance.metered.day),
            metered_month: month(balance.metered.month),
        }
    }
}

#[cfg(test)]
mod tests {
    use manyhands_policy::{Budgets, Tariff};

    use super::*;

    #[test]
    fn what_was_given_is_known_without_a_session_and_not_made_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        assert_eq!(Given::read(path.clone(), 0).today, Some(0));
        let any = Budgets { day: None, month: None };
        let book = Book::open(Some(path.clone()));
        for (tariff, bytes) in [(Tariff::Metered, 7), (Tariff::Unmetered, 5)] {
            let turned = book.turn(&clocks::now(0), None, Some((tariff, any))).unwrap();
            let mut hold = turned.hold.unwrap();
            hold.spend(bytes);
            book.turn(&clocks::now(0), Some(&hold), None).unwrap();
        }
        let given = Given::read(path, 0);
        assert_eq!((given.today, given.metered_today), (Some(12), Some(7)));
        assert_eq!((given.month, given.metered_month), (Some(12), Some(7)));
        assert_eq!(Given::read(dir.path().join("missing/ledger"), 0), Given::default());
    }
}
