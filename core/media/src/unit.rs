//! One access unit: a coded picture or an audio frame with its exact times.

use bytes::Bytes;

/// A coded picture or an audio frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Decode time in ticks of the track's timescale. May be negative at the start of a file.
    pub dts: i64,
    /// Presentation time in ticks of the track's timescale.
    pub pts: i64,
    /// Duration in ticks of the track's timescale.
    pub duration: u32,
    /// A decoder can start here. Always true for sound.
    pub keyframe: bool,
    /// H.264: NAL units, each behind its length in 4 bytes, big endian. AAC: one raw data block.
    /// Opus: one packet.
    pub data: Bytes,
}

impl AccessUnit {
    /// Decode time at which the next unit is expected, in ticks.
    pub fn end(&self) -> i64 {
        self.dts.saturating_add(i64::from(self.duration))
    }
}
