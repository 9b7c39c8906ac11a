//! From verified pieces to units that are due: assembly, opening, the gate, the playout clock.
//!
//! Pure but for the keys that it borrows: time is an argument, in microseconds of the node's clock.

use std::collections::VecDeque;

use bytes::Bytes;
use manyhands_media::chunk;
use manyhands_media::gate::Gate;
use manyhands_net::{Credentials, Reading};
use manyhands_playout::{Beginning, Buffer as _, Moved, Playout, State};
use manyhands_stream::{Assembly, OpenedChunk, PieceHeader, Progress};

use crate::buffer::{Due, Opened};
use crate::event::Released;
use crate::presence::Pause;
use crate::timeline;
use crate::tracks::{Closed, Incoming, Tracks};

/// Chunks of one track that are being put together at once: 6 s of a store at 10 a second, and as
/// many keyframes again.
const MAX_ASSEMBLIES: usize = 128;

/// How units are checked before they are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checking {
    /// For decoders: parameter sets rewritten, what a decoder does not need dropped.
    Clean,
    /// For a file: checked, but kept byte for byte.
    Exact,
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
    tracks: Tracks,
    playout: Playout,
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
            tracks: Tracks::default(),
            playout: Playout::default(),
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
            let gate = match self.checking {
                Checking::Clean => Gate::clean(),
                Checking::Exact => Gate::exact(),
            };
            self.tracks.0.entry(id).or_insert_with(|| Incoming::new(k, gate));
        }
    }

    /// Another run: chunk numbers and keys begin anew, the picture goes on when its keyframe comes.
    pub(crate) fn reset(&mut self, now_us: i64) {
        self.rejoining = self.handed.is_some();
        self.tracks.0.clear();
        self.playout.reset((!self.held).then_some(now_us));
    }

    /// Takes in a verified piece; a chunk that it completes is opened.
    pub(crate) fn handle_piece(
        &mut self,
        header: &PieceHeader,
        bytes: &Bytes,
        credentials: &Credentials,
        media: Option<Reading>,
    ) {
        let Some(track) = self.tracks.0.get_mut(&header.track) else { return };
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
        let Moved { first, stalled, resumed_us } =
            self.playout.advance(now_us, media_us, &mut self.tracks);
        if first {
            self.join_runs(now_us);
        }
        outcome.first = first;
        outcome.resumed_us = resumed_us;
        outcome.stalled = stalled && (resumed_us.is_some() || !self.tracks.are_over());
        self.hand_out(now_us, &mut outcome);
        outcome
    }

    pub(crate) fn playout(&self) -> &Playout {
        &self.playout
    }

    pub(crate) fn frontier_us(&self) -> i64 {
        self.tracks.frontier_us()
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
        let lead = self.tracks.0.values().next().is_some_and(paused);
        match lead && self.tracks.0.values().all(paused) {
            true => Some(Pause::All),
            false => lead.then_some(Pause::Picture),
        }
    }

    /// Stands still, and keeps what comes, or goes on where it stood.
    pub(crate) fn set_held(&mut self, held: bool, now_us: i64, media_us: i64) {
        if std::mem::replace(&mut self.held, held) && !held {
            self.playout.resume(now_us, media_us);
            if self.tracks.0.values().any(|track| track.buffer.has_lost_its_place()) {
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
        self.tracks.are_over()
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
        let Some(track) = self.tracks.0.get_mut(&header.track) else { return };
        let closed = Closed { at_us: opened.capture_us, paused: opened.paused };
        let before = track.note_closed(header.chunk, closed);
        // A pause says nothing about how long a chunk takes.
        let before_us = before.filter(|before| !before.paused && !closed.paused);
        if let Some(media) = media {
            self.playout.handle_chunk(
                header.track,
                media.media_us,
                before_us.map(|before| before.at_us),
            );
        }
        if header.flags.last {
            track.buffer.set_last(header.chunk);
        }
        track.buffer.insert(header.chunk, opened);
    }

    /// A later run counts its times from the beginning: for the shell they go on where the earlier
    /// run ended, with the time between as a gap.
    fn join_runs(&mut self, now_us: i64) {
        let (Some((end_us, at_us)), true) = (self.handed, self.rejoining) else { return };
        self.rejoining = false;
        let first = self.tracks.lead().and_then(|lead| lead.buffer.first_decode_us());
        if let Some(first_us) = first {
            self.shift_us = end_us.saturating_add(now_us - at_us).saturating_sub(first_us);
        }
    }

    /// It was held for longer than is kept: goes on with the oldest that hangs together.
    fn go_to_the_oldest(&mut self, now_us: i64, media_us: i64) {
        let oldest: Option<Beginning> = self.tracks.beginnings().last();
        if let Some(at) = oldest {
            self.tracks.seek(at);
            self.playout.start_at(now_us, at.keyframe_us);
            self.playout.resume(now_us, media_us);
        }
    }

    /// Hands out the due units of all tracks: each track's in decode order, the tracks interleaved
    /// by capture time.
    fn hand_out(&mut self, now_us: i64, outcome: &mut Outcome) {
        let position = self.playout.position_us();
        let mut end_us = self.handed.map_or(i64::MIN, |(end, _)| end);
        let mut rows = Vec::new();
        for (id, track) in &mut self.tracks.0 {
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
