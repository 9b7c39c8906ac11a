//! What a process costs, as the kernel counts it.

use std::fs;
use std::time::Instant;

use manyhands_lab::LabError;
use manyhands_lab::machine::field;
use nix::unistd::{SysconfVar, sysconf};

/// A process's consumption at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    at: Instant,
    /// Processor time so far, in seconds.
    pub(crate) cpu_s: f64,
    /// Memory in RAM now, in bytes.
    pub(crate) rss: u64,
    /// The most that it ever was.
    pub(crate) peak_rss: u64,
    /// How often its main thread waited for something so far.
    waits: u64,
}

impl Usage {
    /// Of the process `pid`, now.
    pub(crate) fn of(pid: u32) -> Result<Self, LabError> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).map_err(LabError::io(format!("read {path}")))
        };
        let bad = || LabError::Program(format!("/proc/{pid} has no figures"));
        let (stat, status) = (read("stat")?, read("status")?);
        let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().ok_or_else(bad)?;
        let cpu_s = ticks(&stat).ok_or_else(bad)? as f64 / per_second as f64;
        let rss = field(&status, "VmRSS:").ok_or_else(bad)? * 1024;
        let peak_rss = field(&status, "VmHWM:").ok_or_else(bad)? * 1024;
        let waits = field(&status, "voluntary_ctxt_switches:").ok_or_else(bad)?;
        Ok(Self { at: Instant::now(), cpu_s, rss, peak_rss, waits })
    }

    /// The share of one core that it used since `earlier`.
    pub(crate) fn cpu_since(&self, earlier: &Self) -> f64 {
        (self.cpu_s - earlier.cpu_s) / self.seconds_since(earlier)
    }

    /// How often a second its main thread was woken since `earlier`.
    pub(crate) fn wakes_since(&self, earlier: &Self) -> f64 {
        self.waits.saturating_sub(earlier.waits) as f64 / self.seconds_since(earlier)
    }

    fn seconds_since(&self, earlier: &Self) -> f64 {
        self.at.duration_since(earlier.at).as_secs_f64().max(1e-3)
    }
}

/// `utime` and `stime` of proc_pid_stat(5): fields 14 and 15. The second field is a name in
/// brackets that may hold anything, so counting begins behind its end.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 9";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (x"), None);
        let status = "Name:\tx\nVmHWM:\t   900 kB\nVmRSS:\t  512 kB\n";
        assert_eq!(field(status, "VmRSS:"), Some(512));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let before = Usage::of(std::process::id()).expect("/proc");
        let mut sum = 0_u64;
        while Usage::of(std::process::id()).expect("/proc").cpu_s < before.cpu_s + 0.02 {
            sum = (0..1_000_000_u64).fold(sum, u64::wrapping_add);
        }
        let after = Usage::of(std::process::id()).expect("/proc");
        assert!(after.cpu_since(&before) > 0.0 && after.rss > 100_000, "{after:?} {sum}");
        assert!(after.peak_rss >= after.rss);
    }
}
