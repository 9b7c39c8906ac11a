//! Garbage, oversize and never-ending data at the UDP sockets and at the page's port.
//!
//! While it comes, both viewers watch on; memory stays bounded; the page answers who asks properly.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use manyhands_lab::LabError;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Checks, REFUSAL, Scene};
use crate::crowd::ORIGIN;
use crate::proc::Usage;
use crate::run::Run;
use crate::stage::listen;

/// Between two datagrams of one thrower: about 1 MB/s at each socket, so that the processor of a
/// small machine is not what is tested.
const BEAT: Duration = Duration::from_millis(4);
/// From nothing to the largest that UDP can carry over IPv4.
const SIZES: [usize; 9] = [0, 1, 20, 40, 1199, 1200, 1472, 9000, 65_507];
/// Connections that say little and never end.
const IDLERS: usize = 40;
/// How much memory a program may take more than before, in bytes.
const GROWTH: u64 = 32 << 20;
/// The page answers within this.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) fn check(
    checks: &mut Checks<'_>,
    scene: &mut Scene,
    length: Duration,
) -> Result<(), LabError> {
    let stage = checks.stage;
    let mut options: Vec<String> = listen(0).into();
    options.push("--serve".into());
    let page = stage.watch("page", ORIGIN, None, &options)?;
    let live = page.expect("page", REFUSAL)?;
    let url = live.get("url").and_then(|url| url.as_str()).unwrap_or_default().to_owned();
    let address =
        address_of(&url).ok_or_else(|| LabError::Program(format!("the page at {url}")))?;
    page.expect("first_frame", REFUSAL)?;
    checks.check("noise.page_answers_before", unlike_a_page(&url, address));

    let targets = [&scene.crowd.origin].into_iter().chain(&scene.crowd.viewers).chain([&page]);
    let pids: Vec<u32> = targets.map(Run::pid).collect();
    let before = pids.iter().map(|pid| Usage::of(*pid)).collect::<Result<Vec<_>, _>>()?;
    let until = Instant::now() + length;
    let (ports, seed) = (&scene.ports, stage.seed());
    let during = thread::scope(|scope| {
        for (port, seed) in ports.iter().zip(seed..) {
            scope.spawn(move || throw_datagrams(*port, seed, until));
        }
        scope.spawn(move || idle(address, until));
        scope.spawn(move || never_ending(address, b"GET /", until));
        scope.spawn(move || never_ending(address, b"GET / HTTP/1.1\r\nX: ", until));
        let post = b"POST /lend HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n";
        scope.spawn(move || never_ending(address, post, until));
        scope.spawn(move || garbage(address, seed, until));
        stage.let_run(length / 2)?;
        Ok::<_, LabError>(unlike_a_page(&url, address))
    })?;
    checks.check("noise.page_answers_during", during);
    checks.check("noise.page_answers_after", unlike_a_page(&url, address));

    for (pid, before) in pids.iter().zip(before) {
        let now = Usage::of(*pid)?;
        let grown = now.peak_rss.saturating_sub(before.peak_rss) > GROWTH;
        let fault = grown.then(|| format!("from {} to {} bytes", before.peak_rss, now.peak_rss));
        let name = match pids.iter().position(|other| other == pid) {
            Some(0) => "broadcaster".to_owned(),
            Some(at) if at == pids.len() - 1 => "page".into(),
            at => format!("viewer{}", at.unwrap_or_default()),
        };
        checks.check(&format!("noise.memory_of_{name}"), fault);
    }
    let stalled = page.last("stats").and_then(|stats| stats.get("stalled_ms")?.as_f64());
    let fault = (stalled != Some(0.0)).then(|| format!("stalled for {stalled:?} ms"));
    checks.check("noise.page_plays_on", fault);
    let said = page.errors();
    checks.check("noise.nothing_said", (!said.is_empty()).then_some(said));
    checks.leaves("noise.page_leaves", page)
}

/// Datagrams of every size, half of them dressed up as the start of a QUIC connection.
fn throw_datagrams(port: u16, seed: u64, until: Instant) {
    let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) else { return };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut buffer = vec![0; 65_507];
    while Instant::now() < until {
        let size = SIZES[random.random_range(0..SIZES.len())].min(buffer.len());
        let datagram = &mut buffer[..size];
        random.fill_bytes(datagram);
        // RFC 9000 17.2: long header, Initial, version 1 or one that nobody knows.
        if let Some(head) = datagram.first_chunk_mut::<6>().filter(|_| random.random()) {
            let version = if random.random() { 1 } else { 0x1a2a_3a4a_u32 }.to_be_bytes();
            *head = [0xc3, version[0], version[1], version[2], version[3], 8];
        }
        // What the kernel doesn't take is not thrown.
        let _ = socket.send_to(datagram, (Ipv4Addr::LOCALHOST, port));
        thread::sleep(BEAT);
    }
}

/// Many connections, each a byte now and then.
fn idle(address: SocketAddr, until: Instant) {
    let mut open: Vec<TcpStream> = Vec::new();
    while Instant::now() < until {
        if open.len() < IDLERS {
            open.extend(TcpStream::connect_timeout(&address, ANSWER));
        }
        open.retain_mut(|stream| stream.write_all(b"G").is_ok());
        thread::sleep(Duration::from_millis(50));
    }
}

/// A request that goes on for ever; when it is cut off, the next one.
fn never_ending(address: SocketAddr, start: &[u8], until: Instant) {
    let more = [b'a'; 16 * 1024];
    while Instant::now() < until {
        let Ok(mut stream) = TcpStream::connect_timeout(&address, ANSWER) else { continue };
        let _ = stream.set_write_timeout(Some(Duration::from_millis(500)));
        let mut going = stream.write_all(start).is_ok();
        while going && Instant::now() < until {
            going = stream.write_all(&more).is_ok();
            thread::sleep(BEAT);
        }
        thread::sleep(BEAT);
    }
}

/// Bytes that are no request at all.
fn garbage(address: SocketAddr, seed: u64, until: Instant) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = [0; 2048];
    while Instant::now() < until {
        random.fill_bytes(&mut bytes);
        if let Ok(mut stream) = TcpStream::connect_timeout(&address, ANSWER) {
            let _ = stream.write_all(&bytes);
        }
        thread::sleep(BEAT * 5);
    }
}

/// `http://ADDRESS/…`
fn address_of(url: &str) -> Option<SocketAddr> {
    url.strip_prefix("http://")?.split('/').next()?.parse().ok()
}

/// What is wrong with the page's answer to who asks properly, and to who doesn't know its token.
fn unlike_a_page(url: &str, address: SocketAddr) -> Option<String> {
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let proper = ask(address, &format!("/{path}"));
    let without_token = ask(address, "/");
    match (proper, without_token) {
        (Ok(200), Ok(code)) if code >= 400 => None,
        other => Some(format!("asked properly and without token: {other:?}")),
    }
}

fn ask(address: SocketAddr, path: &str) -> Result<u16, String> {
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        stream.take(64).read_to_end(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    let answer = answer().map_err(|error| error.to_string())?;
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.ok_or_else(|| format!("{answer:?} is no answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_url() {
        let address = "127.0.0.1:4000".parse().expect("an address");
        assert_eq!(address_of("http://127.0.0.1:4000/token/"), Some(address));
        assert_eq!(address_of("https://x/"), None);
    }
}
