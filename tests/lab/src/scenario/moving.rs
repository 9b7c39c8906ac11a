//! A viewer that feeds six others moves to another network, then the broadcaster does, and neither says
//! a word in the network that it leaves: who moves is back within a moment, and nobody else's picture
//! stands because a viewer moves. Who begins to watch by the same link finds the broadcaster where it
//! is now, and moving leaves nothing behind.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use crate::error::LabError;
use crate::host::{Host, Stand};
use crate::lab::Lab;
use crate::machine::Holdings;
use crate::program::Program;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::dht::Nodes;
use crate::scenario::events::{Stats, next_stats};
use crate::scenario::stage::PORT;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
const ORIGIN: usize = 0;
const MOVER: usize = 1;
/// The only other viewer that reaches the broadcaster; what it may send, in rates of the film, does not
/// do for a single one of the six.
const OTHER: usize = 2;
const OTHER_SHARE: f64 = 0.9;
/// Whom the viewer that moves gives to: none of them reaches the broadcaster, and none gives anything.
const CHILDREN: Range<usize> = 3..9;
/// The host of the DHT's nodes, and the one of who joins last.
const NODES: usize = 9;
const NEWCOMER: usize = 10;
const DHT_NODES: usize = 8;
const JOINING: Duration = Duration::from_secs(15);
/// Until all are fed as they stay, and know how late pieces come.
const SETTLING: Duration = Duration::from_secs(6);
/// After a move: well over the longest gap.
const AFTER: Duration = Duration::from_secs(4);
/// The broadcaster's item with its address of now: finding where it belongs, and storing.
const PUBLISHING: Duration = Duration::from_secs(20);
/// A connection that leads nowhere is given up after 8 s.
const FORGETTING: Duration = Duration::from_secs(9);
/// What moving may cost, in milliseconds of standing picture.
const MOVER_GAP: f64 = 1_000.0;
const AUDIENCE_GAP: f64 = 1_500.0;
/// The buffer with which no picture may stand because a viewer moves, in milliseconds. Viewers choose
/// theirs, about a quarter of it on this network: it would have had to be longer by what stood.
const BUFFER: f64 = 1_000.0;
/// What tables that grow to their size may take more after any number of moves, in KiB.
const MEMORY_KIB: f64 = 8_192.0;
/// Moves from which on memory tells of a leak, and not of a beginning.
const TELLING: u8 = 10;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("move", order.seed);
    let lab = network(stage)?;
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let nodes = Nodes::start(&lab, NODES..NEWCOMER, DHT_NODES, &[])?;
    let mut dht = vec!["--no-local".to_owned(), "--no-port-mapping".to_owned()];
    dht.extend(nodes.bootstrap(2).into_iter().flat_map(|n| ["--dht-bootstrap".to_owned(), n]));

    let options = [&["--loop".to_owned()], &dht[..], &listen(stage, lab.host(ORIGIN)?)].concat();
    let origin = stage.broadcast_to_be_found(lab.host(ORIGIN)?, &film, &options)?;
    let audience = Audience::gather(stage, &lab, film.rate())?;
    let settled = next_stats(stage.monitor(), &audience.viewers)?;
    let (mover, at_first) = audience.mover(&settled)?;
    report.at_least("viewers_that_the_mover_feeds", at_first.upload.helping, 6.0);
    report.explain("target_ms", settled.iter().map(|s| s.target_ms).collect::<Vec<_>>());
    let published = nodes.wait_for_puts(PUBLISHING);
    report.at_least("published", f64::from(published), 1.0);
    let before = [mover.holds()?, origin.holds()?];

    let mut gaps = Gaps::default();
    let mut place = Stand::First;
    for _ in 0..order.runs {
        place = place.other();
        gaps.of_viewer.push(audience.gaps(lab.host(MOVER)?, place)?);
        nodes.forget_all();
        gaps.of_broadcaster.push(audience.gaps(lab.host(ORIGIN)?, place)?);
    }
    gaps.judge(&mut report);
    let again = nodes.wait_for_puts(PUBLISHING);
    report.at_least("published_where_it_is_now", f64::from(again), 1.0);
    let newcomer = stage.search_and_watch(lab.host(NEWCOMER)?, &stage.link_file(), &dht)?;
    let plays = newcomer.first("first_frame", JOINING)?;
    report.at_least("a_newcomer_plays_by_the_same_link", f64::from(plays.is_some()), 1.0);
    drop(newcomer);

    stage.monitor().let_run(FORGETTING)?;
    let movers = [("viewer", &before[0], mover), ("origin", &before[1], &origin)];
    judge_holdings(movers, stage, &mut report)?;
    let ended = next_stats(stage.monitor(), &audience.viewers)?;
    let (_, in_the_end) = audience.mover(&ended)?;
    report.at_most("neighbours_after_the_moves", in_the_end.peers, at_first.peers);
    report.explain("moves", order.runs);
    report.explain("emulator", lab.effort()?.report());
    Ok(report)
}

/// The children reach each other and the two viewers, and not the broadcaster, wherever it is.
fn network(stage: &Stage) -> Result<Lab, LabError> {
    let mut lab = Lab::new(stage.order().seed)?;
    let line = stage.line(RTT, 0.0);
    lab.add_roaming("origin", line)?;
    lab.add_roaming("mover", line)?;
    lab.add("other", line)?;
    for number in 1..=CHILDREN.len() {
        let child = lab.add(&format!("child{number}"), line)?;
        lab.set_blocked(ORIGIN, child, true)?;
    }
    lab.add("nodes", line)?;
    lab.add("newcomer", line)?;
    Ok(lab)
}

/// Whoever moves is not bound to an address; sabotaged it is, and can't.
fn listen(stage: &Stage, host: &Host) -> [String; 2] {
    if stage.is_sabotaged("bound") {
        return Stage::listen(host);
    }
    ["--listen".into(), format!("0.0.0.0:{PORT}")]
}

/// All viewers; the one that moves first.
struct Audience<'a> {
    stage: &'a Stage,
    viewers: Vec<Program>,
}

impl<'a> Audience<'a> {
    /// Starts them, and waits until all play and know how late pieces come.
    fn gather(stage: &'a Stage, lab: &Lab, film_bps: f64) -> Result<Self, LabError> {
        let [mover, other] = [lab.host(MOVER)?, lab.host(OTHER)?];
        let limit = Stage::upload_limit(film_bps * OTHER_SHARE);
        let mut viewers = vec![
            stage.watch(mover, &listen(stage, mover))?,
            stage.watch(other, &[listen(stage, other), limit].concat())?,
        ];
        for viewer in &viewers {
            viewer.expect("first_frame", JOINING)?;
        }
        let nothing = Stage::upload_limit(0.0);
        let peers = [Stage::peer(mover), Stage::peer(other), nothing].concat();
        for number in CHILDREN {
            viewers.push(stage.watch(lab.host(number)?, &peers)?);
        }
        for viewer in &viewers {
            viewer.expect("first_frame", JOINING)?;
        }
        stage.monitor().let_run(SETTLING)?;
        Ok(Self { stage, viewers })
    }

    /// The one that moves, and what is said of it.
    fn mover<'b>(&self, stats: &'b [Stats]) -> Result<(&Program, &'b Stats), LabError> {
        self.viewers.first().zip(stats.first()).ok_or(LabError::Gone("viewer"))
    }

    /// What each one's picture goes through when a host moves.
    fn gaps(&self, host: &Host, place: Stand) -> Result<Vec<Gap>, LabError> {
        let before = next_stats(self.stage.monitor(), &self.viewers)?;
        host.stand(place)?;
        self.stage.monitor().let_run(AFTER)?;
        let after = next_stats(self.stage.monitor(), &self.viewers)?;
        let gap = |(before, after): (&Stats, Stats)| Gap {
            stood_ms: after.stalled_ms - before.stalled_ms,
            buffer_ms: before.target_ms.unwrap_or(f64::INFINITY),
        };
        Ok(before.iter().zip(after).map(gap).collect())
    }
}

/// For how long a picture stood, with which buffer.
#[derive(Debug, Clone, Copy, Serialize)]
struct Gap {
    stood_ms: f64,
    buffer_ms: f64,
}

impl Gap {
    /// With how much it would not have stood, where it did.
    fn needs(&self) -> f64 {
        if self.stood_ms > 0.0 { self.stood_ms + self.buffer_ms } else { 0.0 }
    }
}

/// The same of all, by move.
#[derive(Debug, Default)]
struct Gaps {
    of_viewer: Vec<Vec<Gap>>,
    of_broadcaster: Vec<Vec<Gap>>,
}

impl Gaps {
    fn judge(self, report: &mut Report) {
        let most = |of: &mut dyn Iterator<Item = f64>| of.fold(f64::NAN, f64::max);
        let mover = &mut self.of_viewer.iter().filter_map(|gaps| gaps.first());
        let others = &mut self.of_viewer.iter().flat_map(|gaps| gaps.iter().skip(1));
        let all = &mut self.of_broadcaster.iter().flatten();
        let mover = most(&mut mover.map(|gap| gap.stood_ms));
        let others = most(&mut others.map(Gap::needs));
        let all = most(&mut all.map(|gap| gap.stood_ms));
        report.at_most("gap_of_the_viewer_that_moves_ms", mover, MOVER_GAP);
        report.at_most("buffer_without_a_gap_of_those_it_feeds_ms", others, BUFFER);
        report.at_most("gap_when_the_broadcaster_moves_ms", all, AUDIENCE_GAP);
        report.explain("viewer_moves", self.of_viewer);
        report.explain("broadcaster_moves", self.of_broadcaster);
    }
}

/// What is left behind: sockets, threads, and after many moves memory.
fn judge_holdings(
    movers: [(&str, &Holdings, &Program); 2],
    stage: &Stage,
    report: &mut Report,
) -> Result<(), LabError> {
    for (name, before, program) in movers {
        let now = program.holds()?;
        let more = |now: usize, before: usize| now as f64 - before as f64;
        report.at_most(&format!("sockets_more_{name}"), more(now.files, before.files), 0.0);
        let kib = now.memory_kib as f64 - before.memory_kib as f64;
        if stage.order().runs >= TELLING {
            report.at_most(&format!("memory_more_kib_{name}"), kib, MEMORY_KIB);
        }
        report.explain(&format!("held_by_{name}"), [before, &now]);
    }
    Ok(())
}
