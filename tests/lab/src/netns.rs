//! A network namespace that lives as long as one thread of this process.
//!
//! Nothing is put under `/run/netns`: the kernel takes the namespace, its devices and its addresses
//! away when the thread and the programs in it are gone, however the lab ended, SIGKILL included.
//! So several labs stand side by side without names to agree on, and no dead run leaves anything to
//! sweep. Programs started inside die with the thread (see [`Netns::spawn`]). To look inside:
//! `nsenter --net=/proc/PID/task/TID/ns/net`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, gettid};

use crate::error::LabError;

/// Columns of `/proc/net/dev` behind the device's name: bytes received and sent.
const RECEIVED: usize = 0;
const SENT: usize = 8;

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace of its own and the thread that stands in it.
#[derive(Debug)]
pub struct Netns {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    tid: i32,
}

impl Netns {
    /// A new, empty namespace.
    ///
    /// # Errors
    /// [`LabError::NotPermitted`] where the account may not make one.
    pub fn new(name: &str) -> Result<Self, LabError> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let (ready, entered) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                let _ = ready.send(unshare(CloneFlags::CLONE_NEWNET).map(|()| gettid().as_raw()));
                todo.into_iter().for_each(|job| job());
                kill_inhabitants();
            })
            .map_err(LabError::io("start a thread"))?;
        let tid = entered
            .recv()
            .map_err(|_| LabError::Gone("namespace thread"))?
            .map_err(|errno| LabError::permission("make a network namespace")(errno.into()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), tid })
    }

    /// Run `work` inside the namespace and wait for it. A socket that it opens stays inside.
    pub fn run<T, F>(&self, work: F) -> Result<T, LabError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let gone = || LabError::Gone("namespace thread");
        let (done, result) = mpsc::channel();
        let job = Box::new(move || drop(done.send(work())));
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())
    }

    /// A thread that stands inside, for tools that move devices there.
    pub(crate) fn thread(&self) -> i32 {
        self.tid
    }

    /// Run a tool inside to its end, giving it `input`.
    ///
    /// # Errors
    /// [`LabError::Tool`] with the end of its standard error when it fails.
    pub fn tool(&self, program: &str, arguments: &[&str], input: &str) -> Result<(), LabError> {
        let mut command = Command::new(program);
        command.args(arguments);
        let input = input.to_owned();
        self.run(move || crate::tool::run(command, &input))?.map(drop)
    }

    /// Start a program inside, without standard input; it is killed when the namespace is dropped
    /// or this process dies.
    pub fn spawn(&self, command: Command, output: Stdio, errors: Stdio) -> Result<Child, LabError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let start = move || {
            crate::tool::tied(command).stdin(Stdio::null()).stdout(output).stderr(errors).spawn()
        };
        self.run(start)?.map_err(LabError::io(format!("start {name}")))
    }

    /// Bytes that `device` has sent so far by the kernel's counter, Ethernet headers included.
    pub fn sent_bytes(&self, device: &str) -> Result<u64, LabError> {
        self.counter(device, SENT)
    }

    /// The same of what it has received.
    pub fn received_bytes(&self, device: &str) -> Result<u64, LabError> {
        self.counter(device, RECEIVED)
    }

    fn counter(&self, device: &str, column: usize) -> Result<u64, LabError> {
        let path = format!("/proc/self/task/{}/net/dev", self.tid);
        let table = fs::read_to_string(&path).map_err(LabError::io(path))?;
        bytes_in(&table, device, column).ok_or_else(|| LabError::Io {
            what: format!("counter of {device}"),
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Kill every other process in the calling thread's namespace. Programs die with this thread anyway;
/// this also gets one that was started a moment ago and isn't tied to it yet.
fn kill_inhabitants() {
    let namespace = |of: &Path| fs::read_link(of.join("ns/net")).ok();
    let Some(here) = namespace(Path::new("/proc/thread-self")) else { return };
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let Some(pid) = pid.map(Pid::from_raw).filter(|pid| *pid != getpid()) else { continue };
        if namespace(&process.path()).is_some_and(|there| there == here) {
            // It may have ended meanwhile.
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// Read a column of `device`'s line in `/proc/net/dev`, see proc_pid_net(5).
fn bytes_in(table: &str, device: &str, column: usize) -> Option<u64> {
    let row = table.lines().find_map(|line| line.trim().strip_prefix(device)?.strip_prefix(':'))?;
    row.split_whitespace().nth(column)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_of_the_asked_device_is_read() {
        let table = "Inter-|   Receive\n face |bytes\n    lo: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n  \
                     eth0: 3 1 0 0 0 0 0 0 4567 9 0 0 0 0 0 0\n";
        assert_eq!(bytes_in(table, "eth0", SENT), Some(4567));
        assert_eq!(bytes_in(table, "eth0", RECEIVED), Some(3));
        assert_eq!(bytes_in(table, "eth", SENT), None);
        assert_eq!(bytes_in(table, "eth1", SENT), None);
    }
}
