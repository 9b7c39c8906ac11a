//! Those who come to a program's TCP port with anything but a tunnel's datagrams: from inside a host, at
//! a steady rate, until they are dropped.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::error::LabError;
use crate::host::Host;

/// Between two looks at what is due.
const BEAT: Duration = Duration::from_millis(10);
/// What a connection may keep an attacker waiting.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest datagram of a tunnel.
const LARGEST: usize = 1_500;

/// What kind of junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junk {
    /// So many frames a second with random bytes in them, through TLS.
    Frames(u32),
    /// Connections that say something that isn't TLS: so many a second.
    Noise(u32),
    /// So many connections at once that say nothing.
    HalfOpen(usize),
    /// Frames of which a byte comes each 100 ms, through TLS: so many at once.
    Endless(usize),
}

/// Somebody at work. Dropping it ends it.
#[derive(Debug)]
pub struct Attacker {
    ends: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attacker {
    /// Begins in `host`, at the port of `target`.
    pub fn start(
        host: &Host,
        target: SocketAddr,
        junk: &[Junk],
        seed: u64,
    ) -> Result<Self, LabError> {
        let (ends, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut threads = Vec::new();
        for (number, junk) in junk.iter().copied().enumerate() {
            let work = Work { target, ends: ends.clone(), done: done.clone() };
            let random = ChaCha8Rng::seed_from_u64(seed + number as u64);
            // A thread stands where the one stands that begins it.
            threads.push(host.run(move || thread::spawn(move || work.run(junk, random)))?);
        }
        Ok(Self { ends, done, threads })
    }

    /// Frames, connections or bytes so far, by the kind of junk.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.ends.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            // One that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

struct Work {
    target: SocketAddr,
    ends: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Work {
    fn run(&self, junk: Junk, mut random: ChaCha8Rng) {
        match junk {
            Junk::Frames(rate) => self.frames(rate, &mut random),
            Junk::Noise(rate) => self.noise(rate, &mut random),
            Junk::HalfOpen(most) => self.hold(most, |work| work.connect(), |_| Ok(())),
            Junk::Endless(most) => self.hold(most, Self::endless, |tls| tls.write_all(&[7])),
        }
    }

    /// Calls `each` as often as the rate says, and says how often that was.
    fn at_rate(&self, rate: u32, mut each: impl FnMut() -> io::Result<()>) {
        let begun = Instant::now();
        let mut called = 0_u64;
        while !self.ends.load(Relaxed) {
            let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u64;
            while called < due && !self.ends.load(Relaxed) {
                called += 1;
                if each().is_ok() {
                    self.done.fetch_add(1, Relaxed);
                }
            }
            thread::sleep(BEAT);
        }
    }

    fn frames(&self, rate: u32, random: &mut ChaCha8Rng) {
        let mut tls: Option<Tls> = None;
        let mut frames = Vec::new();
        // By the hundred, as a system would gather them.
        self.at_rate(rate.div_ceil(100), || {
            if tls.is_none() {
                tls = Some(self.tls()?);
            }
            frames.clear();
            for _ in 0..100 {
                let len = random.random_range(1..=400_u16);
                frames.extend(len.to_le_bytes());
                let from = frames.len();
                frames.resize(from + usize::from(len), 0);
                random.fill_bytes(frames.get_mut(from..).unwrap_or_default());
            }
            let Some(open) = &mut tls else { return Ok(()) };
            let said = open.write_all(&frames).and_then(|()| open.flush());
            if said.is_err() {
                tls = None;
            }
            said
        });
    }

    fn noise(&self, rate: u32, random: &mut ChaCha8Rng) {
        let mut bytes = [0; 1_024];
        self.at_rate(rate, || {
            random.fill_bytes(&mut bytes);
            self.connect()?.write_all(&bytes)
        });
    }

    /// Keeps so many open, each of which does something each 100 ms.
    fn hold<T: Held>(
        &self,
        most: usize,
        open: impl Fn(&Self) -> io::Result<T>,
        each: impl Fn(&mut T) -> io::Result<()>,
    ) {
        let mut held: Vec<T> = Vec::new();
        while !self.ends.load(Relaxed) {
            held.retain_mut(|one| each(one).is_ok() && !one.has_ended());
            while held.len() < most && !self.ends.load(Relaxed) {
                let Ok(one) = open(self) else { break };
                self.done.fetch_add(1, Relaxed);
                held.push(one);
            }
            thread::sleep(BEAT * 10);
        }
    }

    fn endless(&self) -> io::Result<Tls> {
        let mut tls = self.tls()?;
        tls.write_all(&(LARGEST as u16).to_le_bytes())?;
        Ok(tls)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let tcp = TcpStream::connect_timeout(&self.target, PATIENCE)?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        Ok(tcp)
    }

    fn tls(&self) -> io::Result<Tls> {
        let mut tcp = self.connect()?;
        let name = ServerName::try_from("peer.invalid").map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(Arc::new(config()?), name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(tls, tcp))
    }
}

/// A connection that may have been ended from the other side.
trait Held {
    fn tcp(&mut self) -> &mut TcpStream;

    fn has_ended(&mut self) -> bool {
        let tcp = self.tcp();
        if tcp.set_nonblocking(true).is_err() {
            return true;
        }
        let read = tcp.read(&mut [0]);
        let alive = matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        tcp.set_nonblocking(false).is_err() || !alive
    }
}

impl Held for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Held for Tls {
    fn tcp(&mut self) -> &mut TcpStream {
        &mut self.sock
    }
}

fn config() -> io::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.enable_sni = false;
    Ok(config)
}

/// An attacker doesn't mind who it is.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
