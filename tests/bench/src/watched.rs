//! What a viewer went through, from its `stats`.

use serde::Deserialize;
use serde_json::Value;

use crate::run::Run;

/// One `stats` event. A field that is missing makes the event unreadable, so that no target which
/// needs it can be met by accident.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stats {
    /// Milliseconds since the program began.
    pub(crate) t_ms: f64,
    /// Stream time that is handed out.
    pub(crate) position_ms: f64,
    /// Capture to hand-out, once something is handed out.
    pub(crate) latency_ms: Option<f64>,
    /// The latency that the playout clock wants.
    pub(crate) target_ms: Option<f64>,
    /// How often the playout clock has stood.
    pub(crate) stalls: f64,
    /// And for how long.
    pub(crate) stalled_ms: f64,
    /// Bytes of the stream, produced or received.
    pub(crate) stream_bytes: f64,
    /// Hops from the origin, worst substream.
    pub(crate) depth: u32,
    /// Media bytes by where they came from.
    pub(crate) from: Sources,
    /// Bytes that left.
    pub(crate) sent: Amounts,
    /// Neighbours.
    pub(crate) links: Vec<Link>,
}

/// Media bytes by where they came from.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Sources {
    /// The broadcaster itself.
    pub(crate) origin: f64,
    /// Other viewers.
    pub(crate) peer: f64,
}

/// Bytes in one direction.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Amounts {
    /// Pushed live.
    pub(crate) media: f64,
    /// Asked for.
    pub(crate) repair: f64,
    /// Everything on the UDP socket.
    pub(crate) datagram: f64,
}

/// One neighbour.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Link {
    /// Substreams that we feed to it.
    pub(crate) fed: u32,
}

impl Stats {
    /// Reads a `stats` event.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        Self::deserialize(event).ok()
    }

    /// Substreams that it feeds to others.
    pub(crate) fn feeds(&self) -> u32 {
        self.links.iter().map(|link| link.fed).sum()
    }
}

/// A stretch of a program's life: its `stats` from the last one before a moment on.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// The last one before the stretch.
    pub(crate) before: Stats,
    /// Those in it; never empty.
    pub(crate) during: Vec<Stats>,
    /// The last one.
    pub(crate) last: Stats,
}

impl Span {
    /// From the moment when `run` had said `mark` events (see [`Run::mark`]) until now; nothing when
    /// it has said no `stats` before or since.
    pub(crate) fn since(run: &Run, mark: usize) -> Option<Self> {
        run.look(|log| {
            let read = |event: &Value| {
                (event.get("event")? == "stats").then(|| Stats::read(event)).flatten()
            };
            let (before, during) = log.events.split_at_checked(mark)?;
            let before = before.iter().rev().find_map(read)?;
            let during: Vec<Stats> = during.iter().filter_map(read).collect();
            let last = during.last()?.clone();
            Some(Self { before, during, last })
        })
    }

    /// Its length in milliseconds.
    pub(crate) fn ms(&self) -> f64 {
        self.last.t_ms - self.before.t_ms
    }

    /// How long the playout clock stood in it.
    pub(crate) fn stalled_ms(&self) -> f64 {
        self.last.stalled_ms - self.before.stalled_ms
    }

    /// Media that came in it: from the broadcaster, and from other viewers.
    pub(crate) fn came(&self) -> (f64, f64) {
        let (last, before) = (&self.last.from, &self.before.from);
        (last.origin - before.origin, last.peer - before.peer)
    }

    /// Bytes of the stream in it.
    pub(crate) fn stream_bytes(&self) -> f64 {
        self.last.stream_bytes - self.before.stream_bytes
    }

    /// Everything that left its socket, as a multiple of the stream.
    pub(crate) fn egress_ratio(&self) -> f64 {
        (self.last.sent.datagram - self.before.sent.datagram) / self.stream_bytes()
    }

    /// The media that it passed on, as a multiple of the stream.
    pub(crate) fn passed_on_ratio(&self) -> f64 {
        let media = |stats: &Stats| stats.sent.media + stats.sent.repair;
        (media(&self.last) - media(&self.before)) / self.stream_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manyhands_lab::monitor::Monitor;
    use serde_json::json;
    use std::process::Command;
    use std::time::Duration;

    fn stats(t: u64, stalled: u64) -> Value {
        json!({"event": "stats", "t_ms": t, "position_ms": t, "latency_ms": null, "stalls": 0,
               "stalled_ms": stalled, "stream_bytes": t * 100, "depth": 2,
               "from": {"origin": t * 10, "peer": t * 30, "relay": 0, "local": 0},
               "sent": {"media": t * 90, "repair": t * 10, "datagram": t * 220},
               "links": [{"fed": 3}, {"fed": 2}]})
    }

    #[test]
    fn a_stretch_begins_with_the_last_figures_before_it() {
        let lines = [stats(1000, 5), json!({"event": "joined"}), stats(2000, 5), stats(3000, 45)];
        let directory = tempfile::tempdir().expect("a directory");
        let text = lines.map(|line| format!("{line}\n")).concat();
        let mut command = Command::new("printf");
        command.args(["%s", &text]);
        let monitor = Monitor::new();
        let mut run = Run::start("x", command, directory.path(), &monitor).expect("printf");
        run.ended(Duration::from_secs(20)).expect("not interrupted");
        let span = Span::since(&run, 2).expect("figures");
        assert_eq!((span.ms(), span.stalled_ms(), span.during.len()), (2000.0, 40.0, 2));
        assert_eq!(span.came(), (20_000.0, 60_000.0));
        assert_eq!((span.egress_ratio(), span.passed_on_ratio()), (2.2, 1.0));
        assert_eq!(span.last.feeds(), 5);
        assert!(Span::since(&run, 0).is_none() && Span::since(&run, 4).is_none());
    }

    #[test]
    fn figures_that_lack_a_field_are_none() {
        let mut event = stats(1, 1);
        assert!(Stats::read(&event).is_some());
        event.as_object_mut().expect("an object").remove("stalled_ms");
        assert!(Stats::read(&event).is_none());
    }
}
