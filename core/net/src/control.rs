//! The control stream: frames `varint type | varint length | body`, and the messages of this layer.
//!
//! One bidirectional stream per connection, opened by the listener, who speaks first. Types below 0x40 are defined
//! here, types from 0x40 on are the overlay's ([`manyhands_swarm::Message`]). Unknown types are
//! skipped. Bodies are CBOR with integer keys; what is signed travels as the bytes that were signed.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use minicbor::{Decode, Encode};

/// The largest frame: a roster at its cap (2,048 entries of 80 bytes) with room to spare.
pub(crate) const MAX_FRAME: usize = 256 * 1024;
/// The overlay's messages begin here.
pub(crate) const FIRST_OVERLAY_TYPE: u64 = 0x40;

/// Listener to dialler, first: which epoch to prove membership of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Hello {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) hello: Vec<u8>,
}

/// `P | signature`: dialler to listener.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Proof {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) proof: Vec<u8>,
    /// Its turn among the connections of these two, if it is not the first: it takes the place of those
    /// before it.
    #[n(1)]
    pub(crate) turn: Option<u32>,
}

/// Listener to dialler: its own proof and what it knows of the run; also sent later, without a
/// proof, when a newer run or roster is known.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct RunState {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) proof: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) cert: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) head: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) roster: Vec<u8>,
}

/// A newer head.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct NewHead {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) head: Vec<u8>,
}

/// Asks for the time; `sent_us` is the asker's own clock and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Ping {
    #[n(0)]
    pub(crate) sent_us: u64,
}

/// The answer: media time in the middle of the time that the question was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Pong {
    #[n(0)]
    pub(crate) sent_us: u64,
    #[n(1)]
    pub(crate) held_us: u64,
    #[n(2)]
    pub(crate) media_us: i64,
    #[n(3)]
    pub(crate) error_us: i64,
}

/// At which address the sender of this sees the other end: 4 or 16 bytes and the port, big-endian.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Observed {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) address: Vec<u8>,
}

/// Broadcaster to relay, in the place of a PROOF: what puts it to work.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Permit {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) permit: Vec<u8>,
}

/// Relay to broadcaster: the secret of its place in the rosters.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Place {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) secret: Vec<u8>,
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit(…)")
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(…)")
    }
}

/// Shielded broadcaster to relay: an item that stands in the DHT, signed and sealed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Item {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) place: [u8; 32],
    #[n(1)]
    pub(crate) seq: i64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) value: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) signature: [u8; 64],
}

/// The messages of this layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    Hello(Hello),
    Proof(Proof),
    RunState(RunState),
    NewHead(NewHead),
    Ping(Ping),
    Pong(Pong),
    /// Asks for the newest run state.
    AskState,
    Observed(Observed),
    Permit(Permit),
    Place(Place),
    Item(Item),
}

/// A frame as it came: the overlay's are handed on whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Control(Control),
    Overlay(Bytes),
    Unknown,
}

/// What is wrong with bytes on the control stream; the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame of {0} bytes is longer than allowed")]
    TooLong(u64),
    #[error("a message does not decode")]
    Malformed,
}

impl Control {
    pub(crate) fn encode(&self) -> Bytes {
        let (kind, body) = match self {
            Self::Hello(m) => (0x01, cbor(m)),
            Self::Proof(m) => (0x02, cbor(m)),
            Self::RunState(m) => (0x03, cbor(m)),
            Self::NewHead(m) => (0x04, cbor(m)),
            Self::Ping(m) => (0x05, cbor(m)),
            Self::Pong(m) => (0x06, cbor(m)),
            Self::AskState => (0x07, Vec::new()),
            Self::Observed(m) => (0x08, cbor(m)),
            Self::Permit(m) => (0x10, cbor(m)),
            Self::Place(m) => (0x11, cbor(m)),
            Self::Item(m) => (0x12, cbor(m)),
        };
        let mut out = BytesMut::with_capacity(body.len() + 10);
        put_varint(&mut out, kind);
        put_varint(&mut out, body.len() as u64);
        out.put_slice(&body);
        out.freeze()
    }

    fn decode(kind: u64, body: &[u8]) -> Result<Option<Self>, FrameError> {
        Ok(Some(match kind {
            0x01 => Self::Hello(parse(body)?),
            0x02 => Self::Proof(parse(body)?),
            0x03 => Self::RunState(parse(body)?),
            0x04 => Self::NewHead(parse(body)?),
            0x05 => Self::Ping(parse(body)?),
            0x06 => Self::Pong(parse(body)?),
            0x07 => Self::AskState,
            0x08 => Self::Observed(parse(body)?),
            0x10 => Self::Permit(parse(body)?),
            0x11 => Self::Place(parse(body)?),
            0x12 => Self::Item(parse(body)?),
            _ => return Ok(None),
        }))
    }
}

/// Takes the next whole frame off the front of `buffer`, if one is there.
pub(crate) fn next_frame(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let mut rest: &[u8] = buffer;
    let (Some(kind), Some(len)) = (get_varint(&mut rest), get_varint(&mut rest)) else {
        return Ok(None);
    };
    if len > MAX_FRAME as u64 {
        return Err(FrameError::TooLong(len));
    }
    let header = buffer.len() - rest.len();
    let len = usize::try_from(len).map_err(|_| FrameError::Malformed)?;
    if rest.len() < len {
        return Ok(None);
    }
    let frame = buffer.split_to(header + len).freeze();
    if kind >= FIRST_OVERLAY_TYPE {
        return Ok(Some(Frame::Overlay(frame)));
    }
    let control = Control::decode(kind, &frame.slice(header..))?;
    Ok(Some(control.map_or(Frame::Unknown, Frame::Control)))
}

fn cbor<T: Encode<()>>(message: &T) -> Vec<u8> {
    // Encoding into memory cannot fail for these plain types; an empty body would be refused.
    minicbor::to_vec(message).unwrap_or_default()
}

fn parse<T: for<'b> Decode<'b, ()>>(body: &[u8]) -> Result<T, FrameError> {
    minicbor::decode(body).map_err(|_| FrameError::Malformed)
}

/// RFC 9000 section 16.
fn put_varint(out: &mut BytesMut, value: u64) {
    match value {
        0..=0x3f => out.put_u8(value as u8),
        0x40..=0x3fff => out.put_u16(value as u16 | 0x4000),
        0x4000..=0x3fff_ffff => out.put_u32(value as u32 | 0x8000_0000),
        _ => out.put_u64(value & 0x3fff_ffff_ffff_ffff | 0xc000_0000_0000_0000),
    }
}

fn get_varint(bytes: &mut &[u8]) -> Option<u64> {
    let first = *bytes.first()?;
    let len = 1_usize << (first >> 6);
    if bytes.len() < len {
        return None;
    }
    let mut value = u64::from(first & 0x3f);
    bytes.advance(1);
    for _ in 1..len {
        value = value << 8 | u64::from(bytes.get_u8());
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let messages = [
            Control::Ping(Ping { sent_us: 77 }),
            Control::RunState(RunState {
                proof: vec![1; 96],
                cert: vec![2; 202],
                head: vec![3; 400],
                roster: vec![4; 20_000],
            }),
            Control::AskState,
            Control::Observed(Observed { address: vec![203, 0, 113, 9, 0x11, 0x51] }),
            Control::Permit(Permit { permit: vec![5; 283] }),
            Control::Place(Place { secret: vec![6; 32] }),
            Control::Item(Item {
                place: [7; 32],
                seq: 8,
                value: vec![9; 936],
                signature: [10; 64],
            }),
        ];
        let wire: Vec<u8> = messages.iter().flat_map(|m| m.encode().to_vec()).collect();
        for step in [1, 7, 1000, wire.len()] {
            let mut buffer = BytesMut::new();
            let mut seen = Vec::new();
            for part in wire.chunks(step) {
                buffer.put_slice(part);
                while let Some(frame) = next_frame(&mut buffer).unwrap() {
                    seen.push(frame);
                }
            }
            assert_eq!(seen, messages.clone().map(Frame::Control));
        }
    }

    #[test]
    fn oversize_and_garbage_are_refused_and_unknown_types_skipped() {
        let mut long = BytesMut::from(&[0x01, 0xbf, 0xff, 0xff, 0xff][..]);
        assert_eq!(next_frame(&mut long), Err(FrameError::TooLong(0x3fff_ffff)));
        let mut garbage = BytesMut::from(&[0x05, 0x02, 0xff, 0xff][..]);
        assert_eq!(next_frame(&mut garbage), Err(FrameError::Malformed));
        let mut unknown = BytesMut::from(&[0x3f, 0x01, 0x00][..]);
        assert_eq!(next_frame(&mut unknown), Ok(Some(Frame::Unknown)));
    }

    #[test]
    fn varints_are_those_of_rfc_9000() {
        for value in [0, 63, 64, 16_383, 16_384, (1 << 30) - 1, 1 << 30, (1 << 62) - 1] {
            let mut out = BytesMut::new();
            put_varint(&mut out, value);
            assert_eq!(get_varint(&mut &out[..]), Some(value));
        }
    }
}
