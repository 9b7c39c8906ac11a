//! What the program prints: JSON lines for scripts, or sentences for people.

use std::io::{self, Write};
use std::time::Instant;

use manyhands_session::{Event, Stats};
use serde_json::{Value, json};

/// Prints events. Standard output that is closed ends nothing: the program notices by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    /// Standard output is the film: nothing is said, errors alone go to standard error.
    film: bool,
    start: Instant,
}

impl Printer {
    pub(crate) fn new(json: bool, start: Instant) -> Self {
        Self { json, film: false, start }
    }

    /// The same for when standard output is the film.
    pub(crate) fn beside_film(self) -> Self {
        Self { film: true, ..self }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Standard output is for sentences and tables.
    pub(crate) fn is_for_people(self) -> bool {
        !self.json && !self.film
    }

    /// Prints an event for scripts; people see what [`Printer::say`] prints.
    pub(crate) fn event(self, name: &str, fields: Value) {
        if !self.json {
            return;
        }
        let mut line = json!({ "event": name, "t_ms": self.elapsed_ms() });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        write_line(&line.to_string());
    }

    /// Prints a sentence for people.
    pub(crate) fn say(self, sentence: &str) {
        if self.is_for_people() {
            write_line(sentence);
        }
    }

    /// The statistics of a second.
    pub(crate) fn stats(self, stats: &Stats) {
        self.event("stats", to_value(stats));
    }

    /// What a session says.
    pub(crate) fn session(self, event: &Event) {
        match event {
            Event::Joined { peer, via } => {
                self.event("joined", json!({"peer": peer, "peers": 1, "via": via}));
            }
            Event::FirstFrame { startup_ms, latency_ms } => {
                self.event(
                    "first_frame",
                    json!({"startup_ms": startup_ms, "latency_ms": latency_ms}),
                );
                self.say(&format!("The picture is here after {startup_ms} ms."));
            }
            Event::Stalled { position_ms } => {
                self.event("stalled", json!({ "position_ms": position_ms, "for_ms": 0 }));
            }
            Event::Resumed { position_ms, for_ms } => {
                self.event("resumed", json!({"position_ms": position_ms, "for_ms": for_ms}));
            }
            Event::Notice { kind, message } => self.notice(kind, message),
            Event::State(state) => tracing::debug!(state = state.kind(), "the picture's state"),
            Event::Health(health) => self.event("health", to_value(health)),
            // No input of this program can follow it.
            Event::Encode(_) => {}
            Event::LocalNetwork { used } => tracing::debug!(used, "the local network"),
            Event::Ended { .. } => {}
        }
    }

    /// Something worth a sentence.
    pub(crate) fn notice(self, kind: &str, message: &str) {
        self.event("notice", json!({"kind": kind, "message": message}));
        self.say(message);
    }

    /// The end, with the totals.
    pub(crate) fn ended(self, why: &str, stats: Option<&Stats>) {
        let mut fields = stats.map_or_else(|| json!({}), to_value);
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("why".into(), why.into());
        }
        self.event("ended", fields);
    }

    fn elapsed_ms(self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Figures as a JSON object.
pub(crate) fn to_value(stats: &impl serde::Serialize) -> Value {
    serde_json::to_value(stats).unwrap_or_else(|_| json!({}))
}

fn write_line(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
