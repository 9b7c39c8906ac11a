//! How a session finds others besides the addresses that it knows, and what that takes of keys.

use std::net::SocketAddr;

use manyhands_net::{Dht, DhtPart, Discovery, LocalPart};
use manyhands_stream::{
    Channel, ChannelKey, Link, MAX_CERT_LIFE_MS, MeetingPoint, Secret, Ticket, day_of,
};

use crate::unix_ms;

/// Around midnight a broadcaster writes for the other day as well, for a little over an hour.
const BESIDE_MS: u64 = 2 * 3_600_000;
const DAY_MS: usize = 86_400_000;

/// Which ways are used, and whether the router is asked to let others in; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// Ask and answer on the local network; never for what is private.
    pub local: bool,
    /// The shell asks there in its place, by the system's own means.
    pub local_by_shell: bool,
    /// Use BitTorrent's DHT.
    pub dht: Option<Bootstrap>,
    /// Ask the router for a port (UPnP, PCP, NAT-PMP). Nothing that is to stay hidden asks.
    pub port_mapping: bool,
}

/// Whom to ask first in the DHT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrap {
    /// The public first contacts.
    Public,
    /// These alone.
    Nodes(Vec<SocketAddr>),
}

impl Bootstrap {
    pub(crate) fn nodes(self) -> Option<Vec<SocketAddr>> {
        match self {
            Self::Public => None,
            Self::Nodes(nodes) => Some(nodes),
        }
    }
}

impl Finding {
    /// For a broadcaster. What is signed later is prepared here, so that the channel's secret is at
    /// rest while it is live.
    pub(crate) fn of_broadcast(
        self,
        channel: &Channel,
        invite: &Secret<[u8; 16]>,
        started_ms: u64,
        private: bool,
        relays: &[Ticket],
    ) -> Discovery {
        let publish = |bootstrap: Bootstrap| {
            let point = MeetingPoint::new(channel.key(), invite);
            let signers = days(unix_ms()).map(|day| point.signer(channel, day)).collect();
            let part = DhtPart::Publish { signers, started_ms, relays: relays.to_vec() };
            Dht { bootstrap: bootstrap.nodes(), part }
        };
        let local = (!private).then(|| self.local_part(channel.key()));
        Discovery { local, dht: self.dht.map(publish), port_mapping: self.port_mapping }
    }

    /// For the holder of a link. One that is not for everybody leaves the local network alone.
    pub(crate) fn of_watch(self, link: &Link) -> Discovery {
        let search = |bootstrap: Bootstrap| {
            let part = DhtPart::Search(MeetingPoint::new(link.channel, &link.secret));
            Dht { bootstrap: bootstrap.nodes(), part }
        };
        let open = !(link.personal || link.veiled || link.relays_only);
        let local = open.then(|| self.local_part(link.channel));
        // Who meets relays alone has nobody to let in.
        let port_mapping = self.port_mapping && !link.relays_only;
        Discovery { local, dht: self.dht.map(search), port_mapping }
    }

    /// Switched off it can still be switched on.
    fn local_part(&self, channel: ChannelKey) -> LocalPart {
        LocalPart { channel, on: self.local, by_shell: self.local_by_shell }
    }
}

/// The days of a broadcast that starts at `now`: as long as its certificate can live, and the days
/// beside its midnights.
fn days(now: u64) -> impl Iterator<Item = u32> {
    let last = now.saturating_add(MAX_CERT_LIFE_MS).saturating_add(BESIDE_MS);
    let first = now.saturating_sub(BESIDE_MS);
    (first..=last.saturating_add(DAY_MS as u64)).step_by(DAY_MS).map(day_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_on_which_a_broadcast_may_be_written_about_has_a_signer() {
        for hour in 0..24 {
            let now = 20_000 * DAY_MS as u64 + hour * 3_600_000;
            let signed: Vec<u32> = days(now).collect();
            let written = (now - BESIDE_MS..=now + MAX_CERT_LIFE_MS + BESIDE_MS).step_by(60_000);
            assert!(written.map(day_of).all(|day| signed.contains(&day)), "from hour {hour}");
            assert!(signed.len() <= 4);
        }
    }

    #[test]
    fn what_is_not_for_everybody_leaves_the_local_network_alone() {
        let channel = Channel::from_seed(Secret::new([1; 32]));
        let invite = Secret::new([2; 16]);
        let finding = || Finding { local: true, ..Finding::default() };
        let of = |private| finding().of_broadcast(&channel, &invite, 1, private, &[]).local;
        assert!(of(false).is_some() && of(true).is_none());
        let mut link = Link::open(channel.key(), invite.clone());
        assert!(finding().of_watch(&link).local.is_some());
        link.personal = true;
        assert!(finding().of_watch(&link).local.is_none());
        let asking = || Finding { port_mapping: true, ..finding() };
        assert!(asking().of_watch(&link).port_mapping);
        link.relays_only = true;
        assert!(!asking().of_watch(&link).port_mapping, "it is not to be reached");
        let nothing = Finding::default().of_watch(&Link::open(channel.key(), invite));
        assert!(!nothing.local.unwrap().on && nothing.dht.is_none() && !nothing.port_mapping);
    }
}
