//! A call, as a line sees it: 50 small datagrams a second each way, and how long each takes there and
//! back.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::LabError;
use crate::host::Host;

/// Between two datagrams: a frame of Opus and most other codecs of calls.
const BEAT: Duration = Duration::from_millis(20);
/// A datagram's payload, in bytes: 20 ms of sound at 48 kbit/s and RTP's header.
const PAYLOAD: usize = 132;
/// What has not come back this long after the last one was sent is lost.
const LAST: Duration = Duration::from_millis(1_500);
/// How long a reader waits before it looks whether the call is over.
const LOOK: Duration = Duration::from_millis(50);

/// A call under way.
#[derive(Debug)]
pub struct Call {
    over: Arc<AtomicBool>,
    calling: JoinHandle<std::io::Result<u64>>,
    hearing: JoinHandle<Vec<f64>>,
    answering: JoinHandle<()>,
    answers: Arc<AtomicBool>,
}

/// What became of a call's datagrams.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    sent: u64,
    round_trips_ms: Vec<f64>,
}

impl Heard {
    /// The round trips of those that came back, in milliseconds.
    pub fn round_trips_ms(&self) -> impl Iterator<Item = f64> {
        self.round_trips_ms.iter().copied()
    }

    /// The part that did not come back, 0 to 1.
    pub fn lost_share(&self) -> f64 {
        1.0 - self.round_trips_ms.len() as f64 / self.sent.max(1) as f64
    }
}

impl Call {
    /// From one host to another, until [`Call::hang_up`].
    pub fn start(caller: &Host, called: &Host) -> Result<Self, LabError> {
        let (here, there) = (caller.udp()?, called.udp()?);
        let to = there.local_addr().map_err(LabError::io("read a socket's address"))?;
        for socket in [&here, &there] {
            socket.set_read_timeout(Some(LOOK)).map_err(LabError::io("set a timeout"))?;
        }
        let ear = here.try_clone().map_err(LabError::io("share a socket"))?;
        let (over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        let start = Instant::now();
        let (told, asked, open) = (Arc::clone(&over), Arc::clone(&over), Arc::clone(&answers));
        Ok(Self {
            calling: thread::spawn(move || speak(&here, to, start, &told)),
            hearing: thread::spawn(move || hear(&ear, start, &asked)),
            answering: thread::spawn(move || answer(&there, &open)),
            over,
            answers,
        })
    }

    /// Ends it and gives what was heard.
    pub fn hang_up(self) -> Result<Heard, LabError> {
        let gone = |_| LabError::Gone("call");
        self.over.store(true, Relaxed);
        let sent = self.calling.join().map_err(gone)?.map_err(LabError::io("send a call"))?;
        let round_trips_ms = self.hearing.join().map_err(gone)?;
        self.answers.store(false, Relaxed);
        self.answering.join().map_err(gone)?;
        Ok(Heard { sent, round_trips_ms })
    }
}

fn speak(
    socket: &UdpSocket,
    to: SocketAddr,
    start: Instant,
    over: &AtomicBool,
) -> std::io::Result<u64> {
    let mut datagram = [0; PAYLOAD];
    let mut sent = 0;
    while !over.load(Relaxed) {
        let at = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        datagram[..8].copy_from_slice(&at.to_be_bytes());
        socket.send_to(&datagram, to)?;
        sent += 1;
        thread::sleep((start + BEAT * sent).saturating_duration_since(Instant::now()));
    }
    Ok(u64::from(sent))
}

fn hear(socket: &UdpSocket, start: Instant, over: &AtomicBool) -> Vec<f64> {
    let mut buffer = [0; PAYLOAD];
    let mut times = Vec::new();
    let mut ended: Option<Instant> = None;
    while ended.is_none_or(|at| at.elapsed() < LAST) {
        if ended.is_none() && over.load(Relaxed) {
            ended = Some(Instant::now());
        }
        if socket.recv(&mut buffer).is_ok()
            && let Some(sent) = buffer.first_chunk()
        {
            let sent = Duration::from_micros(u64::from_be_bytes(*sent));
            times.push(start.elapsed().saturating_sub(sent).as_secs_f64() * 1000.0);
        }
    }
    times
}

fn answer(socket: &UdpSocket, open: &AtomicBool) {
    let mut buffer = [0; PAYLOAD];
    while open.load(Relaxed) {
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), from);
        }
    }
}
