//! What a camera's encoder should make: bitrate, then frame rate, then size follow what the uplink
//! carries, the heat, and what viewers can pass on.
//!
//! A ladder, from the chosen picture down. Trouble takes it down at once, by as much as did not
//! leave; calm takes it up a rung at a time, and the longer the more often a rung has failed. Pure:
//! time is an argument. Invariant: one change is judged by what came after it before the next.

use std::time::Duration;

use manyhands_policy::Heat;

use crate::health::{Cause, Measured};

/// A rung: a part of the chosen bitrate and of the chosen frame rate, in percent, and how many steps
/// smaller the picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rung {
    bitrate: u32,
    frame_rate: u32,
    steps: u8,
}

const fn rung(bitrate: u32, frame_rate: u32, steps: u8) -> Rung {
    Rung { bitrate, frame_rate, steps }
}

/// Each about a fifth less than the one before. A picture with fewer pixels has all its frames back:
/// at 0.56 of the pixels 0.4 of the bits look better than too few bits for all of them.
const LADDER: [Rung; 11] = [
    rung(100, 100, 0),
    rung(80, 100, 0),
    rung(64, 100, 0),
    rung(50, 67, 0),
    rung(40, 100, 1),
    rung(32, 100, 1),
    rung(25, 67, 1),
    rung(20, 100, 2),
    rung(16, 100, 2),
    rung(13, 67, 2),
    rung(10, 50, 2),
];
/// Sides of a picture, by steps, in percent of the chosen one's.
const SIDES: [u32; 3] = [100, 75, 50];
/// Encoders want sides of whole macroblocks (ITU-T H.264, 16 × 16 samples).
const MACROBLOCK: u32 = 16;
/// Less than this no encoder keeps to.
const LEAST_BITRATE: u32 = 100_000;
/// What viewers can pass on takes it down this far: one who gets nothing anyway must not take the
/// picture away from all.
const LOWEST_FOR_VIEWERS: usize = 5;
/// A change shows this much later: as long as seconds are looked at.
const SETTLE: Duration = Duration::from_secs(5);
/// So long it has to be calm before the next rung up; twice as long each time it was too early.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_secs(80);
/// Trouble this soon after a rung up means that it was too early.
const TOO_EARLY: Duration = Duration::from_secs(15);
/// Beyond these it is trouble (what the table of health calls not good; loss alone, which a radio
/// has without being full, from poor on), below those it is calm.
const UNSENT: (f64, f64) = (0.05, 0.02);
const WAITING_S: (f64, f64) = (0.3, 0.15);
const LOSS: (f64, f64) = (0.08, 0.02);
const MISSING: (f64, f64) = (0.02, 0.02);
/// A rate that just fits leaves no room for repairs.
const ROOM: f64 = 0.9;

/// A picture as a camera's encoder makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Its sides, in samples, as they are sent.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Pictures a second.
    pub frame_rate: u8,
    /// Bits a second.
    pub bitrate: u32,
}

/// What the encoder should make from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The picture.
    pub picture: Picture,
    /// How many steps it is smaller than chosen.
    pub steps: u8,
    /// Too hot: the camera is to be off, the sound goes on.
    pub camera_off: bool,
    /// Why it is less than chosen.
    pub cause: Option<Cause>,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Adaptation {
    chosen: Picture,
    rung: usize,
    cause: Option<Cause>,
    heat: Heat,
    /// When the rung changed last, and whether upwards.
    changed: Duration,
    up: bool,
    /// Since when it has been calm.
    calm: Option<Duration>,
    /// The rung that was tried too early, and how long it has to be calm before it is tried again.
    failed: Option<usize>,
    patience: Duration,
    told: Target,
}

impl Adaptation {
    /// Begins with what the person has chosen.
    pub(crate) fn new(chosen: Picture) -> Self {
        let told = Target { picture: chosen, steps: 0, camera_off: false, cause: None };
        Self {
            chosen,
            rung: 0,
            cause: None,
            heat: Heat::Normal,
            changed: Duration::ZERO,
            up: false,
            calm: None,
            failed: None,
            patience: PATIENCE,
            told,
        }
    }

    /// The person chooses another picture: its ladder goes on at the same rung.
    pub(crate) fn choose(&mut self, chosen: Picture) -> Option<Target> {
        self.chosen = chosen;
        self.tell()
    }

    /// Takes in what is measured now, once a second. Gives what to make, when it is something else.
    pub(crate) fn handle(&mut self, now: Duration, measured: &Measured) -> Option<Target> {
        self.heat = measured.heat;
        let trouble = trouble(measured);
        if trouble.is_some() || !is_calm(measured) {
            self.calm = None;
        } else {
            self.calm.get_or_insert(now);
        }
        if let Some((cause, fits)) = trouble {
            self.go_down(now, cause, fits);
        } else if self.may_rise(now) {
            self.go_up(now);
        }
        self.tell()
    }

    /// By how many steps the picture is smaller than chosen, and why.
    pub(crate) fn smaller(&self) -> Option<(u8, Cause)> {
        Some((self.told.steps, self.told.cause?))
    }

    /// To the rung that is a part of `fits` of this one, or the next.
    fn go_down(&mut self, now: Duration, cause: Cause, fits: f64) {
        let settling = self.rung > 0 && now < self.changed + SETTLE;
        let lowest = match cause {
            Cause::ViewersMissing => LOWEST_FOR_VIEWERS,
            _ => LADDER.len() - 1,
        };
        if (settling && !self.up) || self.rung >= lowest {
            return;
        }
        if self.up && now < self.changed + TOO_EARLY {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
            self.failed = Some(self.rung);
        }
        let fits = f64::from(share(self.rung)) * fits * ROOM;
        let fitting = (self.rung + 1..lowest).find(|rung| f64::from(share(*rung)) <= fits);
        self.rung = fitting.unwrap_or(lowest);
        self.cause = Some(cause);
        (self.changed, self.up) = (now, false);
    }

    fn may_rise(&self, now: Duration) -> bool {
        let again = self.failed.is_some_and(|failed| self.rung <= failed + 1);
        let patience = if again { self.patience } else { PATIENCE };
        self.rung > self.coolest() && self.calm.is_some_and(|since| since + patience <= now)
    }

    fn go_up(&mut self, now: Duration) {
        // It has held for longer than it would have taken to fail.
        let holds = self.failed.is_some_and(|failed| self.rung <= failed);
        if holds && self.up && now >= self.changed + TOO_EARLY {
            (self.failed, self.patience) = (None, PATIENCE);
        }
        self.rung -= 1;
        (self.changed, self.up, self.calm) = (now, true, Some(now));
    }

    /// The highest rung that the heat allows: each step of heat is a step in size.
    fn coolest(&self) -> usize {
        let steps = match self.heat {
            Heat::Normal => 0,
            Heat::Moderate => 1,
            Heat::Severe | Heat::Critical => 2,
        };
        LADDER.iter().position(|rung| rung.steps >= steps).unwrap_or(0)
    }

    fn tell(&mut self) -> Option<Target> {
        let coolest = self.coolest();
        if self.rung < coolest {
            // What the heat has taken comes back a rung at a time, too.
            (self.rung, self.cause) = (coolest, Some(Cause::Heat));
            self.calm = None;
        }
        if self.rung == 0 {
            self.cause = None;
        }
        let target = self.target();
        let news = target != self.told;
        self.told = target;
        news.then_some(target)
    }

    fn target(&self) -> Target {
        let rung = LADDER.get(self.rung).copied().unwrap_or(LADDER[0]);
        let sides = SIDES.get(usize::from(rung.steps)).copied().unwrap_or(SIDES[0]);
        let Picture { width, height, frame_rate, bitrate } = self.chosen;
        let of = |value: u32, percent: u32| value.saturating_mul(percent) / 100;
        let side = |side: u16| match rung.steps {
            0 => side,
            _ => whole(of(u32::from(side), sides)),
        };
        let frames = (u32::from(frame_rate) * rung.frame_rate).div_ceil(100);
        let bitrate = (u64::from(bitrate) * u64::from(rung.bitrate) / 100) as u32;
        let picture = Picture {
            width: side(width),
            height: side(height),
            frame_rate: u8::try_from(frames).unwrap_or(frame_rate),
            bitrate: bitrate.max(LEAST_BITRATE.min(self.chosen.bitrate)),
        };
        let camera_off = self.heat == Heat::Critical;
        Target { picture, steps: rung.steps, camera_off, cause: self.cause }
    }
}

fn share(rung: usize) -> u32 {
    LADDER.get(rung).map_or(0, |rung| rung.bitrate)
}

/// The nearest whole number of macroblocks.
fn whole(side: u32) -> u16 {
    let blocks = (side + MACROBLOCK / 2) / MACROBLOCK;
    u16::try_from(blocks.max(1) * MACROBLOCK).unwrap_or(u16::MAX)
}

/// What is in the way, and the part of the rate that fits.
fn trouble(measured: &Measured) -> Option<(Cause, f64)> {
    let Measured { unsent, waiting_s, loss, missing, .. } = *measured;
    if unsent > UNSENT.0 {
        Some((Cause::SlowUpload, 1.0 - unsent))
    } else if waiting_s > WAITING_S.0 {
        Some((Cause::SlowUpload, 1.0))
    } else if loss > LOSS.0 {
        Some((Cause::Loss, 1.0))
    } else if missing > MISSING.0 && measured.short {
        Some((Cause::ViewersMissing, 1.0))
    } else {
        None
    }
}

fn is_calm(measured: &Measured) -> bool {
    // While nobody confirms anything, nothing is known.
    let heard = measured.unconfirmed < Duration::from_secs(1) || !measured.connected;
    heard
        && measured.unsent < UNSENT.1
        && measured.waiting_s < WAITING_S.1
        && measured.loss < LOSS.1
        && (measured.missing < MISSING.1 || !measured.short)
}

#[cfg(test)]
mod tests;
