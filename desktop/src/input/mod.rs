//! What is broadcast: a file, fragmented MP4 on standard input, or the test pattern, as units that
//! come when they are due.

mod live_pattern;

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use manyhands_media::input::{self, InputError, Looped, Source, SourceUnit};
use manyhands_media::{AccessUnit, TrackConfig};
use tokio::sync::mpsc;

use crate::failure::{Exit, Failure};
use live_pattern::LivePattern;
use manyhands::pattern::PatternConfig;

/// Units read ahead of their time: a few seconds of sound and picture, so that a slow disk does
/// not show.
const READ_AHEAD: usize = 256;
/// How much of a file is looked at to find its rate, in seconds of media.
const SURVEY_S: f64 = 4.0;
/// And how many units at most.
const SURVEY_UNITS: usize = 2048;

/// A unit at the moment it is due.
#[derive(Debug)]
pub(crate) struct InputUnit {
    pub(crate) track: usize,
    pub(crate) unit: AccessUnit,
    pub(crate) config: Option<TrackConfig>,
    pub(crate) captured: Instant,
}

/// An opened input.
pub(crate) struct Input {
    source: Box<dyn Source>,
    ahead: Vec<SourceUnit>,
    paced: bool,
    rates: Vec<u32>,
}

/// Where the picture comes from.
#[derive(Debug)]
pub(crate) enum InputKind<'a> {
    File { path: &'a Path, looped: bool, paced: bool },
    StandardInput,
    Pattern(PatternConfig),
}

impl Input {
    /// Opens the input and finds out its tracks and their rates.
    pub(crate) fn open(kind: &InputKind<'_>) -> Result<Self, Failure> {
        let bad = |e: InputError| Failure::new(Exit::BadInput, e);
        match *kind {
            InputKind::File { path, looped, paced } => {
                let source: Box<dyn Source> = if looped {
                    Box::new(Looped::open(path).map_err(bad)?)
                } else {
                    input::open(path).map_err(bad)?
                };
                Self::survey(source, paced).map_err(bad)
            }
            InputKind::StandardInput => {
                let source = input::from_reader(io::stdin()).map_err(bad)?;
                // What it will carry can't be looked at without holding it up: 2.5 Mbit/s is what
                // encoders send by default.
                let rates = vec![2_500_000, 128_000];
                Ok(Self { source, ahead: Vec::new(), paced: false, rates })
            }
            InputKind::Pattern(config) => {
                let source = LivePattern::new(config).map_err(|e| Failure::new(Exit::Local, e))?;
                let rates = vec![config.bitrate, config.audio_bitrate];
                Ok(Self { source: Box::new(source), ahead: Vec::new(), paced: false, rates })
            }
        }
    }

    /// The tracks, in the order of the units' numbers.
    pub(crate) fn tracks(&self) -> &[TrackConfig] {
        self.source.tracks()
    }

    /// What each track takes, in bits a second.
    pub(crate) fn rates(&self) -> &[u32] {
        &self.rates
    }

    /// Starts reading; units arrive when they are due, the input's end or error last.
    pub(crate) fn start(self) -> mpsc::Receiver<Result<InputUnit, InputError>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let Self { mut source, ahead, paced, .. } = self;
        let (ready, mut waiting) = mpsc::channel::<Result<SourceUnit, InputError>>(READ_AHEAD);
        thread::spawn(move || {
            let mut ahead = ahead.into_iter();
            loop {
                let unit = match ahead.next() {
                    Some(unit) => Ok(unit),
                    None => match source.next_unit() {
                        Ok(Some(unit)) => Ok(unit),
                        Ok(None) => return,
                        Err(e) => Err(e),
                    },
                };
                let failed = unit.is_err();
                if ready.blocking_send(unit).is_err() || failed {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            let mut pace = Pace::default();
            while let Some(unit) = waiting.recv().await {
                let timed = match unit {
                    Ok(unit) => Ok(pace.wait(unit, paced).await),
                    Err(e) => Err(e),
                };
                if sender.send(timed).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }

    /// Reads the beginning to learn what the tracks take; what was read is not lost.
    fn survey(mut source: Box<dyn Source>, paced: bool) -> Result<Self, InputError> {
        let count = source.tracks().len();
        let mut bytes = vec![0_u64; count];
        let mut span = vec![0_f64; count];
        let mut ahead = Vec::new();
        while ahead.len() < SURVEY_UNITS && !span.iter().all(|s| *s >= SURVEY_S) {
            let Some(unit) = source.next_unit()? else { break };
            let scale = source.tracks().get(unit.track).map_or(1, |t| t.timescale.max(1));
            if let (Some(b), Some(s)) = (bytes.get_mut(unit.track), span.get_mut(unit.track)) {
                *b += unit.unit.data.len() as u64;
                *s += f64::from(unit.unit.duration) / f64::from(scale);
            }
            ahead.push(unit);
        }
        let rates = bytes
            .iter()
            .zip(&span)
            .map(|(b, s)| (*b as f64 * 8.0 / s.max(0.1)).min(f64::from(u32::MAX)) as u32)
            .collect();
        Ok(Self { source, ahead, paced, rates })
    }
}

/// Holds units back until they are due.
#[derive(Debug, Default)]
struct Pace {
    /// When decode time zero was.
    zero: Option<(Instant, Duration)>,
    scales: Vec<u32>,
}

impl Pace {
    async fn wait(&mut self, unit: SourceUnit, paced: bool) -> InputUnit {
        let SourceUnit { track, unit, config } = unit;
        if let Some(config) = &config {
            if self.scales.len() <= track {
                self.scales.resize(track + 1, 1);
            }
            if let Some(scale) = self.scales.get_mut(track) {
                *scale = config.timescale.max(1);
            }
        }
        let mut captured = Instant::now();
        if paced {
            let scale = self.scales.get(track).copied().unwrap_or(1);
            let at = Duration::from_secs_f64((unit.dts as f64 / f64::from(scale)).max(0.0));
            let (start, first) = *self.zero.get_or_insert((captured, at));
            captured = start + at.saturating_sub(first);
            tokio::time::sleep_until(captured.into()).await;
        }
        InputUnit { track, unit, config, captured }
    }
}
