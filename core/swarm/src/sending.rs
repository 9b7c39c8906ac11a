//! How well this node's own pieces get away: what a broadcaster is told about its upload.

use core::time::Duration;

use crate::{Swarm, Time};

/// Live pieces on their way out, and whom they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sending {
    /// How long the oldest live piece has waited for its turn.
    pub waiting: Duration,
    /// Bytes of live pieces that waited for their turn for too long, since the node began.
    pub dropped_bytes: u64,
    /// Bytes of live pieces that waited for too long because the way to one neighbour was blocked.
    pub blocked_bytes: u64,
    /// At the origin: the part of the viewers that have nobody who gives them some substream that they
    /// need, as their parents report it, 0 to 1.
    pub missing: f32,
}

impl Swarm {
    /// Live pieces that wait for their turn, in media time: from the oldest of them to the newest that is
    /// here. (Not by when they were put in line: a program that stood still puts in much at once.)
    pub(crate) fn backlog(&self) -> Duration {
        let newest = self.tracks.iter().filter_map(|t| t.have.capture_ms(t.have.newest()?)).max();
        let waits =
            |(oldest, newest): (u64, u32)| (u64::from(newest) * 1_000).saturating_sub(oldest);
        let waiting = self.uplink.oldest_due().zip(newest).map(waits);
        Duration::from_micros(waiting.unwrap_or(0))
    }

    /// How sending goes now.
    #[must_use]
    pub fn sending(&self, now: Time) -> Sending {
        Sending {
            waiting: self.uplink.oldest_wait(now),
            dropped_bytes: self.uplink.dropped_bytes,
            blocked_bytes: self.uplink.blocked_bytes,
            missing: self.missing(now),
        }
    }

    /// Whoever is below this node in one substream and not in another lacks the other; a track with
    /// parity can do without one.
    fn missing(&self, now: Time) -> f32 {
        if !self.is_root() {
            return 0.0;
        }
        let (mut least, mut most) = (u32::MAX, 0);
        for track in &self.tracks {
            let mut counts: Vec<u32> =
                track.lane_ids().map(|id| self.below(now, id).count).collect();
            counts.sort_unstable();
            least = least.min(counts.get(usize::from(track.config.parity)).copied().unwrap_or(0));
            most = most.max(counts.last().copied().unwrap_or(0));
        }
        if most == 0 { 0.0 } else { 1.0 - least as f32 / most as f32 }
    }
}
