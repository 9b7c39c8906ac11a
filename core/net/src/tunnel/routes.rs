//! Which way datagrams take to whom. Pure but for the queues' ends.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::silence::Silence;
use super::wishes::Wishes;
use super::{WAITING, inner};

/// Tunnels that this node has dialled, at most: every address in a link and as many again.
const MAX_DIALLED: usize = 8;
/// When a dialled tunnel's other end is asked by UDP whether that passes now: soon, since both ends may
/// have been away and not UDP, and then at pauses that double.
const FIRST_PROBE: Duration = Duration::from_secs(1);
const LONGEST_PROBE: Duration = Duration::from_secs(60);

/// How a datagram gets to its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    /// Through a tunnel that does not stand yet, and by UDP: whichever comes first.
    Both,
    /// Through a tunnel; `probe`: UDP is to be tried there besides.
    Tunnel {
        probe: bool,
    },
    /// There is none: the tunnel has gone.
    Nowhere,
}

/// A tunnel's near end.
#[derive(Debug)]
pub(super) struct Route {
    number: u64,
    pub(super) queue: mpsc::Sender<Bytes>,
    dialled: Option<Dialled>,
}

/// Of one that this node has dialled.
#[derive(Debug)]
struct Dialled {
    /// Its address here, once it stands.
    from: Option<IpAddr>,
    probe_at: Instant,
    pause: Duration,
}

impl Dialled {
    fn new(from: Option<IpAddr>, now: Instant) -> Self {
        Self { from, probe_at: now + FIRST_PROBE, pause: FIRST_PROBE * 2 }
    }

    /// Whether UDP is to be tried now.
    fn probes(&mut self, now: Instant) -> bool {
        let due = now >= self.probe_at;
        if due {
            self.probe_at = now + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_PROBE);
        }
        due
    }
}

/// All of them, by the address that QUIC sees.
#[derive(Debug, Default)]
pub(super) struct Routes {
    known: BTreeMap<SocketAddr, Route>,
    counter: u64,
    silence: Silence,
    pub(super) wishes: Wishes,
}

impl Routes {
    pub(super) fn get(&self, to: SocketAddr) -> Option<&Route> {
        self.known.get(&to)
    }

    pub(super) fn way(&mut self, to: SocketAddr, now: Instant) -> Way {
        match self.known.get_mut(&to).map(|route| route.dialled.as_mut()) {
            Some(Some(Dialled { from: None, .. })) => Way::Both,
            Some(Some(dialled)) => Way::Tunnel { probe: dialled.probes(now) },
            Some(None) => Way::Tunnel { probe: false },
            None if inner::is_inner(to.ip()) => Way::Nowhere,
            None => Way::Udp,
        }
    }

    /// Begins a tunnel, where one is needed and allowed: its number, and what is to go through it.
    pub(super) fn begin(
        &mut self,
        to: SocketAddr,
        now: Instant,
    ) -> Option<(u64, mpsc::Receiver<Bytes>)> {
        let real = crate::canonical(to);
        let needed = !self.known.contains_key(&to)
            && self.silence.is_long(real, now)
            && self.wishes.is_due(real, now);
        let dialled = self.known.values().filter(|route| route.dialled.is_some()).count();
        if !needed || dialled >= MAX_DIALLED {
            return None;
        }
        Some(self.add(to, Some(Dialled::new(None, now))))
    }

    /// Takes in a tunnel that somebody has dialled: its address, and what is to go through it.
    pub(super) fn admit(&mut self, port: u16) -> (SocketAddr, u64, mpsc::Receiver<Bytes>) {
        let address = inner::address(self.counter + 1, port);
        let (number, queue) = self.add(address, None);
        (address, number, queue)
    }

    fn add(&mut self, to: SocketAddr, dialled: Option<Dialled>) -> (u64, mpsc::Receiver<Bytes>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        self.counter += 1;
        self.known.insert(to, Route { number: self.counter, queue, dialled });
        (self.counter, waiting)
    }

    /// A dialled tunnel stands, from an address of this machine.
    pub(super) fn on_opened(&mut self, to: SocketAddr, number: u64, from: IpAddr, now: Instant) {
        let same = self.known.get_mut(&to).filter(|route| route.number == number);
        if let Some(dialled) = same.and_then(|route| route.dialled.as_mut()) {
            *dialled = Dialled::new(Some(from), now);
        }
    }

    /// A tunnel has ended; whether anything had come through it.
    pub(super) fn on_closed(&mut self, to: SocketAddr, number: u64, useful: bool, now: Instant) {
        if self.known.get(&to).is_some_and(|route| route.number == number) {
            self.known.remove(&to);
        }
        self.wishes.on_ended(crate::canonical(to), useful, now);
    }

    pub(super) fn on_sent(&mut self, to: SocketAddr, now: Instant) {
        self.silence.on_sent(crate::canonical(to), now);
    }

    /// Where UDP is blocked none comes in, whoever claims to have sent it: so it passes, and the tunnel
    /// there, which loses less but waits longer, is not needed any more.
    pub(super) fn on_received(&mut self, from: SocketAddr) {
        self.silence.on_received(crate::canonical(from));
        self.known.remove(&from);
    }

    pub(super) fn leads_to(&self, address: SocketAddr) -> bool {
        self.known.keys().any(|to| crate::canonical(*to) == address)
    }

    /// `source` says from which address this machine reaches another one now.
    pub(super) fn on_moved(&mut self, source: impl Fn(SocketAddr) -> Option<IpAddr>) {
        self.silence = Silence::default();
        self.wishes.on_moved();
        self.known.retain(|to, route| match &route.dialled {
            Some(Dialled { from: Some(from), .. }) => source(crate::canonical(*to)) == Some(*from),
            Some(Dialled { from: None, .. }) => false,
            None => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn far(n: u8) -> SocketAddr {
        ([203, 0, 113, n], 7_000).into()
    }

    /// Silent since, with addresses 1 to 200 allowed of which the dialler may speak.
    fn silent(since: Instant) -> Routes {
        let mut routes = Routes::default();
        routes.wishes.allow(far(1));
        routes.wishes.allow(far(2));
        routes.on_sent(far(1), since);
        routes
    }

    #[test]
    fn a_tunnel_is_begun_in_silence_once_and_used_when_it_stands() {
        let start = Instant::now();
        let mut routes = silent(start);
        assert!(routes.begin(far(1), start + Duration::from_millis(2_900)).is_none());
        assert_eq!(routes.way(far(1), start), Way::Udp);
        let now = start + Duration::from_secs(3);
        let (number, _queue) = routes.begin(far(1), now).expect("silent");
        assert!(routes.begin(far(1), now).is_none(), "one is under way");
        assert!(routes.begin(far(9), now).is_none(), "a stranger's word");
        assert_eq!(routes.way(far(1), now), Way::Both);
        routes.on_opened(far(1), number, OWN, now);
        assert_eq!(routes.way(far(1), now), Way::Tunnel { probe: false });
        assert!(routes.leads_to(far(1)) && !routes.leads_to(far(2)));
    }

    #[test]
    fn udp_is_tried_soon_and_then_more_seldom() {
        let start = Instant::now();
        let mut routes = silent(start);
        let now = start + Duration::from_secs(3);
        let (number, _queue) = routes.begin(far(1), now).expect("silent");
        routes.on_opened(far(1), number, OWN, now);
        let probed = (1..=600_u64).filter(|second| {
            let way = routes.way(far(1), now + Duration::from_secs(*second));
            way == Way::Tunnel { probe: true }
        });
        let probed: Vec<u64> = probed.take(8).collect();
        assert_eq!(probed, [1, 3, 7, 15, 31, 63, 123, 183]);
    }

    #[test]
    fn an_answer_by_udp_ends_the_tunnel_there_and_begins_no_other() {
        let start = Instant::now();
        let mut routes = silent(start);
        let now = start + Duration::from_secs(3);
        let (_, mut queue) = routes.begin(far(1), now).expect("silent");
        routes.on_received(far(1));
        assert_eq!(routes.way(far(1), now), Way::Udp);
        assert!(matches!(queue.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
        assert!(routes.begin(far(2), now).is_none(), "somebody has answered");
    }

    #[test]
    fn one_that_failed_waits_and_an_older_one_s_end_is_not_a_newer_one_s() {
        let start = Instant::now();
        let mut routes = silent(start);
        let now = start + Duration::from_secs(3);
        let (number, _queue) = routes.begin(far(1), now).expect("silent");
        routes.on_closed(far(1), number, false, now);
        assert!(routes.begin(far(1), now).is_none());
        let later = now + Duration::from_secs(1);
        assert!(routes.begin(far(1), later).is_some());
        routes.on_closed(far(1), number, false, later);
        assert_eq!(routes.way(far(1), later), Way::Both);
    }

    #[test]
    fn those_that_were_dialled_are_bounded() {
        let start = Instant::now();
        let mut routes = silent(start);
        (1..=40).for_each(|n| routes.wishes.allow(far(n)));
        let now = start + Duration::from_secs(3);
        let begun: Vec<_> = (1..=40).filter_map(|n| routes.begin(far(n), now)).collect();
        assert_eq!(begun.len(), MAX_DIALLED);
    }

    #[test]
    fn a_tunnel_that_was_let_in_is_the_only_way_to_its_address() {
        let mut routes = Routes::default();
        let now = Instant::now();
        let (address, number, _queue) = routes.admit(4_000);
        assert_eq!(routes.way(address, now), Way::Tunnel { probe: false });
        routes.on_closed(address, number, true, now);
        assert_eq!(routes.way(address, now), Way::Nowhere);
        assert_ne!(routes.admit(4_000).0, address);
    }

    #[test]
    fn a_move_ends_tunnels_from_where_the_node_no_longer_is() {
        let start = Instant::now();
        let now = start + Duration::from_secs(3);
        for (source, stays) in
            [(Some(OWN), true), (Some([192, 0, 2, 8].into()), false), (None, false)]
        {
            let mut routes = silent(start);
            let (number, _queue) = routes.begin(far(1), now).expect("silent");
            routes.on_opened(far(1), number, OWN, now);
            routes.on_moved(|_| source);
            assert_eq!(routes.leads_to(far(1)), stays);
            assert!(routes.begin(far(2), now).is_none(), "UDP is tried first");
        }
    }
}
