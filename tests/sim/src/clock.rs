//! Each node's own clock: nodes agree on nothing.

use manyhands_swarm::Time;

/// World microseconds to a node's own and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Where the clock stood when the world began, in microseconds.
    pub(crate) offset: u64,
    /// Parts in a million that it runs too fast.
    pub(crate) drift_ppm: i64,
}

impl Clock {
    pub(crate) fn local(&self, world: u64) -> Time {
        let drift = world as i128 * i128::from(self.drift_ppm) / 1_000_000;
        Time::from_micros((i128::from(self.offset) + i128::from(world) + drift).max(0) as u64)
    }

    /// The first world moment at which the node's clock has reached `local`.
    pub(crate) fn world(&self, local: Time) -> u64 {
        let since = local.as_micros().saturating_sub(self.offset);
        let guess = i128::from(since) * 1_000_000 / i128::from(1_000_000 + self.drift_ppm);
        let mut world = guess.max(0) as u64;
        while self.local(world) < local {
            world += 1;
        }
        world
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_never_comes_before_the_node_s_own_clock_says_so() {
        for (offset, drift_ppm) in [(0, 0), (7_200_000_000, 100), (1, -100)] {
            let clock = Clock { offset, drift_ppm };
            for world in [0, 1, 999, 123_456_789] {
                let local = clock.local(world);
                let back = clock.world(local);
                assert!(clock.local(back) >= local && back <= world + 1, "{back} {world}");
            }
        }
    }
}
