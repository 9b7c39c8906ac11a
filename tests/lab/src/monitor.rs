//! What the programs under test have said so far, and waiting for them to say more.
//!
//! Everything that happens (an event line, an ended program, a signal to the lab) wakes everybody
//! who waits, so no scenario ever sleeps and hopes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::LabError;

/// Events kept of one program: ten minutes of `stats` once a second leave room for 100 times more.
const MAX_EVENTS: usize = 60_000;

/// One program's output.
#[derive(Debug, Default)]
pub struct Log {
    /// Its events in order, each an object with `event` and `t_ms`.
    pub events: Vec<Value>,
    /// Lines on standard output that are no such object: a defect of the program.
    pub stray_lines: u64,
    /// Its standard output is closed.
    pub ended: bool,
}

/// Everything seen so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// By the number that [`Monitor::open`] gave.
    pub logs: Vec<Log>,
    interrupted: bool,
}

/// Shared by the threads that read programs, the one that gets signals, and the scenario.
#[derive(Debug, Default)]
pub struct Monitor {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Log {
    /// The events of one kind, in order.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event.get("event").is_some_and(|name| name == kind))
    }
}

impl Monitor {
    /// One that has seen nothing.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A new program; the number is its log's.
    pub fn open(&self) -> usize {
        let mut seen = self.lock();
        seen.logs.push(Log::default());
        seen.logs.len() - 1
    }

    /// A program wrote a line.
    pub fn on_line(&self, log: usize, line: &str) {
        let event = serde_json::from_str::<Value>(line)
            .ok()
            .filter(|event| event.get("event").is_some_and(Value::is_string));
        if let Some(log) = self.lock().logs.get_mut(log) {
            match event {
                Some(event) if log.events.len() < MAX_EVENTS => log.events.push(event),
                _ => log.stray_lines += 1,
            }
        }
        self.changed.notify_all();
    }

    /// A program closed its output.
    pub fn on_end(&self, log: usize) {
        if let Some(log) = self.lock().logs.get_mut(log) {
            log.ended = true;
        }
        self.changed.notify_all();
    }

    /// The lab was told to stop: all waiting ends with [`LabError::Interrupted`].
    pub fn interrupt(&self) {
        self.lock().interrupted = true;
        self.changed.notify_all();
    }

    /// Look at what was seen so far.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.lock())
    }

    /// Wait until `look` finds something, at most `limit`; `None` when it didn't.
    pub fn wait_for<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&Seen) -> Option<T>,
    ) -> Result<Option<T>, LabError> {
        let deadline = Instant::now() + limit;
        let mut seen = self.lock();
        loop {
            if seen.interrupted {
                return Err(LabError::Interrupted);
            }
            if let Some(found) = look(&seen) {
                return Ok(Some(found));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let woken = self.changed.wait_timeout(seen, left);
            seen = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Let the programs run for `time`.
    pub fn let_run(&self, time: Duration) -> Result<(), LabError> {
        self.wait_for(time, |_| None::<()>).map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_stray_lines_are_told_apart() {
        let monitor = Monitor::new();
        let log = monitor.open();
        for line in [r#"{"event":"live","t_ms":1}"#, "oops", r#"{"t_ms":1}"#, "[1]"] {
            monitor.on_line(log, line);
        }
        monitor.look(|seen| {
            assert_eq!(seen.logs[log].of_kind("live").count(), 1);
            assert_eq!(seen.logs[log].stray_lines, 3);
        });
    }

    #[test]
    fn waiting_ends_by_an_event_by_time_or_by_an_interrupt() {
        let monitor = Monitor::new();
        let log = monitor.open();
        let ended = |seen: &Seen| seen.logs[log].ended.then_some(7);
        assert_eq!(monitor.wait_for(Duration::ZERO, ended).expect("not interrupted"), None);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| monitor.wait_for(Duration::from_secs(60), ended));
            monitor.on_end(log);
            assert_eq!(waiting.join().expect("no panic").expect("not interrupted"), Some(7));
            let waiting = scope.spawn(|| monitor.let_run(Duration::from_secs(60)));
            monitor.interrupt();
            assert!(matches!(waiting.join().expect("no panic"), Err(LabError::Interrupted)));
        });
    }
}
