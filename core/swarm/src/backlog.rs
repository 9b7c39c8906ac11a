//! The current GOP for a newcomer: which greeter sends which substreams of it.
//!
//! The newcomer shares the substreams out by the upload that each greeter has to spare, so that one
//! that is busy (a capped origin above all) doesn't hold up the first picture. Bound: at most
//! [`MAX_GOP_CHUNKS`] chunks, in the repair class, once for each newcomer.

use crate::message::Start;
use crate::tree::For;
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// Chunks this much older than the newest are taken to have reached every greeter.
pub(crate) const RIPE_MS: u32 = 300;
/// Chunks of the current GOP sent to a newcomer: 4 s at 50 ms.
const MAX_GOP_CHUNKS: u32 = 80;
/// A greeter of which nothing is known counts as one that has this to spare, in kbit/s: about what
/// a repair class has left of a 10 Mbit/s uplink.
const UNKNOWN_KBPS: u32 = 1_000;

impl Swarm {
    /// Where a newcomer starts: with the newest keyframe of the first track, and in every other one
    /// (sound, of which each chunk is a keyframe) with what was captured from then on.
    pub(crate) fn starts(&self) -> Vec<Start> {
        let first = self.tracks.first().and_then(|t| t.have.capture_ms(t.have.keyframe()?));
        let start = |t: &crate::track::Track| {
            let newest = t.have.keyframe()?;
            let since = |c: &u32| t.have.capture_ms(*c).is_some_and(|at| Some(at) >= first);
            let chunk = (t.have.base()..=newest).rev().take_while(since).last().unwrap_or(newest);
            let edge = t.have.capture_ms(t.have.newest()?)?;
            let ripe = |c: &u32| t.have.capture_ms(*c).is_some_and(|at| at + RIPE_MS <= edge);
            let end = (chunk..=t.have.newest()?).find(|c| !ripe(c))?;
            Some(Start { track: t.config.track, chunk, end })
        };
        self.tracks.iter().filter_map(start).collect()
    }

    /// For each greeter, by its spare upload in kbit/s, the substreams of each of `starts` that it
    /// is to send (one bit each).
    pub(crate) fn share_out(&self, starts: &[Start], spare: &[Option<u32>]) -> Vec<Vec<u32>> {
        let weight = |kbps: Option<u32>| u64::from(kbps.unwrap_or(UNKNOWN_KBPS).max(1));
        let mut load = vec![0u64; spare.len()];
        let mut shares = vec![vec![0u32; starts.len()]; spare.len()];
        for (at, start) in starts.iter().enumerate() {
            let Some(track) = self.track(start.track) else { continue };
            for lane in 0..track.lanes.len() {
                // Whoever would be done first with one substream more.
                let cost = |n: &usize| {
                    let load = load.get(*n).copied().unwrap_or(0) + track.slot_bps();
                    load / weight(spare.get(*n).copied().flatten())
                };
                let Some(next) = (0..spare.len()).min_by_key(cost) else { return shares };
                if let Some(load) = load.get_mut(next) {
                    *load += track.slot_bps();
                }
                if let Some(share) = shares.get_mut(next).and_then(|s| s.get_mut(at)) {
                    *share |= 1 << lane;
                }
            }
        }
        shares
    }

    /// Sends a newcomer what falls to this node of the current GOP.
    pub(crate) fn send_share(&mut self, now: Time, peer: PeerIndex, start: &Start, share: u32) {
        let track = self.track(start.track).filter(|_| self.has(Mechanism::FirstShares));
        let Some(track) = track else { return };
        let Some(newest) = track.have.newest() else { return };
        if track.have.keyframe().is_some_and(|key| key > start.chunk) && track.config.k > 1 {
            return; // A newer GOP has begun meanwhile: the parents send that one.
        }
        let from = start.chunk.max(track.have.base()).max(newest.saturating_sub(MAX_GOP_CHUNKS));
        let end = start.end.min(newest.saturating_add(1));
        let lanes = track.lanes.len().min(usize::from(track.config.k)) as u8;
        let mine = (0..lanes).filter(|s| share >> s & 1 == 1);
        let pieces: Vec<_> = (from..end)
            .flat_map(|c| mine.clone().flat_map(move |s| track.have.pieces(c, s)))
            .collect();
        for (piece, len) in pieces {
            if !self.push_repair(now, peer, piece, len, For::Asker) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, NodeId, Role, TrackConfig};

    #[test]
    fn substreams_fall_to_greeters_by_what_they_can_spare() {
        let mut swarm = Swarm::new(Config::new(Role::Viewer, NodeId([1; 16]), 1));
        let track =
            |track, k, wire_bps| TrackConfig { track, k, parity: false, chunk_ms: 100, wire_bps };
        swarm.handle_tracks(Time::ZERO, &[track(0, 8, 2_000_000), track(1, 1, 100_000)]);
        let starts = [0, 1].map(|track| Start { track, chunk: 10, end: 15 });
        let shares = swarm.share_out(&starts, &[Some(300), Some(3_000), None]);
        let counts: Vec<u32> = shares.iter().map(|s| s[0].count_ones()).collect();
        assert_eq!(counts, [0, 6, 2]);
        let all = |at: usize| shares.iter().fold(0, |mask, s| mask | s[at]);
        assert_eq!((all(0), all(1)), (255, 1));
        assert_eq!(swarm.share_out(&starts, &[]), Vec::<Vec<u32>>::new());
    }
}
