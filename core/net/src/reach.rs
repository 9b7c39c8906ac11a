//! What makes this node reachable through a NAT: what neighbours see of it, and the meetings that
//! common neighbours arrange. The thin layer between the pure parts and the socket.

use std::net::{IpAddr, SocketAddr};

use manyhands_swarm::{Contact, Mapping, Meeting, NodeId, Time};
use tokio::sync::{mpsc, watch};

use crate::destinations::{Destinations, is_nearby};
use crate::driver::Input;
use crate::endpoint::Quic;
use crate::mapping::Observations;
use crate::meetings::Meetings;
use crate::port_mapping::PortMapping;
use crate::punch::Punch;
use crate::report::Visibility;

pub(crate) struct Reach {
    quic: Quic,
    observations: Observations,
    meetings: Meetings,
    mapped: watch::Receiver<PortMapping>,
}

impl Reach {
    /// What comes in for a meeting is reported as an input.
    pub(crate) fn new(
        quic: Quic,
        own: NodeId,
        inputs: mpsc::Sender<Input>,
        mapped: watch::Receiver<PortMapping>,
    ) -> Self {
        quic.socket().hear_punches(inputs);
        let observations = Observations::default();
        Self { quic, observations, meetings: Meetings::new(own), mapped }
    }

    /// A neighbour says at which address it sees this node.
    pub(crate) fn on_observed(&mut self, by: SocketAddr, seen: &[u8]) {
        // What stays in this network meets no NAT, and says nothing about it.
        if is_nearby(by.ip()) {
            return;
        }
        let order = self.quic.socket().destinations().order(by);
        if let (Some(seen), Some((order, _))) = (parse(seen), order) {
            self.observations.on_observed(order, by, seen);
        }
    }

    /// This node stands elsewhere: what neighbours saw there says nothing any more, and a NAT in front
    /// knows nobody yet.
    pub(crate) fn on_moved(&mut self) {
        self.observations = Observations::default();
        *self.quic.socket().destinations() = Destinations::default();
    }

    /// How neighbours see this socket.
    pub(crate) fn visibility(&self) -> Visibility {
        Visibility::of(&self.observations, self.quic.socket().destinations().count())
    }

    /// How the NAT in front maps this socket, at this moment.
    pub(crate) fn mapping(&self) -> Mapping {
        self.observations.mapping(self.quic.socket().destinations().count())
    }

    /// The port that the router has opened, where neighbours see the same router: others may be sent
    /// to no address but the one that a neighbour of both sees (SECURITY 6).
    pub(crate) fn open_port(&self) -> Option<u16> {
        let address = self.mapped.borrow().address()?;
        self.observations.is_seen_from(address.ip()).then(|| address.port())
    }

    pub(crate) fn meet(&mut self, now: Time, meeting: Meeting) {
        let allowed = self.meetings.handle_meeting(now, meeting);
        if !allowed {
            tracing::debug!("an introduction leads where nothing may be sent");
        }
        self.flush();
    }

    /// A packet of a meeting has come; whom to dial where, if that is due now.
    pub(crate) fn on_punch(&mut self, from: SocketAddr, punch: Punch) -> Option<Contact> {
        let dial = self.meetings.handle_punch(crate::canonical(from), punch);
        self.flush();
        dial
    }

    pub(crate) fn on_time(&mut self, now: Time) {
        self.meetings.handle_timeout(now);
        self.flush();
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.meetings.poll_timeout()
    }

    fn flush(&mut self) {
        self.quic.socket().expect_punches(self.meetings.tokens().collect());
        while let Some((to, punch)) = self.meetings.poll_transmit() {
            self.quic.socket().send_punch(to, punch);
        }
    }
}

/// An address as OBSERVED carries it: IPv4 or IPv6, then the port, big-endian.
pub(crate) fn observed(address: SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend(address.port().to_be_bytes());
    bytes
}

fn parse(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let ip: IpAddr = match ip.len() {
        4 => <[u8; 4]>::try_from(ip).ok()?.into(),
        16 => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observed_addresses_read_back_and_other_lengths_do_not() {
        for address in ["203.0.113.9:4433", "[2001:db8::9]:4433"] {
            let address: SocketAddr = address.parse().unwrap();
            let bytes = observed(address);
            assert_eq!(parse(&bytes), Some(address));
            assert_eq!(parse(&bytes[1..]), None);
        }
        assert_eq!(parse(&[]), None);
    }
}
