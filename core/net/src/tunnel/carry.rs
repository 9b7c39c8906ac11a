//! Datagrams through one tunnel, both ways.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Arrival, frame};

/// Bytes read at once: a TLS record.
const READ: usize = 16 * 1024;
/// Datagrams that leave together when they wait together.
const TOGETHER: usize = 8;

/// Carries until either end is done with it, says what is no frame, or for `idle` nothing whole has come
/// or nothing had to leave; gives how many have come.
pub(super) async fn carry(
    stream: impl AsyncRead + AsyncWrite,
    from: SocketAddr,
    arrive: &mpsc::Sender<Arrival>,
    queue: mpsc::Receiver<Bytes>,
    idle: Duration,
) -> u64 {
    let (read, write) = tokio::io::split(stream);
    let mut count = 0;
    let ended = tokio::select! {
        ended = take_out(read, from, arrive, idle, &mut count) => ended,
        ended = put_in(write, queue, idle) => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a tunnel has ended");
    }
    count
}

async fn take_out(
    mut read: impl AsyncRead + Unpin,
    from: SocketAddr,
    arrive: &mpsc::Sender<Arrival>,
    idle: Duration,
    count: &mut u64,
) -> io::Result<()> {
    let mut bytes = BytesMut::with_capacity(READ);
    loop {
        // A frame that never ends is silence, too.
        let datagram = timeout(idle, next(&mut read, &mut bytes)).await??;
        let Some(datagram) = datagram else { return Ok(()) };
        *count += 1;
        // Copied out, so that one that waits doesn't hold on to all that came with it.
        let datagram = Bytes::copy_from_slice(&datagram);
        if arrive.send((from, datagram)).await.is_err() {
            return Ok(());
        }
    }
}

/// The next datagram; nothing at the end.
async fn next(
    read: &mut (impl AsyncRead + Unpin),
    bytes: &mut BytesMut,
) -> io::Result<Option<Bytes>> {
    loop {
        let taken = frame::take(bytes);
        if let Some(datagram) = taken.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))? {
            return Ok(Some(datagram));
        }
        bytes.reserve(READ);
        if read.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

async fn put_in(
    mut write: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Bytes>,
    idle: Duration,
) -> io::Result<()> {
    let (mut waiting, mut frames) = (Vec::with_capacity(TOGETHER), BytesMut::new());
    // Nothing comes any more when the route is gone.
    while timeout(idle, queue.recv_many(&mut waiting, TOGETHER)).await? > 0 {
        frames.clear();
        waiting.drain(..).for_each(|datagram: Bytes| frame::put(&mut frames, &datagram));
        timeout(idle, async {
            write.write_all(&frames).await?;
            write.flush().await
        })
        .await??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;
    use tokio::time::{interval, sleep};

    /// Short, so that nobody waits for a test.
    const IDLE: Duration = Duration::from_millis(200);
    /// Nothing takes longer on any machine that works.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn from() -> SocketAddr {
        ([203, 0, 113, 1], 9).into()
    }

    /// A tunnel whose far end the test holds.
    struct Tunnel {
        far: tokio::io::DuplexStream,
        queue: mpsc::Sender<Bytes>,
        arrived: mpsc::Receiver<Arrival>,
        carried: tokio::task::JoinHandle<u64>,
    }

    impl Tunnel {
        /// With so many bytes of room in the network.
        fn new(room: usize) -> Self {
            let (near, far) = tokio::io::duplex(room);
            let (arrive, arrived) = mpsc::channel(4);
            let (queue, waiting) = mpsc::channel(4);
            let carry = async move { carry(near, from(), &arrive, waiting, IDLE).await };
            Self { far, queue, arrived, carried: tokio::spawn(carry) }
        }

        async fn ended(self) -> u64 {
            timeout(PATIENCE, self.carried).await.expect("it ends").unwrap()
        }
    }

    #[tokio::test]
    async fn datagrams_pass_both_ways() {
        let mut tunnel = Tunnel::new(1 << 16);
        tunnel.queue.send(Bytes::from_static(b"out")).await.unwrap();
        let mut out = [0; 5];
        tunnel.far.read_exact(&mut out).await.unwrap();
        assert_eq!(&out, b"\x03\0out");
        tunnel.far.write_all(b"\x02\0in").await.unwrap();
        assert_eq!(tunnel.arrived.recv().await, Some((from(), Bytes::from_static(b"in"))));
        tunnel.far.shutdown().await.unwrap();
        assert_eq!(tunnel.ended().await, 1);
    }

    #[tokio::test]
    async fn garbage_ends_it() {
        let mut tunnel = Tunnel::new(1 << 16);
        tunnel.far.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        assert_eq!(tunnel.ended().await, 0);
    }

    #[tokio::test]
    async fn a_frame_that_never_ends_is_silence() {
        let mut tunnel = Tunnel::new(1 << 16);
        let mut all = BytesMut::new();
        all.put_u16_le(1_400);
        all.put_bytes(7, 1_300);
        let mut said = 0;
        for byte in all {
            if tunnel.far.write_all(&[byte]).await.is_err() {
                break;
            }
            said += 1;
            let _ = tunnel.queue.try_send(Bytes::from_static(b"x"));
            sleep(IDLE / 20).await;
        }
        assert!(said < 1_302, "it was heard to the end");
        assert_eq!(tunnel.ended().await, 0);
    }

    #[tokio::test]
    async fn one_that_only_listens_or_only_talks_is_not_kept() {
        let listens = Tunnel::new(1 << 16);
        let mut talks = Tunnel::new(1 << 16);
        let listening = async {
            while listens.queue.send(Bytes::from_static(b"x")).await.is_ok() {
                sleep(IDLE / 10).await;
            }
        };
        let talking = async {
            while talks.far.write_all(b"\x01\0x").await.is_ok() {
                let _ = talks.arrived.try_recv();
                sleep(IDLE / 10).await;
            }
        };
        let both = async { tokio::join!(listening, talking) };
        timeout(PATIENCE, both).await.expect("both end");
        assert_eq!(listens.ended().await, 0);
        assert!(talks.ended().await > 0);
    }

    #[tokio::test]
    async fn who_reads_nothing_is_not_waited_for() {
        let mut tunnel = Tunnel::new(64);
        let mut beat = interval(IDLE / 10);
        // The far end goes on talking, and never reads.
        let full = async {
            loop {
                beat.tick().await;
                let _ = tunnel.queue.try_send(Bytes::from(vec![7; 1_000]));
                if tunnel.far.write_all(b"\x01\0x").await.is_err() {
                    return;
                }
                let _ = tunnel.arrived.try_recv();
            }
        };
        timeout(PATIENCE, full).await.expect("it ends");
        assert!(tunnel.ended().await > 0);
    }
}
