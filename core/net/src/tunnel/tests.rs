//! Two nodes' sockets on loopback, between which UDP passes or does not.

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use quinn::udp::RecvMeta;
use quinn::{AsyncUdpSocket, Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::endpoint::Quic;
use crate::socket::CappedSocket;
use crate::{Identity, tls};

use super::{IDLE, is_inner, open};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Nothing takes longer on any machine that works.
const PATIENCE: Duration = Duration::from_secs(60);

fn quic(accepts: bool) -> Quic {
    Quic::bind(&Identity::generate().unwrap(), LOOPBACK, None, accepts).unwrap()
}

/// A place that leads to `towards` by TCP, and by UDP when its gate is open; whoever sends by UDP first
/// is its only guest there.
struct Place {
    address: SocketAddr,
    gate: Arc<AtomicBool>,
}

impl Place {
    async fn new(towards: SocketAddr) -> Self {
        let udp = UdpSocket::bind(LOOPBACK).await.unwrap();
        let address = udp.local_addr().unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(towards).await.unwrap();
                tokio::spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        let gate = Arc::new(AtomicBool::new(false));
        let open = gate.clone();
        tokio::spawn(async move {
            let (mut guest, far) = (None, UdpSocket::bind(LOOPBACK).await.unwrap());
            let (mut out, mut back) = ([0; 2_000], [0; 2_000]);
            loop {
                let sent = tokio::select! {
                    Ok((len, from)) = udp.recv_from(&mut out) => {
                        guest = Some(from);
                        if !open.load(Relaxed) {
                            continue;
                        }
                        far.send_to(&out[..len], towards).await
                    }
                    Ok((len, _)) = far.recv_from(&mut back) => match guest {
                        Some(guest) => udp.send_to(&back[..len], guest).await,
                        None => continue,
                    },
                };
                let _ = sent;
            }
        });
        Self { address, gate }
    }
}

/// A connection from one to the other through a place.
async fn connect(dialler: &Quic, place: &Place, listener: &Quic) -> (Connection, Connection) {
    dialler.socket().tunnels().allow(place.address);
    let dial = async { dialler.dial(place.address).unwrap().await.unwrap() };
    let accept = async { listener.endpoint().accept().await.unwrap().await.unwrap() };
    let both = async { tokio::join!(dial, accept) };
    timeout(PATIENCE, both).await.expect("a connection")
}

#[tokio::test]
async fn where_udp_is_silent_quic_takes_the_tunnel_and_both_ends_keep_their_addresses() {
    let listener = quic(true);
    let place = Place::new(listener.local_address().unwrap()).await;
    let address = place.address;
    let dialler = quic(false);
    let started = std::time::Instant::now();
    let (dialled, accepted) = connect(&dialler, &place, &listener).await;
    assert!(started.elapsed() >= Duration::from_secs(3), "UDP has its time");
    assert_eq!(dialled.remote_address(), address);
    assert!(is_inner(accepted.remote_address().ip()));
    assert!(dialler.socket().tunnels().leads_to(address));

    // Both ways, more than the queues hold at once.
    let said: Vec<u8> = (0..1_u32 << 18).map(|n| n as u8).collect();
    for (from, to) in [(&dialled, &accepted), (&accepted, &dialled)] {
        // The listener's window for streams is closed until a link opens it.
        to.set_max_concurrent_uni_streams(quinn::VarInt::from_u32(1));
        let talk = async {
            let mut stream = from.open_uni().await.unwrap();
            stream.write_all(&said).await.unwrap();
            stream.finish().unwrap();
            stream
        };
        let listen = async { to.accept_uni().await.unwrap().read_to_end(1 << 19).await.unwrap() };
        let both = async { tokio::join!(talk, listen) };
        let (_stream, heard) = timeout(PATIENCE, both).await.expect("all of it");
        assert!(heard == said);
    }
    let (sent, _) = dialler.socket().totals();
    assert!(sent >= said.len() as u64, "what is tunnelled is counted");
    assert!(dialler.socket().meter().sent() > sent);
}

#[tokio::test]
async fn a_limit_holds_in_a_tunnel_as_well() {
    let listener = quic(true);
    let place = Place::new(listener.local_address().unwrap()).await;
    let identity = Identity::generate().unwrap();
    let dialler = Quic::bind(&identity, LOOPBACK, Some(1_000_000), false).unwrap();
    let (dialled, accepted) = connect(&dialler, &place, &listener).await;
    accepted.set_max_concurrent_uni_streams(quinn::VarInt::from_u32(1));
    let mut stream = timeout(PATIENCE, dialled.open_uni()).await.unwrap().unwrap();
    let before = dialler.socket().meter().sent();
    let started = std::time::Instant::now();
    let greedy = async { while stream.write_all(&[7; 1_000]).await.is_ok() {} };
    let _ = timeout(Duration::from_secs(2), greedy).await;
    let bytes = (dialler.socket().meter().sent() - before) as f64;
    let most = started.elapsed().as_secs_f64() * 125_000.0 + 10_000.0;
    assert!(bytes <= most, "{bytes} bytes left where {most} may");
    assert!(bytes >= 50_000.0, "and they do leave: {bytes}");
}

#[tokio::test]
async fn a_stranger_s_word_makes_nobody_dial_by_tcp() {
    let mute = UdpSocket::bind(LOOPBACK).await.unwrap();
    let address = mute.local_addr().unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    let dialler = quic(false);
    for _ in 0..2 {
        let dial = dialler.dial(address).unwrap();
        assert!(timeout(Duration::from_millis(3_500), dial).await.is_err());
    }
    let knocked = timeout(Duration::from_millis(100), tcp.accept()).await;
    assert!(knocked.is_err(), "nobody came");
}

#[tokio::test]
async fn where_udp_passes_again_the_tunnel_is_left_and_the_connection_goes_on() {
    let listener = quic(true);
    let place = Place::new(listener.local_address().unwrap()).await;
    let dialler = quic(false);
    let (dialled, accepted) = connect(&dialler, &place, &listener).await;
    let tunnelled = || dialler.socket().tunnels().leads_to(place.address);
    assert!(tunnelled() && is_inner(accepted.remote_address().ip()));
    place.gate.store(true, Relaxed);
    accepted.set_max_concurrent_uni_streams(quinn::VarInt::from_u32(1));
    let mut stream = timeout(PATIENCE, dialled.open_uni()).await.unwrap().unwrap();
    // What is said keeps both ends awake, and shows that nothing of it is lost on the way.
    let talk = async {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let mut said = 0_u64;
        while tunnelled() || is_inner(accepted.remote_address().ip()) {
            stream.write_all(&[said as u8]).await.unwrap();
            said += 1;
            beat.tick().await;
        }
        stream.finish().unwrap();
        said
    };
    let listen = async { accepted.accept_uni().await.unwrap().read_to_end(1 << 16).await.unwrap() };
    let both = async { tokio::join!(talk, listen) };
    let (said, heard) = timeout(PATIENCE, both).await.expect("UDP again");
    assert!(heard == (0..said).map(|n| n as u8).collect::<Vec<_>>());
    assert_eq!(dialled.remote_address(), place.address);
    assert!(dialled.close_reason().is_none() && accepted.close_reason().is_none());
}

#[tokio::test]
async fn what_is_no_frame_is_shown_the_door_and_silence_is_not_waited_for() {
    let listener = quic(true);
    let address = listener.local_address().unwrap();
    let connector = Arc::new(tls::outer_client().unwrap()).into();
    let (mut rude, _) = open(&connector, address).await.unwrap();
    rude.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = [0; 16];
    let end = timeout(IDLE / 2, rude.read(&mut answer)).await.expect("at once");
    assert!(!matches!(end, Ok(1..)), "not a word");
    let mut http = TcpStream::connect(address).await.unwrap();
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(IDLE / 2, http.read_to_end(&mut rest)).await.expect("at once");
    assert!(rest.len() < 16, "TLS's own alert at most");
}

#[tokio::test]
async fn connections_from_one_address_are_bounded() {
    let listener = quic(true);
    let address = listener.local_address().unwrap();
    let mut knocking = Vec::new();
    for _ in 0..64 {
        knocking.push(TcpStream::connect(address).await.unwrap());
    }
    let mut refused = 0;
    for tcp in &mut knocking {
        let mut byte = [0; 1];
        // Those who are let in hear nothing until they speak.
        let end = timeout(Duration::from_millis(50), tcp.read(&mut byte)).await;
        refused += u32::from(end.is_ok());
    }
    assert!((48..64).contains(&refused), "{refused} of 64 were refused");
}

#[tokio::test]
async fn a_node_that_has_ended_gives_its_port_back() {
    let listener = quic(true);
    let address = listener.local_address().unwrap();
    let _open = TcpStream::connect(address).await.unwrap();
    listener.endpoint().close(quinn::VarInt::from_u32(0), b"");
    listener.endpoint().wait_idle().await;
    drop(listener);
    let again = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.expect("nobody listens any more");
    assert!(TcpListener::bind(address).await.is_ok());
}

#[tokio::test]
async fn junk_in_tunnels_does_not_keep_udp_waiting_nor_the_other_way_round() {
    for places in [1, 2, 32] {
        let udp = crate::socket::bind(LOOPBACK).unwrap();
        let socket = CappedSocket::new(udp, &quinn::TokioRuntime, None).unwrap();
        let far = UdpSocket::bind(LOOPBACK).await.unwrap();
        for n in 0..100 {
            let from = super::inner::address(1, 9);
            socket.tunnels().arrive.try_send((from, Bytes::from_static(b"tunnel"))).unwrap();
            far.send_to(&[n], socket.local_addr().unwrap()).await.unwrap();
        }
        let (mut tunnelled, mut by_udp) = (0, 0);
        while tunnelled + by_udp < 200 {
            let mut bytes = vec![[0; 1_500]; places];
            let mut meta = vec![RecvMeta::default(); places];
            let mut bufs: Vec<_> = bytes.iter_mut().map(|buf| IoSliceMut::new(buf)).collect();
            let receive = poll_fn(|cx| socket.poll_recv(cx, &mut bufs, &mut meta));
            let count = timeout(PATIENCE, receive).await.expect("all of them").unwrap();
            let came = meta.iter().take(count).filter(|meta| is_inner(meta.addr.ip())).count();
            tunnelled += came;
            let rest = meta.iter().take(count).skip(came);
            by_udp += rest.map(|meta| meta.len.div_ceil(meta.stride.max(1))).sum::<usize>();
            assert!(tunnelled + by_udp == 200 || tunnelled < 100 || by_udp >= 50, "{places}");
            assert!(by_udp < 100 || tunnelled >= 50, "{places}: {tunnelled} when UDP is done");
        }
    }
}
