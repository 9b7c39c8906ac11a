//! What acknowledgements say of this node's own line: how long packets wait in its queue, and how much
//! of what left has arrived.
//!
//! All connections leave by the same line, so a queue that most of them see stands in front of it; one
//! that a single neighbour sees is the neighbour's own. Round trips are used and not one-way delays, as
//! LEDBAT++ has it (draft-irtf-iccrg-ledbat-plus-plus, section 4.1): no clocks to compare, and nothing
//! to add to the protocol.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::socket::FRAMING;

/// A way's shortest round trip is looked for in the running period and the one before: LEDBAT keeps
/// minutes of them, since ways change (RFC 6817, section 3.4.2).
const BASE_PERIOD: Duration = Duration::from_secs(120);

/// One connection's part in it. Its congestion controller holds it; when that goes, so does the part.
#[derive(Debug, Default)]
pub(crate) struct Way {
    base: Option<Duration>,
    /// The shortest of the period before, and since when the running one runs.
    before: Option<Duration>,
    since: Option<Instant>,
    /// The shortest since it was last read.
    latest: Option<Duration>,
    acked: u64,
    lost: u64,
}

impl Way {
    /// A round trip, without what its acknowledgement waited.
    pub(crate) fn on_round_trip(&mut self, now: Instant, round_trip: Duration) {
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= BASE_PERIOD {
            self.since = Some(now);
            self.before = self.base.take();
        }
        let shortest = |known: Option<Duration>| known.map_or(round_trip, |k| k.min(round_trip));
        self.base = Some(shortest(self.base));
        self.latest = Some(shortest(self.latest));
    }

    /// A packet of so many bytes, as QUIC counts them, has arrived.
    pub(crate) fn on_acked(&mut self, bytes: u64) {
        self.acked += bytes + FRAMING as u64;
    }

    /// So many bytes have not.
    pub(crate) fn on_lost(&mut self, bytes: u64) {
        self.lost += bytes;
    }

    fn base(&self) -> Option<Duration> {
        self.base.into_iter().chain(self.before).min()
    }

    /// How long the quickest packet since the last reading has waited, if any was acknowledged.
    fn take_queue(&mut self) -> Option<Duration> {
        let latest = self.latest.take()?;
        Some(latest.saturating_sub(self.base()?))
    }
}

/// What all connections have to say since the last reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// How long packets wait in the line's queue; nothing where nobody has acknowledged anything.
    pub(crate) queue: Option<Duration>,
    /// Connections that say so.
    pub(crate) ways: u32,
    /// Bytes on the line that have arrived.
    pub(crate) acked: u64,
    /// Bytes that have not.
    pub(crate) lost: u64,
}

/// All connections of the node.
#[derive(Debug, Default)]
pub(crate) struct Line(Mutex<Vec<Weak<Mutex<Way>>>>);

impl Line {
    /// A new connection's part.
    pub(crate) fn join(&self) -> Arc<Mutex<Way>> {
        let way = Arc::default();
        self.0.lock().push(Arc::downgrade(&way));
        way
    }

    /// Reads and begins anew. The queue is the lower median over the connections that have something
    /// to say: more than half must see one.
    pub(crate) fn read(&self) -> Reading {
        let mut reading = Reading::default();
        let mut queues = Vec::new();
        self.0.lock().retain(|way| {
            let Some(way) = way.upgrade() else { return false };
            let mut way = way.lock();
            reading.acked += std::mem::take(&mut way.acked);
            reading.lost += std::mem::take(&mut way.lost);
            queues.extend(way.take_queue());
            true
        });
        queues.sort_unstable();
        reading.ways = u32::try_from(queues.len()).unwrap_or(u32::MAX);
        reading.queue = queues.get(queues.len().saturating_sub(1) / 2).copied();
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_queue_is_what_most_connections_see_beyond_their_shortest_round_trip() {
        let line = Line::default();
        let now = Instant::now();
        let ways: Vec<_> = [20, 60, 200].map(|ms| (line.join(), ms * MS)).into();
        assert_eq!(line.read().queue, None);
        for (way, base) in &ways {
            way.lock().on_round_trip(now, *base);
        }
        assert_eq!(line.read().queue, Some(Duration::ZERO));
        let (slow, base) = &ways[1];
        slow.lock().on_round_trip(now, *base + 300 * MS);
        assert_eq!(line.read().queue, Some(300 * MS), "nobody else says anything");
        for (number, (way, base)) in ways.iter().enumerate() {
            way.lock().on_round_trip(now, *base + [0, 300, 0][number] * MS);
        }
        assert_eq!(line.read().queue, Some(Duration::ZERO), "one sees it alone");
        for (way, base) in &ways {
            way.lock().on_round_trip(now, *base + 90 * MS);
            way.lock().on_round_trip(now, *base + 40 * MS);
            way.lock().on_round_trip(now, *base + 70 * MS);
        }
        assert_eq!(line.read().queue, Some(40 * MS), "the quickest of each");
        drop(ways);
        assert_eq!(line.read(), Reading::default());
        assert!(line.0.lock().is_empty());
    }

    #[test]
    fn a_way_that_has_become_longer_is_believed_after_a_while() {
        let line = Line::default();
        let way = line.join();
        let start = Instant::now();
        way.lock().on_round_trip(start, 20 * MS);
        assert_eq!(line.read().queue, Some(Duration::ZERO));
        for minute in 1..=4 {
            way.lock().on_round_trip(start + minute * Duration::from_secs(60), 50 * MS);
            let expected = if minute < 4 { 30 * MS } else { Duration::ZERO };
            assert_eq!(line.read().queue, Some(expected), "minute {minute}");
        }
    }

    #[test]
    fn what_arrived_and_what_was_lost_are_counted_once() {
        let line = Line::default();
        let ways = [line.join(), line.join()];
        for way in &ways {
            way.lock().on_acked(1_000);
            way.lock().on_lost(10);
        }
        let read = line.read();
        assert_eq!((read.acked, read.lost), (2 * (1_000 + FRAMING as u64), 20));
        assert_eq!(line.read(), Reading::default());
    }
}
