//! The packets by which two nodes open their NATs for each other: 40 bytes, no connection, no state.
//!
//! `kind u8 | zeros [7] | token [16] | sender [16]`. QUIC never begins a datagram with the top two
//! bits clear (RFC 9000, section 17: the fixed bit), so these share its socket.

use manyhands_swarm::NodeId;
use manyhands_swarm::message::Token;

/// SECURITY 6.
pub(crate) const PUNCH_LEN: usize = 40;

/// One such packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Punch {
    /// It answers one; otherwise it asks for an answer.
    pub(crate) answer: bool,
    /// The introduction.
    pub(crate) token: Token,
    /// Who sends it.
    pub(crate) sender: NodeId,
}

impl Punch {
    pub(crate) fn to_bytes(self) -> [u8; PUNCH_LEN] {
        let mut bytes = [0; PUNCH_LEN];
        let [kind, _, _, _, _, _, _, _, rest @ ..] = &mut bytes;
        *kind = if self.answer { 2 } else { 1 };
        let ids = self.token.0.iter().chain(&self.sender.0);
        rest.iter_mut().zip(ids).for_each(|(to, from)| *to = *from);
        bytes
    }

    pub(crate) fn parse(datagram: &[u8]) -> Option<Self> {
        let datagram: &[u8; PUNCH_LEN] = datagram.try_into().ok()?;
        let (head, rest) = datagram.split_first_chunk::<8>()?;
        let (token, sender) = rest.split_first_chunk::<16>()?;
        let answer = match head {
            [1, 0, 0, 0, 0, 0, 0, 0] => false,
            [2, 0, 0, 0, 0, 0, 0, 0] => true,
            _ => return None,
        };
        Some(Self { answer, token: Token(*token), sender: NodeId(sender.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_back_and_can_t_be_taken_for_quic() {
        for answer in [false, true] {
            let punch = Punch { answer, token: Token([7; 16]), sender: NodeId([9; 16]) };
            let bytes = punch.to_bytes();
            assert_eq!(Punch::parse(&bytes), Some(punch));
            assert_eq!(bytes[0] & 0xc0, 0);
            assert!((0..PUNCH_LEN).all(|end| Punch::parse(&bytes[..end]).is_none()));
            for at in 0..8 {
                let mut bent = bytes;
                bent[at] ^= 0x40;
                assert_eq!(Punch::parse(&bent), None, "byte {at}");
            }
        }
    }
}
