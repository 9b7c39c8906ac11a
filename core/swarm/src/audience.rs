//! What runs along the trees: slack and audience upwards, the whole picture downwards.
//!
//! Each second a child reports what lies below it in every substream where the receiver is its
//! parent; the origin adds it up and sends the result down. Everything here is "about": members can
//! lie (SECURITY 39), and nothing but comfort and the choice of homes depends on it.

use crate::config::Role;
use crate::lane::{Lane, LaneId};
use crate::message::{LaneReport, Message, Report, Status, TrackStatus};
use crate::swarm::MAX_TRACKS;
use crate::{Contact, Mechanism, PeerIndex, Swarm, Time, TrackId};

/// Members with spare upload passed on in one report.
const OFFERS: usize = 3;
/// Lanes in one report.
const MAX_LANES: usize = MAX_TRACKS * 17;
/// A subtree can't be larger than this, whatever a child says.
const MAX_COUNT: u32 = 10_000_000;

/// The newest picture of the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    status: Option<Status>,
    heard: u32,
}

impl Audience {
    /// About how many watch.
    pub(crate) fn viewers(&self) -> u32 {
        self.status.as_ref().map_or(self.heard, |s| s.viewers)
    }

    /// Slot ratio ρ in thousandths; very large while unknown.
    pub(crate) fn ratio_permille(&self) -> u32 {
        self.status.as_ref().map_or(u32::MAX, |s| s.ratio_permille)
    }

    /// Free slots in a substream over all nodes; `None` while unknown.
    pub(crate) fn slack(&self, track: TrackId, substream: usize) -> Option<u32> {
        let status = self.status.as_ref()?;
        let track = status.tracks.iter().find(|t| t.track == track)?;
        track.slack.get(substream).copied()
    }

    pub(crate) fn known(&self) -> bool {
        self.status.is_some()
    }

    /// A greeter's word, until the first status comes.
    pub(crate) fn hear(&mut self, viewers: u32) {
        self.heard = self.heard.max(viewers.min(MAX_COUNT));
    }
}

impl Swarm {
    /// Once a second: a viewer reports to its parents, the origin tells its children.
    pub(crate) fn report(&mut self, now: Time) {
        if self.is_root() {
            self.audience.status = Some(self.survey(now));
            return self.send_status();
        }
        self.report_lanes(now, |_, _| true);
    }

    /// In between: where slack has come or gone since the parent last heard of it, so that searches
    /// go where there are slots.
    pub(crate) fn report_changes(&mut self, now: Time) {
        if !self.is_root() && self.budget_bps() > 0 && self.has(Mechanism::EarlyReports) {
            self.report_lanes(now, |lane, report| {
                let told = lane.slack_told;
                (told == 0) != (report.slack == 0) || report.slack < told / 2
            });
        }
    }

    fn report_lanes(&mut self, now: Time, wanted: impl Fn(&Lane, &LaneReport) -> bool) {
        let mut parents: Vec<(PeerIndex, LaneReport)> = Vec::new();
        for id in self.lane_ids() {
            let Some(lane) = self.lane(id) else { continue };
            let Some(parent) = lane.parent.as_ref().map(|p| p.peer) else { continue };
            let report = self.below(now, id);
            if wanted(lane, &report) {
                parents.push((parent, report));
                if let Some(lane) = self.lane_mut(id) {
                    lane.slack_told = report.slack;
                }
            }
        }
        if parents.is_empty() {
            return;
        }
        parents.sort_by_key(|(peer, _)| *peer);
        let me = self.config.node;
        let offers = self.view.sample(now, &mut self.dice, OFFERS, &me);
        let spare_kbps = if self.budget_bps() > 0 { self.free_kbps() } else { 0 };
        for lanes in parents.chunk_by(|a, b| a.0 == b.0) {
            let Some(peer) = lanes.first().map(|l| l.0) else { continue };
            let lanes = lanes.iter().map(|l| l.1).collect();
            let report = Report { lanes, spare_kbps, offers: offers.clone() };
            self.send(peer, Message::Report(report));
        }
    }

    fn free_kbps(&self) -> u32 {
        u32::try_from(self.free_bps() / 1000).unwrap_or(u32::MAX)
    }

    /// This node and everything below it in a substream.
    pub(crate) fn below(&self, now: Time, id: LaneId) -> LaneReport {
        let own = self.own_slack(now, id);
        let mut sum = LaneReport {
            track: id.track,
            substream: id.substream,
            slack: own,
            count: u32::from(self.config.role == Role::Viewer),
            capacity_kbps: self.capacity_bps() / 1000,
            fan: self.offered_fan(id, false),
        };
        for child in self.lane(id).into_iter().flat_map(|l| l.staying()) {
            sum.slack = sum.slack.saturating_add(child.slack);
            sum.count = sum.count.saturating_add(child.count).min(MAX_COUNT);
            sum.capacity_kbps = sum.capacity_kbps.saturating_add(child.capacity_kbps);
        }
        sum
    }

    /// The origin's picture of the whole.
    fn survey(&self, now: Time) -> Status {
        let lanes: Vec<LaneReport> = self.lane_ids().map(|id| self.below(now, id)).collect();
        // A viewer that moves is counted under two parents for a second: the greatest number that a
        // second substream bears out.
        let mut sums: Vec<(u32, u64)> = lanes.iter().map(|l| (l.count, l.capacity_kbps)).collect();
        sums.sort_unstable_by_key(|(count, _)| core::cmp::Reverse(*count));
        let (viewers, capacity) = sums.get(1).or(sums.first()).copied().unwrap_or((0, 0));
        let need = self.total_bps().saturating_mul(u64::from(viewers)) / 1000;
        let ratio = capacity.saturating_mul(1000).checked_div(need).unwrap_or(u64::from(u32::MAX));
        let number = self.audience.status.as_ref().map_or(1, |s| s.number.wrapping_add(1));
        let tracks = self.tracks.iter().map(|t| {
            let slack = lanes.iter().filter(|l| l.track == t.config.track).map(|l| l.slack);
            TrackStatus { track: t.config.track, slack: slack.collect() }
        });
        Status {
            number,
            viewers,
            ratio_permille: u32::try_from(ratio).unwrap_or(u32::MAX),
            tracks: tracks.collect(),
        }
    }

    fn send_status(&mut self) {
        let Some(status) = self.audience.status.clone() else { return };
        let lanes = self.tracks.iter().flat_map(|t| &t.lanes);
        let mut children: Vec<PeerIndex> =
            lanes.flat_map(|l| l.children.iter().map(|c| c.peer)).collect();
        children.sort_unstable();
        children.dedup();
        for peer in children {
            self.send(peer, Message::Status(status.clone()));
        }
    }

    pub(crate) fn on_status(&mut self, peer: PeerIndex, mut m: Status) {
        let from_parent = self.tracks.iter().any(|t| t.lanes.iter().any(|l| l.parent_is(peer)));
        let newer = self.audience.status.as_ref().is_none_or(|old| {
            // A restarted origin counts from 1 again; numbers wrap.
            let ahead = m.number.wrapping_sub(old.number);
            (ahead > 0 && ahead < u32::MAX / 2) || old.number.wrapping_sub(m.number) > 30
        });
        if !from_parent || !newer || self.is_root() {
            return;
        }
        m.tracks.truncate(MAX_TRACKS);
        m.tracks.iter_mut().for_each(|t| t.slack.truncate(17));
        m.viewers = m.viewers.min(MAX_COUNT);
        self.audience.status = Some(m);
        self.send_status();
    }

    pub(crate) fn on_report(&mut self, now: Time, peer: PeerIndex, m: &Report) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        known.spare_kbps = m.spare_kbps;
        let contact = Contact { node: known.info.node, address: known.info.address };
        let dialable = known.info.dialable;
        let mut child_of_ours = false;
        for report in m.lanes.iter().take(MAX_LANES) {
            let id = LaneId { track: report.track, substream: report.substream };
            let Some(lane) = self.lane_mut(id) else { continue };
            lane.revalue(peer, report.fan);
            if let Some(child) = lane.child_mut(peer) {
                child.slack = report.slack;
                child.count = report.count.min(MAX_COUNT);
                child.capacity_kbps = report.capacity_kbps.min(u64::from(u32::MAX));
                child.full = report.slack == 0;
                child_of_ours = true;
            }
        }
        if child_of_ours {
            if m.spare_kbps > 0 && dialable {
                self.learn(now, &[contact], 1);
            }
            self.learn(now, &m.offers, OFFERS);
        }
    }
}
