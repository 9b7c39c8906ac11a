//! What a device reports about itself, and the few situations that matter of it.

/// How the device reaches others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A wireless network that somebody here runs.
    Wifi,
    /// A cable.
    Ethernet,
    /// A mobile operator's network.
    Mobile,
    /// Anything else.
    Other,
    /// Not at all: there is no network.
    None,
}

/// Whether bytes cost: the ledger and the budgets tell these two apart. "Wi-Fi" in a shell's words
/// is whatever the system calls unmetered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tariff {
    /// Bytes cost nothing.
    Unmetered,
    /// Bytes are counted by somebody: mobile data, a hotspot.
    Metered,
}

/// The network in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// How the device reaches others.
    pub transport: Transport,
    /// What the system says about its cost, if it says anything.
    pub metered: Option<bool>,
    /// It is a foreign operator's.
    pub roaming: bool,
    /// The person asked the system to save data: Data Saver, Low Data Mode.
    pub data_saver: bool,
}

/// Where the power comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// What is left in percent; nothing where it is not known.
    pub battery_percent: Option<u8>,
    /// It is being charged, or there is no battery.
    pub charging: bool,
    /// The system saves power: battery saver, Low Power Mode.
    pub saver: bool,
}

/// How warm the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heat {
    /// None or light (Apple: nominal, fair).
    Normal,
    /// Moderate (Apple: serious).
    Moderate,
    /// Severe (Apple: critical).
    Severe,
    /// The device is about to protect itself: critical and worse (Apple: the camera's shutdown).
    Critical,
}

/// What the person does with the stream. Lending runs only while picture or sound is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// It is played, in front.
    Foreground,
    /// It is played in a small picture or as sound, behind something else.
    Background,
    /// It is paused or closed: nothing runs.
    Idle,
}

/// What a device reports about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// The network in use.
    pub network: Network,
    /// Where the power comes from.
    pub power: Power,
    /// How warm it is.
    pub heat: Heat,
    /// A telephone call is going on.
    pub in_call: bool,
    /// A broadcast of its own is going on.
    pub live: bool,
    /// What the person does with the stream.
    pub activity: Activity,
}

impl Conditions {
    /// A computer on a cable: nothing holds it back.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            network: Network {
                transport: Transport::Ethernet,
                metered: Some(false),
                roaming: false,
                data_saver: false,
            },
            power: Power { battery_percent: None, charging: true, saver: false },
            heat: Heat::Normal,
            in_call: false,
            live: false,
            activity: Activity::Foreground,
        }
    }
}

impl Network {
    /// There is no network at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.transport == Transport::None
    }

    /// Whether bytes cost. A mobile network of which nothing is known costs.
    #[must_use]
    pub fn tariff(&self) -> Tariff {
        let mobile = self.transport == Transport::Mobile;
        if self.metered.unwrap_or(mobile) { Tariff::Metered } else { Tariff::Unmetered }
    }
}

/// Under this the battery is the person's alone (DESIGN's table).
const LOW_BATTERY_PERCENT: u8 = 20;

/// Power as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Supply {
    Mains,
    Battery,
    LowBattery,
    Saver,
}

/// Conditions as far as they matter: so few that all of them can be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Situation {
    pub(crate) tariff: Tariff,
    pub(crate) roaming: bool,
    pub(crate) data_saver: bool,
    pub(crate) supply: Supply,
    pub(crate) heat: Heat,
    pub(crate) in_call: bool,
    pub(crate) live: bool,
    pub(crate) idle: bool,
}

impl From<&Conditions> for Situation {
    fn from(c: &Conditions) -> Self {
        let low = c.power.battery_percent.is_some_and(|p| p < LOW_BATTERY_PERCENT);
        let supply = match (c.power.charging, c.power.saver) {
            (true, _) => Supply::Mains,
            (false, true) => Supply::Saver,
            (false, false) if low => Supply::LowBattery,
            (false, false) => Supply::Battery,
        };
        Self {
            tariff: c.network.tariff(),
            roaming: c.network.roaming,
            data_saver: c.network.data_saver,
            supply,
            heat: c.heat,
            in_call: c.in_call,
            live: c.live,
            idle: c.activity == Activity::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_about_cost_counts_and_else_the_kind_of_network() {
        let network = |transport, metered| Network {
            transport,
            metered,
            ..Conditions::unrestricted().network
        };
        let tariff = |transport, metered| network(transport, metered).tariff();
        assert_eq!(tariff(Transport::Mobile, None), Tariff::Metered);
        assert_eq!(tariff(Transport::Mobile, Some(false)), Tariff::Unmetered);
        assert_eq!(tariff(Transport::Wifi, Some(true)), Tariff::Metered);
        for kind in [Transport::Wifi, Transport::Ethernet, Transport::Other, Transport::None] {
            assert_eq!(tariff(kind, None), Tariff::Unmetered);
        }
    }
}
