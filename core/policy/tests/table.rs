//! Every row of the contribution table (DESIGN), and its edges.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use manyhands_policy::{
    Activity, Allowance, Balance, Budgets, Conditions, Day, HALF_OF_NO_LIMIT_BPS, Heat, Lending,
    Limits, METERED_DAY_BYTES, Policy, Reason, Tariff, Transport, Used, WAIT,
};

const LIMIT: u64 = 4_000_000;
const NOTHING_USED: Balance = Balance {
    today: Day(20_000),
    unmetered: Used { day: 0, month: 0 },
    metered: Used { day: 0, month: 0 },
    day_known: true,
    month_known: true,
};

fn limits() -> Limits {
    Limits::agreed(Some(LIMIT))
}

/// The person has opted in for metered networks, too.
fn opted_in() -> Limits {
    let lending = Lending { on: true, budgets: Budgets::default() };
    Limits { metered: lending, ..limits() }
}

fn with(change: impl FnOnce(&mut Conditions)) -> Conditions {
    let mut conditions = Conditions::unrestricted();
    change(&mut conditions);
    conditions
}

fn battery(percent: Option<u8>) -> Conditions {
    with(|c| (c.power.charging, c.power.battery_percent) = (false, percent))
}

fn mobile() -> Conditions {
    with(|c| (c.network.transport, c.network.metered) = (Transport::Mobile, None))
}

fn given(conditions: &Conditions, limits: Limits) -> Allowance {
    Policy::new(conditions, limits, NOTHING_USED).allowance(Duration::ZERO)
}

#[track_caller]
fn gives(conditions: &Conditions, limits: Limits, bps: Option<u64>, reason: Reason) {
    assert_eq!(given(conditions, limits), Allowance { bps, reason });
}

#[test]
fn before_the_first_ok_nothing_is_given() {
    for conditions in [Conditions::unrestricted(), mobile(), battery(Some(50))] {
        for limits in [limits(), opted_in()] {
            gives(&conditions, Limits { agreed: false, ..limits }, Some(0), Reason::NotYet);
        }
    }
    gives(&Conditions::unrestricted(), Limits::preset(), Some(0), Reason::NotYet);
}

#[test]
fn unmetered_and_charging_gives_up_to_the_persons_limit() {
    gives(&Conditions::unrestricted(), limits(), Some(LIMIT), Reason::Lending);
    gives(&Conditions::unrestricted(), Limits::agreed(None), None, Reason::Lending);
    let full = with(|c| c.power.battery_percent = Some(3));
    gives(&full, limits(), Some(LIMIT), Reason::Lending);
    let saver = with(|c| c.power.saver = true);
    gives(&saver, limits(), Some(LIMIT), Reason::Lending);
}

#[test]
fn unmetered_on_battery_gives_half() {
    for percent in [Some(100), Some(20), None] {
        gives(&battery(percent), limits(), Some(LIMIT / 2), Reason::HalfBattery);
    }
    let no_limit = Limits::agreed(None);
    gives(&battery(None), no_limit, Some(HALF_OF_NO_LIMIT_BPS), Reason::HalfBattery);
}

#[test]
fn a_battery_under_20_percent_or_its_saver_gives_nothing() {
    for percent in [19, 1, 0] {
        gives(&battery(Some(percent)), limits(), Some(0), Reason::BatteryLow);
    }
    let mut saver = battery(Some(90));
    saver.power.saver = true;
    gives(&saver, limits(), Some(0), Reason::BatterySaver);
}

#[test]
fn metered_gives_nothing_unless_opted_in() {
    gives(&mobile(), limits(), Some(0), Reason::Mobile);
    gives(&mobile(), opted_in(), Some(LIMIT), Reason::Lending);
    let hotspot =
        with(|c| (c.network.transport, c.network.metered) = (Transport::Wifi, Some(true)));
    gives(&hotspot, limits(), Some(0), Reason::Mobile);
    gives(&hotspot, opted_in(), Some(LIMIT), Reason::Lending);
}

#[test]
fn metered_on_battery_gives_half_and_under_20_percent_nothing() {
    let mut conditions = mobile();
    (conditions.power.charging, conditions.power.battery_percent) = (false, Some(20));
    gives(&conditions, opted_in(), Some(LIMIT / 2), Reason::HalfBattery);
    conditions.power.battery_percent = Some(19);
    gives(&conditions, opted_in(), Some(0), Reason::BatteryLow);
}

#[test]
fn metered_stays_inside_its_daily_budget_even_if_none_is_named() {
    let used = |day| Balance { metered: Used { day, month: day }, ..NOTHING_USED };
    let at = |day| Policy::new(&mobile(), opted_in(), used(day)).allowance(Duration::ZERO);
    assert_eq!(at(METERED_DAY_BYTES - 100_000).reason, Reason::Lending);
    for day in [METERED_DAY_BYTES - 1, METERED_DAY_BYTES, u64::MAX] {
        assert_eq!(at(day), Allowance { bps: Some(0), reason: Reason::DailyLimit });
    }
    // What was used where it costs nothing does not count.
    let other = Balance { unmetered: Used { day: u64::MAX, month: u64::MAX }, ..NOTHING_USED };
    let allowance = Policy::new(&mobile(), opted_in(), other).allowance(Duration::ZERO);
    assert_eq!(allowance.reason, Reason::Lending);
}

#[test]
fn roaming_and_data_saver_give_nothing_whatever_the_person_allows() {
    for base in [mobile(), Conditions::unrestricted()] {
        let (mut roaming, mut saver) = (base, base);
        roaming.network.roaming = true;
        saver.network.data_saver = true;
        gives(&roaming, opted_in(), Some(0), Reason::Roaming);
        gives(&saver, opted_in(), Some(0), Reason::DataSaver);
    }
}

#[test]
fn heat_gives_half_then_nothing() {
    let hot = |heat| with(|c| c.heat = heat);
    gives(&hot(Heat::Normal), limits(), Some(LIMIT), Reason::Lending);
    gives(&hot(Heat::Moderate), limits(), Some(LIMIT / 2), Reason::HalfWarm);
    gives(&hot(Heat::Severe), limits(), Some(0), Reason::Hot);
    gives(&hot(Heat::Critical), limits(), Some(0), Reason::Hot);
}

#[test]
fn warm_and_on_battery_is_half_once_as_the_word_says() {
    let mut conditions = battery(Some(80));
    conditions.heat = Heat::Moderate;
    gives(&conditions, limits(), Some(LIMIT / 2), Reason::HalfWarm);
}

#[test]
fn a_call_or_an_own_broadcast_gives_nothing() {
    gives(&with(|c| c.in_call = true), opted_in(), Some(0), Reason::Call);
    gives(&with(|c| c.live = true), opted_in(), Some(0), Reason::Live);
}

#[test]
fn lending_runs_only_while_something_is_played() {
    gives(&with(|c| c.activity = Activity::Idle), opted_in(), Some(0), Reason::Idle);
    let background = with(|c| c.activity = Activity::Background);
    gives(&background, limits(), Some(LIMIT), Reason::Lending);
}

#[test]
fn the_switches_and_a_limit_of_nothing_are_off() {
    let off = Lending::default();
    gives(
        &Conditions::unrestricted(),
        Limits { unmetered: off, ..opted_in() },
        Some(0),
        Reason::Off,
    );
    let all_off = Limits { unmetered: off, ..limits() };
    gives(&mobile(), all_off, Some(0), Reason::Off);
    for conditions in [Conditions::unrestricted(), mobile()] {
        let zero = Limits { rate_bps: Some(0), ..opted_in() };
        gives(&conditions, zero, Some(0), Reason::Off);
    }
}

#[test]
fn a_limit_of_one_bit_has_no_half() {
    let one = Limits { rate_bps: Some(1), ..limits() };
    gives(&battery(None), one, Some(0), Reason::HalfBattery);
}

#[test]
fn the_strongest_of_many_reasons_is_told() {
    let mut all = mobile();
    all.network.roaming = true;
    all.network.data_saver = true;
    (all.power.charging, all.power.saver) = (false, true);
    (all.heat, all.in_call, all.live) = (Heat::Severe, true, true);
    let told = |c: &Conditions| given(c, limits()).reason;
    assert_eq!(told(&all), Reason::Live);
    all.live = false;
    assert_eq!(told(&all), Reason::Call);
    all.in_call = false;
    assert_eq!(told(&all), Reason::Roaming);
    all.network.roaming = false;
    assert_eq!(told(&all), Reason::DataSaver);
    all.network.data_saver = false;
    assert_eq!(told(&all), Reason::Mobile);
    all.network.metered = Some(false);
    assert_eq!(told(&all), Reason::Hot);
    all.heat = Heat::Normal;
    assert_eq!(told(&all), Reason::BatterySaver);
}

#[test]
fn a_worsening_acts_at_once_and_an_improvement_waits_ten_seconds() {
    let (good, bad) = (Conditions::unrestricted(), mobile());
    let mut policy = Policy::new(&good, limits(), NOTHING_USED);
    let ms = Duration::from_millis;
    policy.handle_conditions(ms(5_000), &bad);
    assert_eq!(policy.allowance(ms(5_000)), Allowance { bps: Some(0), reason: Reason::Mobile });
    policy.handle_conditions(ms(6_000), &good);
    assert_eq!(policy.next_change(ms(6_000)), Some(ms(16_000)));
    for at in [6_000, 10_000, 15_999] {
        assert_eq!(policy.allowance(ms(at)).reason, Reason::Mobile, "at {at}");
    }
    assert_eq!(
        policy.allowance(ms(16_000)),
        Allowance { bps: Some(LIMIT), reason: Reason::Lending }
    );
    assert_eq!(policy.next_change(ms(16_000)), None);
}

#[test]
fn a_half_improvement_is_given_while_the_whole_one_waits() {
    let mut policy = Policy::new(&with(|c| c.heat = Heat::Severe), limits(), NOTHING_USED);
    let s = Duration::from_secs;
    policy.handle_conditions(s(10), &with(|c| c.heat = Heat::Moderate));
    assert_eq!(policy.allowance(s(19)).reason, Reason::Hot);
    policy.handle_conditions(s(19), &Conditions::unrestricted());
    assert_eq!(policy.allowance(s(20)).reason, Reason::HalfWarm);
    assert_eq!(policy.allowance(s(28)).reason, Reason::HalfWarm);
    assert_eq!(policy.allowance(s(29)).reason, Reason::Lending);
}

#[test]
fn conditions_that_wobble_give_nothing_until_they_rest() {
    let mut policy = Policy::new(&battery(Some(20)), limits(), NOTHING_USED);
    let mut now = Duration::ZERO;
    for step in 0..100 {
        policy.handle_conditions(now, &battery(Some(if step % 2 == 0 { 19 } else { 20 })));
        assert_eq!(policy.allowance(now).reason, Reason::BatteryLow, "step {step}");
        now += Duration::from_secs(3);
    }
    assert_eq!(policy.allowance(now + WAIT).reason, Reason::HalfBattery);
}

#[test]
fn what_the_person_does_acts_at_once_both_ways() {
    let good = Conditions::unrestricted();
    let mut policy = Policy::new(&good, Limits::preset(), NOTHING_USED);
    let now = Duration::from_secs(1);
    assert_eq!(policy.allowance(now).reason, Reason::NotYet);
    policy.handle_limits(limits());
    assert_eq!(policy.allowance(now).reason, Reason::Lending);
    policy.handle_conditions(now, &with(|c| c.activity = Activity::Idle));
    assert_eq!(policy.allowance(now).reason, Reason::Idle);
    policy.handle_conditions(now, &good);
    assert_eq!(policy.allowance(now).reason, Reason::Lending);
    policy.handle_limits(Limits { unmetered: Lending::default(), ..limits() });
    assert_eq!(policy.allowance(now).reason, Reason::Off);
}

#[test]
fn the_months_budget_is_told_apart_from_the_days() {
    let budgets = Budgets { day: Some(10_000_000), month: Some(50_000_000) };
    let limits = Limits { unmetered: Lending { on: true, budgets }, ..limits() };
    let used = |day, month| Balance { unmetered: Used { day, month }, ..NOTHING_USED };
    let mut policy = Policy::new(&Conditions::unrestricted(), limits, used(0, 0));
    let reason = |policy: &Policy| policy.allowance(Duration::ZERO).reason;
    assert_eq!(reason(&policy), Reason::Lending);
    policy.handle_balance(used(10_000_000, 49_000_000));
    assert_eq!(reason(&policy), Reason::DailyLimit);
    policy.handle_balance(Balance { today: Day(20_001), ..used(0, 49_000_000) });
    assert_eq!(reason(&policy), Reason::Lending);
    policy.handle_balance(Balance { today: Day(20_001), ..used(1_000_000, 50_000_000) });
    assert_eq!(reason(&policy), Reason::MonthlyLimit);
    // The next day is in the same month.
    policy.handle_balance(Balance { today: Day(20_002), ..used(0, 50_000_000) });
    assert_eq!(reason(&policy), Reason::MonthlyLimit);
    policy.handle_balance(Balance { today: Day(20_031), ..used(0, 0) });
    assert_eq!(reason(&policy), Reason::Lending);
}

#[test]
fn a_budget_that_was_used_does_not_flicker_and_a_larger_one_acts_at_once() {
    let limits = |day| Limits {
        unmetered: Lending { on: true, budgets: Budgets { day: Some(day), month: None } },
        ..limits()
    };
    let used = |day| Balance { unmetered: Used { day, month: day }, ..NOTHING_USED };
    let mut policy = Policy::new(&Conditions::unrestricted(), limits(9_000_000), used(9_000_000));
    let reason = |policy: &Policy| policy.allowance(Duration::ZERO).reason;
    policy.handle_balance(used(8_900_000));
    assert_eq!(reason(&policy), Reason::DailyLimit);
    policy.handle_balance(used(7_000_000));
    assert_eq!(reason(&policy), Reason::Lending);
    policy.handle_balance(used(9_000_000));
    assert_eq!(reason(&policy), Reason::DailyLimit);
    policy.handle_limits(limits(9_100_000));
    assert_eq!(reason(&policy), Reason::Lending);
}

#[test]
fn where_it_is_not_known_what_was_used_budgets_count_as_used() {
    let unknown = Balance { day_known: false, month_known: false, ..NOTHING_USED };
    let reason = |conditions: &Conditions, limits| {
        Policy::new(conditions, limits, unknown).allowance(Duration::ZERO).reason
    };
    assert_eq!(reason(&mobile(), opted_in()), Reason::DailyLimit);
    // Once it is known, even the smallest budget is there.
    let small = Budgets { day: Some(300_000), month: Some(300_000) };
    let limits_small = Limits { metered: Lending { on: true, budgets: small }, ..opted_in() };
    let mut policy = Policy::new(&mobile(), limits_small, unknown);
    assert_eq!(policy.allowance(Duration::ZERO).reason, Reason::DailyLimit);
    policy.handle_balance(NOTHING_USED);
    assert_eq!(policy.allowance(Duration::ZERO).reason, Reason::Lending);
    // Without a budget there is no limit that could be passed.
    assert_eq!(reason(&Conditions::unrestricted(), limits()), Reason::Lending);
}

#[test]
fn the_tariff_is_that_of_the_present_network() {
    let mut policy = Policy::new(&Conditions::unrestricted(), limits(), NOTHING_USED);
    assert_eq!(policy.tariff(), Tariff::Unmetered);
    policy.handle_conditions(Duration::ZERO, &mobile());
    assert_eq!(policy.tariff(), Tariff::Metered);
}
