//! Bodies of the messages by which a neighbour of two nodes makes them meet.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};

use crate::nat::Forecast;
use crate::{Contact, NodeId};

/// Names one introduction. Whoever shows it was told it by the introducer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub [u8; 16]);

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token")
    }
}

impl<C> Encode<C> for Token {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Token {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let bytes = d.bytes()?;
        bytes.try_into().map(Self).map_err(|_| DecodeError::message("a token has 16 bytes"))
    }
}

/// INTRODUCE: asks a neighbour to make this node and another neighbour of it meet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Introduce {
    /// Whom to meet.
    #[n(0)]
    pub node: NodeId,
    /// The ports that the asker's NAT will use, where it counts.
    #[n(1)]
    pub forecast: Option<Forecast>,
}

/// MEET: somebody is going to send to this node, and it should send there, now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Meet {
    /// Names the introduction.
    #[n(0)]
    pub token: Token,
    /// Who, and where the introducer itself sees it at this moment.
    #[n(1)]
    pub who: Contact,
    /// The ports that its NAT will use, where it counts.
    #[n(2)]
    pub forecast: Option<Forecast>,
    /// It answers an INTRODUCE; otherwise somebody else has asked, and READY is due.
    #[n(3)]
    pub asked: bool,
}

/// READY: this node has begun to send.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ready {
    /// Names the introduction.
    #[n(0)]
    pub token: Token,
    /// The ports that its NAT will use, where it counts.
    #[n(1)]
    pub forecast: Option<Forecast>,
}
