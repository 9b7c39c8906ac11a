//! The broadcaster's encoder: once a second the shipped `vitals` look at what the origin's state
//! machine counts, and the pictures from then on are as large as they say.
//!
//! Viewers learn the new rate with the first piece that is cut by it; a newcomer has it from whom it
//! finds. (The program has it in the head, which goes from parent to child.)

use std::time::Duration;

use manyhands_policy::Heat;
use manyhands_swarm::TrackConfig;
use manyhands_vitals::{Crowd, Look, Picture, Vitals};

use crate::link::packets;
use crate::world::{What, World};

/// The session looks at itself this often.
const LOOK_US: u64 = 1_000_000;

/// What the encoder makes.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    /// Absent where nothing follows: a file.
    vitals: Option<Vitals>,
    chosen_bps: u32,
    /// The first chunk of each other rate, and what part of the chosen one it is.
    changes: Vec<(u32, f64)>,
    /// Bytes of media made.
    made: u64,
    /// What everybody has confirmed, and when that was last more.
    confirmed: (u64, u64),
}

impl Encoder {
    fn begin(chosen_bps: u32) -> Self {
        // The sizes decide nothing here.
        let picture = Picture { width: 1280, height: 720, frame_rate: 30, bitrate: chosen_bps };
        Self { vitals: Some(Vitals::new(Some(picture))), chosen_bps, ..Self::default() }
    }

    /// How many changes there were up to a chunk.
    fn changes_by(&self, chunk: u32) -> usize {
        self.changes.partition_point(|(first, _)| *first <= chunk)
    }

    /// The part of the chosen rate after so many changes.
    fn part(&self, changes: usize) -> f64 {
        let last = changes.checked_sub(1).and_then(|at| self.changes.get(at));
        last.map_or(1.0, |(_, part)| *part)
    }
}

impl World {
    /// A camera's encoder begins with what was chosen.
    pub(crate) fn begin_encoding(&mut self) {
        self.encoder = Encoder::default();
        if self.scenario.media.camera {
            let bps = u32::try_from(self.scenario.media.rate_bps).unwrap_or(u32::MAX);
            self.encoder = Encoder::begin(bps);
            self.queue.push(self.now + LOOK_US, What::Look { run: self.run });
        }
    }

    /// The part of the chosen rate that is made now.
    pub(crate) fn encoded_part(&self) -> f64 {
        self.encoder.part(self.encoder.changes.len())
    }

    /// The tracks as the newest head describes them.
    pub(crate) fn head(&self) -> Vec<TrackConfig> {
        self.head_after(self.encoder.changes.len())
    }

    fn head_after(&self, changes: usize) -> Vec<TrackConfig> {
        let part = self.encoder.part(changes);
        self.tracks.iter().map(|t| t.config_at(part)).collect()
    }

    /// How many heads with another rate there were.
    pub(crate) fn heads(&self) -> usize {
        self.encoder.changes.len()
    }

    /// A node that has a piece of this chunk knows by what rate it was made.
    pub(crate) fn learn_head(&mut self, id: u32, track: u8, chunk: u32) {
        let by = if track == 0 { self.encoder.changes_by(chunk) } else { 0 };
        if by > self.nodes[id as usize].heads {
            let (now, head) = (self.local(id), self.head_after(by));
            let node = &mut self.nodes[id as usize];
            node.heads = by;
            node.swarm.handle_tracks(now, &head);
        }
    }

    /// Encodes a chunk that is about to be published.
    pub(crate) fn encode(&mut self, track: usize, chunk: u32) {
        let part = self.encoded_part();
        let Some(media) = self.tracks.get_mut(track) else { return };
        let of = if track == 0 { part } else { 1.0 };
        media.encode(chunk, of);
        self.encoder.made += media.bytes(chunk);
    }

    /// Once a second: how it goes, and what the encoder is to make from the next chunk on.
    pub(crate) fn on_look(&mut self, run: u32) {
        if run != self.run || !self.nodes[0].alive {
            return;
        }
        let look = self.look();
        let began = Duration::from_micros(self.now - self.run_start);
        let encoder = &mut self.encoder;
        let news = encoder.vitals.as_mut().map(|v| v.handle(began, &look)).unwrap_or_default();
        if let Some(target) = news.target {
            let part = f64::from(target.picture.bitrate) / f64::from(encoder.chosen_bps.max(1));
            let next = self.tracks.first().map_or(0, |t| t.open_at(self.now - self.run_start));
            encoder.changes.push((next, part));
            let (now, head) = (self.local(0), self.head());
            self.nodes[0].swarm.handle_tracks(now, &head);
            self.tell(0, || format!("! encodes {part:.2} of the rate: {:?}", target.cause));
        }
        self.tell(0, || format!("! {look:?}"));
        self.queue.push(self.now + LOOK_US, What::Look { run });
        self.settle(0);
    }

    /// What the session would be told of its node.
    fn look(&mut self) -> Look {
        let now = self.local(0);
        let node = &self.nodes[0];
        if node.received.acks > self.encoder.confirmed.0 {
            self.encoder.confirmed = (node.received.acks, self.now);
        }
        let (stats, sending) = (node.swarm.stats(), node.swarm.sending(now));
        let sent = &node.sent;
        Look {
            connected: !node.is_alone(),
            offline: node.offline,
            unconfirmed: Duration::from_micros(self.now - self.encoder.confirmed.1),
            made: self.encoder.made,
            sent: stats.counters.sent_bytes,
            dropped: sending.dropped_bytes,
            blocked: sending.blocked_bytes,
            waiting: sending.waiting,
            // Ways don't fill here.
            on_their_ways: Duration::ZERO,
            packets: packets(sent.all()),
            lost: packets(sent.resent),
            crowd: Crowd { missing: f64::from(sending.missing), slot_ratio: stats.slot_ratio },
            heat: Heat::Normal,
        }
    }
}
