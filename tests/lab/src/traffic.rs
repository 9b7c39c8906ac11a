//! What one host put on the wire and what the network did with it.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use serde::Serialize;

/// The grain in which a host's sending is remembered, in nanoseconds: the widest error of a window
/// is one bucket in a hundred for a window of a second.
const BUCKET_NS: u64 = 10_000_000;
/// Buckets kept: ten minutes, the longest scenario, 480 KB a host. Older ones are forgotten.
const MAX_BUCKETS: usize = 60_000;

/// Addresses counted one by one: more than a lab has hosts.
const MAX_ADDRESSES: usize = 1_024;

/// Counts of one host; frames and bytes include the Ethernet header of 14 bytes.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Traffic {
    /// Frames the host sent.
    pub sent_frames: u64,
    /// Bytes the host sent.
    pub sent_bytes: u64,
    /// Frames on their way out of the network to the host.
    pub received_frames: u64,
    /// Bytes on their way out of the network to the host.
    pub received_bytes: u64,
    /// Sent frames that the line lost.
    pub lost: u64,
    /// Frames for the host that the line lost.
    pub lost_down: u64,
    /// Sent frames dropped by a full queue in the network.
    pub queue_full: u64,
    /// Frames for the host dropped by a full queue in front of its downlink.
    pub queue_full_down: u64,
    /// Sent frames to a host that this one can't reach.
    pub blocked: u64,
    /// Sent frames that the host's own NAT doesn't carry.
    pub filtered: u64,
    /// Frames for the host that its NAT didn't let in.
    pub filtered_down: u64,
    /// Sent frames that are for no host of the lab.
    pub unroutable: u64,
    /// Sent frames dropped because the emulator held too many: the run says nothing then.
    pub overload: u64,
    /// Frames that the host sent, by the address they are for; whatever is none of IPv4 under 0.0.0.0.
    pub sent_to: BTreeMap<Ipv4Addr, u64>,
    #[serde(skip)]
    history: History,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct History {
    buckets: VecDeque<u64>,
    first: u64,
}

impl Traffic {
    /// A frame of `length` bytes left the host at `now` nanoseconds.
    pub fn on_sent(&mut self, now: u64, length: usize) {
        self.sent_frames += 1;
        self.sent_bytes += length as u64;
        self.history.add(now / BUCKET_NS, length as u64);
    }

    /// It is for this address, whatever becomes of it.
    pub fn on_addressed(&mut self, to: Option<Ipv4Addr>) {
        let to = to.unwrap_or(Ipv4Addr::UNSPECIFIED);
        if self.sent_to.len() < MAX_ADDRESSES || self.sent_to.contains_key(&to) {
            *self.sent_to.entry(to).or_default() += 1;
        }
    }

    /// A frame of `length` bytes got through to the host.
    pub fn on_received(&mut self, length: usize) {
        self.received_frames += 1;
        self.received_bytes += length as u64;
    }

    /// The most bytes that the host sent in any `seconds` in a row, in steps of 10 ms.
    pub fn busiest_window(&self, seconds: u64) -> u64 {
        let width = usize::try_from(seconds * 1_000_000_000 / BUCKET_NS).unwrap_or(usize::MAX);
        let buckets = &self.history.buckets;
        let mut sum = 0;
        let mut most = 0;
        for (n, bytes) in buckets.iter().enumerate() {
            sum += bytes;
            if let Some(gone) = n.checked_sub(width).and_then(|gone| buckets.get(gone)) {
                sum -= gone;
            }
            most = most.max(sum);
        }
        most
    }
}

impl History {
    fn add(&mut self, bucket: u64, bytes: u64) {
        if self.buckets.is_empty() {
            self.first = bucket;
        }
        while self.first + (self.buckets.len() as u64) <= bucket {
            self.buckets.push_back(0);
            if self.buckets.len() > MAX_BUCKETS {
                self.buckets.pop_front();
                self.first += 1;
            }
        }
        let place = bucket.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(sum) = place.and_then(|place| self.buckets.get_mut(place)) {
            *sum += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_window_is_found_wherever_it_lies() {
        let mut traffic = Traffic::default();
        for n in 0..500 {
            traffic.on_sent(n * BUCKET_NS, if (123..223).contains(&n) { 300 } else { 100 });
        }
        assert_eq!(traffic.busiest_window(1), 30_000);
        assert_eq!(traffic.busiest_window(2), 40_000);
        assert_eq!(traffic.busiest_window(100), traffic.sent_bytes);
    }

    #[test]
    fn silence_counts_as_time_and_memory_stays_bounded() {
        let mut traffic = Traffic::default();
        traffic.on_sent(0, 1000);
        traffic.on_sent(3_000_000_000, 1000);
        assert_eq!(traffic.busiest_window(1), 1000);
        traffic.on_sent(86_400_000_000_000, 7);
        assert_eq!(traffic.history.buckets.len(), MAX_BUCKETS);
        assert_eq!(traffic.busiest_window(1), 7);
    }
}
