//! Budget that is set aside before it is spent.
//!
//! A ledger on disk counts a hold as used; so after a crash it says what was sent or more, never
//! less, and at most [`MOST_OVERCOUNTED`] more. Media stops where the hold ends; what watching itself
//! needs (acknowledgements and control, at most 4 % of what is received where nothing is given) does
//! not, and has room of its own. Invariant: media spent ≤ media held.

use crate::Tariff;
use crate::calendar::Day;

/// Media that is set aside at once: one write to disk each 3 s at 10 Mbit/s, and 2 % of the preset
/// of a metered network.
pub const RESERVE: u64 = 4 << 20;
/// Beside it, for acknowledgements and control: ten seconds of them at 5 Mbit/s received, should the
/// disk not answer.
pub const ACK_ROOM: u64 = 256 << 10;
/// What a ledger may say too much after one crash of one program.
pub const MOST_OVERCOUNTED: u64 = RESERVE + ACK_ROOM;

/// Budget that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    tariff: Tariff,
    day: Day,
    /// The number that the day had in the ledger.
    number: u32,
    media: u64,
    spent: u64,
}

impl Hold {
    pub(crate) fn new(tariff: Tariff, day: Day, number: u32, media: u64) -> Self {
        Self { tariff, day, number, media, spent: 0 }
    }

    /// Whose budget it is.
    #[must_use]
    pub fn tariff(&self) -> Tariff {
        self.tariff
    }

    /// And which day's.
    #[must_use]
    pub fn day(&self) -> Day {
        self.day
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Counts bytes that left.
    pub fn spend(&mut self, bytes: u64) {
        self.spent = self.spent.saturating_add(bytes);
    }

    /// Bytes that left.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// What media may still use.
    #[must_use]
    pub fn media_left(&self) -> u64 {
        self.media.saturating_sub(self.spent)
    }

    /// It is time to settle it and take another.
    #[must_use]
    pub fn is_low(&self) -> bool {
        let left = self.set_aside().saturating_sub(self.spent);
        // A budget that is nearly used has no more to give: then only acknowledgements need room.
        let enough = if self.media < RESERVE { ACK_ROOM / 2 } else { RESERVE / 2 + ACK_ROOM };
        left < enough
    }

    /// (Set aside and not used, used beyond what was set aside.)
    pub(crate) fn difference(&self) -> (u64, u64) {
        let aside = self.set_aside();
        (aside.saturating_sub(self.spent), self.spent.saturating_sub(aside))
    }

    fn set_aside(&self) -> u64 {
        self.media.saturating_add(ACK_ROOM)
    }
}
