//! Opened chunks of the selected tracks, between the network and the playout clock.

use std::collections::BTreeMap;

use manyhands_media::chunk::ChunkBody;
use manyhands_media::gate::{Gate, GateError};
use manyhands_media::{AccessUnit, TrackConfig};

use crate::timeline;

/// Chunks kept per track: 20 s at 10 a second and keyframes between; more means that the clock has
/// not begun, and the oldest go.
const MAX_CHUNKS: usize = 256;

/// An opened chunk. It passes the gate when its turn comes: the gate wants them in order.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// When it was closed, in microseconds of media time.
    pub(crate) capture_us: i64,
    pub(crate) keyframe: bool,
    /// The track is paused: the next chunk comes when it likes.
    pub(crate) paused: bool,
    /// The media time of the track's tick 0, in microseconds.
    pub(crate) zero_us: i64,
    /// Ticks a second.
    pub(crate) timescale: u32,
    pub(crate) body: ChunkBody,
}

impl Opened {
    /// When this unit was captured, in microseconds of media time.
    fn captured_us(&self, unit: &AccessUnit) -> i64 {
        self.zero_us.saturating_add(timeline::decode_us(self.timescale, unit))
    }
}

/// A unit that is due.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) capture_us: i64,
    pub(crate) timescale: u32,
    pub(crate) unit: AccessUnit,
    pub(crate) config: Option<TrackConfig>,
}

/// One track's chunks, by number.
#[derive(Debug)]
pub(crate) struct TrackBuffer {
    gate: Gate,
    chunks: BTreeMap<u32, Opened>,
    /// The chunk that is handed out next, and how many of its units are out.
    cursor: Option<(u32, usize)>,
    /// The cursor's chunk has passed the gate.
    admitted: bool,
    /// Everything captured up to here is complete, from the cursor on.
    frontier: Option<(u32, i64)>,
    /// The signed last chunk of the track.
    last: Option<u32>,
}

impl TrackBuffer {
    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            gate,
            chunks: BTreeMap::new(),
            cursor: None,
            admitted: false,
            frontier: None,
            last: None,
        }
    }

    /// Takes in a chunk; one behind the cursor is too late and is dropped.
    pub(crate) fn insert(&mut self, number: u32, chunk: Opened) -> bool {
        if !self.wants(number) {
            return false;
        }
        self.chunks.insert(number, chunk);
        while self.chunks.len() > MAX_CHUNKS {
            self.chunks.pop_first();
        }
        self.extend_frontier();
        true
    }

    /// This chunk would be of use.
    pub(crate) fn wants(&self, number: u32) -> bool {
        self.cursor.is_none_or(|(next, _)| number >= next) && !self.chunks.contains_key(&number)
    }

    /// Complete keyframe chunks from the newest to the oldest: number, capture time of the first
    /// unit, and up to when everything after it is there.
    pub(crate) fn starts(&self) -> impl Iterator<Item = (u32, i64, i64)> {
        let keyframes = self.chunks.iter().rev().filter(|(_, c)| c.keyframe);
        keyframes.filter_map(|(&number, chunk)| {
            let first_us = chunk.captured_us(chunk.body.units.first()?);
            Some((number, first_us, self.contiguous_from(number)?.1))
        })
    }

    /// The chunk in which `position_us` lies or after which it comes, among those that hang
    /// together up to the newest.
    pub(crate) fn nearest(&self, position_us: i64) -> Option<(u32, i64)> {
        let number = self
            .chunks
            .iter()
            .find(|(_, c)| c.capture_us >= position_us)
            .or_else(|| self.chunks.iter().next_back())
            .map(|(number, _)| *number)?;
        self.contiguous_from(number).map(|(_, frontier_us)| (number, frontier_us))
    }

    /// Hands out from this chunk on.
    pub(crate) fn seek(&mut self, number: u32) {
        self.cursor = Some((number, 0));
        self.admitted = false;
        self.chunks = self.chunks.split_off(&number);
        self.frontier = None;
        self.extend_frontier();
    }

    /// The decode time, in microseconds of the track's own scale, with which the cursor's chunk
    /// begins.
    pub(crate) fn first_decode_us(&self) -> Option<i64> {
        let chunk = self.chunks.get(&self.cursor?.0)?;
        Some(timeline::decode_us(chunk.timescale, chunk.body.units.first()?))
    }

    /// Nothing comes after this chunk.
    pub(crate) fn set_last(&mut self, number: u32) {
        self.last = Some(number);
    }

    /// The last chunk has been handed out.
    pub(crate) fn is_over(&self) -> bool {
        matches!((self.cursor, self.last), (Some((next, _)), Some(last)) if next > last)
    }

    /// What comes next is not here any more: the clock stood for longer than is kept.
    pub(crate) fn has_lost_its_place(&self) -> bool {
        let (Some((next, _)), Some((first, _))) = (self.cursor, self.chunks.first_key_value())
        else {
            return false;
        };
        self.chunks.len() == MAX_CHUNKS && next < *first
    }

    /// The capture time up to which everything is there; after the last chunk, and while the track
    /// is paused, for ever.
    pub(crate) fn frontier_us(&self) -> Option<i64> {
        if self.is_over() || self.frontier.is_some_and(|(number, _)| Some(number) == self.last) {
            return Some(i64::MAX);
        }
        self.frontier.map(|(_, us)| us)
    }

    /// The next unit captured up to `position_us`. An error means that the chunk was refused by
    /// the gate and is gone; what follows needs a new start.
    pub(crate) fn pop_due(&mut self, position_us: i64) -> Result<Option<Due>, GateError> {
        loop {
            let Some((number, out)) = self.cursor else { return Ok(None) };
            let Some(chunk) = self.chunks.get_mut(&number) else { return Ok(None) };
            let Some(unit) = chunk.body.units.get(out) else {
                // An empty or finished chunk makes way once its time has passed.
                if chunk.capture_us > position_us {
                    return Ok(None);
                }
                self.chunks.remove(&number);
                self.cursor = number.checked_add(1).map(|next| (next, 0));
                self.admitted = false;
                continue;
            };
            let capture_us = chunk.captured_us(unit);
            // A chunk's closing time is cut to a millisecond: its last units may lie behind it.
            let closing = self.last == Some(number) && chunk.capture_us <= position_us;
            if capture_us > position_us && !closing {
                return Ok(None);
            }
            if !self.admitted {
                self.admitted = true;
                let body = std::mem::replace(
                    &mut chunk.body,
                    ChunkBody { config: None, units: Vec::new() },
                );
                chunk.body = self.gate.check(body)?;
                continue;
            }
            let due = Due {
                capture_us,
                timescale: chunk.timescale,
                unit: unit.clone(),
                config: if out == 0 { chunk.body.config.clone() } else { None },
            };
            self.cursor = Some((number, out + 1));
            return Ok(Some(due));
        }
    }

    fn extend_frontier(&mut self) {
        let Some((next, _)) = self.cursor else { return };
        let from = self.frontier.map_or(Some(next), |(last, _)| last.checked_add(1));
        if let Some(reached) = from.and_then(|from| self.contiguous_from(from)) {
            self.frontier = Some(reached);
        }
    }

    /// The last chunk of the unbroken row that begins with `number`, and when it was closed.
    fn contiguous_from(&self, number: u32) -> Option<(u32, i64)> {
        let mut expected = number;
        let mut last = None;
        for (&found, chunk) in self.chunks.range(number..) {
            if found != expected {
                break;
            }
            last = Some((found, if chunk.paused { i64::MAX } else { chunk.capture_us }));
            expected = found.checked_add(1)?;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use manyhands_media::{AacConfig, Codec};

    /// 48 ticks a millisecond, two frames a chunk of 100 ms.
    fn chunk(number: u32, keyframe: bool) -> Opened {
        let config = TrackConfig {
            timescale: 48_000,
            codec: Codec::Aac(AacConfig { sample_rate: 48_000, channels: 2 }),
        };
        let start = i64::from(number) * 4_800;
        let unit = |dts| AccessUnit {
            dts,
            pts: dts,
            duration: 1024,
            keyframe: true,
            data: Bytes::from_static(&[0x21, 0x10, 0x05]),
        };
        Opened {
            capture_us: i64::from(number + 1) * 100_000,
            keyframe,
            paused: false,
            zero_us: 0,
            timescale: 48_000,
            body: ChunkBody {
                config: Some(config),
                units: vec![unit(start + 960), unit(start + 2_880)],
            },
        }
    }

    fn buffer() -> TrackBuffer {
        TrackBuffer::new(Gate::exact())
    }

    #[test]
    fn units_come_out_once_and_in_order_up_to_the_position() {
        let mut buffer = buffer();
        for number in [1, 0, 2] {
            buffer.insert(number, chunk(number, number == 0));
        }
        buffer.seek(0);
        assert_eq!(buffer.frontier_us(), Some(300_000));
        let mut out = Vec::new();
        while let Some(due) = buffer.pop_due(160_000).unwrap() {
            out.push(due.capture_us);
        }
        assert_eq!(out, [20_000, 60_000, 120_000, 160_000]);
    }

    #[test]
    fn a_gap_holds_the_frontier_until_it_is_filled() {
        let mut buffer = buffer();
        for number in [0, 2, 3] {
            buffer.insert(number, chunk(number, false));
        }
        buffer.seek(0);
        assert_eq!(buffer.frontier_us(), Some(100_000));
        buffer.insert(1, chunk(1, false));
        assert_eq!(buffer.frontier_us(), Some(400_000));
        assert!(!buffer.insert(1, chunk(1, false)), "twice");
    }

    #[test]
    fn a_paused_track_holds_nothing_up() {
        let mut buffer = buffer();
        buffer.insert(0, chunk(0, true));
        buffer.seek(0);
        assert_eq!(buffer.frontier_us(), Some(100_000));
        let body = ChunkBody { config: None, units: Vec::new() };
        buffer.insert(1, Opened { paused: true, keyframe: false, body, ..chunk(1, false) });
        assert_eq!(buffer.frontier_us(), Some(i64::MAX));
        buffer.insert(2, chunk(2, true));
        assert_eq!(buffer.frontier_us(), Some(300_000), "it has come back");
    }

    #[test]
    fn what_comes_behind_the_cursor_is_too_late() {
        let mut buffer = buffer();
        buffer.insert(5, chunk(5, true));
        buffer.seek(5);
        assert!(!buffer.insert(4, chunk(4, true)));
    }

    #[test]
    fn starts_are_whole_keyframe_chunks_newest_first() {
        let mut buffer = buffer();
        for number in 0..25 {
            if number != 15 {
                buffer.insert(number, chunk(number, number % 10 == 0));
            }
        }
        let starts: Vec<_> = buffer.starts().map(|(n, _, frontier)| (n, frontier)).collect();
        assert_eq!(starts, [(20, 2_500_000), (10, 1_500_000), (0, 1_500_000)]);
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let mut buffer = buffer();
        (0..10_000).for_each(|n| {
            buffer.insert(n, chunk(n, false));
        });
        assert_eq!(buffer.chunks.len(), MAX_CHUNKS);
    }
}
