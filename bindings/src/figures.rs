//! Figures of one session at one moment, as shells show them.

use manyhands_session::Stats;

use crate::{Health, HealthCause, LendingReason};

/// Figures of one session at one moment. Times are milliseconds, amounts bytes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Figures {
    /// Since the session began.
    pub uptime_ms: u64,
    /// The whole audience, as every peer estimates it.
    pub viewers: u64,
    /// The most there have been since the session began.
    pub viewers_max: u64,
    /// Neighbours now.
    pub peers: u64,
    /// Stream time that is handed out (or sent) now.
    pub position_ms: i64,
    /// Capture to hand-out.
    pub latency_ms: Option<i64>,
    /// What latency the playout clock wants.
    pub target_ms: Option<i64>,
    /// By how much a viewer is behind live, where that is more than it needs; nothing: it is live.
    pub behind_ms: Option<i64>,
    /// Complete stream ahead of the position.
    pub buffer_ms: i64,
    /// How often the playout clock has stood.
    pub stalls: u64,
    /// And for how long.
    pub stalled_ms: i64,
    /// Everything that left on the socket.
    pub sent: u64,
    /// Everything that came on the socket.
    pub received: u64,
    /// What left on the line where that costs nothing ("Wi-Fi"), headers of lower layers included.
    pub sent_unmetered: u64,
    /// And where it costs ("mobile data").
    pub sent_metered: u64,
    /// What leaves in a minute.
    pub sent_per_minute: u64,
    /// What comes in a minute; nothing for a broadcaster.
    pub received_per_minute: Option<u64>,
    /// Useful payload that the broadcaster itself sent.
    pub from_broadcaster: u64,
    /// Useful payload that other viewers sent.
    pub from_viewers: u64,
    /// What may leave, bits a second; nothing when there is no limit.
    pub upload_limit_bps: Option<u64>,
    /// Why a viewer gives what it gives; nothing for a broadcaster.
    pub lending: Option<LendingReason>,
    /// Others that get something from here now.
    pub helping: u64,
    /// Bytes that left this device today; nothing as long as that is not known.
    pub given_today: Option<u64>,
    /// This month.
    pub given_month: Option<u64>,
    /// Of today's, those on metered networks.
    pub metered_today: Option<u64>,
    /// Of this month's, those on metered networks.
    pub metered_month: Option<u64>,
    /// How a broadcast goes; nothing for a viewer.
    pub health: Option<Health>,
    /// The part of the time with viewers in which it was good, in percent.
    pub good_percent: Option<u8>,
    /// What was most often the cause when it was not.
    pub main_cause: Option<HealthCause>,
}

impl From<Stats> for Figures {
    fn from(stats: Stats) -> Self {
        Self {
            uptime_ms: stats.uptime_ms,
            viewers: stats.viewers,
            viewers_max: stats.viewers_max,
            peers: stats.peers as u64,
            position_ms: stats.position_ms,
            latency_ms: stats.latency_ms,
            target_ms: stats.target_ms,
            behind_ms: stats.behind_ms,
            buffer_ms: stats.buffer_ms,
            stalls: stats.stalls,
            stalled_ms: stats.stalled_ms,
            sent: stats.sent.datagram,
            received: stats.received.datagram,
            sent_unmetered: stats.data.sent_unmetered,
            sent_metered: stats.data.sent_metered,
            sent_per_minute: stats.data.sent_per_minute,
            received_per_minute: stats.data.received_per_minute,
            from_broadcaster: stats.from.origin,
            from_viewers: stats.from.peer,
            upload_limit_bps: stats.upload.limit_bps,
            lending: stats.upload.lending.map(Into::into),
            helping: stats.upload.helping,
            given_today: stats.upload.used_today,
            given_month: stats.upload.used_month,
            metered_today: stats.upload.metered_today,
            metered_month: stats.upload.metered_month,
            health: stats.health.map(|health| health.now.into()),
            good_percent: stats.health.and_then(|health| health.so_far.good_percent),
            main_cause: stats.health.and_then(|health| health.so_far.main_cause).map(Into::into),
        }
    }
}
