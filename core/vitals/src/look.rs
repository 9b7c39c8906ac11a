//! What a broadcaster has counted by now, and what the last second brought of it.

use std::time::Duration;

use manyhands_policy::Heat;

use crate::health::Second;

/// Seconds that the first viewer has to find its places.
const ARRIVING: u64 = 3;
/// With most ways this full, what was dropped on them is this side's upload and not one neighbour's.
const FULL: Duration = Duration::from_millis(300);

/// The viewers as their parents report them, added up at the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crowd {
    /// The part of the viewers that have nobody who gives them some substream, 0 to 1.
    pub missing: f64,
    /// All slots over all that are needed; nothing while unknown.
    pub slot_ratio: Option<f32>,
}

/// Everything that is known at one moment. Amounts are totals since the broadcast began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Somebody is connected.
    pub connected: bool,
    /// The device says that it has no network.
    pub offline: bool,
    /// Since anybody confirmed anything.
    pub unconfirmed: Duration,
    /// Bytes of the stream that were made.
    pub made: u64,
    /// Bytes of live pieces that left.
    pub sent: u64,
    /// Bytes of live pieces that waited too long for their turn.
    pub dropped: u64,
    /// Bytes of live pieces that waited too long because one neighbour's way was blocked.
    pub blocked: u64,
    /// How long the oldest live piece has waited for its turn.
    pub waiting: Duration,
    /// How long pieces are under way to whoever is fed, beyond a round trip.
    pub on_their_ways: Duration,
    /// Packets sent.
    pub packets: u64,
    /// Of these, found lost.
    pub lost: u64,
    /// The viewers.
    pub crowd: Crowd,
    /// As the device reports it.
    pub heat: Heat,
}

/// Makes seconds of looks.
#[derive(Debug, Default)]
pub(crate) struct Seconds {
    last: Option<Look>,
    /// Seconds for which somebody has been connected.
    connected: u64,
}

impl Seconds {
    pub(crate) fn next(&mut self, look: &Look) -> Second {
        self.connected = if look.connected { self.connected + 1 } else { 0 };
        let last = self.last.replace(*look);
        let new = |of: fn(&Look) -> u64| of(look).saturating_sub(last.as_ref().map_or(0, of));
        let blocked = if look.on_their_ways >= FULL { new(|l| l.blocked) } else { 0 };
        Second {
            connected: look.connected,
            offline: look.offline,
            unconfirmed: look.unconfirmed,
            made: if self.connected > ARRIVING { new(|l| l.made) } else { 0 },
            left: new(|l| l.sent),
            dropped: new(|l| l.dropped) + blocked,
            waiting: look.waiting.max(look.on_their_ways),
            packets: new(|l| l.packets),
            lost: new(|l| l.lost),
            missing: look.crowd.missing,
            slots: look.crowd.slot_ratio.map(f64::from),
            heat: look.heat,
        }
    }
}
