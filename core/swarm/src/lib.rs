//! The overlay: who feeds whom, what leaves next, who repairs what.
//!
//! This crate does no I/O, reads no clock and draws no randomness of its own: time, bytes and the
//! seed are arguments. It sees a piece as (id, length, capture time); bytes, keys and verification
//! stay outside, so that the simulator drives exactly the code that ships.
//!
//! # Driving contract
//!
//! 1. Call a `handle_*` method for everything that happened, with the current [`Time`].
//! 2. Then call [`Swarm::poll_output`] until it returns `None` and carry every [`Output`] out.
//! 3. Then call [`Swarm::poll_transmit`] until it returns `None`; each [`Transmit`] leaves now.
//! 4. Call [`Swarm::handle_timeout`] not later than [`Swarm::poll_timeout`] says, and start at 2.
//!
//! The driver names a live neighbour by a small dense [`PeerIndex`]; the same node keeps its index
//! over a change of connection (state is keyed by peer, never by connection). After
//! [`Swarm::handle_disconnected`] the index is free for another node.
//!
//! Invariants: nothing is forwarded that the driver has not verified; every collection is bounded;
//! the same inputs in the same order with the same seed give the same outputs.

mod audience;
mod backlog;
mod climb;
mod config;
mod dial;
mod dice;
mod eviction;
mod handover;
mod have;
mod health;
mod homes;
mod ids;
mod introduce;
mod join;
#[cfg(feature = "journal")]
pub mod journal;
mod lane;
mod leave;
mod mechanism;
mod mesh;
pub mod message;
mod naming;
mod nat;
mod output;
mod pause;
mod peer;
mod piece;
mod repair;
mod rescue;
mod search;
mod sending;
mod skip;
mod slots;
mod stats;
mod strays;
mod swarm;
mod time;
mod track;
mod tree;
mod uplink;
mod view;

pub use config::{Config, LinkReport, PeerInfo, Role, TrackConfig};
pub use have::{HAVE_WINDOW_MS, MAX_CHUNKS};
pub use ids::{Contact, NodeId, PeerIndex};
pub use mechanism::{Mechanism, Mechanisms};
pub use message::{MAX_MESSAGE_BYTES, MESSAGE_TYPES, Message, MessageError};
pub use naming::{FIRST_PORT, is_public};
pub use nat::{Forecast, Mapping};
pub use output::{Arrival, CloseReason, Event, Meeting, Output, Transmit};
pub use piece::{Piece, PieceId, TrackId};
pub use sending::Sending;
pub use stats::{Counters, LaneStats, Stats};
pub use swarm::{MAX_TRACKS, Swarm};
pub use time::Time;
