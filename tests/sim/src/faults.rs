//! What goes wrong, and who comes and goes.

use manyhands_swarm::Role;

use crate::scenario::Fault;
use crate::world::{What, World, seconds};

impl World {
    pub(crate) fn plan_faults(&mut self) {
        for (number, fault) in self.scenario.fault.iter().enumerate() {
            self.queue.push(seconds(fault.at_s()), What::Fault(number));
        }
    }

    pub(crate) fn on_fault(&mut self, number: usize) {
        let Some(fault) = self.scenario.fault.get(number).cloned() else { return };
        match fault {
            Fault::Crash { count, share, .. } => {
                self.timeline.begin(self.now);
                self.victims(count, share).into_iter().for_each(|v| self.vanish(v));
            }
            Fault::Leave { count, share, .. } => {
                self.victims(count, share).into_iter().for_each(|v| self.leave(v));
            }
            Fault::Flash { count, over_s, .. } => self.flash(count, over_s),
            Fault::Upload { times, .. } => self.change_upload(times),
            Fault::Churn { .. } => self.queue.push(self.now, What::ChurnStep { fault: number }),
            Fault::OriginOffline { away_s, .. } => {
                self.go_offline(0);
                self.queue.push(self.now + seconds(away_s), What::OriginOnline);
            }
            Fault::Pause { away_s, origin, share, .. } => {
                self.timeline.begin(self.now);
                let until = self.now + seconds(away_s);
                for id in origin.then_some(0).into_iter().chain(self.victims(0, share)) {
                    self.nodes[id as usize].paused_until = until;
                }
            }
            Fault::OriginRestart { away_s, .. } => {
                self.origin_sent_old += self.nodes[0].sent.all();
                self.vanish(0);
                self.queue.push(self.now + seconds(away_s), What::OriginBack);
            }
        }
    }

    fn watching(&self) -> Vec<u32> {
        (1..self.nodes.len() as u32)
            .filter(|n| {
                let node = &self.nodes[*n as usize];
                node.alive && !node.leaving
            })
            .collect()
    }

    /// Viewers drawn by chance.
    fn victims(&mut self, count: u32, share: f64) -> Vec<u32> {
        let mut all = self.watching();
        let count = (count as usize).max((share * all.len() as f64).round() as usize);
        (0..count.min(all.len()))
            .map(|_| {
                let at = self.chance.below(all.len());
                all.swap_remove(at)
            })
            .collect()
    }

    fn leave(&mut self, id: u32) {
        let (now, world) = (self.local(id), self.now);
        let node = &mut self.nodes[id as usize];
        node.leaving = true;
        node.finish(world);
        node.swarm.handle_leave(now);
        self.settle(id);
    }

    /// From now on viewers give so many times what they gave at first; who comes later, too.
    fn change_upload(&mut self, times: f64) {
        let before = std::mem::replace(&mut self.times, times);
        self.timeline.changes.push((self.now, times > before));
        for id in 1..self.nodes.len() as u32 {
            let (now, upload_bps) = (self.local(id), self.upload_bps(id));
            let node = &mut self.nodes[id as usize];
            node.upload_bps = upload_bps;
            node.wires.set_up(upload_bps.max(self.scenario.net.control_bps));
            if node.alive && !node.leaving {
                node.swarm.handle_allowance(now, Some(node.upload_bps));
                self.settle(id);
            }
        }
    }

    fn flash(&mut self, count: u32, over_s: f64) {
        for at in 0..count {
            let id = self.add_viewer();
            let when = over_s * (f64::from(at) + self.chance.unit()) / f64::from(count);
            self.queue.push(self.now + seconds(when), What::Come(id));
        }
    }

    /// One goes, one comes; then again after an exponential pause.
    pub(crate) fn on_churn(&mut self, number: usize) {
        let Some(Fault::Churn { until_s, per_minute, graceful, .. }) =
            self.scenario.fault.get(number).cloned()
        else {
            return;
        };
        if self.now >= seconds(until_s) {
            return;
        }
        for victim in self.victims(1, 0.0) {
            if graceful { self.leave(victim) } else { self.vanish(victim) }
        }
        let id = self.add_viewer();
        self.queue.push(self.now, What::Come(id));
        let rate = per_minute * self.watching().len().max(1) as f64 / 60.0;
        let pause = seconds(self.chance.exponential(1.0 / rate));
        self.queue.push(self.now + pause.max(1), What::ChurnStep { fault: number });
    }

    /// The broadcaster's network is back; it dials those it last knew.
    pub(crate) fn on_origin_online(&mut self) {
        self.nodes[0].offline = false;
        self.timeline.begin(self.now);
        self.dial_known();
        self.settle(0);
    }

    /// The broadcaster is back: new keys, new run; it dials those it last knew.
    pub(crate) fn on_origin_back(&mut self) {
        let upload = self.nodes[0].upload_bps;
        self.run += 1;
        let mut fresh = self.make_node(Role::Origin, upload);
        fresh.run = self.run;
        self.nodes[0] = fresh;
        self.name_node(0);
        self.begin_origin();
        self.timeline.begin(self.now);
        self.dial_known();
    }

    /// The last 64 neighbours are dialled again (DESIGN, "Networks move").
    fn dial_known(&mut self) {
        let mut known = self.watching();
        for _ in 0..known.len().min(64) {
            let at = self.chance.below(known.len());
            let to = known.swap_remove(at);
            self.dial(0, to);
        }
    }
}
