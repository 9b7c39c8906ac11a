//! Runs, rosters and heads: what is adopted, and passed on.

use std::time::Duration;

use manyhands_swarm::{PeerIndex, Time};

use super::{Driver, PING_YOUNG};
use crate::control::{Control, NewHead};
use crate::credentials::Adopted;
use crate::node::NodeEvent;

/// A head older than this (they come each second) is asked for, and known addresses are tried.
pub(super) const HEAD_LATE: Duration = Duration::from_millis(2_500);

impl Driver {
    /// A newer run, roster or head is ours now: act on it and pass it on.
    pub(super) fn on_adopted(&mut self, adopted: Adopted, from: Option<PeerIndex>) {
        let now = self.now();
        self.head_at = now;
        if adopted.new_run {
            self.run_changed = now;
            self.store.clear();
            self.clock.lock().reset();
            self.next_ping = now;
            self.swarm.handle_new_run(now);
        }
        {
            let tracks = self.credentials.lock().tracks();
            self.swarm.handle_tracks(now, &tracks);
        }
        if adopted.new_run {
            self.emit(NodeEvent::NewRun);
        }
        self.emit(NodeEvent::NewHead);
        if adopted.new_run || adopted.new_roster {
            let others: Vec<_> =
                self.peers.iter().map(|(i, _)| i).filter(|i| Some(*i) != from).collect();
            others.into_iter().for_each(|index| self.send_state(index));
        } else {
            self.forward_head(from);
        }
        self.retry_held();
    }

    /// Sends the head down one substream's tree: each viewer gets each head once, and a lost
    /// parent costs one head, since the next takes another tree.
    pub(super) fn forward_head(&mut self, from: Option<PeerIndex>) {
        let Some((head_no, head)) = self.credentials.lock().head() else { return };
        // The end has no next turn: everybody hears of it at once.
        let ended = self.credentials.lock().is_ended();
        let all = || self.peers.iter().map(|(index, _)| index).collect();
        let children = if ended { all() } else { self.head_children(head_no) };
        let frame = Control::NewHead(NewHead { head }).encode();
        for index in children.into_iter().filter(|index| Some(*index) != from) {
            self.send_control(index, frame.clone());
        }
    }

    /// Our children in the substream whose turn it is.
    fn head_children(&self, head_no: u64) -> Vec<PeerIndex> {
        let mut lanes = self.swarm.stats().lanes;
        let first = lanes.first().map(|lane| lane.track);
        lanes.retain(|lane| Some(lane.track) == first);
        let turn = head_no % (lanes.len().max(1) as u64);
        let lane = lanes.into_iter().nth(turn as usize);
        lane.map(|l| l.children.into_iter().map(|(index, _)| index).collect()).unwrap_or_default()
    }

    pub(super) fn send_state(&mut self, index: PeerIndex) {
        let Some(state) = self.credentials.lock().state() else { return };
        self.send_control(index, Control::RunState(state).encode());
    }

    /// Heads that stay away mean that this node, or the broadcaster, is cut off: ask the
    /// neighbours in turn and try the known addresses again.
    pub(super) fn mind_the_head(&mut self, now: Time) {
        if now.since(self.head_at) < HEAD_LATE || now.since(self.asked_at) < PING_YOUNG {
            return;
        }
        self.asked_at = now;
        let turn = (now.as_millis() / 1000) as usize;
        let asked = self.peers.iter().map(|(i, _)| i).nth(turn % self.peers.len().max(1));
        if let Some(index) = asked {
            self.send_control(index, Control::AskState.encode());
        }
        self.dialler.try_hints(now);
    }
}
