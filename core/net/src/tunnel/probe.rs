//! Whether UDP passes after all: a datagram of a version that nobody speaks, which every QUIC server
//! answers by saying its own (RFC 9000, section 6.1).

use rand::Rng;

/// The smallest datagram that has to be answered (RFC 9000, section 14.1).
const LEN: usize = 1_200;
/// A long header.
const FORM: u8 = 0xc0;
/// A version of the kind that is there for this (RFC 9000, section 15).
const VERSION: [u8; 4] = [0x1a, 0x2a, 0x3a, 0x4a];
/// Connection ids, and how long they are.
const ID_LEN: usize = 8;

/// The datagram; no two are alike.
pub(crate) fn probe() -> Vec<u8> {
    let mut bytes = vec![FORM];
    bytes.extend(VERSION);
    for _ in 0..2 {
        let mut id = [0; ID_LEN];
        rand::rng().fill_bytes(&mut id);
        bytes.push(ID_LEN as u8);
        bytes.extend(id);
    }
    bytes.resize(LEN, 0);
    bytes
}
