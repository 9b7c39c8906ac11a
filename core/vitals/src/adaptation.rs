//! What a camera's encoder should make: bitrate, then frame rate, then size follow what the uplink
//! carries, the heat, and what viewers can pass on.
//!
//! Trouble takes it down at once, by as much as did not leave or as slots are lacking, and by a fifth
//! where nobody knows; calm takes it up again by a quarter at a time, to where slots are enough at
//! most, and the later the more often it was too early. Pure: time is an argument. Invariant: one
//! change is judged by what came after it before the next.

use std::time::Duration;

use manyhands_policy::Heat;

use crate::health::{Cause, Measured};

/// How a picture of few bits is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// From this part of the chosen bitrate on, in percent.
    from: u32,
    /// The part of the chosen frame rate, in percent.
    frame_rate: u32,
    /// How many steps smaller the picture is.
    steps: u8,
}

const fn form(from: u32, frame_rate: u32, steps: u8) -> Form {
    Form { from, frame_rate, steps }
}

/// A picture with fewer pixels has all its frames back: at 0.56 of the pixels 0.4 of the bits look
/// better than too few bits for all of them.
const FORMS: [Form; 7] = [
    form(57, 100, 0),
    form(45, 67, 0),
    form(29, 100, 1),
    form(22, 67, 1),
    form(15, 100, 2),
    form(11, 67, 2),
    form(0, 50, 2),
];
/// All of the chosen bitrate, and the least part of it.
const ALL: f64 = 1.0;
const LEAST: f64 = 0.1;
/// Where nothing says what fits, it goes down by a fifth, and up by a quarter and a little, so that it
/// comes back to where it was.
const LESS: f64 = 0.8;
const MORE: f64 = 1.28;
/// Sides of a picture, by steps, in percent of the chosen one's.
const SIDES: [u32; 3] = [100, 75, 50];
/// Encoders want sides of whole macroblocks (ITU-T H.264, 16 × 16 samples).
const MACROBLOCK: u32 = 16;
/// Less than this no encoder keeps to.
const LEAST_BITRATE: u32 = 100_000;
/// What viewers can pass on takes it down this far: one who gets nothing anyway must not take the
/// picture away from all.
const LEAST_FOR_VIEWERS: f64 = 0.32;
/// With fewer slots than these, over all that are needed, viewers miss parts for certain; and another
/// rate is chosen so that there are so many.
const ENOUGH: f64 = 1.0;
const ROOMY: f64 = 1.04;
/// Viewers that miss parts while there are so many miss them for other reasons (DESIGN, "Slots": below,
/// the origin gives all it may).
const PLENTY: f64 = 1.15;
/// Slots alone don't raise it by less than this; and from this part on it is the same try.
const WORTH_IT: f64 = 1.04;
const ABOUT: f64 = 0.95;
/// The sizes that heat allows, by steps, in parts of the chosen bitrate.
const COOL: [f64; 3] = [ALL, 0.4, 0.2];
/// A change shows this much later: as long as seconds are looked at.
const SETTLE: Duration = Duration::from_secs(5);
/// In the sums of slots it shows sooner: they come up the trees by the second.
const SLOTS_SETTLE: Duration = Duration::from_secs(3);
/// A higher rate makes slots larger, and whoever has too many children now hands some over; a lower one
/// brings new slots, and children move to them. So long some miss parts for that reason.
const HANDING_OVER: Duration = Duration::from_secs(20);
const MOVING: Duration = Duration::from_secs(10);
/// So long it has to be calm before it rises; twice as long each time it was too early.
const PATIENCE: Duration = Duration::from_secs(10);
/// What slots say is believed sooner: they were there all this time.
const SLOTS_PATIENCE: Duration = Duration::from_secs(3);
const MOST_PATIENCE: Duration = Duration::from_secs(80);
/// Trouble this soon after a rise means that it was too early.
const TOO_EARLY: Duration = Duration::from_secs(15);
/// Beyond these it is trouble (what the table of health calls not good; loss alone, which a radio
/// has without being full, and viewers that miss parts, as whoever moves may, from poor on), below
/// those it is calm.
const UNSENT: (f64, f64) = (0.05, 0.02);
const WAITING_S: (f64, f64) = (0.3, 0.15);
const LOSS: (f64, f64) = (0.08, 0.02);
const MISSING: f64 = 0.10;
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
    /// The part of the chosen bitrate.
    part: f64,
    cause: Option<Cause>,
    heat: Heat,
    /// When that changed last, and whether upwards.
    changed: Option<Duration>,
    up: bool,
    /// Since when it has been calm.
    calm: Option<Duration>,
    /// The part that was tried too early, and how long it has to be calm before it is tried again.
    failed: Option<f64>,
    patience: Duration,
    told: Target,
}

impl Adaptation {
    /// Begins with what the person has chosen.
    pub(crate) fn new(chosen: Picture) -> Self {
        let told = Target { picture: chosen, steps: 0, camera_off: false, cause: None };
        Self {
            chosen,
            part: ALL,
            cause: None,
            heat: Heat::Normal,
            changed: None,
            up: false,
            calm: None,
            failed: None,
            patience: PATIENCE,
            told,
        }
    }

    /// The person chooses another picture: it goes on with the same part of it.
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
        if let Some(trouble) = trouble {
            self.go_down(now, &trouble);
        } else if let Some(part) = self.higher(now, measured) {
            self.go_up(now, part);
        }
        self.tell()
    }

    /// By how many steps the picture is smaller than chosen, and why.
    pub(crate) fn smaller(&self) -> Option<(u8, Cause)> {
        Some((self.told.steps, self.told.cause?))
    }

    /// To what fits of it.
    fn go_down(&mut self, now: Duration, trouble: &Trouble) {
        let least = match trouble.cause {
            Cause::ViewersMissing => LEAST_FOR_VIEWERS,
            _ => LEAST,
        };
        let shows_after = if self.up { trouble.after_more } else { trouble.after_less };
        let settling = self.changed_within(now, shows_after);
        if settling || self.part <= least {
            return;
        }
        // Slots that are lacking now were there when it rose.
        let too_early = self.up && self.changed_within(now, TOO_EARLY);
        if too_early && !trouble.slots_lacking {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
            self.failed = Some(self.part);
        }
        self.part = (self.part * trouble.fits).max(least);
        self.cause = Some(trouble.cause);
        (self.changed, self.up) = (Some(now), false);
    }

    /// To which part it may rise now, if it may.
    fn higher(&self, now: Duration, measured: &Measured) -> Option<f64> {
        let by_slots = self.cause == Some(Cause::ViewersMissing);
        let room = measured.lasting.map(|lasting| self.part * lasting.fewest / ROOMY);
        let part = match room {
            Some(room) if by_slots => room,
            Some(room) => room.min(self.part * MORE),
            None => self.part * MORE,
        };
        let part = part.min(self.coolest());
        let worth_it = part >= (self.part * WORTH_IT).min(ALL) && part > self.part;
        // Slots that have come since make it something else than a second try.
        let again = |failed: f64| part > failed * ABOUT && !(by_slots && part > failed * MORE);
        let patience = match self.failed {
            Some(failed) if again(failed) => self.patience,
            _ if by_slots && room.is_some() => SLOTS_PATIENCE,
            _ => PATIENCE,
        };
        let long = self.calm.is_some_and(|since| since + patience <= now);
        (worth_it && long).then_some(part)
    }

    fn go_up(&mut self, now: Duration, part: f64) {
        // It has held for longer than it would have taken to fail.
        let holds = self.failed.is_some_and(|failed| self.part >= failed);
        if holds && self.up && !self.changed_within(now, TOO_EARLY) {
            (self.failed, self.patience) = (None, PATIENCE);
        }
        self.part = part;
        (self.changed, self.up, self.calm) = (Some(now), true, Some(now));
    }

    fn changed_within(&self, now: Duration, time: Duration) -> bool {
        self.changed.is_some_and(|at| now < at + time)
    }

    /// The greatest part that the heat allows: each step of heat is a step in size.
    fn coolest(&self) -> f64 {
        match self.heat {
            Heat::Normal => COOL[0],
            Heat::Moderate => COOL[1],
            Heat::Severe | Heat::Critical => COOL[2],
        }
    }

    fn tell(&mut self) -> Option<Target> {
        let coolest = self.coolest();
        if self.part > coolest {
            // What the heat has taken comes back by and by, too.
            (self.part, self.cause) = (coolest, Some(Cause::Heat));
            self.calm = None;
        }
        if self.part >= ALL {
            self.cause = None;
        }
        let target = self.target();
        let news = target != self.told;
        self.told = target;
        news.then_some(target)
    }

    fn target(&self) -> Target {
        // Whole percents: an encoder need not hear of less.
        let percent = (self.part * 100.0).round() as u32;
        let form = FORMS.iter().find(|form| percent >= form.from).copied().unwrap_or(FORMS[0]);
        let sides = SIDES.get(usize::from(form.steps)).copied().unwrap_or(SIDES[0]);
        let Picture { width, height, frame_rate, bitrate } = self.chosen;
        let of = |value: u32, percent: u32| value.saturating_mul(percent) / 100;
        let side = |side: u16| match form.steps {
            0 => side,
            _ => whole(of(u32::from(side), sides)),
        };
        let frames = (u32::from(frame_rate) * form.frame_rate).div_ceil(100);
        let bitrate = (u64::from(bitrate) * u64::from(percent) / 100) as u32;
        let picture = Picture {
            width: side(width),
            height: side(height),
            frame_rate: u8::try_from(frames).unwrap_or(frame_rate),
            bitrate: bitrate.max(LEAST_BITRATE.min(self.chosen.bitrate)),
        };
        let camera_off = self.heat == Heat::Critical;
        Target { picture, steps: form.steps, camera_off, cause: self.cause }
    }
}

/// The nearest whole number of macroblocks.
fn whole(side: u32) -> u16 {
    let blocks = (side + MACROBLOCK / 2) / MACROBLOCK;
    u16::try_from(blocks.max(1) * MACROBLOCK).unwrap_or(u16::MAX)
}

/// What is in the way.
struct Trouble {
    cause: Cause,
    /// The part of the rate that fits.
    fits: f64,
    /// Each viewer needs more slots than there are for it.
    slots_lacking: bool,
    /// So long after a higher rate, and after a lower one, it says nothing yet.
    after_more: Duration,
    after_less: Duration,
}

impl Trouble {
    fn new(cause: Cause, fits: f64) -> Self {
        let (after_more, after_less) = (Duration::ZERO, SETTLE);
        Self { cause, fits, slots_lacking: false, after_more, after_less }
    }

    fn of_slots(slots: f64) -> Self {
        let (after_more, after_less) = (SLOTS_SETTLE, SLOTS_SETTLE);
        let (cause, fits) = (Cause::ViewersMissing, slots / ROOMY);
        Self { cause, fits, slots_lacking: true, after_more, after_less }
    }

    fn of_missing(missing: f64) -> Self {
        let trouble = Self::new(Cause::ViewersMissing, (1.0 - missing).max(LESS));
        Self { after_more: HANDING_OVER, after_less: MOVING, ..trouble }
    }
}

fn trouble(measured: &Measured) -> Option<Trouble> {
    let Measured { unsent, waiting_s, loss, missing, slots, lasting, .. } = *measured;
    // The sums have just begun to fall: the newest is the nearest to what they will be.
    let lacking = slots.filter(|_| lasting.is_some_and(|lasting| lasting.most < ENOUGH));
    if unsent > UNSENT.0 {
        Some(Trouble::new(Cause::SlowUpload, (1.0 - unsent) * ROOM))
    } else if let Some(slots) = lacking {
        Some(Trouble::of_slots(slots))
    } else if waiting_s > WAITING_S.0 {
        Some(Trouble::new(Cause::SlowUpload, LESS))
    } else if loss > LOSS.0 {
        Some(Trouble::new(Cause::Loss, LESS))
    } else if misses(measured) {
        Some(Trouble::of_missing(missing))
    } else {
        None
    }
}

/// Viewers miss parts, and it may be for want of slots.
fn misses(measured: &Measured) -> bool {
    measured.missing > MISSING && measured.slots.is_some_and(|slots| slots < PLENTY)
}

fn is_calm(measured: &Measured) -> bool {
    // While nobody confirms anything, nothing is known.
    let heard = measured.unconfirmed < Duration::from_secs(1) || !measured.connected;
    heard
        && measured.unsent < UNSENT.1
        && measured.waiting_s < WAITING_S.1
        && measured.loss < LOSS.1
        && !misses(measured)
}

#[cfg(test)]
mod tests;
