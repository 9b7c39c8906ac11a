//! The broadcast comes in, viewers come, and their playout clocks run.

use crate::player::Player;
use crate::scenario::Sabotage;
use crate::world::{LINK_US, What, World};

impl World {
    pub(crate) fn on_play(&mut self, id: u32) {
        let world = self.now;
        let node = &mut self.nodes[id as usize];
        if !node.alive || node.leaving {
            return;
        }
        let Some(player) = &mut node.player else { return };
        let since = player.stands_since();
        let next = player.tick(world);
        if let Some(since) = since.filter(|_| !player.stands()) {
            let (ms, chunk) = ((world - since) / 1000, player.position(0));
            self.tell(id, || format!("! stood for {ms} ms, now at {chunk:?}"));
        }
        if let Some(next) = next {
            self.queue.push(next, What::Play(id));
        }
    }

    /// Tells the state machine where the playout clock stands.
    pub(crate) fn tell_playheads(&mut self, id: u32) {
        let now = self.local(id);
        let tracks = &self.tracks;
        let node = &mut self.nodes[id as usize];
        let Some(player) = node.player.as_ref().filter(|_| !node.leaving) else { return };
        let Some(at_us) = player.playhead_us() else { return };
        let capture_ms = u32::try_from(at_us / 1000).unwrap_or(0);
        for track in tracks {
            node.swarm.handle_playhead(now, track.config.track, capture_ms);
        }
    }

    pub(crate) fn on_publish(&mut self, track: u8, chunk: u32, run: u32) {
        if run != self.run || !self.nodes[0].alive {
            return;
        }
        let now = self.local(0);
        self.encode(usize::from(track), chunk);
        let Some(media) = self.tracks.get(usize::from(track)) else { return };
        let lanes = media.lanes();
        for substream in 0..lanes {
            let parts = media.piece(chunk, substream, 0).map_or(0, |p| p.parts);
            for part in 0..parts {
                if let Some(piece) = media.piece(chunk, substream, part) {
                    self.nodes[0].swarm.handle_publish(now, &piece);
                }
            }
        }
        let next = self.run_start + u64::from(media.capture_ms(chunk + 1)) * 1000;
        if (chunk as usize + 1) < media.chunks.len() {
            self.queue.push(next, What::Publish { track, chunk: chunk + 1, run });
        }
        self.settle(0);
    }

    pub(crate) fn on_come(&mut self, id: u32) {
        let world = self.now;
        let measuring = world >= self.measure_at;
        let now = self.local(id);
        let (configs, heads) = (self.head(), self.heads());
        let (run, run_start) = (self.run, self.run_start);
        let node = &mut self.nodes[id as usize];
        node.alive = true;
        node.run = run;
        node.heads = heads;
        node.came_at = world;
        let mut player = Player::new(configs.iter().map(|c| (c.k, c.chunk_ms)), run_start);
        if measuring {
            player.begin_measuring(world);
        }
        let first_look = player.look_at(world + 10_000);
        node.player = Some(player);
        let greed = if self.scenario.sabotage == Some(Sabotage::Greedy) { 3 } else { 1 };
        node.swarm.handle_allowance(now, Some(node.upload_bps * greed));
        node.swarm.handle_tracks(now, &configs);
        if let Some(at) = first_look {
            self.queue.push(at, What::Play(id));
        }
        let phase = self.chance.below(LINK_US as usize) as u64;
        self.queue.push(world + phase, What::Links(id));
        self.find_members(id);
        self.settle(id);
    }

    pub(crate) fn on_measure(&mut self) {
        let world = self.now;
        let players = self.nodes.iter_mut().filter_map(|n| n.player.as_mut());
        players.for_each(|p| p.begin_measuring(world));
        self.before = self.nodes.iter().map(|n| (n.sent, n.received)).collect();
        self.counters_before = self.nodes.iter().map(|n| *n.swarm.counters()).collect();
        self.origin_sent_before = self.origin_sent_old + self.nodes[0].sent.all();
    }
}

impl World {
    /// When a piece's chunk was closed, in world time.
    pub(crate) fn capture_at(&self, piece: &manyhands_swarm::PieceId) -> u64 {
        let media = self.tracks.get(usize::from(piece.track));
        let ms = media.map_or(0, |m| m.capture_ms(piece.chunk));
        self.run_start + u64::from(ms) * 1000
    }

    /// The keyframe that a viewer who has just come could begin with by now.
    pub(crate) fn begins_with(&self, track: usize) -> Option<u32> {
        /// Nobody is further behind the broadcaster who is well.
        const BEHIND_US: u64 = 3_000_000;
        let media = self.tracks.get(track)?;
        let age = self.now.checked_sub(self.run_start + BEHIND_US)?;
        let newest = u32::try_from(age / 1000 / u64::from(media.config.chunk_ms)).ok()?;
        (0..=newest).rev().find(|c| media.chunks.get(*c as usize).is_some_and(|c| c.keyframe))
    }
}
