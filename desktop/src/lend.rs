//! How this machine lends a hand: what the command line says becomes what the policy is given.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use manyhands_session::{Budgets, Conditions, Contribution, Lending, Limits, Power};

use crate::args;
use crate::failure::Failure;
use crate::state_dir;

/// The ledger's name in the state directory.
const LEDGER: &str = "ledger";

/// What `watch` and `relay` lend.
pub(crate) fn contribution(
    lend: &args::Lend,
    common: &args::Common,
) -> Result<Contribution, Failure> {
    Ok(Contribution {
        limits: limits(lend, common.upload_limit.0),
        conditions: conditions(lend),
        utc_offset_s: utc_offset_s(),
        ledger: ledger(common.state_dir.as_deref())?,
    })
}

/// What the machine is said to be in.
pub(crate) fn conditions(lend: &args::Lend) -> Conditions {
    let mut conditions = Conditions::unrestricted();
    conditions.network.metered = Some(lend.metered);
    if let Some(percent) = lend.on_battery {
        conditions.power = Power { battery_percent: Some(percent), charging: false, saver: false };
    }
    conditions
}

/// Who starts the program has said OK. A budget is what opts in on a metered network.
fn limits(lend: &args::Lend, rate_bps: Option<u64>) -> Limits {
    let budgets = Budgets {
        day: lend.budget.iter().filter(|b| !b.monthly).map(|b| b.bytes).min(),
        month: lend.budget.iter().filter(|b| b.monthly).map(|b| b.bytes).min(),
    };
    let mut limits = Limits::agreed(rate_bps);
    if lend.metered {
        limits.metered = Lending { on: !lend.budget.is_empty(), budgets };
    } else {
        limits.unmetered.budgets = budgets;
    }
    limits
}

/// Where the ledger is; nowhere if this machine has no place for it and nobody named one.
fn ledger(named: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let Some(dir) = named.map(Path::to_owned).or_else(state_dir::default_dir) else {
        return Ok(None);
    };
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir) {
        Ok(()) => Ok(Some(dir.join(LEDGER))),
        Err(error) if named.is_some() => {
            Err(Failure::local(format!("state directory {}", dir.display()), error))
        }
        Err(error) => {
            tracing::warn!(%error, dir = %dir.display(), "what is given today is not kept");
            Ok(None)
        }
    }
}

/// What this machine's time zone adds to UTC now, in seconds.
pub(crate) fn utc_offset_s() -> i32 {
    jiff::Zoned::now().offset().seconds()
}

/// A reason in words, with whether something is given; being ready and giving are one here.
pub(crate) fn sentence(reason: &'static str) -> &'static str {
    match reason {
        "lending" | "ready" => "Lending a hand.",
        "half_battery" => "Lending a hand, half: on battery.",
        "half_warm" => "Lending a hand, half: this computer is warm.",
        "off" => "Lending a hand is off: you switched it off.",
        "not_yet" => "Not lending a hand yet: waiting for your OK.",
        "mobile" => "Lending a hand is paused: on a metered network. --budget allows some.",
        "roaming" => "Lending a hand is paused: abroad.",
        "data_saver" => "Lending a hand is paused: Data Saver is on.",
        "battery_low" => "Lending a hand is paused: battery under 20 %.",
        "battery_saver" => "Lending a hand is paused: battery saver is on.",
        "hot" => "Lending a hand is paused: this computer is hot.",
        "daily_limit" => "Lending a hand is paused: today's limit is used.",
        "monthly_limit" => "Lending a hand is paused: this month's limit is used.",
        "call" => "Lending a hand is paused: you are in a call.",
        "live" => "Lending a hand is paused: you are live.",
        other => other,
    }
}

/// The most that may be given in a day or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    bytes: u64,
    monthly: bool,
}

/// What is wrong with a budget.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a budget: write 200M, 5G or 20G/month (bytes; a day if nothing is said)")]
pub(crate) struct BudgetError(String);

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || BudgetError(text.to_owned());
        let (amount, monthly) = match text.split_once('/') {
            None => (text, false),
            Some((amount, "day")) => (amount, false),
            Some((amount, "month")) => (amount, true),
            Some(_) => return Err(error()),
        };
        let (digits, factor) = match amount.char_indices().next_back() {
            Some((at, 'k' | 'K')) => (amount.get(..at), 1e3),
            Some((at, 'M')) => (amount.get(..at), 1e6),
            Some((at, 'G')) => (amount.get(..at), 1e9),
            Some((at, 'T')) => (amount.get(..at), 1e12),
            _ => (Some(amount), 1.0),
        };
        let digits = digits.filter(|d| d.bytes().all(|c| c.is_ascii_digit() || c == b'.'));
        let value: f64 = digits.and_then(|d| d.parse().ok()).ok_or_else(error)?;
        let bytes = value * factor;
        if bytes < 1e18 { Ok(Self { bytes: bytes.round() as u64, monthly }) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(u64, bool), BudgetError> {
        text.parse::<Budget>().map(|b| (b.bytes, b.monthly))
    }

    fn lend(metered: bool, budgets: &[&str]) -> Limits {
        let budget = budgets.iter().map(|b| b.parse().unwrap()).collect();
        limits(&args::Lend { metered, on_battery: None, budget }, Some(7))
    }

    #[test]
    fn budgets_are_read_as_people_write_them() {
        assert_eq!(read("0"), Ok((0, false)));
        assert_eq!(read("200M"), Ok((200_000_000, false)));
        assert_eq!(read("1.5G/day"), Ok((1_500_000_000, false)));
        assert_eq!(read("20G/month"), Ok((20_000_000_000, true)));
        for bad in ["", "G", "-1", "1e3", "inf", "NaN", "5 M", "5M/week", "5M/", "9999999T", "1é"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn on_a_metered_network_a_budget_opts_in() {
        assert!(!lend(true, &[]).metered.on);
        let limits = lend(true, &["5G", "200M", "4G/month"]);
        assert!(limits.metered.on && limits.agreed);
        let budgets = Budgets { day: Some(200_000_000), month: Some(4_000_000_000) };
        assert_eq!(limits.metered.budgets, budgets);
        assert_eq!(lend(false, &["1M"]).unmetered.budgets.day, Some(1_000_000));
        assert_eq!(limits.rate_bps, Some(7));
    }

    #[test]
    fn every_reason_has_a_sentence() {
        for reason in manyhands_session::Reason::ALL {
            // Nothing is ever idle here: the program plays until it ends.
            let known = sentence(reason.word()) != reason.word();
            assert!(known || reason == manyhands_session::Reason::Idle, "{reason:?}");
        }
    }
}
