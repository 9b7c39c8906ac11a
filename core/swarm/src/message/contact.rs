//! Names and addresses on the wire: byte strings of fixed lengths.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};

use crate::{Contact, NodeId};

impl<C> Encode<C> for NodeId {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for NodeId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let bytes = d.bytes()?;
        bytes.try_into().map(Self).map_err(|_| DecodeError::message("a name has 16 bytes"))
    }
}

/// `node 16 | address 4 or 16 | port u16 big-endian` in one byte string.
impl<C> Encode<C> for Contact {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        let mut raw = [0u8; 34];
        raw[..16].copy_from_slice(&self.node.0);
        let ip = match self.address.ip() {
            IpAddr::V4(ip) => {
                raw[16..20].copy_from_slice(&ip.octets());
                4
            }
            IpAddr::V6(ip) => {
                raw[16..32].copy_from_slice(&ip.octets());
                16
            }
        };
        raw[16 + ip..18 + ip].copy_from_slice(&self.address.port().to_be_bytes());
        e.bytes(&raw[..18 + ip])?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Contact {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        read(d.bytes()?).ok_or_else(|| DecodeError::message("not a contact"))
    }
}

fn read(bytes: &[u8]) -> Option<Contact> {
    let (node, rest) = bytes.split_first_chunk::<16>()?;
    let (ip, port) = rest.split_last_chunk::<2>()?;
    let ip = match ip.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
        _ => return None,
    };
    Some(Contact { node: NodeId(*node), address: SocketAddr::new(ip, u16::from_be_bytes(*port)) })
}
