//! Why a device gives what it gives: exactly one reason, with the word that shells and scripts use.

/// Why a device gives what it gives. The words for people are the shells' (SCREENS, part 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing is played, so nothing runs.
    Idle,
    /// The person has not said OK yet.
    NotYet,
    /// The person switched it off.
    Off,
    /// A broadcast of its own is going on.
    Live,
    /// The person is in a call.
    Call,
    /// On a foreign operator's network.
    Roaming,
    /// Data Saver or Low Data Mode is on.
    DataSaver,
    /// On a metered network, for which the person has not opted in.
    Mobile,
    /// The day's budget is used.
    DailyLimit,
    /// The month's budget is used.
    MonthlyLimit,
    /// The device is hot.
    Hot,
    /// The battery saver is on.
    BatterySaver,
    /// The battery is under 20 %.
    BatteryLow,
    /// Half: the device is warm.
    HalfWarm,
    /// Half: on battery.
    HalfBattery,
    /// It gives, and somebody takes.
    Lending,
    /// It would give; nobody needs it now.
    Ready,
}

impl Reason {
    /// All of them, the strongest first: the one that is told when several hold.
    pub const ALL: [Self; 17] = [
        Self::Idle,
        Self::NotYet,
        Self::Off,
        Self::Live,
        Self::Call,
        Self::Roaming,
        Self::DataSaver,
        Self::Mobile,
        Self::DailyLimit,
        Self::MonthlyLimit,
        Self::Hot,
        Self::BatterySaver,
        Self::BatteryLow,
        Self::HalfWarm,
        Self::HalfBattery,
        Self::Lending,
        Self::Ready,
    ];

    /// The word in `upload.reason`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::NotYet => "not_yet",
            Self::Off => "off",
            Self::Live => "live",
            Self::Call => "call",
            Self::Roaming => "roaming",
            Self::DataSaver => "data_saver",
            Self::Mobile => "mobile",
            Self::DailyLimit => "daily_limit",
            Self::MonthlyLimit => "monthly_limit",
            Self::Hot => "hot",
            Self::BatterySaver => "battery_saver",
            Self::BatteryLow => "battery_low",
            Self::HalfWarm => "half_warm",
            Self::HalfBattery => "half_battery",
            Self::Lending => "lending",
            Self::Ready => "ready",
        }
    }

    /// The same, known how many others are fed: giving to nobody is being ready to.
    #[must_use]
    pub fn with_fed(self, others: u64) -> Self {
        match self {
            Self::Lending if others == 0 => Self::Ready,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_word_of_its_own_and_stands_in_its_place() {
        let words: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.word()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        assert!(Reason::ALL.is_sorted());
    }

    #[test]
    fn giving_to_nobody_is_being_ready() {
        assert_eq!(Reason::Lending.with_fed(0), Reason::Ready);
        assert_eq!(Reason::Lending.with_fed(3), Reason::Lending);
        assert_eq!(Reason::HalfBattery.with_fed(0), Reason::HalfBattery);
    }
}
