//! The ledger on disk: read, changed and written whole, by one program at a time.
//!
//! The file is readable by its owner alone. It is replaced, never changed, and what replaces it is on
//! the disk first; so a crash leaves the one before or the one after. Several programs of a person
//! share it, each with a hold of its own. Invariant: what a turn returned is on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use manyhands_policy::{Balance, Budgets, Hold, LEDGER_BYTES, Ledger, Now, RecordError, Tariff};
use parking_lot::Mutex;

/// Where a device's ledger is kept.
#[derive(Debug)]
pub(crate) enum Book {
    /// Nowhere: it is forgotten with the session.
    Memory(Mutex<Option<Ledger>>),
    /// In this file.
    File(PathBuf),
}

/// One look into the ledger.
#[derive(Debug)]
pub(crate) struct Turned {
    /// What was set aside.
    pub(crate) hold: Option<Hold>,
    /// What the ledger says, that included.
    pub(crate) balance: Balance,
}

impl Book {
    pub(crate) fn open(file: Option<PathBuf>) -> Self {
        file.map_or_else(|| Self::Memory(Mutex::new(None)), Self::File)
    }

    /// Counts what `old` was used for and sets more aside for `want`. May wait for the disk and for
    /// other programs.
    pub(crate) fn turn(
        &self,
        now: &Now,
        old: Option<&Hold>,
        want: Option<(Tariff, Budgets)>,
    ) -> io::Result<Turned> {
        let turn = |ledger: &mut Ledger| {
            if let Some(old) = old {
                ledger.settle(old);
            }
            ledger.advance(now);
            let hold = want.map(|(tariff, budgets)| ledger.hold(tariff, budgets));
            Turned { hold, balance: ledger.balance() }
        };
        match self {
            Self::Memory(ledger) => Ok(turn(ledger.lock().get_or_insert_with(|| Ledger::new(now)))),
            Self::File(path) => {
                // The lock goes with the file at the end, or with the process.
                let _lock = lock(path)?;
                let mut ledger = read(path, now)?;
                let turned = turn(&mut ledger);
                write(path, &ledger.encode())?;
                Ok(turned)
            }
        }
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let lock = private().open(beside(path, "lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn read(path: &Path, now: &Now) -> io::Result<Ledger> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ledger::new(now)),
        Err(error) => return Err(error),
    };
    let mut record = Vec::new();
    // A longer one is none of ours, however long it is.
    file.take(LEDGER_BYTES as u64 + 1).read_to_end(&mut record)?;
    match Ledger::decode(&record) {
        Ok(ledger) => Ok(ledger),
        Err(RecordError::Damaged) => {
            tracing::warn!(path = %path.display(), "the ledger is damaged; budgets count as used");
            fs::rename(path, beside(path, "damaged"))?;
            Ok(Ledger::after_damage(now))
        }
        Err(error @ RecordError::Newer(_)) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

fn write(path: &Path, record: &[u8]) -> io::Result<()> {
    let new = beside(path, "new");
    let mut file = private().truncate(true).open(&new)?;
    file.write_all(record)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name has to be on the disk, too.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// Files that only their owner can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_added_extension(suffix)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clocks;

    const ANY: (Tariff, Budgets) = (Tariff::Metered, Budgets { day: None, month: None });
    const ONE: (Tariff, Budgets) = (Tariff::Metered, Budgets { day: Some(1), month: None });

    fn file() -> (tempfile::TempDir, PathBuf, Book) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let book = Book::open(Some(path.clone()));
        (dir, path, book)
    }

    fn used(book: &Book) -> u64 {
        book.turn(&clocks::now(0), None, None).unwrap().balance.metered.day
    }

    #[test]
    fn what_was_used_is_there_for_the_next_program_and_for_the_owner_alone() {
        let (_dir, path, book) = file();
        let mut hold = book.turn(&clocks::now(0), None, Some(ANY)).unwrap().hold.unwrap();
        hold.spend(1_000);
        assert!(used(&book) > 1_000, "it is set aside on disk before it is spent");
        book.turn(&clocks::now(0), Some(&hold), None).unwrap();
        assert_eq!(used(&Book::open(Some(path.clone()))), 1_000);
        for name in ["ledger", "ledger.lock"] {
            let mode = fs::metadata(path.with_file_name(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn programs_that_share_a_ledger_lose_nothing() {
        let (_dir, path, book) = file();
        let programs: Vec<_> = (1..=8_u64)
            .map(|n| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let book = Book::open(Some(path));
                    let mut hold = None;
                    for _ in 0..20 {
                        let turned = book.turn(&clocks::now(0), hold.as_ref(), Some(ANY)).unwrap();
                        hold = turned.hold;
                        hold.as_mut().unwrap().spend(n);
                    }
                    book.turn(&clocks::now(0), hold.as_ref(), None).unwrap();
                })
            })
            .collect();
        programs.into_iter().for_each(|program| program.join().unwrap());
        assert_eq!(used(&book), 20 * (1..=8).sum::<u64>());
    }

    #[test]
    fn a_damaged_ledger_is_put_aside_and_its_budgets_count_as_used() {
        let (_dir, path, book) = file();
        for damage in [&b""[..], b"not a ledger", &[7; 2 * LEDGER_BYTES]] {
            fs::write(&path, damage).unwrap();
            let turned = book.turn(&clocks::now(0), None, Some(ONE)).unwrap();
            assert!(!turned.balance.day_known && !turned.balance.month_known);
            assert_eq!(turned.hold.unwrap().media_left(), 0);
            assert_eq!(fs::read(path.with_file_name("ledger.damaged")).unwrap(), damage);
        }
    }

    #[test]
    fn a_disk_that_refuses_is_an_error_and_changes_nothing() {
        let (dir, path, book) = file();
        book.turn(&clocks::now(0), None, Some(ANY)).unwrap();
        let before = fs::read(&path).unwrap();
        // Its place is taken by a directory, which even root can't write to.
        fs::create_dir(dir.path().join("ledger.new")).unwrap();
        assert!(book.turn(&clocks::now(0), None, Some(ANY)).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}
