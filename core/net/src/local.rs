//! The local network: who carries an open broadcast says so by mDNS, and viewers listen for it.
//!
//! The record is that of SECURITY 25: a service name that tells only which program it is, names that
//! are random in each run, and a mark that nobody can read who does not know the channel. Both who
//! broadcasts and who watches announce themselves (docs/decisions/0005), once they know that the
//! broadcast is not private; from then on a private one neither asks nor answers here.
//!
//! It is switched on and off while the node runs. Where a phone's system keeps multicast to itself, the
//! shell asks in the node's place (`by_shell`): then nothing is sent from here, and what is found is held
//! to the same bounds.

mod control;
mod daemon;
mod sightings;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use manyhands_stream::LanMark;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::discovery::{Audience, Offers, Prospect, Standing};
use crate::network::Moves;
use crate::node::{Via, to_time};
use crate::unix_ms;

pub(crate) use control::{Control, Orders, control};
pub use control::{LocalPart, LocalUse};
use daemon::{Daemon, Sighting};
use sightings::Sightings;

/// How often it is seen whether the hour has changed and whether somebody floods us.
const BEAT: Duration = Duration::from_millis(500);
/// After a flood nothing is asked or answered for this long.
const REST: Duration = Duration::from_secs(30);

/// Announces and looks until the node has ended.
pub(crate) async fn run(
    own: SocketAddr,
    part: LocalPart,
    orders: Orders,
    standing: watch::Receiver<Standing>,
    moves: Moves,
    offers: Offers,
) {
    let searches = standing.borrow().audience == Audience::Unknown;
    let names = daemon::Names::random();
    let local = Local {
        own,
        part,
        searches,
        names,
        offers,
        start: Instant::now(),
        seen: Sightings::default(),
        daemon: None,
        announced: None,
        rest_until: None,
    };
    local.run(orders, standing, moves).await;
}

struct Local {
    own: SocketAddr,
    part: LocalPart,
    /// A broadcaster waits to be found.
    searches: bool,
    names: daemon::Names,
    offers: Offers,
    start: Instant,
    seen: Sightings,
    daemon: Option<Daemon>,
    /// The hour of the mark that is announced.
    announced: Option<u64>,
    rest_until: Option<Instant>,
}

impl Local {
    async fn run(
        mut self,
        mut orders: Orders,
        mut standing: watch::Receiver<Standing>,
        mut moves: Moves,
    ) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut used, mut changed) = (false, true);
        loop {
            if changed {
                let audience = standing.borrow_and_update().audience;
                used = *orders.on.borrow_and_update() && audience != Audience::Closed;
                // Said before the first packet leaves, and taken back after the last one has.
                if used {
                    orders.tell(true);
                }
                self.follow(used, audience).await;
                if !used {
                    orders.tell(false);
                }
            }
            changed = tokio::select! {
                changed = standing.changed() => if changed.is_err() { break } else { true },
                Ok(()) = orders.on.changed() => true,
                // Who is off, or leaves it to the shell, need not be woken.
                _ = beat.tick(), if used && !self.part.by_shell => true,
                // In another network nobody has heard what was said in this one.
                () = moves.next() => {
                    self.stop().await;
                    true
                }
                Some(sighting) = Daemon::next(self.daemon.as_mut()) => {
                    if !self.on_sighting(&sighting).await {
                        break;
                    }
                    false
                }
                Some(address) = orders.found.recv() => {
                    if used && !self.offer(&[address]).await {
                        break;
                    }
                    false
                }
            };
        }
        self.stop().await;
        orders.tell(false);
    }

    /// Makes the daemon do what is allowed.
    async fn follow(&mut self, used: bool, audience: Audience) {
        let hour = unix_ms() / 3_600_000;
        if !used || self.announced.is_some_and(|then| then != hour) {
            self.stop().await;
        }
        if let Some(daemon) = &self.daemon
            && daemon.is_flooded().await
        {
            tracing::debug!("too much is answered on the local network; resting");
            self.stop().await;
            self.rest_until = Some(Instant::now() + REST);
        }
        let rests = self.rest_until.is_some_and(|t| t > Instant::now());
        if !used || rests || self.part.by_shell {
            return;
        }
        if let Err(error) = self.work(audience, hour) {
            tracing::debug!(%error, "the local network is not to be searched");
            self.stop().await;
            self.rest_until = Some(Instant::now() + REST);
        }
    }

    fn work(&mut self, audience: Audience, hour: u64) -> Result<(), mdns_sd::Error> {
        let daemon = match &mut self.daemon {
            Some(daemon) => daemon,
            none => none.insert(Daemon::start(self.own, self.searches)?),
        };
        if audience == Audience::Open && self.announced.is_none() {
            let mark = LanMark::new(&self.part.channel, unix_ms(), &mut rand::rng());
            daemon.announce(self.own, &self.names, &mark)?;
            self.announced = Some(hour);
        }
        Ok(())
    }

    /// Says goodbye; nothing is kept.
    async fn stop(&mut self) {
        self.announced = None;
        if let Some(daemon) = self.daemon.take() {
            daemon.stop().await;
        }
    }

    /// Offers the addresses of a member; false when the node has ended.
    async fn on_sighting(&mut self, sighting: &Sighting) -> bool {
        let ours = sighting.mark.is_some_and(|mark| mark.is_of(&self.part.channel, unix_ms()));
        if !ours || self.names.is_own(&sighting.name) {
            return true;
        }
        self.offer(&sighting.addresses).await
    }

    /// Offers what is near, and not too much of it; false when the node has ended.
    async fn offer(&mut self, addresses: &[SocketAddr]) -> bool {
        let networks = networks();
        for address in addresses {
            let wanted = self.can_reach(address.ip(), &networks)
                && self.seen.handle(to_time(self.start, Instant::now()), *address);
            let prospect = Prospect { address: *address, via: Via::Local, node: None };
            if wanted && !self.offers.send(prospect).await {
                return false;
            }
        }
        true
    }

    /// What is found on the local network has to be in it: nobody makes us dial a stranger.
    fn can_reach(&self, ip: IpAddr, networks: &[if_addrs::Interface]) -> bool {
        if self.own.ip().is_loopback() {
            return ip.is_loopback();
        }
        (ip.is_ipv4() || self.own.is_ipv6()) && networks.iter().any(|i| holds(i, ip))
    }
}

fn networks() -> Vec<if_addrs::Interface> {
    // Without interfaces there is no local network.
    let mut networks = if_addrs::get_if_addrs().unwrap_or_default();
    networks.retain(|i| !i.is_loopback());
    networks
}

fn holds(interface: &if_addrs::Interface, ip: IpAddr) -> bool {
    match (&interface.addr, ip) {
        (if_addrs::IfAddr::V4(own), IpAddr::V4(ip)) => {
            let mask = own.netmask.to_bits();
            own.ip.to_bits() & mask == ip.to_bits() & mask
        }
        (if_addrs::IfAddr::V6(own), IpAddr::V6(ip)) => {
            let mask = own.netmask.to_bits();
            own.ip.to_bits() & mask == ip.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn interface(ip: [u8; 4], prefixlen: u8) -> if_addrs::Interface {
        let addr = if_addrs::Ifv4Addr {
            ip: ip.into(),
            netmask: Ipv4Addr::from_bits(u32::MAX << (32 - prefixlen)),
            prefixlen,
            broadcast: None,
        };
        if_addrs::Interface {
            name: "eth0".into(),
            addr: if_addrs::IfAddr::V4(addr),
            index: None,
            oper_status: if_addrs::IfOperStatus::Up,
            is_p2p: false,
        }
    }

    #[test]
    fn only_what_lies_in_a_network_of_this_machine_is_local() {
        let own = interface([10, 7, 0, 1], 24);
        assert!(holds(&own, IpAddr::from([10, 7, 0, 99])));
        assert!(!holds(&own, IpAddr::from([10, 7, 1, 99])));
        assert!(!holds(&own, IpAddr::from([203, 0, 113, 5])));
        assert!(!holds(&own, IpAddr::from([0; 16])));
    }
}
