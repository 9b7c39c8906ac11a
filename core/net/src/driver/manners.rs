//! What may leave: what the person allows, and no more than their line bears.

use manyhands_swarm::Time;

use super::Driver;

impl Driver {
    /// Hears what the line has to say, and keeps to it.
    pub(super) fn mind_the_line(&mut self, now: Time) {
        let reading = self.quic.line().read();
        let Some(ledbat) = self.ledbat.as_mut() else { return };
        let before = (ledbat.rate_bps(), ledbat.promise_bps());
        ledbat.on_reading(now, reading);
        let after = (ledbat.rate_bps(), ledbat.promise_bps());
        tracing::trace!(
            queue_us = reading.queue.map(|q| q.as_micros() as u64),
            acked = reading.acked,
            lost = reading.lost,
            rate = after.0,
            promise = after.1,
            "the line"
        );
        if before != after {
            self.apply_limits(now);
        }
    }

    /// The rate holds at the socket at once; children are promised what lasts.
    pub(super) fn apply_limits(&mut self, now: Time) {
        let (rate, promise) = match &self.ledbat {
            Some(ledbat) => (ledbat.rate_bps(), ledbat.promise_bps()),
            None => (None, None),
        };
        let least = |of: Option<u64>| self.limit.into_iter().chain(of).min();
        let cap = least(rate);
        self.quic.socket().set_cap(cap, cap != self.limit);
        self.swarm.handle_pace(now, rate);
        let promise = least(promise);
        if self.promised != promise {
            self.promised = promise;
            self.swarm.handle_allowance(now, promise);
        }
    }
}
