//! The clocks that the policy is given: one that nobody sets and that runs while the device sleeps,
//! and the wall clock.

use std::sync::OnceLock;
use std::time::Duration;

use manyhands_policy::Now;
use rustix::time::{ClockId, clock_gettime};

use crate::unix_ms;

/// Where Linux names its boot.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Counts sleep, too. (Apple's monotonic clock does.)
#[cfg(any(target_os = "linux", target_os = "android"))]
const SINCE_BOOT: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// What the clocks say, in a time zone that adds `offset_s` seconds.
pub(crate) fn now(offset_s: i32) -> Now {
    Now {
        since_boot: since_boot(),
        boot: boot(),
        utc_s: i64::try_from(unix_ms() / 1000).unwrap_or(i64::MAX),
        offset_s,
    }
}

/// Since this boot, sleep included.
pub(crate) fn since_boot() -> Duration {
    let time = clock_gettime(SINCE_BOOT);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0).min(999_999_999))
}

/// Names this boot where the system does; else this process, between two of which the wall clock
/// then counts.
fn boot() -> u64 {
    static BOOT: OnceLock<u64> = OnceLock::new();
    *BOOT.get_or_init(|| named_boot().unwrap_or_else(rand::random))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn named_boot() -> Option<u64> {
    let id = std::fs::read_to_string(BOOT_ID).ok()?;
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn named_boot() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_on_within_one_boot() {
        let (first, second) = (now(0), now(0));
        assert_eq!(first.boot, second.boot);
        assert!(second.since_boot >= first.since_boot && first.since_boot > Duration::ZERO);
        assert!(first.utc_s > 1_700_000_000);
    }
}
