//! Lending a hand: the policy's allowance becomes the node's upload limit, and what leaves is counted
//! in the ledger.
//!
//! A task of its own (`giver`) does it, so that neither a slow shell nor a slow disk holds a worsening
//! up. What a shell says goes to it as a [`Change`]; what may be given comes back as a [`Giving`].

mod given;
mod giver;

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use manyhands_net::Meter;
use manyhands_policy::{Allowance, Balance, Conditions, Limits, Now, Policy};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub use self::given::Given;
use self::giver::Giver;
use crate::clocks;
use crate::ledger_file::Book;
use crate::stats::Upload;

/// How long leaving waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);
/// Changes that wait: more than a device reports in a beat.
const CHANGES: usize = 64;

/// How a viewer lends a hand.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// What the person allows.
    pub limits: Limits,
    /// What the device reports.
    pub conditions: Conditions,
    /// What the person's time zone adds to UTC now, in seconds.
    pub utc_offset_s: i32,
    /// Where the ledger is kept; nowhere: it is forgotten at the end.
    pub ledger: Option<PathBuf>,
}

impl Contribution {
    /// Nothing holds it back but a rate, bits a second.
    #[must_use]
    pub fn unrestricted(rate_bps: Option<u64>) -> Self {
        Self {
            limits: Limits::agreed(rate_bps),
            conditions: Conditions::unrestricted(),
            utc_offset_s: 0,
            ledger: None,
        }
    }

    /// What may leave as long as no ledger has answered, bits a second.
    pub(crate) fn at_first(&self) -> Option<u64> {
        let now = clocks::now(self.utc_offset_s);
        self.policy(&now).allowance(now.since_boot).bps
    }

    /// As if nothing had been used: as long as no ledger has answered, no media leaves anyway.
    fn policy(&self, now: &Now) -> Policy {
        Policy::new(&self.conditions, self.limits, Balance::unused(now.day()))
    }
}

/// Something else holds.
#[derive(Debug)]
pub(crate) enum Change {
    Limits(Limits),
    Rate(Option<u64>),
    Conditions(Conditions, i32),
    Close(oneshot::Sender<()>),
}

/// What is given at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Giving {
    pub(crate) allowance: Allowance,
    pub(crate) balance: Balance,
}

impl Giving {
    /// As the `stats` object shows it, known how many others are fed. Where nothing may leave nobody is:
    /// they have a second at most to find another parent, and get nothing meanwhile.
    pub(crate) fn upload(&self, fed: u64) -> Upload {
        let Self { allowance, balance } = self;
        let fed = if allowance.bps == Some(0) { 0 } else { fed };
        let given = Given::of(balance);
        let reason = allowance.reason.with_fed(fed);
        Upload {
            limit_bps: allowance.bps,
            reason: reason.word(),
            lending: Some(reason),
            helping: fed,
            used_today: given.today,
            used_month: given.month,
            metered_today: given.metered_today,
            metered_month: given.metered_month,
        }
    }
}

/// The session's end of it.
#[derive(Debug)]
pub(crate) struct Contributor {
    changes: mpsc::Sender<Change>,
    giving: watch::Receiver<Giving>,
}

impl Contributor {
    /// Begins; nothing but what joining needs leaves until the ledger has answered.
    pub(crate) fn start(config: Contribution, meter: Meter) -> Self {
        meter.set_media_until(0);
        let (changes, inbox) = mpsc::channel(CHANGES);
        let now = clocks::now(config.utc_offset_s);
        let (policy, balance) = (config.policy(&now), Balance::unknown(now.day()));
        let giving = Giving { allowance: policy.allowance(now.since_boot), balance };
        let (told, mut giving) = watch::channel(giving);
        giving.mark_changed();
        let book = Book::open(config.ledger);
        tokio::spawn(Giver::new(policy, book, meter, &now, told).run(inbox));
        Self { changes, giving }
    }

    /// Where changes are told.
    pub(crate) fn changes(&self) -> mpsc::Sender<Change> {
        self.changes.clone()
    }

    /// What is given now.
    pub(crate) fn giving(&self) -> Giving {
        *self.giving.borrow()
    }

    /// Waits until something else may be given.
    pub(crate) async fn changed(&mut self) -> Option<u64> {
        if self.giving.changed().await.is_err() {
            // It has ended: what was given last holds.
            pending::<()>().await;
        }
        self.giving.borrow_and_update().allowance.bps
    }

    /// Settles the ledger.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.changes.send(Change::Close(done)).await.is_ok() {
            let _ = timeout(PATIENCE, closed).await;
        }
    }
}

#[cfg(test)]
mod tests;
