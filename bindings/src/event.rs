//! What a session tells its shell, as it crosses.

use manyhands_session::Event;

use crate::{EncoderTarget, Health};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SessionEvent {
    /// The first member was reached.
    Joined {
        /// Its short name.
        peer: String,
        /// `local`, `hint` or `exchange`.
        via: String,
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
        kind: String,
        /// A sentence for a person.
        text: String,
    },
    /// The state of the picture as a person sees it.
    State {
        /// Which.
        state: WatchState,
    },
    /// How a broadcast goes.
    Health {
        /// The word and its cause.
        health: Health,
    },
    /// What a camera's encoder should make from now on.
    Encode {
        /// The picture.
        target: EncoderTarget,
    },
    /// The local network is asked and answered on from now on, or not any more: the system has to let
    /// such packets through meanwhile, or is asked by the shell itself.
    LocalNetwork {
        /// Which.
        used: bool,
    },
    /// It is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// How long the broadcast ran since it was last started, as far as that is known.
        ran_ms: Option<u64>,
    },
}

/// What a viewer sees; the words for each are the shells'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WatchState {
    /// Looking for members and the first picture.
    Joining,
    /// Nobody who is known answers, and nobody has: it has not begun, or can't be reached. It
    /// starts by itself when somebody does.
    Waiting,
    /// The picture plays.
    Playing,
    /// The broadcaster has paused; it goes on by itself.
    Paused,
    /// The camera is off; the sound goes on.
    CameraOff,
    /// The broadcaster does not get through; others answer.
    BroadcasterSilent,
    /// Nobody answers, but there is a network.
    CutOff,
    /// The device has no network.
    NoNetwork,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum EndReason {
    /// The broadcaster said so, signed.
    Finished,
    /// The invitation was taken back.
    Revoked,
    /// Nobody answers any more.
    Unreachable,
}

impl From<Event> for SessionEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Joined { peer, via } => Self::Joined { peer, via: via.into() },
            Event::FirstFrame { startup_ms, latency_ms } => {
                Self::FirstFrame { startup_ms, latency_ms }
            }
            Event::Stalled { position_ms } => Self::Stalled { position_ms },
            Event::Resumed { position_ms, for_ms } => Self::Resumed { position_ms, for_ms },
            Event::Notice { kind, message } => Self::Notice { kind: kind.into(), text: message },
            Event::State(state) => Self::State { state: state.into() },
            Event::Health(health) => Self::Health { health: health.into() },
            Event::Encode(target) => Self::Encode { target: target.into() },
            Event::LocalNetwork { used } => Self::LocalNetwork { used },
            Event::Ended { reason, ran_ms } => Self::Ended { reason: reason.into(), ran_ms },
        }
    }
}

impl From<manyhands_session::Watching> for WatchState {
    fn from(state: manyhands_session::Watching) -> Self {
        use manyhands_session::Watching as Core;
        match state {
            Core::Joining => Self::Joining,
            Core::Waiting => Self::Waiting,
            Core::Playing => Self::Playing,
            Core::Paused => Self::Paused,
            Core::CameraOff => Self::CameraOff,
            Core::BroadcasterSilent => Self::BroadcasterSilent,
            Core::CutOff => Self::CutOff,
            Core::NoNetwork => Self::NoNetwork,
        }
    }
}

impl From<manyhands_session::EndReason> for EndReason {
    fn from(reason: manyhands_session::EndReason) -> Self {
        use manyhands_session::EndReason as Core;
        match reason {
            Core::Finished => Self::Finished,
            Core::Revoked => Self::Revoked,
            Core::Unreachable => Self::Unreachable,
        }
    }
}
