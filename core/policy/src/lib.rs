//! How much this device may give: battery, heat, data, and the person's own limits.
//!
//! A [`Policy`] takes what the device reports ([`Conditions`]), what the person allows ([`Limits`])
//! and what is left of the data budgets ([`Balance`]), and says at any moment the one [`Allowance`]:
//! bits a second, and why. The [`Ledger`] knows what left by day and [`Tariff`]; a [`Hold`] is budget
//! that it has set aside before it is spent. Nothing here reads a clock, a file or a device.
//!
//! The driving contract: report every change at once (`handle_*`), ask for [`Policy::allowance`]
//! after each and at [`Policy::next_change`], and never send media beyond what a [`Hold`] on disk
//! covers. Invariants: nothing is given before the person's first OK or while roaming; never more
//! than the person's limit; what is worse acts at once, what is better after [`WAIT`].

mod allowance;
mod balance;
mod calendar;
mod conditions;
mod hold;
mod ledger;
mod limits;
mod reason;
mod record;

pub use allowance::{Allowance, HALF_OF_NO_LIMIT_BPS, Policy, WAIT};
pub use balance::{Balance, Left, Used};
pub use calendar::{Day, Month, Now, SHORTEST_DAY_S};
pub use conditions::{Activity, Conditions, Heat, Network, Power, Tariff, Transport};
pub use hold::{ACK_ROOM, Hold, MOST_OVERCOUNTED, RESERVE};
pub use ledger::{KEPT_DAYS, Ledger};
pub use limits::{Budgets, Lending, Limits, METERED_DAY_BYTES};
pub use reason::Reason;
pub use record::{LEDGER_BYTES, RecordError};
