//! Who takes part: the origin, the viewers and what each of them gives.

use manyhands_swarm::{Config, NodeId, Role, Swarm};

use crate::clock::Clock;
use crate::dice::Dice;
use crate::link::Wires;
use crate::media::TrackMedia;
use crate::node::{Node, Traffic};
use crate::scenario::Sabotage;
use crate::world::{LINK_US, What, World, seconds};

/// The audience from which it grows by a constant factor.
const RAMP_SEED: f64 = 8.0;

impl World {
    pub(crate) fn wire_bps(&self) -> f64 {
        let lanes = |t: &TrackMedia| f64::from(t.lanes()) / f64::from(t.config.k);
        self.tracks.iter().map(|t| f64::from(t.config.wire_bps) * lanes(t)).sum()
    }

    pub(crate) fn set_up(&mut self) {
        let upload = self.scenario.origin_upload * self.wire_bps();
        self.add_node(Role::Origin, upload as u64);
        self.begin_origin();
        self.scale = self.upload_scale();
        // Growth by a constant factor a second: the first come one by one, the last in crowds.
        let grown = |at: f64| (1.0 + at / RAMP_SEED).ln();
        let all = grown(f64::from(self.scenario.viewers));
        for at in 0..self.scenario.viewers {
            let id = self.add_viewer();
            let place = grown(f64::from(at) + self.chance.unit()) / all;
            self.queue.push(seconds(0.5 + self.scenario.ramp_s * place), What::Come(id));
        }
        self.plan_faults();
        self.queue.push(self.measure_at, What::Measure);
        self.queue.push(0, What::Sample);
    }

    /// What the origin does as soon as it runs.
    pub(crate) fn begin_origin(&mut self) {
        self.run_start = self.now;
        let now = self.local(0);
        let unlimited = self.scenario.origin_upload <= 0.0;
        self.begin_encoding();
        let configs = self.head();
        let node = &mut self.nodes[0];
        let upload = (!unlimited).then_some(node.upload_bps);
        node.swarm.handle_allowance(now, upload);
        node.swarm.handle_tracks(now, &configs);
        for (track, media) in self.tracks.iter().enumerate() {
            let first = self.run_start + u64::from(media.capture_ms(0)) * 1000;
            let what = What::Publish { track: track as u8, chunk: 0, run: self.run };
            self.queue.push(first, what);
        }
        self.queue.push(self.now + LINK_US, What::Links(0));
        self.settle(0);
    }

    /// Multiplies viewers' upload so that the slot ratio is as asked: found by halving, because
    /// slots are whole numbers.
    fn upload_scale(&self) -> f64 {
        if self.scenario.slot_ratio <= 0.0 {
            return 1.0;
        }
        let lanes: f64 = self.tracks.iter().map(|t| f64::from(t.lanes())).sum();
        let uploads: Vec<f64> = (1..=self.scenario.viewers).map(|n| self.upload_of(n)).collect();
        let config = Config::new(Role::Viewer, NodeId([0; 16]), 0);
        let wire_bps = self.wire_bps();
        let lane_bps = wire_bps / lanes;
        let ratio = |scale: f64| -> f64 {
            let budget = |u: &f64| config.budget_bps((u * scale * wire_bps) as u64) as f64;
            let slots = uploads.iter().map(|u| (budget(u) / lane_bps).floor());
            slots.sum::<f64>() / lanes / uploads.len().max(1) as f64
        };
        let viewers = f64::from(self.scenario.viewers.max(1));
        let origin =
            self.scenario.origin_upload.clamp(0.0, f64::from(config.origin_share)) / viewers;
        let wanted = self.scenario.slot_ratio - origin;
        let (mut low, mut high) = (0.0, 100.0);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if ratio(middle) < wanted { low = middle } else { high = middle }
        }
        high
    }

    /// What the viewer with this number gives, as a multiple of the stream: the class by a
    /// low-discrepancy sequence, so that the mix is even at every size.
    fn upload_of(&self, number: u32) -> f64 {
        let mut dice = Dice::new(self.scenario.seed ^ 0x7570, u64::from(number));
        let phase = Dice::new(self.scenario.seed, 3).unit();
        let spot = (f64::from(number) * 0.618_033_988_749_895 + phase).fract();
        let shares: f64 = self.scenario.class.iter().map(|c| c.share).sum();
        let mut sum = 0.0;
        let class = self.scenario.class.iter().find(|c| {
            sum += c.share / shares;
            spot < sum
        });
        let (low, high) = class.map_or((0.0, 0.0), |c| (c.upload_min, c.upload_max));
        low + (high - low) * dice.unit()
    }

    pub(crate) fn add_viewer(&mut self) -> u32 {
        let upload_bps = self.upload_bps(self.nodes.len() as u32);
        self.add_node(Role::Viewer, upload_bps)
    }

    /// What the viewer with this number gives now.
    pub(crate) fn upload_bps(&self, number: u32) -> u64 {
        (self.upload_of(number) * self.scale * self.times * self.wire_bps()) as u64
    }

    fn add_node(&mut self, role: Role, upload_bps: u64) -> u32 {
        let id = self.nodes.len() as u32;
        let node = self.make_node(role, upload_bps);
        self.nodes.push(node);
        self.name_node(id);
        id
    }

    /// Makes a node known under its name.
    pub(crate) fn name_node(&mut self, id: u32) {
        self.by_name.insert(self.nodes[id as usize].name, id);
    }

    pub(crate) fn make_node(&mut self, role: Role, upload_bps: u64) -> Node {
        let dice = &mut self.chance;
        let mut name = [0u8; 16];
        name[..8].copy_from_slice(&dice.next().to_be_bytes());
        name[8..].copy_from_slice(&dice.next().to_be_bytes());
        let mut config = Config::new(role, NodeId(name), dice.next());
        let holes = self.scenario.black_holes;
        let black_hole =
            holes > 0.0 && role == Role::Viewer && upload_bps > 0 && dice.unit() < holes;
        config.forward = self.scenario.sabotage != Some(Sabotage::NoForward) && !black_hole;
        config.mechanisms = self.scenario.mechanisms;
        if matches!(self.scenario.sabotage, Some(Sabotage::NoRepair | Sabotage::LostPieces)) {
            config.mechanisms = config.mechanisms.without_repair();
        }
        let forgers = match self.scenario.sabotage {
            Some(Sabotage::NoVerify) => 0.2,
            _ => self.scenario.forgers,
        };
        let forges =
            forgers > 0.0 && role == Role::Viewer && upload_bps > 0 && dice.unit() < forgers;
        let wire = if role == Role::Origin && self.scenario.origin_upload <= 0.0 {
            100_000_000
        } else {
            // The cap holds for the whole socket; slots leave 15 % of it for what isn't pieces.
            upload_bps
        };
        Node {
            name: NodeId(name),
            role,
            alive: role == Role::Origin,
            leaving: false,
            offline: false,
            paused_until: 0,
            black_hole,
            forges,
            swarm: Swarm::new(config),
            wires: Wires::new(dice, &self.scenario.net, wire),
            clock: Clock {
                offset: (dice.unit() * 7_200_000_000.0) as u64,
                drift_ppm: (dice.unit() * 200.0) as i64 - 100,
            },
            player: None,
            conns: Vec::new(),
            others: Vec::new(),
            wake_at: u64::MAX,
            came_at: self.now,
            upload_bps,
            run: self.run,
            heads: 0,
            sent: Traffic::default(),
            received: Traffic::default(),
            dials: 0,
            dialling: 0,
        }
    }
}
