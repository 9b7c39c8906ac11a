//! Broadcast, Watch and Relay: the few calls that every shell uses, and the only place where network,
//! overlay, keys and media meet.
//!
//! A [`Broadcast`] takes units and goes live; a [`Watch`] joins by a link and hands units out by the
//! playout clock; a [`Relay`] waits for a broadcaster that has its ticket. All tell their shell what happens through a channel of [`Event`]s and give their
//! figures as one [`Stats`] object. Invariant: a shell that is slow or gone never holds up the swarm.

mod broadcast;
mod buffer;
mod clocks;
mod contribution;
mod cost;
mod diagnosis;
mod event;
mod feed;
mod finding;
mod flow;
mod ledger_file;
mod on_air;
mod player;
mod presence;
mod pull;
mod relay;
mod share;
mod stats;
mod timeline;
mod tracks;
mod vitals;
mod watch;

use std::time::{SystemTime, UNIX_EPOCH};

pub use broadcast::{Broadcast, BroadcastConfig};
pub use contribution::{Contribution, Given};
pub use cost::bytes_an_hour;
pub use diagnosis::{Diagnosis, DiagnosisConfig, LocalNetwork, Meeting, Nat, diagnose};
pub use event::{EndReason, Event, Released, Watching};
pub use feed::{AudioInput, Encoders, Feed, FeedError, Framing, Times, VideoInput, framed};
pub use finding::{Bootstrap, Finding};
pub use manyhands_media::{
    AacConfig, AccessUnit, Codec, H264Config, OpusConfig, Rotation, TrackConfig, TrackKind,
};
pub use manyhands_net::{
    DhtSurvey, NetworkWatch, PortMapping, Protocol, Relays, Sight, Visibility,
};
pub use manyhands_policy::{
    Activity, Budgets, Conditions, Heat, Lending, Limits, Network, Power, Reason, Transport,
};
pub use manyhands_stream::{Channel, ChannelKey, Link, LinkError, Secret, Ticket, TicketError};
pub use manyhands_vitals::{Cause, Health, HealthSoFar, Level, Picture, Target};
pub use on_air::OnAir;
pub use player::Checking;
pub use pull::{Closer, Pull, Pulled, Rows};
pub use relay::{RELAY_CONNECTIONS, Relay, RelayConfig, RelayKey};
pub use share::{Code, Share};
pub use stats::{Amounts, Data, LinkStats, Role, Stats, Upload};
pub use vitals::HealthStats;
pub use watch::{Outputs, Watch, WatchConfig};

/// Why a session could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network side.
    #[error(transparent)]
    Net(#[from] manyhands_net::Error),
    /// The run could not be made.
    #[error(transparent)]
    Origin(#[from] manyhands_stream::OriginError),
}

/// The wall clock in Unix milliseconds.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
