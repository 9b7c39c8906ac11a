//! What one direction of a host's line does to a packet: lose it, queue it, delay it, reorder it.
//!
//! Pure and seeded: time comes in as nanoseconds, and every packet takes the same number of random
//! draws, so the n-th packet of a direction meets the same fate for the same seed, whatever the
//! other directions carry.

use std::net::Ipv4Addr;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How long a packet that is let out of order lags behind, in nanoseconds: about four packets of
/// 1,200 bytes at 8 Mbit/s, enough to pass QUIC's packet threshold of 3 (RFC 9002, section 6.1.1).
const REORDER_LAG_NS: u64 = 5_000_000;

/// One direction of a host's line. The default carries everything at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// One-way delay.
    pub delay: Duration,
    /// Added to or taken from the delay, uniformly; packets keep their order.
    pub jitter: Duration,
    /// Chance of a packet being lost, 0 to 1.
    pub loss: f64,
    /// Chance of a packet lagging 5 ms behind those that follow it, 0 to 1.
    pub reorder: f64,
    /// Bits a second, Ethernet headers included; `None` is unlimited.
    pub rate: Option<u64>,
    /// How much may wait for a limited rate before the tail is dropped, in time at that rate.
    pub queue: Duration,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            reorder: 0.0,
            rate: None,
            queue: Duration::from_millis(200),
        }
    }
}

/// Both directions of a host's line, seen from the host.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Line {
    /// From the host to the network. Its rate and queue are a `tbf` inside the host, so that the
    /// host's own counter shows only what got out.
    pub up: Link,
    /// From the network to the host.
    pub down: Link,
}

impl Line {
    /// A line that adds a quarter of `rtt` in each direction, so that two such hosts see `rtt`, and
    /// loses `loss` of what its host sends.
    pub fn new(rtt: Duration, loss: f64) -> Self {
        let delay = rtt / 4;
        Self {
            up: Link { delay, loss, ..Link::default() },
            down: Link { delay, ..Link::default() },
        }
    }
}

/// Which way a [`Course`] runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the host to the network.
    Up,
    /// From the network to the host.
    Down,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It comes out at this time, in nanoseconds.
    Out(u64),
    /// The line lost it.
    Lost,
    /// The queue in front of a limited rate was full.
    Full,
}

/// A [`Link`] at work: its random numbers, and what is still on its way.
#[derive(Debug)]
pub struct Course {
    link: Link,
    random: ChaCha8Rng,
    free_at: u64,
    last_out: u64,
}

impl Course {
    /// The course of `host`'s line in one direction. Same seed, host and direction: same fates.
    pub fn new(link: Link, seed: u64, host: Ipv4Addr, direction: Direction) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(u32::from(host)) << 1 | u64::from(direction == Direction::Up));
        Self { link, random, free_at: 0, last_out: 0 }
    }

    /// Change the line under the packets that follow; those under way keep their times.
    pub fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    /// A packet of `length` bytes enters at `now` nanoseconds. Times must not run backwards.
    pub fn handle_packet(&mut self, now: u64, length: usize) -> Fate {
        let lost = self.random.random::<f64>() < self.link.loss;
        let swing = self.random.random::<f64>() * 2.0 - 1.0;
        let lags = self.random.random::<f64>() < self.link.reorder;
        if lost {
            return Fate::Lost;
        }
        let Some(sent) = self.serialise(now, length) else { return Fate::Full };
        let jitter = (nanos(self.link.jitter) as f64 * swing) as i64;
        let out = (sent + nanos(self.link.delay)).saturating_add_signed(jitter).max(sent);
        if lags {
            return Fate::Out(out + REORDER_LAG_NS);
        }
        self.last_out = self.last_out.max(out);
        Fate::Out(self.last_out)
    }

    /// When the last bit of the packet has been sent, or nothing if the queue is full.
    fn serialise(&mut self, now: u64, length: usize) -> Option<u64> {
        let Some(rate) = self.link.rate else { return Some(now) };
        let start = self.free_at.max(now);
        if start - now > nanos(self.link.queue) {
            return None;
        }
        self.free_at = start + length as u64 * 8 * 1_000_000_000 / rate.max(1);
        Some(self.free_at)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
    const MS: u64 = 1_000_000;

    fn course(link: Link, seed: u64) -> Course {
        Course::new(link, seed, HOST, Direction::Up)
    }

    fn fates(link: Link, seed: u64) -> Vec<Fate> {
        let mut course = course(link, seed);
        (0..2000).map(|n| course.handle_packet(n * MS, 1200)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_fates_and_another_seed_others() {
        let link = Link { loss: 0.1, jitter: Duration::from_millis(3), ..Link::default() };
        assert_eq!(fates(link, 7), fates(link, 7));
        assert_ne!(fates(link, 7), fates(link, 8));
    }

    #[test]
    fn losing_a_packet_does_not_change_the_fate_of_those_after_it() {
        let lossy = fates(Link { loss: 0.1, reorder: 0.1, ..Link::default() }, 3);
        let sound = fates(Link { loss: 0.0, reorder: 0.1, ..Link::default() }, 3);
        let kept = lossy.iter().zip(&sound).filter(|(lossy, _)| **lossy != Fate::Lost);
        for (lossy, sound) in kept {
            assert_eq!(lossy, sound);
        }
    }

    #[test]
    fn jitter_stays_in_its_bounds_and_keeps_the_order() {
        let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
        let fates = fates(Link { delay, jitter, ..Link::default() }, 1);
        let mut before = 0;
        for (n, fate) in (0..).zip(fates) {
            let Fate::Out(out) = fate else { panic!("nothing is lost here") };
            assert!(out >= before, "packet {n} overtook another");
            assert!((n * MS + 15 * MS..=n * MS + 25 * MS).contains(&out), "packet {n} at {out}");
            before = out;
        }
    }

    #[test]
    fn a_reordered_packet_comes_after_those_that_follow_it() {
        let fates = fates(Link { reorder: 0.05, ..Link::default() }, 1);
        let outs: Vec<u64> = fates
            .iter()
            .filter_map(|f| if let Fate::Out(t) = f { Some(*t) } else { None })
            .collect();
        let overtaken = outs.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!((60..=140).contains(&overtaken), "{overtaken} of 2,000 at 5 %");
    }

    #[test]
    fn a_limited_rate_spaces_packets_and_drops_the_tail() {
        let queue = Duration::from_millis(100);
        let mut course = course(Link { rate: Some(8_000_000), queue, ..Link::default() }, 1);
        let fates: Vec<Fate> = (0..200).map(|_| course.handle_packet(0, 1000)).collect();
        assert_eq!(fates[0], Fate::Out(MS));
        assert_eq!(fates[99], Fate::Out(100 * MS));
        assert_eq!(fates[101], Fate::Full);
        assert_eq!(course.handle_packet(100 * MS, 1000), Fate::Out(102 * MS));
    }
}
