//! What the page of a run is drawn from: every look at every node, as changes only.
//!
//! It reads what nodes say of themselves and changes nothing: a run that is recorded has the event
//! hash of one that isn't. Bounded by the looks of a run and the nodes in it; of pieces that came
//! late, one a look for each way between two nodes.

use manyhands_swarm::NodeId;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::node::{Node, Traffic};
use crate::player::Player;
use crate::scenario::Fault;
use crate::timeline::SAMPLE_US;
use crate::world::World;

/// Looks in a second.
const LOOKS: u32 = (1_000_000 / SAMPLE_US) as u32;

/// How a node fares; its number in the page's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u16)]
enum State {
    /// It has not come yet.
    #[default]
    Away,
    /// It is there and has had no picture.
    Waits,
    Plays,
    /// Its picture stands.
    Stands,
    /// It gives its children to others and goes.
    Leaves,
    Left,
    Vanished,
    /// It runs, and its network is gone.
    Offline,
}

/// A value over time: looks since the last change and the new value, one after the other.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
struct Changes {
    flat: Vec<u32>,
    #[serde(skip)]
    at: u32,
    #[serde(skip)]
    value: u32,
}

impl Changes {
    fn note(&mut self, look: u32, value: u32) {
        if value != self.value {
            self.flat.extend([look - self.at, value]);
            (self.at, self.value) = (look, value);
        }
    }
}

/// One node over time.
#[derive(Clone, Debug, Default, Serialize)]
struct Track {
    /// What it may give, in kbit/s; 0 of an origin without a limit.
    up: u64,
    /// It is behind a NAT that few get through.
    nat: bool,
    state: Changes,
    /// Whole slots.
    slots: Changes,
    /// Its home substreams, a bit each.
    homes: Changes,
    /// Of each substream 0, or 2 × (1 + the parent's number), and 1 more if the parent is late.
    parents: Vec<Changes>,
    /// In each second, of its video: hundredths of a second behind; 0 while nothing plays.
    behind: Vec<u32>,
    /// In each second, kbit/s with all that packets cost.
    sent: Vec<u64>,
    got: Vec<u64>,
    #[serde(skip)]
    before: (Traffic, Traffic),
}

/// A substream of the page.
#[derive(Clone, Debug, Serialize)]
struct Lane {
    track: u8,
    substream: u8,
}

/// Something that happened to the audience.
#[derive(Clone, Debug, Serialize)]
struct Mark {
    second: f64,
    what: String,
}

/// A run as the page wants it.
#[derive(Clone, Debug, Serialize)]
pub struct Recording {
    name: String,
    seed: u64,
    seconds: u32,
    /// Looks in a second.
    looks: u32,
    chunk_ms: u16,
    /// The stream on the wire, all tracks.
    stream_kbps: u64,
    /// A picture needs this many substreams of the video.
    k: u8,
    lanes: Vec<Lane>,
    marks: Vec<Mark>,
    /// The origin first.
    nodes: Vec<Track>,
    /// Looks since the last, to whom, from whom, substream, whether it came too late for the clock
    /// (1) or was asked for in time (0), how many: six numbers a group.
    stray: Vec<u32>,
    #[serde(skip)]
    strays: BTreeMap<(u32, u32, bool), (u32, u32)>,
    #[serde(skip)]
    stray_at: u32,
    #[serde(skip)]
    next: u32,
}

impl Recording {
    pub(crate) fn begin(world: &World) -> Self {
        let lanes = world.tracks.iter().flat_map(|t| {
            let track = t.config.track;
            (0..t.lanes()).map(move |substream| Lane { track, substream })
        });
        let video = world.tracks.first().map(|t| t.config);
        Self {
            name: world.scenario.name.clone(),
            seed: world.scenario.seed,
            seconds: world.scenario.seconds,
            looks: LOOKS,
            chunk_ms: video.map_or(0, |c| c.chunk_ms),
            stream_kbps: world.wire_bps() as u64 / 1000,
            k: video.map_or(0, |c| c.k),
            lanes: lanes.collect(),
            marks: world.scenario.fault.iter().map(mark).collect(),
            nodes: Vec::new(),
            stray: Vec::new(),
            strays: BTreeMap::new(),
            stray_at: 0,
            next: 0,
        }
    }

    /// A piece came as an answer to a question, or after the playout clock wanted it.
    pub(crate) fn note_stray(&mut self, to: u32, from: u32, lane: (u8, u8), late: bool) {
        let at = self.lanes.iter().position(|l| (l.track, l.substream) == lane);
        let group = self.strays.entry((to, from, late)).or_default();
        *group = (at.unwrap_or(0) as u32, group.1 + 1);
    }

    pub(crate) fn look(&mut self, nodes: &[Node], names: &BTreeMap<NodeId, u32>) {
        let look = self.next;
        self.next += 1;
        let (lanes, seconds) = (self.lanes.len(), look / LOOKS);
        for (at, node) in nodes.iter().enumerate() {
            if self.nodes.len() <= at {
                self.nodes.push(Track::of(node, lanes, seconds));
            }
            let track = &mut self.nodes[at];
            track.look(look, node, names);
            if look % LOOKS == LOOKS - 1 {
                track.second(node);
            }
        }
        for ((to, from, late), (lane, count)) in std::mem::take(&mut self.strays) {
            let since = look - self.stray_at;
            self.stray_at = look;
            self.stray.extend([since, to, from, lane, u32::from(late), count]);
        }
    }
}

impl Track {
    /// A node that came when `seconds` had passed.
    fn of(node: &Node, lanes: usize, seconds: u32) -> Self {
        let past = seconds as usize;
        Self {
            up: node.upload_bps / 1000,
            nat: node.wires.hard_nat,
            parents: vec![Changes::default(); lanes],
            behind: vec![0; past],
            sent: vec![0; past],
            got: vec![0; past],
            ..Self::default()
        }
    }

    fn look(&mut self, look: u32, node: &Node, names: &BTreeMap<NodeId, u32>) {
        let state = self.state_of(node);
        self.state.note(look, state as u32);
        if !matches!(state, State::Waits | State::Plays | State::Stands | State::Leaves) {
            self.parents.iter_mut().for_each(|p| p.note(look, 0));
            return;
        }
        let stats = node.swarm.stats();
        self.slots.note(look, stats.slots.try_into().unwrap_or(u32::MAX));
        let mut homes = 0;
        for (at, (lane, parents)) in stats.lanes.iter().zip(&mut self.parents).enumerate() {
            let parent = lane.parent.and_then(|(_, name)| names.get(&name));
            parents.note(look, parent.map_or(0, |p| 2 * (p + 1) + u32::from(lane.orphan)));
            homes |= u32::from(lane.home) << at.min(31);
        }
        self.homes.note(look, homes);
    }

    fn state_of(&self, node: &Node) -> State {
        let was = self.state.value;
        if node.offline {
            return State::Offline;
        }
        if !node.alive {
            return match () {
                () if was == State::Away as u32 => State::Away,
                () if node.leaving => State::Left,
                () => State::Vanished,
            };
        }
        if node.leaving {
            return State::Leaves;
        }
        match node.player.as_ref().filter(|p| p.has_begun()) {
            None => State::Waits,
            Some(player) if player.stands() => State::Stands,
            Some(_) => State::Plays,
        }
    }

    fn second(&mut self, node: &Node) {
        let player = node.player.as_ref().filter(|_| node.alive && !node.leaving);
        let behind = player.and_then(Player::behind_us).map_or(0, |us| us / 10_000);
        self.behind.push(u32::try_from(behind).unwrap_or(u32::MAX));
        let kbps = |now: u64, before: u64| now.saturating_sub(before) * 8 / 1000;
        self.sent.push(kbps(node.sent.all(), self.before.0.all()));
        self.got.push(kbps(node.received.all(), self.before.1.all()));
        self.before = (node.sent, node.received);
    }
}

fn mark(fault: &Fault) -> Mark {
    let part = |count: &u32, share: &f64| match count {
        0 => format!("{:.0} % of the viewers", share * 100.0),
        1 => "one viewer".into(),
        count => format!("{count} viewers"),
    };
    let (second, what) = match fault {
        Fault::Crash { at_s, count, share } => {
            (*at_s, format!("{} vanish without a word", part(count, share)))
        }
        Fault::Leave { at_s, count, share } => {
            (*at_s, format!("{} leave in good order", part(count, share)))
        }
        Fault::Flash { at_s, count, over_s } => {
            (*at_s, format!("{count} more come within {over_s} s"))
        }
        Fault::Upload { at_s, times } => {
            (*at_s, format!("viewers give {times} times what they gave at first"))
        }
        Fault::Churn { from_s, per_minute, graceful, .. } => {
            let how = if *graceful { "leave" } else { "vanish" };
            let percent = per_minute * 100.0;
            (*from_s, format!("{percent:.0} % a minute {how}, as many come"))
        }
        Fault::OriginOffline { at_s, away_s } => {
            (*at_s, format!("the broadcaster's network is gone for {away_s} s"))
        }
        Fault::Pause { at_s, away_s, origin, share } => {
            let broadcaster = if *origin { " and the broadcaster's" } else { "" };
            let percent = share * 100.0;
            let whose = format!("{percent:.0} % of the programs{broadcaster}");
            (*at_s, format!("{whose} stand still for {away_s} s"))
        }
        Fault::OriginRestart { at_s, away_s } => {
            (*at_s, format!("the broadcaster is gone for {away_s} s and starts anew"))
        }
    };
    Mark { second, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    fn small() -> Scenario {
        let crash = Fault::Crash { at_s: 8.0, count: 2, share: 0.0 };
        let fault = vec![crash];
        Scenario { viewers: 8, seconds: 10, ramp_s: 2.0, fault, ..Scenario::default() }
    }

    #[test]
    fn only_changes_are_kept() {
        let mut changes = Changes::default();
        for (look, value) in [(0, 0), (1, 0), (5, 7), (6, 7), (8, 2)] {
            changes.note(look, value);
        }
        assert_eq!(changes.flat, [5, 7, 3, 2]);
    }

    #[test]
    fn a_recorded_run_is_the_run_it_would_have_been() {
        let (report, recording) = crate::record(&small());
        assert!(recording.is_some());
        assert_eq!(report.event_hash, crate::run(&small()).event_hash);
    }

    #[test]
    fn it_says_who_came_who_was_fed_and_who_vanished() {
        let recording = crate::record(&small()).1.unwrap();
        assert_eq!(recording.nodes.len(), 9);
        let last = |t: &Track| t.state.value;
        let vanished = |t: &&Track| last(t) == State::Vanished as u32;
        assert_eq!(recording.nodes.iter().filter(vanished).count(), 2);
        let fed = |t: &&Track| t.parents.iter().all(|p| p.value > 0);
        assert!(recording.nodes.iter().skip(1).filter(fed).count() >= 4);
        assert!(recording.nodes.iter().all(|t| t.sent.len() == 10 && t.behind.len() == 10));
    }

    #[test]
    fn nothing_in_a_scenario_s_name_ends_the_page_s_script() {
        let scenario = Scenario { name: "</script>{{style}}".into(), ..small() };
        let html = crate::page::html(&crate::record(&scenario).1.unwrap()).unwrap();
        assert!(html.contains("\\u003c/script>{{style}}"));
    }
}
