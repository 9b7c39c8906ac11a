//! The mDNS daemon (`mdns-sd`, RFC 6762 and 6763) as this program uses it: one service, on real
//! interfaces only, with names that say nothing, thrown away when somebody fills it.

use std::net::SocketAddr;
use std::time::Duration;

use manyhands_stream::{LAN_MARK_LEN, LanMark};
use mdns_sd::{
    IfKind, Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo, TxtProperty,
};
use tokio::time::timeout;

/// The service, as anybody on the network can see it.
const SERVICE: &str = "_manyhands._udp.local.";
/// The record's one key; its value is the mark.
const KEY: &str = "m";
/// Addresses of one sighting that are looked at.
const MAX_ADDRESSES: usize = 4;
/// Records that the daemon may hold: 100 machines with 4 records each and their renewals. It has no
/// bound of its own.
const MAX_RECORDS: i64 = 1_000;
/// A daemon that is asked how it is and does not answer in this time is being flooded.
const ANSWERS: Duration = Duration::from_millis(500);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What this node is called on the local network: drawn for one run, never the machine's own name.
#[derive(Debug)]
pub(super) struct Names {
    instance: String,
    host: String,
}

impl Names {
    pub(super) fn random() -> Self {
        let drawn = || format!("{:016x}", rand::random::<u64>());
        Self { instance: drawn(), host: format!("{}.local.", drawn()) }
    }

    /// Whether a full name is that of this node.
    pub(super) fn is_own(&self, full: &str) -> bool {
        full.starts_with(&self.instance)
    }
}

/// A service that was found.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) name: String,
    pub(super) mark: Option<LanMark>,
    pub(super) addresses: Vec<SocketAddr>,
}

impl Sighting {
    fn new(service: &ResolvedService) -> Self {
        let mark = service.get_property_val(KEY).flatten();
        let address = |ip: &mdns_sd::ScopedIp| SocketAddr::new(ip.to_ip_addr(), service.port);
        Self {
            name: service.fullname.clone(),
            mark: mark.filter(|m| m.len() == LAN_MARK_LEN).and_then(LanMark::parse),
            addresses: service.addresses.iter().take(MAX_ADDRESSES).map(address).collect(),
        }
    }
}

/// A running daemon: a thread and the sockets on port 5353.
pub(super) struct Daemon {
    daemon: ServiceDaemon,
    found: Option<Receiver<ServiceEvent>>,
}

impl Daemon {
    /// Starts one for a node that listens at `own`; it asks for others if it `searches`.
    pub(super) fn start(own: SocketAddr, searches: bool) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        if own.is_ipv4() {
            daemon.disable_interface(IfKind::IPv6)?;
        }
        if !own.ip().is_unspecified() {
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(IfKind::Addr(own.ip()))?;
        }
        let found = if searches { Some(daemon.browse(SERVICE)?) } else { None };
        Ok(Self { daemon, found })
    }

    /// Says that a member listens at `own`, on each interface with its addresses there.
    pub(super) fn announce(
        &self,
        own: SocketAddr,
        names: &Names,
        mark: &LanMark,
    ) -> Result<(), mdns_sd::Error> {
        let (instance, host) = (names.instance.as_str(), names.host.as_str());
        let record = vec![TxtProperty::from((KEY, mark.bytes()))];
        let mut info = if own.ip().is_unspecified() {
            ServiceInfo::new(SERVICE, instance, host, (), own.port(), record)?.enable_addr_auto()
        } else {
            ServiceInfo::new(SERVICE, instance, host, own.ip(), own.port(), record)?
        };
        // Nobody else draws the same 64 bits, and probes would say everything four times a second.
        info.set_requires_probe(false);
        self.daemon.register(info)
    }

    /// The next service that is found; waits for ever when there is no daemon or it doesn't search.
    pub(super) async fn next(daemon: Option<&mut Self>) -> Option<Sighting> {
        let Some(found) = daemon.and_then(|d| d.found.as_ref()) else {
            return std::future::pending().await;
        };
        while let Ok(event) = found.recv_async().await {
            if let ServiceEvent::ServiceResolved(service) = event {
                return Some(Sighting::new(&service));
            }
        }
        // The daemon closes a search that nobody keeps up with; `is_flooded` says so.
        std::future::pending().await
    }

    /// Somebody fills it, or keeps it too busy to say.
    pub(super) async fn is_flooded(&self) -> bool {
        if self.found.as_ref().is_some_and(Receiver::is_disconnected) {
            return true;
        }
        let Ok(answer) = self.daemon.get_metrics() else { return true };
        match timeout(ANSWERS, answer.recv_async()).await {
            Ok(Ok(metrics)) => {
                let cached = metrics.iter().filter(|(name, _)| name.starts_with("cached-"));
                cached.map(|(_, count)| *count).sum::<i64>() > MAX_RECORDS
            }
            _ => true,
        }
    }

    /// Takes back what it has announced and ends.
    pub(super) async fn stop(self) {
        if let Ok(ended) = self.daemon.shutdown() {
            let _ = timeout(GOODBYE, ended.recv_async()).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Once more does nothing; without it the thread would stay when the runtime goes.
        let _ = self.daemon.shutdown();
    }
}
