//! A journal's calls made once more.

use core::fmt;
use std::io::Read;

use super::call::{Answer, Call};
use super::codec::Value;
use super::{JournalError, MAGIC, MAX_RECORD};
use crate::{Config, Swarm, Time};

/// A journal that is open for reading. Nothing is read ahead: give it a buffered reader.
#[derive(Debug)]
pub struct Journal<R> {
    from: R,
    config: Config,
}

/// What a replay has shown.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Calls that were made.
    pub steps: u64,
    /// Things to do among their answers: messages, dials, closes, events.
    pub outputs: u64,
    /// Pieces that left.
    pub transmits: u64,
    /// Verdicts on pieces that had arrived.
    pub arrivals: u64,
    /// Calls that were answered otherwise than in the journal.
    pub different: u64,
    /// The first of them.
    pub first: Option<Difference>,
    /// When, on the node's own clock, its last round ended.
    pub until: Time,
    /// The journal ends within a record, as when its writer was killed; what is there of it was not
    /// replayed.
    pub cut_off: bool,
}

/// A call that was answered otherwise than in the journal.
#[derive(Debug)]
pub struct Difference {
    /// The number of the call, from 1.
    pub step: u64,
    /// The call.
    pub call: String,
    /// Its answer in the journal.
    pub recorded: String,
    /// Its answer now.
    pub replayed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, call, recorded, replayed } = self;
        write!(f, "step {step}, {call}: {recorded} was recorded, {replayed} came now")
    }
}

impl<R: Read> Journal<R> {
    /// Reads the beginning of a journal.
    ///
    /// # Errors
    /// See [`JournalError`]; also when it ends before the configuration does.
    pub fn open(mut from: R) -> Result<Self, JournalError> {
        if take(&mut from, MAGIC.len())? != MAGIC {
            return Err(JournalError::NotAJournal);
        }
        let damaged = JournalError::Damaged { record: 0 };
        let Record::Whole(body) = next(&mut from, 0)? else { return Err(damaged) };
        let mut rest = body.as_slice();
        match Config::read(&mut rest) {
            Some(config) if rest.is_empty() => Ok(Self { from, config }),
            _ => Err(damaged),
        }
    }

    /// How the node was set up.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes all calls to a fresh node with this configuration, the recorded one if the answers are to
    /// be the same, and compares the answers. After a difference it goes on.
    ///
    /// # Errors
    /// See [`JournalError`]. A journal that was cut off is none: [`Replayed::cut_off`].
    pub fn replay(mut self, config: Config) -> Result<Replayed, JournalError> {
        let mut swarm = Swarm::new(config);
        let mut replayed = Replayed::default();
        loop {
            let record = replayed.steps + 1;
            match next(&mut self.from, record)? {
                Record::Whole(body) => {
                    replayed.step(&mut swarm, &body).ok_or(JournalError::Damaged { record })?
                }
                Record::Part => {
                    replayed.cut_off = true;
                    return Ok(replayed);
                }
                Record::None => return Ok(replayed),
            }
        }
    }
}

impl Replayed {
    /// Makes one call; `None` if there is none.
    fn step(&mut self, swarm: &mut Swarm, mut body: &[u8]) -> Option<()> {
        let call = Call::read(&mut body)?;
        let mut recorded = body;
        self.steps += 1;
        if let Call::PollTransmit { now } = call {
            self.until = now;
        }
        let words = self.first.is_none().then(|| format!("{call:?}"));
        let answer = call.perform(swarm);
        match &answer {
            Answer::Output(Some(_)) => self.outputs += 1,
            Answer::Transmit(Some(_)) => self.transmits += 1,
            Answer::Arrival(_) => self.arrivals += 1,
            _ => {}
        }
        let mut replayed = Vec::new();
        answer.write(&mut replayed);
        if replayed != recorded {
            self.different += 1;
            let was = Answer::read(&mut recorded).filter(|_| recorded.is_empty())?;
            if let Some(call) = words {
                let (recorded, replayed) = (format!("{was:?}"), format!("{answer:?}"));
                self.first = Some(Difference { step: self.steps, call, recorded, replayed });
            }
        }
        Some(())
    }
}

/// What stands next in a journal.
enum Record {
    Whole(Vec<u8>),
    Part,
    None,
}

fn next(from: &mut impl Read, record: u64) -> Result<Record, JournalError> {
    let length = take(from, 4)?;
    let Ok(length) = <[u8; 4]>::try_from(length.as_slice()) else {
        return Ok(if length.is_empty() { Record::None } else { Record::Part });
    };
    let bytes = u32::from_le_bytes(length) as usize;
    if bytes > MAX_RECORD {
        return Err(JournalError::TooLong { record, bytes });
    }
    let body = take(from, bytes)?;
    Ok(if body.len() == bytes { Record::Whole(body) } else { Record::Part })
}

/// The next `count` bytes, or all that are left.
fn take(from: &mut impl Read, count: usize) -> Result<Vec<u8>, JournalError> {
    let mut bytes = Vec::with_capacity(count);
    from.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
