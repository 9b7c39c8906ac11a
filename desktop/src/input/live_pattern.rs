//! The test pattern as a live source: each frame is drawn and encoded when it is due.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use manyhands_media::TrackConfig;
use manyhands_media::input::{InputError, Source, SourceUnit};

use manyhands::pattern::{Pattern, PatternConfig, PatternError, clock_text};

/// Picture is track 0, sound is track 1.
const VIDEO: usize = 0;
const AUDIO: usize = 1;

/// A pattern and how far it has come.
pub(crate) struct LivePattern {
    pattern: Pattern,
    tracks: Vec<TrackConfig>,
    start: Option<Instant>,
    next: [u32; 2],
}

impl LivePattern {
    pub(crate) fn new(config: PatternConfig) -> Result<Self, PatternError> {
        let pattern = Pattern::new(config)?;
        let tracks = vec![pattern.video_config().clone(), pattern.audio_config().clone()];
        Ok(Self { pattern, tracks, start: None, next: [0, 0] })
    }
}

impl Source for LivePattern {
    fn tracks(&self) -> &[TrackConfig] {
        &self.tracks
    }

    fn next_unit(&mut self) -> Result<Option<SourceUnit>, InputError> {
        let [video, audio] = self.next;
        let (video_ns, audio_ns) =
            (self.pattern.video_due_ns(video), self.pattern.audio_due_ns(audio));
        let (track, n, due_ns) =
            if video_ns <= audio_ns { (VIDEO, video, video_ns) } else { (AUDIO, audio, audio_ns) };
        let start = *self.start.get_or_insert_with(Instant::now);
        let due = start + Duration::from_nanos(due_ns);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let unit = if track == VIDEO {
            self.pattern.video_frame(n, &clock_text(ms_of_day()))
        } else {
            self.pattern.audio_frame(n)
        };
        let unit = unit.map_err(|e| InputError::Unreadable {
            what: "the test pattern".into(),
            source: std::io::Error::other(e),
        })?;
        if let Some(next) = self.next.get_mut(track) {
            *next = n.saturating_add(1);
        }
        let config = (n == 0).then(|| self.tracks.get(track).cloned()).flatten();
        Ok(Some(SourceUnit { track, unit, config }))
    }
}

/// The wall clock (UTC) as milliseconds since midnight.
fn ms_of_day() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_millis() % 86_400_000) as u64
}
