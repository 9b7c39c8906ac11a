//! The wires between nodes: messages, pieces and acknowledgements on their way.

use manyhands_swarm::message::Path;
use manyhands_swarm::{Arrival, LinkReport, Message, PeerIndex, TrackId};
use std::time::Duration;

use crate::link::{acks, delay_us, framed, trouble};
use crate::scenario::Sabotage;
use crate::world::{LINK_US, What, World};

/// One in so many pieces is damaged by a forger.
const FORGED: usize = 20;

/// A piece on its way in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coming {
    pub(crate) to: u32,
    pub(crate) from: u32,
    pub(crate) run: u32,
    pub(crate) id: (TrackId, u32, u8, u8),
    pub(crate) repair: bool,
    pub(crate) damaged: bool,
}

impl World {
    pub(crate) fn send(&mut self, id: u32, peer: u32, message: &Message) {
        self.letter.clear();
        match self.scenario.sabotage {
            Some(Sabotage::BlindPaths) => blinded(message).encode(&mut self.letter),
            _ => message.encode(&mut self.letter),
        }
        let size = self.letter.len() as u32;
        // Messages that leave together share a packet: half the framing each.
        let framing = (framed(size) - size) / 2;
        let node = &mut self.nodes[id as usize];
        let Some(conn) = node.conns.get_mut(peer as usize).and_then(Option::as_mut) else { return };
        let (to, delay) = (conn.other, conn.delay_us());
        node.sent.control += u64::from(size);
        node.sent.framing += u64::from(framing);
        let left = node.wires.send(self.now, size + framing);
        let trouble = trouble(&mut self.trouble, &self.scenario.net, size, delay);
        node.wires.send(left, trouble.resent);
        node.sent.resent += u64::from(trouble.resent);
        conn.control_at = (left + delay + trouble.extra_us).max(conn.control_at);
        let at = conn.control_at;
        self.tell(id, || format!("> {to} {message:?}"));
        let bytes = self.letter.as_slice().into();
        self.queue.push(at, What::Message { to, from: id, bytes });
    }

    pub(crate) fn transmit(&mut self, id: u32, transmit: manyhands_swarm::Transmit) {
        let piece = transmit.piece;
        let media = self.tracks.iter().find(|t| t.config.track == piece.track);
        let Some(len) =
            media.and_then(|t| t.piece(piece.chunk, piece.substream, piece.part)).map(|p| p.len)
        else {
            self.integrity_errors += 1;
            return;
        };
        let peer = transmit.peer.0;
        let node = &mut self.nodes[id as usize];
        let Some(conn) = node.conns.get_mut(peer as usize).and_then(Option::as_mut) else { return };
        let framing = framed(len) - len;
        node.sent.pieces += u64::from(len);
        node.sent.framing += u64::from(framing);
        let run = node.run;
        let left = node.wires.send(self.now, len + framing);
        let delay = conn.delay_us();
        let trouble = trouble(&mut self.trouble, &self.scenario.net, len, delay);
        node.wires.send(left, trouble.resent);
        node.sent.resent += u64::from(trouble.resent);
        conn.open_bytes += u64::from(len);
        conn.stirred = true;
        let damaged = node.forges && self.chance.below(FORGED) == 0;
        if id != 0
            && let Some(checkers) = &mut self.checkers
        {
            checkers.used(self.now, id, &piece, "passes on");
        }
        if self.scenario.sabotage == Some(Sabotage::LostPieces)
            && !transmit.repair
            && self.chance.below(3) == 0
        {
            conn.coming.push((left + 2 * delay, len));
            return;
        }
        let name = (piece.track, piece.chunk, piece.substream, piece.part);
        let what = What::Piece {
            to: conn.other,
            from: id,
            run,
            id: name,
            repair: transmit.repair,
            damaged,
            queued: false,
        };
        self.queue.push(left + delay + trouble.extra_us, what);
    }

    pub(crate) fn delay(&self, a: u32, b: u32) -> u64 {
        let (a, b) = (&self.nodes[a as usize].wires, &self.nodes[b as usize].wires);
        delay_us(&self.scenario.net, a, b)
    }

    pub(crate) fn on_message(&mut self, to: u32, from: u32, bytes: &[u8]) {
        let Some(peer) = self.live_conn(to, from) else { return };
        let node = &mut self.nodes[to as usize];
        node.received.control += bytes.len() as u64;
        let framing = (framed(bytes.len() as u32) - bytes.len() as u32) / 2;
        node.received.framing += u64::from(framing);
        node.wires.receive(self.now, bytes.len() as u32 + framing);
        let now = self.local(to);
        match Message::decode(bytes) {
            Ok(message) => {
                self.watch_holes(to, from, &message);
                self.tell(to, || format!("< {from} {message:?}"));
                self.nodes[to as usize].swarm.handle_message(now, PeerIndex(peer), message);
            }
            Err(_) => self.integrity_errors += 1,
        }
        self.settle(to);
    }

    fn live_conn(&self, to: u32, from: u32) -> Option<u32> {
        let node = &self.nodes[to as usize];
        let cut = node.offline || self.nodes[from as usize].offline;
        node.peer_of(from).filter(|_| node.alive && !cut)
    }

    pub(crate) fn on_piece(&mut self, coming: Coming) {
        let Coming { to, from, run, id, repair, damaged } = coming;
        let Some(peer) = self.live_conn(to, from) else { return };
        let Some(media) = self.tracks.iter().find(|t| t.config.track == id.0) else { return };
        let Some(piece) = media.piece(id.1, id.2, id.3) else { return };
        let len = piece.len;
        self.acknowledge(to, from, peer, len);
        if run < self.nodes[to as usize].run {
            return;
        }
        self.learn_head(to, id.0, id.1);
        let now = self.local(to);
        let (world, run_start) = (self.now, self.run_start);
        let node = &mut self.nodes[to as usize];
        if run > node.run {
            node.run = run;
            node.swarm.handle_new_run(now);
            if let Some(player) = &mut node.player {
                player.restart(world, run_start);
            }
            if let Some(checkers) = &mut self.checkers {
                checkers.verified.forget(to);
            }
        }
        if self.scenario.sabotage != Some(Sabotage::NoVerify) {
            if damaged {
                node.swarm.handle_bad_piece(now, PeerIndex(peer));
                return self.settle(to);
            }
            if let Some(checkers) = &mut self.checkers {
                checkers.verified.note(to, &piece.id);
            }
        }
        let arrival = node.swarm.handle_piece(now, PeerIndex(peer), &piece, repair);
        let age = (world - run_start) as i64 / 1000 - i64::from(piece.capture_ms);
        self.tell(to, || format!("* {from} {id:?} {arrival:?} repair={repair} age={age}"));
        let node = &mut self.nodes[to as usize];
        if arrival == Arrival::New
            && let Some(player) = &mut node.player
        {
            if let Some(checkers) = &mut self.checkers {
                checkers.used(world, to, &piece.id, "plays");
            }
            let late = player.wanted((id.0, id.1));
            if let Some(recording) = &mut self.recording
                && player.is_playing()
                && (repair || late)
            {
                recording.note_stray(to, from, (id.0, id.2), late);
            }
            player.arrived(world, (id.0, id.1), piece.keyframe, u32::from(piece.parts));
            if let Some(at) = player.woken(world) {
                self.queue.push(at, What::Play(to));
            }
        }
        self.settle(to);
    }

    /// Puts a piece in line behind others that are coming in.
    pub(crate) fn waits_for_downlink(&mut self, coming: Coming) -> bool {
        let Coming { to, from, run, id, repair, damaged } = coming;
        let media = self.tracks.iter().find(|t| t.config.track == id.0);
        let len = media.and_then(|t| t.piece(id.1, id.2, id.3)).map_or(0, |p| framed(p.len));
        let there = self.nodes[to as usize].wires.receive(self.now, len);
        if let Some(at) = there {
            let what = What::Piece { to, from, run, id, repair, damaged, queued: true };
            self.queue.push(at, what);
        }
        there.is_some()
    }

    /// Sends an acknowledgement back; it counts at the other end once it has come there.
    fn acknowledge(&mut self, to: u32, from: u32, peer: u32, len: u32) {
        let bytes = acks(len);
        let node = &mut self.nodes[to as usize];
        node.received.pieces += u64::from(len);
        node.received.framing += u64::from(framed(len) - len);
        node.sent.acks += u64::from(bytes);
        let left = node.wires.send(self.now, bytes);
        let back = left + node.conn(peer).map_or(0, |c| c.delay_us());
        let sender = &mut self.nodes[from as usize];
        sender.received.acks += u64::from(bytes);
        if let Some(conn) = sender.peer_of(to).and_then(|at| sender.conn(at)) {
            conn.coming.push((back, len));
        }
    }

    pub(crate) fn report_links(&mut self, id: u32) {
        if !self.nodes[id as usize].alive {
            return;
        }
        let (world, now) = (self.now, self.local(id));
        let node = &mut self.nodes[id as usize];
        for peer in 0..node.conns.len() as u32 {
            let Some(conn) = node.conn(peer) else { continue };
            conn.count_acks(world);
            if !conn.stirred && conn.open_bytes == 0 {
                continue;
            }
            conn.stirred = false;
            let report = LinkReport {
                acked_bytes: conn.acked_bytes,
                queued_bytes: 0,
                rtt: Duration::from_micros(conn.rtt_us),
                blocked: false,
            };
            node.swarm.handle_link(now, PeerIndex(peer), report);
        }
        self.queue.push(self.now + LINK_US, What::Links(id));
        self.settle(id);
        self.tell_playheads(id);
        self.look_for_holes(id);
    }
}

/// A message with paths in which nobody finds itself.
fn blinded(message: &Message) -> Message {
    let hide = |path: &mut Path| path.0.iter_mut().for_each(|hop| hop.id = hop.id.rotate_left(7));
    let mut message = message.clone();
    match &mut message {
        Message::Accept(m) => hide(&mut m.path),
        Message::PathUpdate(m) => hide(&mut m.path),
        _ => {}
    }
    message
}
