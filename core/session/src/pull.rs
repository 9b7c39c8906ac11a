//! Units and events for shells that pull: a row for each decoder, so that a slow one doesn't hold
//! up the other.
//!
//! Invariant: closing ends every pending call at once, whatever the other side does; and a picture
//! is handed out only if all since its keyframe were.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use manyhands_media::{AccessUnit, TrackConfig, TrackKind};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio::sync::{Mutex, watch};

use crate::{EndReason, Event, Outputs, Released};

/// Units of one kind that wait for their decoder: 4 s of 120 pictures a second.
const ROW: usize = 512;
/// Events that wait for the shell.
const EVENTS: usize = 256;

/// Ends what is pulled from.
#[derive(Debug)]
pub struct Closer(watch::Sender<bool>);

impl Closer {
    /// A closer of nothing yet; see [`Pull::new`].
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Ends every pending call and all to come. Any number of times, from any thread.
    pub fn close(&self) {
        self.0.send_replace(true);
    }
}

impl Default for Closer {
    fn default() -> Self {
        Self::new()
    }
}

/// One row, pulled from by any number of callers.
#[derive(Debug)]
pub struct Pull<T> {
    inbox: Mutex<Receiver<T>>,
    closed: watch::Receiver<bool>,
    ended: Arc<OnceLock<EndReason>>,
}

impl<T> Pull<T> {
    /// Pulls from `inbox` until `closer` closes.
    #[must_use]
    pub fn new(inbox: Receiver<T>, closer: &Closer) -> Self {
        Self::ending(inbox, closer, Arc::default())
    }

    fn ending(inbox: Receiver<T>, closer: &Closer, ended: Arc<OnceLock<EndReason>>) -> Self {
        Self { inbox: Mutex::new(inbox), closed: closer.0.subscribe(), ended }
    }

    /// Waits for the next one. `None` when it is closed, or over in good order.
    ///
    /// # Errors
    /// It is over for another reason.
    pub async fn next(&self) -> Result<Option<T>, EndReason> {
        let mut closed = self.closed.clone();
        let pulled = tokio::select! {
            biased;
            // A closer that is gone has closed.
            _ = closed.wait_for(|closed| *closed) => return Ok(None),
            pulled = async { self.inbox.lock().await.recv().await } => pulled,
        };
        match (pulled, self.ended.get()) {
            (None, Some(reason)) if *reason != EndReason::Finished => Err(*reason),
            (pulled, _) => Ok(pulled),
        }
    }
}

/// A unit for a decoder.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The unit.
    pub unit: AccessUnit,
    /// The configuration that holds for it.
    pub config: Arc<TrackConfig>,
    /// That configuration begins here.
    pub changed: bool,
    /// When it was captured, in microseconds of media time.
    pub capture_us: i64,
}

/// All that a viewer's shell pulls.
#[derive(Debug)]
pub struct Rows {
    /// Pictures.
    pub video: Pull<Pulled>,
    /// Sound.
    pub audio: Pull<Pulled>,
    /// What happened.
    pub events: Pull<Event>,
}

impl Outputs {
    /// Sorts the units by decoder. Needs a runtime, on which a task runs until the session is gone
    /// or `closer` closes.
    #[must_use]
    pub fn rows(self, closer: &Closer) -> Rows {
        let (video, video_inbox) = mpsc::channel(ROW);
        let (audio, audio_inbox) = mpsc::channel(ROW);
        let (events, event_inbox) = mpsc::channel(EVENTS);
        let ended = Arc::new(OnceLock::new());
        let sorter = Sorter { video, audio, events, tracks: BTreeMap::new(), ended: ended.clone() };
        tokio::spawn(sorter.run(self, closer.0.subscribe()));
        Rows {
            video: Pull::ending(video_inbox, closer, ended.clone()),
            audio: Pull::ending(audio_inbox, closer, ended),
            events: Pull::new(event_inbox, closer),
        }
    }
}

struct Track {
    config: Arc<TrackConfig>,
    /// Pictures were dropped: nothing goes until a keyframe.
    skipping: bool,
    /// The decoder has not been told the configuration yet.
    changed: bool,
}

struct Sorter {
    video: Sender<Pulled>,
    audio: Sender<Pulled>,
    events: Sender<Event>,
    tracks: BTreeMap<u8, Track>,
    ended: Arc<OnceLock<EndReason>>,
}

impl Sorter {
    async fn run(mut self, mut outputs: Outputs, mut closed: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = closed.wait_for(|closed| *closed) => return,
                Some(released) = outputs.units.recv() => self.sort(released),
                event = outputs.events.recv() => {
                    let Some(event) = event else { break };
                    if let Event::Ended { reason, .. } = event {
                        let _ = self.ended.set(reason);
                    }
                    // A shell that does not listen loses events, never the picture.
                    let _ = self.events.try_send(event);
                    if self.ended.get().is_some() {
                        break;
                    }
                }
            }
        }
        // Without a word there is nobody any more.
        let _ = self.ended.set(EndReason::Unreachable);
        while let Ok(released) = outputs.units.try_recv() {
            self.sort(released);
        }
    }

    fn sort(&mut self, released: Released) {
        let Released { track, config, unit, capture_us } = released;
        if let Some(config) = config {
            let config = Arc::new(config);
            self.tracks.insert(track, Track { config, skipping: false, changed: true });
        }
        // Units come behind their configuration.
        let Some(track) = self.tracks.get_mut(&track) else { return };
        track.skipping &= !unit.keyframe;
        if track.skipping {
            return;
        }
        let row = match track.config.kind() {
            TrackKind::Video => &self.video,
            TrackKind::Audio => &self.audio,
        };
        let config = track.config.clone();
        let pulled = Pulled { unit, config, changed: track.changed, capture_us };
        match row.try_send(pulled) {
            Ok(()) => track.changed = false,
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => track.skipping = true,
        }
    }
}

#[cfg(test)]
#[path = "pull/tests.rs"]
mod tests;
