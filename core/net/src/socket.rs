//! The one UDP socket, with the last gate before the wire: a token bucket for every datagram, also for
//! those that take another way than UDP.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use manyhands_swarm::message::Token;
use parking_lot::{Mutex, MutexGuard};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime, UdpPoller};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::mpsc;

use crate::Error;
use crate::bucket::Bucket;
use crate::destinations::Destinations;
use crate::driver::Input;
use crate::meter::Meter;
use crate::node::to_time;
use crate::punch::{PUNCH_LEN, Punch};
use crate::tunnel::{self, Tunnels, Way};

/// Kernel buffers: a keyframe to all children at once must fit (about 8 children x 70 KB).
const KERNEL_BUFFER: usize = 1 << 20;

/// Datagrams handed to the kernel at once under a cap: a piece of 2.5 KB takes two.
const CAPPED_SEGMENTS: usize = 2;

/// Binds the UDP socket that QUIC will use. An unspecified IPv6 address takes IPv4 as well.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Fails where the system has no dual stack: then IPv6 alone is what there is.
        let _ = socket.set_only_v6(false);
    }
    // Larger buffers are a wish; the system may cap them.
    let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
    let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// What a datagram takes on the line beyond its payload: Ethernet 14, IPv4 20, UDP 8.
pub(crate) const FRAMING: usize = 42;
/// An address of IPv6 makes it longer by this.
const FRAMING_V6: usize = 20;

/// The same to a destination. A person's limit is about the line.
fn framing(destination: SocketAddr) -> usize {
    if destination.ip().to_canonical().is_ipv4() { FRAMING } else { FRAMING + FRAMING_V6 }
}

/// One datagram.
fn plain(destination: SocketAddr, contents: &[u8]) -> Transmit<'_> {
    Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None }
}

/// Bytes of datagrams that left and came.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// A UDP socket that never sends faster than its cap.
pub(crate) struct CappedSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    tunnels: Arc<Tunnels>,
    /// Where a datagram has one place only: whose turn it is.
    tunnels_turn: AtomicBool,
    bucket: Mutex<Bucket>,
    counters: Counters,
    meter: Meter,
    start: Instant,
    destinations: Mutex<Destinations>,
    /// Meetings whose packets are listened for, and who hears them.
    expected: Mutex<BTreeSet<Token>>,
    ear: OnceLock<mpsc::Sender<Input>>,
    /// With whom alone it speaks, if not with everybody.
    only: OnceLock<BTreeSet<SocketAddr>>,
    dual: bool,
}

impl CappedSocket {
    pub(crate) fn new(
        socket: UdpSocket,
        runtime: &dyn Runtime,
        cap_bps: Option<u64>,
    ) -> Result<Self, Error> {
        let dual = socket.local_addr()?.is_ipv6();
        Ok(Self {
            inner: runtime.wrap_udp_socket(socket)?,
            tunnels: Tunnels::new()?,
            tunnels_turn: AtomicBool::new(false),
            bucket: Mutex::new(Bucket::new(cap_bps, Instant::now())),
            counters: Counters::default(),
            meter: Meter::new(),
            start: Instant::now(),
            destinations: Mutex::default(),
            expected: Mutex::default(),
            ear: OnceLock::new(),
            only: OnceLock::new(),
            dual,
        })
    }

    /// From now on nothing leaves to any other address, and what comes from others is not heard.
    pub(crate) fn speak_only_with(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        let _ = self.only.set(addresses.into_iter().map(crate::canonical).collect());
    }

    fn speaks_with(&self, address: SocketAddr) -> bool {
        self.only.get().is_none_or(|only| only.contains(&crate::canonical(address)))
    }

    /// Changes the cap, in bits a second; a gentle one has no bursts.
    pub(crate) fn set_cap(&self, cap_bps: Option<u64>, gentle: bool) {
        self.bucket.lock().set_rate(cap_bps, gentle, Instant::now());
    }

    /// How long until something may leave again.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let mut bucket = self.bucket.lock();
        bucket.mark_is(self.meter.media_until(), now);
        bucket.wait(now)
    }

    /// What counts the bytes on the line.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The ways besides UDP.
    pub(crate) fn tunnels(&self) -> &Arc<Tunnels> {
        &self.tunnels
    }

    /// Where it has sent to.
    pub(crate) fn destinations(&self) -> MutexGuard<'_, Destinations> {
        self.destinations.lock()
    }

    /// Packets of meetings go there from now on.
    pub(crate) fn hear_punches(&self, inputs: mpsc::Sender<Input>) {
        let _ = self.ear.set(inputs);
    }

    /// The meetings whose packets are of interest; all others are dropped unread.
    pub(crate) fn expect_punches(&self, tokens: BTreeSet<Token>) {
        *self.expected.lock() = tokens;
    }

    /// Sends a packet of a meeting, unless the cap or the kernel has no room: another one follows.
    pub(crate) fn send_punch(&self, to: SocketAddr, punch: Punch) {
        let destination = match to {
            SocketAddr::V4(v4) if self.dual => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            other => other,
        };
        self.destinations.lock().note(to);
        let _ = self.put(&plain(destination, &punch.to_bytes()));
    }

    /// Who sends by another socket pays here.
    pub(crate) fn purse(self: &Arc<Self>) -> Purse {
        Purse(Arc::downgrade(self))
    }

    /// Lets leave what the cap lets leave.
    fn put(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let to = transmit.destination;
        if !self.speaks_with(to) {
            return Ok(());
        }
        match self.tunnels.way(to, Instant::now()) {
            Way::Udp => self.put_by_udp(transmit),
            Way::Tunnel { probe } => {
                self.put_into_tunnel(transmit)?;
                if probe {
                    // Another one follows.
                    let _ = self.put_by_udp(&plain(to, &tunnel::probe()));
                }
                Ok(())
            }
            Way::Both => {
                self.put_into_tunnel(transmit)?;
                // The other way has it.
                let _ = self.put_by_udp(transmit);
                Ok(())
            }
            Way::Nowhere => Ok(()),
        }
    }

    fn put_by_udp(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let line = self.pay(transmit, framing(transmit.destination))?;
        if let Err(error) = self.inner.try_send(transmit) {
            self.meter.uncount(line);
            return Err(error);
        }
        self.tunnels.on_sent(transmit.destination, Instant::now());
        self.counters.sent.fetch_add(transmit.contents.len() as u64, Relaxed);
        Ok(())
    }

    fn put_into_tunnel(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.pay(transmit, Tunnels::framing(transmit.destination))?;
        self.tunnels.send(transmit);
        self.counters.sent.fetch_add(transmit.contents.len() as u64, Relaxed);
        Ok(())
    }

    /// Takes what datagrams cost out of the bucket, each with `framing`, and counts it; gives how much.
    fn pay(&self, transmit: &Transmit<'_>, framing: usize) -> io::Result<usize> {
        let len = transmit.contents.len();
        let datagrams = len.div_ceil(transmit.segment_size.unwrap_or(len).max(1));
        let framing = datagrams * framing;
        let (mut bucket, now) = (self.bucket.lock(), Instant::now());
        bucket.mark_is(self.meter.media_until(), now);
        if self.meter.would_pass(len + framing) {
            bucket.withhold(self.meter.media_until(), now);
        }
        if !bucket.take(len, framing, now) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.meter.count(len + framing);
        Ok(len + framing)
    }

    /// Datagrams that came through tunnels, and behind them those by UDP: how many. Neither keeps the
    /// other waiting; where there is one place only (Windows, Apple), they take turns.
    fn poll_both(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<(usize, usize)>> {
        let places = bufs.len().min(meta.len());
        let most = match places {
            1 => usize::from(self.tunnels_turn.fetch_not(Relaxed)),
            _ => places / 2,
        };
        let tunnelled = self.tunnels.poll_arrivals(cx, bufs, meta, most);
        if tunnelled == places {
            return Poll::Ready(Ok((tunnelled, 0)));
        }
        let (_, free) = bufs.split_at_mut(tunnelled);
        let (_, by_udp) = meta.split_at_mut(tunnelled);
        match self.inner.poll_recv(cx, free, by_udp) {
            Poll::Ready(Ok(received)) => Poll::Ready(Ok((tunnelled, received))),
            // An error comes again when nothing else does.
            _ if tunnelled > 0 => Poll::Ready(Ok((tunnelled, 0))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if most > 0 => Poll::Pending,
            // It was not their turn, but nobody else has come.
            Poll::Pending => match self.tunnels.poll_arrivals(cx, bufs, meta, 1) {
                0 => Poll::Pending,
                tunnelled => Poll::Ready(Ok((tunnelled, 0))),
            },
        }
    }

    /// What came from `from`: packets of meetings are for their ear, and an answer of any other
    /// kind lifts the limit of a dial.
    fn on_datagrams(&self, from: SocketAddr, bytes: &[u8], stride: usize) {
        for datagram in bytes.chunks(stride.max(1)) {
            if datagram.len() == PUNCH_LEN
                && let Some(punch) = Punch::parse(datagram)
            {
                self.on_punch(from, punch);
            } else {
                self.destinations.lock().on_received(from);
            }
        }
    }

    fn on_punch(&self, from: SocketAddr, punch: Punch) {
        if self.expected.lock().contains(&punch.token)
            && let Some(ear) = self.ear.get()
        {
            self.destinations.lock().on_received(from);
            // Another one follows if the node is too busy for this one.
            let _ = ear.try_send(Input::Punched { from, punch });
        }
    }

    /// Bytes (sent, received) so far.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.counters.sent.load(Relaxed), self.counters.received.load(Relaxed))
    }
}

/// Pays for what other sockets of this node send: a person's limit is about all of it. Nobody's by
/// default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Purse(Weak<CappedSocket>);

impl Purse {
    /// So many bytes leave there.
    pub(crate) fn pay(&self, bytes: usize) {
        self.hold_back(bytes);
        if let Some(socket) = self.0.upgrade() {
            socket.meter.count(bytes);
        }
    }

    /// So many bytes leave later here.
    pub(crate) fn hold_back(&self, bytes: usize) {
        if let Some(socket) = self.0.upgrade() {
            socket.bucket.lock().spend(bytes, Instant::now());
        }
    }
}

impl fmt::Debug for CappedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CappedSocket").finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for CappedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller {
            kernel: self.inner.clone().create_io_poller(),
            tokens: None,
            socket: self,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let now = to_time(self.start, Instant::now());
        if !self.destinations.lock().may_send(now, transmit.destination) {
            // As if the network had lost it: the dial comes to nothing, or the other end speaks.
            return Ok(());
        }
        self.put(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (tunnelled, received) = ready!(self.poll_both(cx, bufs, meta))?;
        let (through_tunnels, by_udp) = meta.split_at_mut(tunnelled);
        for meta in by_udp.iter_mut().take(received) {
            if tunnel::is_inner(meta.addr.ip()) || !self.speaks_with(meta.addr) {
                // Nothing of a datagram without length is read: no answer to it exists.
                meta.len = 0;
            } else {
                self.tunnels.on_received(meta.addr);
            }
        }
        for meta in through_tunnels.iter() {
            self.destinations.lock().on_received(meta.addr);
        }
        let count = tunnelled + received;
        let len: usize = meta.iter().take(count).map(|m| m.len).sum();
        self.counters.received.fetch_add(len as u64, Relaxed);
        self.bucket.lock().received(len);
        for (buffer, meta) in bufs.iter().zip(meta.iter()).take(count).skip(tunnelled) {
            self.on_datagrams(meta.addr, buffer.get(..meta.len).unwrap_or_default(), meta.stride);
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Under a cap, datagrams leave in pairs at most, so that a burst is hardly larger than the bucket.
    fn max_transmit_segments(&self) -> usize {
        let most = self.inner.max_transmit_segments();
        if self.bucket.lock().is_limited() { most.min(CAPPED_SEGMENTS) } else { most }
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}

/// Wakes a sender when the kernel has room and the bucket has tokens.
struct Poller {
    socket: Arc<CappedSocket>,
    kernel: Pin<Box<dyn UdpPoller>>,
    tokens: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let wait = self.socket.wait(Instant::now());
            if wait.is_zero() {
                self.tokens = None;
                return self.kernel.as_mut().poll_writable(cx);
            }
            let sleep = self.tokens.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
            ready!(sleep.as_mut().poll(cx));
            self.tokens = None;
        }
    }
}
