//! What a node can tell about itself.

use crate::lane::Lane;
use crate::output::Arrival;
use crate::{NodeId, PeerIndex, Swarm, TrackId};

macro_rules! counters {
    ($($name:ident $doc:literal),+ $(,)?) => {
        /// Counts since the node began.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $(#[doc = $doc] pub $name: u64,)+
        }

        impl Counters {
            /// Adds the counts of another node.
            pub fn merge(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }

            /// What has been added since an earlier count.
            #[must_use]
            pub const fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)+ }
            }

            /// Every count by its name.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

counters! {
    sent_pieces "Pieces sent in the live class.",
    sent_bytes "Bytes sent in the live class.",
    sent_repairs "Pieces sent as repair or backfill.",
    sent_repair_bytes "Bytes sent as repair or backfill.",
    new_pieces "Pieces that were missing when they came.",
    new_bytes "Their bytes.",
    repaired_pieces "Those of them that came as repair or backfill.",
    repaired_bytes "Their bytes.",
    duplicate_pieces "Pieces that were here already.",
    duplicate_bytes "Their bytes.",
    stale_pieces "Pieces whose time was over.",
    bad_pieces "Pieces with a wrong signature.",
    asks "ATTACH messages sent for ourselves.",
    forwarded_searches "ATTACH messages passed on.",
    suspicions "Parents that were late beyond doubt.",
    false_alarms "Suspects that resumed before another parent was found.",
    strays "Neighbours that pushed although they were left, told again.",
    lost_parents "Parents that let go or vanished.",
    reattached "New parents after a loss.",
    evictions "Children sent away.",
    recalls "Of these, children that may stay after all.",
    preemptions "Children sent away for one with more fan.",
    silent_children "Children dropped for want of acknowledgements.",
    loops "Paths that led back to this node.",
    climbs "Climbs tried.",
    lent_homes "Substreams served because slots were lacking there.",
    improvements "Moves to a nearer parent tried.",
    rejoins "Times this node began anew.",
    pulls "Pieces asked of partners.",
    rescues "Pieces sent first because nobody else had them.",
    skips "Times an origin that was too far behind left out what waited, up to a keyframe.",
    refusals "Pieces that partners refused.",
    nobody_has "Late pieces that no partner had.",
    silent_partners "Partners dropped for leaving two questions unanswered.",
}

impl Counters {
    pub(crate) fn arrivals(&mut self, arrival: Arrival, len: u32, repair: bool) {
        match arrival {
            Arrival::New => {
                self.new_pieces += 1;
                self.new_bytes += u64::from(len);
                if repair {
                    self.repaired_pieces += 1;
                    self.repaired_bytes += u64::from(len);
                }
            }
            Arrival::Duplicate => {
                self.duplicate_pieces += 1;
                self.duplicate_bytes += u64::from(len);
            }
            Arrival::Stale => self.stale_pieces += 1,
        }
    }

    pub(crate) fn sent(&mut self, len: u32, repair: bool) {
        if repair {
            self.sent_repairs += 1;
            self.sent_repair_bytes += u64::from(len);
        } else {
            self.sent_pieces += 1;
            self.sent_bytes += u64::from(len);
        }
    }

    pub(crate) fn taken_back(&mut self, len: u32, repair: bool) {
        if repair {
            self.sent_repairs -= 1;
            self.sent_repair_bytes -= u64::from(len);
        } else {
            self.sent_pieces -= 1;
            self.sent_bytes -= u64::from(len);
        }
    }
}

/// One substream, for the live table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneStats {
    /// The track.
    pub track: TrackId,
    /// The substream.
    pub substream: u8,
    /// Hops from the origin (0 at the origin itself); `None` without a parent.
    pub depth: Option<u8>,
    /// Who feeds this node.
    pub parent: Option<(PeerIndex, NodeId)>,
    /// The parent is late beyond doubt, or there is none.
    pub orphan: bool,
    /// This node mainly serves here.
    pub home: bool,
    /// Whom this node feeds.
    pub children: Vec<(PeerIndex, NodeId)>,
}

/// A picture of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// About how many watch, over the whole swarm.
    pub viewers: u32,
    /// Slot ratio ρ as the origin estimates it; `None` while unknown.
    pub slot_ratio: Option<f32>,
    /// Hops from the origin in the worst substream that has a parent.
    pub depth: u8,
    /// Live neighbours.
    pub peers: usize,
    /// Neighbours followed for repair.
    pub partners: usize,
    /// Bits a second that slots may use here.
    pub budget_bps: u64,
    /// Bits a second that children use.
    pub used_bps: u64,
    /// Whole slots, over all tracks; of the origin, what its quota gives.
    pub slots: u64,
    /// Every substream.
    pub lanes: Vec<LaneStats>,
    /// Counts since the node began.
    pub counters: Counters,
}

impl Swarm {
    /// A picture of this node. Allocates: for a table once a second, not for each piece.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let ratio = self.audience.ratio_permille();
        let known = self.audience.known() && ratio < u32::MAX;
        let lanes: Vec<LaneStats> = self
            .tracks
            .iter()
            .flat_map(|t| t.lane_ids().zip(&t.lanes).map(|(id, lane)| self.lane_stats(id, lane)))
            .collect();
        Stats {
            viewers: self.audience.viewers(),
            slot_ratio: known.then(|| ratio as f32 / 1000.0),
            depth: lanes.iter().filter_map(|l| l.depth).max().unwrap_or(0),
            peers: self.peers.len(),
            partners: self.peers.partners().count(),
            budget_bps: self.budget_bps(),
            used_bps: self.used_bps(),
            slots: self.tracks.iter().map(|t| self.given_slots(t)).sum(),
            lanes,
            counters: self.counters,
        }
    }

    /// The counts alone; cheap.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn lane_stats(&self, id: crate::lane::LaneId, lane: &Lane) -> LaneStats {
        let name = |peer: PeerIndex| Some((peer, self.peers.get(peer)?.info.node));
        LaneStats {
            track: id.track,
            substream: id.substream,
            depth: self.depth(id),
            parent: lane.parent.as_ref().and_then(|p| name(p.peer)),
            orphan: !self.is_root() && lane.is_orphan(),
            home: self.track(id.track).is_some_and(|t| t.is_home(id.substream)),
            children: lane.children.iter().filter_map(|c| name(c.peer)).collect(),
        }
    }
}
