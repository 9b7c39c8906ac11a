//! The page to watch on: a small HTTP server on loopback that hands our own player what the session
//! releases by its playout clock, and takes back one decision, whether to lend a hand.
//!
//! Invariant: nothing is answered to anybody who doesn't know this run's 128-bit token and doesn't
//! name this very address as `Host`; nothing is changed by a request that another site could send
//! (`guard`). No request, however long or slow, takes more than the bounds named in `listener`,
//! `ring` and `routes`.
//!
//! The page asks for `GET stream`, one endless response of frames, each
//! `kind u8 | track u8 | length u32 big-endian | payload` (`wire`):
//!
//! | kind | payload |
//! | --- | --- |
//! | 0 hello | JSON `{"title", "version"}`, first and once |
//! | 1 init | MIME length u16, MIME type with codecs, initialisation segment |
//! | 2 fragment | flags u8 (1 = keyframe), media time of its first unit u64 ms, `moof` + `mdat` |
//! | 3 state | the newest JSON object given to [`Feed::state`] |
//! | 4 skipped | empty: the page was too slow; what follows starts at a later keyframe |
//! | 5 alive | empty, each 2 s of silence |
//! | 6 bye | empty: the program leaves; the stream ends |
//!
//! The state object (all fields optional but `state`):
//! - `state` = `joining`, `waiting`, `playing`, `paused`, `camera_off`, `broadcaster_silent`,
//!   `cut_off`, `no_network`, `ended`, `revoked`, `expired`, `device_limit`, `unreachable`,
//!   `interrupted` (the program was closed), `full`, `damaged_link`, `newer_version` or, unknown to
//!   the page, any other word together with a `message` for people;
//! - `title`, `latency_ms`, `target_ms`, `ran_ms` (length, with `ended`; else the last position);
//! - `stats`, the object of `--json`;
//! - `peers` = `[{peer, from_bps, to_bps, origin}]`, bits a second now;
//! - `lend` = `{on, limit_bps, reason, given_today}` with `reason` one of `on` (`lending` or `ready`
//!   by the peers), `lending`, `ready`, `off`, `not_yet`, `half_battery`, `half_warm`, `mobile`,
//!   `roaming`, `data_saver`, `battery_low`, `battery_saver`, `hot`, `daily_limit`,
//!   `monthly_limit`, `call`, `live`, or a person's words; `given_today` is null where it is not
//!   known.
//!
//! Writes are `POST lend` with `{"on": bool}` and `POST link`, which answers
//! `{"link", "qr"}` (`qr` is an SVG), so that the link is in no page, address or history.

mod assets;
mod feed;
mod guard;
mod listener;
mod patience;
mod ring;
mod routes;
mod token;
mod viewer;
mod wire;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

pub use feed::Feed;
use token::Token;

/// Commands that may wait for the program; a person's switch is slow, so few are enough.
const COMMANDS: usize = 8;
/// How long [`Server::shutdown`] waits for pages to take in the last state.
const FAREWELL: Duration = Duration::from_secs(1);

/// Where and for whom the page is served.
#[derive(Debug, Clone)]
pub struct PageConfig {
    /// Address to listen on; port 0 takes a random free one.
    pub listen: SocketAddr,
    /// Whether an address that other machines can reach is accepted.
    pub allow_remote: bool,
    /// What the page is called until the broadcast's own title is known.
    pub title: String,
}

/// What the session releases by its playout clock.
#[derive(Debug, Clone)]
pub enum Media {
    /// A track begins, or its configuration changes from the next fragment on.
    Init {
        /// Number of the track.
        track: u8,
        /// MIME type with codecs, such as `video/mp4; codecs="avc1.64001f"`.
        mime: String,
        /// Initialisation segment (`ftyp` + `moov`) with this one track.
        bytes: Bytes,
    },
    /// One or more access units of a track.
    Fragment {
        /// Number of the track.
        track: u8,
        /// Whether decoding can start here.
        keyframe: bool,
        /// Media time of the first unit, in milliseconds.
        release_ms: u64,
        /// `moof` + `mdat`.
        bytes: Bytes,
    },
}

/// What a person did on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Switched giving on or off.
    Lend(bool),
}

/// The running server; dropping it stops serving at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    token: Token,
    feed: Feed,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// The address to open in a browser. It holds the token: whoever has it can watch.
    pub fn url(&self) -> String {
        format!("http://{}/{}/", shown(self.address), self.token)
    }

    /// Lets every page take in the last state, then closes all connections.
    pub async fn shutdown(mut self) {
        self.feed.close();
        self.stop.send_replace(true);
        // Past the farewell the drop below ends whatever still hangs.
        let _ = tokio::time::timeout(FAREWELL, &mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves the page until the [`Server`] is shut down or dropped.
///
/// # Errors
/// The address can't be listened on, or isn't loopback while `allow_remote` is false
/// ([`io::ErrorKind::InvalidInput`]).
pub async fn serve(
    config: PageConfig,
    feed: Feed,
) -> io::Result<(Server, mpsc::Receiver<Command>)> {
    if !config.listen.ip().to_canonical().is_loopback() && !config.allow_remote {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} can be reached by other machines; allow that first", config.listen),
        ));
    }
    let socket = TcpListener::bind(config.listen).await?;
    let address = socket.local_addr()?;
    let token = Token::fresh();
    let (commands, received) = mpsc::channel(COMMANDS);
    let (stop, stopped) = watch::channel(false);
    let router = routes::router(feed.clone(), config.title, commands);
    let accepting = tokio::spawn(listener::run(socket, router, token.clone(), stopped));
    Ok((Server { address, token, feed, stop, accepting }, received))
}

/// An address that a person can open: "any address" is shown as the one used towards the network.
fn shown(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    SocketAddr::new(outward().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), address.port())
}

/// The source address of packets to the network (192.0.2.1 is for documentation, RFC 5737;
/// connecting a UDP socket sends nothing).
fn outward() -> Option<IpAddr> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    probe.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(probe.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests;
