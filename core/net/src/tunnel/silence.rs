//! When UDP counts as blocked: something was sent, and for a while nobody has answered.
//!
//! What is nearby says nothing about the Internet, nor the other way round: in a hotel's network guests
//! may hear each other and nobody else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::destinations::is_nearby;

/// The design's figure; a dial by UDP has come to nothing by then as well.
const LONG: Duration = Duration::from_secs(3);

/// Since when nobody has answered.
#[derive(Debug, Default)]
pub(super) struct Silence {
    nearby: Option<Instant>,
    far: Option<Instant>,
}

impl Silence {
    pub(super) fn on_sent(&mut self, to: SocketAddr, now: Instant) {
        self.towards(to).get_or_insert(now);
    }

    pub(super) fn on_received(&mut self, from: SocketAddr) {
        *self.towards(from) = None;
    }

    /// Whether nothing has come from where that is for long, though something was sent there.
    pub(super) fn is_long(&mut self, towards: SocketAddr, now: Instant) -> bool {
        self.towards(towards).is_some_and(|since| now.saturating_duration_since(since) >= LONG)
    }

    fn towards(&mut self, address: SocketAddr) -> &mut Option<Instant> {
        if is_nearby(address.ip()) { &mut self.nearby } else { &mut self.far }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far(n: u8) -> SocketAddr {
        ([203, 0, 113, n], 7_000).into()
    }

    #[test]
    fn three_seconds_without_an_answer_from_anybody_are_long_and_one_answer_ends_it() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut silence = Silence::default();
        assert!(!silence.is_long(far(1), at(60_000)), "nobody was asked");
        silence.on_sent(far(1), at(0));
        silence.on_sent(far(2), at(2_500));
        assert!(!silence.is_long(far(2), at(2_999)));
        assert!(silence.is_long(far(2), at(3_000)));
        silence.on_received(far(3));
        assert!(!silence.is_long(far(2), at(9_000)));
        silence.on_sent(far(2), at(9_000));
        assert!(!silence.is_long(far(2), at(11_999)) && silence.is_long(far(2), at(12_000)));
    }

    #[test]
    fn neighbours_who_answer_do_not_speak_for_the_internet() {
        let start = Instant::now();
        let near: SocketAddr = ([192, 168, 1, 9], 7_000).into();
        let mut silence = Silence::default();
        silence.on_sent(far(1), start);
        silence.on_received(near);
        assert!(silence.is_long(far(1), start + LONG));
        assert!(!silence.is_long(near, start + LONG));
    }
}
