//! What a person sees in a terminal: a live table and the code of a link.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use manyhands_session::{Cause, Level, Stats};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::events::Printer;

/// The link as a code for a camera, in half blocks; nothing if it does not fit into one.
pub(crate) fn code(text: &str) -> String {
    QrCode::new(text)
        .map(|code| code.render::<Dense1x2>().quiet_zone(true).build())
        .unwrap_or_default()
}

/// A table that is drawn over itself in a terminal, and a line now and then elsewhere.
pub(crate) struct Live {
    active: bool,
    lines: usize,
}

impl Live {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { active: printer.is_for_people() && io::stdout().is_terminal(), lines: 0 }
    }

    /// Shows who sends what.
    pub(crate) fn show(&mut self, rows: &[(&str, &Stats)]) {
        if !self.active {
            return;
        }
        let text = draw(rows);
        let mut out = io::stdout().lock();
        if self.lines > 0 {
            let _ = write!(out, "\x1b[{}F\x1b[J", self.lines);
        }
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.lines = text.lines().count();
    }
}

fn draw(rows: &[(&str, &Stats)]) -> String {
    let mut text = String::from(
        "who          neighbours  hops  received  passed on  behind live  stalled  health\n",
    );
    for (name, stats) in rows {
        let latency = stats.latency_ms.map_or("-".to_owned(), |ms| format!("{ms} ms"));
        let _ = writeln!(
            text,
            "{name:<12} {:>10} {:>5} {:>9} {:>10} {latency:>12} {:>5} ms  {}",
            stats.peers,
            stats.depth,
            megabytes(stats.received.media + stats.received.repair),
            megabytes(stats.sent.media + stats.sent.repair),
            stats.stalled_ms,
            health(stats),
        );
    }
    if let Some((_, stats)) = rows.first() {
        let _ = writeln!(text, "{}", watching(stats.viewers));
    }
    text
}

/// The audience in the words of the screens.
pub(crate) fn watching(viewers: u64) -> String {
    match viewers {
        0 => "Nobody is watching yet".into(),
        1..=999 => format!("{viewers} watching"),
        _ => format!("about {} watching", viewers / 100 * 100),
    }
}

/// A broadcaster's word and its cause; a viewer has none, only a picture that stands or doesn't.
fn health(stats: &Stats) -> String {
    let Some(health) = &stats.health else {
        let stands = stats.latency_ms.is_some() && stats.buffer_ms <= 0;
        return if stands { "Catching up…" } else { "-" }.into();
    };
    let word = match health.now.level {
        Level::Ready => "Ready",
        Level::Good => "Good",
        Level::Fair => "Fair",
        Level::Poor => "Poor",
        Level::Lost => "Lost",
    };
    let cause = health.now.cause.map(|cause| match cause {
        Cause::SlowUpload => "slow upload",
        Cause::Loss => "packets get lost",
        Cause::ViewersMissing => "some viewers miss parts",
        Cause::Heat => "warm",
        Cause::NoAnswer => "nobody answers",
        Cause::NoNetwork => "no network",
    });
    cause.map_or(word.into(), |cause| format!("{word}, {cause}"))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_told_in_words() {
        assert_eq!(watching(0), "Nobody is watching yet");
        assert_eq!(watching(1), "1 watching");
        assert_eq!(watching(1234), "about 1200 watching");
    }

    #[test]
    fn a_code_is_drawn() {
        let drawn = code("MANYHANDS:AEAQCAIBAEAQ");
        assert!(drawn.lines().count() > 10);
    }
}
