//! Who pushes a substream without being its parent.
//!
//! For a moment that is how a move looks: the old parent serves on, a new one's first piece overtakes its
//! yes. What lasts is a parent that has missed our leave, for whom each of its pieces is lost upload. It is
//! told again. (Measured in the lab: four of sixteen viewers got 11 to 32 % of the stream twice, for as long
//! as they watched.)

use core::time::Duration;

use crate::lane::LaneId;
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// Longer than a handover and what is on the way after it.
const LASTS: Duration = Duration::from_secs(2);
/// After such a pause it is a new one.
const PAUSE: Duration = Duration::from_secs(1);
/// Of one substream at once; others are noticed when these are gone.
const MOST: usize = 4;

/// A neighbour that pushes unasked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stray {
    peer: PeerIndex,
    since: Time,
    last: Time,
}

impl Swarm {
    /// A live piece of a substream came from somebody who isn't its parent.
    pub(crate) fn on_stray(&mut self, now: Time, from: PeerIndex, id: LaneId) {
        if !self.has(Mechanism::Strays) {
            return;
        }
        let Some(lane) = self.lane_mut(id) else { return };
        lane.strays.retain(|stray| now.since(stray.last) < PAUSE);
        let known = lane.strays.iter_mut().find(|stray| stray.peer == from);
        let Some(stray) = known else {
            if lane.strays.len() < MOST {
                lane.strays.push(Stray { peer: from, since: now, last: now });
            }
            return;
        };
        stray.last = now;
        if now.since(stray.since) >= LASTS {
            stray.since = now;
            self.counters.strays += 1;
            self.detach(from, id, false, None);
        }
    }
}
