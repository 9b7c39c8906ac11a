//! What a node knows of the NAT in front of it, as far as introductions need it.

use minicbor::{Decode, Encode};

/// The ports that a NAT which counts gives to the next destinations, or the one that it keeps open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Forecast {
    /// The port for the next new destination.
    #[n(0)]
    pub next: u16,
    /// How much further the port of each one after it is; 0: it is the same for all.
    #[n(1)]
    pub step: u8,
}

impl Forecast {
    /// A port that leads to this node whoever sends to it.
    pub(crate) const fn of_open_port(port: u16) -> Self {
        Self { next: port, step: 0 }
    }
}

/// How the NAT maps this node's socket (RFC 4787, section 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mapping {
    /// Too few neighbours have said what they see.
    #[default]
    Unknown,
    /// Everybody sees the same address: endpoint-independent, or no NAT at all.
    Steady,
    /// Every destination sees another port, and which one can be told.
    Counting(Forecast),
    /// Every destination sees another port.
    Unpredictable,
}

impl Mapping {
    /// A dial to a stranger would come from a port that nobody can be told of beforehand.
    pub(crate) const fn is_dependent(self) -> bool {
        matches!(self, Self::Counting(_) | Self::Unpredictable)
    }

    pub(crate) const fn forecast(self) -> Option<Forecast> {
        match self {
            Self::Counting(forecast) => Some(forecast),
            _ => None,
        }
    }
}
