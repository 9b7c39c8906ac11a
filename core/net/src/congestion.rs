//! Congestion control of a connection: Cubic (RFC 9438) that tells a lossy way from a full one.
//!
//! A tree's connections carry a part of the stream and no more, so they are nearly always limited by
//! what there is to send: Cubic lets their window grow no further (RFC 9002, section 7.8) but takes a
//! third of it for each packet that a radio loses. At 1 % of loss and 40 ms it dwindled to two packets,
//! for which the acknowledgement waits 25 ms. So a loss counts as congestion where the real-time
//! controllers of the field say it does: when a tenth of what was sent lately is lost (GCC,
//! draft-ietf-rmcat-gcc-02, section 6), or when packets also wait for longer than they have to.
//! What a node sends in all is bounded by its own bucket.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use quinn::congestion::{Controller, ControllerFactory, CubicConfig};
use quinn_proto::RttEstimator;

use crate::line::{Line, Way};

/// Lost of all that was sent lately: more is congestion (GCC, section 6).
pub(crate) const FULL_LOSS: f64 = 0.10;
/// A round trip that is longer than the shortest by this means that something waits in a queue: twice
/// what an acknowledgement may wait (25 ms).
const QUEUE: Duration = Duration::from_millis(50);
/// "Lately", in bytes: some two hundred packets. Half of it is forgotten whenever as much was sent.
const LATELY: u64 = 256 << 10;
/// What a young connection is taken to have sent without loss, so that one packet of its first ten is
/// not a tenth.
const TRUST: u64 = 64 << 10;

/// What may be on its way before anything is known: 32 packets, as quic-go and Google's QUIC have it
/// (RFC 9002 recommends ten). A newcomer is sent the second since the last keyframe at once.
const INITIAL_WINDOW: u64 = 32 * 1_200;

/// Makes the controller of each connection.
#[derive(Debug, Default)]
pub(crate) struct LossTolerant {
    /// Hears what each has to say of the line.
    pub(crate) line: Arc<Line>,
}

impl ControllerFactory for LossTolerant {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        let mut config = CubicConfig::default();
        config.initial_window(INITIAL_WINDOW);
        let cubic = Arc::new(config).build(now, mtu);
        let way = self.line.join();
        let queue = Duration::ZERO;
        Box::new(Tolerant { cubic, acked: TRUST, lost: 0, queue, way, smoothed: None, measured: 0 })
    }
}

struct Tolerant {
    cubic: Box<dyn Controller>,
    /// Bytes that arrived lately.
    acked: u64,
    /// Bytes that were lost lately.
    lost: u64,
    /// How much longer than the shortest the round trip is.
    queue: Duration,
    way: Arc<Mutex<Way>>,
    /// The smoothed round trip before the last one that was measured.
    smoothed: Option<Duration>,
    /// Round trips that were measured.
    measured: u32,
}

impl Tolerant {
    fn count(&mut self, acked: u64, lost: u64) {
        self.acked = self.acked.saturating_add(acked);
        self.lost = self.lost.saturating_add(lost);
        if self.acked.saturating_add(self.lost) > LATELY {
            self.acked /= 2;
            self.lost /= 2;
        }
    }

    /// The last round trip, without what the acknowledgement waited, if there is a new one. QUIC shows the
    /// smoothed one alone, of which each is an eighth; the first is the whole (RFC 9002, section 5.3).
    fn new_round_trip(&mut self, smoothed: Duration) -> Option<Duration> {
        let before = self.smoothed.replace(smoothed).filter(|before| *before != smoothed)?;
        self.measured = self.measured.saturating_add(1);
        (self.measured > 1).then(|| (smoothed * 8).saturating_sub(before * 7))
    }

    fn is_full(&self) -> bool {
        let sent = self.acked.saturating_add(self.lost) as f64;
        self.queue >= QUEUE || self.lost as f64 > sent * FULL_LOSS
    }
}

impl Controller for Tolerant {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.cubic.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.count(bytes, 0);
        let round_trip = self.new_round_trip(rtt.get());
        let mut way = self.way.lock();
        way.on_acked(bytes);
        round_trip.inspect(|round_trip| way.on_round_trip(now, *round_trip));
        drop(way);
        self.queue = rtt.get().saturating_sub(rtt.min());
        self.cubic.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.cubic.on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.count(0, lost_bytes);
        self.way.lock().on_lost(lost_bytes);
        // A router that marks packets (ECN) has lost none and says it outright.
        if is_persistent_congestion || lost_bytes == 0 || self.is_full() {
            self.cubic.on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.cubic.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.cubic.window()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self { cubic: self.cubic.clone_box(), way: self.way.clone(), ..*self })
    }

    fn initial_window(&self) -> u64 {
        self.cubic.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u64 = 1_200;

    fn controller() -> Box<dyn Controller> {
        Arc::new(LossTolerant::default()).build(Instant::now(), PACKET as u16)
    }

    fn tolerant() -> Tolerant {
        *controller().into_any().downcast().expect("ours")
    }

    /// Sends packets of which each `every`th is lost; gives the window afterwards.
    fn lose(mut controller: Tolerant, every: u64) -> u64 {
        let mut now = Instant::now();
        for packet in 1..=1_000 {
            now += Duration::from_millis(10);
            if packet % every == 0 {
                controller.on_congestion_event(now, now, false, PACKET);
            } else {
                controller.count(PACKET, 0);
            }
        }
        controller.window()
    }

    #[test]
    fn a_radio_that_loses_some_packets_keeps_its_window() {
        assert_eq!(lose(tolerant(), 100), INITIAL_WINDOW);
        assert_eq!(lose(tolerant(), 20), INITIAL_WINDOW);
    }

    #[test]
    fn a_tenth_of_all_lost_is_congestion() {
        assert!(lose(tolerant(), 5) < INITIAL_WINDOW / 4);
    }

    #[test]
    fn a_loss_behind_a_queue_is_congestion() {
        let mut waiting = tolerant();
        waiting.queue = QUEUE;
        assert!(lose(waiting, 100) < INITIAL_WINDOW / 4);
    }

    #[test]
    fn a_router_that_marks_and_a_way_that_is_dead_are_heard_at_once() {
        let now = Instant::now();
        let mut marked = controller();
        marked.on_congestion_event(now, now, false, 0);
        assert!(marked.window() < INITIAL_WINDOW);
        let mut dead = controller();
        dead.on_congestion_event(now, now, true, PACKET);
        assert_eq!(dead.window(), 2 * PACKET);
    }
}
