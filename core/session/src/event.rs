//! What a session tells its shell.

use manyhands_media::{AccessUnit, TrackConfig};

use crate::{Health, Target};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The broadcaster said so, signed.
    Finished,
    /// The invitation was taken back.
    Revoked,
    /// Nobody answers any more.
    Unreachable,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first member was reached.
    Joined {
        /// Its short name.
        peer: String,
        /// `local`, `dht`, `hint` or `exchange`.
        via: &'static str,
    },
    /// The first unit was handed out.
    FirstFrame {
        /// Since the session started.
        startup_ms: u64,
        /// Capture to hand-out.
        latency_ms: i64,
    },
    /// The playout clock stands.
    Stalled {
        /// Where.
        position_ms: i64,
    },
    /// It goes on.
    Resumed {
        /// Where.
        position_ms: i64,
        /// How long it stood.
        for_ms: i64,
    },
    /// Something worth a sentence.
    Notice {
        /// A word that a program can act on.
        kind: &'static str,
        /// A sentence for a person.
        message: String,
    },
    /// The state of the picture as a person sees it.
    State(Watching),
    /// How a broadcast goes.
    Health(Health),
    /// What a camera's encoder should make from now on.
    Encode(Target),
    /// The local network is asked and answered on from now on, or not any more. A phone's system has to
    /// let such packets through meanwhile; where the shell asks by itself, it does so meanwhile.
    LocalNetwork {
        /// Which.
        used: bool,
    },
    /// It is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// How long the broadcast ran since it was last started, as far as it is known.
        ran_ms: Option<u64>,
    },
}

/// What a viewer sees; the words for each are the shells'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// Looking for members and the first picture.
    Joining,
    /// Nobody who is known answers, and nobody has: it has not begun, or can't be reached. It
    /// starts by itself when somebody does.
    Waiting,
    /// The picture plays.
    Playing,
    /// The broadcaster has paused.
    Paused,
    /// The camera is off; the sound goes on.
    CameraOff,
    /// The broadcaster does not get through; others answer.
    BroadcasterSilent,
    /// Nobody answers.
    CutOff,
    /// The device has no network.
    NoNetwork,
}

impl Watching {
    /// The word that shells and scripts use.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Waiting => "waiting",
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::CameraOff => "camera_off",
            Self::BroadcasterSilent => "broadcaster_silent",
            Self::CutOff => "cut_off",
            Self::NoNetwork => "no_network",
        }
    }
}

/// A unit that the playout clock has released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Its track's number.
    pub track: u8,
    /// The configuration that holds from this unit on, when it is new or has changed.
    pub config: Option<TrackConfig>,
    /// The unit.
    pub unit: AccessUnit,
    /// When it was captured, in microseconds of media time.
    pub capture_us: i64,
}
