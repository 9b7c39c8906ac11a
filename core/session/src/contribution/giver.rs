//! The task behind lending a hand: the policy asked each [`BEAT`], and the ledger kept ahead of the
//! line.
//!
//! Media leaves only as far as the hold on disk goes ([`Meter::set_media_until`]); a new one is taken
//! while half of the old one is left. Invariant: where there is a budget, media that no ledger on disk
//! knows of never leaves; where there is none, a disk that fails stops nothing.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use manyhands_net::Meter;
use manyhands_policy::{Allowance, Balance, Budgets, Day, Hold, Limits, Now, Policy, Tariff};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use super::{Change, Giving};
use crate::clocks;
use crate::ledger_file::{Book, Turned};

/// How often spending is looked at: a quarter of the 200 ms in which a worsening acts.
const BEAT: Duration = Duration::from_millis(50);
/// How often the ledger is looked into although nothing asks for it: other programs spend, too, and
/// a new day may have waited.
const REVIEW: Duration = Duration::from_secs(60);
/// How soon after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// The task behind it.
pub(crate) struct Giver {
    policy: Policy,
    offset_s: i32,
    book: Arc<Book>,
    /// What the ledger said at the last turn, our hold included.
    balance: Balance,
    hold: Option<Hold>,
    /// What the hold was taken for.
    held_for: Option<(Tariff, Budgets)>,
    meter: Meter,
    /// How far the meter's count is in the hold.
    counted: u64,
    turn: Option<Turn>,
    failing: bool,
    next_turn: Duration,
    /// The calendar's day at the last turn.
    looked_on: Day,
    told: watch::Sender<Giving>,
}

/// A turn of the ledger that is under way on another thread.
struct Turn {
    task: JoinHandle<io::Result<Turned>>,
    wanted: (Tariff, Budgets),
    /// What the meter had counted when it began; what left since belongs to the new hold.
    since: u64,
}

impl Giver {
    /// Nothing is set aside yet.
    pub(crate) fn new(
        policy: Policy,
        book: Book,
        meter: Meter,
        now: &Now,
        told: watch::Sender<Giving>,
    ) -> Self {
        Self {
            policy,
            offset_s: now.offset_s,
            book: Arc::new(book),
            balance: Balance::unknown(now.day()),
            hold: None,
            held_for: None,
            counted: meter.sent(),
            meter,
            turn: None,
            failing: false,
            next_turn: now.since_boot,
            looked_on: now.day(),
            told,
        }
    }

    /// Runs until it is closed, or nobody can tell it anything any more.
    pub(crate) async fn run(mut self, mut changes: mpsc::Receiver<Change>) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.step();
            tokio::select! {
                change = changes.recv() => match change {
                    Some(Change::Close(done)) => {
                        self.close().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(change) => self.on_change(change),
                    None => return self.close().await,
                },
                turned = finished(&mut self.turn) => self.on_turned(turned),
                _ = beat.tick() => {}
            }
        }
    }

    fn on_change(&mut self, change: Change) {
        match change {
            Change::Limits(limits) => self.policy.handle_limits(limits),
            Change::Rate(rate_bps) => {
                self.policy.handle_limits(Limits { rate_bps, ..*self.policy.limits() });
            }
            Change::Conditions(conditions, offset_s) => {
                self.offset_s = offset_s;
                self.policy.handle_conditions(clocks::since_boot(), &conditions);
            }
            Change::Close(_) => {}
        }
    }

    fn step(&mut self) {
        let now = clocks::now(self.offset_s);
        self.count();
        if self.turn.is_none() && self.needs_turn(&now) {
            self.begin_turn(&now);
        }
        let balance = self.balance_now(&now);
        let answered = self.hold.is_some() || self.failing;
        self.policy.handle_balance(if answered { balance } else { Balance::unused(now.day()) });
        let allowance = self.policy.allowance(now.since_boot);
        self.meter.set_media_until(self.mark(allowance));
        let giving = Giving { allowance, balance };
        self.told.send_if_modified(|told| {
            let changed = told.allowance != giving.allowance;
            *told = giving;
            changed
        });
    }

    /// What has left since the last look goes into the hold.
    fn count(&mut self) {
        let sent = self.meter.sent();
        if let Some(hold) = &mut self.hold {
            hold.spend(sent.saturating_sub(self.counted));
            self.counted = self.counted.max(sent);
        }
    }

    /// What a hold is to be taken for now.
    fn wanted(&self) -> (Tariff, Budgets) {
        let tariff = self.policy.tariff();
        (tariff, self.policy.limits().budgets(tariff))
    }

    fn needs_turn(&self, now: &Now) -> bool {
        let due = now.since_boot >= self.next_turn;
        if self.failing {
            return due;
        }
        due || self.held_for != Some(self.wanted())
            || self.hold.as_ref().is_none_or(Hold::is_low)
            || now.day() != self.looked_on
    }

    fn begin_turn(&mut self, now: &Now) {
        let (book, old, now, wanted) = (self.book.clone(), self.hold.clone(), *now, self.wanted());
        self.looked_on = now.day();
        self.next_turn = now.since_boot + REVIEW;
        let task = spawn_blocking(move || book.turn(&now, old.as_ref(), Some(wanted)));
        self.turn = Some(Turn { task, wanted, since: self.counted });
    }

    fn on_turned(&mut self, turned: (Turn, io::Result<Turned>)) {
        match turned {
            (Turn { wanted, since, .. }, Ok(Turned { hold, balance })) => {
                (self.hold, self.held_for, self.balance) = (hold, Some(wanted), balance);
                self.failing = false;
                self.counted = since;
                self.count();
            }
            (_, Err(error)) => {
                if !self.failing {
                    tracing::warn!(%error, "the ledger can't be written; budgets still hold");
                }
                self.failing = true;
                self.next_turn = clocks::since_boot() + RETRY;
            }
        }
    }

    /// What is used, to the byte.
    fn balance_now(&self, now: &Now) -> Balance {
        match &self.hold {
            // Nothing more can be set aside.
            Some(hold) if self.failing && hold.media_left() == 0 => Balance::unknown(now.day()),
            Some(hold) => self.balance.without(hold),
            None => Balance::unknown(now.day()),
        }
    }

    /// How far media may go.
    fn mark(&self, allowance: Allowance) -> u64 {
        let wanted = self.wanted();
        let no_budget = wanted.1 == Budgets::default();
        match &self.hold {
            _ if allowance.bps == Some(0) => 0,
            _ if self.failing && no_budget => u64::MAX,
            Some(hold) if self.held_for == Some(wanted) => {
                self.counted.saturating_add(hold.media_left())
            }
            _ => 0,
        }
    }

    async fn close(&mut self) {
        self.meter.set_media_until(0);
        if self.turn.is_some() {
            let turned = finished(&mut self.turn).await;
            self.on_turned(turned);
        }
        self.count();
        let (book, old, now) = (self.book.clone(), self.hold.take(), clocks::now(self.offset_s));
        let settled = spawn_blocking(move || book.turn(&now, old.as_ref(), None));
        if let Ok(Err(error)) = settled.await {
            tracing::warn!(%error, "the ledger says more than was given: it can't be written");
        }
    }
}

/// Waits for a turn, if there is one.
async fn finished(turn: &mut Option<Turn>) -> (Turn, io::Result<Turned>) {
    let result = match turn {
        Some(turn) => (&mut turn.task).await,
        None => pending().await,
    };
    match turn.take() {
        Some(turn) => (turn, result.unwrap_or_else(|error| Err(io::Error::other(error)))),
        None => pending().await,
    }
}
