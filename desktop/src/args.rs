//! The command line. Names and meanings are a contract with scripts (`docs/guide.md`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use manyhands_session::{Bootstrap, Finding};

use crate::lend::Budget;
use crate::rate::Rate;

/// Live video that every viewer helps to carry.
#[derive(Debug, Parser)]
#[command(name = "manyhands", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole system on this machine: a broadcaster, viewers that feed each other, a page
    Demo(Demo),
    /// Go live with a file, fragmented MP4 on standard input (-), or the test pattern
    Broadcast(Broadcast),
    /// Join a broadcast and play it
    Watch(Watch),
    /// Look inside a link
    Link {
        #[command(subcommand)]
        command: Link,
    },
    /// Lend this machine's upload without being able to watch
    Relay(Relay),
    /// What this network allows, and what to do about it
    Doctor(Doctor),
}

/// Options that every command has.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// Keys, ledger and recordings
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Address and port to listen on [default: any address, a free port]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// How much may leave: 0, 750k, 5M bits a second, or unlimited
    #[arg(long, value_name = "RATE", default_value = "unlimited")]
    pub(crate) upload_limit: Rate,
    /// Neither ask nor write in the BitTorrent network
    #[arg(long)]
    pub(crate) no_dht: bool,
    /// Neither ask nor answer on the local network
    #[arg(long)]
    pub(crate) no_local: bool,
    /// Do not ask the router to open a port
    #[arg(long)]
    pub(crate) no_port_mapping: bool,
    /// A first contact in the BitTorrent network, instead of the public ones (repeatable)
    #[arg(long, value_name = "ADDR", conflicts_with = "no_dht")]
    pub(crate) dht_bootstrap: Vec<SocketAddr>,
    /// An address at which a member may be
    #[arg(long, value_name = "ADDR")]
    pub(crate) peer: Vec<SocketAddr>,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<f64>,
    /// Leave when the program that started this one has ended
    #[arg(long)]
    pub(crate) with_parent: bool,
    /// Decides everything random but keys
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// More on standard error; twice for everything
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many viewers feed each other
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) viewers: u16,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// The test pattern at 1280x720 instead of 640x360
    #[arg(long)]
    pub(crate) large: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Broadcast {
    /// A file (.mp4, fragmented or not; H.264; AAC or Opus) or - for fragmented MP4 on standard input
    #[arg(required_unless_present = "test_pattern", conflicts_with = "test_pattern")]
    pub(crate) input: Option<String>,
    /// Go live with a moving picture, a clock and a beep
    #[arg(long)]
    pub(crate) test_pattern: bool,
    /// What viewers see as its name
    #[arg(long, default_value = "")]
    pub(crate) title: String,
    /// Only invited people: the link is written to --link-out and nowhere else
    #[arg(long)]
    pub(crate) private: bool,
    /// A relay's ticket, - for standard input, or @FILE (repeatable)
    #[arg(long, value_name = "TICKET")]
    pub(crate) relay: Vec<String>,
    /// Nobody but the named relays sees this machine's address
    #[arg(long, requires = "relay", conflicts_with_all = ["peer", "dht_bootstrap"])]
    pub(crate) shielded: bool,
    /// Begin again when the file ends
    #[arg(long = "loop")]
    pub(crate) looped: bool,
    /// Send a file as fast as it plays (default for files)
    #[arg(long, overrides_with = "no_realtime")]
    pub(crate) realtime: bool,
    /// Send units as they come (default for standard input)
    #[arg(long)]
    pub(crate) no_realtime: bool,
    /// Write the link to this file (readable by you alone)
    #[arg(long, value_name = "FILE")]
    pub(crate) link_out: Option<PathBuf>,
    /// Keep a recording
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Several picture sizes
    #[arg(long, value_name = "NAMES")]
    pub(crate) renditions: Option<String>,
    /// The delay that viewers aim for
    #[arg(long, value_name = "MS")]
    pub(crate) latency_target: Option<u32>,
    /// How far viewers can go back
    #[arg(long, value_name = "SECONDS")]
    pub(crate) window: Option<u32>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The link, - for standard input, or @FILE; without it MANYHANDS_LINK is read
    pub(crate) link: Option<String>,
    /// Serve the page [default: on a free loopback port]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    pub(crate) serve: Option<SocketAddr>,
    /// Write fragmented MP4 to a file, or - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Which picture size to watch
    #[arg(long, value_name = "NAME")]
    pub(crate) rendition: Option<String>,
    /// Where to begin
    #[arg(long, value_name = "live|start|-SECONDS")]
    pub(crate) from: Option<String>,
    /// Give up when nobody answers for this long
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
    /// Write the last stats object to this file at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) stats_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) lend: Lend,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// A link whose broadcast is on, - for standard input, or @FILE: its peers say how they see this
    /// machine. Without it MANYHANDS_LINK is read, if there is one
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Write the ticket to this file (readable by you alone) and print it nowhere
    #[arg(long, value_name = "FILE")]
    pub(crate) ticket_out: Option<PathBuf>,
    /// Where others can dial this machine, if that is not what it sees of itself (repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) public: Vec<SocketAddr>,
    /// The most connections at once
    #[arg(
        long, value_name = "NUMBER", default_value_t = manyhands_session::RELAY_CONNECTIONS as u16,
        value_parser = clap::value_parser!(u16).range(8..=128)
    )]
    pub(crate) connections: u16,
    /// Make a new ticket: the old one opens nothing any more
    #[arg(long)]
    pub(crate) new_ticket: bool,
    #[command(flatten)]
    pub(crate) lend: Lend,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What holds lending a hand back. A computer on a cable has none of it; here it can be said.
#[derive(Debug, Clone, Args)]
pub(crate) struct Lend {
    /// This network costs by the byte: give nothing, or with --budget no more than that
    #[arg(long)]
    pub(crate) metered: bool,
    /// On battery, with this much left: give half, and nothing under 20
    #[arg(
        long, value_name = "PERCENT", num_args = 0..=1, default_missing_value = "100",
        value_parser = clap::value_parser!(u8).range(0..=100)
    )]
    pub(crate) on_battery: Option<u8>,
    /// The most to give, in bytes: 200M or 5G a day, 20G/month (repeatable)
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) budget: Vec<Budget>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Link {
    /// What a link says: channel, invitation, addresses
    Show {
        /// The link, - for standard input, or @FILE; without it MANYHANDS_LINK is read
        link: Option<String>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make an invitation
    Invite,
    /// Take an invitation back
    Revoke,
}

impl Common {
    /// How others are found besides the addresses that are known.
    pub(crate) fn finding(&self) -> Finding {
        let first = || match self.dht_bootstrap.as_slice() {
            [] => Bootstrap::Public,
            nodes => Bootstrap::Nodes(nodes.to_vec()),
        };
        Finding {
            local: !self.no_local,
            dht: (!self.no_dht).then(first),
            port_mapping: !self.no_port_mapping,
            ..Finding::default()
        }
    }

    /// How long to run at most.
    pub(crate) fn duration(&self) -> Option<Duration> {
        self.duration.and_then(|s| Duration::try_from_secs_f64(s).ok())
    }
}
