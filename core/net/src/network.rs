//! That this machine has moved to another network: how a shell without the system's word for it
//! notices, and how a node's parts hear of it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often it is seen where this machine stands: what is lost until then has to be repaired before
/// a playout target has passed. A look takes a tenth of a millisecond.
const LOOK: Duration = Duration::from_millis(200);

/// Addresses of documentation (RFC 5737, RFC 3849): the default route leads to them.
pub(crate) const INTERNET_V4: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);
const INTERNET_V6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9);

/// Notices that this machine stands elsewhere: its addresses have changed, or those from which it
/// reaches the Internet. Nothing is sent for it.
#[derive(Debug)]
pub struct NetworkWatch {
    stands: BTreeSet<IpAddr>,
    looks: Interval,
}

impl Default for NetworkWatch {
    fn default() -> Self {
        Self::new()
    }
}

impl NetworkWatch {
    /// From where it stands now; has to be made on a tokio runtime.
    #[must_use]
    pub fn new() -> Self {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { stands: standing(), looks }
    }

    /// Waits until it stands elsewhere. Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        loop {
            self.looks.tick().await;
            if self.stands_elsewhere(standing()) {
                return;
            }
        }
    }

    fn stands_elsewhere(&mut self, now: BTreeSet<IpAddr>) -> bool {
        let before = std::mem::replace(&mut self.stands, now);
        before != self.stands
    }
}

/// The addresses of interfaces that are up, and those from which the Internet is reached.
fn standing() -> BTreeSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.iter().filter(|i| !i.is_loopback() && !i.is_link_local());
    let up = up.filter(|i| i.is_oper_up()).map(if_addrs::Interface::ip);
    up.chain([INTERNET_V4, INTERNET_V6].into_iter().filter_map(source_towards)).collect()
}

/// From which address this machine would send to `to`. Nothing is sent.
pub(crate) fn source_towards(to: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match to.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

/// Tells a node's parts that it has moved.
#[derive(Debug)]
pub(crate) struct Mover(watch::Sender<()>);

/// Hears of it.
#[derive(Debug, Clone)]
pub(crate) struct Moves(watch::Receiver<()>);

impl Mover {
    /// One, and who hears it.
    pub(crate) fn new() -> (Self, Moves) {
        let (tell, hear) = watch::channel(());
        (Self(tell), Moves(hear))
    }

    /// The node has moved.
    pub(crate) fn tell(&self) {
        self.0.send_replace(());
    }
}

impl Moves {
    /// One that hears of moves from now on.
    pub(crate) fn of_later(&self) -> Self {
        let mut moves = self.clone();
        moves.0.mark_unchanged();
        moves
    }

    /// Waits for the next move; for ever when the node has ended.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_this_machine_leaves_from_it() {
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        assert_eq!(source_towards(to), Some(Ipv4Addr::LOCALHOST.into()));
    }

    #[tokio::test]
    async fn a_machine_moves_when_an_address_comes_or_goes() {
        let at = |last| IpAddr::from([203, 0, 113, last]);
        let mut watch = NetworkWatch::new();
        for (now, moved) in [(vec![1], true), (vec![1], false), (vec![1, 2], true), (vec![2], true)]
        {
            let now = now.into_iter().map(at).collect();
            assert_eq!(watch.stands_elsewhere(now), moved);
        }
        watch.changed().await;
    }

    #[tokio::test]
    async fn a_move_is_heard_once_and_nothing_after_the_end() {
        let (mover, mut moves) = Mover::new();
        mover.tell();
        mover.tell();
        moves.next().await;
        drop(mover);
        let more = tokio::time::timeout(Duration::from_millis(10), moves.next()).await;
        assert!(more.is_err());
    }
}
