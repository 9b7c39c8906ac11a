//! A broadcaster and viewers on loopback that feed each other, each a process of its own.

use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use manyhands_lab::report::Report;

use crate::film::Film;
use crate::run::{Ended, Run};
use crate::stage::{Stage, Upload, listen};
use crate::watched::{Span, Stats};

/// What the broadcaster may send in most benches, in rates of the film.
pub(crate) const ORIGIN_SHARE: f64 = 2.2;
/// Until the first frame, at most; whoever takes longer doesn't play.
const JOINING: Duration = Duration::from_secs(20);
/// Two `stats`, which come once a second.
const STATS: Duration = Duration::from_secs(5);
/// How long leaving may take, for so many at once on a small machine.
const LEAVING: Duration = Duration::from_secs(10);
/// A family comes within so many seconds; `--over 0` is everybody at once.
pub(crate) const COMING: Duration = Duration::from_secs(8);
/// The broadcaster's name.
pub(crate) const ORIGIN: &str = "origin";

/// Those who are there.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// The broadcaster, which sends its film over and over.
    pub(crate) origin: Run,
    /// The viewers.
    pub(crate) viewers: Vec<Run>,
}

/// A moment in everybody's life.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    origin: usize,
    viewers: Vec<usize>,
}

impl Crowd {
    /// Goes live with `film`, and starts as many viewers as there are `limits`, evenly over the time
    /// `over`.
    pub(crate) fn gather(
        stage: &Stage,
        film: &Film,
        origin_limit: Upload,
        limits: &[Upload],
        over: Duration,
    ) -> Result<Self, LabError> {
        let mut options: Vec<String> = vec!["--loop".into()];
        options.extend(listen(0));
        let origin = stage.broadcast(ORIGIN, &film.path, origin_limit, &options)?;
        let pause = over / u32::try_from(limits.len().max(1)).unwrap_or(u32::MAX);
        let start = |(number, limit): (usize, &Upload)| {
            if !pause.is_zero() {
                stage.let_run(pause)?;
            }
            stage.watch(&format!("viewer{number}"), ORIGIN, *limit, &listen(0))
        };
        let viewers = (1..).zip(limits).map(start).collect::<Result<_, _>>()?;
        Ok(Self { origin, viewers })
    }

    /// Waits until everybody plays; how many do.
    pub(crate) fn wait_until_playing(&self) -> Result<usize, LabError> {
        let deadline = Instant::now() + JOINING;
        let mut playing = 0;
        for viewer in &self.viewers {
            let left = deadline.saturating_duration_since(Instant::now());
            playing += usize::from(viewer.first("first_frame", left)?.is_some());
        }
        Ok(playing)
    }

    /// Now: right after the broadcaster's next figures.
    pub(crate) fn now(&self) -> Result<Moment, LabError> {
        if self.origin.next("stats", STATS)?.is_none() {
            return Err(LabError::Program("the broadcaster gives no figures".into()));
        }
        let viewers = self.viewers.iter().map(Run::mark).collect();
        Ok(Moment { origin: self.origin.mark(), viewers })
    }

    /// Waits until everybody has given figures that are newer than this moment; who is silent is
    /// waited for once.
    pub(crate) fn wait_for_figures(&self) -> Result<(), LabError> {
        let everybody = || self.viewers.iter().chain([&self.origin]);
        let given = |run: &Run| run.look(|log| log.of_kind("stats").count());
        let before: Vec<usize> = everybody().map(given).collect();
        let deadline = Instant::now() + STATS;
        for (run, before) in everybody().zip(before) {
            let left = deadline.saturating_duration_since(Instant::now());
            run.wait(left, |log| log.of_kind("stats").nth(before).map(drop))?;
        }
        Ok(())
    }

    /// What the broadcaster went through since a moment.
    pub(crate) fn origin_since(&self, moment: &Moment) -> Result<Span, LabError> {
        Span::since(&self.origin, moment.origin)
            .ok_or_else(|| LabError::Program("the broadcaster gives no readable figures".into()))
    }

    /// What each viewer went through since a moment; `None` for one that says nothing any more.
    pub(crate) fn since(&self, moment: &Moment) -> Vec<Option<Span>> {
        let spans = self.viewers.iter().zip(&moment.viewers);
        spans.map(|(viewer, mark)| Span::since(viewer, *mark)).collect()
    }

    /// A viewer's newest figures.
    pub(crate) fn newest(&self, viewer: usize) -> Option<Stats> {
        Stats::read(&self.viewers.get(viewer)?.last("stats")?)
    }

    /// The viewer that feeds others in most substreams.
    pub(crate) fn busiest(&self) -> usize {
        let fed = |viewer: &usize| self.newest(*viewer).map_or(0, |stats| stats.feeds());
        (0..self.viewers.len()).max_by_key(fed).unwrap_or(0)
    }

    /// Everybody leaves at once, in good order; what they wrote that they shouldn't have.
    pub(crate) fn leave(&mut self, report: &mut Report) -> Result<(), LabError> {
        self.viewers.iter().for_each(Run::interrupt);
        let (mut in_order, mut here) = (0, 0);
        for run in self.viewers.iter_mut().chain([&mut self.origin]) {
            here += 1;
            run.interrupt();
            in_order += u32::from(run.ended(LEAVING)? == Ended::Code(130));
        }
        let everybody = || self.viewers.iter().chain([&self.origin]);
        let stray: u64 = everybody().map(|run| run.look(|log| log.stray_lines)).sum();
        let noisy: Vec<String> = everybody()
            .filter(|run| !run.errors().is_empty())
            .map(|run| format!("{}: {}", run.name(), run.errors().lines().next().unwrap_or("")))
            .collect();
        report.at_least("left_in_good_order", f64::from(in_order), f64::from(here));
        report.at_most("stray_output_lines", stray as f64, 0.0);
        report.at_most("said_on_standard_error", noisy.len() as f64, 0.0);
        report.explain("standard_error", noisy);
        Ok(())
    }
}
