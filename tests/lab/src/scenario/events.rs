//! The parts of the programs' `stats` that scenarios read; the rest is theirs.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::LabError;
use crate::monitor::{Log, Monitor};
use crate::program::Program;

/// Until the next `stats`, which come once a second.
const STATS: Duration = Duration::from_secs(5);

/// One `stats` event. A field that is missing makes the event unreadable, so a target that needs
/// it can't be met by accident.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stats {
    /// Milliseconds since the program began.
    pub(super) t_ms: f64,
    /// How long the playout clock has stood.
    pub(super) stalled_ms: f64,
    /// Bytes of the stream, produced or received.
    pub(super) stream_bytes: f64,
    /// What left, by what it was.
    pub(super) sent: Sent,
    /// Media bytes by where they came from.
    pub(super) from: Sources,
    /// Hops from the origin, worst substream.
    pub(super) depth: u32,
    /// Neighbours.
    pub(super) peers: f64,
    /// What it gives to others.
    pub(super) upload: Upload,
    /// Capture to hand-out, once something is handed out.
    pub(super) latency_ms: Option<f64>,
    /// What latency the playout clock wants.
    pub(super) target_ms: Option<f64>,
}

/// Bytes of media that left.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Sent {
    /// As it came.
    pub(super) media: f64,
    /// Because it had been asked for.
    pub(super) repair: f64,
}

/// What a program gives to others.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Upload {
    /// How many get something from it.
    pub(super) helping: f64,
}

/// Media bytes by where they came from.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Sources {
    /// The broadcaster itself.
    pub(super) origin: f64,
    /// Other viewers.
    pub(super) peer: f64,
    /// Relays.
    pub(super) relay: f64,
}

impl Stats {
    /// Read a `stats` event.
    pub(super) fn read(event: &Value) -> Option<Self> {
        Self::deserialize(event).ok()
    }
}

impl Sources {
    /// All of it.
    pub(super) fn sum(&self) -> f64 {
        self.origin + self.peer + self.relay
    }
}

/// What a viewer went through, from its first frame to its last `stats`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Watched {
    /// Process start of joining to the first frame.
    pub(super) startup_ms: f64,
    /// Time since the first frame.
    pub(super) watched_ms: f64,
    /// How much of it the playout clock stood.
    pub(super) stalled_ms: f64,
    /// The share of what came after the first quarter of the time that the origin itself sent.
    pub(super) origin_share: f64,
    /// Depth at the end.
    pub(super) depth: u32,
    /// Latency at the end.
    pub(super) latency_ms: Option<f64>,
}

impl Watched {
    /// From a viewer's log; nothing when it never played or never said how it goes.
    pub(super) fn read(log: &Log) -> Option<Self> {
        let first = log.of_kind("first_frame").next()?;
        let (start, startup) = (first.get("t_ms")?.as_f64()?, first.get("startup_ms")?.as_f64()?);
        let stats: Vec<Stats> =
            log.of_kind("stats").filter_map(Stats::read).filter(|s| s.t_ms > start).collect();
        let last = stats.last()?;
        let settled = stats.get(stats.len() / 4)?;
        let came = last.from.sum() - settled.from.sum();
        Some(Self {
            startup_ms: startup,
            watched_ms: last.t_ms - start,
            stalled_ms: last.stalled_ms,
            origin_share: (last.from.origin - settled.from.origin) / came,
            depth: last.depth,
            latency_ms: last.latency_ms,
        })
    }
}

/// What each program says next of how it goes.
pub(super) fn next_stats(monitor: &Monitor, programs: &[Program]) -> Result<Vec<Stats>, LabError> {
    let said = |log: &Log| log.of_kind("stats").count();
    let before: Vec<usize> = monitor.look(|seen| {
        programs.iter().map(|program| seen.logs.get(program.log()).map_or(0, said)).collect()
    });
    let next = monitor.wait_for(STATS, |seen| {
        let next = programs.iter().zip(&before).map(|(program, before)| {
            seen.logs.get(program.log())?.of_kind("stats").nth(*before).and_then(Stats::read)
        });
        next.collect::<Option<Vec<_>>>()
    })?;
    next.ok_or_else(|| LabError::Program("a viewer says no more how it goes".into()))
}

/// The value that this share of values is at most; not a number when there are none.
pub(super) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stats(t: u64, stalled: u64, origin: u64, peer: u64) -> Value {
        json!({"event": "stats", "t_ms": t, "stalled_ms": stalled, "stream_bytes": 1,
               "from": {"origin": origin, "peer": peer, "relay": 0, "local": 0}, "depth": 2,
               "peers": 3, "sent": {"media": 0, "repair": 0}, "upload": {"helping": 1}})
    }

    #[test]
    fn a_viewer_is_judged_from_its_first_frame_on() {
        let mut log = Log::default();
        log.events.push(stats(1000, 0, 500, 0));
        assert!(Watched::read(&log).is_none(), "it never played");
        log.events.push(json!({"event": "first_frame", "t_ms": 1500, "startup_ms": 400}));
        for n in 2..=9 {
            log.events.push(stats(n * 1000, 20, 1000 + n * 100, n * 300));
        }
        let watched = Watched::read(&log).expect("it played");
        assert_eq!((watched.watched_ms, watched.stalled_ms), (7500.0, 20.0));
        assert_eq!(watched.startup_ms, 400.0);
        assert_eq!((watched.origin_share, watched.depth), (0.25, 2));
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values = || (1..=10).map(f64::from);
        assert_eq!(quantile(values(), 0.5), 5.0);
        assert_eq!(quantile(values(), 0.95), 10.0);
        assert!(quantile(std::iter::empty(), 0.5).is_nan());
    }
}
