//! What a broadcast costs, before it is live.

/// Copies of the stream that leave a broadcaster, whatever the size of the audience: the overlay's
/// quota, the lifeboats beyond it, repairs and headers. The screens say "about twice the picture".
const COPIES: u64 = 2;

/// About how many bytes an hour of a stream takes of a broadcaster's line; `stream_bps` is picture
/// and sound together, bits a second.
#[must_use]
pub fn bytes_an_hour(stream_bps: u64) -> u64 {
    stream_bps.saturating_mul(COPIES * 3600 / 8)
}
