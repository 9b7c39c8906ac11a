//! PROOF: how two peers show each other over one TLS connection that both are in the roster.
//!
//! The listener says its epoch, the dialler proves first, then the listener. What is signed is a TLS
//! exporter value that binds role, both ends' keys and epoch, so that a proof can be neither relayed
//! nor reflected (SECURITY 10). On the wire every failure is one close code; only in here they differ.

use ed25519_dalek::SigningKey;

use crate::format::Reader;
use crate::sign::{self, Context, SIGNATURE_LEN};
use crate::{
    ChannelKey, Eid, FormatError, Freshness, MemberKey, PublicKey, Refused, RunView, Standing,
    Verified, Welcome,
};

/// The label of the TLS exporter.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-manyhands-1";
/// Bytes to take from the TLS exporter.
pub const EXPORTER_LEN: usize = 32;
/// Length of an encoded [`Hello`].
pub const HELLO_LEN: usize = 24;
/// Length of an encoded [`Proof`].
pub const PROOF_LEN: usize = 32 + SIGNATURE_LEN;

/// What the TLS exporter gave for [`exporter_context`].
pub type Exported = [u8; EXPORTER_LEN];

/// Who of the two a proof is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that opened the connection.
    Dialler,
    /// The end that accepted it.
    Listener,
}

/// The exporter's context for the proof of `role`: `r u8 | BLAKE3(SPKI_D) | BLAKE3(SPKI_L) | eid`.
/// The keys are DER SubjectPublicKeyInfo as TLS showed them (RFC 7250).
pub fn exporter_context(
    role: Role,
    spki_dialler: &[u8],
    spki_listener: &[u8],
    eid: &Eid,
) -> Vec<u8> {
    let role = match role {
        Role::Dialler => 0,
        Role::Listener => 1,
    };
    let (d, l) = (blake3::hash(spki_dialler), blake3::hash(spki_listener));
    [&[role][..], d.as_bytes(), l.as_bytes(), &eid.0].concat()
}

/// A listener's first words: `eid 16 | broadcast u64`. Not believed, only used to derive keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The epoch for which the dialler is to prove.
    pub eid: Eid,
    /// The broadcast's number. Lower than the one that the dialler knows: leave.
    pub broadcast: u64,
}

impl Hello {
    /// The 24 bytes.
    pub fn to_bytes(&self) -> [u8; HELLO_LEN] {
        let mut out = [0; HELLO_LEN];
        let (eid, broadcast) = out.split_at_mut(16);
        eid.copy_from_slice(&self.eid.0);
        broadcast.copy_from_slice(&self.broadcast.to_le_bytes());
        out
    }

    /// Reads the 24 bytes.
    ///
    /// # Errors
    /// Another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        let hello = Self { eid: Eid(r.array()?), broadcast: r.u64()? };
        r.end()?;
        Ok(hello)
    }
}

/// `P 32 | Sig(p, "proof", x) 64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Who claims to be here.
    pub member: MemberKey,
    signature: [u8; SIGNATURE_LEN],
}

impl Proof {
    pub(crate) fn sign(key: &SigningKey, exported: &Exported) -> Self {
        let signature = sign::sign(key, Context::Proof, &[exported]);
        Self { member: key.verifying_key().into(), signature }
    }

    /// The 96 bytes.
    pub fn to_bytes(&self) -> [u8; PROOF_LEN] {
        let mut out = [0; PROOF_LEN];
        let (member, signature) = out.split_at_mut(32);
        member.copy_from_slice(&self.member.0);
        signature.copy_from_slice(&self.signature);
        out
    }

    /// Reads the 96 bytes; nothing is checked yet.
    ///
    /// # Errors
    /// Another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        let proof = Self { member: PublicKey(r.array()?), signature: r.array()? };
        r.end()?;
        Ok(proof)
    }

    fn holds(&self, exported: &Exported) -> bool {
        self.member.verify(Context::Proof, &[exported], &self.signature)
    }
}

/// Why somebody was not let in. Peers see one close code, after a fixed 50 ms, except
/// [`ProofError::Revoked`], which comes with evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The key is not in the roster.
    #[error("not a member")]
    NotAMember,
    /// The key is in the roster, the signature is not its.
    #[error("the signature does not hold")]
    BadSignature,
    /// The invitation was taken back; the signature holds. The evidence is what to send.
    #[error("the invitation was taken back")]
    Revoked(Box<Welcome>),
    /// This listener's own head is more than 30 s old: it lets nobody new in.
    #[error("the listener has no fresh head")]
    NotFresh,
    /// The listener speaks of an older broadcast than the one that is known: leave.
    #[error("the listener is of an older broadcast")]
    OlderBroadcast,
    /// The listener's roster is not of the epoch that it named first.
    #[error("the listener's roster is not of the epoch that it named")]
    OtherEpoch,
    /// The listener's certificate, head or roster is not believed.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl RunView {
    /// The listener's check of a dialler: roster first, then the signature, at most one of them.
    /// `exported` is this end's exporter value for [`Role::Dialler`] and the `eid` of [`RunView::hello`]
    /// *as it was said on this connection*: when the roster has changed since, say hello again.
    ///
    /// # Errors
    /// [`ProofError::NotFresh`], [`ProofError::NotAMember`], [`ProofError::BadSignature`],
    /// [`ProofError::Revoked`].
    pub fn check_dialler(
        &self,
        proof: &Proof,
        exported: &Exported,
        now_unix_ms: u64,
    ) -> Result<Standing, ProofError> {
        if let Freshness::NotLive { .. } = self.freshness(now_unix_ms) {
            return Err(ProofError::NotFresh);
        }
        let standing = self.check_member(&proof.member);
        match standing {
            Standing::Stranger => Err(ProofError::NotAMember),
            _ if !proof.holds(exported) => Err(ProofError::BadSignature),
            Standing::Revoked => Err(ProofError::Revoked(Box::new(self.welcome()))),
            Standing::Broadcaster | Standing::Member => Ok(standing),
        }
    }
}

impl Verified {
    /// The dialler's check of a listener, by the certificate, head and roster that came with its
    /// proof. `exported` is for [`Role::Listener`] and the `eid` of `hello`.
    ///
    /// A listener may be an epoch behind what the dialler knows; both then keep the newer state and
    /// prove again.
    ///
    /// # Errors
    /// [`ProofError::OtherEpoch`], [`ProofError::NotAMember`], [`ProofError::BadSignature`].
    pub fn check_listener(
        &self,
        hello: &Hello,
        proof: &Proof,
        exported: &Exported,
    ) -> Result<Standing, ProofError> {
        if self.roster().eid() != hello.eid {
            return Err(ProofError::OtherEpoch);
        }
        let standing = if proof.member == self.cert().fields().broadcaster {
            Standing::Broadcaster
        } else if self.roster().entry(&proof.member).is_some() {
            Standing::Member
        } else {
            return Err(ProofError::NotAMember);
        };
        if proof.holds(exported) { Ok(standing) } else { Err(ProofError::BadSignature) }
    }
}

/// As [`Welcome::verify`] and [`Verified::check_listener`] in one: what a dialler does with all that
/// a listener sent.
///
/// # Errors
/// See [`ProofError`].
pub fn check_listener(
    channel: &ChannelKey,
    welcome: &Welcome,
    hello: &Hello,
    proof: &Proof,
    exported: &Exported,
    now_unix_ms: u64,
) -> Result<(Verified, Standing), ProofError> {
    let verified = welcome.verify(channel, now_unix_ms)?;
    let standing = verified.check_listener(hello, proof, exported)?;
    Ok((verified, standing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_context_binds_role_both_keys_and_epoch() {
        let base = exporter_context(Role::Dialler, b"d", b"l", &Eid([1; 16]));
        assert_eq!(base.len(), 1 + 32 + 32 + 16);
        for other in [
            exporter_context(Role::Listener, b"d", b"l", &Eid([1; 16])),
            exporter_context(Role::Dialler, b"x", b"l", &Eid([1; 16])),
            exporter_context(Role::Dialler, b"d", b"x", &Eid([1; 16])),
            exporter_context(Role::Dialler, b"l", b"d", &Eid([1; 16])),
            exporter_context(Role::Dialler, b"d", b"l", &Eid([2; 16])),
        ] {
            assert_ne!(base, other);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Hello::parse(&bytes);
            if let Ok(proof) = Proof::parse(&bytes) {
                prop_assert!(!proof.holds(&[0; 32]));
                prop_assert_eq!(&proof.to_bytes()[..], &bytes[..]);
            }
        }
    }
}
