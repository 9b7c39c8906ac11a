//! The broadcast: chunks of variable size with keyframes, cut into pieces as `stream` cuts them.

use manyhands_swarm::{Piece, PieceId, TrackConfig};

use crate::dice::Dice;
use crate::scenario::Media;

/// Header and signature of a piece (SECURITY, PIECE).
const HEADER: u32 = 80;
/// AEAD tag of a chunk.
const TAG: u32 = 16;
/// A part over this travels as several pieces.
const MAX_PART: u32 = 16 * 1024;
const FPS: f64 = 30.0;

/// One chunk of one track.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) keyframe: bool,
    /// Bytes at the chosen rate.
    media_bytes: u32,
    /// Bytes as it was encoded.
    encoded_bytes: u32,
    /// Bytes of one part, without piece headers.
    part: u32,
}

/// One track of the whole broadcast.
#[derive(Clone, Debug)]
pub(crate) struct TrackMedia {
    pub(crate) config: TrackConfig,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) media_bps: f64,
}

impl TrackMedia {
    /// The video: each GOP begins with a frame `keyframe_ratio` times as large as the others.
    pub(crate) fn video(media: &Media, seed: u64, seconds: u32) -> Self {
        let mut dice = Dice::new(seed, 0x7669_6465);
        let gop_frames = FPS * f64::from(media.gop_ms) / 1000.0;
        let gop_bytes = media.rate_bps as f64 / 8.0 * f64::from(media.gop_ms) / 1000.0;
        let frame = gop_bytes / (gop_frames + media.keyframe_ratio - 1.0);
        let (mut activity, mut due) = (1.0f64, 0.0f64);
        let gop_chunks = (media.gop_ms / u32::from(media.chunk_ms)).max(1);
        let sizes = (0..count(seconds, media.chunk_ms)).map(|at| {
            let keyframe = at % gop_chunks == 0;
            due += FPS * f64::from(media.chunk_ms) / 1000.0;
            let frames = due as u32;
            due -= f64::from(frames);
            activity = (activity * 0.9 + 0.1 * (0.5 + dice.unit())).clamp(0.5, 1.6);
            let size = |i: u32, dice: &mut Dice| match (keyframe, i) {
                (true, 0) => media.keyframe_ratio,
                _ => activity * (0.7 + 0.6 * dice.unit()),
            };
            let bytes: f64 = (0..frames).map(|i| frame * size(i, &mut dice)).sum();
            (keyframe, bytes as u32)
        });
        Self::cut(0, media.k, media.parity, media.chunk_ms, sizes.collect())
    }

    /// The sound: even, every chunk can be decoded by itself.
    pub(crate) fn sound(media: &Media, seconds: u32) -> Self {
        let bytes = u32::try_from(media.audio_bps / 8 / 10).unwrap_or(0);
        let sizes = (0..count(seconds, 100)).map(|_| (true, bytes)).collect();
        Self::cut(1, 1, false, 100, sizes)
    }

    fn cut(track: u8, k: u8, parity: bool, chunk_ms: u16, sizes: Vec<(bool, u32)>) -> Self {
        let chunks: Vec<Chunk> = sizes
            .into_iter()
            .map(|(keyframe, bytes)| {
                let mut chunk = Chunk { keyframe, media_bytes: bytes, encoded_bytes: 0, part: 0 };
                chunk.encode(k, 1.0);
                chunk
            })
            .collect();
        let mut media = Self {
            config: TrackConfig { track, k, parity, chunk_ms, wire_bps: 0 },
            chunks,
            media_bps: 0.0,
        };
        let seconds = media.chunks.len() as f64 * f64::from(chunk_ms) / 1000.0;
        let sum = |f: &dyn Fn(&Chunk) -> u64| media.chunks.iter().map(f).sum::<u64>() as f64;
        let wire = sum(&|c| u64::from(c.wire()) * u64::from(k)) * 8.0 / seconds;
        media.media_bps = sum(&|c| u64::from(c.encoded_bytes)) * 8.0 / seconds;
        media.config.wire_bps = wire as u32;
        media
    }

    /// The same track with this part of its media.
    pub(crate) fn config_at(&self, part: f64) -> TrackConfig {
        let saved = (self.media_bps - self.media_bps_at(part)) as u32;
        TrackConfig { wire_bps: self.config.wire_bps.saturating_sub(saved), ..self.config }
    }

    /// Bits a second of media, of which this part is made.
    pub(crate) fn media_bps_at(&self, part: f64) -> f64 {
        self.media_bps * if self.config.track == 0 { part } else { 1.0 }
    }

    /// Makes a chunk with this part of its media.
    pub(crate) fn encode(&mut self, chunk: u32, part: f64) {
        let k = self.config.k;
        if let Some(chunk) = self.chunks.get_mut(chunk as usize) {
            chunk.encode(k, part);
        }
    }

    /// Bytes of media in a chunk.
    pub(crate) fn bytes(&self, chunk: u32) -> u64 {
        self.chunks.get(chunk as usize).map_or(0, |c| u64::from(c.encoded_bytes))
    }

    /// The chunk that is open at this time of the run.
    pub(crate) fn open_at(&self, run_us: u64) -> u32 {
        u32::try_from(run_us / 1000 / u64::from(self.config.chunk_ms)).unwrap_or(u32::MAX)
    }

    /// When a chunk is closed, in media milliseconds.
    pub(crate) fn capture_ms(&self, chunk: u32) -> u32 {
        (chunk + 1) * u32::from(self.config.chunk_ms)
    }

    pub(crate) fn lanes(&self) -> u8 {
        self.config.k + u8::from(self.config.parity)
    }

    /// Everything but the bytes of a piece.
    pub(crate) fn piece(&self, chunk: u32, substream: u8, part: u8) -> Option<Piece> {
        let of = self.chunks.get(chunk as usize)?;
        let parts = of.part.div_ceil(MAX_PART).max(1);
        let from = u32::from(part) * MAX_PART;
        let len = of.part.saturating_sub(from).min(MAX_PART) + HEADER;
        Some(Piece {
            id: PieceId { track: self.config.track, chunk, substream, part },
            parts: parts.min(16) as u8,
            len,
            capture_ms: self.capture_ms(chunk),
            next_due_ms: self.config.chunk_ms,
            keyframe: of.keyframe,
        })
    }
}

impl Chunk {
    fn encode(&mut self, k: u8, part: f64) {
        self.encoded_bytes = ((f64::from(self.media_bytes) * part) as u32).max(60);
        self.part = (self.encoded_bytes + TAG).div_ceil(u32::from(k));
    }

    fn wire(&self) -> u32 {
        self.part + HEADER * self.part.div_ceil(MAX_PART).max(1)
    }
}

fn count(seconds: u32, chunk_ms: u16) -> u32 {
    seconds * 1000 / u32::from(chunk_ms)
}
