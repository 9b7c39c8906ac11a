//! Addresses in links and tickets: where somebody may be found.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::FormatError;
use crate::format::Reader;

/// The most addresses that a link or a ticket may name: each is dialled only after a person's act.
pub const MAX_HINTS: usize = 4;

/// `n u8 | n × hint`; hints beyond [`MAX_HINTS`] are not written.
pub(crate) fn write(out: &mut Vec<u8>, hints: &[SocketAddr]) {
    out.push(hints.len().min(MAX_HINTS) as u8);
    for hint in hints.iter().take(MAX_HINTS) {
        match hint.ip() {
            IpAddr::V4(ip) => {
                out.push(4);
                out.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
        out.extend_from_slice(&hint.port().to_le_bytes());
    }
}

pub(crate) fn read(r: &mut Reader<'_>) -> Result<Vec<SocketAddr>, FormatError> {
    let count = r.u8()?;
    if usize::from(count) > MAX_HINTS {
        return Err(FormatError::Field("n"));
    }
    (0..count).map(|_| read_one(r)).collect()
}

fn read_one(r: &mut Reader<'_>) -> Result<SocketAddr, FormatError> {
    let ip: IpAddr = match r.u8()? {
        4 => Ipv4Addr::from(r.array::<4>()?).into(),
        6 => Ipv6Addr::from(r.array::<16>()?).into(),
        _ => return Err(FormatError::Field("hint")),
    };
    Ok(SocketAddr::new(ip, r.u16()?))
}
