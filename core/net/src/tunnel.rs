//! Where UDP is blocked (hotels, schools): QUIC's datagrams, framed, inside one TLS connection over TCP.
//!
//! Nothing above the socket knows. Who dials keeps the address that it dials, whichever way datagrams
//! take there; who is dialled sees an address of a block that no packet can come from ([`inner`]). TLS is
//! here so that networks take it for what they let through: who is at the other end, and that nobody
//! reads along, is QUIC's business inside.
//!
//! Invariants: a tunnel is dialled only after UDP has been silent, and never to an address that a
//! stranger named; what can't leave at once is dropped, as a network does, so that nobody waits; every
//! queue, connection and time is bounded.

mod carry;
mod door;
mod frame;
mod inner;
mod listener;
mod probe;
mod routes;
mod silence;
#[cfg(test)]
mod tests;
mod wishes;

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use quinn::udp::{RecvMeta, Transmit};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Error, Identity, tls};

pub(crate) use self::inner::is_inner;
use self::listener::Listening;
pub(crate) use self::probe::probe;
use self::routes::Routes;
pub(crate) use self::routes::Way;

/// The largest datagram that a tunnel carries: what fits an Ethernet frame.
const MAX_DATAGRAM: usize = 1_500;
/// What a tunnelled datagram takes on the line beyond itself, where it travels alone: Ethernet 14, IPv4
/// 20 or IPv6 40, TCP with its timestamps 32, a TLS 1.3 record 22, its length 2. TCP's own
/// acknowledgements and repetitions are the system's and are not seen here.
const FRAMING: [usize; 2] = [90, 110];
/// Datagrams that wait in front of a tunnel: 90 KB, a keyframe of 4 Mbit/s and a little. More is dropped.
const WAITING: usize = 64;
/// Datagrams from all tunnels that wait for QUIC; who sends more waits, each in turn.
const ARRIVED: usize = 256;
/// The longest until TCP and TLS stand.
const OPENING: Duration = Duration::from_secs(5);
/// A tunnel through which for this long nothing whole has come, or nothing had to leave, is of no use:
/// QUIC's own beat is 2 s, and it gives up after 8.
const IDLE: Duration = Duration::from_secs(10);
/// What the kernel may hold that has not left yet: it is late before it has begun.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;
/// And at most altogether: 10 Mbit/s over a round trip of 200 ms.
const KERNEL_BUFFER: usize = 256 * 1024;

/// A datagram out of a tunnel, and from whom.
type Arrival = (SocketAddr, Bytes);

/// All tunnels of a node.
pub(crate) struct Tunnels {
    routes: Mutex<Routes>,
    arrivals: Mutex<mpsc::Receiver<Arrival>>,
    arrive: mpsc::Sender<Arrival>,
    connector: TlsConnector,
    listening: OnceLock<Listening>,
}

impl Tunnels {
    /// Without a listener.
    pub(crate) fn new() -> Result<Arc<Self>, Error> {
        let (arrive, arrivals) = mpsc::channel(ARRIVED);
        Ok(Arc::new(Self {
            routes: Mutex::default(),
            arrivals: Mutex::new(arrivals),
            arrive,
            connector: Arc::new(tls::outer_client()?).into(),
            listening: OnceLock::new(),
        }))
    }

    /// Lets others in by TCP, at the same port as by UDP. Where that is taken, UDP has to do.
    pub(crate) fn listen(self: &Arc<Self>, address: SocketAddr) -> Result<(), Error> {
        // Its own key, of no meaning: who only knocks learns nothing of this node.
        let server = tls::outer_server(&Identity::generate()?)?;
        match Listening::start(address, server, Arc::downgrade(self)) {
            Ok(listening) => {
                let _ = self.listening.set(listening);
            }
            Err(error) => tracing::info!(%error, port = address.port(), "not reachable by TCP"),
        }
        Ok(())
    }

    /// Whether others are let in by TCP.
    pub(crate) fn listens(&self) -> bool {
        self.listening.get().is_some()
    }

    /// That address may be reached through a tunnel: it is not a stranger's word.
    pub(crate) fn allow(&self, address: SocketAddr) {
        self.routes.lock().wishes.allow(crate::canonical(address));
    }

    /// How a datagram gets there now. Where UDP has been silent for long, a tunnel is begun.
    pub(crate) fn way(self: &Arc<Self>, to: SocketAddr, now: Instant) -> Way {
        let mut routes = self.routes.lock();
        if let Some((number, queue)) = routes.begin(to, now) {
            tracing::debug!("UDP is silent: trying TCP");
            tokio::spawn(dial(self.clone(), to, number, queue));
        }
        routes.way(to, now)
    }

    /// Something has left by UDP.
    pub(crate) fn on_sent(&self, to: SocketAddr, now: Instant) {
        self.routes.lock().on_sent(to, now);
    }

    /// Something has come by UDP.
    pub(crate) fn on_received(&self, from: SocketAddr) {
        self.routes.lock().on_received(from);
    }

    /// Puts datagrams into the tunnel there; what finds no room is lost.
    pub(crate) fn send(&self, transmit: &Transmit<'_>) {
        let routes = self.routes.lock();
        let Some(route) = routes.get(transmit.destination) else { return };
        let stride = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        for datagram in transmit.contents.chunks(stride) {
            if datagram.len() <= MAX_DATAGRAM {
                let _ = route.queue.try_send(Bytes::copy_from_slice(datagram));
            }
        }
    }

    /// What datagrams to there take on the line besides, through a tunnel.
    pub(crate) fn framing(to: SocketAddr) -> usize {
        // Nobody knows by which IP a tunnel came that was dialled from outside.
        let v4 = to.ip().to_canonical().is_ipv4();
        let [four, six] = FRAMING;
        if v4 { four } else { six }
    }

    /// Datagrams that have come through tunnels, `most` at most; who has none is woken for the next.
    pub(crate) fn poll_arrivals(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
        most: usize,
    ) -> usize {
        let mut arrivals = self.arrivals.lock();
        let mut count = 0;
        for (buf, meta) in bufs.iter_mut().zip(meta).take(most) {
            let Poll::Ready(Some((addr, datagram))) = arrivals.poll_recv(cx) else { break };
            let len = datagram.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..len), datagram.get(..len)) {
                to.copy_from_slice(from);
            }
            *meta = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
            count += 1;
        }
        count
    }

    /// Whether datagrams go there through a tunnel, or come from there through one.
    pub(crate) fn leads_to(&self, address: SocketAddr) -> bool {
        self.routes.lock().leads_to(crate::canonical(address))
    }

    /// This node stands elsewhere: tunnels that began where it no longer is have gone with the place, and
    /// UDP may pass there.
    pub(crate) fn on_moved(&self) {
        self.routes.lock().on_moved(crate::network::source_towards);
    }
}

impl std::fmt::Debug for Tunnels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnels").finish_non_exhaustive()
    }
}

/// Opens a tunnel and carries what goes through it, until it ends.
async fn dial(tunnels: Arc<Tunnels>, to: SocketAddr, number: u64, queue: mpsc::Receiver<Bytes>) {
    let opened = timeout(OPENING, open(&tunnels.connector, crate::canonical(to)));
    let opened = opened.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let (arrive, tunnels) = (tunnels.arrive.clone(), {
        match &opened {
            Ok((_, from)) => tunnels.routes.lock().on_opened(to, number, *from, Instant::now()),
            Err(error) => tracing::debug!(%error, "nor does TCP lead there"),
        }
        // The node may end while the tunnel stands.
        Arc::downgrade(&tunnels)
    });
    let carried = match opened {
        Ok((stream, _)) => carry::carry(stream, to, &arrive, queue, IDLE).await,
        Err(_) => 0,
    };
    if let Some(tunnels) = tunnels.upgrade() {
        tunnels.routes.lock().on_closed(to, number, carried > 0, Instant::now());
    }
}

/// The connection, and from which address of this machine it goes.
async fn open(
    connector: &TlsConnector,
    to: SocketAddr,
) -> io::Result<(TlsStream<TcpStream>, IpAddr)> {
    let tcp = TcpStream::connect(to).await?;
    prepare(&tcp)?;
    let from = tcp.local_addr()?.ip();
    Ok((connector.connect(tls::no_name()?, tcp).await?, from))
}

/// What a connection needs for datagrams: nothing waits to be joined with more, or long.
fn prepare(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = socket2::SockRef::from(tcp);
    // Both are wishes; the system may cap them.
    let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_notsent_lowat(UNSENT);
    Ok(())
}
