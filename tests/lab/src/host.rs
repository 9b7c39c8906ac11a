//! One host: a namespace, its `eth0` (a TAP device whose other end the emulator holds), its address.
//!
//! Every host has a /24 of its own out of 198.18.0.0/15, the block for testing devices (RFC 2544):
//! it isn't private, so the program treats these addresses as those of strangers on the Internet,
//! and no packet leaves the machine because nothing outside the emulator holds the other end. A host
//! behind NATs has a private address of its own besides, and the others see it at the former.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{setsockopt, sockopt::RcvBufForce};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use crate::error::LabError;
use crate::hub::Hub;
use crate::link::{Line, Link};
use crate::nat::Kind;
use crate::netns::Netns;
use crate::router::INSIDE;

/// Hosts in one lab, at most: what the address block holds.
pub const MAX_HOSTS: u16 = 510;
/// A probe's receive buffer, in bytes: about 1,700 datagrams as the kernel accounts them.
const RECEIVE_BUFFER: usize = 4 << 20;
const DEVICE: &str = "eth0";
const LOOPBACK: &str = "lo";
/// The device towards the other network of a host that moves.
const OTHER_DEVICE: &str = "eth1";
const MTU: u16 = 1500;
/// Shortest burst that tbf may let through at once, in bytes: two full frames.
const MIN_BURST: u64 = 3028;
/// Time that a tbf's burst lasts at its rate, in seconds; the kernel's timers are finer than this.
const BURST_SECONDS: f64 = 0.004;

/// A host of the lab. Dropping it kills what runs in it and takes it off the network.
#[derive(Debug)]
pub struct Host {
    name: String,
    address: Ipv4Addr,
    inside: Ipv4Addr,
    /// Its address in its other network, if it has one.
    elsewhere: Option<Ipv4Addr>,
    netns: Netns,
}

/// In which of its two networks a host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The one in which it begins.
    First,
    /// The other one.
    Second,
}

impl Stand {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl Host {
    /// Host number `number` from 1, plugged into `hub` by `line`, behind NATs of a kind.
    pub(crate) fn new(
        number: u16,
        name: &str,
        line: Line,
        kind: Kind,
        hub: &Hub,
    ) -> Result<Self, LabError> {
        let address = address_of(number)?;
        let inside = if kind == Kind::Open { address } else { INSIDE };
        Self::plugged(name, line, kind, (address, inside), hub)
    }

    /// Host number `number` that can move to another network, by a line like its first.
    pub(crate) fn roaming(
        number: u16,
        name: &str,
        line: Line,
        hub: &Hub,
    ) -> Result<Self, LabError> {
        let mut host = Self::new(number, name, line, Kind::Open, hub)?;
        let [a, b, c, _] = host.address.octets();
        let address = Ipv4Addr::new(a, b, c, 2);
        plug(&host.netns, OTHER_DEVICE, address, line, Kind::Open, hub)?;
        host.elsewhere = Some(address);
        Ok(host)
    }

    /// Moves to one of its networks: nothing that is sent to the other one reaches it any more, and no
    /// word of farewell is said there.
    pub fn stand(&self, place: Stand) -> Result<(), LabError> {
        let other = self
            .elsewhere
            .ok_or_else(|| LabError::Usage(format!("{} has no other network", self.name)))?;
        let (from, to, address) = match place {
            Stand::First => (OTHER_DEVICE, DEVICE, self.address),
            Stand::Second => (DEVICE, OTHER_DEVICE, other),
        };
        let leaving = format!("link set {from} down\naddress flush dev {from}\n");
        let moving = leaving + &standing(to, address);
        self.netns.tool("ip", &["-batch", "-"], &moving)
    }

    /// Every address at which the others may see it.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        [Some(self.address), self.elsewhere].into_iter().flatten()
    }

    /// A router number `number`, plugged into `hub` by `line`: see [`crate::home`] for its address.
    pub(crate) fn router(number: u16, name: &str, line: Line, hub: &Hub) -> Result<Self, LabError> {
        let [_, block, number, _] = address_of(number)?.octets();
        let address = Ipv4Addr::new(44, 128, block, number);
        Self::plugged(name, line, Kind::Open, (address, address), hub)
    }

    /// A machine in a namespace that is wired already, which others see at `address`.
    pub(crate) fn within(name: &str, address: Ipv4Addr, inside: Ipv4Addr, netns: Netns) -> Self {
        Self { name: name.into(), address, inside, elsewhere: None, netns }
    }

    fn plugged(
        name: &str,
        line: Line,
        kind: Kind,
        (address, inside): (Ipv4Addr, Ipv4Addr),
        hub: &Hub,
    ) -> Result<Self, LabError> {
        let netns = Netns::new(name)?;
        plug(&netns, DEVICE, address, line, kind, hub)?;
        let wiring = format!("link set lo up\n{}", standing(DEVICE, inside));
        netns.tool("ip", &["-batch", "-"], &wiring)?;
        Ok(Self { name: name.into(), address, inside, elsewhere: None, netns })
    }

    /// Its name, for files and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address at which the others see it.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The address that it has itself: another one behind a NAT.
    pub fn inside(&self) -> Ipv4Addr {
        self.inside
    }

    /// Start a program in it, without standard input; it is killed when the host goes.
    pub fn spawn(&self, command: Command, output: Stdio, errors: Stdio) -> Result<Child, LabError> {
        self.netns.spawn(command, output, errors)
    }

    /// Run `work` in it and wait for it: sockets and threads that it opens stay there.
    pub fn run<T, F>(&self, work: F) -> Result<T, LabError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.netns.run(work)
    }

    /// The namespace it is.
    pub(crate) fn netns(&self) -> &Netns {
        &self.netns
    }

    /// A UDP socket in it, for probes, with room for what comes while its reader waits for a core.
    pub fn udp(&self) -> Result<UdpSocket, LabError> {
        let address = self.inside;
        let socket = self
            .netns
            .run(move || UdpSocket::bind((address, 0)))?
            .map_err(LabError::io("bind a UDP socket"))?;
        setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER)
            .map_err(|errno| LabError::permission("enlarge a receive buffer")(errno.into()))?;
        Ok(socket)
    }

    /// Bytes it put on the wire so far, by the kernel's count, behind the shaper, Ethernet headers
    /// included.
    pub fn sent_bytes(&self) -> Result<u64, LabError> {
        self.netns.sent_bytes(DEVICE)
    }

    /// Bytes that have reached it, by the same count.
    pub fn received_bytes(&self) -> Result<u64, LabError> {
        self.netns.received_bytes(DEVICE)
    }

    /// Bytes that its programs sent to itself.
    pub fn sent_within(&self) -> Result<u64, LabError> {
        self.netns.sent_bytes(LOOPBACK)
    }
}

/// Makes a device in a namespace that leads by `line` to the others, who see `address` there. It is
/// down.
fn plug(
    netns: &Netns,
    device: &'static str,
    address: Ipv4Addr,
    line: Line,
    kind: Kind,
    hub: &Hub,
) -> Result<(), LabError> {
    let mac = mac_of(address);
    let open = move || open_tap(device);
    let tap = netns.run(open)?.map_err(LabError::permission("make a TAP device"))?;
    let shown = mac.map(|byte| format!("{byte:02x}")).join(":");
    let wiring = format!("link set {device} address {shown} arp off addrgenmode none\n");
    netns.tool("ip", &["-batch", "-"], &wiring)?;
    netns.tool("ethtool", &["-K", device, "tso", "off", "gso", "off"], "")?;
    if let Some(shaper) = shaper(device, &line.up) {
        netns.tool("tc", &["-batch", "-"], &shaper)?;
    }
    // The rate of the way up is the tbf's; the emulator does the rest.
    let up = Link { rate: None, ..line.up };
    hub.plug(address, mac, tap, Line { up, ..line }, kind)
}

fn open_tap(device: &str) -> std::io::Result<SyncDevice> {
    let builder = DeviceBuilder::new().name(device).layer(Layer::L2).mtu(MTU).enable(false);
    let device = builder.build_sync()?;
    device.set_nonblocking(true)?;
    Ok(device)
}

fn address_of(number: u16) -> Result<Ipv4Addr, LabError> {
    if number == 0 || number > MAX_HOSTS {
        return Err(LabError::Usage(format!("a lab has at most {MAX_HOSTS} hosts")));
    }
    let [high, low] = number.to_be_bytes();
    Ok(Ipv4Addr::new(198, 18 + high, low, 1))
}

/// A locally administered address (first octet 02) that shows the host's.
fn mac_of(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [2, 0, a, b, c, d]
}

/// Makes `device` the one by which everybody is reached.
fn standing(device: &str, address: Ipv4Addr) -> String {
    format!(
        "address add {address}/15 dev {device}\n\
         link set {device} up\n\
         route add default dev {device}\n"
    )
}

fn shaper(device: &str, up: &Link) -> Option<String> {
    let rate = up.rate?;
    let burst = ((rate as f64 / 8.0 * BURST_SECONDS) as u64).max(MIN_BURST);
    let latency = up.queue.as_micros().max(1);
    Some(format!(
        "qdisc add dev {device} root tbf rate {rate}bit burst {burst} latency {latency}us\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_a_network_of_its_own_in_the_test_block() {
        let all: std::collections::BTreeSet<Ipv4Addr> =
            (1..=MAX_HOSTS).map(|n| address_of(n).expect("in range")).collect();
        assert_eq!(all.len(), usize::from(MAX_HOSTS));
        assert!(all.iter().all(|a| [18, 19].contains(&a.octets()[1]) && a.octets()[0] == 198));
        assert!(address_of(0).is_err() && address_of(MAX_HOSTS + 1).is_err());
    }
}
