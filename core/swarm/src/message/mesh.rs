//! Bodies of the messages between partners, and of the reports that run along the trees.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::{Contact, PieceId, TrackId};

/// What the sender of a digest has of one track.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TrackDigest {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The oldest chunk it keeps.
    #[n(1)]
    pub from: u32,
    /// Every substream of each chunk in `from..to` is there.
    #[n(2)]
    pub to: u32,
    /// The substreams that are there of the chunks from `to` on.
    #[n(3)]
    pub masks: Vec<u32>,
    /// Substreams in which it would take a child now.
    #[n(4)]
    pub free: u32,
    /// Hops to the origin, one byte a substream; 255 without a parent.
    #[n(5)]
    pub depths: ByteVec,
}

/// DIGEST: what a partner has and can give.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Digest {
    /// Each track.
    #[n(0)]
    pub tracks: Vec<TrackDigest>,
    /// Upload left beside the slots given, in kbit/s.
    #[n(1)]
    pub spare_kbps: u32,
    /// Its repair queue is long: don't ask.
    #[n(2)]
    pub busy: bool,
}

/// A piece of the track that the message names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Wanted {
    /// The chunk.
    #[n(0)]
    pub chunk: u32,
    /// Substream times 16 plus part.
    #[n(1)]
    pub at: u16,
}

impl Wanted {
    /// The short form of a piece's name.
    #[must_use]
    pub fn new(id: &PieceId) -> Self {
        Self { chunk: id.chunk, at: u16::from(id.substream) << 4 | u16::from(id.part & 15) }
    }

    /// The piece's full name.
    #[must_use]
    pub fn id(&self, track: TrackId) -> PieceId {
        let substream = u8::try_from(self.at >> 4).unwrap_or(u8::MAX);
        PieceId { track, chunk: self.chunk, substream, part: (self.at & 15) as u8 }
    }
}

/// PULL: asks for pieces.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pull {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// Which pieces.
    #[n(1)]
    pub pieces: Vec<Wanted>,
    /// The gap after a change of parent: served under a longer queue.
    #[n(2)]
    pub gap: bool,
}

/// NACK: refuses pieces that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Nack {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// Which pieces.
    #[n(1)]
    pub pieces: Vec<Wanted>,
}

/// FOLLOW: asks for digests, or says that they are no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Follow {
    /// Begin or end.
    #[n(0)]
    pub on: bool,
}

/// FOLLOW_REPLY: whether digests will come.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FollowReply {
    /// They will.
    #[n(0)]
    pub yes: bool,
    /// Otherwise, others to ask.
    #[n(1)]
    pub contacts: Vec<Contact>,
}

/// CONTACTS: members with upload to spare.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contacts {
    /// Who and where.
    #[n(0)]
    pub contacts: Vec<Contact>,
    /// Whether the other side should answer with some of its own.
    #[n(1)]
    pub answer: bool,
}

/// What lies below a child in one substream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LaneReport {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
    /// Free slots, the child's own and those of its subtree.
    #[n(2)]
    pub slack: u32,
    /// Nodes in the subtree, the child included.
    #[n(3)]
    pub count: u32,
    /// Upload that the subtree gives to slots, in kbit/s.
    #[n(4)]
    pub capacity_kbps: u64,
    /// Children that the child itself can feed here: what its place is worth by now.
    #[n(5)]
    pub fan: u16,
}

/// REPORT: tells a parent what lies below, each second.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// Each substream in which the receiver is the sender's parent.
    #[n(0)]
    pub lanes: Vec<LaneReport>,
    /// Upload of the sender itself that is not in use, in kbit/s.
    #[n(1)]
    pub spare_kbps: u32,
    /// Members below with upload to spare, for the greeters' list.
    #[n(2)]
    pub offers: Vec<Contact>,
}

/// Slack of a whole track.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TrackStatus {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// Free slots in each substream, over all nodes.
    #[n(1)]
    pub slack: Vec<u32>,
}

/// STATUS: the origin's view of the whole, passed down the trees.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// Grows by one each second; older ones are not passed on.
    #[n(0)]
    pub number: u32,
    /// About how many watch.
    #[n(1)]
    pub viewers: u32,
    /// Slot ratio ρ in thousandths.
    #[n(2)]
    pub ratio_permille: u32,
    /// Each track.
    #[n(3)]
    pub tracks: Vec<TrackStatus>,
}
