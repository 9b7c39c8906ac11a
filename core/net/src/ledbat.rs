//! Manners on the giver's line: how much may be given, so that a call or an upload of the same house
//! doesn't notice it (LEDBAT, RFC 6817, with LEDBAT++'s fixes: round trips, a decrease that is
//! multiplicative, growth that is slow near what the line has shown to carry).
//!
//! What is found is a rate and not a window: what this node gives is so many slots of a stream, spread
//! over many connections, and never all that it could. So there is no limit until a queue is seen. Then
//! the rate is what the line has delivered, less what lets the queue drain. Two figures
//! come out: the rate, which is kept to at once, and the promise, which slots are cut from and which
//! follows only what lasts. Invariant: the promise is no larger than the rate was within [`LASTING`].
//!
//! A decrease is judged by what came after it before the next: with half a second of queue and of
//! feedback in between, one that halves again meanwhile ends at nothing (measured).

use std::collections::VecDeque;
use std::time::Duration;

use manyhands_swarm::Time;

use crate::congestion::FULL_LOSS;
use crate::line::Reading;

/// The most that packets may wait because of us (DESIGN, "Giving must not hurt the giver").
const TARGET: Duration = Duration::from_millis(15);
/// Readings in a row that see a queue before it counts.
const SURE: u32 = 3;
/// Under a rate our own packets wait for each other at the socket: the largest, bits.
const OWN_WAIT: f64 = 1_494.0 * 8.0;
/// Under a rate near the least it is one of each connection that waits, since control and
/// acknowledgements alone take all of it. (What they waited was taken for the line's queue, and two of thirty
/// viewers, whose lines were idle, gave nothing any more and were given up by their parents.)
const CROWDED: f64 = 2.0 * LEAST;
/// A queue that is full at once drops what it can't hold, and is never long: [`FULL_LOSS`] is one, too, of as
/// much within a second as no few packets are: a probe of the path's packet size is lost by intention.
const MUCH: u64 = 64 << 10;
/// A queue of twice the target takes half of the rate at once, the most that is taken; a shorter one its
/// part of that (LEDBAT++, section 4.2).
const MOST_CUT: f64 = 0.5;
/// What a decrease needs to show beyond the time that the queue takes: a round trip and two readings.
const FEEDBACK: Duration = Duration::from_millis(300);
/// What was delivered in a second, the most of three: an uplink that is not always asked for all that it
/// carries delivers less at times, and over less than a second acknowledgements come in bunches. When
/// there is a queue for the first time, that says what came before it: then the last readings count.
const DELIVERED: Duration = Duration::from_secs(1);
const LATELY: Duration = Duration::from_secs(3);
const AT_ONCE: Duration = Duration::from_millis(300);
/// Less than this is not asked of anybody's line: control, acknowledgements and repair need it, bits a
/// second.
const LEAST: f64 = 250_000.0;
/// So long after a queue the rate stays: somebody else's upload fills what was left to it meanwhile.
const CALM: Duration = Duration::from_millis(1_000);
/// Growth in a second afterwards, up to what the line has shown to carry.
const FAST: f64 = 1.0;
/// So long after a queue nothing beyond it is tried; then by so much more in each second than in the
/// one before.
const REST: Duration = Duration::from_secs(20);
const PROBE: f64 = 0.02;
/// A rate beyond this is none.
const NO_LIMIT: f64 = 1e9;
/// Meanwhile it grows to this much of what is used of it and the least besides, since what is not used
/// says nothing of the line. (Slots are whole, and fill 85 % of what they are cut from.)
const UNUSED: f64 = 1.5;
/// Slots fill 85 % of what they are cut from, which leaves room for what a limit can't foresee; a line
/// that is measured all the time needs less of it.
const PROMISED: f64 = 1.06;
/// What slots are cut from falls when the rate has been below it for this long, and rises when it has
/// been above by a twentieth.
const LASTING: Duration = Duration::from_secs(2);
const WORTH: f64 = 1.05;

/// The state machine; driven by readings, some ten a second.
#[derive(Debug, Default)]
pub(crate) struct Ledbat {
    rate: Option<f64>,
    promise: Option<f64>,
    /// What the line delivered when there was a queue last, bits a second.
    carried: f64,
    congested: Time,
    /// No decrease before this.
    judged: Time,
    read: Time,
    queued: u32,
    /// The queue at the last reading.
    queue: Duration,
    arrived: VecDeque<(Time, Reading)>,
    /// What was delivered lately, bits a second.
    delivered: VecDeque<(Time, f64)>,
    /// The rates lately.
    rates: VecDeque<(Time, f64)>,
}

impl Ledbat {
    /// Takes a reading of the line.
    pub(crate) fn on_reading(&mut self, now: Time, reading: Reading) {
        let passed = now.since(self.read);
        self.read = now;
        self.arrived.push_back((now, reading));
        forget(&mut self.arrived, now, DELIVERED);
        self.delivered.push_back((now, self.delivers(DELIVERED)));
        forget(&mut self.delivered, now, LATELY);
        let own = self.rate.map_or(Duration::ZERO, |rate| own_wait(rate, reading.ways));
        let queue = reading.queue.unwrap_or_default().saturating_sub(own);
        let full = queue > TARGET || self.loss() > FULL_LOSS;
        self.queued = if full { self.queued + 1 } else { 0 };
        // One that drains already needs no more.
        let drains = queue < std::mem::replace(&mut self.queue, queue);
        if self.queued >= SURE {
            self.carried = most(&self.delivered);
            self.congested = now;
        }
        if self.queued >= SURE && !drains {
            self.fall(now, queue);
        } else if !full {
            let free = 1.0 - queue.div_duration_f64(TARGET);
            self.grow(now, passed.mul_f64(free * free));
        }
        self.follow(now);
    }

    /// What may leave, bits a second on the line; nothing for no limit.
    pub(crate) fn rate_bps(&self) -> Option<u64> {
        self.rate.map(|rate| rate as u64)
    }

    /// What children may be promised, bits a second on the line; nothing for no limit.
    pub(crate) fn promise_bps(&self) -> Option<u64> {
        self.promise.map(|rate| (rate * PROMISED) as u64)
    }

    fn fall(&mut self, now: Time, queue: Duration) {
        // Who sends next to nothing is not what others wait for: a broadcaster whose own line is full answers
        // late, too.
        if now < self.judged || self.delivers(DELIVERED) < LEAST {
            return;
        }
        let beyond = queue.saturating_sub(TARGET).div_duration_f64(TARGET);
        let cut = MOST_CUT * beyond.min(1.0);
        let carried = self.carried.max(self.delivers(AT_ONCE));
        let used = self.rate.map_or(carried, |known| known.min(self.carried));
        self.rate = Some((used * (1.0 - cut)).max(LEAST));
        self.judged = now + queue.div_f64(cut.max(MOST_CUT / 10.0)) + FEEDBACK;
    }

    /// Grows for as long as `passed`, of which little is left near the target: what stands there already is
    /// somebody else's.
    fn grow(&mut self, now: Time, passed: Duration) {
        if now.since(self.congested) < CALM {
            return;
        }
        let used = self.delivers(DELIVERED) * UNUSED + LEAST;
        let rested = now.since(self.congested).saturating_sub(REST).as_secs_f64();
        // Later also what is not used: who has no children left could find out nothing.
        let open = rested > 0.0;
        let Some(rate) = self.rate.as_mut().filter(|rate| open || **rate < used) else { return };
        let growth = if *rate < self.carried { FAST } else { PROBE * rested };
        let grown = *rate * (1.0 + growth * passed.as_secs_f64());
        *rate = if open { grown } else { grown.min(self.carried.max(*rate)) };
        if grown > NO_LIMIT {
            (self.rate, self.promise) = (None, None);
            self.rates.clear();
        }
    }

    /// The promise follows the rate.
    fn follow(&mut self, now: Time) {
        let Some(rate) = self.rate else { return };
        self.rates.push_back((now, rate));
        forget(&mut self.rates, now, LASTING);
        let whole = self.rates.front().is_some_and(|(at, _)| now.since(*at) + FEEDBACK > LASTING);
        let least = self.rates.iter().fold(f64::INFINITY, |least, (_, rate)| least.min(*rate));
        let most = most(&self.rates);
        self.promise = match self.promise {
            _ if !whole => self.promise,
            Some(promise) if most >= promise && least < promise * WORTH => Some(promise),
            Some(promise) if least >= promise * WORTH => Some(least),
            _ => Some(most),
        };
    }

    /// Bits a second that arrived within a while.
    fn delivers(&self, within: Duration) -> f64 {
        let lately = || self.arrived.iter().filter(|(at, _)| self.read.since(*at) <= within);
        let Some((first, _)) = lately().next() else { return 0.0 };
        let acked: u64 = lately().skip(1).map(|(_, reading)| reading.acked).sum();
        acked as f64 * 8.0 / self.read.since(*first).as_secs_f64().max(0.05)
    }

    /// Which part of it did not.
    fn loss(&self) -> f64 {
        let (acked, lost) = self.arrived.iter().fold((0, 0), |(acked, lost), (_, reading)| {
            (acked + reading.acked, lost + reading.lost)
        });
        lost as f64 / (acked + lost).max(MUCH) as f64
    }
}

/// Drops what is older; the newest stays.
fn forget<T>(known: &mut VecDeque<(Time, T)>, now: Time, age: Duration) {
    while known.len() > 1 && known.front().is_some_and(|(at, _)| now.since(*at) > age) {
        known.pop_front();
    }
}

fn most(of: &VecDeque<(Time, f64)>) -> f64 {
    of.iter().fold(0.0, |most, (_, value)| most.max(*value))
}

/// How long a packet waits at the socket for others of ours.
fn own_wait(rate: f64, ways: u32) -> Duration {
    let waiting = if rate <= CROWDED { f64::from(ways.max(1)) } else { 1.0 };
    Duration::from_secs_f64(waiting * OWN_WAIT / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 Mbit/s behind a queue of half a second, in steps of a reading.
    const LINE: f64 = 5_000_000.0;
    const FULL_S: f64 = 0.5;
    const STEP: Duration = Duration::from_millis(100);

    /// A node that is asked for nearly twice what its line carries.
    #[derive(Default)]
    struct House {
        ledbat: Ledbat,
        now: Time,
        /// Bits in the line's queue: ours, and somebody else's.
        queue: [f64; 2],
    }

    impl House {
        /// A step in which somebody else sends so much, bits a second; gives what the line carried of
        /// ours, bits a second, and how long it makes wait, in seconds.
        fn step(&mut self, other: f64) -> (f64, f64) {
            self.now = self.now + STEP;
            let promised = self.ledbat.promise_bps().map_or(8_700_000.0, |bps| bps as f64 * 0.9);
            let rate = self.ledbat.rate_bps().map_or(promised, |bps| promised.min(bps as f64));
            let seconds = STEP.as_secs_f64();
            let [ours, others] = [self.queue[0] + rate * seconds, self.queue[1] + other * seconds];
            let whole = ours + others;
            let served = whole.min(LINE * seconds);
            let carried = served * ours / whole.max(1.0);
            let kept = (whole - served).min(LINE * FULL_S) / whole.max(1.0);
            self.queue = [ours * kept, others * kept];
            let wait = self.queue.iter().sum::<f64>() / LINE;
            let queue = Some(Duration::from_secs_f64(wait));
            let reading = Reading { queue, ways: 1, acked: (carried / 8.0) as u64, lost: 0 };
            self.ledbat.on_reading(self.now, reading);
            (carried / seconds, wait)
        }

        /// What the line carried of ours on average in so many seconds, and how long it made wait for
        /// longer than in 5 % of the time.
        fn seconds(&mut self, seconds: u32, other: f64) -> (f64, f64) {
            let steps: Vec<_> = (0..seconds * 10).map(|_| self.step(other)).collect();
            let mut waits: Vec<f64> = steps.iter().map(|step| step.1).collect();
            waits.sort_by(f64::total_cmp);
            let carried = steps.iter().map(|step| step.0).sum::<f64>() / steps.len() as f64;
            (carried, waits[waits.len() * 95 / 100])
        }
    }

    #[test]
    fn without_a_queue_there_is_no_limit() {
        let mut ledbat = Ledbat::default();
        for step in 1..=600 {
            let queue = Some(Duration::from_millis(step % 15));
            let now = Time::from_millis(step * 100);
            ledbat.on_reading(now, Reading { queue, ways: 1, acked: 60_000, lost: 0 });
        }
        assert_eq!((ledbat.rate_bps(), ledbat.promise_bps()), (None, None));
    }

    #[test]
    fn alone_it_uses_the_line_and_leaves_no_queue() {
        let mut house = House::default();
        house.seconds(12, 0.0);
        let (carried, wait) = house.seconds(60, 0.0);
        assert!(carried >= 0.85 * LINE, "{carried}");
        assert!(wait <= 0.06, "{wait}");
    }

    #[test]
    fn an_upload_that_fills_the_line_gets_it_and_the_line_is_used_again_afterwards() {
        let mut house = House::default();
        house.seconds(20, 0.0);
        house.seconds(8, LINE);
        let (left, _) = house.seconds(10, LINE);
        assert!(left <= 0.2 * LINE, "{left}");
        assert!(left >= LEAST * 0.5, "what control needs stays: {left}");
        house.seconds(60, 0.0);
        let (carried, wait) = house.seconds(20, 0.0);
        assert!(carried >= 0.8 * LINE, "{carried}");
        assert!(wait <= 0.06, "{wait}");
    }

    #[test]
    fn a_jolt_on_an_idle_line_is_forgotten() {
        let mut ledbat = Ledbat::default();
        let mut now = Time::ZERO;
        let mut pass = |seconds: u32, queue_ms: u64, acked: u64| {
            for _ in 0..seconds * 10 {
                now = now + STEP;
                let queue = Some(Duration::from_millis(queue_ms));
                ledbat.on_reading(now, Reading { queue, ways: 1, acked, lost: 0 });
            }
            ledbat.promise_bps()
        };
        // One child's slot.
        assert_eq!(pass(10, 3, 3_500), None);
        assert!(pass(4, 60, 3_500).is_some_and(|bps| bps < 300_000));
        // It had to go, so that next to nothing is sent.
        assert!(pass(15, 2, 50).is_some_and(|bps| bps < 300_000));
        assert!(pass(30, 2, 50).is_some_and(|bps| bps > 1_000_000));
        assert_eq!(pass(60, 2, 50), None);
    }

    /// The rate after so many seconds in which each tenth has this reading.
    fn after(seconds: u32, ledbat: &mut Ledbat, from: Time, reading: Reading) -> Option<u64> {
        for step in 1..=seconds * 10 {
            ledbat.on_reading(from + STEP * step, reading);
        }
        ledbat.rate_bps()
    }

    #[test]
    fn who_sends_next_to_nothing_is_not_what_others_wait_for() {
        let mut ledbat = Ledbat::default();
        let reading =
            |acked| Reading { queue: Some(Duration::from_millis(80)), ways: 1, acked, lost: 0 };
        assert_eq!(after(5, &mut ledbat, Time::ZERO, reading(2_000)), None);
        assert!(after(5, &mut ledbat, Time::from_millis(5_000), reading(60_000)).is_some());
    }

    #[test]
    fn packets_that_wait_for_each_other_at_the_socket_are_no_queue() {
        let mut ledbat = Ledbat::default();
        let queue = Some(Duration::from_millis(300));
        let full = Reading { queue, ways: 8, acked: 12_000, lost: 0 };
        let fallen = after(10, &mut ledbat, Time::ZERO, full);
        assert!(fallen.is_some_and(|bps| bps as f64 <= 2.0 * LEAST), "{fallen:?}");
        // Eight connections, of which each has one packet that waits for as long as the rate says.
        let mut now = Time::from_millis(10_000);
        for _ in 0..600 {
            now = now + STEP;
            let rate = ledbat.rate_bps().map_or(1e9, |bps| bps as f64);
            let waiting = if rate < 2.0 * LEAST { 8.0 } else { 0.0 };
            let queue = Some(Duration::from_secs_f64(waiting * OWN_WAIT / rate * 0.9));
            ledbat.on_reading(now, Reading { queue, ways: 8, acked: 3_125, lost: 0 });
        }
        let free = ledbat.rate_bps();
        assert!(free.is_none_or(|bps| bps as f64 > 4.0 * LEAST), "{free:?}");
    }

    #[test]
    fn a_tenth_lost_of_much_is_a_full_line_and_a_lost_probe_is_none() {
        let lossy = |acked: u64, lost: u64| {
            let mut ledbat = Ledbat::default();
            for step in 1..=20 {
                let reading = Reading { queue: Some(Duration::ZERO), ways: 1, acked, lost };
                ledbat.on_reading(Time::from_millis(step * 100), reading);
            }
            ledbat.rate_bps()
        };
        assert!(lossy(60_000, 9_000).is_some_and(|bps| bps <= 5_000_000));
        assert_eq!(lossy(60_000, 3_000), None, "a radio");
        assert_eq!(lossy(200, 290), None);
    }

    #[test]
    fn the_promise_follows_what_lasts() {
        let mut house = House::default();
        house.seconds(40, 0.0);
        let before = house.ledbat.promise_bps();
        let rate = house.ledbat.rate_bps();
        (0..5).for_each(|_| _ = house.step(LINE));
        assert!(house.ledbat.rate_bps() < rate, "it gives way at once");
        assert_eq!(house.ledbat.promise_bps(), before, "and children stay for now");
        house.seconds(4, LINE);
        assert!(house.ledbat.promise_bps() < before);
    }
}
