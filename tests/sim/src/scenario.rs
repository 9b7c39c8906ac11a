//! A scenario: who takes part, on which wires, what goes wrong, and what must hold.

use manyhands_swarm::{Mechanism, Mechanisms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Taken away in the broadcast, not in the nodes.
const PARITY: &str = "parity";

/// Everything that a run is decided by, together with its seed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// A short name.
    pub name: String,
    /// Viewers that come at the beginning.
    pub viewers: u32,
    /// Length of the run in seconds.
    pub seconds: u32,
    /// Over how many seconds the viewers come.
    pub ramp_s: f64,
    /// Stalls, latency and bytes are counted from this second on.
    pub measure_from_s: f64,
    /// Decides everything random.
    pub seed: u64,
    /// The broadcast.
    pub media: Media,
    /// The network.
    pub net: Net,
    /// Upload of the origin as a multiple of the broadcast's wire rate; 0 is unlimited.
    pub origin_upload: f64,
    /// Kinds of viewers.
    pub class: Vec<Class>,
    /// Scales every viewer's upload so that ρ has this value; 0 leaves them.
    pub slot_ratio: f64,
    /// Part of the uploaders that accept children and don't forward.
    pub black_holes: f64,
    /// Part of the uploaders that damage some of the pieces they pass on.
    pub forgers: f64,
    /// What happens.
    pub fault: Vec<Fault>,
    /// What must hold: a metric's name and its limits.
    pub bounds: BTreeMap<String, Bound>,
    /// A node whose messages are told on standard error.
    #[serde(skip)]
    pub trace: Option<u32>,
    /// What the nodes run; all that ships unless something is taken away.
    #[serde(skip)]
    pub mechanisms: Mechanisms,
    /// Something that is broken on purpose, to see that the bounds notice.
    pub sabotage: Option<Sabotage>,
}

/// The broadcast.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// Video, bits a second.
    pub rate_bps: u64,
    /// Sound, bits a second; 0 is none.
    pub audio_bps: u64,
    /// Substreams.
    pub k: u8,
    /// One more substream with the XOR of the others.
    pub parity: bool,
    /// Milliseconds in a chunk.
    pub chunk_ms: u16,
    /// Milliseconds from keyframe to keyframe.
    pub gop_ms: u32,
    /// A keyframe is this many times as large as another frame.
    pub keyframe_ratio: f64,
    /// A camera, whose encoder follows what the uplink carries and viewers can pass on; a file's rate
    /// is what it is.
    pub camera: bool,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Net {
    /// One-way delay of all links; absent: 5 to 150 ms by place.
    pub delay_ms: Option<f64>,
    /// Mean of the exponential jitter.
    pub jitter_ms: f64,
    /// Packets lost.
    pub loss: f64,
    /// Downlink of each viewer.
    pub downlink_bps: u64,
    /// Uplink that acknowledgements and control have even where no upload is given.
    pub control_bps: u64,
    /// Part of the nodes behind a hard NAT (evidence: 30 %).
    pub hard_nat: f64,
    /// A connection without a sign of life ends after this.
    pub idle_ms: u64,
}

/// One kind of viewers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Part of the viewers.
    pub share: f64,
    /// Least upload, as a multiple of the broadcast's wire rate.
    pub upload_min: f64,
    /// Greatest upload.
    pub upload_max: f64,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// Viewers vanish silently, all at once.
    Crash {
        /// When.
        at_s: f64,
        /// How many.
        #[serde(default)]
        count: u32,
        /// Or which part.
        #[serde(default)]
        share: f64,
    },
    /// Viewers leave in good order, all at once.
    Leave {
        /// When.
        at_s: f64,
        /// How many.
        #[serde(default)]
        count: u32,
        /// Or which part.
        #[serde(default)]
        share: f64,
    },
    /// Viewers come.
    Flash {
        /// When the first comes.
        at_s: f64,
        /// How many.
        count: u32,
        /// Within how long.
        over_s: f64,
    },
    /// What viewers may give changes.
    Upload {
        /// When.
        at_s: f64,
        /// From then on, as a multiple of what they gave at first.
        times: f64,
    },
    /// Viewers are replaced all the time.
    Churn {
        /// From when.
        from_s: f64,
        /// Until when.
        until_s: f64,
        /// Part of the audience in a minute.
        per_minute: f64,
        /// They leave in good order instead of crashing.
        #[serde(default)]
        graceful: bool,
    },
    /// The broadcaster's network is gone for a while; its program runs on.
    OriginOffline {
        /// When.
        at_s: f64,
        /// How long.
        away_s: f64,
    },
    /// Programs stand still for a while, as on devices that have too much to do: what comes in waits, and
    /// what should have gone out comes all at once.
    Pause {
        /// When.
        at_s: f64,
        /// How long.
        away_s: f64,
        /// Whether the broadcaster's is one of them.
        #[serde(default)]
        origin: bool,
        /// Which part of the viewers.
        #[serde(default)]
        share: f64,
    },
    /// The broadcaster is gone for a while and comes back as a new run.
    OriginRestart {
        /// When it vanishes.
        at_s: f64,
        /// How long it is away.
        away_s: f64,
    },
}

impl Fault {
    fn times(&mut self) -> (&mut f64, Option<&mut f64>) {
        match self {
            Self::Crash { at_s, .. }
            | Self::Leave { at_s, .. }
            | Self::Flash { at_s, .. }
            | Self::Upload { at_s, .. }
            | Self::OriginOffline { at_s, .. }
            | Self::Pause { at_s, .. }
            | Self::OriginRestart { at_s, .. } => (at_s, None),
            Self::Churn { from_s, until_s, .. } => (from_s, Some(until_s)),
        }
    }

    /// When it begins.
    #[must_use]
    pub fn at_s(&self) -> f64 {
        *self.clone().times().0
    }

    /// Moves it, in seconds.
    pub fn shift(&mut self, by: f64) {
        let (from, until) = self.times();
        *from += by;
        if let Some(until) = until {
            *until += by;
        }
    }

    /// Whether it is of any consequence to so many viewers.
    #[must_use]
    pub fn is_felt_by(&self, viewers: u32) -> bool {
        match self {
            Self::Crash { count, share, .. } | Self::Leave { count, share, .. } => {
                *count > 0 || (share * f64::from(viewers)).round() >= 1.0
            }
            Self::Flash { count, .. } => *count > 0,
            Self::Upload { .. } => viewers > 0,
            Self::Churn { per_minute, .. } => *per_minute >= 0.01,
            Self::OriginOffline { away_s, .. } | Self::OriginRestart { away_s, .. } => {
                *away_s >= 0.5
            }
            Self::Pause { away_s, origin, share, .. } => {
                *away_s >= 0.1 && (*origin || (share * f64::from(viewers)).round() >= 1.0)
            }
        }
    }

    /// Half as many viewers, or half as long.
    pub fn halve(&mut self) {
        let half = |count: &mut u32| *count = (*count / 2).max((*count).min(1));
        match self {
            Self::Crash { count, share, .. } | Self::Leave { count, share, .. } => {
                half(count);
                *share /= 2.0;
            }
            Self::Flash { count, .. } => half(count),
            Self::Upload { times, .. } => *times = (1.0 + *times) / 2.0,
            Self::Churn { per_minute, .. } => *per_minute /= 2.0,
            Self::OriginOffline { away_s, .. }
            | Self::Pause { away_s, .. }
            | Self::OriginRestart { away_s, .. } => *away_s /= 2.0,
        }
    }
}

/// Limits of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// At most.
    pub max: Option<f64>,
    /// At least.
    pub min: Option<f64>,
    /// What is aimed at beyond that.
    pub aim: Option<f64>,
}

/// What is turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sabotage {
    /// Viewers accept children and don't forward.
    NoForward,
    /// Nobody asks for late pieces.
    NoRepair,
    /// Drivers don't verify, and a fifth of the uploaders forge.
    NoVerify,
    /// Nobody finds itself in a path.
    BlindPaths,
    /// Devices take three times their allowance for it.
    Greedy,
    /// A fifth of the drivers leave outputs where they are.
    DeafDriver,
    /// Wires lose a third of the live pieces without a trace, and nobody asks.
    LostPieces,
}

impl Sabotage {
    /// All of them by their names.
    pub const NAMED: [(&'static str, Self); 7] = [
        ("no-forward", Self::NoForward),
        ("no-repair", Self::NoRepair),
        ("no-verify", Self::NoVerify),
        ("blind-paths", Self::BlindPaths),
        ("greedy", Self::Greedy),
        ("deaf-driver", Self::DeafDriver),
        ("lost-pieces", Self::LostPieces),
    ];

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(n, _)| *n == name).map(|(_, s)| *s)
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "steady".into(),
            viewers: 100,
            seconds: 60,
            ramp_s: 20.0,
            measure_from_s: 30.0,
            seed: 1,
            media: Media::default(),
            net: Net::default(),
            origin_upload: 2.2,
            class: evidence_mix(),
            slot_ratio: 1.3,
            black_holes: 0.0,
            forgers: 0.0,
            fault: Vec::new(),
            bounds: BTreeMap::new(),
            mechanisms: Mechanisms::ALL,
            sabotage: None,
            trace: None,
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            rate_bps: 2_000_000,
            audio_bps: 0,
            k: 8,
            parity: true,
            chunk_ms: 100,
            gop_ms: 1_000,
            keyframe_ratio: 8.0,
            camera: false,
        }
    }
}

impl Default for Net {
    fn default() -> Self {
        Self {
            delay_ms: None,
            jitter_ms: 3.0,
            loss: 0.01,
            downlink_bps: 30_000_000,
            control_bps: 500_000,
            hard_nat: 0.3,
            idle_ms: 3_000,
        }
    }
}

/// 60 % give nothing, 25 % 2–4 Mbit/s, 12 % 10, 3 % 50–80 (evidence, first lines), as multiples of a
/// stream of 2.2 Mbit/s on the wire.
fn evidence_mix() -> Vec<Class> {
    let class = |share, upload_min, upload_max| Class { share, upload_min, upload_max };
    vec![
        class(0.60, 0.0, 0.0),
        class(0.25, 0.9, 1.8),
        class(0.12, 4.5, 4.5),
        class(0.03, 22.0, 36.0),
    ]
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// A message that names the place, when the text is not a scenario.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        scenario.check()?;
        Ok(scenario)
    }

    /// What [`Scenario::take_away`] knows: everything that the overlay can leave, and parity.
    #[must_use]
    pub fn mechanisms() -> Vec<&'static str> {
        Mechanism::ALL.map(Mechanism::name).into_iter().chain([PARITY]).collect()
    }

    /// Takes a mechanism away by its name; false if there is none of that name.
    pub fn take_away(&mut self, name: &str) -> bool {
        if name == PARITY {
            self.media.parity = false;
            return true;
        }
        let Some(one) = Mechanism::ALL.into_iter().find(|m| m.name() == name) else { return false };
        self.mechanisms = self.mechanisms.without(one);
        true
    }

    fn check(&self) -> Result<(), String> {
        let media = &self.media;
        if !(1..=16).contains(&media.k) || media.chunk_ms < 20 || media.gop_ms < 100 {
            return Err("media: k must be 1 to 16, chunk_ms 20 or more, gop_ms 100 or more".into());
        }
        for (name, part) in [("black_holes", self.black_holes), ("forgers", self.forgers)] {
            if !(0.0..=1.0).contains(&part) {
                return Err(format!("{name}: a part of the uploaders, 0 to 1"));
            }
        }
        if self.class.iter().map(|c| c.share).sum::<f64>() <= 0.0 {
            return Err("class: the shares must add up to more than 0".into());
        }
        if self.seconds > 3_600 || self.viewers > 200_000 {
            return Err("at most 3600 seconds and 200000 viewers".into());
        }
        Ok(())
    }
}
