//! Making a roster: members, entries without a key, dummies and tags, sorted so that nothing tells
//! them apart.

use ed25519_dalek::SigningKey;
use rand::CryptoRng;

use crate::roster::{WRAP_LEN, wrap_aad};
use crate::{
    Eid, EpochKeys, MAX_ROSTER_ENTRIES, MAX_ROSTER_TAGS, MIN_ROSTER_ENTRIES, MemberKey,
    MemberSecret, Roster, RosterEntry, RunId, aead, past,
};

/// What a roster shall say.
#[derive(Clone, Copy, Debug)]
pub struct RosterPlan<'a> {
    /// The run.
    pub run: RunId,
    /// The epoch's number and secret.
    pub keys: &'a EpochKeys,
    /// The epoch's public name.
    pub eid: Eid,
    /// The revision within the epoch.
    pub rev: u32,
    /// Those who get the epoch's secret.
    pub members: &'a [MemberSecret],
    /// Those who are verified like members and open nothing: relays.
    pub keyless: &'a [MemberSecret],
    /// Those who were taken back.
    pub revoked: &'a [MemberSecret],
    /// Past epochs still in the window, oldest first.
    pub past: &'a [EpochKeys],
}

impl RosterPlan<'_> {
    /// Makes the roster. `None` when there are more than 2,048 entries or tags.
    pub fn build(&self, rng: &mut impl CryptoRng) -> Option<Roster> {
        let entries = self.entries(rng)?;
        let tags = self.tags(rng)?;
        let past = past::seal(self.keys, &self.run, self.past, rng)?;
        let mut out = Vec::with_capacity(80 * entries.len() + 8 * tags.len() + past.len() + 128);
        out.push(1);
        out.extend_from_slice(&self.run.0);
        out.extend_from_slice(&self.keys.epoch().to_le_bytes());
        out.extend_from_slice(&self.eid.0);
        out.extend_from_slice(&self.rev.to_le_bytes());
        out.extend_from_slice(&self.keys.commit(&self.run));
        out.extend_from_slice(&u16::try_from(entries.len()).ok()?.to_le_bytes());
        for entry in &entries {
            out.extend_from_slice(&entry.member.0);
            out.extend_from_slice(&entry.wrap);
        }
        out.extend_from_slice(&u16::try_from(tags.len()).ok()?.to_le_bytes());
        tags.iter().for_each(|tag| out.extend_from_slice(tag));
        out.extend_from_slice(&past);
        Roster::parse(&out).ok()
    }

    fn entries(&self, rng: &mut impl CryptoRng) -> Option<Vec<RosterEntry>> {
        let mut entries = Vec::new();
        for member in self.members {
            entries.push(self.wrapped(member)?);
        }
        for keyless in self.keyless {
            entries.push(unwrapped(keyless.key(&self.eid), rng));
        }
        entries.sort_by_key(|entry| entry.member);
        entries.dedup_by_key(|entry| entry.member);
        let target = entries.len().max(MIN_ROSTER_ENTRIES).checked_next_power_of_two()?;
        if target > MAX_ROSTER_ENTRIES {
            return None;
        }
        // A dummy's key must be a point on the curve like all others: random bytes would show it.
        while entries.len() < target {
            let key = SigningKey::generate(rng).verifying_key().into();
            entries.push(unwrapped(key, rng));
        }
        entries.sort_by_key(|entry| entry.member);
        Some(entries)
    }

    fn wrapped(&self, secret: &MemberSecret) -> Option<RosterEntry> {
        let member = secret.key(&self.eid);
        let aad = wrap_aad(&self.run, self.keys.epoch(), &self.eid, &member);
        let e = self.keys.secret().expose();
        let wrap = aead::seal(&secret.wrap_key(&self.eid), [0; 12], &aad, e)?;
        Some(RosterEntry { member, wrap: wrap.try_into().ok()? })
    }

    fn tags(&self, rng: &mut impl CryptoRng) -> Option<Vec<[u8; 8]>> {
        let mut tags: Vec<_> = self.revoked.iter().map(|m| m.key(&self.eid).tag()).collect();
        let target = tags.len().next_multiple_of(8);
        tags.resize_with(target, || {
            let mut tag = [0; 8];
            rng.fill_bytes(&mut tag);
            tag
        });
        tags.sort_unstable();
        (target <= MAX_ROSTER_TAGS).then_some(tags)
    }
}

fn unwrapped(member: MemberKey, rng: &mut impl CryptoRng) -> RosterEntry {
    let mut wrap = [0; WRAP_LEN];
    rng.fill_bytes(&mut wrap);
    RosterEntry { member, wrap }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::UnwrapError;
    use crate::{ChannelKey, FormatError, Secret};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    const RUN: RunId = RunId([1; 16]);

    fn member(n: u16) -> MemberSecret {
        let mut s = [0; 16];
        s[..2].copy_from_slice(&n.to_le_bytes());
        MemberSecret::open(&ChannelKey([2; 32]), &Secret::new(s))
    }

    fn members(range: std::ops::Range<u16>) -> Vec<MemberSecret> {
        range.map(member).collect()
    }

    fn roster(epoch: u32, inside: &[MemberSecret], revoked: &[MemberSecret]) -> Roster {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(epoch));
        let keys = EpochKeys::generate(epoch, &mut rng);
        let past = [EpochKeys::new(7, Secret::new([7; 32]))];
        let mut eid = [0; 16];
        rand::Rng::fill_bytes(&mut rng, &mut eid);
        let plan = RosterPlan {
            run: RUN,
            keys: &keys,
            eid: Eid(eid),
            rev: 0,
            members: inside,
            keyless: &[member(999)],
            revoked,
            past: &past,
        };
        plan.build(&mut rng).unwrap()
    }

    #[test]
    fn members_get_the_secret_and_the_past_others_are_told_apart() {
        let roster = roster(3, &members(0..5), &[member(40)]);
        assert_eq!((roster.entries().len(), roster.tags().len()), (16, 8));
        let (keys, past) = roster.unwrap(&member(4)).unwrap();
        assert_eq!(keys.epoch(), 3);
        assert_eq!(past.len(), 1);
        assert_eq!((past[0].epoch(), past[0].secret().expose()), (7, &[7; 32]));
        assert_eq!(roster.unwrap(&member(5)).unwrap_err(), UnwrapError::Absent);
        assert_eq!(roster.unwrap(&member(40)).unwrap_err(), UnwrapError::Revoked);
        assert_eq!(roster.unwrap(&member(999)).unwrap_err(), UnwrapError::Sealed);
    }

    #[test]
    fn sizes_are_powers_of_two_and_bounded() {
        for (inside, expected) in [(0, 16), (15, 16), (16, 32), (40, 64)] {
            assert_eq!(roster(0, &members(0..inside), &[]).entries().len(), expected);
        }
        let keys = EpochKeys::new(0, Secret::new([0; 32]));
        let many = members(0..2049);
        let plan = RosterPlan {
            run: RUN,
            keys: &keys,
            eid: Eid([0; 16]),
            rev: 0,
            members: &many,
            keyless: &[],
            revoked: &[],
            past: &[],
        };
        assert!(plan.build(&mut ChaCha20Rng::seed_from_u64(0)).is_none());
    }

    #[test]
    fn rosters_of_two_epochs_share_no_entry_and_have_one_size() {
        let before = roster(0, &members(0..9), &[member(50)]);
        let after = roster(1, &members(0..8), &[member(50), member(8)]);
        assert_eq!(before.bytes().len(), after.bytes().len());
        for entry in before.entries() {
            assert!(after.entry(&entry.member).is_none());
            assert!(after.entries().iter().all(|other| other.wrap != entry.wrap));
        }
        assert!(before.tags().iter().all(|tag| !after.tags().contains(tag)));
    }

    #[test]
    fn every_entry_is_a_point_so_dummies_do_not_show() {
        let roster = roster(0, &members(0..2), &[]);
        assert!(roster.entries().iter().all(|entry| entry.member.point().is_some()));
    }

    #[test]
    fn unsorted_or_unpadded_rosters_are_refused() {
        let good = roster(0, &members(0..2), &[]).bytes().to_vec();
        let entries_at = 1 + 16 + 4 + 16 + 4 + 32;
        let mut swapped = good.clone();
        let (first, second) = (entries_at + 2, entries_at + 82);
        let entry: Vec<u8> = swapped[first..second].to_vec();
        swapped.copy_within(second..second + 80, first);
        swapped[second..second + 80].copy_from_slice(&entry);
        assert_eq!(Roster::parse(&swapped), Err(FormatError::Field("P")));
        let mut odd = good.clone();
        odd[entries_at] = 15;
        assert_eq!(Roster::parse(&odd), Err(FormatError::Field("n")));
        assert_eq!(Roster::parse(&good[..good.len() - 1]), Err(FormatError::Short));
        assert_eq!(Roster::parse(&[good, vec![0]].concat()), Err(FormatError::Long));
    }

    #[test]
    fn a_wrapped_secret_that_breaks_the_commitment_is_refused() {
        let roster = roster(0, &members(0..2), &[]);
        let mut forged = roster.clone();
        forged.commit[0] ^= 1;
        assert_eq!(forged.unwrap(&member(0)).unwrap_err(), UnwrapError::Sealed);
    }

    proptest! {
        #[test]
        fn damaged_rosters_never_panic(at in 0usize..2600, value: u8, cut in 0usize..2600) {
            let mut bytes = roster(0, &members(0..2), &[]).bytes().to_vec();
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
            bytes.truncate(cut.max(1300));
            if let Ok(roster) = Roster::parse(&bytes) {
                let _ = roster.unwrap(&member(0));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Roster::parse(&bytes);
        }
    }
}
