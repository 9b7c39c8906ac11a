//! The router by UPnP Internet Gateway Device, through `igd-next`.
//!
//! The crate searches by multicast and reads whatever answers first. So it searches at a socket of
//! ours on loopback, a [`Sieve`]: the question goes out from there, to all and to the gateway itself,
//! and only what the gateway answers goes in. What the crate then fetches has to be at an address
//! that is the gateway's; it reads 1 MiB at most and has [`PATIENCE`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crab_nat::InternetProtocol;
use igd_next::aio::Gateway;
use igd_next::aio::tokio::{Tokio, search_gateway};
use igd_next::{AddAnyPortError, AddPortError, PortMappingProtocol, SearchOptions};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::LEASE;
use super::gateway::Place;

/// For the search and the description, and again for each request.
const PATIENCE: Duration = Duration::from_secs(2);
/// UPnP Device Architecture 1.1, section 1.3.
const EVERYBODY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), SSDP_PORT);
const SSDP_PORT: u16 = 1900;
/// Larger than any answer to a search: they are headers alone.
const MAX_ANSWER: usize = 1_500;
/// Names what is open on the router's pages; ours would tell that this program is used.
const NO_NAME: &str = "";

/// Why there is no port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The gateway does not speak UPnP.
    NoAnswer,
    /// It does, and opens nothing.
    Refused,
}

/// A port that a gateway has opened.
#[derive(Debug)]
pub(super) struct Igd {
    gateway: Gateway<Tokio>,
    transport: PortMappingProtocol,
    local: SocketAddr,
    address: SocketAddr,
}

/// Asks the gateway for a port that leads to `port` of this machine: `outside` if it is free.
pub(super) async fn open(
    place: Place,
    transport: InternetProtocol,
    port: u16,
    outside: u16,
) -> Result<Igd, Failure> {
    let transport = match transport {
        InternetProtocol::Udp => PortMappingProtocol::UDP,
        InternetProtocol::Tcp => PortMappingProtocol::TCP,
    };
    let gateway = match timeout(PATIENCE, search(place)).await {
        Ok(Ok(gateway)) => gateway,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no search by UPnP");
            return Err(Failure::NoAnswer);
        }
        Err(_) => return Err(Failure::NoAnswer),
    };
    let local = SocketAddr::from((place.local, port));
    match timeout(PATIENCE, add(&gateway, transport, local, outside)).await {
        Ok(Some(address)) => Ok(Igd { gateway, transport, local, address }),
        _ => Err(Failure::Refused),
    }
}

async fn add(
    gateway: &Gateway<Tokio>,
    transport: PortMappingProtocol,
    local: SocketAddr,
    outside: u16,
) -> Option<SocketAddr> {
    let ip = gateway.get_external_ip().await.ok()?;
    let lease = LEASE.as_secs() as u32;
    let port = match gateway.add_port(transport, outside, local, lease, NO_NAME).await {
        Ok(()) => outside,
        // One that is never closed again is none that we want.
        Err(AddPortError::OnlyPermanentLeasesSupported | AddPortError::ActionNotAuthorized) => {
            return None;
        }
        Err(error) => {
            tracing::debug!(%error, "the router has no such port free");
            match gateway.add_any_port(transport, local, lease, NO_NAME).await {
                Ok(port) => port,
                Err(AddAnyPortError::RequestError(_)) | Err(_) => return None,
            }
        }
    };
    Some(SocketAddr::new(ip, port))
}

impl Igd {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn renew(&mut self) -> bool {
        let again = async {
            let lease = LEASE.as_secs() as u32;
            let port = self.address.port();
            self.gateway.add_port(self.transport, port, self.local, lease, NO_NAME).await.ok()?;
            self.gateway.get_external_ip().await.ok()
        };
        match timeout(PATIENCE, again).await {
            Ok(Some(ip)) => {
                self.address.set_ip(ip);
                true
            }
            _ => false,
        }
    }

    pub(super) async fn release(self) {
        let removed = self.gateway.remove_port(self.transport, self.address.port());
        if !matches!(timeout(PATIENCE, removed).await, Ok(Ok(()))) {
            tracing::debug!("the router does not close a port");
        }
    }
}

async fn search(place: Place) -> Result<Gateway<Tokio>, Box<dyn std::error::Error + Send + Sync>> {
    let sieve = Sieve::bind(place).await?;
    let mut options = SearchOptions::default();
    options.bind_addr = (Ipv4Addr::LOCALHOST, 0).into();
    options.broadcast_address = sieve.address()?;
    options.timeout = Some(PATIENCE);
    options.allowed_gateway_ips = vec![place.gateway.into()];
    tokio::select! {
        found = search_gateway(options) => Ok(found?),
        failed = sieve.run() => Err(failed.into()),
    }
}

/// Lets questions out and the gateway's answers in.
struct Sieve {
    inside: UdpSocket,
    outside: UdpSocket,
    gateway: Ipv4Addr,
}

impl Sieve {
    async fn bind(place: Place) -> io::Result<Self> {
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let outside = UdpSocket::bind((place.local, 0)).await?;
        Ok(Self { inside, outside, gateway: place.gateway })
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.inside.local_addr()
    }

    /// Runs until a socket fails.
    async fn run(&self) -> io::Error {
        let (mut question, mut answer) = ([0; MAX_ANSWER], [0; MAX_ANSWER]);
        let mut asker = None;
        loop {
            let passed = tokio::select! {
                read = self.inside.recv_from(&mut question) => match read {
                    Ok((len, from)) => {
                        asker = Some(from);
                        self.ask(question.get(..len).unwrap_or_default()).await
                    }
                    Err(error) => Err(error),
                },
                read = self.outside.recv_from(&mut answer) => match (read, asker) {
                    (Ok((len, from)), Some(asker)) if from.ip() == self.gateway => {
                        let answer = answer.get(..len).unwrap_or_default();
                        self.inside.send_to(answer, asker).await.map(drop)
                    }
                    (Ok(_), _) => Ok(()),
                    (Err(error), _) => Err(error),
                },
            };
            if let Err(error) = passed {
                return error;
            }
        }
    }

    /// Some routers hear only what is said to all, and some networks carry only what is said to one.
    async fn ask(&self, question: &[u8]) -> io::Result<()> {
        let question = for_everybody(question, self.address()?);
        let to_gateway = self.outside.send_to(&question, (self.gateway, SSDP_PORT)).await;
        let to_all = self.outside.send_to(&question, EVERYBODY).await;
        to_gateway.or(to_all).map(drop)
    }
}

/// The crate's question as it has to be on the network: it names the socket it was sent to, and lets
/// devices think for three seconds.
fn for_everybody(question: &[u8], sieve: SocketAddr) -> Vec<u8> {
    let text = String::from_utf8_lossy(question);
    text.replace(&sieve.to_string(), &EVERYBODY.to_string()).replace("MX:3", "MX:1").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn a_search_names_the_group_and_not_a_socket_of_this_machine() {
        let sieve = "127.0.0.1:34567".parse().unwrap();
        let asked = b"M-SEARCH * HTTP/1.1\r\nHost:127.0.0.1:34567\r\nMX:3\r\n\r\n";
        let sent = String::from_utf8(for_everybody(asked, sieve)).unwrap();
        assert_eq!(sent, "M-SEARCH * HTTP/1.1\r\nHost:239.255.255.250:1900\r\nMX:1\r\n\r\n");
    }

    /// Two on loopback answer the same question; one of them is the gateway.
    #[tokio::test]
    async fn only_what_the_gateway_answers_is_read() {
        let gateway = Ipv4Addr::new(127, 0, 0, 2);
        let sieve = Sieve::bind(Place { gateway, local: Ipv4Addr::LOCALHOST }).await.unwrap();
        let outside = sieve.outside.local_addr().unwrap();
        let asker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        asker.send_to(b"a question", sieve.address().unwrap()).await.unwrap();
        let liar = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 3), 0)).await.unwrap();
        let router = UdpSocket::bind((gateway, 0)).await.unwrap();
        let heard = async {
            // Until the question has passed nobody is let through.
            let mut answer = [0; MAX_ANSWER];
            loop {
                liar.send_to(b"from a liar", outside).await.unwrap();
                router.send_to(b"from the router", outside).await.unwrap();
                tokio::select! {
                    read = asker.recv_from(&mut answer) => {
                        let (len, from) = read.unwrap();
                        assert_eq!(from.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
                        return answer[..len].to_vec();
                    }
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        tokio::select! {
            answer = heard => assert_eq!(answer, b"from the router"),
            error = sieve.run() => panic!("{error}"),
        }
    }
}
