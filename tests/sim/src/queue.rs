//! The calendar of a run: events by time, then by the order in which they were put in.
//!
//! A ring of 1 ms buckets with a heap for what lies further ahead: pushing and popping cost the
//! same however many events wait.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

const BUCKETS: usize = 4_096;
const WIDTH_US: u64 = 1_000;

struct Entry<T> {
    at: u64,
    number: u64,
    item: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl<T> Eq for Entry<T> {}
impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
/// Reversed: the heap gives the earliest first.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// A priority queue over virtual microseconds.
pub(crate) struct Calendar<T> {
    /// The bucket that is being emptied, the earliest event last.
    now: Vec<Entry<T>>,
    /// What has been put into that bucket since.
    fresh: BinaryHeap<Entry<T>>,
    ring: Vec<Vec<Entry<T>>>,
    /// Room of buckets that have been emptied, for the next ones.
    spare: Vec<Vec<Entry<T>>>,
    far: BinaryHeap<Entry<T>>,
    bucket: u64,
    waiting: usize,
    number: u64,
}

impl<T> Calendar<T> {
    pub(crate) fn new() -> Self {
        Self {
            now: Vec::new(),
            fresh: BinaryHeap::new(),
            ring: (0..BUCKETS).map(|_| Vec::new()).collect(),
            spare: Vec::new(),
            far: BinaryHeap::new(),
            bucket: 0,
            waiting: 0,
            number: 0,
        }
    }

    pub(crate) fn push(&mut self, at: u64, item: T) {
        self.number += 1;
        let entry = Entry { at, number: self.number, item };
        let bucket = at / WIDTH_US;
        if bucket <= self.bucket {
            self.fresh.push(entry);
        } else if bucket < self.bucket + BUCKETS as u64 {
            let place = &mut self.ring[bucket as usize % BUCKETS];
            if place.capacity() == 0 {
                *place = self.spare.pop().unwrap_or_default();
            }
            place.push(entry);
            self.waiting += 1;
        } else {
            self.far.push(entry);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        while self.now.is_empty() && self.fresh.is_empty() {
            self.turn()?;
        }
        let fresh = match (self.now.last(), self.fresh.peek()) {
            (Some(old), Some(new)) => new > old,
            (old, _) => old.is_none(),
        };
        let entry = if fresh { self.fresh.pop() } else { self.now.pop() };
        entry.map(|e| (e.at, e.item))
    }

    /// Goes on to the next bucket; `None` if nothing waits.
    fn turn(&mut self) -> Option<()> {
        match self.waiting {
            0 => self.bucket = self.far.peek()?.at / WIDTH_US,
            _ => self.bucket += 1,
        }
        let next = std::mem::take(&mut self.ring[self.bucket as usize % BUCKETS]);
        let emptied = std::mem::replace(&mut self.now, next);
        if emptied.capacity() > 0 {
            self.spare.push(emptied);
        }
        self.waiting -= self.now.len();
        while self.far.peek().is_some_and(|e| e.at / WIDTH_US <= self.bucket) {
            self.now.extend(self.far.pop());
        }
        self.now.sort_unstable();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_by_time_and_then_in_the_order_they_went_in() {
        let mut calendar = Calendar::new();
        let times = [5_000_000, 3, 3, 900, 1_000, 70_000_000, 4_096_000, 4_095_999];
        for (item, at) in times.into_iter().enumerate() {
            calendar.push(at, item);
        }
        let mut out = Vec::new();
        while let Some((at, item)) = calendar.pop() {
            out.push((at, item));
            if at == 900 {
                calendar.push(901, 99);
            }
        }
        let mut sorted = out.clone();
        sorted.sort_unstable();
        assert_eq!(out, sorted);
        assert_eq!(out.len(), times.len() + 1);
    }
}
