//! The ledger's record on disk: one version, one length for its number of days, one checksum.
//!
//! Layout, integers little-endian: `MHLEDGER`, version u8 (1), flags u8 (bit 0: `unknown_until`
//! holds), days u16, age_s u64, boot u64, since_boot_s u64, utc_s i64, unknown_until i32, newest
//! u32, then for each day i32, its number u32, u64 unmetered, u64 metered, and 16 bytes of BLAKE3 over all of it. Invariant: what
//! [`Ledger::decode`] accepts is what [`Ledger::encode`] wrote, byte for byte.

use std::collections::VecDeque;

use crate::calendar::Day;
use crate::ledger::{Entry, KEPT_DAYS, Ledger, Mark};

/// The longest record.
pub const LEDGER_BYTES: usize = HEAD + KEPT_DAYS * ENTRY + SUM;

const MAGIC: &[u8; 8] = b"MHLEDGER";
const VERSION: u8 = 1;
const HEAD: usize = 8 + 1 + 1 + 2 + 4 * 8 + 4 + 4;
const ENTRY: usize = 4 + 4 + 2 * 8;
const SUM: usize = 16;

/// Why a record can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a ledger, cut short, or changed.
    #[error("the ledger is damaged")]
    Damaged,
    /// Written by a newer program.
    #[error("the ledger is of a newer version ({0})")]
    Newer(u8),
}

impl Ledger {
    /// Its record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LEDGER_BYTES);
        out.extend(MAGIC);
        out.push(VERSION);
        out.push(u8::from(self.unknown_until.is_some()));
        out.extend((self.days.len() as u16).to_le_bytes());
        out.extend(self.age_s.to_le_bytes());
        out.extend(self.mark.boot.to_le_bytes());
        out.extend(self.mark.since_boot_s.to_le_bytes());
        out.extend(self.mark.utc_s.to_le_bytes());
        out.extend(self.unknown_until.map_or(0, |day| day.0).to_le_bytes());
        out.extend(self.newest.to_le_bytes());
        for entry in &self.days {
            out.extend(entry.day.0.to_le_bytes());
            out.extend(entry.number.to_le_bytes());
            entry.used.iter().for_each(|used| out.extend(used.to_le_bytes()));
        }
        out.extend(checksum(&out));
        out
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (body, sum) = bytes.split_last_chunk::<SUM>().ok_or(RecordError::Damaged)?;
        if checksum(body) != *sum {
            return Err(RecordError::Damaged);
        }
        let mut reader = Reader(body);
        let ledger = reader.ledger()?.ok_or(RecordError::Damaged)?;
        let whole = reader.0.is_empty() && ledger.encode() == bytes;
        if whole { Ok(ledger) } else { Err(RecordError::Damaged) }
    }
}

fn checksum(body: &[u8]) -> [u8; SUM] {
    let mut sum = [0; SUM];
    sum.copy_from_slice(&blake3::hash(body).as_bytes()[..SUM]);
    sum
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Nothing where it is not a ledger.
    fn ledger(&mut self) -> Result<Option<Ledger>, RecordError> {
        if self.take::<8>() != Some(*MAGIC) {
            return Ok(None);
        }
        match self.take().map(u8::from_le_bytes) {
            Some(VERSION) => Ok(self.fields()),
            Some(version @ 2..) => Err(RecordError::Newer(version)),
            _ => Ok(None),
        }
    }

    fn fields(&mut self) -> Option<Ledger> {
        let flags = u8::from_le_bytes(self.take()?);
        let count = usize::from(u16::from_le_bytes(self.take()?));
        let age_s = u64::from_le_bytes(self.take()?);
        let mark = Mark {
            boot: u64::from_le_bytes(self.take()?),
            since_boot_s: u64::from_le_bytes(self.take()?),
            utc_s: i64::from_le_bytes(self.take()?),
        };
        let until = Day(i32::from_le_bytes(self.take()?));
        let newest = u32::from_le_bytes(self.take()?);
        let unknown_until = (flags & 1 == 1).then_some(until);
        if !(1..=KEPT_DAYS).contains(&count) {
            return None;
        }
        let days: Option<VecDeque<Entry>> = (0..count).map(|_| self.entry()).collect();
        let days = days?;
        let ascending =
            days.iter().zip(days.iter().skip(1)).all(|(a, b)| a.day < b.day && a.number < b.number);
        ascending.then_some(Ledger { age_s, mark, unknown_until, newest, days })
    }

    fn entry(&mut self) -> Option<Entry> {
        let day = Day(i32::from_le_bytes(self.take()?));
        let number = u32::from_le_bytes(self.take()?);
        let used = [u64::from_le_bytes(self.take()?), u64::from_le_bytes(self.take()?)];
        Some(Entry { day, number, used })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Budgets, Now, Tariff};

    fn now(day: i64) -> Now {
        let since_boot = Duration::from_secs(day.unsigned_abs() * 86_400);
        Now { since_boot, boot: 9, utc_s: day * 86_400, offset_s: 0 }
    }

    fn full() -> Ledger {
        let mut ledger = Ledger::after_damage(&now(20_000));
        for day in 20_001_i64..20_100 {
            let mut hold = ledger.hold(Tariff::Metered, Budgets::default());
            hold.spend(day.unsigned_abs());
            ledger.settle(&hold);
            assert!(ledger.advance(&now(day)));
        }
        ledger
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_is_never_longer_than_it_says() {
        let ledger = full();
        let record = ledger.encode();
        assert_eq!(record.len(), LEDGER_BYTES);
        assert_eq!(Ledger::decode(&record), Ok(ledger));
        let small = Ledger::new(&now(-5));
        assert_eq!(Ledger::decode(&small.encode()), Ok(small));
    }

    #[test]
    fn no_changed_bit_and_no_cut_goes_unseen() {
        let record = Ledger::after_damage(&now(20_000)).encode();
        for at in 0..record.len() {
            assert!(Ledger::decode(&record[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = record.clone();
                changed[at] ^= 1 << bit;
                assert!(Ledger::decode(&changed).is_err(), "bit {bit} of {at}");
            }
        }
        assert!(Ledger::decode(&[record.clone(), vec![0]].concat()).is_err());
    }

    #[test]
    fn what_a_checksum_fits_and_is_no_ledger_is_refused() {
        let sealed = |mut body: Vec<u8>| {
            body.extend(checksum(&body));
            Ledger::decode(&body)
        };
        let record = full().encode();
        let body = &record[..record.len() - SUM];
        let with = |at: usize, byte: u8| {
            let mut body = body.to_vec();
            body[at] = byte;
            sealed(body)
        };
        assert!(sealed(body.to_vec()).is_ok());
        assert_eq!(with(8, 2), Err(RecordError::Newer(2)));
        assert_eq!(with(8, 0), Err(RecordError::Damaged));
        assert_eq!(with(0, b'X'), Err(RecordError::Damaged));
        assert_eq!(with(9, 3), Err(RecordError::Damaged));
        assert_eq!(with(10, 0), Err(RecordError::Damaged));
        assert_eq!(with(11, 1), Err(RecordError::Damaged));
        // Two days that are the same.
        assert_eq!(with(HEAD + ENTRY, body[HEAD]), Err(RecordError::Damaged));
        assert_eq!(sealed(Vec::new()), Err(RecordError::Damaged));
    }
}
