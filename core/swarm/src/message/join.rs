//! Bodies of the messages by which a newcomer comes in.

use minicbor::{Decode, Encode};

use crate::{Contact, TrackId};

/// JOIN: asks for greeters.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Join {
    /// How often this node has asked since it was last attached.
    #[n(0)]
    pub attempt: u32,
}

/// Where a newcomer starts in a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Start {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// Its newest complete keyframe chunk.
    #[n(1)]
    pub chunk: u32,
    /// The greeters share out `chunk..end`; from there on each parent sends its own substream.
    #[n(2)]
    pub end: u32,
}

/// JOIN_REPLY: up to five greeters.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JoinReply {
    /// Members with upload to spare.
    #[n(0)]
    pub greeters: Vec<Contact>,
    /// The answering node greets too.
    #[n(1)]
    pub me_too: bool,
    /// Where to start, so that all greeters send shares of the same GOP.
    #[n(2)]
    pub start: Vec<Start>,
    /// For each track, the substreams that need upload most (one bit each).
    #[n(3)]
    pub need: Vec<u32>,
    /// Upload to spare in kbit/s: of the answering node if it greets too, then of each greeter; 0
    /// where it isn't known.
    #[n(4)]
    pub spare: Vec<u32>,
    /// About how many watch, the newcomer included.
    #[n(5)]
    pub viewers: u32,
}

/// What a newcomer lacks of one track, and what it offers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Want {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// Substreams without a parent, one bit each.
    #[n(1)]
    pub missing: u32,
    /// Its home substreams, one bit each.
    #[n(2)]
    pub homes: u32,
    /// Children that it can take in each home substream.
    #[n(3)]
    pub fan: u16,
}

/// GREET: what a newcomer lacks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Greet {
    /// Names the searches that the greeter begins for it.
    #[n(0)]
    pub token: u64,
    /// Which share of the searches is this greeter's...
    #[n(1)]
    pub index: u8,
    /// ...of how many.
    #[n(2)]
    pub of: u8,
    /// What is lacking.
    #[n(3)]
    pub wants: Vec<Want>,
    /// The GOP to send a share of; nothing is sent of a track not named here.
    #[n(4)]
    pub start: Vec<Start>,
    /// Of each start, the substreams that this greeter is to send (one bit each).
    #[n(5)]
    pub shares: Vec<u32>,
}

/// GREET_OK: more members.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GreetOk {
    /// Members with upload to spare.
    #[n(0)]
    pub contacts: Vec<Contact>,
    /// Where this greeter would start.
    #[n(1)]
    pub start: Vec<Start>,
    /// About how many watch.
    #[n(2)]
    pub viewers: u32,
}
