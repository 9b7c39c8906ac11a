//! How the audience fares over time, for recovery figures and plots.

use crate::world::{What, World};

/// The audience is looked at this often.
pub(crate) const SAMPLE_US: u64 = 100_000;
/// Recovered: no more than this part of the viewers stands still.
const STANDING: f64 = 0.05;

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
}

/// All looks, and what has to be recovered from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) samples: Vec<Sample>,
    /// When the last crash was, or when the origin was back.
    pub(crate) event: Option<u64>,
}

impl Timeline {
    pub(crate) const fn begin(&mut self, now: u64) {
        self.event = Some(now);
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
    pub(crate) fn on_sample(&mut self) {
        let mut sample = Sample { at: self.now, ..Sample::default() };
        for node in self.nodes.iter().skip(1).filter(|n| n.alive && !n.leaving) {
            sample.present += 1;
            let Some(player) = node.player.as_ref().filter(|p| p.has_begun()) else { continue };
            sample.watching += 1;
            sample.standing += u32::from(player.stands());
        }
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
        Timeline { samples, event: Some(2 * SAMPLE_US) }
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
