//! A port of the home router that leads to this node's socket, and the same one for TCP where it listens
//! there: asked for by PCP or NAT-PMP, else by UPnP, renewed as long as the node lives, given back when it
//! leaves.
//!
//! Invariants (SECURITY 36): nobody but this machine's own default gateway is spoken to, and nobody
//! else's answer is read; a mapping is on loan, [`LEASE`] at most, and has no name; a node that has a
//! public address, or that only this machine can reach, asks for nothing.

mod gateway;
mod lease;
mod upnp;

use std::net::SocketAddr;
use std::time::Duration;

use crab_nat::InternetProtocol;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::budget::is_allowed;
use crate::network::Moves;
use gateway::Place;
use lease::Lease;

/// How long the router keeps a port open that nobody renews: what a crash leaves behind. Half of it
/// is how long a router that was restarted stays closed.
const LEASE: Duration = Duration::from_secs(20 * 60);
/// How often it is seen whether this machine has moved to another network.
const LOOK: Duration = Duration::from_secs(30);
/// After a refusal or no answer: doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LAST_PAUSE: Duration = Duration::from_secs(30 * 60);
/// How long giving a port back may hold up the end.
const GIVING_BACK: Duration = Duration::from_millis(1_500);

/// By which protocol the router was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Port Control Protocol (RFC 6887).
    Pcp,
    /// NAT Port Mapping Protocol (RFC 6886).
    NatPmp,
    /// UPnP Internet Gateway Device.
    Upnp,
}

impl Protocol {
    /// The word that scripts see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pcp => "pcp",
            Self::NatPmp => "nat-pmp",
            Self::Upnp => "upnp",
        }
    }
}

/// What has come of asking the router for a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortMapping {
    /// It is not asked: it must not be, or nobody outside this machine could use it.
    Off,
    /// It has not answered yet.
    Asking,
    /// This machine has a public address of its own.
    NotNeeded,
    /// There is no router in front, or it is not to be found.
    NoRouter,
    /// The router answers none of the three protocols.
    NoAnswer,
    /// The router answers, and opens nothing.
    Refused(Protocol),
    /// Whoever sends to `address` reaches this node.
    Open {
        /// The router's address on the Internet and the port.
        address: SocketAddr,
        /// How it was asked for.
        by: Protocol,
    },
    /// The router would open a port, but is itself behind another one: nobody reaches `address`
    /// from the Internet.
    BehindAnother {
        /// The router's address in the network of the other one.
        address: SocketAddr,
        /// How it was asked for.
        by: Protocol,
    },
}

impl PortMapping {
    /// Where others reach this node through the router.
    #[must_use]
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Open { address, .. } => Some(address),
            _ => None,
        }
    }

    fn of(address: SocketAddr, by: Protocol) -> Self {
        if is_allowed(address) {
            Self::Open { address, by }
        } else {
            Self::BehindAnother { address, by }
        }
    }
}

/// The task that keeps a port open.
#[derive(Debug)]
pub(crate) struct Opener {
    state: watch::Receiver<PortMapping>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Opener {
    /// One that asks nobody.
    pub(crate) fn off() -> Self {
        Self { state: watch::channel(PortMapping::Off).1, running: None }
    }

    /// One for a node that listens at `own`, by TCP as well if it does.
    pub(crate) fn start(own: SocketAddr, tcp: bool, moves: Moves) -> Self {
        if own.ip().is_loopback() {
            return Self::off();
        }
        let (tell, state) = watch::channel(PortMapping::Asking);
        let (stop, stopped) = oneshot::channel();
        let keeper = Keeper { own, tcp, moves, tell, lease: None, beside: None, asked: None };
        Self { state, running: Some((stop, tokio::spawn(keeper.run(stopped)))) }
    }

    /// What has come of it, now and from now on.
    pub(crate) fn state(&self) -> watch::Receiver<PortMapping> {
        self.state.clone()
    }

    /// Gives the port back.
    pub(crate) async fn close(self) {
        if let Some((stop, task)) = self.running {
            drop(stop);
            let _ = tokio::time::timeout(GIVING_BACK, task).await;
        }
    }
}

struct Keeper {
    own: SocketAddr,
    tcp: bool,
    moves: Moves,
    tell: watch::Sender<PortMapping>,
    lease: Option<Lease>,
    /// The same port for TCP.
    beside: Option<Lease>,
    /// What the router has been asked and has not answered: what it opens has to be closed, too.
    asked: Option<JoinHandle<Answer>>,
}

/// The error is the protocol by which the router refused, if it answered at all.
type Answer = Result<Lease, Option<Protocol>>;

impl Keeper {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                () = self.serve_here() => {}
                _ = &mut stopped => break,
            }
        }
        let (lease, beside) = (self.lease.take(), self.beside.take());
        let was_open = lease.is_some();
        let late = async {
            if let Some(asked) = self.asked.take() {
                release(asked.await.ok().and_then(Result::ok)).await;
            }
        };
        tokio::join!(release(lease), release(beside), late);
        if was_open {
            self.tell(PortMapping::Off);
        }
    }

    /// Keeps a port open as long as this machine stays where it is.
    async fn serve_here(&mut self) {
        let own = self.own;
        let mut moves = self.moves.clone();
        let place = Place::find(own).await;
        tokio::select! {
            () = self.serve(place) => {}
            () = moved(own, place, &mut moves) => {}
        }
        self.moves = moves;
        // The router of another network is out of reach: what it has lent ends by itself.
        (self.lease, self.beside, self.asked) = (None, None, None);
    }

    /// Asks the router for a port that leads to this node's: `outside`, if that is free. Whatever stops
    /// the node meanwhile, the answer is waited for.
    async fn ask(&mut self, place: Place, transport: InternetProtocol, outside: u16) -> Answer {
        let port = self.own.port();
        let asking = tokio::spawn(Lease::open(place, transport, port, outside));
        let answer = self.asked.insert(asking).await;
        self.asked = None;
        answer.unwrap_or(Err(None))
    }

    async fn serve(&mut self, place: Option<Place>) {
        let Some(place) = place else {
            self.tell(PortMapping::NoRouter);
            return std::future::pending().await;
        };
        if place.is_public() {
            self.tell(PortMapping::NotNeeded);
            return std::future::pending().await;
        }
        let mut pause = FIRST_PAUSE;
        loop {
            match self.ask(place, InternetProtocol::Udp, self.own.port()).await {
                Ok(lease) => {
                    pause = FIRST_PAUSE;
                    if self.keep(place, lease).await {
                        continue;
                    }
                }
                Err(answered) => {
                    self.tell(answered.map_or(PortMapping::NoAnswer, PortMapping::Refused));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Keeps a port open until the router no longer renews it; false when it leads nowhere.
    async fn keep(&mut self, place: Place, lease: Lease) -> bool {
        let (address, by) = (lease.address(), lease.protocol());
        tracing::info!(protocol = by.word(), "the router has opened a port");
        self.lease = Some(lease);
        if PortMapping::of(address, by).address().is_none() {
            self.tell(PortMapping::BehindAnother { address, by });
            // It would lead nowhere; there may be another router another time.
            release(self.lease.take()).await;
            return false;
        }
        self.tell.send_replace(PortMapping::of(address, by));
        if self.tcp {
            self.beside = self.open_tcp(place, address.port()).await;
            tracing::info!(open = self.beside.is_some(), "the router was asked for TCP, too");
        }
        while let Some(lease) = &mut self.lease {
            sleep(lease.lifetime() / 2).await;
            if !lease.renew().await {
                break;
            }
            let state = PortMapping::of(lease.address(), by);
            self.tell.send_if_modified(|told| std::mem::replace(told, state) != state);
            if let Some(beside) = &mut self.beside
                && !beside.renew().await
            {
                // UDP goes on; with the next router there is another try.
                self.beside = None;
            }
        }
        release(self.beside.take()).await;
        self.lease = None;
        self.tell(PortMapping::Asking);
        true
    }

    /// The same port for TCP; nothing where the router has another number only, since an address is named
    /// once for both.
    async fn open_tcp(&mut self, place: Place, outside: u16) -> Option<Lease> {
        let lease = self.ask(place, InternetProtocol::Tcp, outside).await.ok()?;
        if lease.address().port() == outside {
            return Some(lease);
        }
        lease.release().await;
        None
    }

    fn tell(&self, state: PortMapping) {
        self.tell.send_if_modified(|told| std::mem::replace(told, state) != state);
    }
}

async fn release(lease: Option<Lease>) {
    if let Some(lease) = lease {
        lease.release().await;
    }
}

/// Waits until this machine stands in another network.
async fn moved(own: SocketAddr, from: Option<Place>, moves: &mut Moves) {
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            // Two networks may look alike from inside.
            () = moves.next() => return,
        }
        if Place::find(own).await != from {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Mover;

    #[test]
    fn an_address_that_the_internet_does_not_know_is_no_way_in() {
        let open = |address: &str| PortMapping::of(address.parse().unwrap(), Protocol::Pcp);
        let public = "203.0.113.7:7000";
        assert_eq!(open(public).address(), Some(public.parse().unwrap()));
        for behind in ["192.168.0.2:7000", "100.64.1.2:7000", "10.0.0.9:7000"] {
            assert!(matches!(open(behind), PortMapping::BehindAnother { .. }), "{behind}");
            assert_eq!(open(behind).address(), None);
        }
    }

    #[tokio::test]
    async fn a_node_of_this_machine_alone_asks_nobody() {
        let (_mover, moves) = Mover::new();
        let opener = Opener::start("127.0.0.1:7000".parse().unwrap(), true, moves);
        assert_eq!(*opener.state().borrow(), PortMapping::Off);
        assert!(opener.running.is_none());
        opener.close().await;
    }
}
