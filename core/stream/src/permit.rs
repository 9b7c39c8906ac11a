//! PERMIT: what a broadcaster shows to a relay inside TLS, before the relay is in any roster.
//!
//! `permit 16 | flags u8 | CERT 202 | Sig(B, "permit", x | flags)`. `x` is the TLS exporter's value as
//! for a dialler's PROOF, with `run` where `eid` stands there: it binds connection, relay and run, so
//! that what is shown to one relay, or in one run, is void everywhere else.

use bytes::Bytes;
use ed25519_dalek::SigningKey;

use crate::format::Reader;
use crate::proof::Exported;
use crate::sign::{self, Context, SIGNATURE_LEN};
use crate::welcome::verify_cert;
use crate::{CERT_LEN, Cert, Eid, FormatError, Refused, Secret};

/// Length of an encoded [`Permit`].
pub const PERMIT_LEN: usize = 16 + 1 + CERT_LEN + SIGNATURE_LEN;
const SHIELDED: u8 = 1;

/// A broadcaster's request to a relay.
#[derive(Clone, Debug)]
pub struct Permit {
    permit: Secret<[u8; 16]>,
    /// The relay is to show nobody where the broadcaster is.
    pub shielded: bool,
    /// The run that it is to carry.
    pub(crate) cert: Cert,
    signature: [u8; SIGNATURE_LEN],
}

/// Why a relay does not carry a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// The permit is not this relay's.
    #[error("not this relay's permit")]
    OtherPermit,
    /// The certificate is not believed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Whoever shows it is not the run's broadcaster, or it was made for another connection.
    #[error("not shown by the run's broadcaster")]
    NotTheBroadcaster,
    /// The relay carries another channel.
    #[error("busy with another channel")]
    Busy,
}

impl Permit {
    pub(crate) fn sign(
        broadcaster: &SigningKey,
        cert: &Cert,
        permit: &Secret<[u8; 16]>,
        shielded: bool,
        exported: &Exported,
    ) -> Self {
        let signature = sign::sign(broadcaster, Context::Permit, &[exported, &[flags(shielded)]]);
        Self { permit: permit.clone(), shielded, cert: cert.clone(), signature }
    }

    /// The 283 bytes.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        let parts: [&[u8]; 4] =
            [self.permit.expose(), &[flags(self.shielded)], self.cert.bytes(), &self.signature];
        Secret::new(parts.concat())
    }

    /// Reads the 283 bytes; nothing is checked yet.
    ///
    /// # Errors
    /// Another length, an unknown flag, or a certificate that is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        let permit = Secret::new(r.array()?);
        let flags = r.u8()?;
        if flags & !SHIELDED != 0 {
            return Err(FormatError::Field("flags"));
        }
        let cert = Cert::parse(r.take(CERT_LEN)?)?;
        let signature = r.array()?;
        r.end()?;
        Ok(Self { permit, shielded: flags & SHIELDED != 0, cert, signature })
    }

    /// What the exporter's context has in the place of an epoch's name: the run.
    pub fn context(&self) -> Eid {
        Eid(self.cert.fields().run.0)
    }

    /// The certificate's bytes.
    pub fn cert(&self) -> &Bytes {
        self.cert.bytes()
    }

    /// Checks permit, certificate and signature, in this order.
    pub(crate) fn check(
        &self,
        expected: &Secret<[u8; 16]>,
        exported: &Exported,
        now_unix_ms: u64,
    ) -> Result<(), PermitError> {
        // Hashes are compared in constant time.
        if blake3::hash(self.permit.expose()) != blake3::hash(expected.expose()) {
            return Err(PermitError::OtherPermit);
        }
        let fields = self.cert.fields();
        verify_cert(self.cert.bytes(), &fields.channel, now_unix_ms)?;
        if fields.retired {
            return Err(Refused::Retired.into());
        }
        let signed: [&[u8]; 2] = [exported, &[flags(self.shielded)]];
        if fields.broadcaster.verify(Context::Permit, &signed, &self.signature) {
            Ok(())
        } else {
            Err(PermitError::NotTheBroadcaster)
        }
    }
}

fn flags(shielded: bool) -> u8 {
    if shielded { SHIELDED } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Permit::parse(&bytes);
            bytes.resize(PERMIT_LEN, 0);
            // As far as the certificate.
            (bytes[16], bytes[17], bytes[18]) = (1, 1, 0);
            if let Ok(permit) = Permit::parse(&bytes) {
                let again = permit.to_bytes();
                prop_assert_eq!(again.expose(), &bytes);
                prop_assert!(permit.check(&Secret::new([0; 16]), &[0; 32], 0).is_err());
            }
        }
    }
}
