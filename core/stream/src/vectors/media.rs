//! Chunks and pieces.

use super::*;
use crate::chunk::{self, Sealer};
use crate::{
    ChunkFlags, EpochKeys, OpenError, PIECE_HEADER_LEN, PieceHeader, SealedChunk, assemble, cut,
    piece,
};

const TRACK: u8 = 1;
const CHUNK: u32 = 0x0102_0304;

fn keys() -> EpochKeys {
    EpochKeys::new(300, Secret::new(E))
}

fn sealed(plaintext: &[u8]) -> SealedChunk {
    let flags = ChunkFlags { keyframe: true, paused: false, last: true };
    Sealer::default().seal(&RUN, &keys(), (TRACK, CHUNK, 60_000), flags, plaintext).unwrap()
}

#[test]
fn chunk_vectors_hold() {
    let case = |plaintext: &[u8]| {
        let sealed = sealed(plaintext);
        let padded = [&sealed.bytes[..], &[0; 3]].concat();
        let opened = chunk::open(&RUN, &keys(), &with_bytes(&sealed, padded)).unwrap();
        assert_eq!(opened.plaintext, plaintext);
        let flag_changed = [&[sealed.bytes[0] ^ 1], &sealed.bytes[1..]].concat();
        let failed = chunk::open(&RUN, &keys(), &with_bytes(&sealed, flag_changed.clone()));
        assert_eq!(failed, Err(OpenError::Unsealed));
        json!({
            "E": hex(E), "run": hex(RUN.0), "epoch": 300, "track": TRACK, "chunk": CHUNK,
            "flags": 5, "plaintext": hex(plaintext),
            "CK": hex(keys().content_key(&RUN, TRACK).expose()),
            "nonce": hex([&[0; 4][..], &CHUNK.to_le_bytes(), &[0; 4]].concat()),
            "aad": hex(chunk::aad(&RUN, 300, TRACK, CHUNK, 5, plaintext.len() as u32)),
            "sealed": hex(&sealed.bytes), "does_not_open": hex(flag_changed),
        })
    };
    let cases = json!([case(b"access units"), case(b"")]);
    settle("chunk.json", "CHUNK: sealed = flags u8 | len u32 | ciphertext.", cases);
}

fn with_bytes(chunk: &SealedChunk, bytes: Vec<u8>) -> SealedChunk {
    SealedChunk { bytes: bytes.into(), ..chunk.clone() }
}

#[test]
fn piece_vectors_hold() {
    let key = broadcaster();
    let case = |plaintext: Vec<u8>, k: u8, whole: bool| {
        let sealed = sealed(&plaintext);
        let pieces = cut::cut(&key, &RUN, &sealed, k, 100, true).unwrap();
        for lost in 0..=k {
            let kept = pieces.iter().filter(|p| PieceHeader::parse(p).unwrap().substream != lost);
            let bytes = assemble(k, kept).unwrap().bytes;
            assert_eq!(bytes[..sealed.bytes.len()], sealed.bytes[..]);
        }
        let pieces = pieces.iter().map(|bytes| {
            assert!(piece::verify_piece(&key.verifying_key(), &RUN, bytes));
            let data = PieceHeader::data(bytes);
            let mut shown = json!({
                "header": hex(&bytes[..16]), "signature": hex(&bytes[16..PIECE_HEADER_LEN]),
                "data_hash": hex(blake3::hash(data).as_bytes()),
            });
            if whole {
                shown["data"] = hex(data);
            }
            shown
        });
        json!({
            "B_seed": hex(BROADCASTER_SEED), "B": hex(key.verifying_key()), "run": hex(RUN.0),
            "E": hex(E), "epoch": 300, "track": TRACK, "chunk": CHUNK, "flags": 5, "K": k,
            "capture_ms": 60_000, "next_due_ms": 100, "plaintext_len": plaintext.len(),
            "sealed_hash": hex(blake3::hash(&sealed.bytes).as_bytes()),
            "pieces": pieces.collect::<Vec<_>>(),
        })
    };
    let plaintext = |len: usize| (0..len).map(|i| (i * 31 + 1) as u8).collect::<Vec<_>>();
    let cases = json!([
        case(plaintext(100), 4, true),
        case(plaintext(0), 8, true),
        case(plaintext(40_000), 2, false),
        case(plaintext(300_000), 1, false),
    ]);
    let about = "PIECE, with the parity part last. Byte i of the plaintext is (31 i + 1) mod 256. \
                 From the pieces without any one substream the sealed chunk comes back.";
    settle("piece.json", about, cases);
}
