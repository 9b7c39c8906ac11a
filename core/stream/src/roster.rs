//! The roster: who is in an epoch, by per-epoch public key, with the epoch's secret wrapped to each.
//!
//! It carries no signature: a signed head names its hash. Everybody can verify a member with it and
//! nobody can mint one; entries of people, relays and dummies look alike, and it has one of eight
//! sizes, so it does not tell how many are invited.

use bytes::Bytes;

use crate::format::Reader;
use crate::{Eid, EpochKeys, FormatError, MemberKey, MemberSecret, RunId, Secret, aead, past};

/// A roster is padded to at least this many entries.
pub const MIN_ROSTER_ENTRIES: usize = 16;
/// The most entries of a roster (164 KiB); above, complete-subtree covers are for a later version.
pub const MAX_ROSTER_ENTRIES: usize = 2048;
/// The most tags of taken-back members; 16 KiB, as many as there can be entries.
pub const MAX_ROSTER_TAGS: usize = 2048;
/// Past epochs whose secrets a roster can carry.
pub const MAX_PAST_EPOCHS: usize = past::PLACES;

/// Length of an entry's wrapped secret.
pub(crate) const WRAP_LEN: usize = 32 + aead::TAG_LEN;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// `P`: the member's key of this epoch.
    pub member: MemberKey,
    /// `E` under the member's `W`; random for those who shall not open anything.
    pub wrap: [u8; WRAP_LEN],
}

/// A roster as it was received: its content and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    pub(crate) run: RunId,
    pub(crate) epoch: u32,
    pub(crate) eid: Eid,
    pub(crate) rev: u32,
    pub(crate) commit: [u8; 32],
    pub(crate) entries: Vec<RosterEntry>,
    pub(crate) tags: Vec<[u8; 8]>,
    pub(crate) past: Vec<u8>,
    pub(crate) bytes: Bytes,
    pub(crate) hash: [u8; 32],
}

/// Why a member could not get an epoch's secret out of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnwrapError {
    /// No entry, and a tag says that there was one.
    #[error("taken back")]
    Revoked,
    /// No entry.
    #[error("not in the roster")]
    Absent,
    /// The entry holds no secret for this member, or not the one that the roster commits to.
    #[error("the entry holds no key")]
    Sealed,
}

impl Roster {
    /// Reads a roster. It counts for nothing until a signed head names its [`Roster::hash`].
    ///
    /// # Errors
    /// Length or version; a number of entries that is not a power of two in 16..=2048, or of tags
    /// that is not a multiple of 8 up to 2048; entries that are not strictly sorted by key.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        r.version()?;
        let (run, epoch, eid) = (RunId(r.array()?), r.u32()?, Eid(r.array()?));
        let (rev, commit) = (r.u32()?, r.array()?);
        let entries = read_entries(&mut r)?;
        let tags = read_tags(&mut r)?;
        let past = r.take(past::BOX_LEN)?.to_vec();
        r.end()?;
        let hash = *blake3::hash(bytes).as_bytes();
        let bytes = Bytes::copy_from_slice(bytes);
        Ok(Self { run, epoch, eid, rev, commit, entries, tags, past, bytes, hash })
    }

    /// The run it belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The epoch's number within the run.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The epoch's public name.
    pub fn eid(&self) -> Eid {
        self.eid
    }

    /// Grows when entries are added within the epoch.
    pub fn rev(&self) -> u32 {
        self.rev
    }

    /// `KDF("commit", E, run)`.
    pub fn commit(&self) -> &[u8; 32] {
        &self.commit
    }

    /// All entries, sorted by key; people, relays and dummies alike.
    pub fn entries(&self) -> &[RosterEntry] {
        &self.entries
    }

    /// The first 8 bytes of the keys that taken-back members would have in this epoch.
    pub fn tags(&self) -> &[[u8; 8]] {
        &self.tags
    }

    /// BLAKE3 of the bytes: what the head names.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The bytes as received, to be passed on.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The entry of `member`.
    pub fn entry(&self, member: &MemberKey) -> Option<&RosterEntry> {
        let at = self.entries.binary_search_by(|entry| entry.member.cmp(member)).ok()?;
        self.entries.get(at)
    }

    /// Whether a tag says that `member` was taken back.
    pub fn is_tagged(&self, member: &MemberKey) -> bool {
        self.tags.contains(&member.tag())
    }

    /// The epoch's secret for the holder of `secret`, and the past epochs that it opens.
    pub(crate) fn unwrap(
        &self,
        secret: &MemberSecret,
    ) -> Result<(EpochKeys, Vec<EpochKeys>), UnwrapError> {
        let member = secret.key(&self.eid);
        let Some(entry) = self.entry(&member) else {
            let revoked = self.is_tagged(&member);
            return Err(if revoked { UnwrapError::Revoked } else { UnwrapError::Absent });
        };
        let aad = wrap_aad(&self.run, self.epoch, &self.eid, &member);
        let plain = aead::open(&secret.wrap_key(&self.eid), [0; 12], &aad, &entry.wrap)
            .map(Secret::new)
            .ok_or(UnwrapError::Sealed)?;
        let e = plain.expose().as_slice().try_into().map_err(|_| UnwrapError::Sealed)?;
        let keys = EpochKeys::new(self.epoch, Secret::new(e));
        if keys.commit(&self.run) != self.commit {
            return Err(UnwrapError::Sealed);
        }
        let past = past::open(&keys, &self.run, &self.past).ok_or(UnwrapError::Sealed)?;
        Ok((keys, past))
    }
}

/// `run | epoch | eid | P`: what a wrapped secret is bound to.
pub(crate) fn wrap_aad(run: &RunId, epoch: u32, eid: &Eid, member: &MemberKey) -> Vec<u8> {
    [&run.0[..], &epoch.to_le_bytes(), &eid.0, &member.0].concat()
}

fn read_entries(r: &mut Reader<'_>) -> Result<Vec<RosterEntry>, FormatError> {
    let n = usize::from(r.u16()?);
    if !n.is_power_of_two() || !(MIN_ROSTER_ENTRIES..=MAX_ROSTER_ENTRIES).contains(&n) {
        return Err(FormatError::Field("n"));
    }
    let mut entries: Vec<RosterEntry> = Vec::with_capacity(n);
    for _ in 0..n {
        let entry = RosterEntry { member: crate::PublicKey(r.array()?), wrap: r.array()? };
        if entries.last().is_some_and(|last| last.member >= entry.member) {
            return Err(FormatError::Field("P"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_tags(r: &mut Reader<'_>) -> Result<Vec<[u8; 8]>, FormatError> {
    let n = usize::from(r.u16()?);
    if !n.is_multiple_of(8) || n > MAX_ROSTER_TAGS {
        return Err(FormatError::Field("r"));
    }
    (0..n).map(|_| r.array()).collect()
}
