//! How the audience fares over time, for recovery figures and plots.

use crate::world::{What, World};

/// The audience is looked at this often.
pub(crate) const SAMPLE_US: u64 = 100_000;
/// Recovered: no more than this part of the viewers stands still.
const STANDING: f64 = 0.05;

/// So near to where it stays, as a part of it, the rate is about there.
const ABOUT: f64 = 0.1;

/// One look at everybody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) at: u64,
    /// Viewers that have had a picture and are still there.
    pub(crate) watching: u32,
    /// Of these, those whose picture stands.
    pub(crate) standing: u32,
    /// Viewers that are there.
    pub(crate) present: u32,
    /// Everything the origin has sent so far, in bytes.
    pub(crate) origin_sent: u64,
    /// The part of the chosen rate that is made.
    pub(crate) part: f64,
    /// The rate that uploads could carry to everybody, as a part of the chosen one.
    pub(crate) fluid: f64,
}

/// All looks, and what has to be recovered from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) samples: Vec<Sample>,
    /// When the last crash was, or when the origin was back.
    pub(crate) event: Option<u64>,
    /// When what viewers give changed, and whether it became more.
    pub(crate) changes: Vec<(u64, bool)>,
}

impl Timeline {
    pub(crate) const fn begin(&mut self, now: u64) {
        self.event = Some(now);
    }

    /// The longest, in seconds, from the moment when viewers gave more, or less, until the rate has
    /// about risen, or fallen, to where it is before the next change; 0 if there was none.
    pub(crate) fn rate_follows_s(&self, more: bool) -> f64 {
        let changes = self.changes.iter().enumerate().filter(|(_, (_, to))| *to == more);
        let follows = changes.map(|(number, (at, _))| {
            let until = self.changes.get(number + 1).map_or(u64::MAX, |(at, _)| *at);
            let after = self.samples.iter().filter(|s| (*at..until).contains(&s.at));
            let stays = after.clone().next_back().map_or(0.0, |s| s.part);
            let off = |s: &&Sample| match more {
                true => s.part < stays * (1.0 - ABOUT),
                false => s.part > stays * (1.0 + ABOUT),
            };
            after.rev().find(off).map_or(0.0, |s| (s.at + SAMPLE_US - at) as f64 / 1e6)
        });
        follows.fold(0.0, f64::max)
    }

    /// Seconds from the event until 95 % of the viewers play, and go on doing so; 0 if they never
    /// ceased, the rest of the run if they have not recovered.
    pub(crate) fn recovery_s(&self) -> f64 {
        let Some(event) = self.event else { return 0.0 };
        let bad = |s: &&Sample| f64::from(s.standing) > STANDING * f64::from(s.watching);
        let last = self.samples.iter().rev().take_while(|s| s.at >= event).find(bad);
        last.map_or(0.0, |s| (s.at + SAMPLE_US - event) as f64 / 1e6)
    }

    /// Seconds from the event until for the first time nobody stands; `None` if that never was.
    pub(crate) fn all_play_s(&self) -> Option<f64> {
        let event = self.event?;
        let later = self.samples.iter().skip_while(|s| s.at < event);
        let worst = later.clone().map(|s| s.standing).max()?;
        let after = later.skip_while(|s| s.standing < worst).find(|s| s.standing == 0)?;
        Some((after.at - event) as f64 / 1e6)
    }
}

impl World {
    /// min(u_s, (u_s + Σ u_i) / n), as a part of the chosen rate.
    fn fluid_bound(&self, viewers: u32, upload_bps: u64) -> f64 {
        let origin = match self.nodes[0].upload_bps {
            0 => f64::INFINITY,
            bps => bps as f64,
        };
        origin.min((origin + upload_bps as f64) / f64::from(viewers.max(1))) / self.wire_bps()
    }

    pub(crate) fn on_sample(&mut self) {
        let mut sample = Sample { at: self.now, part: self.encoded_part(), ..Sample::default() };
        let mut upload_bps = 0;
        for node in self.nodes.iter().skip(1).filter(|n| n.alive && !n.leaving) {
            sample.present += 1;
            upload_bps += node.upload_bps;
            let Some(player) = node.player.as_ref().filter(|p| p.has_begun()) else { continue };
            sample.watching += 1;
            sample.standing += u32::from(player.stands());
        }
        sample.fluid = self.fluid_bound(sample.present, upload_bps);
        sample.origin_sent = self.origin_sent_old + self.nodes[0].sent.all();
        self.timeline.samples.push(sample);
        if let Some(recording) = &mut self.recording {
            recording.look(&self.nodes, &self.by_name);
        }
        self.check();
        self.queue.push(self.now + SAMPLE_US, What::Sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(standing: &[u32]) -> Timeline {
        let sample = |(at, standing): (usize, &u32)| Sample {
            at: at as u64 * SAMPLE_US,
            watching: 100,
            standing: *standing,
            ..Sample::default()
        };
        let samples = standing.iter().enumerate().map(sample).collect();
        Timeline { samples, event: Some(2 * SAMPLE_US), changes: Vec::new() }
    }

    #[test]
    fn a_rate_follows_once_it_is_about_where_it_stays() {
        let mut timeline = timeline(&[0; 8]);
        let rates = [1.0, 1.0, 0.9, 0.72, 0.7, 0.7, 0.8, 1.0];
        timeline.samples.iter_mut().zip(rates).for_each(|(sample, part)| sample.part = part);
        timeline.changes = vec![(SAMPLE_US, false), (5 * SAMPLE_US, true)];
        assert_eq!(timeline.rate_follows_s(false), 0.2);
        assert_eq!(timeline.rate_follows_s(true), 0.2);
    }

    #[test]
    fn an_audience_has_recovered_when_few_stand_and_few_ever_will_again() {
        assert_eq!(timeline(&[9, 9, 0, 5, 0]).recovery_s(), 0.0);
        assert_eq!(timeline(&[0, 0, 0, 50, 6, 5, 0]).recovery_s(), 0.3);
        assert_eq!(timeline(&[0, 0, 0, 50, 0, 6, 0]).recovery_s(), 0.4);
        assert_eq!(timeline(&[0, 0, 0, 50, 4, 0, 1]).all_play_s(), Some(0.3));
        assert_eq!(timeline(&[0, 0, 0, 50, 4]).all_play_s(), None);
    }
}
