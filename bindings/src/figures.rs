//! Figures of one session at one moment, as shells show them.

use manyhands_session::Stats;

/// Figures of one session at one moment. Times are milliseconds, amounts bytes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Figures {
    /// Since the session began.
    pub uptime_ms: u64,
    /// The whole audience, as every peer estimates it.
    pub viewers: u64,
    /// Neighbours now.
    pub peers: u64,
    /// Stream time that is handed out (or sent) now.
    pub position_ms: i64,
    /// Capture to hand-out.
    pub latency_ms: Option<i64>,
    /// What latency the playout clock wants.
    pub target_ms: Option<i64>,
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
    /// Useful payload that the broadcaster itself sent.
    pub from_broadcaster: u64,
    /// Useful payload that other viewers sent.
    pub from_viewers: u64,
    /// What may leave, bits a second; nothing when there is no limit.
    pub upload_limit_bps: Option<u64>,
    /// Why that is so: a word that a program can act on.
    pub upload_reason: String,
    /// Bytes that left this device today; nothing as long as that is not known.
    pub given_today: Option<u64>,
    /// This month.
    pub given_month: Option<u64>,
    /// Of today's, those on metered networks.
    pub metered_today: Option<u64>,
    /// Of this month's, those on metered networks.
    pub metered_month: Option<u64>,
}

impl From<Stats> for Figures {
    fn from(stats: Stats) -> Self {
        Self {
            uptime_ms: stats.uptime_ms,
            viewers: stats.viewers,
            peers: stats.peers as u64,
            position_ms: stats.position_ms,
            latency_ms: stats.latency_ms,
            target_ms: stats.target_ms,
            buffer_ms: stats.buffer_ms,
            stalls: stats.stalls,
            stalled_ms: stats.stalled_ms,
            sent: stats.sent.datagram,
            received: stats.received.datagram,
            from_broadcaster: stats.from.origin,
            from_viewers: stats.from.peer,
            upload_limit_bps: stats.upload.limit_bps,
            upload_reason: stats.upload.reason.to_string(),
            given_today: stats.upload.used_today,
            given_month: stats.upload.used_month,
            metered_today: stats.upload.metered_today,
            metered_month: stats.upload.metered_month,
        }
    }
}
