//! The certificate: a channel says "this key speaks for me in this run".
//!
//! A later run has a greater `started_ms`; a retired certificate ends the channel for good.

use bytes::Bytes;

use crate::format::Reader;
use crate::sign::{self, Context};
use crate::{Channel, ChannelKey, FormatError, PublicKey, Refused, RunId};

/// Length of a certificate.
pub const CERT_LEN: usize = 202;
/// The longest time that a certificate may say it holds, from its start.
pub const MAX_CERT_LIFE_MS: u64 = 24 * 60 * 60 * 1000;
/// The `started_ms` of a retired certificate: greater than any run's, so that it wins for ever.
pub const RETIRED_STARTED_MS: u64 = i64::MAX as u64;

const PRIVATE: u8 = 1;
const VEILED: u8 = 2;
const RETIRED: u8 = 4;
const SIGNED_LEN: usize = CERT_LEN - sign::SIGNATURE_LEN;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertFields {
    /// The broadcast is for invited people.
    pub private: bool,
    /// Long-header datagrams of this channel travel veiled.
    pub veiled: bool,
    /// The channel has ended for good.
    pub retired: bool,
    /// `A`: the channel.
    pub channel: ChannelKey,
    /// `B`: the key that signs heads and pieces of this run.
    pub broadcaster: PublicKey,
    /// `X`: the X25519 key to which claims of this run are sealed.
    pub exchange: [u8; 32],
    /// The run.
    pub run: RunId,
    /// The broadcast's number within the channel: 1, 2, 3…; a restart that goes on keeps it.
    pub broadcast: u64,
    /// When the run began: unix milliseconds, strictly growing within a channel.
    pub started_ms: u64,
    /// When the certificate stops to hold, unix milliseconds; at most a day after the start.
    pub expires_ms: u64,
}

/// A certificate as it was received: its fields and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cert {
    fields: CertFields,
    bytes: Bytes,
}

impl Cert {
    /// Signs `fields` with the channel's key (which also gives the field `channel`).
    pub fn issue(channel: &Channel, mut fields: CertFields) -> Self {
        fields.channel = channel.key();
        let mut out = Vec::with_capacity(CERT_LEN);
        out.push(1);
        out.push(flags(&fields));
        out.extend_from_slice(&fields.channel.0);
        out.extend_from_slice(&fields.broadcaster.0);
        out.extend_from_slice(&fields.exchange);
        out.extend_from_slice(&fields.run.0);
        out.extend_from_slice(&fields.broadcast.to_le_bytes());
        out.extend_from_slice(&fields.started_ms.to_le_bytes());
        out.extend_from_slice(&fields.expires_ms.to_le_bytes());
        let signature = sign::sign(channel.signer(), Context::Cert, &[&out]);
        out.extend_from_slice(&signature);
        Self { fields, bytes: out.into() }
    }

    /// Reads a certificate. The signature is not checked yet: see [`Cert::verify`].
    ///
    /// # Errors
    /// Length, version, an unknown flag, or a life of more than a day.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        r.version()?;
        let flags = r.u8()?;
        if flags & !(PRIVATE | VEILED | RETIRED) != 0 {
            return Err(FormatError::Field("flags"));
        }
        let fields = CertFields {
            private: flags & PRIVATE != 0,
            veiled: flags & VEILED != 0,
            retired: flags & RETIRED != 0,
            channel: ChannelKey(r.array()?),
            broadcaster: PublicKey(r.array()?),
            exchange: r.array()?,
            run: RunId(r.array()?),
            broadcast: r.u64()?,
            started_ms: r.u64()?,
            expires_ms: r.u64()?,
        };
        r.array::<{ sign::SIGNATURE_LEN }>()?;
        r.end()?;
        check_times(&fields)?;
        Ok(Self { fields, bytes: Bytes::copy_from_slice(bytes) })
    }

    /// Whether this is signed by `channel`, over the bytes received.
    ///
    /// # Errors
    /// [`Refused::OtherChannel`] or [`Refused::Signature`].
    pub fn verify(&self, channel: &ChannelKey) -> Result<(), Refused> {
        if self.fields.channel != *channel {
            return Err(Refused::OtherChannel);
        }
        let (signed, signature) =
            self.bytes.split_at_checked(SIGNED_LEN).ok_or(Refused::Signature)?;
        let signature = signature.try_into().map_err(|_| Refused::Signature)?;
        if channel.public().verify(Context::Cert, &[signed], signature) {
            Ok(())
        } else {
            Err(Refused::Signature)
        }
    }

    /// What it says.
    pub fn fields(&self) -> &CertFields {
        &self.fields
    }

    /// The bytes as received, to be passed on.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn flags(fields: &CertFields) -> u8 {
    let bit = |on: bool, bit: u8| if on { bit } else { 0 };
    bit(fields.private, PRIVATE) | bit(fields.veiled, VEILED) | bit(fields.retired, RETIRED)
}

/// A certificate holds from its start for at most a day; a retired one holds for ever.
fn check_times(fields: &CertFields) -> Result<(), FormatError> {
    if fields.retired {
        return Ok(());
    }
    match fields.expires_ms.checked_sub(fields.started_ms) {
        Some(life) if life <= MAX_CERT_LIFE_MS => Ok(()),
        _ => Err(FormatError::Field("expires_ms")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields() -> CertFields {
        CertFields {
            private: true,
            veiled: false,
            retired: false,
            channel: ChannelKey([0; 32]),
            broadcaster: PublicKey([2; 32]),
            exchange: [3; 32],
            run: RunId([4; 16]),
            broadcast: 5,
            started_ms: 6,
            expires_ms: 7,
        }
    }

    fn channel(seed: u8) -> Channel {
        Channel::from_seed(Secret::new([seed; 32]))
    }
    use crate::Secret;

    #[test]
    fn a_certificate_says_what_was_signed_and_only_for_its_channel() {
        let cert = Cert::issue(&channel(1), fields());
        assert_eq!(cert.bytes().len(), CERT_LEN);
        let read = Cert::parse(cert.bytes()).unwrap();
        assert_eq!(read, cert);
        assert_eq!(read.fields().expires_ms, 7);
        read.verify(&channel(1).key()).unwrap();
        assert_eq!(read.verify(&channel(2).key()), Err(Refused::OtherChannel));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let cert = Cert::issue(&channel(1), fields());
        for at in 0..CERT_LEN {
            let mut bytes = cert.bytes().to_vec();
            bytes[at] ^= 1;
            let accepted = Cert::parse(&bytes).is_ok_and(|c| c.verify(&channel(1).key()).is_ok());
            assert!(!accepted, "byte {at}");
        }
    }

    #[test]
    fn a_life_of_more_than_a_day_is_refused_unless_retired() {
        let long = CertFields { expires_ms: 7 + MAX_CERT_LIFE_MS, ..fields() };
        let cert = Cert::issue(&channel(1), long.clone());
        assert_eq!(Cert::parse(cert.bytes()), Err(FormatError::Field("expires_ms")));
        let retired = CertFields { retired: true, started_ms: RETIRED_STARTED_MS, ..long };
        assert!(Cert::parse(Cert::issue(&channel(1), retired).bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(cert) = Cert::parse(&bytes) {
                let _ = cert.verify(&cert.fields().channel);
            }
        }
    }
}
