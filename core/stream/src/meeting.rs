//! What stands in the DHT for one invitation while its channel is live: where somebody can be
//! reached. The plaintext has a fixed length, so that what is stored tells nobody how many.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::FormatError;
use crate::format::Reader;

/// The plaintext's length in bytes: with nonce, tag and bencoding it stays under the DHT's 1,000.
pub const MEETING_LEN: usize = 896;
/// The most addresses that it names.
pub const MAX_ENTRIES: usize = 20;

/// What the item is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingState {
    /// The channel is live.
    Live,
    /// The invitation was taken back; nothing else is said.
    Revoked,
}

/// A place where somebody can be reached, and who has to answer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub address: SocketAddr,
    /// The first 16 bytes of BLAKE3 of the TLS public key (`SubjectPublicKeyInfo`) that answers.
    pub node: [u8; 16],
}

/// The opened content of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What it is for.
    pub state: MeetingState,
    /// When it was written, Unix milliseconds; of two the later one counts.
    pub issued_ms: u64,
    /// When the run started, Unix milliseconds.
    pub started_ms: u64,
    /// Where to go, at most [`MAX_ENTRIES`]; further ones are not written.
    pub entries: Vec<Entry>,
}

impl Meeting {
    /// The plaintext.
    pub fn to_bytes(&self) -> [u8; MEETING_LEN] {
        let revoked = self.state == MeetingState::Revoked;
        let entries = if revoked { &[] } else { self.entries.as_slice() };
        let count = entries.len().min(MAX_ENTRIES);
        let mut out = vec![1, u8::from(revoked)];
        out.extend_from_slice(&self.issued_ms.to_le_bytes());
        out.extend_from_slice(&self.started_ms.to_le_bytes());
        out.push(u8::try_from(count).unwrap_or_default());
        entries.iter().take(count).for_each(|entry| write_entry(&mut out, entry));
        let mut bytes = [0; MEETING_LEN];
        bytes.iter_mut().zip(out).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads a plaintext.
    ///
    /// # Errors
    /// Another length, a newer version, or a value that the format doesn't allow.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let (bytes, rest) = bytes.split_first_chunk::<MEETING_LEN>().ok_or(FormatError::Short)?;
        if !rest.is_empty() {
            return Err(FormatError::Long);
        }
        let mut r = Reader::new(bytes);
        r.version()?;
        let state = match r.u8()? {
            0 => MeetingState::Live,
            1 => MeetingState::Revoked,
            _ => return Err(FormatError::Field("status")),
        };
        let (issued_ms, started_ms, count) = (r.u64()?, r.u64()?, usize::from(r.u8()?));
        if count > MAX_ENTRIES || (state == MeetingState::Revoked && count > 0) {
            return Err(FormatError::Field("n"));
        }
        let entries = (0..count).map(|_| read_entry(&mut r)).collect::<Result<_, _>>()?;
        if r.rest().iter().any(|byte| *byte != 0) {
            return Err(FormatError::Field("padding"));
        }
        Ok(Self { state, issued_ms, started_ms, entries })
    }
}

/// `family u8 | ip 16 | port u16 | node 16`; an IPv4 address is followed by zeros.
fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    match entry.address.ip() {
        IpAddr::V4(ip) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
            out.extend_from_slice(&[0; 12]);
        }
        IpAddr::V6(ip) => {
            out.push(6);
            out.extend_from_slice(&ip.octets());
        }
    }
    out.extend_from_slice(&entry.address.port().to_le_bytes());
    out.extend_from_slice(&entry.node);
}

fn read_entry(r: &mut Reader<'_>) -> Result<Entry, FormatError> {
    let (family, ip) = (r.u8()?, r.array::<16>()?);
    let ip = match (family, ip) {
        (4, [a, b, c, d, rest @ ..]) if rest == [0; 12] => Ipv4Addr::new(a, b, c, d).into(),
        (6, octets) => Ipv6Addr::from(octets).into(),
        _ => return Err(FormatError::Field("ip")),
    };
    Ok(Entry { address: SocketAddr::new(ip, r.u16()?), node: r.array()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full() -> Meeting {
        let entry = |n: u8| Entry {
            address: if n.is_multiple_of(2) {
                SocketAddr::from(([192, 0, 2, n], 4433))
            } else {
                SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(n)], 65535))
            },
            node: [n; 16],
        };
        let entries = (0..20).map(entry).collect();
        Meeting { state: MeetingState::Live, issued_ms: 7, started_ms: 5, entries }
    }

    #[test]
    fn twenty_entries_of_both_families_come_back() {
        assert_eq!(Meeting::parse(&full().to_bytes()), Ok(full()));
    }

    #[test]
    fn a_revoked_item_names_no_address() {
        let revoked = Meeting { state: MeetingState::Revoked, ..full() };
        let read = Meeting::parse(&revoked.to_bytes()).unwrap();
        assert!(read.entries.is_empty() && read.state == MeetingState::Revoked);
        let mut bytes = full().to_bytes();
        bytes[1] = 1;
        assert_eq!(Meeting::parse(&bytes), Err(FormatError::Field("n")));
    }

    #[test]
    fn a_twenty_first_entry_is_not_written() {
        let mut meeting = full();
        meeting.entries.push(meeting.entries[0]);
        assert_eq!(Meeting::parse(&meeting.to_bytes()), Ok(full()));
    }

    #[test]
    fn other_lengths_paddings_and_families_are_refused() {
        let bytes = full().to_bytes();
        assert_eq!(Meeting::parse(&bytes[..MEETING_LEN - 1]), Err(FormatError::Short));
        assert_eq!(Meeting::parse(&[&bytes[..], &[0]].concat()), Err(FormatError::Long));
        let refused = |at: usize, byte: u8| {
            let mut changed = bytes;
            changed[at] = byte;
            Meeting::parse(&changed).unwrap_err()
        };
        assert_eq!(refused(0, 2), FormatError::Version(2));
        assert_eq!(refused(1, 2), FormatError::Field("status"));
        assert_eq!(refused(18, 21), FormatError::Field("n"));
        assert_eq!(refused(19, 5), FormatError::Field("ip"));
        assert_eq!(refused(24, 1), FormatError::Field("ip"));
        assert_eq!(refused(MEETING_LEN - 1, 1), FormatError::Field("padding"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic_and_written_back_the_same(
            mut bytes in proptest::collection::vec(any::<u8>(), MEETING_LEN), sound in any::<bool>(),
        ) {
            if sound {
                (bytes[0], bytes[1], bytes[18]) = (1, 0, bytes[18] % 21);
                let end = 19 + 35 * usize::from(bytes[18]);
                bytes[end..].fill(0);
                (0..usize::from(bytes[18])).for_each(|n| bytes[19 + 35 * n] = 6);
            }
            let read = Meeting::parse(&bytes);
            prop_assert!(read.is_ok() || !sound);
            if let Ok(meeting) = read {
                prop_assert_eq!(meeting.to_bytes().to_vec(), bytes);
            }
        }
    }
}
