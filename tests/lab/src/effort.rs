//! What the emulator did, how late it was and what it cost, so that a run can be distrusted.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Width of a bucket of lateness, in nanoseconds.
const BUCKET_NS: u64 = 50_000;
/// Buckets up to 20 ms; the last takes everything later.
const BUCKETS: usize = 400;

/// Counts since the emulator began.
#[derive(Debug, Clone)]
pub struct Effort {
    /// Frames taken from hosts.
    pub frames: u64,
    /// Bytes taken from hosts, Ethernet headers included.
    pub bytes: u64,
    /// The longest frame seen; over 1,514 means that some offload was left on.
    pub longest: usize,
    /// Frames that a device would not take.
    pub refused: u64,
    /// Times the emulator was woken.
    pub wake_ups: u64,
    /// The emulator's thread has real-time scheduling.
    pub realtime: bool,
    /// Processor time of the emulator's thread.
    pub cpu: Duration,
    /// Time since it began.
    pub elapsed: Duration,
    late: Vec<u64>,
    latest: u64,
}

/// The part of [`Effort`] that goes into a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffortReport {
    /// Frames taken from hosts.
    pub frames: u64,
    /// Bits a second over the whole run.
    pub mean_bps: u64,
    /// Share of one core.
    pub cpu: f64,
    /// Processor time a frame, in microseconds.
    pub cpu_us_a_frame: f64,
    /// Frames delivered later than due: median, in milliseconds.
    pub late_p50_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub late_p99_ms: f64,
    /// The worst, in milliseconds.
    pub late_max_ms: f64,
    /// Frames that a device would not take.
    pub refused: u64,
    /// The emulator's thread has real-time scheduling.
    pub realtime: bool,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            frames: 0,
            bytes: 0,
            longest: 0,
            refused: 0,
            wake_ups: 0,
            realtime: false,
            cpu: Duration::ZERO,
            elapsed: Duration::ZERO,
            late: vec![0; BUCKETS],
            latest: 0,
        }
    }
}

impl Effort {
    /// A frame was taken from a host.
    pub fn on_frame(&mut self, length: usize) {
        self.frames += 1;
        self.bytes += length as u64;
        self.longest = self.longest.max(length);
    }

    /// A frame was given to its host, so many nanoseconds after it was due.
    pub fn on_delivered(&mut self, late: u64) {
        self.latest = self.latest.max(late);
        let bucket = usize::try_from(late / BUCKET_NS).unwrap_or(BUCKETS).min(BUCKETS - 1);
        if let Some(count) = self.late.get_mut(bucket) {
            *count += 1;
        }
    }

    /// A copy with the clocks of the calling thread and of `elapsed`.
    pub fn with_clocks(&self, elapsed: Duration) -> Self {
        let cpu = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from);
        Self { cpu: cpu.unwrap_or_default(), elapsed, ..self.clone() }
    }

    /// What happened since an `earlier` look; the longest frame and the worst lateness stay those
    /// of the whole time.
    pub fn since(&self, earlier: &Self) -> Self {
        let late = self.late.iter().zip(&earlier.late).map(|(now, then)| now - then).collect();
        Self {
            frames: self.frames - earlier.frames,
            bytes: self.bytes - earlier.bytes,
            refused: self.refused - earlier.refused,
            wake_ups: self.wake_ups - earlier.wake_ups,
            cpu: self.cpu.saturating_sub(earlier.cpu),
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
            late,
            ..self.clone()
        }
    }

    /// The lateness that this share of frames kept within, in milliseconds, rounded up to 0.05.
    pub fn late_ms(&self, share: f64) -> f64 {
        let total: u64 = self.late.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let full = self.late.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        full.map_or(0.0, |bucket| (bucket as u64 + 1) as f64 * BUCKET_NS as f64 / 1e6)
    }

    /// For a scenario's JSON.
    pub fn report(&self) -> EffortReport {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        EffortReport {
            frames: self.frames,
            mean_bps: (self.bytes as f64 * 8.0 / seconds) as u64,
            cpu: round(self.cpu.as_secs_f64() / seconds),
            cpu_us_a_frame: round(self.cpu.as_secs_f64() * 1e6 / self.frames.max(1) as f64),
            late_p50_ms: self.late_ms(0.5),
            late_p99_ms: self.late_ms(0.99),
            late_max_ms: round(self.latest as f64 / 1e6),
            refused: self.refused,
            realtime: self.realtime,
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_lateness_are_of_the_time_asked_for() {
        let mut effort = Effort::default();
        effort.on_delivered(15_000_000);
        let earlier = effort.clone();
        (0..99).for_each(|_| effort.on_delivered(10_000));
        effort.on_delivered(3_020_000);
        let lately = effort.since(&earlier);
        assert_eq!(lately.late_ms(0.5), 0.05);
        assert_eq!(lately.late_ms(0.99), 0.05);
        assert_eq!(lately.late_ms(1.0), 3.05);
        assert_eq!(effort.late_ms(1.0), 15.05);
    }
}
