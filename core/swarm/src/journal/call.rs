//! The driving verbs as values, and what the overlay answers.

use super::codec::cases;
use crate::{
    Arrival, Contact, LinkReport, Mapping, Message, Output, PeerIndex, PeerInfo, Piece, PieceId,
    Swarm, Time, TrackConfig, TrackId, Transmit,
};

/// One call to a [`Swarm`], named as the verb is: all that change it, and those of which the answer
/// decides what its driver does next.
#[derive(Debug)]
pub(super) enum Call {
    Tracks { now: Time, tracks: Vec<TrackConfig> },
    NewRun { now: Time },
    Allowance { now: Time, bps: Option<u64> },
    Pace { now: Time, bps: Option<u64> },
    Line { free_at: Time },
    Connected { now: Time, peer: PeerIndex, info: PeerInfo },
    ConnectFailed { now: Time, contact: Contact },
    Disconnected { now: Time, peer: PeerIndex },
    Message { now: Time, peer: PeerIndex, message: Message },
    Wants { piece: PieceId },
    Piece { now: Time, from: PeerIndex, piece: Piece, repair: bool },
    BadPiece { now: Time, from: PeerIndex },
    Publish { now: Time, piece: Piece },
    Link { now: Time, peer: PeerIndex, link: LinkReport },
    Playhead { now: Time, track: TrackId, capture_ms: u32 },
    Timeout { now: Time },
    PollTimeout,
    PollOutput,
    PollTransmit { now: Time },
    Refused { now: Time, transmit: Transmit },
    Leave { now: Time },
    Mapping { mapping: Mapping },
    OpenPort { port: Option<u16> },
}

/// What a call gives back.
#[derive(Debug)]
pub(super) enum Answer {
    Nothing,
    Wanted(bool),
    Arrival(Arrival),
    Due(Option<Time>),
    Output(Option<Output>),
    Transmit(Option<Transmit>),
}

cases! {
    Call {
        0 => Tracks { now, tracks },
        1 => NewRun { now },
        2 => Allowance { now, bps },
        3 => Pace { now, bps },
        4 => Line { free_at },
        5 => Connected { now, peer, info },
        6 => ConnectFailed { now, contact },
        7 => Disconnected { now, peer },
        8 => Message { now, peer, message },
        9 => Wants { piece },
        10 => Piece { now, from, piece, repair },
        11 => BadPiece { now, from },
        12 => Publish { now, piece },
        13 => Link { now, peer, link },
        14 => Playhead { now, track, capture_ms },
        15 => Timeout { now },
        16 => PollTimeout,
        17 => PollOutput,
        18 => PollTransmit { now },
        19 => Refused { now, transmit },
        20 => Leave { now },
        21 => Mapping { mapping },
        22 => OpenPort { port },
    }
    Answer {
        0 => Nothing,
        1 => Wanted(wanted),
        2 => Arrival(arrival),
        3 => Due(time),
        4 => Output(output),
        5 => Transmit(transmit),
    }
}

impl Call {
    /// Makes the call.
    pub(super) fn perform(self, swarm: &mut Swarm) -> Answer {
        match self {
            Self::Tracks { now, tracks } => swarm.handle_tracks(now, &tracks),
            Self::NewRun { now } => swarm.handle_new_run(now),
            Self::Allowance { now, bps } => swarm.handle_allowance(now, bps),
            Self::Pace { now, bps } => swarm.handle_pace(now, bps),
            Self::Line { free_at } => swarm.handle_line(free_at),
            Self::Connected { now, peer, info } => swarm.handle_connected(now, peer, info),
            Self::ConnectFailed { now, contact } => swarm.handle_connect_failed(now, contact),
            Self::Disconnected { now, peer } => swarm.handle_disconnected(now, peer),
            Self::Message { now, peer, message } => swarm.handle_message(now, peer, message),
            Self::Wants { piece } => return Answer::Wanted(swarm.wants(&piece)),
            Self::Piece { now, from, piece, repair } => {
                return Answer::Arrival(swarm.handle_piece(now, from, &piece, repair));
            }
            Self::BadPiece { now, from } => swarm.handle_bad_piece(now, from),
            Self::Publish { now, piece } => swarm.handle_publish(now, &piece),
            Self::Link { now, peer, link } => swarm.handle_link(now, peer, link),
            Self::Playhead { now, track, capture_ms } => {
                swarm.handle_playhead(now, track, capture_ms);
            }
            Self::Timeout { now } => swarm.handle_timeout(now),
            Self::PollTimeout => return Answer::Due(swarm.poll_timeout()),
            Self::PollOutput => return Answer::Output(swarm.poll_output()),
            Self::PollTransmit { now } => return Answer::Transmit(swarm.poll_transmit(now)),
            Self::Refused { now, transmit } => swarm.handle_refused(now, transmit),
            Self::Leave { now } => swarm.handle_leave(now),
            Self::Mapping { mapping } => swarm.handle_mapping(mapping),
            Self::OpenPort { port } => swarm.handle_open_port(port),
        }
        Answer::Nothing
    }
}
