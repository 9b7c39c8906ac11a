//! Random lives of a device, held against the table as a plain function: the policy gives the least
//! of what that function gives for everything that held in the last ten seconds, no more, no less.
//!
//! 20,000 lives by default; `MANYHANDS_POLICY_LIVES` sets another number (the soak's is 1,000,000).

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use manyhands_policy::{
    Activity, Allowance, Balance, Budgets, Conditions, Day, HALF_OF_NO_LIMIT_BPS, Heat, Lending,
    Limits, Policy, Reason, Tariff, Transport, Used, WAIT,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const STEPS: usize = 16;

/// What may be given at most and at least; they differ only at the very end of a budget.
struct Bounds {
    most: u64,
    least: u64,
}

/// The table once more, as plainly as it can be said. No limit is `u64::MAX`.
fn table(c: &Conditions, limits: &Limits, balance: &Balance) -> Bounds {
    let tariff = c.network.tariff();
    let lending = if tariff == Tariff::Metered { limits.metered } else { limits.unmetered };
    let on_battery = !c.power.charging;
    let low = c.power.battery_percent.is_some_and(|p| p < 20);
    let never = !limits.agreed
        || !lending.on
        || c.network.roaming
        || c.network.data_saver
        || c.in_call
        || c.live
        || c.activity == Activity::Idle
        || c.heat >= Heat::Severe
        || (on_battery && (low || c.power.saver));
    let rate = limits.rate_bps.unwrap_or(u64::MAX);
    let half = limits.rate_bps.map_or(HALF_OF_NO_LIMIT_BPS, |bps| bps / 2);
    let by_state = match () {
        () if never => 0,
        () if on_battery || c.heat == Heat::Moderate => half,
        () => rate,
    };
    let left = balance.left(tariff, limits.budgets(tariff)).least().unwrap_or(u64::MAX);
    Bounds {
        most: if left == 0 { 0 } else { by_state },
        least: if left < 1 << 20 { 0 } else { by_state },
    }
}

/// Conditions that differ from others in one thing, and more often for the better: in a life where
/// everything is random nothing is ever given.
fn changed(mut c: Conditions, dice: &mut impl Rng) -> Conditions {
    let bad = dice.random_ratio(1, 3);
    match dice.random_range(0..10) {
        0 => {
            let kinds = [Transport::Wifi, Transport::Ethernet, Transport::Mobile, Transport::Other];
            c.network.transport = kinds[dice.random_range(0..4)];
        }
        1 => c.network.metered = [None, Some(false), Some(true)][dice.random_range(0..3)],
        2 => c.network.roaming = bad,
        3 => c.network.data_saver = bad,
        4 => c.power.charging = !bad,
        5 => {
            let levels = [None, Some(dice.random_range(0..=100)), Some(20), Some(19)];
            c.power.battery_percent = levels[dice.random_range(0..4)];
        }
        6 => c.power.saver = bad,
        7 => {
            c.heat =
                [Heat::Normal, Heat::Normal, Heat::Moderate, Heat::Severe][dice.random_range(0..4)];
        }
        8 => {
            (c.in_call, c.live) =
                [(false, false), (bad, false), (false, bad)][dice.random_range(0..3)]
        }
        _ => {
            let background = [Activity::Foreground, Activity::Background][dice.random_range(0..2)];
            c.activity = if bad { Activity::Idle } else { background };
        }
    }
    c
}

fn any_lending(dice: &mut impl Rng) -> Lending {
    let mut budget = || match dice.random_range(0..8) {
        0 => Some(0),
        1 => Some(5_000_000),
        2 => Some(200_000_000),
        _ => None,
    };
    let budgets = Budgets { day: budget(), month: budget() };
    Lending { on: dice.random_ratio(5, 6), budgets }
}

fn any_limits(dice: &mut impl Rng) -> Limits {
    Limits {
        agreed: dice.random_ratio(9, 10),
        unmetered: any_lending(dice),
        metered: any_lending(dice),
        rate_bps: [None, Some(750_000), Some(5_000_000), Some(1), Some(0)]
            [dice.random_range(0..10_usize).saturating_sub(5)],
    }
}

fn any_balance(dice: &mut impl Rng, today: Day) -> Balance {
    let mut used = || {
        let day = [0, 4_999_999, 5_000_000, 100_000_000][dice.random_range(0..4)];
        Used { day, month: day + dice.random_range(0..10_000_000) }
    };
    Balance {
        today,
        unmetered: used(),
        metered: used(),
        day_known: dice.random_ratio(19, 20),
        month_known: dice.random_ratio(19, 20),
    }
}

/// One life, and everything that held in it.
struct Life {
    policy: Policy,
    now: Duration,
    limits: Limits,
    balance: Balance,
    /// What held, and until when; the last one holds still.
    history: Vec<(Conditions, Option<Duration>)>,
    /// The last time that less was given because the device's conditions were worse.
    fell: Option<Duration>,
    given: Allowance,
}

impl Life {
    fn begin(dice: &mut impl Rng) -> Self {
        let (conditions, limits) = (changed(Conditions::unrestricted(), dice), any_limits(dice));
        let balance = any_balance(dice, Day(20_000));
        let policy = Policy::new(&conditions, limits, balance);
        let now = Duration::from_millis(dice.random_range(0..100_000));
        let given = policy.allowance(now);
        let history = vec![(conditions, None)];
        Self { policy, now, limits, balance, history, fell: None, given }
    }

    fn step(&mut self, dice: &mut impl Rng) {
        let longest = [1, 300, 4_000, 12_000, 30_000][dice.random_range(0..5)];
        self.pass(Duration::from_millis(dice.random_range(0..=longest)));
        match dice.random_range(0..10) {
            0 => {
                self.limits = any_limits(dice);
                self.policy.handle_limits(self.limits);
                self.look(true);
            }
            1 => {
                let today = Day(self.balance.today.0 + dice.random_range(0..2) * 20);
                self.balance = any_balance(dice, today);
                self.policy.handle_balance(self.balance);
                self.look(true);
            }
            _ => {
                let conditions = match self.history.as_slice() {
                    // Often back to what was: that is how things wobble.
                    [.., (before, _), _] if dice.random_ratio(1, 3) => *before,
                    [.., (last, _)] => changed(*last, dice),
                    [] => Conditions::unrestricted(),
                };
                let idle = |c: &Conditions| c.activity == Activity::Idle;
                let last = self.history.last_mut().unwrap();
                let person = idle(&last.0) != idle(&conditions);
                last.1 = Some(self.now);
                self.history.push((conditions, None));
                self.policy.handle_conditions(self.now, &conditions);
                self.look(person);
            }
        }
    }

    /// Time passes; nothing changes before the policy said so.
    fn pass(&mut self, time: Duration) {
        let later = self.now + time;
        while let Some(at) = self.policy.next_change(self.now).filter(|at| *at <= later) {
            let just_before = at - Duration::from_nanos(1);
            if just_before > self.now {
                assert_eq!(self.policy.allowance(just_before), self.given, "before its time");
            }
            self.now = at;
            self.look(false);
        }
        self.now = later;
        self.look(false);
    }

    /// Looks at what is given. `person`: somebody changed what is allowed, or the ledger did.
    fn look(&mut self, person: bool) {
        let given = self.policy.allowance(self.now);
        let bps = given.bps.unwrap_or(u64::MAX);
        let before = self.given.bps.unwrap_or(u64::MAX);
        self.compare(given, bps);
        match bps.cmp(&before) {
            _ if person => self.fell = None,
            std::cmp::Ordering::Less => self.fell = Some(self.now),
            std::cmp::Ordering::Greater => {
                let calm = self.fell.is_none_or(|fell| self.now - fell >= WAIT);
                assert!(calm, "up again after {:?}", self.now - self.fell.unwrap());
            }
            std::cmp::Ordering::Equal => {}
        }
        self.given = given;
    }

    fn compare(&self, given: Allowance, bps: u64) {
        let idle = self.history.last().unwrap().0.activity == Activity::Idle;
        let counts = |until: &Option<Duration>| until.is_none_or(|until| until + WAIT > self.now);
        let (mut most, mut least) = (u64::MAX, u64::MAX);
        for (conditions, _) in self.history.iter().filter(|(_, until)| counts(until)) {
            // Pausing is the person's doing: it counts now, and neither before nor after.
            let activity = if idle { Activity::Idle } else { Activity::Foreground };
            let bounds =
                table(&Conditions { activity, ..*conditions }, &self.limits, &self.balance);
            (most, least) = (most.min(bounds.most), least.min(bounds.least));
            assert!(!conditions.network.roaming || bps == 0, "roaming");
        }
        assert!((least..=most).contains(&bps), "{bps} is not in {least}..={most}");
        assert!(bps <= self.limits.rate_bps.unwrap_or(u64::MAX), "above the person's limit");
        assert!(self.limits.agreed || bps == 0, "before the person's OK");
        let halved = matches!(given.reason, Reason::HalfBattery | Reason::HalfWarm);
        assert_eq!(given.reason == Reason::Lending || halved, bps > 0 || halved, "{given:?}");
    }
}

#[test]
fn random_lives_keep_to_the_table() {
    let lives = std::env::var("MANYHANDS_POLICY_LIVES").map_or(20_000, |n| n.parse().unwrap());
    let (mut lent, mut held_back) = (0_u64, 0_u64);
    for life in 0..lives {
        let mut dice = ChaCha8Rng::seed_from_u64(life);
        let lived = std::panic::catch_unwind(move || {
            let mut one = Life::begin(&mut dice);
            let (mut lent, mut held_back) = (0, 0);
            for _ in 0..STEPS {
                one.step(&mut dice);
                let nothing = one.given.bps == Some(0);
                (lent, held_back) = (lent + u64::from(!nothing), held_back + u64::from(nothing));
            }
            (lent, held_back)
        });
        let counts = lived.unwrap_or_else(|_| panic!("life {life} broke the table"));
        (lent, held_back) = (lent + counts.0, held_back + counts.1);
    }
    // Lives in which nothing is ever given would show nothing.
    assert!(lent > held_back / 8, "{lent} lending, {held_back} not");
}
