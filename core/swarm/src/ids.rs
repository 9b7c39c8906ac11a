//! Names of nodes.

use core::fmt;
use core::net::SocketAddr;

/// Who a node is for the length of one broadcast: the first 16 bytes of BLAKE3 of its TLS public
/// key (`SubjectPublicKeyInfo`), fresh for each process and broadcast (SECURITY 26).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub [u8; 16]);

impl NodeId {
    /// The first 8 bytes: enough to find a loop in a path.
    #[must_use]
    pub const fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first four bytes in hexadecimal: enough to tell nodes apart in a table or a log.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// The driver's handle of a live neighbour: small, dense, reused after a disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerIndex(pub u32);

/// Where a node can be dialled. The address is one that a neighbour of it has observed on a
/// validated connection, never one that somebody merely claims (SECURITY 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// Whom to expect there; the driver refuses anybody else.
    pub node: NodeId,
    /// The address to dial.
    pub address: SocketAddr,
}
