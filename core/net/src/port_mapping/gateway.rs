//! Where this machine stands: its default gateway, and its own address towards it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::budget::is_public;
use crate::network::{INTERNET_V4, source_towards};

/// The port of PCP and NAT-PMP (RFC 6887, section 19.5); only the way to it is looked up here.
const ANY_PORT: u16 = 5351;

/// A network as far as its router is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The default gateway.
    pub(super) gateway: Ipv4Addr,
    /// This machine, as the gateway sees it.
    pub(super) local: Ipv4Addr,
}

impl Place {
    /// Where a node stands that listens at `own`; nothing without an IPv4 router, or when the
    /// router could not reach that node.
    pub(super) async fn find(own: SocketAddr) -> Option<Self> {
        // Asks the kernel for its tables, with as many answers as there are routes.
        let gateway = tokio::task::spawn_blocking(gateway).await.ok().flatten()?;
        let IpAddr::V4(local) = source_towards((gateway, ANY_PORT).into())? else { return None };
        let reached = own.ip().is_unspecified() || own.ip().to_canonical() == IpAddr::V4(local);
        reached.then_some(Self { gateway, local })
    }

    /// No NAT is in between.
    pub(super) fn is_public(&self) -> bool {
        is_public(self.local.into())
    }
}

/// Of several the one towards which this machine has the address with which it reaches the Internet.
fn gateway() -> Option<Ipv4Addr> {
    let own = source_towards(INTERNET_V4)?;
    let mut usable = gateways().into_iter().filter(|ip| !ip.is_unspecified() && !ip.is_loopback());
    usable.find(|ip| source_towards((*ip, ANY_PORT).into()) == Some(own))
}

/// Of the default routes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn gateways() -> Vec<Ipv4Addr> {
    let defaults = getifs::route_ipv4_table_by_filter(getifs::Ipv4Route::is_default);
    defaults.iter().flatten().filter_map(getifs::Ipv4Route::gateway).collect()
}

/// `getifs` doesn't compile for iOS, and there is no netlink to read here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn gateways() -> Vec<Ipv4Addr> {
    netdev::get_default_gateway().map(|device| device.ipv4).unwrap_or_default()
}
