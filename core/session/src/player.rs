//! From verified pieces to units that are due: assembly, opening, the gate, the playout clock.
//!
//! Pure but for the keys that it borrows: time is an argument, in microseconds of the node's clock.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use manyhands_media::gate::Gate;
use manyhands_media::{TrackConfig, chunk};
use manyhands_net::{Credentials, Reading};
use manyhands_stream::{Assembly, OpenedChunk, PieceHeader, Progress};

use crate::buffer::{Due, Opened, TrackBuffer};
use crate::event::Released;
use crate::playout::{Playout, State, Step, first_position};
use crate::presence::Pause;
use crate::start::{InHand, Start};
use crate::timeline;

/// Chunks of one track that are being put together at once: 6 s of a store at 10 a second, and as
/// many keyframes again.
const MAX_ASSEMBLIES: usize = 128;
/// Chunks of one track that are remembered when they are no longer kept: what a buffer holds.
const MAX_CLOSED: usize = 256;
/// With this much behind a later keyframe a frozen picture goes on there.
const ENOUGH_US: i64 = 200_000;
/// A frozen picture jumps to a later whole keyframe after this (the prototype's 300 ms).
const FROZEN_US: i64 = 300_000;

/// How units are checked before they are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checking {
    /// For decoders: parameter sets rewritten, what a decoder does not need dropped.
    Clean,
    /// For a file: checked, but kept byte for byte.
    Exact,
}

/// One track on its way in.
#[derive(Debug)]
struct Incoming {
    k: u8,
    assemblies: BTreeMap<u32, Assembly>,
    buffer: TrackBuffer,
    /// When the last chunks were closed, to know how late the next is, and which were of a pause.
    closed: BTreeMap<u32, Closed>,
    /// It takes part in the playout.
    selected: bool,
    /// What the shell was told last.
    config: Option<TrackConfig>,
}

/// When a chunk was closed, and whether its track was paused.
#[derive(Debug, Clone, Copy)]
struct Closed {
    at_us: i64,
    paused: bool,
}

/// What the player did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) released: Vec<Released>,
    pub(crate) first: bool,
    pub(crate) stalled: bool,
    pub(crate) resumed_us: Option<i64>,
    pub(crate) refused: Option<String>,
}

/// Everything between the network and the hand-out.
#[derive(Debug)]
pub(crate) struct Player {
    checking: Checking,
    tracks: BTreeMap<u8, Incoming>,
    playout: Playout,
    start: Start,
    stream_bytes: u64,
    /// The person has paused: what comes is kept.
    held: bool,
    undecodable: u64,
    /// Added to the times of a later run's units, so that for the shell the stream goes on.
    shift_us: i64,
    rejoining: bool,
    /// Where the last unit handed out ends on the shell's scale, and when that was.
    handed: Option<(i64, i64)>,
}

impl Player {
    pub(crate) fn new(checking: Checking) -> Self {
        Self {
            checking,
            tracks: BTreeMap::new(),
            playout: Playout::default(),
            start: Start::default(),
            stream_bytes: 0,
            held: false,
            undecodable: 0,
            shift_us: 0,
            rejoining: false,
            handed: None,
        }
    }

    /// The broadcast's tracks and their K.
    pub(crate) fn set_tracks(&mut self, tracks: impl Iterator<Item = (u8, u8)>) {
        for (id, k) in tracks {
            let checking = self.checking;
            self.tracks.entry(id).or_insert_with(|| Incoming {
                k,
                assemblies: BTreeMap::new(),
                buffer: TrackBuffer::new(match checking {
                    Checking::Clean => Gate::clean(),
                    Checking::Exact => Gate::exact(),
                }),
                closed: BTreeMap::new(),
                selected: true,
                config: None,
            });
        }
    }

    /// Another run: chunk numbers and keys begin anew, the picture goes on when its keyframe comes.
    pub(crate) fn reset(&mut self) {
        self.rejoining = self.handed.is_some();
        self.tracks.clear();
        self.playout.reset();
        self.start = Start::default();
    }

    /// Takes in a verified piece; a chunk that it completes is opened.
    pub(crate) fn handle_piece(
        &mut self,
        header: &PieceHeader,
        bytes: &Bytes,
        credentials: &Credentials,
        media: Option<Reading>,
    ) {
        let Some(track) = self.tracks.get_mut(&header.track) else { return };
        if !track.buffer.wants(header.chunk) {
            return;
        }
        let complete = match track.assemblies.get_mut(&header.chunk) {
            Some(assembly) => matches!(assembly.add(bytes), Ok(Progress::Complete)),
            None => {
                let Ok((assembly, progress)) = Assembly::new(track.k, bytes) else { return };
                track.assemblies.insert(header.chunk, assembly);
                progress == Progress::Complete
            }
        };
        if complete && let Some(assembly) = track.assemblies.remove(&header.chunk) {
            self.open(header, &assembly, credentials, media);
        } else if track.assemblies.len() > MAX_ASSEMBLIES {
            track.assemblies.pop_first();
        }
    }

    /// Moves the playout clock on and hands out what is due.
    pub(crate) fn step(&mut self, now_us: i64, media_us: i64) -> Outcome {
        let mut outcome = Outcome::default();
        if self.held {
            return outcome;
        }
        if self.playout.state() == State::Waiting {
            if !self.begin(now_us, media_us) {
                self.playout.step(now_us, media_us, 0);
                return outcome;
            }
            outcome.first = true;
        }
        outcome.resumed_us = self.jump_if_frozen(now_us, media_us);
        let frontier_us = self.frontier_us();
        match self.playout.step(now_us, media_us, frontier_us) {
            Step::Stalled => outcome.stalled = !self.is_over(),
            Step::Resumed { for_us, told } => {
                outcome.stalled = !told;
                outcome.resumed_us = Some(for_us);
            }
            Step::Play | Step::Stand => {}
        }
        self.hand_out(now_us, &mut outcome);
        outcome
    }

    pub(crate) fn playout(&self) -> &Playout {
        &self.playout
    }

    pub(crate) fn frontier_us(&self) -> i64 {
        let selected = self.tracks.values().filter(|t| t.selected);
        selected.map(|t| t.buffer.frontier_us().unwrap_or(i64::MIN)).min().unwrap_or(i64::MIN)
    }

    /// What is complete ahead of the position, in microseconds.
    pub(crate) fn buffered_us(&self) -> i64 {
        match self.playout.state() {
            State::Waiting => 0,
            _ if self.frontier_us() == i64::MAX => 0,
            _ => self.frontier_us().saturating_sub(self.playout.position_us()).max(0),
        }
    }

    /// Plaintext bytes that were opened here.
    pub(crate) fn stream_bytes(&self) -> u64 {
        self.stream_bytes
    }

    /// Which tracks are paused where it plays; before it plays, in the newest chunks.
    pub(crate) fn pause(&self) -> Option<Pause> {
        let waiting = self.playout.state() == State::Waiting;
        let at_us = if waiting { i64::MAX } else { self.playout.position_us() };
        let paused = |track: &Incoming| track.is_paused(at_us);
        let lead = self.tracks.values().next().is_some_and(paused);
        match lead && self.tracks.values().all(paused) {
            true => Some(Pause::All),
            false => lead.then_some(Pause::Picture),
        }
    }

    /// Stands still, and keeps what comes, or goes on where it stood.
    pub(crate) fn set_held(&mut self, held: bool, now_us: i64, media_us: i64) {
        if std::mem::replace(&mut self.held, held) && !held {
            self.playout.resume(now_us, media_us);
            if self.tracks.values().any(|track| track.buffer.has_lost_its_place()) {
                self.go_to_the_oldest(now_us, media_us);
            }
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// Plays what is live, from a later keyframe where there is one.
    pub(crate) fn go_live(&mut self) {
        self.playout.go_live();
    }

    /// The signed last chunk of every track has been handed out.
    pub(crate) fn is_over(&self) -> bool {
        let mut selected = self.tracks.values().filter(|t| t.selected).peekable();
        selected.peek().is_some() && selected.all(|t| t.buffer.is_over())
    }

    fn open(
        &mut self,
        header: &PieceHeader,
        assembly: &Assembly,
        credentials: &Credentials,
        media: Option<Reading>,
    ) {
        let Credentials::Viewer(member) = credentials else { return };
        let opened = assembly.finish().ok().and_then(|sealed| member.open(&sealed).ok());
        let Some((opened, chunk)) = opened.and_then(|o| Some((read(header, &o)?, o))) else {
            self.undecodable += 1;
            return;
        };
        self.stream_bytes += chunk.plaintext.len() as u64;
        let Some(track) = self.tracks.get_mut(&header.track) else { return };
        let closed = Closed { at_us: opened.capture_us, paused: opened.paused };
        track.closed.insert(header.chunk, closed);
        if track.closed.len() > MAX_CLOSED {
            track.closed.pop_first();
        }
        // A pause says nothing about how long a chunk takes.
        let before = header.chunk.checked_sub(1).and_then(|n| track.closed.get(&n));
        let before_us = before.filter(|before| !before.paused && !closed.paused);
        if let Some(media) = media {
            self.playout.handle_chunk(media.media_us, before_us.map(|before| before.at_us));
        }
        if header.flags.last {
            track.buffer.set_last(header.chunk);
        }
        track.buffer.insert(header.chunk, opened);
    }

    /// Begins at a keyframe from which everything hangs together, if there is one.
    fn begin(&mut self, now_us: i64, media_us: i64) -> bool {
        let target_us = self.playout.target_us();
        let Some(lead) = self.lead_track() else { return false };
        let wish_us = media_us - target_us;
        let Some((chunk, keyframe_us, frontier_us)) = self.best_start(lead, wish_us) else {
            return false;
        };
        let others = self.tracks.iter().filter(|(id, _)| **id != lead).all(|(_, t)| {
            t.buffer.nearest(keyframe_us).is_some_and(|(_, frontier)| frontier > keyframe_us)
        });
        let has = InHand { wish_us, keyframe_us, frontier_us, others };
        if !self.start.begins(now_us, has) {
            return false;
        }
        let position = first_position(media_us, target_us, keyframe_us, frontier_us);
        self.seek(lead, chunk, keyframe_us);
        self.join_runs(lead, now_us);
        self.playout.start(now_us, position);
        true
    }

    /// A later run counts its times from the beginning: for the shell they go on where the earlier
    /// run ended, with the time between as a gap.
    fn join_runs(&mut self, lead: u8, now_us: i64) {
        let (Some((end_us, at_us)), true) = (self.handed, self.rejoining) else { return };
        self.rejoining = false;
        let first = self.tracks.get(&lead).and_then(|t| t.buffer.first_decode_us());
        if let Some(first_us) = first {
            self.shift_us = end_us.saturating_add(now_us - at_us).saturating_sub(first_us);
        }
    }

    /// The newest keyframe that lies before the wish, or else the oldest there is.
    fn best_start(&self, lead: u8, wish_us: i64) -> Option<(u32, i64, i64)> {
        let track = self.tracks.get(&lead)?;
        let mut oldest = None;
        for start in track.buffer.starts() {
            if start.1 <= wish_us {
                return Some(start);
            }
            oldest = Some(start);
        }
        oldest
    }

    fn seek(&mut self, lead: u8, chunk: u32, keyframe_us: i64) {
        for (id, track) in &mut self.tracks {
            if *id == lead {
                track.buffer.seek(chunk);
                track.selected = true;
            } else if let Some((nearest, _)) = track.buffer.nearest(keyframe_us) {
                track.buffer.seek(nearest);
                track.selected = true;
            } else {
                track.selected = false;
            }
        }
    }

    /// The track whose keyframes rule: the first one, which is the picture if there is one, unless
    /// it is paused.
    fn lead_track(&self) -> Option<u8> {
        let sent = self.tracks.iter().find(|(_, track)| !track.is_paused(i64::MAX));
        sent.or_else(|| self.tracks.iter().next()).map(|(id, _)| *id)
    }

    /// It was held for longer than is kept: goes on with the oldest that hangs together.
    fn go_to_the_oldest(&mut self, now_us: i64, media_us: i64) {
        let Some(lead) = self.lead_track() else { return };
        let oldest = self.tracks.get(&lead).and_then(|track| track.buffer.starts().last());
        if let Some((chunk, keyframe_us, _)) = oldest {
            self.seek(lead, chunk, keyframe_us);
            self.playout.start(now_us, keyframe_us);
            self.playout.resume(now_us, media_us);
        }
    }

    /// A picture that stands, or is hopelessly late, goes on with what is live: with all that comes before
    /// it, if that is there, or else at a later whole keyframe. Gives for how long it stood before a jump.
    fn jump_if_frozen(&mut self, now_us: i64, media_us: i64) -> Option<i64> {
        self.playout.catch_up(media_us, self.frontier_us());
        let frozen = match self.playout.state() {
            State::Stalled { since_us } => now_us - since_us >= FROZEN_US,
            State::Playing => self.playout.wants_jump(media_us),
            State::Waiting => false,
        };
        let healing = self.playout.is_healing(media_us);
        let lead = self.lead_track().filter(|_| frozen || healing)?;
        let position = self.playout.position_us();
        let target_us = self.playout.target_us();
        let (chunk, keyframe_us, frontier_us) =
            self.tracks.get(&lead)?.buffer.starts().find(|(_, keyframe_us, frontier_us)| {
                let is_enough = frontier_us.saturating_sub(*keyframe_us) >= ENOUGH_US;
                let is_live = (*keyframe_us..=*frontier_us).contains(&(media_us - target_us));
                *keyframe_us > position && if frozen { is_enough } else { is_live }
            })?;
        self.seek(lead, chunk, keyframe_us);
        let to = first_position(media_us, target_us, keyframe_us, frontier_us);
        self.playout.jump(now_us, to)
    }

    /// Hands out the due units of all tracks: each track's in decode order, the tracks interleaved
    /// by capture time.
    fn hand_out(&mut self, now_us: i64, outcome: &mut Outcome) {
        let position = self.playout.position_us();
        let mut end_us = self.handed.map_or(i64::MIN, |(end, _)| end);
        let mut rows = Vec::new();
        for (id, track) in &mut self.tracks {
            let mut row = VecDeque::new();
            loop {
                match track.buffer.pop_due(position) {
                    Ok(Some(mut due)) => {
                        timeline::shift(due.timescale, &mut due.unit, self.shift_us);
                        end_us = end_us.max(timeline::decode_us(due.timescale, &due.unit));
                        let config = due.config.filter(|c| track.config.as_ref() != Some(c));
                        if config.is_some() {
                            track.config.clone_from(&config);
                        }
                        let Due { capture_us, unit, .. } = due;
                        row.push_back(Released { track: *id, config, unit, capture_us });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        outcome.refused = Some(error.to_string());
                        break;
                    }
                }
            }
            rows.push(row);
        }
        outcome.released = interleave(rows);
        if !outcome.released.is_empty() {
            self.handed = Some((end_us, now_us));
        }
    }
}

impl Incoming {
    /// Whether the track is paused at this moment of media time, as far as its chunks say.
    fn is_paused(&self, at_us: i64) -> bool {
        let from_there = self.closed.values().rev().take_while(|closed| closed.at_us >= at_us);
        let there = from_there.last().or_else(|| self.closed.values().next_back());
        there.is_some_and(|closed| closed.paused)
    }
}

/// Merges rows by capture time without changing the order within a row.
fn interleave(mut rows: Vec<VecDeque<Released>>) -> Vec<Released> {
    let mut merged = Vec::new();
    loop {
        let next = rows.iter_mut().filter(|row| !row.is_empty());
        let Some(row) = next.min_by_key(|row| row.front().map(|r| r.capture_us)) else {
            return merged;
        };
        merged.extend(row.pop_front());
    }
}

/// Reads an opened chunk's plaintext.
fn read(header: &PieceHeader, chunk: &OpenedChunk) -> Option<Opened> {
    let (zero_us, timescale, units) = timeline::split(&chunk.plaintext)?;
    let body = chunk::decode(units).ok()?;
    Some(Opened {
        capture_us: i64::from(header.capture_ms) * 1000,
        keyframe: header.flags.keyframe && !body.units.is_empty(),
        paused: header.flags.paused,
        zero_us,
        timescale,
        body,
    })
}
