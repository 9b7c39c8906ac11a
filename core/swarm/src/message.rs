//! The overlay's control messages.
//!
//! A frame is `type | length | body`: two variable-length integers as in QUIC (RFC 9000, section
//! 16) and a CBOR map with integer keys. Types from 0x40 to 0x5f are the overlay's; those below
//! belong to the network layer. Unknown types decode to [`Message::Unknown`], unknown keys are
//! skipped, so that a later version can add both. Nothing here carries a wall clock or a claim that
//! the receiver has to believe: addresses are those that an introducer observes.
//!
//! | type | message | from → to | when | bytes on the wire about |
//! | --- | --- | --- | --- | --- |
//! | 0x40 | JOIN | newcomer → any member | first connection, and when left alone | 10 |
//! | 0x41 | JOIN_REPLY | back | up to five greeters, start chunks | 30 + 24 each |
//! | 0x42 | GREET | newcomer → greeter | once connected: what it lacks, which share is whose | 50 |
//! | 0x43 | GREET_OK | back | more members, start chunks | 30 + 24 each |
//! | 0x44 | ATTACH | orphan → neighbour, then forwarded | search for a parent in one substream | 70 |
//! | 0x45 | ACCEPT | new parent → orphan | the slot is reserved, pieces flow already | 50 + 10 a hop |
//! | 0x46 | REJECT | back along the search | nobody found | 16 |
//! | 0x47 | DETACH | either side | a parent–child relation ends now | 8 |
//! | 0x48 | EVICT | parent → child | look for another parent; served until DETACH, 3 s at most | 8 |
//! | 0x49 | HOLD | parent → child | the substream is late above us: don't move | 8 |
//! | 0x4a | PATH | parent → child | the way to the origin has changed | 10 + 10 a hop |
//! | 0x4b | DIGEST | partner → follower | each 300 ms: have-map, spare rate, busy | 40 |
//! | 0x4c | PULL | follower → partner | late pieces, or the gap after a change of parent | 10 + 6 each |
//! | 0x4d | NACK | back | these are not here, or no capacity | 10 + 6 each |
//! | 0x4e | FOLLOW | node → node | send me digests (or stop) | 5 |
//! | 0x4f | FOLLOW_REPLY | back | yes, or no and others to ask | 5 + 24 each |
//! | 0x50 | CONTACTS | partner ↔ partner | each 5 s: some members with upload to spare | 10 + 24 each |
//! | 0x51 | REPORT | child → parent | each second: slack and audience below | 10 + 8 a substream |
//! | 0x52 | STATUS | parent → child | each second: the whole audience, slack of each substream | 20 |
//! | 0x53 | RECALL | parent → child | an EVICT is taken back: there is room again | 8 |
//! | 0x54 | INTRODUCE | node → common neighbour | a dial gets no answer: make us meet | 25 |
//! | 0x55 | MEET | introducer → both | who is at which address, and sends now | 55 |
//! | 0x56 | READY | introduced → introducer | it has begun to send | 25 |

mod contact;
mod frame;
mod introduce;
mod join;
mod mesh;
mod tree;

pub use introduce::{Introduce, Meet, Ready, Token};
pub use join::{Greet, GreetOk, Join, JoinReply, Start, Want};
pub use mesh::{Contacts, Digest, Follow, FollowReply, LaneReport, Nack, Pull, Report, Status};
pub use mesh::{TrackDigest, TrackStatus, Wanted};
pub use tree::{Accept, Attach, Detach, Evict, Flags, Hold, Hop, Path, PathUpdate, Recall, Reject};

use frame::{read_varint, write_varint};

/// The longest body accepted: the longest honest one (a JOIN_REPLY or a PATH of 24 hops) is under
/// 400 bytes; a DIGEST of eight tracks under 3 KB.
pub const MAX_MESSAGE_BYTES: usize = 4_096;

/// The types that belong to the overlay.
pub const MESSAGE_TYPES: core::ops::RangeInclusive<u64> = 0x40..=0x5f;

/// Why bytes are not a message. The sender is at fault; the connection may be ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The frame ends before its stated length, or goes on after it.
    #[error("a control message has the wrong length")]
    Length,
    /// Longer than [`MAX_MESSAGE_BYTES`].
    #[error("a control message of {0} bytes is too long")]
    TooLong(usize),
    /// The body is not the CBOR map that its type asks for.
    #[error("a control message of type {kind:#x} can't be read")]
    Body {
        /// Its type.
        kind: u64,
    },
}

macro_rules! messages {
    ($($kind:literal $name:ident $doc:literal),+ $(,)?) => {
        /// One control message of the overlay; see the table above.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Message {
            $(#[doc = $doc] $name($name),)+
            /// A type of a later version: skip it.
            Unknown {
                /// Its type.
                kind: u64,
            },
        }

        impl Message {
            /// The number that stands for the type on the wire.
            #[must_use]
            pub const fn kind(&self) -> u64 {
                match self {
                    $(Self::$name(_) => $kind,)+
                    Self::Unknown { kind } => *kind,
                }
            }

            fn write_body(&self, out: &mut Vec<u8>) {
                // Writing to a vector can't fail, and no body has a fallible encoder.
                let _written = match self {
                    $(Self::$name(body) => minicbor::encode(body, &mut *out),)+
                    Self::Unknown { .. } => Ok(()),
                };
            }

            /// Reads a message from its type and body, for a driver that frames by itself.
            ///
            /// # Errors
            /// [`MessageError::TooLong`] or [`MessageError::Body`].
            pub fn decode_body(kind: u64, body: &[u8]) -> Result<Self, MessageError> {
                if body.len() > MAX_MESSAGE_BYTES {
                    return Err(MessageError::TooLong(body.len()));
                }
                let message = match kind {
                    $($kind => minicbor::decode(body).map(Self::$name),)+
                    _ => Ok(Self::Unknown { kind }),
                };
                message.map_err(|_| MessageError::Body { kind })
            }
        }
    };
}

messages! {
    0x40 Join "A newcomer asks for greeters.",
    0x41 JoinReply "Names greeters.",
    0x42 Greet "A newcomer says what it lacks.",
    0x43 GreetOk "Names members and where to start.",
    0x44 Attach "Looks for a parent.",
    0x45 Accept "Gives a slot.",
    0x46 Reject "Nobody was found.",
    0x47 Detach "Ends a relation of parent and child.",
    0x48 Evict "Asks a child to look for another parent.",
    0x49 Hold "Asks a child to stay although pieces are late.",
    0x4a PathUpdate "Tells the way to the origin.",
    0x4b Digest "Tells what is here.",
    0x4c Pull "Asks for pieces.",
    0x4d Nack "Refuses pieces.",
    0x4e Follow "Asks for digests.",
    0x4f FollowReply "Answers that.",
    0x50 Contacts "Names members.",
    0x51 Report "Tells the parent what is below.",
    0x52 Status "Tells the children about the whole.",
    0x53 Recall "Takes an EVICT back.",
    0x54 Introduce "Asks to be made known to another neighbour.",
    0x55 Meet "Makes two nodes send to each other.",
    0x56 Ready "Says that it sends.",
}

impl Message {
    /// Appends the whole frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut body = Vec::with_capacity(64);
        self.write_body(&mut body);
        write_varint(self.kind(), out);
        write_varint(body.len() as u64, out);
        out.extend_from_slice(&body);
    }

    /// Reads exactly one frame.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let (kind, rest) = read_varint(bytes).ok_or(MessageError::Length)?;
        let (length, body) = read_varint(rest).ok_or(MessageError::Length)?;
        if usize::try_from(length) != Ok(body.len()) {
            return Err(MessageError::Length);
        }
        Self::decode_body(kind, body)
    }
}

#[cfg(test)]
mod tests;
