//! A relay's side: it lets in whoever the roster names, checks every piece, and opens nothing.
//!
//! Invariants: it carries one channel, of whose runs a broadcaster has shown it this relay's permit;
//! its place in the rosters has no key in it; nothing that it knows lets anybody else in.

use rand::CryptoRng;

use crate::permit::{Permit, PermitError};
use crate::proof::Exported;
use crate::{Floor, Follower, MemberSecret, Refused, Secret};

/// A relay, idle until a broadcaster has shown the permit.
#[derive(Debug)]
pub struct Relay {
    permit: Secret<[u8; 16]>,
    carried: Option<Follower>,
    shielded: bool,
}

impl Relay {
    /// A relay whose ticket has this permit.
    pub fn new(permit: Secret<[u8; 16]>) -> Self {
        Self { permit, carried: None, shielded: false }
    }

    /// What it carries: its place in the channel's rosters, with a secret of its own for each channel.
    pub fn carried(&self) -> Option<&Follower> {
        self.carried.as_ref()
    }

    /// The same, to be told what is new.
    pub fn carried_mut(&mut self) -> Option<&mut Follower> {
        self.carried.as_mut()
    }

    /// Nobody is to learn from this relay where the broadcaster is.
    pub fn is_shielding(&self) -> bool {
        self.shielded
    }

    /// Judges what a broadcaster shows. The answer is `M_r`, for its rosters: a new one with the first
    /// run of a channel, the same for all that follow. What was asked for once stays: a run that is
    /// shielded stays so.
    ///
    /// # Errors
    /// See [`PermitError`].
    pub fn admit(
        &mut self,
        permit: &Permit,
        exported: &Exported,
        now_unix_ms: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<MemberSecret, PermitError> {
        permit.check(&self.permit, exported, now_unix_ms)?;
        let fields = permit.cert.fields();
        let carried = match &mut self.carried {
            Some(carried) if carried.channel() != fields.channel => return Err(PermitError::Busy),
            Some(carried) if carried.floor().started_ms > fields.started_ms => {
                return Err(Refused::Rollback.into());
            }
            Some(carried) => carried,
            none => {
                let secret = MemberSecret::random(rng);
                none.insert(Follower::new(fields.channel, secret, Floor::default()))
            }
        };
        self.shielded |= permit.shielded;
        Ok(carried.secret().clone())
    }
}
