//! The ledger's days: time zones, clocks that jump, restarts and crashes neither lose nor repeat a
//! byte, and begin no day early.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use manyhands_policy::{
    ACK_ROOM, Budgets, Day, Ledger, MOST_OVERCOUNTED, Now, RESERVE, SHORTEST_DAY_S, Tariff,
};
use proptest::prelude::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Midnight (UTC) of the first of a month of 31 days, 2026-10-01.
const START: i64 = 20_727 * DAY;
const NO_BUDGET: Budgets = Budgets { day: None, month: None };

/// A device's clocks: real time goes by; the wall clock and the zone can be set.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    boot: u64,
    since_boot_s: i64,
    utc_s: i64,
    offset_s: i32,
}

impl Clocks {
    fn at(utc_s: i64) -> Self {
        Self { boot: 1, since_boot_s: 1000, utc_s, offset_s: 0 }
    }

    fn pass(&mut self, seconds: i64) -> Now {
        (self.since_boot_s, self.utc_s) = (self.since_boot_s + seconds, self.utc_s + seconds);
        self.now()
    }

    fn reboot(&mut self) -> Now {
        (self.boot, self.since_boot_s) = (self.boot + 1, 5);
        self.now()
    }

    fn now(&self) -> Now {
        Now {
            since_boot: Duration::from_secs(self.since_boot_s.unsigned_abs()),
            boot: self.boot,
            utc_s: self.utc_s,
            offset_s: self.offset_s,
        }
    }
}

fn spend(ledger: &mut Ledger, bytes: u64) {
    let mut hold = ledger.hold(Tariff::Metered, NO_BUDGET);
    hold.spend(bytes);
    ledger.settle(&hold);
}

/// (Today, this month.)
fn used(ledger: &Ledger) -> (u64, u64) {
    let used = ledger.balance().metered;
    (used.day, used.month)
}

#[test]
fn days_and_months_begin_at_midnight_of_the_persons_calendar() {
    let mut clocks = Clocks { offset_s: 2 * HOUR as i32, ..Clocks::at(START + 10 * HOUR) };
    let mut ledger = Ledger::new(&clocks.now());
    spend(&mut ledger, 100);
    assert!(!ledger.advance(&clocks.pass(12 * HOUR - 1)));
    assert_eq!(used(&ledger), (100, 100));
    assert!(ledger.advance(&clocks.pass(1)));
    assert_eq!(used(&ledger), (0, 100));
    spend(&mut ledger, 7);
    for day in 3..=31 {
        assert!(ledger.advance(&clocks.pass(DAY)), "day {day}");
    }
    assert_eq!(used(&ledger), (0, 107));
    assert!(ledger.advance(&clocks.pass(DAY)));
    assert_eq!(used(&ledger), (0, 0));
    assert_eq!(ledger.total(), 107);
}

#[test]
fn a_day_that_loses_or_gains_an_hour_has_its_own_midnight() {
    for change in [-1, 1] {
        let mut clocks = Clocks::at(START);
        let mut ledger = Ledger::new(&clocks.now());
        clocks.pass(3 * HOUR);
        clocks.offset_s -= (change * HOUR) as i32;
        assert!(!ledger.advance(&clocks.pass((21 + change) * HOUR - 1)));
        assert!(ledger.advance(&clocks.pass(1)), "a day of {} hours", 24 + change);
    }
}

#[test]
fn travelling_east_does_not_bring_a_new_day_early() {
    let mut clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    ledger.advance(&clocks.pass(18 * HOUR));
    spend(&mut ledger, 100);
    clocks.offset_s = 9 * HOUR as i32;
    assert!(!ledger.advance(&clocks.now()), "it is three in the morning there");
    assert!(!ledger.advance(&clocks.pass(4 * HOUR - 1)));
    assert!(ledger.advance(&clocks.pass(1)), "and seven when the day had 22 hours");
    assert_eq!(used(&ledger), (0, 100));
    // From then on midnights are those of the new place, within two hours at first.
    assert!(!ledger.advance(&clocks.pass(17 * HOUR)));
    assert!(ledger.advance(&clocks.pass(5 * HOUR)));
    assert!(!ledger.advance(&clocks.pass(19 * HOUR - 1)));
    assert!(ledger.advance(&clocks.pass(3 * HOUR + 1)));
}

#[test]
fn travelling_west_makes_the_day_longer_and_repeats_none() {
    let mut clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    spend(&mut ledger, 50);
    assert!(ledger.advance(&clocks.pass(25 * HOUR)));
    spend(&mut ledger, 100);
    clocks.offset_s = -9 * HOUR as i32;
    assert!(!ledger.advance(&clocks.now()), "it is the day before there, but it stays today");
    assert_eq!(used(&ledger), (100, 150));
    assert!(!ledger.advance(&clocks.pass(8 * HOUR)), "its own midnight there begins nothing");
    assert!(!ledger.advance(&clocks.pass(24 * HOUR - 1)));
    assert!(ledger.advance(&clocks.pass(1)));
}

#[test]
fn a_clock_that_jumps_ahead_begins_nothing_before_a_day_has_passed() {
    for boots in [false, true] {
        let mut clocks = Clocks::at(START + 8 * HOUR);
        let mut ledger = Ledger::new(&clocks.now());
        spend(&mut ledger, 100);
        clocks.utc_s += 40 * DAY;
        if boots {
            // Between two programs of one boot: the same.
            ledger = Ledger::decode(&ledger.encode()).unwrap();
        }
        assert!(!ledger.advance(&clocks.now()));
        assert!(!ledger.advance(&clocks.pass(14 * HOUR - 1)));
        clocks.utc_s -= 40 * DAY;
        assert!(!ledger.advance(&clocks.pass(1)), "and it has come back");
        assert_eq!(used(&ledger), (100, 100));
        assert!(ledger.advance(&clocks.pass(2 * HOUR)), "its own midnight");
    }
}

#[test]
fn a_clock_that_was_ahead_for_days_loses_and_repeats_nothing_when_it_is_right_again() {
    let mut clocks = Clocks::at(START + 8 * HOUR);
    let mut ledger = Ledger::new(&clocks.now());
    spend(&mut ledger, 100);
    clocks.utc_s += 400 * DAY;
    assert!(ledger.advance(&clocks.pass(23 * HOUR)));
    spend(&mut ledger, 10);
    assert_eq!(used(&ledger), (10, 10));
    clocks.utc_s -= 400 * DAY;
    assert!(ledger.advance(&clocks.now()), "today is an earlier day now");
    assert_eq!(ledger.balance().today, Day((START / DAY) as i32 + 1));
    assert_eq!(used(&ledger), (10, 110));
    assert!(!ledger.advance(&clocks.pass(17 * HOUR - 1)));
    assert!(ledger.advance(&clocks.pass(1)), "its own midnight");
    assert_eq!(used(&ledger), (0, 110));
}

#[test]
fn a_clock_that_jumps_back_a_little_changes_nothing() {
    let mut clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    assert!(ledger.advance(&clocks.pass(DAY + 1)));
    spend(&mut ledger, 100);
    clocks.utc_s -= 3;
    assert!(!ledger.advance(&clocks.now()), "yesterday by three seconds");
    assert!(!ledger.advance(&clocks.pass(5)));
    assert_eq!(used(&ledger), (100, 100));
    assert!(ledger.advance(&clocks.pass(DAY)));
}

#[test]
fn a_device_that_was_off_for_days_begins_a_day_at_once() {
    let mut clocks = Clocks::at(START + 23 * HOUR);
    let mut ledger = Ledger::new(&clocks.now());
    spend(&mut ledger, 100);
    clocks.utc_s += 2 * HOUR;
    assert!(ledger.advance(&clocks.reboot()), "off over midnight");
    spend(&mut ledger, 10);
    clocks.utc_s += 3 * DAY;
    assert!(ledger.advance(&clocks.reboot()));
    assert_eq!(used(&ledger), (0, 110));
}

#[test]
fn programs_that_look_in_any_order_count_time_once() {
    let mut clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    let early = clocks.now();
    let late = clocks.pass(8 * HOUR);
    for _ in 0..5 {
        assert!(!ledger.advance(&late));
        assert!(!ledger.advance(&early));
    }
    // Eight hours later in its zone it is past midnight, and still the first day's eighteenth hour.
    clocks.offset_s = 14 * HOUR as i32;
    assert!(!ledger.advance(&clocks.pass(10 * HOUR)));
    assert!(ledger.advance(&clocks.pass(4 * HOUR)));
}

#[test]
fn what_is_set_aside_counts_until_it_is_settled() {
    let clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    let mut hold = ledger.hold(Tariff::Unmetered, NO_BUDGET);
    assert_eq!(ledger.balance().unmetered.day, RESERVE + ACK_ROOM);
    assert_eq!(ledger.balance().without(&hold).unmetered.day, 0);
    hold.spend(1_000);
    assert_eq!(ledger.balance().without(&hold).unmetered.day, 1_000);
    assert!(!hold.is_low());
    hold.spend(RESERVE / 2);
    assert!(hold.is_low());
    hold.spend(RESERVE);
    assert_eq!(hold.media_left(), 0);
    ledger.settle(&hold);
    // Acknowledgements that went beyond it are counted, too.
    assert_eq!(ledger.balance().unmetered.day, 1_000 + RESERVE / 2 + RESERVE);
}

#[test]
fn a_hold_never_has_more_media_than_its_budget() {
    let clocks = Clocks::at(START);
    let mut ledger = Ledger::new(&clocks.now());
    let budgets = Budgets { day: Some(RESERVE + 5), month: Some(RESERVE + 1) };
    let first = ledger.hold(Tariff::Metered, budgets);
    assert_eq!(first.media_left(), RESERVE);
    // Another program of the same person: what the first has set aside is not there for it.
    let second = ledger.hold(Tariff::Metered, budgets);
    assert_eq!(second.media_left(), 0);
    assert!(!second.is_low(), "there is no more to be had");
    ledger.settle(&first);
    ledger.settle(&second);
    assert_eq!(ledger.total(), 0);
    assert_eq!(ledger.hold(Tariff::Metered, budgets).media_left(), RESERVE);
}

#[test]
fn after_damage_budgets_of_the_day_and_the_month_count_as_used() {
    let mut clocks = Clocks::at(START + 20 * HOUR);
    let mut ledger = Ledger::after_damage(&clocks.now());
    let left = |ledger: &Ledger| {
        let left = ledger
            .balance()
            .left(Tariff::Metered, Budgets { day: Some(1_000), month: Some(9_000) });
        (left.day, left.month)
    };
    assert_eq!(left(&ledger), (Some(0), Some(0)));
    assert!(ledger.advance(&clocks.pass(4 * HOUR)));
    assert_eq!(left(&ledger), (Some(1_000), Some(0)));
    clocks.utc_s += 31 * DAY;
    assert!(ledger.advance(&clocks.reboot()));
    assert_eq!(left(&ledger), (Some(1_000), Some(9_000)));
}

/// Something that happens to a device and its ledger.
#[derive(Debug, Clone)]
enum Happening {
    Passes(i64),
    WallJumps(i64),
    ZoneIs(i32),
    Boots,
    Hold(Tariff),
    Spend(u64),
    Settle,
    /// The program dies; what it had set aside stays so.
    Crash,
}

fn happening() -> impl Strategy<Value = Happening> {
    let tariff = prop_oneof![Just(Tariff::Metered), Just(Tariff::Unmetered)];
    prop_oneof![
        4 => (0..30 * HOUR).prop_map(Happening::Passes),
        1 => (-50 * DAY..50 * DAY).prop_map(Happening::WallJumps),
        1 => (-12..=14_i32).prop_map(|h| Happening::ZoneIs(h * HOUR as i32)),
        1 => Just(Happening::Boots),
        4 => tariff.prop_map(Happening::Hold),
        4 => (0..RESERVE + ACK_ROOM).prop_map(Happening::Spend),
        3 => Just(Happening::Settle),
        1 => Just(Happening::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Days are few enough here that none is forgotten.
    #[test]
    fn no_byte_is_lost_and_none_counted_twice(
        happenings in prop::collection::vec(happening(), 0..60)
    ) {
        let mut clocks = Clocks::at(START + 7 * HOUR);
        let mut ledger = Ledger::new(&clocks.now());
        let mut hold = None;
        let (mut spent, mut crashes) = (0, 0);
        for happening in happenings {
            match happening {
                Happening::Passes(seconds) => { clocks.pass(seconds); }
                Happening::WallJumps(seconds) => clocks.utc_s += seconds,
                Happening::ZoneIs(offset) => clocks.offset_s = offset,
                Happening::Boots => { clocks.reboot(); }
                Happening::Hold(tariff) => {
                    if let Some(hold) = hold.take() { ledger.settle(&hold); }
                    hold = Some(ledger.hold(tariff, NO_BUDGET));
                }
                Happening::Spend(bytes) => if let Some(hold) = &mut hold {
                    let bytes = bytes.min(hold.media_left());
                    hold.spend(bytes);
                    spent += bytes;
                },
                Happening::Settle => if let Some(hold) = hold.take() { ledger.settle(&hold) },
                Happening::Crash => if hold.take().is_some() { crashes += 1 },
            }
            ledger.advance(&clocks.now());
            ledger = Ledger::decode(&ledger.encode()).unwrap();
            let total = ledger.total();
            let open = crashes + u64::from(hold.is_some());
            prop_assert!(spent <= total, "{spent} spent, {total} counted");
            prop_assert!(total <= spent + open * MOST_OVERCOUNTED, "{total}, {spent} spent, {open} open");
        }
    }

    /// While it runs, whatever wall clock and zone do.
    #[test]
    fn a_budget_is_never_there_twice_in_a_day(
        happenings in prop::collection::vec(happening(), 0..80)
    ) {
        let budgets = Budgets { day: Some(1_000_000), month: None };
        let mut clocks = Clocks::at(START + 7 * HOUR);
        let mut ledger = Ledger::new(&clocks.now());
        let (mut spent, mut real_s) = (0_u64, 7 * HOUR.unsigned_abs());
        for happening in happenings {
            match happening {
                Happening::Passes(seconds) => {
                    clocks.pass(seconds);
                    real_s += seconds.unsigned_abs();
                }
                Happening::WallJumps(seconds) => clocks.utc_s += seconds,
                Happening::ZoneIs(offset) => clocks.offset_s = offset,
                Happening::Hold(_) => {
                    let mut hold = ledger.hold(Tariff::Metered, budgets);
                    spent += hold.media_left();
                    hold.spend(hold.media_left());
                    ledger.settle(&hold);
                }
                _ => {}
            }
            ledger.advance(&clocks.now());
            let days = 1 + real_s / SHORTEST_DAY_S;
            prop_assert!(spent <= days * 1_000_000, "{spent} in {real_s} s");
        }
    }
}
