//! The event loop: carries what nodes put out to where it belongs, and lets time pass.

use manyhands_swarm::{NodeId, Output, TrackId};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use crate::carry::Coming;
use crate::check::Checkers;
use crate::dice::Dice;
use crate::encoder::Encoder;
use crate::hash::EventHash;
use crate::holes::Holes;
use crate::media::TrackMedia;
use crate::node::{Node, Traffic};
use crate::queue::Calendar;
use crate::recording::Recording;
use crate::report::Report;
use crate::scenario::{Sabotage, Scenario};
use crate::timeline::Timeline;

/// The driver hands the wire at most this much ahead (DESIGN, "swarm owns the one uplink queue").
const AHEAD_US: u64 = 20_000;
/// The transport is asked, and the playhead told, this often.
pub(crate) const LINK_US: u64 = 100_000;

/// Sabotaged drivers go deaf when their nodes know others.
const DEAF_FROM_US: u64 = 15_000_000;

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Wake(u32),
    Message {
        to: u32,
        from: u32,
        bytes: Box<[u8]>,
    },
    Piece {
        to: u32,
        from: u32,
        run: u32,
        id: (TrackId, u32, u8, u8),
        repair: bool,
        damaged: bool,
        queued: bool,
    },
    Connected {
        dialler: u32,
        listener: u32,
        accept: bool,
    },
    DialFailed {
        dialler: u32,
        listener: u32,
    },
    Gone {
        at: u32,
        other: u32,
        sent: u64,
    },
    Links(u32),
    Play(u32),
    Publish {
        track: u8,
        chunk: u32,
        run: u32,
    },
    Come(u32),
    Fault(usize),
    ChurnStep {
        fault: usize,
    },
    OriginBack,
    OriginOnline,
    Measure,
    Sample,
    Look {
        run: u32,
    },
}

/// The whole simulated world.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) queue: Calendar<What>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tracks: Vec<TrackMedia>,
    pub(crate) encoder: Encoder,
    pub(crate) now: u64,
    pub(crate) run_start: u64,
    pub(crate) run: u32,
    pub(crate) trouble: Dice,
    pub(crate) chance: Dice,
    pub(crate) hash: EventHash,
    pub(crate) events: u64,
    pub(crate) started: Instant,
    /// Uploading viewers that a newcomer finds by itself (link, local discovery, DHT).
    pub(crate) contacts: Vec<u32>,
    pub(crate) contacts_period: Option<u64>,
    pub(crate) by_name: BTreeMap<NodeId, u32>,
    pub(crate) measure_at: u64,
    /// Traffic of nodes at the moment the measured time began.
    pub(crate) before: Vec<(Traffic, Traffic)>,
    pub(crate) counters_before: Vec<manyhands_swarm::Counters>,
    pub(crate) origin_sent_before: u64,
    pub(crate) origin_sent_old: u64,
    pub(crate) integrity_errors: u64,
    /// What every viewer's upload is multiplied by.
    pub(crate) scale: f64,
    /// What they give now, as a multiple of that.
    pub(crate) times: f64,
    pub(crate) timeline: Timeline,
    pub(crate) holes: Holes,
    /// Absent where there are too many nodes for them.
    pub(crate) checkers: Option<Checkers>,
    /// Kept for the page, if one is asked for.
    pub(crate) recording: Option<Recording>,
    /// The message that is being sent.
    pub(crate) letter: Vec<u8>,
}

pub(crate) const fn seconds(s: f64) -> u64 {
    (s * 1_000_000.0) as u64
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut tracks =
            vec![TrackMedia::video(&scenario.media, scenario.seed, scenario.seconds + 2)];
        if scenario.media.audio_bps > 0 {
            tracks.push(TrackMedia::sound(&scenario.media, scenario.seconds + 2));
        }
        let seed = scenario.seed;
        let mut world = Self {
            queue: Calendar::new(),
            nodes: Vec::new(),
            tracks,
            encoder: Encoder::default(),
            now: 0,
            run_start: 0,
            run: 0,
            trouble: Dice::new(seed, 1),
            chance: Dice::new(seed, 2),
            hash: EventHash::default(),
            events: 0,
            started: Instant::now(),
            contacts: Vec::new(),
            contacts_period: None,
            by_name: BTreeMap::new(),
            measure_at: seconds(scenario.measure_from_s),
            before: Vec::new(),
            counters_before: Vec::new(),
            origin_sent_before: 0,
            origin_sent_old: 0,
            integrity_errors: 0,
            scale: 1.0,
            times: 1.0,
            timeline: Timeline::default(),
            holes: Holes::default(),
            recording: None,
            checkers: Checkers::of(&scenario),
            letter: Vec::new(),
            scenario,
        };
        world.set_up();
        world
    }

    pub(crate) fn local(&self, node: u32) -> manyhands_swarm::Time {
        self.nodes[node as usize].clock.local(self.now)
    }

    /// Keeps what a page needs.
    pub(crate) fn record(mut self) -> Self {
        self.recording = Some(Recording::begin(&self));
        self
    }

    pub(crate) fn run(mut self) -> (Report, Option<Recording>) {
        let end = seconds(f64::from(self.scenario.seconds));
        while let Some((at, what)) = self.queue.pop() {
            if at >= end {
                break;
            }
            self.now = at;
            if let Some(later) = self.waits_for_program(&what) {
                self.queue.push(later, what);
                continue;
            }
            self.events += 1;
            self.note(&what);
            self.happen(what);
        }
        self.now = end;
        for player in self.nodes.iter_mut().filter_map(|n| n.player.as_mut()) {
            player.finish(end);
            let watched = player.watched();
            let (played, skipped) = (watched.played_us, watched.skipped_us);
            self.hash.add([played, watched.stalled_us, skipped, u64::from(watched.stalls)]);
        }
        (Report::of(&self), self.recording)
    }

    /// When the program that this is for runs again, if it stands still.
    fn waits_for_program(&mut self, what: &What) -> Option<u64> {
        let id = match what {
            What::Wake(id) | What::Links(id) | What::Gone { at: id, .. } => *id,
            What::Message { to, .. } | What::Piece { to, .. } => *to,
            What::Connected { listener: id, accept: true, .. }
            | What::Connected { dialler: id, .. }
            | What::DialFailed { dialler: id, .. } => *id,
            What::Publish { .. } => 0,
            _ => return None,
        };
        let node = &mut self.nodes[id as usize];
        let until = Some(node.paused_until).filter(|until| *until > self.now)?;
        if let What::Wake(_) = what {
            node.wake_at = until;
        }
        Some(until)
    }

    /// Takes what reaches a node from outside into the hash: everything else follows from it.
    fn note(&mut self, what: &What) {
        let (kind, a, b) = match what {
            What::Message { to, from, bytes, .. } => {
                let sum = bytes.iter().fold(0u64, |h, b| h.rotate_left(5) ^ u64::from(*b));
                (1, u64::from(*to) << 32 | u64::from(*from), sum)
            }
            What::Piece { to, from, id, .. } => {
                let piece = u64::from(id.1) << 16 | u64::from(id.2) << 8 | u64::from(id.0);
                (2, u64::from(*to) << 32 | u64::from(*from), piece)
            }
            What::Connected { dialler, listener, .. } => {
                (4, u64::from(*dialler), u64::from(*listener))
            }
            What::DialFailed { dialler, listener } => {
                (5, u64::from(*dialler), u64::from(*listener))
            }
            What::Gone { at, other, .. } => (6, u64::from(*at), u64::from(*other)),
            What::Come(n) => (7, u64::from(*n), 0),
            What::Publish { track, chunk, .. } => (9, u64::from(*track), u64::from(*chunk)),
            What::Fault(_) | What::ChurnStep { .. } | What::OriginBack | What::OriginOnline => {
                (10, 0, 0)
            }
            _ => return,
        };
        self.hash.add([self.now, kind, a, b]);
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Wake(node) => {
                if self.nodes[node as usize].wake_at == self.now {
                    self.nodes[node as usize].wake_at = u64::MAX;
                    self.settle(node);
                }
            }
            What::Message { to, from, bytes } => self.on_message(to, from, &bytes),
            What::Piece { to, from, run, id, repair, damaged, queued } => {
                let coming = Coming { to, from, run, id, repair, damaged };
                if queued || !self.waits_for_downlink(coming) {
                    self.on_piece(coming);
                }
            }
            What::Connected { dialler, listener, accept } => {
                self.on_connected(dialler, listener, accept);
            }
            What::DialFailed { dialler, listener } => self.on_dial_failed(dialler, listener),
            What::Gone { at, other, sent } => self.on_gone(at, other, sent),
            What::Links(node) => self.report_links(node),
            What::Play(node) => self.on_play(node),
            What::Publish { track, chunk, run } => self.on_publish(track, chunk, run),
            What::Come(node) => self.on_come(node),
            What::Fault(fault) => self.on_fault(fault),
            What::ChurnStep { fault } => self.on_churn(fault),
            What::OriginBack => self.on_origin_back(),
            What::OriginOnline => self.on_origin_online(),
            What::Sample => self.on_sample(),
            What::Measure => self.on_measure(),
            What::Look { run } => self.on_look(run),
        }
    }

    /// Lets a node do everything that is due, by the driving contract.
    pub(crate) fn settle(&mut self, id: u32) {
        if !self.nodes[id as usize].alive {
            return;
        }
        let now = self.local(id);
        self.nodes[id as usize].swarm.handle_timeout(now);
        let deaf = self.scenario.sabotage == Some(Sabotage::DeafDriver)
            && id % 5 == 4
            && self.now > DEAF_FROM_US;
        while !deaf && let Some(output) = self.nodes[id as usize].swarm.poll_output() {
            self.carry_out(id, output);
        }
        let mut wake = None;
        loop {
            let node = &mut self.nodes[id as usize];
            if node.wires.up_free() > self.now + AHEAD_US {
                wake = Some(node.wires.up_free() - AHEAD_US);
                break;
            }
            let Some(transmit) = node.swarm.poll_transmit(now) else { break };
            self.transmit(id, transmit);
        }
        let node = &mut self.nodes[id as usize];
        let due = node.swarm.poll_timeout().map(|t| node.clock.world(t).max(self.now + 1));
        // A full wire comes first: the state machine is asked again when there is room.
        let due = match (due, wake) {
            (Some(due), Some(wake)) if due < wake => Some(due.max((self.now + 5_000).min(wake))),
            (due, wake) => wake.or(due),
        };
        if let Some(at) = due.filter(|at| *at < node.wake_at) {
            node.wake_at = at;
            self.queue.push(at, What::Wake(id));
        }
        if node.leaving && node.swarm.is_drained() {
            self.depart(id);
        }
    }

    fn carry_out(&mut self, id: u32, output: Output) {
        match output {
            Output::Send { peer, message } => self.send(id, peer.0, &message),
            Output::Connect(contact) => {
                self.tell(id, || format!("dials {contact:?}"));
                self.dial_contact(id, &contact);
            }
            // Who can't be dialled here can't be met either.
            Output::Meet(_) => {}
            Output::Close { peer, .. } => self.hang_up(id, peer.0),
            Output::NeedContacts => self.find_members(id),
            Output::Event(event) => self.tell(id, || format!("! {event:?}")),
        }
    }

    /// Tells the traced node's doings.
    pub(crate) fn tell(&self, id: u32, what: impl FnOnce() -> String) {
        if self.scenario.trace.is_some_and(|t| t == id || t == u32::MAX) {
            let ms = self.now as f64 / 1000.0;
            let _ = writeln!(std::io::stderr(), "{ms:10.1} {id} {}", what());
        }
    }
}
