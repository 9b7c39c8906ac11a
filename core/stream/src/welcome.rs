//! What a newcomer is given: certificate, head and roster, and the checks that make them one.
//!
//! Nothing in a [`Verified`] is older than the certificate's run, unsigned, or of another run.

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;

use crate::{Cert, ChannelKey, FormatError, Head, Roster};

/// A head whose time is further off than this is not of a live broadcast (SECURITY 11). Also the
/// grace for a clock that is a little off when a certificate expires.
pub const FRESH_MS: u64 = 30_000;

/// Why a certificate, head or roster is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are not in the format.
    #[error("malformed: {0}")]
    Format(#[from] FormatError),
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The certificate is of another channel.
    #[error("of another channel")]
    OtherChannel,
    /// The head or roster is of another run than the certificate.
    #[error("of another run")]
    OtherRun,
    /// Older than what is already known of this channel.
    #[error("older than what is known")]
    Rollback,
    /// The certificate's time is over.
    #[error("the certificate has expired")]
    Expired,
    /// The head's time is more than 30 s off this device's clock: not live (any more).
    #[error("not live: the newest head was signed at {issued_ms} ms")]
    NotLive {
        /// When the head was signed, unix milliseconds.
        issued_ms: u64,
    },
    /// The roster is not the one that the head names.
    #[error("not the roster that the head names")]
    OtherRoster,
    /// The channel has been retired for good.
    #[error("the channel has been retired")]
    Retired,
}

/// The three byte strings that describe a run completely. Also the evidence for a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The certificate.
    pub cert: Bytes,
    /// The newest head that names `roster`.
    pub head: Bytes,
    /// The roster.
    pub roster: Bytes,
}

/// The greatest state that was seen of a channel. Viewers store it and refuse less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Floor {
    /// The run's start, unix milliseconds.
    pub started_ms: u64,
    /// The epoch.
    pub epoch: u32,
    /// The roster's revision.
    pub rev: u32,
    /// The head's number.
    pub head_no: u64,
}

/// A welcome whose signatures, hashes and times hold.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(crate) cert: Cert,
    pub(crate) broadcaster: VerifyingKey,
    pub(crate) head: Head,
    pub(crate) roster: Roster,
}

impl Welcome {
    /// Checks everything that can be checked without a member's secret.
    ///
    /// # Errors
    /// See [`Refused`]; [`Refused::Retired`] only after the retired certificate's signature held.
    pub fn verify(&self, channel: &ChannelKey, now_unix_ms: u64) -> Result<Verified, Refused> {
        let cert = verify_cert(&self.cert, channel, now_unix_ms)?;
        if cert.fields().retired {
            return Err(Refused::Retired);
        }
        let broadcaster = cert.fields().broadcaster.point().ok_or(Refused::Signature)?;
        let head = Head::parse(&self.head)?;
        if head.fields().run != cert.fields().run {
            return Err(Refused::OtherRun);
        }
        if !head.verify(&broadcaster) {
            return Err(Refused::Signature);
        }
        let issued_ms = head.fields().issued_ms;
        if now_unix_ms.abs_diff(issued_ms) > FRESH_MS {
            return Err(Refused::NotLive { issued_ms });
        }
        let roster = named_roster(&head, &self.roster)?;
        Ok(Verified { cert, broadcaster, head, roster })
    }
}

impl Verified {
    /// The certificate.
    pub fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The roster.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Its place in the channel's order.
    pub fn floor(&self) -> Floor {
        Floor {
            started_ms: self.cert.fields().started_ms,
            epoch: self.roster.epoch(),
            rev: self.roster.rev(),
            head_no: self.head.fields().head_no,
        }
    }
}

/// Reads a certificate, checks its signature and that it has not expired (a retired one never does).
pub(crate) fn verify_cert(
    bytes: &[u8],
    channel: &ChannelKey,
    now_unix_ms: u64,
) -> Result<Cert, Refused> {
    let cert = Cert::parse(bytes)?;
    cert.verify(channel)?;
    let fields = cert.fields();
    if !fields.retired && now_unix_ms > fields.expires_ms.saturating_add(FRESH_MS) {
        return Err(Refused::Expired);
    }
    Ok(cert)
}

/// Reads the roster that `head` names.
pub(crate) fn named_roster(head: &Head, bytes: &[u8]) -> Result<Roster, Refused> {
    if *blake3::hash(bytes).as_bytes() != head.fields().roster {
        return Err(Refused::OtherRoster);
    }
    let roster = Roster::parse(bytes)?;
    if roster.run() != head.fields().run {
        return Err(Refused::OtherRun);
    }
    if roster.epoch() != head.fields().epoch {
        return Err(Refused::Format(FormatError::Field("epoch")));
    }
    Ok(roster)
}
