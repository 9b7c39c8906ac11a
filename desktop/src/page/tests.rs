//! The server as a browser and as an ill-meaning program see it, over real sockets.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

struct Page {
    server: Server,
    feed: Feed,
    commands: mpsc::Receiver<Command>,
}

impl Page {
    async fn open() -> Self {
        let feed = Feed::new();
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = PageConfig { listen, allow_remote: false, title: "Test".into() };
        let (server, commands) = serve(config, feed.clone()).await.unwrap();
        Self { server, feed, commands }
    }

    fn path(&self, name: &str) -> String {
        format!("/{}/{name}", self.server.token)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.address).await.unwrap()
    }

    /// Sends a request and returns the whole answer.
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = self.connect().await;
        let (host, length) = (self.server.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        read_all(stream).await
    }

    fn own(&self) -> String {
        let host = self.server.address;
        format!(
            "Origin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\n"
        )
    }
}

/// What comes until the connection closes; a reset counts as closed.
async fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_page_is_under_its_token_with_all_protecting_headers() {
    let page = Page::open().await;
    let answer = page.ask("GET", &page.path(""), "", "").await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    for header in [
        "content-security-policy: default-src 'self'; media-src 'self' blob:; frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "cross-origin-resource-policy: same-origin",
        "cross-origin-opener-policy: same-origin",
        "x-content-type-options: nosniff",
    ] {
        assert!(answer.contains(header), "{header}");
    }
    assert!(!answer.contains("access-control"));
    let refused = page.ask("GET", "/", "", "").await.to_lowercase();
    assert!(refused.starts_with("http/1.1 404"), "{refused}");
    assert!(refused.contains("cross-origin-resource-policy: same-origin"));
}

#[tokio::test]
async fn the_switch_reaches_the_program() {
    let mut page = Page::open().await;
    let body = r#"{"on":false}"#;
    let answer = page.ask("POST", &page.path("lend"), &page.own(), body).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert_eq!(page.commands.recv().await, Some(Command::Lend(false)));
    let bare = page.ask("POST", &page.path("lend"), "", body).await;
    assert!(bare.starts_with("HTTP/1.1 403"), "{bare}");
    let strange = page.ask("POST", &page.path("lend"), &page.own(), r#"{"on":1}"#).await;
    assert!(strange.starts_with("HTTP/1.1 400"), "{strange}");
    assert!(page.commands.try_recv().is_err());
}

#[tokio::test]
async fn the_link_is_told_to_our_page_only() {
    let page = Page::open().await;
    let early = page.ask("POST", &page.path("link"), &page.own(), "{}").await;
    assert!(early.starts_with("HTTP/1.1 404"), "{early}");
    page.feed.link("https://example/#secret".into());
    let told = page.ask("POST", &page.path("link"), &page.own(), "{}").await;
    assert!(told.contains("https://example/#secret") && told.contains("<svg"), "{told}");
    let read = page.ask("GET", &page.path("link"), "", "").await;
    assert!(read.starts_with("HTTP/1.1 405") && !read.contains("secret"), "{read}");
}

#[tokio::test]
async fn the_last_state_arrives_before_the_server_is_gone() {
    let page = Page::open().await;
    let mut stream = page.connect().await;
    let (path, host) = (page.path("stream"), page.server.address);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.readable().await.unwrap();
    page.feed.state(json!({"state": "ended"}));
    let address = page.server.address;
    page.server.shutdown().await;
    let told = read_all(stream).await;
    assert!(told.contains(r#""state":"ended""#), "{told}");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn garbage_without_end_is_closed_and_others_are_served() {
    let page = Page::open().await;
    let mut heads = page.connect().await;
    let flood = async {
        let _ = heads.write_all(b"GET / HTTP/1.1\r\nX: ").await;
        while heads.write_all(&[b'a'; 4096]).await.is_ok() {}
    };
    flood.await;
    let mut noise = page.connect().await;
    while noise.write_all(&[0xff; 4096]).await.is_ok() {}
    let mut body = page.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        page.path("lend"),
        page.server.address,
        page.own()
    );
    body.write_all(head.as_bytes()).await.unwrap();
    while body.write_all(b"4\r\nAAAA\r\n").await.is_ok() {}
    let answer = page.ask("GET", &page.path(""), "", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_places_come_free() {
    let page = Page::open().await;
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(page.connect().await);
    }
    let answer = page.ask("GET", &page.path(""), "", "").await;
    assert_eq!(answer, "");
    drop(held);
    let mut answer = String::new();
    while !answer.starts_with("HTTP/1.1 200") {
        let mut stream = page.connect().await;
        let host = page.server.address;
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", page.path(""));
        let _ = stream.write_all(request.as_bytes()).await;
        answer = read_all(stream).await;
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_must_be_allowed() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let config = PageConfig { listen, allow_remote: false, title: String::new() };
    let error = serve(config.clone(), Feed::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let (server, _commands) =
        serve(PageConfig { allow_remote: true, ..config }, Feed::new()).await.unwrap();
    assert!(!server.url().contains("0.0.0.0"), "{}", server.url());
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let page = Page::open().await;
    let config =
        PageConfig { listen: page.server.address, allow_remote: false, title: String::new() };
    let error = serve(config, Feed::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn a_page_that_stops_reading_goes_on_at_the_newest_keyframe() {
    let page = Page::open().await;
    page.feed.media(Media::Init { track: 0, mime: "video/mp4".into(), bytes: Bytes::new() });
    let mut stream = page.connect().await;
    let (path, host) = (page.path("stream"), page.server.address);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.readable().await.unwrap();
    // 200 MB in ten seconds of media: far more than sockets hold.
    for tick in 0..100u64 {
        let bytes = Bytes::from(vec![b'.'; 2 << 20]);
        let keyframe = tick % 10 == 0;
        page.feed.media(Media::Fragment { track: 0, keyframe, release_ms: tick * 100, bytes });
        tokio::task::yield_now().await;
    }
    let (mut told, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    while !told.windows(6).any(|head| head == [4, 0, 0, 0, 0, 0]) {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0 && told.len() < 100 << 20, "all of it came: {} bytes", told.len());
        told = [told.split_off(told.len().saturating_sub(5)), buffer[..count].to_vec()].concat();
    }
}
