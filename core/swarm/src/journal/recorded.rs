//! An overlay that keeps a journal of itself.

use core::ops::Deref;
use std::io::Write;

use super::MAGIC;
use super::call::{Answer, Call};
use super::codec::Value;
use crate::{
    Arrival, Config, Contact, LinkReport, Mapping, Message, Output, PeerIndex, PeerInfo, Piece,
    PieceId, Swarm, Time, TrackConfig, TrackId, Transmit,
};

/// A [`Swarm`] whose driving verbs are written down. It is driven in the same way; what only looks at
/// it (`stats`, `sending`, `is_drained`) goes through to it. It can't be changed past the journal.
#[derive(Debug)]
pub struct Recorded<W> {
    swarm: Swarm,
    log: Option<Log<W>>,
}

/// Records on their way to `sink`.
#[derive(Debug)]
struct Log<W> {
    sink: W,
    waiting: Vec<u8>,
}

impl<W> Deref for Recorded<W> {
    type Target = Swarm;

    fn deref(&self) -> &Swarm {
        &self.swarm
    }
}

impl<W: Write> Recorded<W> {
    /// A fresh node that writes its journal to `sink`, or none if there is no sink.
    ///
    /// What was recorded is handed over at the end of each round, when [`Swarm::poll_transmit`] has
    /// nothing more to give: who dies loses no round that was over. A sink that fails is let go, so
    /// that the journal ends there; it is for the sink to tell somebody.
    #[must_use]
    pub fn new(config: Config, sink: Option<W>) -> Self {
        let begin = |sink| {
            let mut log = Log { sink, waiting: MAGIC.to_vec() };
            log.record(|out| config.write(out));
            log
        };
        Self { log: sink.map(begin), swarm: Swarm::new(config) }
    }

    /// Makes a call that has no answer.
    fn tell(&mut self, call: Call) {
        if let Some(log) = &mut self.log {
            log.record(|out| {
                call.write(out);
                Answer::Nothing.write(out);
            });
        }
        call.perform(&mut self.swarm);
    }

    /// Writes down a call that was answered.
    fn note(&mut self, call: &Call, answer: &Answer) {
        if let Some(log) = &mut self.log {
            log.record(|out| {
                call.write(out);
                answer.write(out);
            });
        }
    }

    /// A round is over.
    fn hand_over(&mut self) {
        self.log = self.log.take().and_then(Log::handed_over);
    }
}

impl<W: Write> Log<W> {
    fn record(&mut self, body: impl FnOnce(&mut Vec<u8>)) {
        let at = self.waiting.len();
        self.waiting.extend_from_slice(&[0; 4]);
        body(&mut self.waiting);
        let length = self.waiting.len() - at - 4;
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        self.waiting.iter_mut().skip(at).zip(length).for_each(|(byte, value)| *byte = value);
    }

    /// Itself, as long as its sink takes everything.
    fn handed_over(mut self) -> Option<Self> {
        self.sink.write_all(&self.waiting).ok()?;
        self.waiting.clear();
        Some(self)
    }
}

/// The driving verbs: [`Swarm`] says what each of them is for.
impl<W: Write> Recorded<W> {
    /// See [`Swarm::handle_tracks`].
    pub fn handle_tracks(&mut self, now: Time, tracks: &[TrackConfig]) {
        self.tell(Call::Tracks { now, tracks: tracks.to_vec() });
    }

    /// See [`Swarm::handle_new_run`].
    pub fn handle_new_run(&mut self, now: Time) {
        self.tell(Call::NewRun { now });
    }

    /// See [`Swarm::handle_allowance`].
    pub fn handle_allowance(&mut self, now: Time, bps: Option<u64>) {
        self.tell(Call::Allowance { now, bps });
    }

    /// See [`Swarm::handle_pace`].
    pub fn handle_pace(&mut self, now: Time, bps: Option<u64>) {
        self.tell(Call::Pace { now, bps });
    }

    /// See [`Swarm::handle_line`].
    pub fn handle_line(&mut self, free_at: Time) {
        self.tell(Call::Line { free_at });
    }

    /// See [`Swarm::handle_connected`].
    pub fn handle_connected(&mut self, now: Time, peer: PeerIndex, info: PeerInfo) {
        self.tell(Call::Connected { now, peer, info });
    }

    /// See [`Swarm::handle_connect_failed`].
    pub fn handle_connect_failed(&mut self, now: Time, contact: Contact) {
        self.tell(Call::ConnectFailed { now, contact });
    }

    /// See [`Swarm::handle_disconnected`].
    pub fn handle_disconnected(&mut self, now: Time, peer: PeerIndex) {
        self.tell(Call::Disconnected { now, peer });
    }

    /// See [`Swarm::handle_message`].
    pub fn handle_message(&mut self, now: Time, peer: PeerIndex, message: Message) {
        self.tell(Call::Message { now, peer, message });
    }

    /// See [`Swarm::wants`].
    pub fn wants(&mut self, piece: &PieceId) -> bool {
        let wanted = self.swarm.wants(piece);
        self.note(&Call::Wants { piece: *piece }, &Answer::Wanted(wanted));
        wanted
    }

    /// See [`Swarm::handle_piece`].
    pub fn handle_piece(
        &mut self,
        now: Time,
        from: PeerIndex,
        piece: &Piece,
        repair: bool,
    ) -> Arrival {
        let arrival = self.swarm.handle_piece(now, from, piece, repair);
        self.note(&Call::Piece { now, from, piece: *piece, repair }, &Answer::Arrival(arrival));
        arrival
    }

    /// See [`Swarm::handle_bad_piece`].
    pub fn handle_bad_piece(&mut self, now: Time, from: PeerIndex) {
        self.tell(Call::BadPiece { now, from });
    }

    /// See [`Swarm::handle_publish`].
    pub fn handle_publish(&mut self, now: Time, piece: &Piece) {
        self.tell(Call::Publish { now, piece: *piece });
    }

    /// See [`Swarm::handle_link`].
    pub fn handle_link(&mut self, now: Time, peer: PeerIndex, link: LinkReport) {
        self.tell(Call::Link { now, peer, link });
    }

    /// See [`Swarm::handle_playhead`].
    pub fn handle_playhead(&mut self, now: Time, track: TrackId, capture_ms: u32) {
        self.tell(Call::Playhead { now, track, capture_ms });
    }

    /// See [`Swarm::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Time) {
        self.tell(Call::Timeout { now });
    }

    /// See [`Swarm::poll_timeout`].
    pub fn poll_timeout(&mut self) -> Option<Time> {
        let due = self.swarm.poll_timeout();
        self.note(&Call::PollTimeout, &Answer::Due(due));
        due
    }

    /// See [`Swarm::poll_output`].
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.swarm.poll_output();
        self.note(&Call::PollOutput, &Answer::Output(output.clone()));
        output
    }

    /// See [`Swarm::poll_transmit`].
    pub fn poll_transmit(&mut self, now: Time) -> Option<Transmit> {
        let transmit = self.swarm.poll_transmit(now);
        self.note(&Call::PollTransmit { now }, &Answer::Transmit(transmit));
        if transmit.is_none() {
            self.hand_over();
        }
        transmit
    }

    /// See [`Swarm::handle_refused`].
    pub fn handle_refused(&mut self, now: Time, transmit: Transmit) {
        self.tell(Call::Refused { now, transmit });
    }

    /// See [`Swarm::handle_leave`].
    pub fn handle_leave(&mut self, now: Time) {
        self.tell(Call::Leave { now });
    }

    /// See [`Swarm::handle_mapping`].
    pub fn handle_mapping(&mut self, mapping: Mapping) {
        self.tell(Call::Mapping { mapping });
    }

    /// See [`Swarm::handle_open_port`].
    pub fn handle_open_port(&mut self, port: Option<u16>) {
        self.tell(Call::OpenPort { port });
    }
}
