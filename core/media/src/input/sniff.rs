//! A first look: whether an input is MP4, and if not, what it looks like.

use super::error::InputError;

/// Boxes that MP4 and QuickTime files begin with.
const FIRST_BOXES: [&[u8; 4]; 11] = [
    b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx",
    b"moof",
];

/// What other files begin with.
const OTHERS: [(&[u8], &str); 12] = [
    (b"\x1a\x45\xdf\xa3", "it looks like Matroska or WebM"),
    (b"RIFF", "it looks like AVI or WAV"),
    (b"FLV", "it looks like FLV"),
    (b"OggS", "it looks like Ogg"),
    (b"ID3", "it looks like MP3"),
    (b"\x47\x40", "it looks like MPEG-TS"),
    (b"\x00\x00\x01\xba", "it looks like MPEG-PS"),
    (b"\x89PNG", "it looks like a PNG picture"),
    (b"\xff\xd8\xff", "it looks like a JPEG picture"),
    (b"\x00\x00\x00\x01", "it looks like raw H.264; put it into MP4 first"),
    (b"%PDF", "it looks like PDF"),
    (b"PK\x03\x04", "it looks like a ZIP archive"),
];

/// Checks an input's first bytes (at most 16).
pub(super) fn check(first: &[u8]) -> Result<(), InputError> {
    if first.is_empty() {
        return Err(InputError::Empty);
    }
    let kind = first.get(4..8);
    if FIRST_BOXES.iter().any(|known| kind == Some(&known[..])) {
        return Ok(());
    }
    let known = OTHERS.iter().find(|(magic, _)| first.starts_with(magic));
    let is_text = first.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let words = match known {
        Some((_, words)) => words,
        None if is_text => "it looks like text",
        None => "no MP4 boxes in it",
    };
    Err(InputError::NotMp4(words.into()))
}
