//! Frames of the page's stream: `kind u8 | track u8 | length u32 big-endian | payload`.
//! The other end is `desktop/page/stream.js`.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes before the payload.
const HEAD: usize = 6;

const HELLO: u8 = 0;
const INIT: u8 = 1;
const FRAGMENT: u8 = 2;
const STATE: u8 = 3;
const SKIPPED: u8 = 4;
const ALIVE: u8 = 5;
const BYE: u8 = 6;

/// Title and version of the program, as JSON.
pub(super) fn hello(json: &[u8]) -> Bytes {
    frame(HELLO, 0, &[json])
}

/// A track's configuration. A MIME type beyond 64 KiB can't be one and is cut.
pub(super) fn init(track: u8, mime: &str, bytes: &[u8]) -> Bytes {
    let length = u16::try_from(mime.len()).unwrap_or(u16::MAX);
    let mime = mime.as_bytes().get(..usize::from(length)).unwrap_or_default();
    frame(INIT, track, &[&length.to_be_bytes(), mime, bytes])
}

/// Units of a track.
pub(super) fn fragment(track: u8, keyframe: bool, release_ms: u64, bytes: &[u8]) -> Bytes {
    frame(FRAGMENT, track, &[&[u8::from(keyframe)], &release_ms.to_be_bytes(), bytes])
}

/// The newest state.
pub(super) fn state(json: &[u8]) -> Bytes {
    frame(STATE, 0, &[json])
}

/// What follows starts at a later keyframe.
pub(super) fn skipped() -> Bytes {
    frame(SKIPPED, 0, &[])
}

/// Nothing to say, still here.
pub(super) fn alive() -> Bytes {
    frame(ALIVE, 0, &[])
}

/// The program leaves.
pub(super) fn bye() -> Bytes {
    frame(BYE, 0, &[])
}

/// A payload of 4 GiB or more doesn't exist here (`ring::MAX_BYTES`); it would become an empty frame.
fn frame(kind: u8, track: u8, parts: &[&[u8]]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let Ok(length32) = u32::try_from(length) else { return frame(kind, track, &[]) };
    let mut out = BytesMut::with_capacity(HEAD.saturating_add(length));
    out.put_u8(kind);
    out.put_u8(track);
    out.put_u32(length32);
    for part in parts {
        out.put_slice(part);
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_framed_as_the_page_reads_it() {
        let frame = fragment(1, true, 0x0102, b"moof");
        assert_eq!(&frame[..], b"\x02\x01\0\0\0\x0d\x01\0\0\0\0\0\0\x01\x02moof");
    }

    #[test]
    fn an_init_carries_its_mime_type_in_front() {
        assert_eq!(&init(0, "v", b"ftyp")[..], b"\x01\0\0\0\0\x07\0\x01vftyp");
    }
}
