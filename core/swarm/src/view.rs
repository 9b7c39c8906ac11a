//! Members that this node has heard of and could dial: where greeters and partners come from.
//!
//! Only nodes with upload to spare are in it. Bounded; entries age out, so that the departed are
//! not handed on for long.

use core::time::Duration;

use crate::config::Role;
use crate::dice::Dice;
use crate::{Contact, NodeId, Time};

/// Entries of a viewer (findings, section 2; 60 had no effect).
const VIEWER_ENTRIES: usize = 30;
/// Entries of the origin (findings, R1).
const ORIGIN_ENTRIES: usize = 256;
/// An entry that nobody has named for this long is forgotten.
const AGE: Duration = Duration::from_secs(20);

/// A bounded set of contacts.
#[derive(Clone, Debug)]
pub(crate) struct View {
    entries: Vec<(Contact, Time)>,
    limit: usize,
}

impl View {
    pub(crate) fn new(role: Role) -> Self {
        let limit = if role == Role::Origin { ORIGIN_ENTRIES } else { VIEWER_ENTRIES };
        Self { entries: Vec::new(), limit }
    }

    /// Takes note of a member; in a full view it replaces any other.
    pub(crate) fn learn(&mut self, now: Time, dice: &mut Dice, contact: Contact) {
        if let Some(old) = self.entries.iter_mut().find(|(c, _)| c.node == contact.node) {
            *old = (contact, now);
        } else if self.entries.len() < self.limit {
            self.entries.push((contact, now));
        } else {
            let at = dice.below(self.entries.len());
            if let Some(entry) = self.entries.get_mut(at) {
                *entry = (contact, now);
            }
        }
    }

    pub(crate) fn remove(&mut self, node: &NodeId) {
        self.entries.retain(|(c, _)| c.node != *node);
    }

    /// Up to `count` entries in random order, without `except`.
    pub(crate) fn sample(
        &mut self,
        now: Time,
        dice: &mut Dice,
        count: usize,
        except: &NodeId,
    ) -> Vec<Contact> {
        self.entries.retain(|(_, at)| now.since(*at) < AGE);
        let mut all: Vec<Contact> =
            self.entries.iter().map(|(c, _)| *c).filter(|c| c.node != *except).collect();
        dice.shuffle(&mut all);
        all.truncate(count);
        all
    }
}
