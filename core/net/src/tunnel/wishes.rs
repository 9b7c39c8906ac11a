//! Where a tunnel may lead, and when it may be tried again.
//!
//! A connection by TCP is more than a datagram, so nobody can make a node open one: addresses come from
//! the link, a ticket, the command line, the DHT's signed item or the local network, never from
//! another peer (SECURITY 6).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Addresses remembered: what a node keeps of known ones (16, 8 and 20), and relays.
const MAX_WISHES: usize = 64;
/// Between two tries of one address; doubles each time it comes to nothing.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Wishes {
    known: BTreeMap<SocketAddr, Wish>,
    counter: u64,
}

#[derive(Debug)]
struct Wish {
    order: u64,
    pause: Duration,
    after: Option<Instant>,
}

impl Wishes {
    pub(super) fn allow(&mut self, address: SocketAddr) {
        self.counter += 1;
        if let Some(wish) = self.known.get_mut(&address) {
            wish.order = self.counter;
            return;
        }
        if self.known.len() >= MAX_WISHES {
            let oldest = self.known.iter().min_by_key(|(_, wish)| wish.order).map(|(a, _)| *a);
            oldest.map(|address| self.known.remove(&address));
        }
        let wish = Wish { order: self.counter, pause: FIRST_PAUSE, after: None };
        self.known.insert(address, wish);
    }

    /// Whether a tunnel there may be begun now.
    pub(super) fn is_due(&self, address: SocketAddr, now: Instant) -> bool {
        self.known.get(&address).is_some_and(|wish| wish.after.is_none_or(|after| now >= after))
    }

    /// A tunnel there has ended; whether it had been of use.
    pub(super) fn on_ended(&mut self, address: SocketAddr, useful: bool, now: Instant) {
        let Some(wish) = self.known.get_mut(&address) else { return };
        if useful {
            wish.pause = FIRST_PAUSE;
        }
        wish.after = Some(now + wish.pause);
        wish.pause = (wish.pause * 2).min(LONGEST_PAUSE);
    }

    /// This node stands elsewhere: what failed there may work here.
    pub(super) fn on_moved(&mut self) {
        for wish in self.known.values_mut() {
            (wish.pause, wish.after) = (FIRST_PAUSE, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        ([203, 0, 113, 1], port).into()
    }

    #[test]
    fn nobody_is_dialled_who_was_not_allowed_and_failures_make_it_rarer() {
        let start = Instant::now();
        let mut wishes = Wishes::default();
        assert!(!wishes.is_due(at(1), start));
        wishes.allow(at(1));
        let (mut now, mut tries) = (start, 0);
        while now < start + Duration::from_secs(600) {
            if wishes.is_due(at(1), now) {
                tries += 1;
                wishes.on_ended(at(1), false, now);
                wishes.allow(at(1));
            }
            now += Duration::from_millis(100);
        }
        assert!((20..30).contains(&tries), "{tries} tries in ten minutes");
        wishes.on_ended(at(1), true, now);
        assert!(wishes.is_due(at(1), now + FIRST_PAUSE));
        wishes.on_moved();
        assert!(wishes.is_due(at(1), now));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut wishes = Wishes::default();
        (1..1_000).for_each(|port| wishes.allow(at(port)));
        assert_eq!(wishes.known.len(), MAX_WISHES);
        assert!(wishes.is_due(at(999), Instant::now()) && !wishes.is_due(at(1), Instant::now()));
    }
}
