//! The task with real clocks, real files and, where it dies, a real process.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use manyhands_policy::{Budgets, Heat, Ledger, Lending, MOST_OVERCOUNTED, Reason, Transport};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::interval;

use super::*;

/// Nothing here takes longer on any machine that works.
const TEST_PATIENCE: Duration = Duration::from_secs(60);
/// In this time a worsening acts (DESIGN, "Contribution policy").
const AT_ONCE: Duration = Duration::from_millis(200);
const RATE: u64 = 8_000_000;

fn contribution(ledger: Option<&Path>) -> Contribution {
    Contribution { ledger: ledger.map(Path::to_owned), ..Contribution::unrestricted(Some(RATE)) }
}

fn with_budget(day: u64, ledger: &Path) -> Contribution {
    let mut contribution = contribution(Some(ledger));
    contribution.limits.unmetered.budgets.day = Some(day);
    contribution
}

fn mobile() -> Conditions {
    let mut conditions = Conditions::unrestricted();
    (conditions.network.transport, conditions.network.metered) = (Transport::Mobile, None);
    conditions
}

/// Waits for something that the task does by itself; says how long it took.
async fn until(mut what: impl FnMut() -> bool) -> Duration {
    let (began, mut beat) = (Instant::now(), interval(Duration::from_millis(1)));
    while !what() {
        assert!(began.elapsed() < TEST_PATIENCE, "it never came");
        beat.tick().await;
    }
    began.elapsed()
}

/// Gives like a socket does: nothing that would pass the mark. Says whether it did.
fn give(meter: &Meter, bytes: usize) -> bool {
    let may = !meter.would_pass(bytes);
    if may {
        meter.count(bytes);
    }
    may
}

async fn give_all(meter: &Meter, bytes: usize) {
    let mut left = bytes;
    until(|| {
        while left > 0 && give(meter, left.min(10_000)) {
            left -= left.min(10_000);
        }
        left == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worsening_acts_at_once_although_the_disk_hangs_and_an_improvement_waits() {
    let dir = tempfile::tempdir().unwrap();
    let (meter, path) = (Meter::new(), dir.path().join("ledger"));
    let mut giver = Contributor::start(contribution(Some(&path)), meter.clone());
    assert_eq!(timeout(AT_ONCE, giver.changed()).await, Ok(Some(RATE)), "told at first");
    until(|| !meter.would_pass(1)).await;
    // Another program holds the ledger and does not let go.
    let lock = std::fs::File::open(dir.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    let began = Instant::now();
    giver.changes().send(Change::Conditions(mobile(), 0)).await.unwrap();
    assert_eq!(timeout(AT_ONCE, giver.changed()).await, Ok(Some(0)));
    assert!(meter.would_pass(1) && began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!(giver.giving().allowance.reason, Reason::Mobile);
    for conditions in [Conditions::unrestricted(), mobile(), Conditions::unrestricted()] {
        giver.changes().send(Change::Conditions(conditions, 0)).await.unwrap();
    }
    assert!(timeout(Duration::from_secs(9), giver.changed()).await.is_err());
    lock.unlock().unwrap();
    assert_eq!(timeout(TEST_PATIENCE, giver.changed()).await, Ok(Some(RATE)));
    until(|| !meter.would_pass(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_used_to_its_end_and_never_passed() {
    let dir = tempfile::tempdir().unwrap();
    let (meter, path, budget) = (Meter::new(), dir.path().join("ledger"), 20_000_000);
    let giver = Contributor::start(with_budget(budget, &path), meter.clone());
    until(|| {
        while give(&meter, 1_500) {}
        giver.giving().allowance.reason == Reason::DailyLimit
    })
    .await;
    assert!(meter.sent() <= budget && meter.sent() > budget - 100_000, "{}", meter.sent());
    // Acknowledgements go on, and are counted.
    meter.count(500_000);
    giver.close().await;
    let ledger = Ledger::decode(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(ledger.total(), meter.sent());
    // The next program finds nothing left.
    let meter = Meter::new();
    let giver = Contributor::start(with_budget(budget, &path), meter.clone());
    until(|| giver.giving().allowance.reason == Reason::DailyLimit).await;
    assert!(!give(&meter, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_on_another_network_is_counted_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (meter, path) = (Meter::new(), dir.path().join("ledger"));
    let mut config = contribution(Some(&path));
    config.limits.metered = Lending { on: true, budgets: Budgets::default() };
    let giver = Contributor::start(config, meter.clone());
    give_all(&meter, 6_000_000).await;
    giver.changes().send(Change::Conditions(mobile(), 0)).await.unwrap();
    // Nothing leaves between the one's hold and the other's.
    until(|| giver.giving().balance.unmetered.day == 6_000_000 && !meter.would_pass(1)).await;
    give_all(&meter, 1_000_000).await;
    until(|| giver.giving().balance.metered.day == 1_000_000).await;
    let upload = giver.giving().upload(2);
    assert_eq!((upload.used_today, upload.metered_today), (Some(7_000_000), Some(1_000_000)));
    assert_eq!((upload.reason, upload.limit_bps), ("lending", Some(RATE)));
    giver.close().await;
    assert!(!give(&meter, 1), "nothing leaves when it is settled");
    assert_eq!(Ledger::decode(&std::fs::read(&path).unwrap()).unwrap().total(), 7_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_hangs_nothing_is_charged_to_the_wrong_network() {
    let dir = tempfile::tempdir().unwrap();
    let (meter, path) = (Meter::new(), dir.path().join("ledger"));
    let mut config = contribution(Some(&path));
    config.limits.metered = Lending { on: true, budgets: Budgets::default() };
    let giver = Contributor::start(config, meter.clone());
    give_all(&meter, 1_000_000).await;
    let lock = std::fs::File::open(dir.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    giver.changes().send(Change::Conditions(mobile(), 0)).await.unwrap();
    assert!(until(|| meter.would_pass(1)).await < AT_ONCE);
    assert_eq!(giver.giving().allowance.reason, Reason::Lending, "it only waits for the ledger");
    // Acknowledgements don't wait, and are seen before the disk answers.
    meter.count(30_000);
    until(|| giver.giving().upload(0).used_today == Some(1_030_000)).await;
    lock.unlock().unwrap();
    until(|| !meter.would_pass(1)).await;
    let balance = giver.giving().balance;
    assert_eq!((balance.unmetered.day, balance.metered.day), (1_000_000, 30_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_ledger_budgets_hold_and_what_has_none_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // No such directory: nothing can be written there.
    let nowhere = dir.path().join("gone").join("ledger");
    let meter = Meter::new();
    let giver = Contributor::start(contribution(Some(&nowhere)), meter.clone());
    give_all(&meter, 20_000_000).await;
    assert_eq!(giver.giving().upload(1).used_today, None);
    let meter = Meter::new();
    let giver = Contributor::start(with_budget(1 << 30, &nowhere), meter.clone());
    until(|| giver.giving().allowance.reason == Reason::DailyLimit).await;
    assert!(!give(&meter, 1) && giver.giving().allowance.bps == Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_limit_of_the_person_acts_at_once_both_ways() {
    let meter = Meter::new();
    let mut giver = Contributor::start(contribution(None), meter);
    assert_eq!(giver.changed().await, Some(RATE));
    for rate in [Some(0), None, Some(5)] {
        giver.changes().send(Change::Rate(rate)).await.unwrap();
        assert_eq!(timeout(AT_ONCE, giver.changed()).await, Ok(rate));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heat_closes_the_line_itself_before_the_node_is_told() {
    let meter = Meter::new();
    let giver = Contributor::start(contribution(None), meter.clone());
    until(|| !meter.would_pass(1)).await;
    let hot = Conditions { heat: Heat::Severe, ..Conditions::unrestricted() };
    giver.changes().send(Change::Conditions(hot, 0)).await.unwrap();
    assert!(until(|| meter.would_pass(1)).await < AT_ONCE);
}

/// The test that begins another process, as which it then runs itself.
const KILLED: &str = "contribution::tests::a_program_that_is_killed_has_counted_every_byte";
/// What the other process gives at once, at most.
const GULP: usize = 60_000;
const LEDGER: &str = "MANYHANDS_TEST_LEDGER";
const LINE: &str = "MANYHANDS_TEST_LINE";
const BUDGET: &str = "MANYHANDS_TEST_BUDGET";

/// `MANYHANDS_LEDGER_KILLS` sets how often (the soak's is 1,000).
#[test]
fn a_program_that_is_killed_has_counted_every_byte() {
    if let (Ok(ledger), Ok(line)) = (std::env::var(LEDGER), std::env::var(LINE)) {
        return as_the_other_process(Path::new(&ledger), &line);
    }
    let kills = std::env::var("MANYHANDS_LEDGER_KILLS").map_or(40, |n| n.parse().unwrap());
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let mut given = 0;
    for kill in 1..=kills {
        // Anywhere: before the first byte, around the first turns, or long after them.
        let after = [0, 1, 2_200_000, 9_000_000][dice.random_range(0..4)];
        let after = dice.random_range(0..=after);
        given += killed_after(after, &path, u64::MAX);
        let counted = match std::fs::read(&path) {
            Ok(record) => Ledger::decode(&record).unwrap().total(),
            Err(_) => 0,
        };
        let most = given + kill * (MOST_OVERCOUNTED + GULP as u64);
        assert!((given..=most).contains(&counted), "kill {kill}: {counted} of {given}");
    }
    assert!(given > kills * 100_000, "only {given} bytes were given");
}

#[test]
fn however_often_it_is_killed_a_program_never_passes_its_budget() {
    let (dir, budget) = (tempfile::tempdir().unwrap(), 60_000_000);
    let path = dir.path().join("ledger");
    let (mut given, mut runs) = (0, 0);
    loop {
        let once = killed_after(3_000_000, &path, budget);
        (given, runs) = (given + once, runs + 1);
        assert!(given <= budget, "{given} after {runs} runs");
        if once == 0 {
            break;
        }
    }
    assert!(given > budget / 4 && runs > 5, "{given} in {runs} runs");
}

/// Begins another process and kills it when it has given `after` bytes. Says what it gave.
fn killed_after(after: u64, ledger: &Path, budget: u64) -> u64 {
    let line = ledger.with_extension("line");
    let _ = std::fs::remove_file(&line);
    let listener = UnixListener::bind(&line).unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", KILLED])
        .env(LEDGER, ledger)
        .env(LINE, &line)
        .env(BUDGET, budget.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut wire, _) = listener.accept().unwrap();
    let (mut given, mut gulp) = (0, vec![0; GULP]);
    while given < after {
        match wire.read(&mut gulp).unwrap() {
            0 => break,
            len => given += len as u64,
        }
    }
    // SIGKILL: nothing of it runs any more.
    process.kill().unwrap();
    process.wait().unwrap();
    // What it gave before that is on the line still.
    given + std::io::copy(&mut wire, &mut std::io::sink()).unwrap()
}

/// Gives as fast as it may, until its budget is used.
fn as_the_other_process(ledger: &Path, line: &str) {
    let budget = std::env::var(BUDGET).ok().and_then(|b| b.parse().ok()).filter(|b| *b < u64::MAX);
    let mut wire = UnixStream::connect(line).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let meter = Meter::new();
    let mut config = contribution(Some(ledger));
    config.limits.unmetered.budgets.day = budget;
    let giver = runtime.block_on(async { Contributor::start(config, meter.clone()) });
    let (data, mut dice) = (vec![0; GULP], StdRng::seed_from_u64(1));
    while giver.giving().allowance.bps != Some(0) {
        let len = dice.random_range(1..GULP);
        if give(&meter, len) && wire.write_all(&data[..len]).is_err() {
            return;
        }
    }
    runtime.block_on(giver.close());
}
