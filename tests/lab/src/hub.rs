//! The emulator at work: one thread between every host's TAP device and the [`Exchange`].
//!
//! One epoll for all devices, a timer and the questions of other threads, so nothing spins. The
//! timer rings up to 0.2 ms late on purpose, so that frames due together leave in one wake-up; how
//! late every frame really was is counted ([`Effort`]), so that a run on a machine that was too
//! slow shows it.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::unistd::gettid;
use tun_rs::SyncDevice;

use crate::effort::Effort;
use crate::error::LabError;
use crate::exchange::Exchange;
use crate::link::Line;
use crate::nat::Kind;
use crate::traffic::Traffic;

/// Frames read from one device before the others have their turn.
const BATCH: usize = 64;
/// Larger than any frame at an MTU of 1,500, so that a frame that offload left whole is seen.
const READ_BUFFER: usize = 65_600;
/// How much later than due the timer is set, in nanoseconds.
const GRAIN_NS: u64 = 200_000;
const TIMER: u64 = u64::MAX;
const QUESTION: u64 = u64::MAX - 1;

type Question = Box<dyn FnOnce(&mut Engine) + Send>;

/// A running emulator. Dropping it ends its thread and closes all devices.
#[derive(Debug)]
pub struct Hub {
    questions: Option<mpsc::Sender<Question>>,
    bell: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    /// Start with no host; `seed` decides every loss and jitter.
    pub fn start(seed: u64) -> Result<Self, LabError> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let bell = Arc::new(EventFd::from_flags(flags).map_err(system("make an eventfd"))?);
        let (questions, asked) = mpsc::channel();
        let mut engine = Engine::new(seed, asked, Arc::clone(&bell))?;
        let thread = thread::Builder::new()
            .name("lab-hub".into())
            .spawn(move || engine.run())
            .map_err(LabError::io("start a thread"))?;
        Ok(Self { questions: Some(questions), bell, thread: Some(thread) })
    }

    /// Connect a host by its TAP device, which has to be non-blocking, behind NATs of a kind.
    pub fn plug(
        &self,
        host: Ipv4Addr,
        mac: [u8; 6],
        device: SyncDevice,
        line: Line,
        kind: Kind,
    ) -> Result<(), LabError> {
        self.ask(move |engine| engine.plug(host, mac, device, line, kind))?
            .map_err(system("watch a TAP device"))
    }

    /// Silently drop everything between two hosts, or carry it again.
    pub fn set_blocked(&self, a: Ipv4Addr, b: Ipv4Addr, blocked: bool) -> Result<(), LabError> {
        self.ask(move |engine| engine.exchange.set_blocked(a, b, blocked))
    }

    /// What a host has sent and what became of it.
    pub fn traffic(&self, host: Ipv4Addr) -> Result<Traffic, LabError> {
        self.ask(move |engine| engine.exchange.traffic(host).cloned())?
            .ok_or_else(|| LabError::Usage(format!("no host has the address {host}")))
    }

    /// What the emulator did so far and how well.
    pub fn effort(&self) -> Result<Effort, LabError> {
        self.ask(|engine| engine.effort.with_clocks(engine.start.elapsed()))
    }

    fn ask<T, F>(&self, question: F) -> Result<T, LabError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine) -> T + Send + 'static,
    {
        let gone = || LabError::Gone("emulator");
        let (reply, answer) = mpsc::channel();
        let question = Box::new(move |engine: &mut Engine| drop(reply.send(question(engine))));
        self.questions.as_ref().ok_or_else(gone)?.send(question).map_err(|_| gone())?;
        self.bell.write(1).map_err(system("wake the emulator"))?;
        answer.recv().map_err(|_| gone())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.questions = None;
        // The counter of a bell that can't take one more is ringing already.
        let _ = self.bell.write(1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Engine {
    start: Instant,
    exchange: Exchange,
    devices: BTreeMap<Ipv4Addr, SyncDevice>,
    epoll: Epoll,
    timer: TimerFd,
    armed_for: Option<u64>,
    bell: Arc<EventFd>,
    asked: mpsc::Receiver<Question>,
    effort: Effort,
    buffer: Vec<u8>,
}

impl Engine {
    fn new(
        seed: u64,
        asked: mpsc::Receiver<Question>,
        bell: Arc<EventFd>,
    ) -> Result<Self, LabError> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(system("make an epoll"))?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, flags).map_err(system("make a timerfd"))?;
        let watch = |name| EpollEvent::new(EpollFlags::EPOLLIN, name);
        epoll.add(&timer, watch(TIMER)).map_err(system("watch a timerfd"))?;
        epoll.add(&*bell, watch(QUESTION)).map_err(system("watch an eventfd"))?;
        Ok(Self {
            start: Instant::now(),
            exchange: Exchange::new(seed),
            devices: BTreeMap::new(),
            epoll,
            timer,
            armed_for: None,
            bell,
            asked,
            effort: Effort::default(),
            buffer: vec![0; READ_BUFFER],
        })
    }

    fn run(&mut self) {
        self.effort.realtime = ask_for_realtime();
        let mut events = [EpollEvent::empty(); 64];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(nix::Error::EINTR) => continue,
                // Nothing can be carried any more: every caller gets `Gone`.
                Err(_) => return,
            };
            self.effort.wake_ups += 1;
            for event in events.iter().take(count) {
                match event.data() {
                    TIMER => self.on_timer(),
                    QUESTION => {
                        if !self.on_questions() {
                            return;
                        }
                    }
                    host => self.on_readable(address_of(host)),
                }
            }
            self.deliver();
            self.set_timer();
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn plug(
        &mut self,
        host: Ipv4Addr,
        mac: [u8; 6],
        device: SyncDevice,
        line: Line,
        kind: Kind,
    ) -> nix::Result<()> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, u64::from(u32::from(host)));
        self.epoll.add(&device, event)?;
        self.exchange.plug(host, mac, line, kind);
        self.devices.insert(host, device);
        Ok(())
    }

    fn on_timer(&mut self) {
        let mut expirations = [0; 8];
        // Only to make it unreadable; whether it rang once or more is all the same.
        let _ = nix::unistd::read(&self.timer, &mut expirations);
        self.armed_for = None;
    }

    /// Answer everything that was asked; false when nobody can ask any more.
    fn on_questions(&mut self) -> bool {
        // Only to make it unreadable.
        let _ = self.bell.read();
        loop {
            match self.asked.try_recv() {
                Ok(question) => question(self),
                Err(mpsc::TryRecvError::Empty) => return true,
                Err(mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn on_readable(&mut self, host: Ipv4Addr) {
        let Some(device) = self.devices.get(&host) else { return };
        for _ in 0..BATCH {
            let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            match device.recv(&mut self.buffer) {
                Ok(length) => {
                    self.effort.on_frame(length);
                    self.exchange.handle_frame(
                        now,
                        host,
                        self.buffer.get(..length).unwrap_or_default(),
                    );
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn deliver(&mut self) {
        let now = self.now();
        while let Some(delivery) = self.exchange.poll_delivery(now) {
            let sent = self.devices.get(&delivery.to).map(|device| device.send(&delivery.frame));
            match sent {
                Some(Ok(_)) => self.effort.on_delivered(self.now().saturating_sub(delivery.due)),
                _ => self.effort.refused += 1,
            }
            self.exchange.recycle(delivery.frame);
        }
    }

    fn set_timer(&mut self) {
        let next = self.exchange.next_due();
        let Some(due) = next.filter(|due| self.armed_for.is_none_or(|armed| armed > *due)) else {
            return;
        };
        let wait = (due + GRAIN_NS).saturating_sub(self.now()).max(1);
        let wait = TimeSpec::from_duration(Duration::from_nanos(wait));
        if self.timer.set(Expiration::OneShot(wait), TimerSetTimeFlags::empty()).is_ok() {
            self.armed_for = Some(due);
        }
    }
}

/// Real-time scheduling keeps the delays true while the programs under test fill every core; the
/// emulator itself needs a fraction of one. Without it the run goes on, and its lateness shows.
fn ask_for_realtime() -> bool {
    let mut command = Command::new("chrt");
    command.args(["--rr", "--pid", "1", &gettid().to_string()]);
    crate::tool::run(command, "").is_ok()
}

fn address_of(event: u64) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::try_from(event).unwrap_or(u32::MAX))
}

fn system(what: &'static str) -> impl FnOnce(nix::Error) -> LabError {
    move |errno| LabError::io(what)(errno.into())
}
