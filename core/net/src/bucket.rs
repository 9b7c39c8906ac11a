//! The token bucket behind the promise "a cap is a cap".

use std::time::{Duration, Instant};

/// The bucket's depth in time, and its ceiling in bytes: a burst is never longer than either.
/// (The design's figures; 32 KiB is what a home router's queue takes without dropping.)
const DEPTH: Duration = Duration::from_millis(50);
const MAX_DEPTH_BYTES: f64 = 32.0 * 1024.0;
/// A bucket holds at least two full datagrams, or nothing large could ever leave.
const MIN_DEPTH_BYTES: f64 = 3000.0;
/// The depth where the rate is what the line carries and not what a person has set: a burst stands in the
/// line's own queue, and drains by no more than the rate is below it. Four full datagrams, so that none is
/// lost to a timer that is a few milliseconds late.
const GENTLE_DEPTH_BYTES: f64 = 6000.0;
/// Datagrams up to this size are taken for acknowledgements and may go on credit: without them
/// the other end would send everything again.
const ACK_LEN: usize = 120;
/// How much credit acknowledgements have, as a part of the depth.
const ACK_CREDIT: f64 = 0.5;
/// What a node with an upload limit of nothing may still send: acknowledgements and control, as a
/// part of what it receives ...
const SILENT_SHARE: f64 = 0.04;
/// ... and a little at first for its handshakes (a handshake costs about 3 KB).
const SILENT_START_BYTES: f64 = 64.0 * 1024.0;
/// Who has used that up and is sent little could ask nobody for more, and hear no more of it for want of
/// acknowledgements: this much a second it always has, in bytes (an acknowledgement each 25 ms, and
/// control), and as much saved up as a dial with what is repeated of it takes.
const SILENT_TRICKLE: f64 = 5_000.0;
const SILENT_TRICKLE_DEPTH: f64 = 12_000.0;

/// Bytes that may leave now. Rates are in bits a second; `None` is no limit.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate_bps: Option<u64>,
    gentle: bool,
    /// The mark that was reached: whatever the rate is, nothing but acknowledgements and control
    /// may leave until it moves.
    withheld: Option<u64>,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(rate_bps: Option<u64>, now: Instant) -> Self {
        let mut bucket = Self { rate_bps, gentle: false, withheld: None, tokens: 0.0, filled: now };
        bucket.tokens = bucket.depth();
        bucket
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.rate().is_some()
    }

    /// Goes on when the mark at which everything but acknowledgements and control stops has moved.
    pub(crate) fn mark_is(&mut self, mark: u64, now: Instant) {
        if self.withheld.is_some_and(|reached| reached != mark) {
            self.fill(now);
            self.withheld = None;
        }
    }

    /// Stops at the mark.
    pub(crate) fn withhold(&mut self, mark: u64, now: Instant) {
        self.fill(now);
        self.withheld = Some(mark);
        self.tokens = self.tokens.min(self.depth());
    }

    /// Changes the rate; what has been saved up is kept, up to the new depth. A gentle one has no bursts.
    pub(crate) fn set_rate(&mut self, rate_bps: Option<u64>, gentle: bool, now: Instant) {
        self.fill(now);
        (self.rate_bps, self.gentle) = (rate_bps, gentle);
        self.tokens = self.tokens.min(self.depth());
    }

    /// Takes `len` bytes of payload and the `framing` around them if they may leave now. One
    /// datagram may overdraw, so that the average holds whatever the datagram's size.
    pub(crate) fn take(&mut self, len: usize, framing: usize, now: Instant) -> bool {
        if self.rate().is_none() {
            return true;
        }
        self.fill(now);
        let small = len <= ACK_LEN;
        let cost = (len + framing) as f64;
        if small && self.rate_bps == Some(0) && self.withheld.is_none() {
            // Without them the others send everything again, and take the line for full; they never
            // amount to more than what they acknowledge.
            self.tokens = (self.tokens - cost).max(self.tokens.min(0.0));
            return true;
        }
        let floor = if small { -self.depth() * ACK_CREDIT } else { 0.0 };
        if self.tokens <= floor {
            return false;
        }
        self.tokens -= cost;
        true
    }

    /// Takes what another socket sends, whether there is as much or not: what follows waits for it. Who
    /// gives nothing has next to nothing to take it from.
    pub(crate) fn spend(&mut self, bytes: usize, now: Instant) {
        if self.rate().is_some_and(|bps| bps > 0) {
            self.fill(now);
            self.tokens -= bytes as f64;
        }
    }

    /// What was received counts for a node that gives nothing: it may answer a small part of it.
    pub(crate) fn received(&mut self, len: usize) {
        if self.rate() == Some(0) {
            self.tokens = (self.tokens + len as f64 * SILENT_SHARE).min(self.depth());
        }
    }

    /// How long until something may leave again; zero if it may now.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        self.fill(now);
        match self.rate() {
            None => Duration::ZERO,
            Some(_) if self.tokens > 0.0 => Duration::ZERO,
            // Next to nothing comes in by time: look again soon, what is received may have paid for it.
            Some(0) => Duration::from_millis(20),
            Some(bps) => Duration::from_secs_f64((1.0 - self.tokens) * 8.0 / bps as f64)
                .clamp(Duration::from_millis(1), Duration::from_secs(1)),
        }
    }

    fn rate(&self) -> Option<u64> {
        if self.withheld.is_some() { Some(0) } else { self.rate_bps }
    }

    fn depth(&self) -> f64 {
        match self.rate() {
            None => MAX_DEPTH_BYTES,
            Some(0) => SILENT_START_BYTES,
            Some(_) if self.gentle => GENTLE_DEPTH_BYTES,
            Some(bps) => {
                (bps as f64 / 8.0 * DEPTH.as_secs_f64()).clamp(MIN_DEPTH_BYTES, MAX_DEPTH_BYTES)
            }
        }
    }

    fn fill(&mut self, now: Instant) {
        let gone = now.saturating_duration_since(self.filled);
        self.filled = now;
        if self.rate_bps == Some(0) && self.tokens < SILENT_TRICKLE_DEPTH {
            let trickle = gone.as_secs_f64() * SILENT_TRICKLE;
            self.tokens = (self.tokens + trickle).min(SILENT_TRICKLE_DEPTH);
        }
        let Some(bps) = self.rate() else { return };
        self.tokens = (self.tokens + gone.as_secs_f64() * bps as f64 / 8.0).min(self.depth());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that leave in `seconds` when something always waits.
    fn greedy(bucket: &mut Bucket, start: Instant, seconds: u64) -> usize {
        let mut sent = 0;
        for step in 0..seconds * 1000 {
            let now = start + Duration::from_millis(step);
            while bucket.take(1200, 0, now) {
                sent += 1200;
            }
        }
        sent
    }

    #[test]
    fn the_cap_holds_over_any_second_but_for_the_depth() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(2_000_000), start);
        let sent = greedy(&mut bucket, start, 10);
        assert!(sent <= 2_500_000 + 12_500 + 1200, "{sent}");
        assert!(sent >= 2_400_000, "{sent}");
    }

    #[test]
    fn what_another_socket_sends_is_under_the_cap_as_well() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(500_000), start);
        bucket.spend(24_000, start);
        let sent = greedy(&mut bucket, start, 10);
        assert!(sent + 24_000 <= 625_000 + 3_125 + 1200, "{sent}");
        assert!(sent + 24_000 >= 620_000, "{sent}");
    }

    #[test]
    fn acknowledgements_go_on_credit() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Some(1_000_000), now);
        while bucket.take(1200, 0, now) {}
        assert!(bucket.take(60, 0, now));
        assert!(!bucket.take(1200, 0, now));
    }

    #[test]
    fn a_limit_of_nothing_answers_only_a_part_of_what_comes_in() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Some(0), now);
        while bucket.take(1200, 0, now) {}
        let mut sent = 0;
        for packet in 0..1000 {
            bucket.received(1200);
            if packet % 5 == 0 {
                assert!(bucket.take(60, 0, now), "an acknowledgement waits for nothing");
            }
            while bucket.take(200, 0, now) {
                sent += 200;
            }
        }
        assert!(f64::from(sent) <= 1000.0 * 1200.0 * SILENT_SHARE, "{sent}");
        assert!(sent > 0);
    }

    #[test]
    fn a_limit_of_nothing_can_always_ask_for_a_way_back() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(0), start);
        while bucket.take(1200, 0, start) {}
        let sent = greedy(&mut bucket, start, 10) as f64;
        assert!(sent <= 10.0 * SILENT_TRICKLE + 1200.0, "{sent}");
        let later = start + Duration::from_secs(3600);
        let mut saved = 0;
        while bucket.take(1200, 0, later) {
            saved += 1200;
        }
        assert!((6_000..=SILENT_TRICKLE_DEPTH as usize + 1200).contains(&saved), "{saved}");
    }

    #[test]
    fn what_is_withheld_is_as_a_limit_of_nothing_and_brings_no_tokens_of_its_own() {
        for rate in [None, Some(2_000_000)] {
            let start = Instant::now();
            let mut bucket = Bucket::new(rate, start);
            let mut sent = 0;
            for step in 0..100 {
                let now = start + Duration::from_secs(step);
                bucket.withhold(step, now);
                bucket.mark_is(step, now);
                while bucket.take(1200, 0, now) {
                    sent += 1200;
                }
                assert!(!bucket.wait(now).is_zero());
                bucket.mark_is(step + 1, now);
            }
            // One depth for each second in which it might have been sent; with no rate one at all.
            let depths = if rate.is_some() { 100.0 } else { 1.0 };
            assert!(f64::from(sent) <= depths * (MAX_DEPTH_BYTES + 1200.0), "{sent}");
            assert!(bucket.take(1200, 0, start + Duration::from_secs(200)), "and goes on after it");
        }
    }

    #[test]
    fn no_limit_never_waits() {
        let now = Instant::now();
        let mut bucket = Bucket::new(None, now);
        assert!((0..10_000).all(|_| bucket.take(65_000, 0, now)));
        assert_eq!(bucket.wait(now), Duration::ZERO);
    }
}
