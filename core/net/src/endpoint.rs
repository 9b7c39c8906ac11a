//! The QUIC endpoint on the capped socket, and the transport parameters with their reasons.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{
    AckFrequencyConfig, AsyncUdpSocket, ClientConfig, Connecting, Endpoint, MtuDiscoveryConfig,
    ServerConfig, TransportConfig, VarInt,
};

use crate::congestion::LossTolerant;
use crate::line::Line;
use crate::link::MAX_PIECE;
use crate::runtime::GridRuntime;
use crate::socket::{self, CappedSocket, Purse};
use crate::tls::NO_NAME;
use crate::{Error, Identity, reset, tls, tunnel};

/// A silent connection is given up after this; the overlay has replaced the peer long before.
const IDLE: Duration = Duration::from_secs(8);
/// Keeps the mapping of a home router open (RFC 4787 asks for at least 2 minutes, many give 20 s)
/// and tells a dead peer from a quiet one.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Receive window of a connection: 2 s of a 4 Mbit/s stream and a large keyframe.
const RECEIVE_WINDOW: u32 = 4 << 20;
/// What QUIC may hold of ours for one peer: half a second at 16 Mbit/s; more is congestion.
const SEND_WINDOW: u64 = 1 << 20;
/// The first guess of a round trip: the default of 333 ms makes the first loss cost a second.
const INITIAL_RTT: Duration = Duration::from_millis(100);
/// An acknowledgement waits for this many datagrams or 25 ms (RFC 9000's default), whichever is first.
/// At one for two, a third of all that a viewer sent were acknowledgements.
const ACK_EACH: u32 = 10;
/// More than half of what lies between the first and the largest datagram: so the largest, 1,452 bytes,
/// is tried first, and mostly alone. The default's four steps cost each end of each connection 5.5 KB,
/// twice its handshake: a seventh of an uplink of 1.6 Mbit/s while a crowd gathers (measured).
const MTU_CHANGE: u16 = 127;
/// Handshakes under way that are not yet proven.
const MAX_INCOMING: usize = 64;

/// A bound endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Quic {
    endpoint: Endpoint,
    socket: Arc<CappedSocket>,
    client: ClientConfig,
    line: Arc<Line>,
}

impl Quic {
    pub(crate) fn bind(
        identity: &Identity,
        listen: SocketAddr,
        cap_bps: Option<u64>,
        accepts: bool,
    ) -> Result<Self, Error> {
        let runtime = Arc::new(GridRuntime::new());
        let udp = socket::bind(listen).map_err(|e| Error::Bind(listen, e))?;
        let socket = Arc::new(CappedSocket::new(udp, &*runtime, cap_bps)?);
        if accepts {
            socket.tunnels().listen(socket.local_addr()?)?;
        }
        let line = Arc::new(Line::default());
        let transport = Arc::new(transport(line.clone()));
        let mut server = ServerConfig::with_crypto(Arc::new(tls::server(identity)?));
        server.transport_config(transport.clone());
        server.max_incoming(MAX_INCOMING);
        let server = accepts.then_some(server);
        let mut client = ClientConfig::new(Arc::new(tls::client(identity)?));
        client.transport_config(transport);
        let mut config = reset::endpoint(identity.reset());
        config.grease_quic_bit(false);
        let endpoint = Endpoint::new_with_abstract_socket(config, server, socket.clone(), runtime)?;
        Ok(Self { endpoint, socket, client, line })
    }

    pub(crate) fn dial(&self, address: SocketAddr) -> Result<Connecting, quinn::ConnectError> {
        if tunnel::is_inner(address.ip()) {
            // Whoever names one means a tunnel of another node.
            return Err(quinn::ConnectError::InvalidRemoteAddress(address));
        }
        self.endpoint.connect_with(self.client.clone(), address, NO_NAME)
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What all connections say of the line.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Pays from the socket's cap.
    pub(crate) fn purse(&self) -> Purse {
        self.socket.purse()
    }

    pub(crate) fn socket(&self) -> &CappedSocket {
        &self.socket
    }

    /// What leaves from now on comes from another address: connections that this end dialled go on from
    /// there (RFC 9000, section 9.2), under names that nobody has seen with the old one. The socket stays:
    /// it is bound to no address, or to one that is all there is to it.
    pub(crate) fn on_moved(&self) {
        self.socket.tunnels().on_moved();
        if let Err(error) = self.endpoint.rebind_abstract(self.socket.clone()) {
            tracing::debug!(%error, "the socket has gone");
        }
    }

    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }
}

fn transport(line: Arc<Line>) -> TransportConfig {
    let mut config = TransportConfig::default();
    config.max_idle_timeout(Some(VarInt::from_u32(IDLE.as_millis() as u32).into()));
    config.keep_alive_interval(Some(KEEP_ALIVE));
    config.initial_rtt(INITIAL_RTT);
    // Nothing but the control stream before the proof; the link opens the rest.
    config.max_concurrent_uni_streams(VarInt::from_u32(0));
    config.max_concurrent_bidi_streams(VarInt::from_u32(1));
    config.stream_receive_window(VarInt::from_u32(64 * 1024 + MAX_PIECE as u32));
    config.receive_window(VarInt::from_u32(RECEIVE_WINDOW));
    config.send_window(SEND_WINDOW);
    // Streams of one priority in the order in which they were opened: pieces are due in that order.
    config.send_fairness(false);
    let mut acks = AckFrequencyConfig::default();
    acks.ack_eliciting_threshold(ACK_EACH.into());
    config.ack_frequency_config(Some(acks));
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.minimum_change(MTU_CHANGE);
    config.mtu_discovery_config(Some(discovery));
    config.congestion_controller_factory(Arc::new(LossTolerant { line }));
    config.datagram_receive_buffer_size(None);
    config
}
