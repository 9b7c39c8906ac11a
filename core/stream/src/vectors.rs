//! The fixed vectors of `tests/vectors`: every format with all inputs and outputs, for whoever writes
//! another implementation, and the check that this one still agrees with them.
//!
//! `WRITE_VECTORS=1 cargo test -p manyhands-stream vectors` writes them anew, which is a change of the
//! protocol and needs a decision record.

mod description;
mod finding;
mod keys;
mod media;
mod proving;
mod relaying;

use std::path::PathBuf;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use crate::{Channel, ChannelKey, Eid, Link, RunId, Secret, kdf};

/// The fixed inputs that several files share.
const RUN: RunId = RunId([0x11; 16]);
const EID: Eid = Eid([0x22; 16]);
const E: [u8; 32] = [0x33; 32];
const S: [u8; 16] = [0x44; 16];
const CHANNEL_SEED: [u8; 32] = [0x55; 32];
const BROADCASTER_SEED: [u8; 32] = [0x66; 32];

fn channel() -> Channel {
    Channel::from_seed(Secret::new(CHANNEL_SEED))
}

fn channel_key() -> ChannelKey {
    channel().key()
}

fn broadcaster() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&BROADCASTER_SEED)
}

/// What is random in the formats (nonces in front of sealed parts, dummies, padding of tags) shows in
/// the outputs, so another implementation does not need this generator.
fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0)
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(data_encoding::HEXLOWER.encode(bytes.as_ref()))
}

fn hexes<T: AsRef<[u8]>>(list: impl IntoIterator<Item = T>) -> Value {
    list.into_iter().map(hex).collect()
}

/// Compares with the committed file, or writes it.
fn settle(name: &str, about: &str, cases: Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    let value = json!({ "about": about, "cases": cases });
    let text = format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
    if std::env::var_os("WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let first = text.lines().zip(committed.lines()).position(|(a, b)| a != b);
    assert!(text == committed, "{name}: code and vectors differ, first in line {first:?}");
}
