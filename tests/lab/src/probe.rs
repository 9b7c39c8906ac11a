//! The lab measures itself: plain UDP probes between its hosts, to show that the network is as
//! asked before anything is concluded about the program under test.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::LabError;
use crate::lab::Lab;

/// Bytes of Ethernet, IPv4 and UDP headers around a datagram's payload.
pub const HEADERS: usize = 42;
/// Payload of a probe datagram, in bytes: what a QUIC datagram usually has.
pub const PAYLOAD: usize = 1200;
/// A probe that hasn't come back for so long is lost, and a silent sender has finished.
const SILENCE: Duration = Duration::from_millis(700);

/// A flow's sender: so many bits a second on the wire, from one host to another.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Number of the sending host.
    pub from: usize,
    /// Number of the receiving host.
    pub to: usize,
    /// Bits a second, headers included.
    pub rate: u64,
}

/// What came out of a [`Flow`].
#[derive(Debug, Clone, PartialEq)]
pub struct Flown {
    /// Datagrams sent.
    pub sent: u64,
    /// Numbers of the datagrams that came, from 0.
    pub received: BTreeSet<u64>,
    /// Bits a second on the wire from the first arrival to the last.
    pub received_bps: f64,
}

impl Flown {
    /// Numbers of the datagrams that didn't come.
    pub fn lost(&self) -> BTreeSet<u64> {
        (0..self.sent).filter(|number| !self.received.contains(number)).collect()
    }
}

/// Round trips from host `a` to an echo in host `b`, one after the other; lost ones are left out.
pub fn round_trips(lab: &Lab, a: usize, b: usize, count: u32) -> Result<Vec<Duration>, LabError> {
    let echo = lab.host(b)?.udp()?;
    let there = local(&echo)?;
    echo.set_read_timeout(Some(SILENCE * 3)).map_err(LabError::io("set a timeout"))?;
    let answering = thread::spawn(move || answer(&echo, count));
    let socket = lab.host(a)?.udp()?;
    socket.set_read_timeout(Some(SILENCE)).map_err(LabError::io("set a timeout"))?;
    let mut times = Vec::new();
    for number in 0..u64::from(count) {
        let start = Instant::now();
        socket.send_to(&number.to_be_bytes(), there).map_err(LabError::io("send a probe"))?;
        if wait_for(&socket, number) {
            times.push(start.elapsed());
        }
    }
    let _ = answering.join();
    Ok(times)
}

/// Run flows side by side for `time`, each paced in steps of a millisecond. How many datagrams are
/// sent depends on rate and time alone: a sender that was held up catches up.
pub fn fly(lab: &Lab, flows: &[Flow], time: Duration) -> Result<Vec<Flown>, LabError> {
    let under_way: Result<Vec<_>, LabError> =
        flows.iter().map(|flow| start(lab, *flow, time)).collect();
    let under_way = under_way?;
    let mut flown = Vec::new();
    for (sending, receiving) in under_way {
        let gone = |_| LabError::Gone("probe");
        let sent = sending.join().map_err(gone)?.map_err(LabError::io("send probes"))?;
        let (received, received_bps) = receiving.join().map_err(gone)?;
        flown.push(Flown { sent, received, received_bps });
    }
    Ok(flown)
}

type Sending = JoinHandle<io::Result<u64>>;
type Receiving = JoinHandle<(BTreeSet<u64>, f64)>;

fn start(lab: &Lab, flow: Flow, time: Duration) -> Result<(Sending, Receiving), LabError> {
    let receiver = lab.host(flow.to)?.udp()?;
    let there = local(&receiver)?;
    receiver.set_read_timeout(Some(SILENCE)).map_err(LabError::io("set a timeout"))?;
    let sender = lab.host(flow.from)?.udp()?;
    let receiving = thread::spawn(move || receive(&receiver));
    let sending = thread::spawn(move || send(&sender, there, flow.rate, time));
    Ok((sending, receiving))
}

fn local(socket: &UdpSocket) -> Result<SocketAddr, LabError> {
    socket.local_addr().map_err(LabError::io("read a socket's address"))
}

fn answer(socket: &UdpSocket, count: u32) {
    let mut buffer = [0; 16];
    for _ in 0..count {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { return };
        let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), from);
    }
}

fn wait_for(socket: &UdpSocket, wanted: u64) -> bool {
    let mut buffer = [0; 16];
    while let Ok(length) = socket.recv(&mut buffer) {
        if buffer.get(..length) == Some(&wanted.to_be_bytes()) {
            return true;
        }
    }
    false
}

fn send(socket: &UdpSocket, to: SocketAddr, rate: u64, time: Duration) -> io::Result<u64> {
    let mut datagram = [0; PAYLOAD];
    let bits = ((PAYLOAD + HEADERS) * 8) as f64;
    let start = Instant::now();
    let mut sent = 0;
    loop {
        let passed = start.elapsed().min(time);
        let due = (passed.as_secs_f64() * rate as f64 / bits) as u64;
        while sent < due {
            datagram[..8].copy_from_slice(&u64::to_be_bytes(sent));
            socket.send_to(&datagram, to)?;
            sent += 1;
        }
        if passed == time {
            return Ok(sent);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn receive(socket: &UdpSocket) -> (BTreeSet<u64>, f64) {
    let mut buffer = [0; 2048];
    let mut numbers = BTreeSet::new();
    let (mut first, mut last) = (Instant::now(), Instant::now());
    let mut bytes = 0;
    while let Ok(length) = socket.recv(&mut buffer) {
        last = Instant::now();
        if numbers.is_empty() {
            first = last;
        } else {
            bytes += length + HEADERS;
        }
        if let Some(number) = buffer.first_chunk() {
            numbers.insert(u64::from_be_bytes(*number));
        }
    }
    let seconds = last.duration_since(first).as_secs_f64();
    (numbers, if seconds > 0.0 { bytes as f64 * 8.0 / seconds } else { 0.0 })
}
