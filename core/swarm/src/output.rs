//! What the overlay asks of its driver.

use crate::message::Token;
use crate::{Contact, Forecast, Message, PeerIndex, PieceId};

/// One thing to do; see the driving contract in the crate's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a control message to a neighbour.
    Send {
        /// To whom.
        peer: PeerIndex,
        /// What.
        message: Message,
    },
    /// Dial a node; answer with `handle_connected` or `handle_connect_failed`.
    Connect(Contact),
    /// Send packets to a node that sends to us at the same time; see [`Meeting`].
    Meet(Meeting),
    /// End the connection with a neighbour. The index is free again at once; no
    /// `handle_disconnected` is expected (one that comes anyway is ignored).
    Close {
        /// Which.
        peer: PeerIndex,
        /// Why.
        reason: CloseReason,
    },
    /// Nobody is left to ask: look again for members (link hints, local discovery, DHT).
    NeedContacts,
    /// Something that a person or a log may want to know.
    Event(Event),
}

/// A common neighbour has told two nodes of each other, so that they open their NATs for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What both show each other.
    pub token: Token,
    /// Who the other one is, and where the introducer sees it.
    pub contact: Contact,
    /// The ports that its NAT is going to use, where it counts.
    pub forecast: Option<Forecast>,
    /// This node dials once a packet with the token has come; the other one waits for that. It was
    /// asked for by [`Output::Connect`]'s rules: answer in the same way.
    pub dials: bool,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Neither side has used it for a while.
    Idle,
    /// This node has as many neighbours as it can hold.
    Full,
    /// It sent pieces whose signature is wrong.
    BadPieces,
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node has found its first parents; it is part of the swarm.
    Joined,
    /// A parent has been lost and replaced.
    Reattached {
        /// Milliseconds from suspicion to the acceptance by the new parent.
        after_ms: u32,
    },
    /// Nobody could be reached for more than a second.
    Isolated,
}

/// A piece that leaves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// To whom.
    pub peer: PeerIndex,
    /// Which piece; the driver has its bytes.
    pub piece: PieceId,
    /// It answers a need for repair or backfill; the receiver is told.
    pub repair: bool,
}

/// What became of a piece that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was missing; keep it.
    New,
    /// It is here already.
    Duplicate,
    /// Its time is over, or its track is unknown.
    Stale,
}
