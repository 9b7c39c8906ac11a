//! A line between two sockets on loopback that can be interrupted.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::LOOPBACK;

/// The largest datagram.
const DATAGRAM: usize = 65_535;
/// What a line holds back at most, in datagrams in each direction; the rest is lost.
const HELD: usize = 20_000;

/// What the line does with what is sent by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Passes it on.
    All,
    /// Loses it, as a phone in a lift does.
    Nothing,
    /// Keeps it until it is to pass on again, as an end does that stands still.
    Later,
}

/// The line. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where the near end sends to.
    pub(crate) address: SocketAddr,
    carries: watch::Sender<Carries>,
    task: JoinHandle<()>,
}

impl Line {
    /// Lays a line to `far` for one near end.
    pub(crate) async fn to(far: SocketAddr) -> Self {
        let near = UdpSocket::bind(LOOPBACK).await.unwrap();
        let address = near.local_addr().unwrap();
        let out = UdpSocket::bind(LOOPBACK).await.unwrap();
        out.connect(far).await.unwrap();
        let (carries, state) = watch::channel(Carries::All);
        Self { address, carries, task: tokio::spawn(carry(near, out, state)) }
    }

    pub(crate) fn set(&self, carries: Carries) {
        self.carries.send_replace(carries);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(near: UdpSocket, far: UdpSocket, mut state: watch::Receiver<Carries>) {
    let (mut there, mut back) = (vec![0; DATAGRAM], vec![0; DATAGRAM]);
    let (mut held_there, mut held_back) = (VecDeque::new(), VecDeque::new());
    let mut who = None;
    loop {
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            got = near.recv_from(&mut there) => if let Ok((length, from)) = got {
                who = Some(from);
                held_there.push_back(there[..length].to_vec());
            },
            got = far.recv(&mut back) => if let Ok(length) = got {
                held_back.push_back(back[..length].to_vec());
            },
        }
        match *state.borrow() {
            Carries::All => {}
            Carries::Nothing => {
                held_there.clear();
                held_back.clear();
            }
            Carries::Later => {
                held_there.truncate(HELD);
                held_back.truncate(HELD);
                continue;
            }
        }
        for datagram in held_there.drain(..) {
            let _ = far.send(&datagram).await;
        }
        for datagram in held_back.drain(..) {
            if let Some(who) = who {
                let _ = near.send_to(&datagram, who).await;
            }
        }
    }
}
