//! Bodies of the messages between parents, children and those who want to become either.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};

use crate::{Contact, TrackId};

/// What is special about an ATTACH, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Flags(#[n(0)] pub u8);

impl Flags {
    /// Several tries have failed: slots outside the homes may be used.
    pub const EMERGENCY: Self = Self(1);
    /// The parent is silent: a temporary slot will do.
    pub const LIFEBOAT: Self = Self(2);
    /// The parent is leaving; its own parent may put the child in its place.
    pub const SUCCESSOR: Self = Self(4);
    /// Nothing plays yet: begin with the newest keyframe, if that is later than `from`.
    pub const FRESH: Self = Self(8);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// ATTACH: looks for a parent in one substream. Forwarded over existing links; the acceptor dials.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attach {
    /// Names the search; a node handles each only once.
    #[n(0)]
    pub token: u64,
    /// The track.
    #[n(1)]
    pub track: TrackId,
    /// The substream.
    #[n(2)]
    pub substream: u8,
    /// Who looks: absent from the orphan itself, filled in by the first neighbour as it observes
    /// it (SECURITY 6).
    #[n(3)]
    pub who: Option<Contact>,
    /// Children that the orphan could take in this substream.
    #[n(4)]
    pub fan: u16,
    /// What is special.
    #[n(5)]
    pub flags: Flags,
    /// How often it may still be forwarded.
    #[n(6)]
    pub ttl: u8,
    /// The first chunk wanted; pieces from there on are sent after the slot is given. Of a lifeboat
    /// it is only asked that it has a newer one: the orphan asks the winner for its gap.
    #[n(7)]
    pub from: Option<u32>,
    /// Climb: how many parents up the one is that should take the asker. 0: an ordinary search.
    #[n(8)]
    pub climb: u8,
    /// Nodes that have seen it (short names).
    #[n(9)]
    pub seen: Vec<u64>,
}

/// One node on the way to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The first 8 bytes of its name.
    pub id: u64,
    /// Fan of its smallest child in this substream plus one, 0 if it has a free slot: who may climb
    /// there.
    pub room: u16,
}

/// Ten bytes a hop in one byte string, the origin first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Hop>);

impl<C> Encode<C> for Path {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        let mut raw = Vec::with_capacity(10 * self.0.len());
        for hop in &self.0 {
            raw.extend_from_slice(&hop.id.to_be_bytes());
            raw.extend_from_slice(&hop.room.to_be_bytes());
        }
        e.bytes(&raw)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Path {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let (hops, rest) = d.bytes()?.as_chunks::<10>();
        if !rest.is_empty() {
            return Err(DecodeError::message("a hop has 10 bytes"));
        }
        let hop = |[a, b, c, d, e, f, g, h, i, j]: &[u8; 10]| Hop {
            id: u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
            room: u16::from_be_bytes([*i, *j]),
        };
        Ok(Self(hops.iter().map(hop).collect()))
    }
}

/// ACCEPT: the slot is reserved and pieces flow already.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Accept {
    /// The search that it answers.
    #[n(0)]
    pub token: u64,
    /// The track.
    #[n(1)]
    pub track: TrackId,
    /// The substream.
    #[n(2)]
    pub substream: u8,
    /// For 3 seconds only: go on looking.
    #[n(3)]
    pub temporary: bool,
    /// From the origin to the acceptor, both included.
    #[n(4)]
    pub path: Path,
    /// The newest chunk of which the acceptor has this substream; it pushes those after it.
    #[n(6)]
    pub newest: Option<u32>,
    /// Where the origin can be dialled; told down to the third hop (DESIGN, "A mass crash").
    #[n(5)]
    pub root: Option<Contact>,
}

/// REJECT: the search has ended without a slot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reject {
    /// Which search.
    #[n(0)]
    pub token: u64,
    /// The track.
    #[n(1)]
    pub track: TrackId,
    /// The substream.
    #[n(2)]
    pub substream: u8,
}

/// DETACH: from a child, it takes no more than is said; from a parent, it gives no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Detach {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
    /// The sender is the parent.
    #[n(2)]
    pub parent: bool,
    /// From a child that has found another parent: the last chunk that it still takes from this one,
    /// because the new parent pushes only what comes after it. Absent: nothing more.
    #[n(3)]
    pub after: Option<u32>,
}

/// EVICT: the child is to look for another parent and is served meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evict {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
    /// Whoever evicts leaves the swarm: its own parent may take the child in its place.
    #[n(2)]
    pub leaving: bool,
}

/// RECALL: the child that was evicted may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Recall {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
}

/// HOLD: pieces are late above the parent as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hold {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
}

/// PATH: the way from the origin to the sender.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PathUpdate {
    /// The track.
    #[n(0)]
    pub track: TrackId,
    /// The substream.
    #[n(1)]
    pub substream: u8,
    /// From the origin to the sender, both included.
    #[n(2)]
    pub path: Path,
    /// As in [`Accept::root`].
    #[n(3)]
    pub root: Option<Contact>,
}
