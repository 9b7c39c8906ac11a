//! The deterministic simulator of the overlay.
//!
//! It drives the state machine that ships (`manyhands-swarm`) for every node on virtual time. One
//! seed decides everything: the same scenario and seed give the same events, and a hash over all of
//! them proves it. Nothing is read across nodes: what one node knows of another has come to it in
//! an encoded message over a link that takes time.
//!
//! What it models: serialising uplinks and downlinks, delay by coordinates, jitter, loss as delay
//! of a retransmission, handshakes, acknowledgements, a clock of its own for each node, variable
//! bit rate with keyframes, and a playout clock that measures start, latency and stalls. What it
//! leaves out: congestion inside one connection and reordering beyond jitter.

mod carry;
pub mod checks;
mod clock;
mod connect;
mod dice;
mod faults;
mod hash;
mod link;
mod media;
mod node;
mod player;
mod queue;
pub mod report;
pub mod scenario;
mod setup;
mod watch;
mod world;

pub use report::Report;
pub use scenario::{Sabotage, Scenario};

/// Runs a scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario) -> Report {
    world::World::new(scenario.clone()).run()
}
