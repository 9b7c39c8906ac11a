//! Somebody else's upload on the same line: one TCP connection of the kernel's that sends all it can.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use nix::sys::socket::{setsockopt, sockopt};

use crate::error::LabError;
use crate::host::Host;

/// What one full segment takes on the wire over what it carries: 1,448 bytes after a header of TCP with
/// timestamps, IPv4's and Ethernet's.
const WIRE: f64 = 1_514.0 / 1_448.0;
/// What Windows, Apple's systems, Android and most of Linux send by (RFC 9438). This machine may have
/// another one set: BBR keeps a line's queue as short as LEDBAT does, so neither gives way to the other.
const CUBIC: &str = "cubic";

/// An upload under way. Dropping it ends it.
#[derive(Debug)]
pub struct Upload {
    arrived: Arc<AtomicU64>,
    stream: TcpStream,
}

impl Upload {
    /// From one host to another.
    pub fn start(from: &Host, to: &Host) -> Result<Self, LabError> {
        let place = (to.address(), 0);
        let listener = to
            .run(move || TcpListener::bind(place))?
            .map_err(LabError::io("listen for an upload"))?;
        let there = listener.local_addr().map_err(LabError::io("read a socket's address"))?;
        let stream = from
            .run(move || TcpStream::connect(there))?
            .map_err(LabError::io("begin an upload"))?;
        setsockopt(&stream, sockopt::TcpCongestion, &CUBIC.into())
            .map_err(|error| LabError::io("ask for Cubic")(error.into()))?;
        let (mut taker, _) = listener.accept().map_err(LabError::io("take an upload"))?;
        let mut giver = stream.try_clone().map_err(LabError::io("share a socket"))?;
        let arrived = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&arrived);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(length @ 1..) = taker.read(&mut buffer) {
                count.fetch_add(length as u64, Relaxed);
            }
        });
        // Ends when the connection does.
        thread::spawn(move || while giver.write_all(&[0; 16 << 10]).is_ok() {});
        Ok(Self { arrived, stream })
    }

    /// Bytes that the line has carried of it so far, headers included.
    pub fn arrived(&self) -> u64 {
        (self.arrived.load(Relaxed) as f64 * WIRE) as u64
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Fails only for one that has ended.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
