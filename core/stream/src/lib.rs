//! What a stream is: keys, links, epochs, rosters, heads, sealed chunks and signed pieces.
//!
//! `docs/protocol.md` has every byte of these formats and `tests/vectors` fixes them; this crate is
//! the one place that reads and writes them. It does no I/O, reads no clock and draws no randomness
//! of its own: unix milliseconds, media time and the generator are arguments.
//!
//! Who uses what:
//! * the broadcaster holds an [`Origin`]: it seals chunks, cuts them into signed pieces and signs
//!   heads; all of its secrets live in memory only and die with the process (a *run*);
//! * everybody (origin, viewers, relays) holds a [`RunView`]: the newest public state of a run, with
//!   which pieces, heads, rosters and other peers are checked;
//! * a viewer holds a [`Member`]: its invitation, and the keys that open what a view has checked;
//! * a relay holds a [`Relay`]: its permit, and a [`Follower`], which is a member without such keys.
//!
//! Invariants: nothing received can panic this crate; every signature is checked over the bytes
//! received; an older state never replaces a newer one; no (key, nonce) pair is ever used twice.

mod aead;
mod assembly;
mod cert;
mod channel;
mod chunk;
mod cut;
mod epoch;
mod follower;
mod format;
mod head;
mod head_sealed;
mod hint;
pub mod kdf;
mod lan;
mod link;
mod link_text;
mod meeting;
mod meeting_key;
mod member;
mod origin;
mod past;
mod permit;
mod piece;
pub mod proof;
mod relay;
mod roster;
mod roster_build;
mod run_options;
mod secret;
mod sign;
mod ticket;
#[cfg(test)]
mod vectors;
mod verdict;
mod view;
mod welcome;

pub use assembly::{Assembly, AssemblyError, Progress, assemble};
pub use cert::{CERT_LEN, Cert, CertFields, MAX_CERT_LIFE_MS, RETIRED_STARTED_MS};
pub use channel::{Channel, ChannelKey};
pub use chunk::{
    CHUNK_OVERHEAD, ChunkFlags, MAX_CHUNK_LEN, OpenError, OpenedChunk, SealError, SealedChunk,
};
pub use cut::{MAX_K, PIECE_TARGET_LEN};
pub use epoch::{EPOCH_LEAD_MS, EPOCH_LIFE_MS, Eid, EpochKeys, MemberKey, MemberSecret, WINDOW_MS};
pub use follower::Follower;
pub use format::FormatError;
pub use head::{HEAD_MAX_LEN, Head, HeadFields, HeadState, MAX_TRACKS, TrackInfo};
pub use head_sealed::{HeadSealed, TrackSealed};
pub use hint::MAX_HINTS;
pub use lan::{LAN_MARK_LEN, LanMark};
pub use link::{Link, LinkError};
pub use meeting::{Entry, MAX_ENTRIES, MEETING_LEN, Meeting, MeetingState};
pub use meeting_key::{MeetingPoint, MeetingSigner, SignedMeeting, day_of};
pub use member::{Member, MemberError};
pub use origin::Origin;
pub use permit::{PERMIT_LEN, Permit, PermitError};
pub use piece::{MAX_PIECE_LEN, PIECE_HEADER_LEN, PieceHeader, STALE_AHEAD};
pub use relay::Relay;
pub use roster::{
    MAX_PAST_EPOCHS, MAX_ROSTER_ENTRIES, MAX_ROSTER_TAGS, MIN_ROSTER_ENTRIES, Roster, RosterEntry,
};
pub use roster_build::RosterPlan;
pub use run_options::{HeadInput, OriginError, Rotation, RunOptions};
pub use secret::Secret;
pub use sign::{PublicKey, SIGNATURE_LEN};
pub use ticket::{Ticket, TicketError};
pub use verdict::{Freshness, News, Standing, Verdict};
pub use view::RunView;
pub use welcome::{FRESH_MS, Floor, Refused, Verified, Welcome};

/// Names one process start of a broadcaster: 16 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub [u8; 16]);
