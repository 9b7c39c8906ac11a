//! The scenarios: each builds a network, runs the program on it, and holds what it measured
//! against what was promised.

mod bad_day;
mod cap;
mod dht;
mod doctor;
mod emulator;
mod events;
mod exact;
mod line;
mod links;
mod local;
mod matrix;
mod moving;
mod nat_matrix;
mod no_cannon;
mod partition;
mod port_mapping;
mod shielded;
mod stage;
mod two_hops;
mod udp_blocked;
mod weak_broadcaster;
mod weak_uplink;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LabError;
use crate::monitor::Monitor;
use crate::report::Report;

use stage::Stage;

/// A scenario's name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// The lab's own network: delay, loss, throughput and what emulating costs
    Emulator,
    /// 16 viewers, 40 ms and 1 % loss from each other, and a broadcaster with room for two of them
    WeakBroadcaster,
    /// An uplink of 1.3 Mbit/s for a stream of 1, and 30 viewers behind NATs on lines of which a third lose 3 %
    WeakUplink,
    /// Five minutes of losses in which a viewer dies, one moves, and the broadcaster starts again
    BadDay,
    /// A viewer that can reach only another viewer writes exactly what was broadcast
    TwoHops,
    /// Nothing that leaves a limited broadcaster exceeds its limit
    Cap,
    /// A viewer that has nothing but a link without addresses finds a broadcaster beside it
    Local,
    /// The same through a DHT, some of whose nodes are libtorrent's, fail, or lie
    Dht,
    /// What `manyhands doctor` says behind several kinds of NAT, against what is there
    Doctor,
    /// A viewer that feeds others moves to another network, and then the broadcaster does
    Move,
    /// A giver's full uplink is shared with a call, and then with somebody else's upload
    Line,
    /// The net splits in two for half a minute and heals
    Partition,
    /// Behind a relay nobody else ever hears of the broadcaster, whatever becomes of the relay
    Shielded,
    /// Every kind of NAT before the broadcaster against every kind before the viewer
    NatMatrix,
    /// Hostile members name addresses of people who never asked for anything
    NoCannon,
    /// Two behind symmetric NATs and nobody else: the router is asked for a port
    PortMapping,
    /// Viewers in networks that carry no UDP, and junk at the door that they come in by
    UdpBlocked,
}

/// How a scenario is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// How many viewers, where a scenario can vary that.
    pub viewers: Option<u16>,
    /// How long to measure, in seconds, where a scenario can vary that.
    pub seconds: Option<u64>,
    /// Round trip between any two hosts, instead of the scenario's.
    pub rtt: Option<Duration>,
    /// Share of packets that each host's line loses on its way out, instead of the scenario's.
    pub loss: Option<f64>,
    /// How many pairs of NAT kinds, instead of all.
    pub pairs: Option<u8>,
    /// How often each pair is run, or each moves.
    pub runs: u8,
    /// Where a scenario that draws a picture writes it.
    pub svg: PathBuf,
    /// Decides every random choice of the network.
    pub seed: u64,
    /// The program under test.
    pub program: PathBuf,
    /// The same in a build that can be broken from outside, for scenarios that need hostile members.
    pub breakable: PathBuf,
    /// What to break on purpose, so that the scenario has to fail.
    pub sabotage: Option<String>,
    /// Keep the run's files here.
    pub keep: Option<PathBuf>,
}

impl Scenario {
    /// Run it.
    ///
    /// # Errors
    /// When it could not be measured; a missed target is none.
    pub fn run(self, order: Order, monitor: Arc<Monitor>) -> Result<Report, LabError> {
        if let Some(name) = &order.sabotage {
            self.check_sabotage(name)?;
        }
        let stage = Stage::new(order, monitor)?;
        match self {
            Self::Emulator => emulator::run(&stage),
            Self::WeakBroadcaster => weak_broadcaster::run(&stage),
            Self::WeakUplink => weak_uplink::run(&stage),
            Self::BadDay => bad_day::run(&stage),
            Self::TwoHops => two_hops::run(&stage),
            Self::Cap => cap::run(&stage),
            Self::Local => local::run(&stage),
            Self::Dht => dht::run(&stage),
            Self::Doctor => doctor::run(&stage),
            Self::Move => moving::run(&stage),
            Self::Line => line::run(&stage),
            Self::Partition => partition::run(&stage),
            Self::Shielded => shielded::run(&stage),
            Self::NatMatrix => nat_matrix::run(&stage),
            Self::NoCannon => no_cannon::run(&stage),
            Self::PortMapping => port_mapping::run(&stage),
            Self::UdpBlocked => udp_blocked::run(&stage),
        }
    }

    fn sabotages(self) -> &'static [&'static str] {
        match self {
            Self::Emulator => &["slow-network"],
            Self::WeakBroadcaster => &["no-forward"],
            Self::WeakUplink => &["no-forward"],
            Self::BadDay => &["no-restart"],
            Self::TwoHops => &["no-forward", "bit-flip"],
            Self::Cap => &["no-cap"],
            Self::Local => &["not-announced"],
            Self::Dht => &["not-published"],
            Self::Doctor => &["silence"],
            Self::Move => &["bound"],
            Self::Line => &["no-yield"],
            Self::Partition => &["no-healing"],
            Self::Shielded => &["no-shield"],
            Self::NatMatrix => &["no-way"],
            Self::NoCannon => &["no-budget"],
            Self::PortMapping => &["no-mapping"],
            Self::UdpBlocked => &["no-tcp"],
        }
    }

    fn check_sabotage(self, name: &str) -> Result<(), LabError> {
        let known = self.sabotages();
        if known.contains(&name) {
            return Ok(());
        }
        let known = known.join(", ");
        Err(LabError::Usage(format!("this scenario can be sabotaged by {known}, not by {name}")))
    }
}
