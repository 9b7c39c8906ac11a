//! The playout clock of a viewer, as DESIGN describes it: starts at a complete keyframe, runs a
//! little faster or slower to keep its distance, stands when something is missing, and skips a gap
//! that it can't fill.

/// Chunks remembered by the player: 12.8 s at 100 ms.
const WINDOW: usize = 128;
/// The clock aims at this quantile of the last completion times (findings 2, L1).
const QUANTILE: f64 = 0.97;
const SAMPLES: usize = 128;
/// Guard in calm and while stalls are recent.
const GUARD_CALM_US: u64 = 100_000;
const GUARD_ALARM_US: u64 = 400_000;
const ALARM_US: u64 = 10_000_000;
/// Frozen for this long: skip to a later complete keyframe (findings 2, M5).
const SKIP_AFTER_US: u64 = 300_000;
/// Chunks that must be complete behind a keyframe to skip to it.
const SKIP_NEEDS: u32 = 3;
/// Chunks that must be there to start.
const START_NEEDS: u32 = 2;
/// The clock looks again after this while it stands.
const RETRY_US: u64 = 10_000;

/// What a viewer has gone through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    pub(crate) first_at: Option<u64>,
    pub(crate) played_us: u64,
    pub(crate) stalled_us: u64,
    pub(crate) skipped_us: u64,
    pub(crate) stalls: u32,
    pub(crate) latency_ms: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    chunk: u32,
    parts: u32,
    done: bool,
    keyframe: bool,
}

/// The clock and what has arrived for it.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    needed: u32,
    chunk_us: u64,
    ring: Vec<Slot>,
    newest: u32,
    next: Option<u32>,
    stalled_since: Option<u64>,
    last_stall: Option<u64>,
    delays: Vec<u64>,
    delay_at: usize,
    quantile: u64,
    /// When the run began, in world time.
    run_start: u64,
    /// When it last looked in vain; only another piece can change what it sees.
    asleep: Option<u64>,
    behind: u64,
    pub(crate) watched: Watched,
    pub(crate) measuring: bool,
}

impl Player {
    pub(crate) fn new(needed: u32, chunk_ms: u16, run_start: u64) -> Self {
        Self {
            needed,
            run_start,
            chunk_us: u64::from(chunk_ms) * 1000,
            ring: vec![Slot::default(); WINDOW],
            newest: 0,
            next: None,
            stalled_since: None,
            last_stall: None,
            delays: Vec::new(),
            delay_at: 0,
            quantile: 300_000,
            asleep: None,
            behind: 0,
            watched: Watched::default(),
            measuring: false,
        }
    }

    fn slot(&self, chunk: u32) -> Option<&Slot> {
        let slot = &self.ring[chunk as usize % WINDOW];
        (slot.chunk == chunk && slot.parts > 0).then_some(slot)
    }

    fn complete(&self, chunk: u32) -> bool {
        self.slot(chunk).is_some_and(|s| s.done)
    }

    /// A piece of a chunk has arrived for the first time; each part of the chunk is `cut` pieces.
    pub(crate) fn arrived(&mut self, world: u64, chunk: u32, keyframe: bool, cut: u32) {
        let start = self.start_of(chunk);
        let slot = &mut self.ring[chunk as usize % WINDOW];
        if slot.chunk > chunk {
            return;
        }
        if slot.chunk != chunk || slot.parts == 0 {
            *slot = Slot { chunk, keyframe, ..Slot::default() };
        }
        slot.parts += 1;
        self.newest = self.newest.max(chunk);
        if slot.parts == self.needed * cut {
            slot.done = true;
            let delay = world.saturating_sub(start);
            // What came as backfill says nothing about the live edge.
            if delay < 3_000_000 {
                self.note_delay(delay);
            }
        }
    }

    fn note_delay(&mut self, delay: u64) {
        if self.delays.len() < SAMPLES {
            self.delays.push(delay);
        } else {
            self.delays[self.delay_at % SAMPLES] = delay;
        }
        self.delay_at += 1;
        if self.delay_at % 8 == 1 {
            let mut sorted = self.delays.clone();
            sorted.sort_unstable();
            self.quantile = sorted[(sorted.len() - 1) * (QUANTILE * 100.0) as usize / 100];
        }
    }

    fn target(&self, world: u64) -> u64 {
        let alarm = self.last_stall.is_some_and(|at| world < at + ALARM_US);
        self.quantile + if alarm { GUARD_ALARM_US } else { GUARD_CALM_US }
    }

    pub(crate) const fn stands(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// Since when it stands.
    pub(crate) const fn stands_since(&self) -> Option<u64> {
        self.stalled_since
    }

    pub(crate) const fn is_playing(&self) -> bool {
        self.next.is_some()
    }

    /// Whether the clock wants a chunk at this moment and stands for it, or wanted it earlier.
    pub(crate) fn wanted(&self, chunk: u32) -> bool {
        self.next.is_some_and(|next| chunk < next || (chunk == next && self.stands()))
    }

    /// How far what was handed out last was behind its capture.
    pub(crate) const fn behind_us(&self) -> Option<u64> {
        if self.next.is_some() { Some(self.behind) } else { None }
    }

    /// The chunk that plays next.
    pub(crate) const fn position(&self) -> Option<u32> {
        self.next
    }

    /// A new run: everything begins again, and the wait is a stall.
    pub(crate) fn restart(&mut self, world: u64, run_start: u64) {
        self.run_start = run_start;
        self.ring.iter_mut().for_each(|s| *s = Slot::default());
        self.newest = 0;
        if self.next.take().is_some() {
            self.stalled_since.get_or_insert(world);
        }
    }

    /// A piece has arrived: when a clock that slept wants to be called, on the beat it looks by.
    pub(crate) fn woken(&mut self, world: u64) -> Option<u64> {
        let since = self.asleep.take()?;
        Some(since + (world - since).div_ceil(RETRY_US).max(1) * RETRY_US)
    }

    fn sleep(&mut self, world: u64) -> Option<u64> {
        self.asleep = Some(world);
        None
    }

    /// Lets the clock do what is due; when it wants to be called next, `None` if only a piece helps.
    pub(crate) fn tick(&mut self, world: u64) -> Option<u64> {
        let Some(next) = self.next else { return self.try_start(world) };
        if self.complete(next) {
            return Some(self.play(world, next));
        }
        let since = *self.stalled_since.get_or_insert(world);
        let behind = world.saturating_sub(self.start_of(next));
        let far = behind > self.target(world) + 1_500_000;
        if (world - since >= SKIP_AFTER_US || far)
            && let Some(key) = self.later_keyframe(next)
        {
            self.watched.skipped_us +=
                if self.measuring { u64::from(key - next) * self.chunk_us } else { 0 };
            self.next = Some(key);
            return Some(self.play(world, key));
        }
        if world - since < SKIP_AFTER_US { Some(world + RETRY_US) } else { self.sleep(world) }
    }

    fn start_of(&self, chunk: u32) -> u64 {
        self.run_start + u64::from(chunk) * self.chunk_us
    }

    fn try_start(&mut self, world: u64) -> Option<u64> {
        let low = self.newest.saturating_sub(WINDOW as u32 - 1);
        let ready = |c: &u32| {
            self.slot(*c).is_some_and(|s| s.keyframe)
                && (*c..=(*c + START_NEEDS).min(self.newest)).all(|c| self.complete(c))
        };
        match (low..=self.newest).rev().find(ready) {
            Some(chunk) => {
                self.watched.first_at.get_or_insert(world);
                self.next = Some(chunk);
                Some(self.play(world, chunk))
            }
            None => self.sleep(world),
        }
    }

    fn later_keyframe(&self, next: u32) -> Option<u32> {
        let ready = |c: &u32| {
            self.slot(*c).is_some_and(|s| s.keyframe)
                && (*c..=c + SKIP_NEEDS).all(|c| self.complete(c))
        };
        (next + 1..=self.newest).rev().find(ready)
    }

    fn play(&mut self, world: u64, chunk: u32) -> u64 {
        if let Some(since) = self.stalled_since.take() {
            self.end_stall(world, since);
        }
        let latency = world.saturating_sub(self.start_of(chunk));
        self.behind = latency;
        let target = self.target(world);
        let speed = speed(latency as i64 - target as i64);
        let wait = (self.chunk_us as f64 / speed) as u64;
        if self.measuring {
            self.watched.played_us += wait;
            if chunk.is_multiple_of(5) {
                self.watched.latency_ms.push((latency / 1000) as u32);
            }
        }
        self.next = Some(chunk + 1);
        if latency > target + 1_500_000
            && let Some(key) = self.later_keyframe(chunk)
        {
            self.next = Some(key);
        }
        world + wait
    }

    fn end_stall(&mut self, world: u64, since: u64) {
        if world > since {
            self.last_stall = Some(world);
            if self.measuring {
                self.watched.stalled_us += world - since;
                self.watched.stalls += 1;
            }
        }
    }

    /// The measured time begins: earlier stalls don't count, and one under way counts from here.
    pub(crate) fn begin_measuring(&mut self, world: u64) {
        self.measuring = true;
        if let Some(since) = &mut self.stalled_since {
            *since = world;
        }
    }

    /// The run or the viewer ends.
    pub(crate) fn finish(&mut self, world: u64) {
        if let Some(since) = self.stalled_since.take() {
            self.end_stall(world, since);
        }
    }
}

/// DESIGN, "Hand-out": gentle near the target, brisk further off.
fn speed(error_us: i64) -> f64 {
    match error_us {
        300_000.. => 1.10,
        ..=-300_000 => 0.96,
        e => 1.0 + 0.03 * (e as f64 / 300_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(player: &mut Player, chunk: u32, world: u64) -> Option<u64> {
        for _ in 0..2 {
            player.arrived(world, chunk, chunk.is_multiple_of(10), 1);
        }
        player.woken(world)
    }

    #[test]
    fn an_even_stream_plays_without_a_stall_and_close_to_its_target() {
        let mut player = Player::new(2, 100, 0);
        player.measuring = true;
        let (mut chunk, mut wake) = (0u32, 0);
        for world in (0..60_000_000u64).step_by(1_000) {
            if world >= u64::from(chunk) * 100_000 + 250_000 {
                wake = feed(&mut player, chunk, world).unwrap_or(wake);
                chunk += 1;
            }
            if world >= wake {
                wake = player.tick(world).unwrap_or(u64::MAX);
            }
        }
        assert_eq!(player.watched.stalls, 0);
        let last = *player.watched.latency_ms.last().unwrap();
        assert!((300..=420).contains(&last), "{last}");
    }

    #[test]
    fn a_gap_is_a_stall_until_a_later_keyframe_is_there() {
        let mut player = Player::new(2, 100, 0);
        player.measuring = true;
        let (mut chunk, mut wake) = (0u32, 0);
        for world in (0..20_000_000u64).step_by(1_000) {
            if world >= u64::from(chunk) * 100_000 + 250_000 {
                if chunk != 55 {
                    wake = feed(&mut player, chunk, world).unwrap_or(wake);
                }
                chunk += 1;
            }
            if world >= wake {
                wake = player.tick(world).unwrap_or(u64::MAX);
            }
        }
        assert_eq!(player.watched.stalls, 1);
        assert!(player.watched.stalled_us >= SKIP_AFTER_US);
        assert_eq!(player.watched.skipped_us, 500_000);
    }
}
