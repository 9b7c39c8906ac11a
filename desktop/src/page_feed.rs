//! From released units to what the page takes: an init segment per track, then fragments.

use bytes::Bytes;
use manyhands_media::output::{Base, Fmp4};
use manyhands_media::{TrackConfig, TrackKind};
use manyhands_session::Released;

use manyhands::page::{Feed, Media};

/// Where the page's time has the stream's zero, in seconds: more than any file's first decode time
/// lies before its first picture.
const START_S: i64 = 10;

/// Makes fragments for the page.
pub(crate) struct PageFeed {
    feed: Feed,
    tracks: Vec<Track>,
}

struct Track {
    id: u8,
    config: TrackConfig,
    writer: Fmp4,
}

impl PageFeed {
    pub(crate) fn new(feed: Feed) -> Self {
        Self { feed, tracks: Vec::new() }
    }

    /// Hands on a unit that is due.
    pub(crate) fn take(&mut self, released: Released) {
        let Released { track: id, config, unit, capture_us } = released;
        if let Some(config) = config {
            self.configure(id, config);
        }
        let Some(track) = self.tracks.iter_mut().find(|t| t.id == id) else { return };
        let keyframe = unit.keyframe;
        match track.writer.fragment(0, &[unit]) {
            Ok(bytes) => self.feed.media(Media::Fragment {
                track: id,
                keyframe,
                release_ms: u64::try_from(capture_us / 1000).unwrap_or(0),
                bytes: Bytes::from(bytes),
            }),
            Err(error) => tracing::warn!(%error, "a unit could not be written for the page"),
        }
    }

    fn configure(&mut self, id: u8, config: TrackConfig) {
        let known = self.tracks.iter_mut().find(|t| t.id == id);
        if known.as_ref().is_some_and(|t| t.config == config) {
            return;
        }
        // The page plays on the stream's own time, so that both tracks and every later
        // configuration lie where they belong; moved by a constant, since decode times of a file's
        // first pictures may be negative.
        let base = Base::at(-START_S, 1);
        let mut writer = Fmp4::new(std::slice::from_ref(&config)).with_base(base);
        let bytes = match writer.init_for(0) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                tracing::warn!(%error, "a track could not be written for the page");
                return;
            }
        };
        let kind = if config.kind() == TrackKind::Video { "video" } else { "audio" };
        let mime = format!("{kind}/mp4; codecs=\"{}\"", config.codec.mime());
        self.feed.media(Media::Init { track: id, mime, bytes });
        match known {
            Some(track) => (track.config, track.writer) = (config, writer),
            None => self.tracks.push(Track { id, config, writer }),
        }
    }
}
