//! The one uplink queue of the device.
//!
//! Two classes: live pushes, then repair and backfill; earliest deadline first within each; tokens
//! from the allowance. Before both go the few pieces that no living neighbour has yet (see
//! `repair`). One queue for both collapses under load and never recovers
//! (`evidence/swarm-findings.md`, section 5, 2). Invariants: nothing leaves faster than the
//! allowance, nothing waits longer than [`MAX_WAIT`], and there are never more than
//! [`MAX_QUEUED`] entries.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use crate::{Mechanism, Mechanisms, PeerIndex, PieceId, Time};

/// A piece that has waited this long is of no use any more: the children's clocks have passed it
/// (target latencies stay under 2 s).
pub(crate) const MAX_WAIT: Duration = Duration::from_millis(1_500);

/// Entries at most. 1.5 s of 50 Mbit/s in pieces of 2.5 KB are 3,750.
pub(crate) const MAX_QUEUED: usize = 4_096;

/// Depth of the token bucket: min(50 ms of the allowance, 32 KiB) (DESIGN, "A cap is a cap").
const BURST: Duration = Duration::from_millis(50);
const BURST_BYTES: u64 = 32 * 1024;
/// The same where the line itself sets the pace: what is given to it at once waits in it, and looks like
/// somebody else's queue.
const GENTLE_BURST: Duration = Duration::from_millis(10);

/// The rate that is assumed for slots and queue lengths where no limit is set.
pub(crate) const UNLIMITED_BPS: u64 = 50_000_000;

/// Which of the classes, in the order in which they leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The only copy: all who asked wait for it.
    Rescue,
    Live,
    Repair,
}

/// One piece for one neighbour. Ordered by deadline, then by rank (children with more fan first),
/// then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) due: u64,
    pub(crate) rank: u16,
    pub(crate) number: u64,
    pub(crate) peer: PeerIndex,
    pub(crate) generation: u32,
    pub(crate) piece: PieceId,
    pub(crate) len: u32,
    pub(crate) queued: Time,
}

/// What to do with the entry in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Send,
    /// The way to the neighbour is blocked: keep it aside.
    Park,
    /// Nobody wants it any more.
    Drop,
}

#[derive(Clone, Debug, Default)]
struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    bytes: u64,
}

/// The queue and its token bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uplink {
    mechanisms: Mechanisms,
    rescue: Queue,
    live: Queue,
    repair: Queue,
    parked: Vec<(Class, Entry)>,
    rate: Option<u64>,
    gentle: bool,
    tokens: i64,
    filled: Time,
    /// The line itself is taken until then: by headers, acknowledgements, handshakes, and pieces that
    /// were given to it.
    held_until: Time,
    number: u64,
    /// What left last.
    last: Option<(Class, Entry)>,
    /// Pieces dropped because they waited too long or the queue was full.
    pub(crate) expired: u64,
    /// Of these, bytes of live ones that waited for their turn, and that a neighbour's way was
    /// blocked for.
    pub(crate) dropped_bytes: u64,
    pub(crate) blocked_bytes: u64,
}

impl Uplink {
    /// An empty queue without a limit.
    pub(crate) fn new(mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..Self::default() }
    }

    /// Sets the allowance and what the line carries, in bits a second; `None` is unlimited.
    pub(crate) fn set_rate(&mut self, now: Time, allowance: Option<u64>, line: Option<u64>) {
        self.fill(now);
        self.rate = allowance.into_iter().chain(line).min();
        self.gentle = self.rate != allowance;
        self.tokens = self.tokens.min(self.depth());
    }

    /// Nothing leaves before `at`: what waits is better in line here, where it is sorted and can be
    /// dropped, than in a buffer below.
    pub(crate) fn hold_until(&mut self, at: Time) {
        self.held_until = at;
    }

    /// The allowance, or what stands for it.
    fn pace(&self) -> u64 {
        self.rate.unwrap_or(UNLIMITED_BPS)
    }

    fn depth(&self) -> i64 {
        let burst = if self.gentle { GENTLE_BURST } else { BURST };
        let burst = self.pace().saturating_mul(burst.as_millis() as u64) / 1000;
        i64::try_from(burst.min(BURST_BYTES * 8)).unwrap_or(i64::MAX)
    }

    fn fill(&mut self, now: Time) {
        let micros = now.since(self.filled).as_micros().min(10_000_000) as u64;
        let bits = i64::try_from(self.pace().saturating_mul(micros) / 1_000_000);
        self.tokens = self.tokens.saturating_add(bits.unwrap_or(i64::MAX)).min(self.depth());
        self.filled = now;
    }

    /// Puts a piece in line; false if the line is full.
    pub(crate) fn push(&mut self, class: Class, mut entry: Entry) -> bool {
        let queued = [&self.rescue, &self.live, &self.repair].map(|q| q.heap.len());
        if queued.iter().sum::<usize>() + self.parked.len() >= MAX_QUEUED {
            self.expired += 1;
            self.count_drop(class, &entry, Gate::Send);
            return false;
        }
        self.number += 1;
        entry.number = self.number;
        if !self.mechanisms.has(Mechanism::DeadlineOrder) {
            entry.due = self.number;
        }
        let queue = self.queue(class);
        queue.bytes += u64::from(entry.len);
        queue.heap.push(Reverse(entry));
        true
    }

    fn queue(&mut self, class: Class) -> &mut Queue {
        match class {
            Class::Rescue => &mut self.rescue,
            Class::Live => &mut self.live,
            Class::Repair => &mut self.repair,
        }
    }

    fn front(&self, class: Class) -> Option<Entry> {
        let queue = match class {
            Class::Rescue => &self.rescue,
            Class::Live => &self.live,
            Class::Repair => &self.repair,
        };
        queue.heap.peek().map(|e| e.0)
    }

    /// The classes in the order in which they leave now.
    fn order(&self) -> [Class; 3] {
        let number = |class| self.front(class).map_or(u64::MAX, |e| e.number);
        let classes = self.mechanisms.has(Mechanism::RepairClass);
        if classes || number(Class::Live) <= number(Class::Repair) {
            [Class::Rescue, Class::Live, Class::Repair]
        } else {
            [Class::Rescue, Class::Repair, Class::Live]
        }
    }

    /// How long the repair class takes at what the slots leave of the allowance.
    pub(crate) fn repair_delay(&self, spare_bps: u64) -> Duration {
        match spare_bps {
            0 => MAX_WAIT,
            spare => Duration::from_micros(self.repair.bytes.saturating_mul(8_000_000) / spare),
        }
    }

    /// No live piece waits.
    pub(crate) fn is_live_empty(&self) -> bool {
        self.live.heap.is_empty() && self.parked.iter().all(|(class, _)| *class != Class::Live)
    }

    /// Lets parked entries try again.
    pub(crate) fn unpark(&mut self) {
        for (class, entry) in core::mem::take(&mut self.parked) {
            self.queue(class).heap.push(Reverse(entry));
        }
    }

    /// The next piece that may leave at `now`, as far as `gate` lets it.
    pub(crate) fn poll(
        &mut self,
        now: Time,
        mut gate: impl FnMut(Class, &Entry) -> Gate,
    ) -> Option<(Class, Entry)> {
        self.fill(now);
        if now < self.held_until {
            return None;
        }
        for class in self.order() {
            while let Some(entry) = self.front(class) {
                let late = now.since(entry.queued) > MAX_WAIT || self.rate == Some(0);
                let opinion = gate(class, &entry);
                let verdict = if late { Gate::Drop } else { opinion };
                if verdict == Gate::Send && !self.has_tokens(entry.len) {
                    return None;
                }
                let queue = self.queue(class);
                queue.heap.pop();
                if verdict == Gate::Park {
                    self.parked.push((class, entry));
                    continue;
                }
                queue.bytes = queue.bytes.saturating_sub(u64::from(entry.len));
                if verdict == Gate::Send {
                    self.take(entry.len);
                    self.last = Some((class, entry));
                    return Some((class, entry));
                }
                if late {
                    self.expired += 1;
                    self.count_drop(class, &entry, opinion);
                }
            }
        }
        None
    }

    /// What left last could not leave: it is kept aside with what waits for the same neighbour.
    /// Gives its length.
    pub(crate) fn take_back(&mut self) -> Option<u32> {
        let (class, entry) = self.last.take()?;
        self.queue(class).bytes += u64::from(entry.len);
        if self.rate.is_some() {
            self.tokens += i64::from(entry.len) * 8;
        }
        self.parked.push((class, entry));
        Some(entry.len)
    }

    /// The deadline of the live piece that is to leave first.
    pub(crate) fn oldest_due(&self) -> Option<u64> {
        self.front(Class::Live).map(|entry| entry.due)
    }

    /// How long the oldest live piece has waited for its turn.
    pub(crate) fn oldest_wait(&self, now: Time) -> Duration {
        let oldest = self.live.heap.iter().map(|entry| entry.0.queued).min();
        oldest.map_or(Duration::ZERO, |queued| now.since(queued))
    }

    /// A piece is lost that the gate would have sent or parked; what nobody wants is no loss.
    fn count_drop(&mut self, class: Class, entry: &Entry, gate: Gate) {
        match (class, gate) {
            (Class::Rescue | Class::Repair, _) | (_, Gate::Drop) => {}
            (Class::Live, Gate::Park) => self.blocked_bytes += u64::from(entry.len),
            (Class::Live, Gate::Send) => self.dropped_bytes += u64::from(entry.len),
        }
    }

    /// A piece longer than the bucket leaves on a full bucket and is paid for afterwards.
    fn has_tokens(&self, len: u32) -> bool {
        self.rate.is_none() || self.tokens >= self.depth().min(i64::from(len) * 8)
    }

    fn take(&mut self, len: u32) {
        if self.rate.is_some() {
            self.tokens -= i64::from(len) * 8;
        }
    }

    /// When the piece in front may leave, if it waits for tokens.
    pub(crate) fn next(&self) -> Option<Time> {
        let mut classes = self.order().into_iter();
        let front = classes.find_map(|c| self.front(c))?;
        let lack = self.depth().min(i64::from(front.len) * 8).saturating_sub(self.tokens);
        let pace = self.pace();
        let micros = if self.rate.is_none() || lack <= 0 || pace == 0 {
            0
        } else {
            (lack as u64).saturating_mul(1_000_000).div_ceil(pace)
        };
        Some((self.filled + Duration::from_micros(micros)).max(self.held_until))
    }

    /// What is `old` leaves no more.
    pub(crate) fn leave_out(&mut self, old: impl Fn(&PieceId) -> bool) {
        for queue in [&mut self.rescue, &mut self.live, &mut self.repair] {
            queue.heap.retain(|entry| !old(&entry.0.piece));
            queue.bytes = queue.heap.iter().map(|entry| u64::from(entry.0.len)).sum();
        }
        self.parked.retain(|(_, entry)| !old(&entry.piece));
    }

    /// Forgets everything that waits.
    pub(crate) fn clear(&mut self) {
        self.rescue = Queue::default();
        self.live = Queue::default();
        self.repair = Queue::default();
        self.parked.clear();
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(due: u64, len: u32, now: Time) -> Entry {
        let piece = PieceId { track: 0, chunk: 0, substream: 0, part: 0 };
        let peer = PeerIndex(0);
        Entry { due, rank: 0, number: 0, peer, generation: 0, piece, len, queued: now }
    }

    fn drain(uplink: &mut Uplink, now: Time) -> Vec<(Class, u64)> {
        core::iter::from_fn(|| uplink.poll(now, |_, _| Gate::Send))
            .map(|(c, e)| (c, e.due))
            .collect()
    }

    #[test]
    fn the_only_copy_goes_first_then_live_then_repair_and_each_by_its_deadline() {
        let mut uplink = Uplink::default();
        let now = Time::from_millis(1);
        for (class, due) in [
            (Class::Repair, 1),
            (Class::Live, 9),
            (Class::Live, 3),
            (Class::Rescue, 7),
            (Class::Repair, 0),
        ] {
            uplink.push(class, entry(due, 100, now));
        }
        let order = drain(&mut uplink, now);
        let (live, repair) = (Class::Live, Class::Repair);
        let rescue = (Class::Rescue, 7);
        assert_eq!(order, [rescue, (live, 3), (live, 9), (repair, 0), (repair, 1)]);
    }

    #[test]
    fn no_more_leaves_than_the_allowance() {
        let mut uplink = Uplink::default();
        uplink.set_rate(Time::ZERO, Some(1_000_000), None);
        let mut sent = 0u64;
        for ms in 0..10_000u64 {
            let now = Time::from_millis(ms);
            if ms % 10 == 0 {
                uplink.push(Class::Live, entry(ms, 2_500, now));
            }
            sent += drain(&mut uplink, now).len() as u64 * 2_500;
        }
        let allowed = 1_000_000 * 10 / 8;
        assert!(sent <= allowed + 2 * 6_250, "{sent} of {allowed}");
        assert!(sent >= allowed - 2 * 6_250, "{sent} of {allowed}");
    }

    #[test]
    fn no_more_leaves_than_the_line_carries_and_no_burst() {
        let mut uplink = Uplink::default();
        uplink.set_rate(Time::ZERO, Some(4_000_000), Some(1_000_000));
        for due in 0..100 {
            uplink.push(Class::Live, entry(due, 500, Time::ZERO));
        }
        let saved = drain(&mut uplink, Time::from_millis(1_000)).len() * 500;
        assert!(saved <= 1_250 + 500, "10 ms are saved up: {saved}");
        uplink.set_rate(Time::from_millis(1_000), Some(4_000_000), None);
        let saved = drain(&mut uplink, Time::from_millis(1_400)).len() * 500;
        assert!(saved > 20_000, "50 ms of the allowance: {saved}");
    }

    #[test]
    fn what_waits_too_long_is_dropped_and_counted() {
        let mut uplink = Uplink::default();
        uplink.push(Class::Live, entry(0, 100, Time::ZERO));
        let late = Time::ZERO + MAX_WAIT + Duration::from_millis(1);
        assert_eq!(drain(&mut uplink, late), []);
        assert_eq!(uplink.expired, 1);
        assert_eq!(uplink.live.bytes, 0);
    }

    #[test]
    fn live_pieces_that_waited_for_their_turn_are_told_from_those_whose_way_was_blocked() {
        let mut uplink = Uplink::default();
        uplink.push(Class::Live, entry(0, 100, Time::ZERO));
        uplink.push(Class::Live, entry(1, 20, Time::ZERO));
        uplink.push(Class::Live, entry(2, 3, Time::ZERO));
        uplink.push(Class::Repair, entry(0, 5_000, Time::ZERO));
        let late = Time::ZERO + MAX_WAIT + Duration::from_millis(1);
        assert_eq!(uplink.oldest_wait(late), late.since(Time::ZERO));
        let gate = |_: Class, e: &Entry| match e.due {
            0 => Gate::Send,
            1 => Gate::Park,
            _ => Gate::Drop,
        };
        assert!(uplink.poll(late, gate).is_none());
        assert_eq!(
            (uplink.dropped_bytes, uplink.blocked_bytes),
            (100, 20),
            "nobody wanted the third"
        );
        assert_eq!(uplink.oldest_wait(late), Duration::ZERO);
    }

    #[test]
    fn a_blocked_neighbour_does_not_hold_up_the_others() {
        let mut uplink = Uplink::default();
        let now = Time::from_millis(1);
        uplink.push(Class::Live, entry(1, 100, now));
        let other = Entry { peer: PeerIndex(1), ..entry(2, 100, now) };
        uplink.push(Class::Live, other);
        let gate = |_: Class, e: &Entry| if e.peer.0 == 0 { Gate::Park } else { Gate::Send };
        assert_eq!(uplink.poll(now, gate).map(|(_, e)| e.peer.0), Some(1));
        assert!(uplink.poll(now, gate).is_none());
        uplink.unpark();
        assert_eq!(drain(&mut uplink, now), [(Class::Live, 1)]);
    }

    #[test]
    fn what_could_not_leave_is_neither_lost_nor_paid_for() {
        let mut uplink = Uplink::default();
        uplink.set_rate(Time::ZERO, Some(1_000_000), None);
        let now = Time::from_millis(50);
        uplink.push(Class::Repair, entry(1, 6_250, now));
        let waiting = uplink.repair_delay(1_000_000);
        assert!(uplink.poll(now, |_, _| Gate::Send).is_some());
        uplink.take_back();
        assert_eq!(uplink.repair_delay(1_000_000), waiting);
        assert!(uplink.poll(now, |_, _| Gate::Send).is_none(), "its way is not free yet");
        uplink.unpark();
        assert_eq!(drain(&mut uplink, now), [(Class::Repair, 1)]);
        assert_eq!(uplink.expired, 0);
    }

    #[test]
    fn nothing_is_given_to_a_line_that_is_taken() {
        let mut uplink = Uplink::default();
        uplink.push(Class::Live, entry(0, 100, Time::ZERO));
        let free = Time::from_millis(7);
        uplink.hold_until(free);
        assert_eq!(drain(&mut uplink, Time::from_millis(6)), []);
        assert_eq!(uplink.next(), Some(free));
        assert_eq!(drain(&mut uplink, free), [(Class::Live, 0)]);
    }

    #[test]
    fn an_allowance_of_nothing_gives_nothing() {
        let mut uplink = Uplink::default();
        uplink.set_rate(Time::ZERO, Some(0), None);
        uplink.push(Class::Live, entry(0, 1, Time::ZERO));
        assert_eq!(drain(&mut uplink, Time::from_millis(900)), []);
    }
}
