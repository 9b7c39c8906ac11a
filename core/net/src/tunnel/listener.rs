//! Those who come by TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::door::{Door, Place};
use super::{IDLE, OPENING, Tunnels, carry, prepare};

/// Connections that the system keeps until they are looked at.
const BACKLOG: i32 = 64;
/// After a failure that is the machine's (no more handles), until it is tried again.
const RELIEF: Duration = Duration::from_millis(100);

/// A listener, until it is dropped.
#[derive(Debug)]
pub(super) struct Listening(AbortHandle);

impl Listening {
    pub(super) fn start(
        address: SocketAddr,
        server: rustls::ServerConfig,
        tunnels: Weak<Tunnels>,
    ) -> io::Result<Self> {
        let listener = bind(address)?;
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let task = tokio::spawn(accept(listener, acceptor, Door::default(), tunnels));
        Ok(Self(task.abort_handle()))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// As the UDP socket is bound: an unspecified IPv6 address takes IPv4 as well.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Fails where the system has no dual stack: then IPv6 alone is what there is.
        let _ = socket.set_only_v6(false);
    }
    // The port of a node that has just ended may be taken again. Windows means something else by it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, door: Door, tunnels: Weak<Tunnels>) {
    loop {
        match listener.accept().await {
            Ok((tcp, from)) => {
                // Who finds no place hears nothing but the end.
                if let Some(place) = door.enter(from.ip()) {
                    tokio::spawn(let_in(tcp, from, acceptor.clone(), place, tunnels.clone()));
                }
            }
            Err(error) => {
                tracing::debug!(%error, "nobody can be let in");
                sleep(RELIEF).await;
            }
        }
    }
}

async fn let_in(
    tcp: TcpStream,
    from: SocketAddr,
    acceptor: TlsAcceptor,
    mut place: Place,
    tunnels: Weak<Tunnels>,
) {
    if prepare(&tcp).is_err() {
        return;
    }
    let Ok(Ok(stream)) = timeout(OPENING, acceptor.accept(tcp)).await else { return };
    place.settle();
    let (arrive, (address, number, queue)) = match tunnels.upgrade() {
        Some(tunnels) => (tunnels.arrive.clone(), tunnels.routes.lock().admit(from.port())),
        None => return,
    };
    carry::carry(stream, address, &arrive, queue, IDLE).await;
    if let Some(tunnels) = tunnels.upgrade() {
        tunnels.routes.lock().on_closed(address, number, true, Instant::now());
    }
}
