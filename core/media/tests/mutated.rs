//! Hostile files: whatever is in them, opening and reading ends in units or one error. Never in a
//! panic, and never in more memory than the file is worth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use manyhands_media::input::{self, Source};
use proptest::prelude::*;
use support::*;

fn drain(source: Result<Box<dyn Source>, input::InputError>) {
    let Ok(mut source) = source else { return };
    while let Ok(Some(_)) = source.next_unit() {}
}

fn try_both(bytes: &[u8], path: &Path) {
    std::fs::write(path, bytes).unwrap();
    drain(input::open(path));
    drain(input::from_reader(std::io::Cursor::new(bytes.to_vec())));
}

/// Small real files of each kind.
fn seeds() -> Vec<Vec<u8>> {
    let pattern = pattern("64x64", "10", 1);
    let x264 = "-c:v libx264 -bf 2 -g 5";
    [
        format!("{pattern} {x264} -c:a aac"),
        format!(
            "{pattern} {x264} -c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof"
        ),
        format!("{pattern} {x264} -c:a aac -movflags cmaf+frag_keyframe"),
        format!("{pattern} {x264} -an -movflags faststart -ss 0.3"),
    ]
    .iter()
    .map(|args| {
        let (_dir, path) = temp("seed.mp4");
        ffmpeg(args, &path);
        std::fs::read(&path).unwrap()
    })
    .collect()
}

/// Where the index and fragment heads lie: everything but `mdat` bodies.
fn structure(bytes: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut found = Vec::new();
    while at + 8 <= bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let end = (at + size.max(8)).min(bytes.len());
        let body = if &bytes[at + 4..at + 8] == b"mdat" { at + 8 } else { end };
        found.extend(at..body);
        at = end;
    }
    found
}

#[test]
fn files_cut_at_every_97th_byte() {
    let (_dir, path) = temp("cut.mp4");
    for seed in seeds() {
        for end in (0..seed.len()).step_by(97) {
            try_both(&seed[..end], &path);
        }
    }
}

#[test]
fn every_byte_of_the_structure_set_to_extremes() {
    let (_dir, path) = temp("flip.mp4");
    for seed in seeds() {
        for at in structure(&seed) {
            let values = [[0, seed[at] ^ 0x80], [0xff, seed[at].wrapping_add(1)]];
            for value in values[at % 2] {
                let mut bytes = seed.clone();
                bytes[at] = value;
                try_both(&bytes, &path);
            }
        }
    }
}

#[test]
fn boxes_nested_without_end() {
    let (_dir, path) = temp("deep.mp4");
    for (kinds, depth) in [(&[b"moov"][..], 100_000), (&[b"moov", b"trak"], 50_000)] {
        let mut deep = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
        let mut size = depth * 8;
        for level in 0..depth {
            deep.extend_from_slice(&(size as u32).to_be_bytes());
            deep.extend_from_slice(kinds[level % kinds.len()]);
            size -= 8;
        }
        try_both(&deep, &path);
    }
}

#[test]
fn sizes_and_counts_that_lie_allocate_nothing() {
    let (_dir, path) = temp("lies.mp4");
    let seed = seeds().remove(0);
    for table in [b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"elst", b"stsd"] {
        for count in [u32::MAX, u32::MAX / 8, 1 << 24] {
            let mut bytes = seed.clone();
            let Some(at) = bytes.windows(4).position(|w| w == table) else { continue };
            let field = if table == b"stsz" { at + 12 } else { at + 8 };
            bytes[field..field + 4].copy_from_slice(&count.to_be_bytes());
            try_both(&bytes, &path);
            if table == b"stsz" {
                // Every sample as large as it can be said.
                bytes[at + 8..at + 12].copy_from_slice(&u32::MAX.to_be_bytes());
                try_both(&bytes, &path);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_behind_a_true_start(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (_dir, path) = temp("noise.mp4");
        for kind in [b"moov", b"moof", b"free"] {
            let mut file = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
            file.extend_from_slice(&(bytes.len() as u32 + 8).to_be_bytes());
            file.extend_from_slice(kind);
            file.extend_from_slice(&bytes);
            try_both(&file, &path);
        }
        try_both(&bytes, &path);
    }
}
