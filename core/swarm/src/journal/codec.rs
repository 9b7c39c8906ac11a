//! How values are written: their fields one after another, integers in as many bytes as they need.
//!
//! Nothing is left out or rounded, so that what is read is what was written. (Control messages are
//! written as on the wire, which is all that another node sees of them.)

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::time::Duration;

use crate::message::Token;
use crate::{
    Arrival, CloseReason, Config, Contact, Event, Forecast, LinkReport, Mapping, Mechanisms,
    Meeting, Message, NodeId, Output, PeerIndex, PeerInfo, Piece, PieceId, Role, Time, TrackConfig,
    Transmit,
};

/// What can be part of a journal.
pub(super) trait Value: Sized {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes it off the front; `None` when it isn't there.
    fn read(from: &mut &[u8]) -> Option<Self>;
}

/// A struct: its fields in this order. One that is forgotten doesn't compile.
macro_rules! fields {
    ($($type:ident { $($field:ident),+ $(,)? })+) => { $(
        impl Value for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($field.write(out);)+
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Value::read(from)?),+ })
            }
        }
    )+ };
}

/// An enum: the number of the case, then its fields.
macro_rules! cases {
    ($($type:ident {
        $($number:literal => $case:ident $(($inner:ident))? $({ $($field:ident),+ })?,)+
    })+) => { $(
        impl $crate::journal::codec::Value for $type {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$case $(($inner))? $({ $($field),+ })? => {
                        out.push($number);
                        $($inner.write(out);)?
                        $($($field.write(out);)+)?
                    })+
                }
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(match u8::read(from)? {
                    $($number => {
                        $(let $inner = $crate::journal::codec::Value::read(from)?;)?
                        $($(let $field = $crate::journal::codec::Value::read(from)?;)+)?
                        Self::$case $(($inner))? $({ $($field),+ })?
                    })+
                    _ => return None,
                })
            }
        }
    )+ };
}
pub(super) use cases;

fields! {
    Config {
        role, node, seed, can_upload, dials, fill, upkeep_bps, origin_share, small_group, short_ratio,
        neighbours, partners, mechanisms, forward, wary,
    }
    Contact { node, address }
    Forecast { next, step }
    LinkReport { acked_bytes, queued_bytes, rtt, blocked }
    Mechanisms { off }
    Meeting { token, contact, forecast, dials }
    PeerInfo { node, address, dialled, origin, dialable, hidden }
    Piece { id, parts, len, capture_ms, next_due_ms, keyframe }
    PieceId { track, chunk, substream, part }
    TrackConfig { track, k, parity, chunk_ms, wire_bps }
    Transmit { peer, piece, repair }
}

cases! {
    Arrival { 0 => New, 1 => Duplicate, 2 => Stale, }
    CloseReason { 0 => Idle, 1 => Full, 2 => BadPieces, }
    Event { 0 => Joined, 1 => Reattached { after_ms }, 2 => Isolated, }
    Mapping { 0 => Unknown, 1 => Steady, 2 => Counting(forecast), 3 => Unpredictable, }
    Output {
        0 => Send { peer, message },
        1 => Connect(contact),
        2 => Meet(meeting),
        3 => Close { peer, reason },
        4 => NeedContacts,
        5 => Event(event),
    }
    Role { 0 => Origin, 1 => Viewer, 2 => Relay, }
}

/// Seven bits a byte, the lowest first; the top bit says that another byte follows.
impl Value for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut value = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let byte = u8::read(from)?;
            let bits = Self::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if bits > Self::MAX >> shift {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

macro_rules! smaller_integers {
    ($($type:ty),+) => { $(
        impl Value for $type {
            fn write(&self, out: &mut Vec<u8>) {
                (*self as u64).write(out);
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                u64::read(from)?.try_into().ok()
            }
        }
    )+ };
}
smaller_integers!(u16, u32, usize);

impl Value for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let (first, rest) = from.split_first()?;
        *from = rest;
        Some(*first)
    }
}

impl Value for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        match u8::read(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// Its bits.
impl Value for f32 {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        u32::read(from).map(Self::from_bits)
    }
}

impl<const N: usize> Value for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(*bytes)
    }
}

impl<T: Value> Value for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Some(None) }
    }
}

/// How many, then each. Every element has a byte at least, so that a claim alone takes no memory.
impl<T: Value> Value for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        self.iter().for_each(|element| element.write(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let count = usize::read(from)?;
        (count <= from.len()).then(|| (0..count).map(|_| T::read(from)).collect())?
    }
}

impl Value for Duration {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_secs().write(out);
        self.subsec_nanos().write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let (seconds, nanos) = (u64::read(from)?, u32::read(from)?);
        (nanos < 1_000_000_000).then(|| Self::new(seconds, nanos))
    }
}

impl Value for Time {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_micros().write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        u64::read(from).map(Self::from_micros)
    }
}

impl Value for NodeId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Value::read(from).map(Self)
    }
}

impl Value for Token {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Value::read(from).map(Self)
    }
}

impl Value for PeerIndex {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Value::read(from).map(Self)
    }
}

/// 4 or 6, the address, the port; of IPv6 also what no message carries: flow and scope.
impl Value for SocketAddr {
    fn write(&self, out: &mut Vec<u8>) {
        match self.ip() {
            IpAddr::V4(ip) => {
                out.push(4);
                ip.octets().write(out);
            }
            IpAddr::V6(ip) => {
                out.push(6);
                ip.octets().write(out);
            }
        }
        self.port().write(out);
        if let Self::V6(address) = self {
            address.flowinfo().write(out);
            address.scope_id().write(out);
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        match u8::read(from)? {
            4 => {
                let ip = Ipv4Addr::from(<[u8; 4]>::read(from)?);
                Some(Self::V4(SocketAddrV4::new(ip, Value::read(from)?)))
            }
            6 => {
                let ip = Ipv6Addr::from(<[u8; 16]>::read(from)?);
                let port = Value::read(from)?;
                let (flow, scope) = (Value::read(from)?, Value::read(from)?);
                Some(Self::V6(SocketAddrV6::new(ip, port, flow, scope)))
            }
            _ => None,
        }
    }
}

impl Value for Message {
    fn write(&self, out: &mut Vec<u8>) {
        let mut frame = Vec::new();
        self.encode(&mut frame);
        frame.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let length = usize::read(from)?;
        let (frame, rest) = from.split_at_checked(length)?;
        *from = rest;
        Self::decode(frame).ok()
    }
}
