//! How busy this machine is.

use std::fs;
use std::io;

use serde::Serialize;

use crate::error::LabError;

/// The machine's processor time at one moment, in ticks of all cores together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    busy: u64,
    all: u64,
}

impl Load {
    /// Now.
    pub fn now() -> Result<Self, LabError> {
        let stat = fs::read_to_string("/proc/stat").map_err(LabError::io("read /proc/stat"))?;
        parse(&stat).ok_or_else(|| LabError::Usage("/proc/stat has no processor line".into()))
    }

    /// The share of all cores that `ticks` are of the time since `earlier`.
    pub fn share_of(self, ticks: u64, earlier: Self) -> f64 {
        ticks as f64 / self.all.saturating_sub(earlier.all).max(1) as f64
    }

    /// The share of all cores that was busy since `earlier`, 0 to 1.
    pub fn share_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        self.busy.saturating_sub(earlier.busy) as f64 / all as f64
    }
}

/// What a process holds of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// Open files and sockets.
    pub files: usize,
    /// Threads.
    pub threads: usize,
    /// Memory that is there for it alone, in KiB.
    pub memory_kib: u64,
}

/// What a process holds now; an error when it is gone.
pub fn held_by(pid: u32) -> io::Result<Holdings> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let entries = |of: &str| fs::read_dir(format!("/proc/{pid}/{of}")).map(Iterator::count);
    let memory_kib = field(&status, "RssAnon:").ok_or(io::ErrorKind::InvalidData)?;
    Ok(Holdings { files: entries("fd")?, threads: entries("task")?, memory_kib })
}

/// A figure of proc_pid_status(5), in the unit that stands there.
pub fn field(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Processor time that a process has used, in the ticks of [`Load`]; none when it is gone.
pub fn used_by(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    used_in(&stat).unwrap_or(0)
}

/// Fields 14 and 15 of proc_pid_stat(5), counted from behind the name in parentheses, which may
/// hold anything.
fn used_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// The line `cpu  user nice system idle iowait irq softirq steal …` of proc_stat(5): all but idle
/// and iowait is busy, stolen time included, since it is as lost to the programs.
fn parse(stat: &str) -> Option<Load> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).flat_map(str::parse).collect();
    let all = ticks.iter().sum();
    let idle: u64 = ticks.get(3..5)?.iter().sum();
    Some(Load { busy: all - idle, all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processs_time_is_read_whatever_its_name() {
        let stat = "7 (a) b ()) S 1 7 7 0 -1 4194304 90 0 0 0 12 30 0 0 20 0 1 0 100";
        assert_eq!(used_in(stat), Some(42));
        assert_eq!(used_in("7 (a"), None);
    }

    #[test]
    fn what_a_process_holds_is_counted() {
        let status = "Name:\tx\nRssAnon:\t    5120 kB\nThreads:\t3\n";
        assert_eq!(field(status, "RssAnon:"), Some(5120));
        assert_eq!(field(status, "RssFile:"), None);
        let own = held_by(std::process::id()).expect("this process is there");
        assert!(own.files > 2 && own.threads > 0 && own.memory_kib > 0);
    }

    #[test]
    fn waiting_for_disks_is_idle_and_stolen_time_is_busy() {
        let then = parse("cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 1 1 1 1 1").expect("a line");
        let now = parse("cpu  20 0 10 110 30 0 0 30 9 9\n").expect("a line");
        assert_eq!(now.share_since(then), 0.4);
        assert_eq!(parse("intr 1 2 3"), None);
    }
}
