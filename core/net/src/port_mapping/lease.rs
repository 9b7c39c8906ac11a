//! A port on loan, whatever protocol the router speaks.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use crab_nat::{
    InternetProtocol, PortMapping, PortMappingOptions, PortMappingType, TimeoutConfig, natpmp, pcp,
};

use super::gateway::Place;
use super::upnp::{self, Igd};
use super::{LEASE, Protocol};

/// A router in the same house answers in a few milliseconds; two losses are forgiven. (RFC 6886
/// begins with 250 ms.)
const TIMEOUTS: TimeoutConfig = TimeoutConfig {
    initial_timeout: Duration::from_millis(200),
    max_retries: 1,
    max_retry_timeout: None,
};
/// What a router may shorten a lease to and have it renewed all the same.
const SHORTEST: Duration = Duration::from_secs(30);

/// An open port.
#[derive(Debug)]
pub(super) enum Lease {
    /// By PCP or NAT-PMP; the latter names the router's address apart.
    Pcp(PortMapping, IpAddr),
    /// By UPnP.
    Upnp(Box<Igd>),
}

impl Lease {
    /// Asks the router for a port that leads to `port` of this machine: `outside`, if that is free. The
    /// error is the protocol by which it refused, if it answered at all.
    pub(super) async fn open(
        place: Place,
        transport: InternetProtocol,
        port: u16,
        outside: u16,
    ) -> Result<Self, Option<Protocol>> {
        let port = NonZeroU16::new(port).ok_or(None)?;
        let gateway = place.gateway.into();
        let wanted = PortMappingOptions {
            external_port: NonZeroU16::new(outside),
            lifetime_seconds: Some(LEASE.as_secs() as u32),
            timeout_config: Some(TIMEOUTS),
        };
        let request = pcp::BaseMapRequest::new(gateway, place.local.into(), transport, port);
        let (by_pcp, external) = tokio::join!(
            pcp::port_mapping(request, None, None, wanted),
            natpmp::external_address(gateway, Some(TIMEOUTS)),
        );
        let mut refused = None;
        match by_pcp {
            Ok(mapping) => {
                if let PortMappingType::Pcp { external_ip, .. } = mapping.mapping_type() {
                    return Ok(Self::Pcp(mapping, external_ip.to_canonical()));
                }
            }
            // Nobody, or somebody who speaks the older protocol alone.
            Err(
                pcp::Failure::Socket(_)
                | pcp::Failure::Timeout
                | pcp::Failure::UnsupportedVersion(_),
            ) => {}
            Err(error) => {
                tracing::debug!(%error, "the router refuses by PCP");
                refused = Some(Protocol::Pcp);
            }
        }
        if let Ok(external) = external {
            match natpmp::port_mapping(gateway, transport, port, wanted).await {
                Ok(mapping) => return Ok(Self::Pcp(mapping, external.into())),
                Err(error) => {
                    tracing::debug!(%error, "the router refuses by NAT-PMP");
                    refused = refused.or(Some(Protocol::NatPmp));
                }
            }
        }
        match upnp::open(place, transport, port.get(), outside).await {
            Ok(igd) => Ok(Self::Upnp(Box::new(igd))),
            Err(upnp::Failure::NoAnswer) => Err(refused),
            Err(upnp::Failure::Refused) => Err(refused.or(Some(Protocol::Upnp))),
        }
    }

    /// Who sends there reaches this node.
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Pcp(mapping, ip) => SocketAddr::new(*ip, mapping.external_port().get()),
            Self::Upnp(igd) => igd.address(),
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::Pcp(mapping, _) => match mapping.mapping_type() {
                PortMappingType::NatPmp => Protocol::NatPmp,
                PortMappingType::Pcp { .. } => Protocol::Pcp,
            },
            Self::Upnp(_) => Protocol::Upnp,
        }
    }

    /// How long the router has lent it for, from the last renewal.
    pub(super) fn lifetime(&self) -> Duration {
        match self {
            Self::Pcp(mapping, _) => {
                Duration::from_secs(mapping.lifetime().into()).clamp(SHORTEST, LEASE)
            }
            Self::Upnp(_) => LEASE,
        }
    }

    /// Asks for as long again; false when the router no longer does that.
    pub(super) async fn renew(&mut self) -> bool {
        match self {
            Self::Pcp(mapping, ip) => {
                if let Err(error) = mapping.renew().await {
                    tracing::debug!(%error, "the router does not renew a port");
                    return false;
                }
                match mapping.mapping_type() {
                    PortMappingType::Pcp { external_ip, .. } => *ip = external_ip.to_canonical(),
                    PortMappingType::NatPmp => {
                        let gateway = mapping.gateway();
                        match natpmp::external_address(gateway, Some(TIMEOUTS)).await {
                            Ok(external) => *ip = external.into(),
                            Err(_) => return false,
                        }
                    }
                }
                true
            }
            Self::Upnp(igd) => igd.renew().await,
        }
    }

    /// Gives it back. A router that does not answer closes it when the lease ends.
    pub(super) async fn release(self) {
        match self {
            Self::Pcp(mapping, _) => {
                if let Err((error, _)) = mapping.try_drop().await {
                    tracing::debug!(%error, "the router does not close a port");
                }
            }
            Self::Upnp(igd) => igd.release().await,
        }
    }
}
