//! The deterministic simulator of the overlay.
//!
//! It drives the state machine that ships (`manyhands-swarm`) for every node on virtual time. One
//! seed decides everything: the same scenario and seed give the same events, and a hash over all of
//! them proves it. Nothing is read across nodes: what one node knows of another has come to it in
//! an encoded message over a link that takes time.
//!
//! What it models: serialising uplinks and downlinks, delay by coordinates, jitter, loss with the
//! recovery that QUIC has (each piece is a stream of its own, so that they overtake each other),
//! handshakes, who can't reach whom behind NATs, acknowledgements, a clock of its own for each node,
//! variable bit rate with keyframes, and a playout clock that measures start, latency and stalls.
//! What it leaves out: congestion control inside one connection, and loss in bursts.

pub mod ablation;
mod carry;
mod check;
pub mod checks;
mod clock;
mod connect;
mod dice;
mod encoder;
mod faults;
mod hash;
mod holes;
mod link;
mod media;
pub mod minimise;
mod node;
pub mod page;
mod player;
pub mod plot;
mod queue;
mod recording;
pub mod report;
mod results;
mod ring;
pub mod scenario;
mod setup;
pub mod table;
mod timeline;
mod watch;
mod world;

pub use recording::Recording;
pub use report::Report;
pub use scenario::{Sabotage, Scenario};

/// Runs a scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario) -> Report {
    world::World::new(scenario.clone()).run().0
}

/// Runs a scenario to its end and keeps what its page shows; the same events as without.
#[must_use]
pub fn record(scenario: &Scenario) -> (Report, Option<Recording>) {
    world::World::new(scenario.clone()).record().run()
}
