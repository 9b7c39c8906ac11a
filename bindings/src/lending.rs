//! Lending a hand: what the person allows and what the device reports, as the core wants them. The
//! core decides what they mean; a shell passes on what the system says.

use manyhands_session::{
    Budgets, Conditions, Contribution, Given, Lending, Limits, Network, Power,
};

/// How the device reaches others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum NetworkKind {
    /// A wireless network that somebody here runs.
    Wifi,
    /// A cable.
    Ethernet,
    /// A mobile operator's network.
    Mobile,
    /// Anything else.
    Other,
    /// Not at all: there is no network.
    Offline,
}

/// How warm the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Heat {
    /// Android: none, light. Apple: nominal, fair.
    Normal,
    /// Android: moderate. Apple: serious.
    Moderate,
    /// Android: severe. Apple: critical.
    Severe,
    /// Android: critical and worse. Apple: the camera's shutdown.
    Critical,
}

/// What the person does with the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PlayState {
    /// It is played, in front.
    Foreground,
    /// It is played in a small picture or as sound, behind something else.
    Background,
    /// It is paused or closed.
    Idle,
}

/// What the device reports about itself, whole, whenever any of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct DeviceState {
    /// How it reaches others.
    pub network: NetworkKind,
    /// Whether the system says that bytes cost; nothing where it says nothing.
    pub metered: Option<bool>,
    /// On a foreign operator's network.
    pub roaming: bool,
    /// Data Saver or Low Data Mode is on.
    pub data_saver: bool,
    /// What is left of the battery, 0 to 100.
    pub battery_percent: Option<u8>,
    /// It is being charged, or has no battery.
    pub charging: bool,
    /// Battery saver or Low Power Mode is on.
    pub battery_saver: bool,
    /// How warm it is.
    pub heat: Heat,
    /// A telephone call is going on.
    pub in_call: bool,
    /// A broadcast of its own is going on.
    pub live: bool,
    /// What the person does with the stream.
    pub play: PlayState,
    /// What the time zone adds to UTC now, in seconds.
    pub utc_offset_s: i32,
}

/// What may be given on networks of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct LendingOn {
    /// The switch.
    pub on: bool,
    /// The most in a day of the local calendar, bytes. On metered networks nothing stands for the
    /// preset of 200 MB.
    pub day_bytes: Option<u64>,
    /// The most in a month.
    pub month_bytes: Option<u64>,
}

/// What the person allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct LendingLimits {
    /// The first OK has been given.
    pub agreed: bool,
    /// Where bytes cost nothing ("Wi-Fi").
    pub unmetered: LendingOn,
    /// Where they cost ("mobile data").
    pub metered: LendingOn,
    /// The most that may leave, bits a second.
    pub rate_bps: Option<u64>,
}

/// How a viewer lends a hand.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LendingSetup {
    /// What the person allows.
    pub limits: LendingLimits,
    /// What the device reports.
    pub device: DeviceState,
    /// Where the ledger of what was given is kept: a file in a directory that exists, the same for
    /// every viewer. Nothing: it is forgotten at the end.
    #[uniffi(default = None)]
    pub ledger: Option<String>,
}

/// Bytes that left this device, each nothing where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct GivenSoFar {
    /// Today, by the local calendar.
    pub today: Option<u64>,
    /// This month.
    pub month: Option<u64>,
    /// Of today's, what left on metered networks.
    pub metered_today: Option<u64>,
    /// Of this month's, what left on metered networks.
    pub metered_month: Option<u64>,
}

/// What a ledger says while no viewer runs. `utc_offset_s` is what the time zone adds to UTC now.
/// Waits for the disk.
#[uniffi::export]
pub fn given_so_far(ledger: String, utc_offset_s: i32) -> GivenSoFar {
    let Given { today, month, metered_today, metered_month } =
        Given::read(ledger.into(), utc_offset_s);
    GivenSoFar { today, month, metered_today, metered_month }
}

impl From<LendingSetup> for Contribution {
    fn from(setup: LendingSetup) -> Self {
        Self {
            limits: setup.limits.into(),
            conditions: setup.device.into(),
            utc_offset_s: setup.device.utc_offset_s,
            ledger: setup.ledger.map(Into::into),
        }
    }
}

impl From<LendingLimits> for Limits {
    fn from(limits: LendingLimits) -> Self {
        Self {
            agreed: limits.agreed,
            unmetered: limits.unmetered.into(),
            metered: limits.metered.into(),
            rate_bps: limits.rate_bps,
        }
    }
}

impl From<LendingOn> for Lending {
    fn from(lending: LendingOn) -> Self {
        let budgets = Budgets { day: lending.day_bytes, month: lending.month_bytes };
        Self { on: lending.on, budgets }
    }
}

impl From<DeviceState> for Conditions {
    fn from(device: DeviceState) -> Self {
        Self {
            network: Network {
                transport: device.network.into(),
                metered: device.metered,
                roaming: device.roaming,
                data_saver: device.data_saver,
            },
            power: Power {
                battery_percent: device.battery_percent,
                charging: device.charging,
                saver: device.battery_saver,
            },
            heat: device.heat.into(),
            in_call: device.in_call,
            live: device.live,
            activity: device.play.into(),
        }
    }
}

impl From<NetworkKind> for manyhands_session::Transport {
    fn from(network: NetworkKind) -> Self {
        match network {
            NetworkKind::Wifi => Self::Wifi,
            NetworkKind::Ethernet => Self::Ethernet,
            NetworkKind::Mobile => Self::Mobile,
            NetworkKind::Other => Self::Other,
            NetworkKind::Offline => Self::None,
        }
    }
}

impl From<Heat> for manyhands_session::Heat {
    fn from(heat: Heat) -> Self {
        match heat {
            Heat::Normal => Self::Normal,
            Heat::Moderate => Self::Moderate,
            Heat::Severe => Self::Severe,
            Heat::Critical => Self::Critical,
        }
    }
}

impl From<PlayState> for manyhands_session::Activity {
    fn from(activity: PlayState) -> Self {
        match activity {
            PlayState::Foreground => Self::Foreground,
            PlayState::Background => Self::Background,
            PlayState::Idle => Self::Idle,
        }
    }
}
