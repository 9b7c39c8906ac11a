//! What is promised of each pair of NAT kinds, and the matrix as a table and as a picture.

use std::fmt::Write;

use serde::Serialize;

use crate::nat::Kind;

/// Pairs that tell most, first: what a run of a few takes.
const TELLING: [Pair; 10] = [
    Pair { broadcaster: Kind::PortRestricted, viewer: Kind::PortRestricted },
    Pair { broadcaster: Kind::PortRestricted, viewer: Kind::SymmetricCounting },
    Pair { broadcaster: Kind::SymmetricRandom, viewer: Kind::SymmetricRandom },
    Pair { broadcaster: Kind::Double, viewer: Kind::Double },
    Pair { broadcaster: Kind::AddressRestricted, viewer: Kind::SymmetricRandom },
    Pair { broadcaster: Kind::PortRestricted, viewer: Kind::Open },
    Pair { broadcaster: Kind::SymmetricRandom, viewer: Kind::Open },
    Pair { broadcaster: Kind::Double, viewer: Kind::FullCone },
    Pair { broadcaster: Kind::SymmetricRandom, viewer: Kind::PortRestricted },
    Pair { broadcaster: Kind::PortRestricted, viewer: Kind::Double },
];
/// One side of the picture's cells, and the room for names, in pixels.
const CELL: usize = 92;
const NAMES: usize = 150;

/// Who broadcasts and who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) broadcaster: Kind,
    pub(super) viewer: Kind,
}

/// How a pair can come together (RFC 5128, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Promise {
    /// Directly: at least one end's port for the other can be known.
    Direct,
    /// Directly where the ports of the NAT that counts are foretold.
    Foretold,
    /// Through a third peer only.
    Peer,
}

/// What came of one run of a pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// Whose.
    pub(super) pair: Pair,
    /// From the start of `watch` to the first frame.
    pub(super) startup_ms: Option<f64>,
    /// From the start of `watch` until the broadcaster itself was seen to send.
    pub(super) direct_ms: Option<f64>,
    /// Capture to hand-out, a few seconds after the start.
    pub(super) latency_ms: Option<f64>,
}

impl Pair {
    /// So many pairs, or all, by broadcaster; the telling ones come first.
    pub(super) fn choose(count: Option<usize>) -> Vec<Self> {
        let all = Kind::ALL.into_iter().flat_map(|broadcaster| {
            Kind::ALL.into_iter().map(move |viewer| Self { broadcaster, viewer })
        });
        let rest = all.filter(|pair| !TELLING.contains(pair));
        let mut chosen: Vec<Self> = TELLING.into_iter().chain(rest).collect();
        chosen.truncate(count.unwrap_or(usize::MAX));
        chosen.sort();
        chosen
    }

    /// What is promised of it.
    pub(super) fn promise(self) -> Promise {
        use Kind::{Double, PortRestricted, SymmetricCounting, SymmetricRandom};
        let kinds = [self.broadcaster, self.viewer];
        let strict =
            |kind| matches!(kind, PortRestricted | Double | SymmetricCounting | SymmetricRandom);
        let symmetric = kinds.iter().any(|k| matches!(k, SymmetricCounting | SymmetricRandom));
        if !symmetric || !kinds.into_iter().all(strict) {
            Promise::Direct
        } else if kinds.contains(&SymmetricRandom) {
            Promise::Peer
        } else {
            Promise::Foretold
        }
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match (self.startup_ms, self.direct_ms) {
            (None, _) => "nothing",
            (_, Some(_)) => "direct",
            _ => "peer",
        }
    }

    fn colour(&self) -> &'static str {
        match (self.word(), self.pair.promise()) {
            ("nothing", _) => "#d55e00",
            ("direct", Promise::Direct) => "#56b4e9",
            ("direct", _) => "#009e73",
            (_, Promise::Direct) => "#e69f00",
            _ => "#dddddd",
        }
    }
}

/// The last outcome of each pair as lines for people: broadcasters down, viewers across.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let mut table = format!("{:20}", "broadcaster\\viewer");
    for kind in Kind::ALL {
        let _ = write!(table, "{:>20}", kind.name());
    }
    table.push('\n');
    for broadcaster in Kind::ALL {
        let _ = write!(table, "{:20}", broadcaster.name());
        for viewer in Kind::ALL {
            let cell = last(outcomes, Pair { broadcaster, viewer })
                .map(|o| format!("{} {}", o.word(), milliseconds(o.startup_ms)));
            let _ = write!(table, "{:>20}", cell.unwrap_or_else(|| "-".into()));
        }
        table.push('\n');
    }
    table
}

/// The same as an SVG picture.
pub(super) fn picture(outcomes: &[Outcome]) -> String {
    let side = NAMES + CELL * Kind::ALL.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>Broadcaster (rows) and viewer \
         (columns): direct or through a peer, and milliseconds to the first frame</title>\n",
        side + 24
    );
    for (n, kind) in Kind::ALL.into_iter().enumerate() {
        let at = NAMES + n * CELL;
        let name = kind.name().replace('-', " ");
        let _ = writeln!(svg, "<text x=\"4\" y=\"{}\">{name}</text>", at + CELL / 2);
        let across = at + 6;
        let _ = writeln!(
            svg,
            "<text x=\"{across}\" y=\"{y}\" transform=\"rotate(-30 {across} {y})\">{name}</text>",
            y = NAMES - 8
        );
    }
    for (row, broadcaster) in Kind::ALL.into_iter().enumerate() {
        for (column, viewer) in Kind::ALL.into_iter().enumerate() {
            let Some(outcome) = last(outcomes, Pair { broadcaster, viewer }) else { continue };
            cell(&mut svg, outcome, NAMES + column * CELL, NAMES + row * CELL);
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"4\" y=\"{}\">blue: direct · green: direct by a foretold port · grey: through a \
         peer, as promised · orange: not as promised</text>\n</svg>",
        side + 16
    );
    svg
}

fn cell(svg: &mut String, outcome: &Outcome, x: usize, y: usize) {
    let (middle, colour) = (x + CELL / 2, outcome.colour());
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{w}\" fill=\"{colour}\"/>\
         <text x=\"{middle}\" y=\"{a}\" text-anchor=\"middle\">{word}</text>\
         <text x=\"{middle}\" y=\"{b}\" text-anchor=\"middle\">{first} ms</text>",
        w = CELL - 2,
        a = y + 40,
        b = y + 58,
        word = outcome.word(),
        first = milliseconds(outcome.startup_ms),
    );
}

fn last(outcomes: &[Outcome], pair: Pair) -> Option<&Outcome> {
    outcomes.iter().rev().find(|outcome| outcome.pair == pair)
}

fn milliseconds(time: Option<f64>) -> String {
    time.map_or_else(|| "-".into(), |ms| format!("{ms:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_of_each_pair_is_the_same_both_ways_and_as_often_as_can_be() {
        let all = Pair::choose(None);
        assert_eq!(all.len(), 49);
        let count = |promise| all.iter().filter(|pair| pair.promise() == promise).count();
        assert_eq!(count(Promise::Direct), 37);
        assert_eq!(count(Promise::Foretold), 5);
        assert_eq!(count(Promise::Peer), 7);
        for Pair { broadcaster, viewer } in all {
            let there = Pair { broadcaster, viewer }.promise();
            assert_eq!(there, Pair { broadcaster: viewer, viewer: broadcaster }.promise());
        }
    }

    #[test]
    fn a_few_pairs_are_the_telling_ones_and_have_every_promise() {
        let few = Pair::choose(Some(10));
        assert_eq!(few.len(), 10);
        for promise in [Promise::Direct, Promise::Foretold, Promise::Peer] {
            assert!(few.iter().any(|pair| pair.promise() == promise), "{promise:?}");
        }
    }

    #[test]
    fn table_and_picture_show_what_came_of_a_pair() {
        let pair = Pair { broadcaster: Kind::PortRestricted, viewer: Kind::Open };
        let outcome =
            Outcome { pair, startup_ms: Some(432.1), direct_ms: Some(900.0), latency_ms: None };
        assert!(table(&[outcome]).contains("direct 432"));
        let svg = picture(&[outcome]);
        assert!(svg.contains("432 ms") && svg.contains("#56b4e9") && svg.ends_with("</svg>\n"));
    }
}
