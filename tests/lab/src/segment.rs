//! A local network: a bridge that joins hosts, so that what one says to all reaches all.
//!
//! The emulator carries what goes from one address to another; a household's network carries
//! multicast as well. Hosts that stand on a segment have a second device, `lan0`, with an address out
//! of 10.77.0.0/24; nothing is delayed or lost there.

use std::net::Ipv4Addr;

use crate::error::LabError;
use crate::host::Host;
use crate::netns::Netns;

const BRIDGE: &str = "lan";
const DEVICE: &str = "lan0";

/// A bridge in a namespace of its own. Dropping it takes the hosts' devices with it.
#[derive(Debug)]
pub struct Segment {
    netns: Netns,
    hosts: u8,
}

impl Segment {
    /// One without hosts.
    pub fn new() -> Result<Self, LabError> {
        let netns = Netns::new("segment")?;
        // Without snooping every host hears every group, as on a household's switch.
        let wiring =
            format!("link add name {BRIDGE} type bridge mcast_snooping 0\nlink set {BRIDGE} up\n");
        netns.tool("ip", &["-batch", "-"], &wiring)?;
        Ok(Self { netns, hosts: 0 })
    }

    /// Plug a host in and give its address here.
    pub fn plug(&mut self, host: &Host) -> Result<Ipv4Addr, LabError> {
        self.hosts += 1;
        let (number, there) = (self.hosts, host.netns());
        let wiring = format!(
            "link add name p{number} type veth peer name {DEVICE} netns {}\n\
             link set p{number} master {BRIDGE} up\n",
            there.thread()
        );
        self.netns.tool("ip", &["-batch", "-"], &wiring)?;
        let address = Ipv4Addr::new(10, 77, 0, number);
        let wiring = format!("address add {address}/24 dev {DEVICE}\nlink set {DEVICE} up\n");
        there.tool("ip", &["-batch", "-"], &wiring)?;
        Ok(address)
    }
}
