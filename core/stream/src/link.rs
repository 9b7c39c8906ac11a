//! A link: the invitation that one person sends to another. A link is a secret.
//!
//! The checksum is there for typing errors only; who may watch is decided by the roster.

use std::fmt;
use std::net::SocketAddr;

use crate::format::Reader;
use crate::{ChannelKey, FormatError, Secret, hint};

const PERSONAL: u8 = 1;
const VEILED: u8 = 2;
const RELAYS_ONLY: u8 = 4;
const CHECK_LEN: usize = 4;

/// An invitation to a channel.
#[derive(Clone)]
pub struct Link {
    /// For one person, who claims it at the first use.
    pub personal: bool,
    /// Datagrams of this channel travel veiled.
    pub veiled: bool,
    /// Its holder connects to relays only.
    pub relays_only: bool,
    /// The channel, `A`.
    pub channel: ChannelKey,
    /// The invitation's own secret, `S`.
    pub secret: Secret<[u8; 16]>,
    /// Addresses where somebody may be found, at most [`MAX_HINTS`](crate::MAX_HINTS); further ones are not written.
    pub hints: Vec<SocketAddr>,
}

/// Why a link can't be used, in words for the person who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Cut, mistyped, or not a link at all.
    #[error("this link is damaged: {0}. Copy the whole link again, or ask for a new one")]
    Damaged(&'static str),
    /// Made by a newer version of the program.
    #[error("this link was made by a newer version of Manyhands. Update the program and try again")]
    NewerVersion,
}

impl Link {
    /// An open invitation ("anyone with the link") without hints.
    pub fn open(channel: ChannelKey, secret: Secret<[u8; 16]>) -> Self {
        let (personal, veiled, relays_only) = (false, false, false);
        Self { personal, veiled, relays_only, channel, secret, hints: Vec::new() }
    }

    /// The invitation's local name: 8 hexadecimal digits. It never travels.
    pub fn invite_id(&self) -> String {
        let hash = blake3::hash(self.secret.expose());
        hash.to_hex().chars().take(8).collect()
    }

    /// The link's bytes, 55 and more.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let flags = bit(self.personal, PERSONAL)
            | bit(self.veiled, VEILED)
            | bit(self.relays_only, RELAYS_ONLY);
        let mut out = Vec::with_capacity(160);
        out.extend_from_slice(&[1, flags]);
        out.extend_from_slice(&self.channel.0);
        out.extend_from_slice(self.secret.expose());
        hint::write(&mut out, &self.hints);
        let check = check(&out);
        out.extend_from_slice(&check);
        Secret::new(out)
    }

    /// Reads a link's bytes.
    ///
    /// # Errors
    /// [`LinkError::Damaged`] when the check does not hold, [`LinkError::NewerVersion`] when it does
    /// but version or flags are not known here.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinkError> {
        let (body, sum) = bytes
            .split_last_chunk::<CHECK_LEN>()
            .ok_or(LinkError::Damaged("a part of it is missing"))?;
        if check(body) != *sum {
            return Err(LinkError::Damaged("a part of it is missing or was changed"));
        }
        read_body(body).map_err(|error| match error {
            FormatError::Version(_) | FormatError::Field("flags") => LinkError::NewerVersion,
            _ => LinkError::Damaged("its content is not that of a link"),
        })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

fn check(body: &[u8]) -> [u8; CHECK_LEN] {
    let [a, b, c, d, ..] = *blake3::hash(body).as_bytes();
    [a, b, c, d]
}

fn read_body(body: &[u8]) -> Result<Link, FormatError> {
    let mut r = Reader::new(body);
    r.version()?;
    let flags = r.u8()?;
    if flags & !(PERSONAL | VEILED | RELAYS_ONLY) != 0 {
        return Err(FormatError::Field("flags"));
    }
    let channel = ChannelKey(r.array()?);
    let secret = Secret::new(r.array()?);
    let hints = hint::read(&mut r)?;
    r.end()?;
    Ok(Link {
        personal: flags & PERSONAL != 0,
        veiled: flags & VEILED != 0,
        relays_only: flags & RELAYS_ONLY != 0,
        channel,
        secret,
        hints,
    })
}
