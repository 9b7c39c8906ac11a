//! The `stats` object: the same for the command line, the page and the phones.

use std::time::Duration;

use manyhands_net::{Report, Sources, Traffic};
use manyhands_policy::{Reason, Tariff};
use serde::Serialize;

use crate::flow::Flow;
use crate::vitals::HealthStats;

/// Who a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends the stream.
    Broadcaster,
    /// Watches it and passes it on.
    Viewer,
    /// Passes it on.
    Relay,
}

/// Figures of one session at one moment. Times are milliseconds, amounts bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Stats {
    /// Since the session began.
    pub uptime_ms: u64,
    /// Who this is.
    pub role: Role,
    /// The whole audience, as every peer estimates it.
    pub viewers: u64,
    /// The most there have been since the session began.
    pub viewers_max: u64,
    /// Neighbours now.
    pub peers: usize,
    /// Stream time that is handed out (or sent) now.
    pub position_ms: i64,
    /// Capture to hand-out, in the origin's time.
    pub latency_ms: Option<i64>,
    /// How wrong that can be.
    pub clock_error_ms: Option<i64>,
    /// What latency the playout clock wants.
    pub target_ms: Option<i64>,
    /// By how much a viewer is behind live, where that is more than it needs: it was paused, or
    /// stood for long. Nothing: it is live.
    pub behind_ms: Option<i64>,
    /// Complete stream ahead of the position.
    pub buffer_ms: i64,
    /// How often the playout clock has stood.
    pub stalls: u64,
    /// And for how long.
    pub stalled_ms: i64,
    /// Bytes of the stream: produced here, or received here.
    pub stream_bytes: u64,
    /// What left.
    pub sent: Amounts,
    /// What came.
    pub received: Amounts,
    /// Where useful payload came from.
    pub from: From,
    /// What this device gives.
    pub upload: Upload,
    /// What it costs.
    pub data: Data,
    /// How it goes; nothing for a viewer.
    pub health: Option<HealthStats>,
    /// Slots for one needed, as the origin estimates it.
    pub slot_ratio: Option<f64>,
    /// Hops from the origin, worst substream.
    pub depth: u32,
    /// Pieces that had to be asked for.
    pub repairs: u64,
    /// What is watched.
    pub rendition: Option<String>,
    /// Who gives and takes how much.
    pub links: Vec<LinkStats>,
}

/// Bytes in one direction by purpose.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Amounts {
    /// Useful sealed payload.
    pub media: u64,
    /// Useful payload that had been asked for.
    pub repair: u64,
    /// Payload that was there already.
    pub duplicate: u64,
    /// Control frames.
    pub control: u64,
    /// Payload that failed its check.
    pub rejected: u64,
    /// Everything on the UDP socket, and through tunnels.
    pub datagram: u64,
}

/// Useful payload by where it came from, bytes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct From {
    /// The broadcaster itself.
    pub origin: u64,
    /// Other viewers.
    pub peer: u64,
    /// Relays.
    pub relay: u64,
    /// This machine's own input.
    pub local: u64,
}

/// What this device gives.
#[derive(Debug, Clone, Serialize)]
pub struct Upload {
    /// Bits a second; nothing when there is no limit.
    pub limit_bps: Option<u64>,
    /// Why it is what it is: a word of [`Reason`](crate::Reason); a broadcaster's own is `on`, or
    /// `off` with a limit of 0.
    pub reason: &'static str,
    /// The same for a shell; nothing for a broadcaster.
    #[serde(skip)]
    pub lending: Option<Reason>,
    /// Others that get something from here now.
    pub helping: u64,
    /// Bytes that left today on this device, by its ledger; nothing where that is not known. A
    /// broadcaster's: since this session began.
    pub used_today: Option<u64>,
    /// This month; nothing for a broadcaster.
    pub used_month: Option<u64>,
    /// Of today's, what left on metered networks.
    pub metered_today: Option<u64>,
    /// Of this month's, what left on metered networks.
    pub metered_month: Option<u64>,
}

impl Upload {
    /// Of a broadcaster, whose own upload no policy rules.
    pub(crate) fn own(limit_bps: Option<u64>, report: &Report) -> Self {
        Self {
            limit_bps,
            reason: if limit_bps == Some(0) { "off" } else { "on" },
            lending: None,
            helping: helping(report),
            used_today: Some(report.sent.media + report.sent.repair),
            used_month: None,
            metered_today: None,
            metered_month: None,
        }
    }
}

/// Others that get something from here.
pub(crate) fn helping(report: &Report) -> u64 {
    report.peers.iter().filter(|peer| peer.fed > 0).count() as u64
}

/// What crosses the line: everything, headers of the lower layers included. Bytes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Data {
    /// What left since the session began on networks where that costs nothing ("Wi-Fi").
    pub sent_unmetered: u64,
    /// And where it costs ("mobile data").
    pub sent_metered: u64,
    /// What would leave in a minute at the rate of the last one.
    pub sent_per_minute: u64,
    /// What would come; nothing for a broadcaster.
    pub received_per_minute: Option<u64>,
}

impl Data {
    pub(crate) fn new(sent: &Flow, received: Option<&Flow>) -> Self {
        Self {
            sent_unmetered: sent.sum(Tariff::Unmetered),
            sent_metered: sent.sum(Tariff::Metered),
            sent_per_minute: sent.a_minute(),
            received_per_minute: received.map(Flow::a_minute),
        }
    }
}

/// One neighbour.
#[derive(Debug, Clone, Serialize)]
pub struct LinkStats {
    /// Its short name.
    pub peer: String,
    /// It is the broadcaster.
    pub origin: bool,
    /// It is a relay of this broadcaster.
    pub relay: bool,
    /// Piece bytes that came from it.
    pub received: u64,
    /// Piece bytes that went to it.
    pub sent: u64,
    /// Round trip.
    pub rtt_ms: f64,
    /// Substreams (of all tracks) that it feeds to us.
    pub feeds: u32,
    /// Substreams (of all tracks) that we feed to it.
    pub fed: u32,
    /// UDP is blocked on the way: it is reached through TCP.
    pub tunnelled: bool,
}

impl core::convert::From<Traffic> for Amounts {
    fn from(t: Traffic) -> Self {
        Self {
            media: t.media,
            repair: t.repair,
            duplicate: t.duplicate,
            control: t.control,
            rejected: t.rejected,
            datagram: t.datagram,
        }
    }
}

impl core::convert::From<Sources> for From {
    fn from(s: Sources) -> Self {
        Self { origin: s.origin, peer: s.peer, relay: 0, local: 0 }
    }
}

/// What the playout clock adds to a node's figures.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Playing {
    pub(crate) position_ms: i64,
    pub(crate) latency_ms: Option<i64>,
    pub(crate) clock_error_ms: Option<i64>,
    pub(crate) target_ms: Option<i64>,
    pub(crate) behind_ms: Option<i64>,
    pub(crate) buffer_ms: i64,
    pub(crate) stalls: u64,
    pub(crate) stalled_ms: i64,
    pub(crate) stream_bytes: u64,
}

impl Stats {
    pub(crate) fn new(
        role: Role,
        uptime: Duration,
        report: &Report,
        playing: Playing,
        upload: Upload,
    ) -> Self {
        let swarm = report.swarm.as_ref();
        Self {
            uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
            role,
            viewers: swarm.map_or(0, |s| u64::from(s.viewers)),
            viewers_max: 0,
            peers: report.peers.len(),
            position_ms: playing.position_ms,
            latency_ms: playing.latency_ms,
            clock_error_ms: playing.clock_error_ms,
            target_ms: playing.target_ms,
            behind_ms: playing.behind_ms,
            buffer_ms: playing.buffer_ms,
            stalls: playing.stalls,
            stalled_ms: playing.stalled_ms,
            stream_bytes: playing.stream_bytes,
            sent: report.sent.into(),
            received: report.received.into(),
            from: report.from.into(),
            upload,
            data: Data::default(),
            health: None,
            slot_ratio: swarm.and_then(|s| s.slot_ratio).map(f64::from),
            depth: swarm.map_or(0, |s| u32::from(s.depth)),
            repairs: swarm.map_or(0, |s| s.counters.repaired_pieces),
            rendition: None,
            links: report.peers.iter().map(LinkStats::new).collect(),
        }
    }
}

impl LinkStats {
    fn new(peer: &manyhands_net::PeerReport) -> Self {
        Self {
            peer: peer.name.clone(),
            origin: peer.origin,
            relay: peer.relay,
            received: peer.received,
            sent: peer.sent,
            rtt_ms: peer.rtt_us as f64 / 1000.0,
            feeds: peer.feeds,
            fed: peer.fed,
            tunnelled: peer.tunnelled,
        }
    }
}
