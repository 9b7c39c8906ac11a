//! Why a device gives what it gives, as it crosses.

use manyhands_session::Reason;

/// Why a device gives what it gives: exactly one. The words for people are the shells'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LendingReason {
    /// It gives, and somebody takes.
    Lending,
    /// It would give; nobody needs it now.
    Ready,
    /// Half: on battery.
    HalfBattery,
    /// Half: the device is warm.
    HalfWarm,
    /// The person switched it off.
    Off,
    /// The person has not said OK yet.
    NotYet,
    /// On a metered network, for which the person has not opted in.
    Mobile,
    /// On a foreign operator's network.
    Roaming,
    /// Data Saver or Low Data Mode is on.
    DataSaver,
    /// The battery is under 20 %.
    BatteryLow,
    /// The battery saver is on.
    BatterySaver,
    /// The device is hot.
    Hot,
    /// The day's budget is used.
    DailyLimit,
    /// The month's budget is used.
    MonthlyLimit,
    /// The person is in a call.
    Call,
    /// A broadcast of its own is going on.
    Live,
    /// Nothing is played, so nothing runs.
    Idle,
}

impl From<Reason> for LendingReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Lending => Self::Lending,
            Reason::Ready => Self::Ready,
            Reason::HalfBattery => Self::HalfBattery,
            Reason::HalfWarm => Self::HalfWarm,
            Reason::Off => Self::Off,
            Reason::NotYet => Self::NotYet,
            Reason::Mobile => Self::Mobile,
            Reason::Roaming => Self::Roaming,
            Reason::DataSaver => Self::DataSaver,
            Reason::BatteryLow => Self::BatteryLow,
            Reason::BatterySaver => Self::BatterySaver,
            Reason::Hot => Self::Hot,
            Reason::DailyLimit => Self::DailyLimit,
            Reason::MonthlyLimit => Self::MonthlyLimit,
            Reason::Call => Self::Call,
            Reason::Live => Self::Live,
            Reason::Idle => Self::Idle,
        }
    }
}
