//! The ledger: bytes that left by day and tariff, and the days themselves.
//!
//! What is set aside ([`Ledger::hold`]) counts as used from that moment on, so a ledger that was
//! written before the bytes left never says too little. A day begins when the person's calendar says
//! so and at least [`SHORTEST_DAY_S`] have passed since the last one began, by the clock that nobody
//! sets; so neither time zones nor clocks that jump begin one early. A day never becomes an earlier
//! one, unless the clock shows that it had been wrong by more than a day: then what was counted under
//! later dates is counted under the right one. Invariant: bytes move between days, they never vanish
//! but with days that are too old to matter.

use std::collections::VecDeque;

use crate::Tariff;
use crate::balance::{Balance, Used};
use crate::calendar::{Day, Now, SHORTEST_DAY_S};
use crate::hold::{ACK_ROOM, Hold, RESERVE};
use crate::limits::Budgets;

/// Days that are remembered: this month's and the last's.
pub const KEPT_DAYS: usize = 62;

/// Bytes that left, by day and tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// How long the last day has lasted.
    pub(crate) age_s: u64,
    /// When that was known.
    pub(crate) mark: Mark,
    /// What was used up to the end of this day is not known.
    pub(crate) unknown_until: Option<Day>,
    /// The newest number that a day has had.
    pub(crate) newest: u32,
    /// In ascending order; never empty, the last one is today.
    pub(crate) days: VecDeque<Entry>,
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) day: Day,
    /// Days have had numbers from this one up to the next entry's, for those who hold budget of them.
    pub(crate) number: u32,
    pub(crate) used: [u64; 2],
}

/// The readings at the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) boot: u64,
    pub(crate) since_boot_s: u64,
    pub(crate) utc_s: i64,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(now: &Now) -> Self {
        let today = Entry { day: now.day(), number: 0, used: [0; 2] };
        Self {
            age_s: now.second_of_day(),
            mark: Mark::at(now),
            unknown_until: None,
            newest: 0,
            days: VecDeque::from([today]),
        }
    }

    /// The ledger after one that can't be read: limits still hold, so budgets of today and of this
    /// month count as used.
    #[must_use]
    pub fn after_damage(now: &Now) -> Self {
        Self { unknown_until: Some(now.day()), ..Self::new(now) }
    }

    /// Takes notice of the time. Says whether another day is today's now.
    pub fn advance(&mut self, now: &Now) -> bool {
        let gone = self.mark.until(now);
        self.age_s = self.age_s.saturating_add(gone);
        self.mark = self.mark.later(now);
        let (today, shown) = (self.today(), now.day());
        if shown > today && self.age_s >= SHORTEST_DAY_S {
            // What the last day lasted too long is the new one's already, but no more than that:
            // N days never take less than N times the shortest one.
            self.age_s = now.second_of_day().min(self.age_s.saturating_sub(SHORTEST_DAY_S));
            self.begin(shown);
            true
        } else if shown.0 < today.0.saturating_sub(1) {
            self.correct(shown);
            true
        } else {
            false
        }
    }

    /// Sets budget aside for networks of this tariff, before it is spent.
    pub fn hold(&mut self, tariff: Tariff, budgets: Budgets) -> Hold {
        let left = self.balance().left(tariff, budgets).least();
        let media = left.map_or(RESERVE, |left| left.min(RESERVE));
        let hold = Hold::new(tariff, self.today(), self.newest, media);
        self.add(self.newest, tariff, media.saturating_add(ACK_ROOM));
        hold
    }

    /// Counts what a hold was really used for, and gives the rest back.
    pub fn settle(&mut self, hold: &Hold) {
        let (unused, more) = hold.difference();
        self.add(hold.number(), hold.tariff(), more);
        if let Some(entry) = self.entry_of(hold.number()) {
            let used = &mut entry.used[hold.tariff() as usize];
            *used = used.saturating_sub(unused);
        }
    }

    /// What it says of now.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let today = self.today();
        let used = |tariff: Tariff| {
            let of = |e: &Entry| e.used[tariff as usize];
            let this_month = self.days.iter().filter(|e| e.day.month() == today.month());
            Used {
                day: self.days.back().map_or(0, of),
                month: this_month.map(of).fold(0, u64::saturating_add),
            }
        };
        Balance {
            today,
            unmetered: used(Tariff::Unmetered),
            metered: used(Tariff::Metered),
            day_known: self.unknown_until.is_none_or(|day| day < today),
            month_known: self.unknown_until.is_none_or(|day| day.month() < today.month()),
        }
    }

    /// All bytes that are remembered.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.days.iter().flat_map(|e| e.used).fold(0, u64::saturating_add)
    }

    fn today(&self) -> Day {
        self.days.back().map_or(Day(0), |entry| entry.day)
    }

    fn begin(&mut self, day: Day) {
        self.newest = self.newest.saturating_add(1);
        self.days.push_back(Entry { day, number: self.newest, used: [0; 2] });
        while self.days.len() > KEPT_DAYS {
            self.days.pop_front();
        }
    }

    /// The clock had been wrong: what is dated after the day that it shows now belongs to that day.
    fn correct(&mut self, day: Day) {
        let mut right = Entry { day, number: self.newest, used: [0; 2] };
        while let Some(entry) = self.days.pop_back_if(|e| e.day >= day) {
            right.number = entry.number;
            for (sum, used) in right.used.iter_mut().zip(entry.used) {
                *sum = sum.saturating_add(used);
            }
        }
        self.days.push_back(right);
        self.unknown_until = self.unknown_until.map(|until| until.min(day));
    }

    fn add(&mut self, number: u32, tariff: Tariff, bytes: u64) {
        // What is too old to be remembered is counted today rather than not at all.
        let entry = match self.entry_of(number) {
            Some(entry) => Some(entry),
            None => self.days.back_mut(),
        };
        if let Some(entry) = entry {
            let used = &mut entry.used[tariff as usize];
            *used = used.saturating_add(bytes);
        }
    }

    /// Where the day that had this number is counted by now.
    fn entry_of(&mut self, number: u32) -> Option<&mut Entry> {
        self.days.iter_mut().rev().find(|e| e.number <= number)
    }
}

impl Mark {
    fn at(now: &Now) -> Self {
        Self { boot: now.boot, since_boot_s: now.since_boot.as_secs(), utc_s: now.utc_s }
    }

    /// Seconds that have passed. Between two boots the wall clock is all there is.
    fn until(&self, now: &Now) -> u64 {
        if self.boot == now.boot {
            now.since_boot.as_secs().saturating_sub(self.since_boot_s)
        } else {
            u64::try_from(now.utc_s.saturating_sub(self.utc_s)).unwrap_or(0)
        }
    }

    /// Programs that share a ledger may look in any order: the mark never goes back.
    fn later(&self, now: &Now) -> Self {
        let mut later = Self::at(now);
        if self.boot == now.boot {
            later.since_boot_s = later.since_boot_s.max(self.since_boot_s);
        }
        later
    }
}
