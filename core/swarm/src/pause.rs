//! A program that stood still: nobody is judged by time in which this node heard nothing.
//!
//! A phone that has too much to do runs nothing for a second. What others sent meanwhile still lies in
//! its sockets, so by its own clock all of them have been silent: an origin took its four children for
//! gone at once, and the whole audience looked for parents (30 viewers, lab).

use core::time::Duration;

use crate::{Swarm, Time};

/// A timer this late says that the program stood still; on a busy machine they are late by less.
const PAUSED: Duration = Duration::from_millis(100);
/// What has come in meanwhile is taken in within this.
const CATCHING_UP: Duration = Duration::from_millis(200);

impl Swarm {
    /// The timer that was due at `due` runs at `now`: if that is far too late, waiting for others begins
    /// where it was.
    pub(crate) fn note_pause(&mut self, now: Time, due: Time) {
        let late = now.since(due);
        if late < PAUSED {
            return;
        }
        self.judges_from = now + CATCHING_UP;
        self.peers.iter_mut().for_each(|(_, peer)| peer.defer(now, late));
        self.repair.defer(now, late);
        for lane in self.tracks.iter_mut().flat_map(|t| &mut t.lanes) {
            lane.search.open.iter_mut().for_each(|(_, until)| *until = *until + late);
        }
    }
}
