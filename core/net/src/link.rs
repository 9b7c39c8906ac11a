//! One QUIC connection to a proven peer: its control stream, pieces out, pieces in.
//!
//! A piece travels on a unidirectional stream of its own: one byte that says why it is sent, then
//! the piece. Sending never waits: what cannot be taken now is refused, and the overlay hears of it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use manyhands_stream::MAX_PIECE_LEN;
use parking_lot::Mutex;
use quinn::{Connection, ConnectionError, RecvStream, SendStream, VarInt};
use tokio::sync::mpsc;

use crate::control::{self, Frame};

/// The largest piece (SECURITY, PIECE: its length is a u16).
pub(crate) const MAX_PIECE: usize = MAX_PIECE_LEN;
/// Control frames that wait for the peer at most; more means that it does not read.
const CONTROL_QUEUE: usize = 256;
/// Streams a peer may have open towards us at once: 4 s of pieces at K = 8 and 10 chunks a second,
/// and a keyframe of 4 MiB in parts of 16 KiB.
pub(crate) const MAX_STREAMS: u32 = 512;
/// Reset code for a piece that could not be taken at once.
const BLOCKED: VarInt = VarInt::from_u32(1);
/// Close code of a peer that breaks the protocol.
pub(crate) const MISBEHAVED: VarInt = VarInt::from_u32(2);

/// Why a piece is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Live,
    Repair,
}

impl Purpose {
    fn byte(self) -> &'static [u8] {
        match self {
            Self::Live => &[0],
            Self::Repair => &[1],
        }
    }
}

/// What a connection reports to the node.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    Frame(Frame),
    Piece {
        purpose: Purpose,
        data: Bytes,
    },
    /// The connection is gone.
    Closed {
        /// The other end's program has begun anew, at the same address.
        anew: bool,
    },
}

/// The node's end of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    /// Taken when the link says farewell: the control stream then ends.
    control: Mutex<Option<mpsc::Sender<Bytes>>>,
    /// The pieces that are not known to have arrived: at most [`MAX_STREAMS`]. A farewell waits for
    /// them, and a connection that takes the place of this one carries them again.
    unconfirmed: Mutex<VecDeque<Given>>,
    given: AtomicU64,
}

/// A piece on its way.
#[derive(Debug)]
struct Given {
    at: Instant,
    stream: SendStream,
    purpose: Purpose,
    data: Bytes,
}

/// The peer takes nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocked;

impl Link {
    /// Starts the tasks of a proven connection; `report` is called for whatever comes in and says
    /// whether anybody still listens.
    pub(crate) fn start<F, R>(
        connection: Connection,
        (send, recv): (SendStream, RecvStream),
        buffered: BytesMut,
        report: F,
    ) -> Arc<Self>
    where
        F: Fn(LinkEvent) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = bool> + Send + 'static,
    {
        let (control, outgoing) = mpsc::channel(CONTROL_QUEUE);
        connection.set_max_concurrent_uni_streams(VarInt::from_u32(MAX_STREAMS));
        tokio::spawn(write_control(send, outgoing));
        tokio::spawn(read_control(connection.clone(), recv, buffered, report.clone()));
        tokio::spawn(read_pieces(connection.clone(), report));
        Arc::new(Self {
            connection,
            control: Mutex::new(Some(control)),
            unconfirmed: Mutex::default(),
            given: AtomicU64::new(0),
        })
    }

    /// Queues a control frame; a peer that reads none is closed.
    pub(crate) fn send_control(&self, frame: Bytes) {
        let control = self.control.lock();
        if control.as_ref().is_some_and(|control| control.try_send(frame).is_err()) {
            self.close(MISBEHAVED);
        }
    }

    /// Hands a piece to QUIC if it takes it whole, now.
    pub(crate) fn send_piece(&self, purpose: Purpose, data: Bytes) -> Result<(), Blocked> {
        self.give(Instant::now(), purpose, data)
    }

    /// Carries what `before` was given within `age` and is not known to have arrived by it; gives how
    /// many pieces that are. What finds no room is asked for by who misses it.
    pub(crate) fn carry_on(&self, before: &Self, age: Duration) -> usize {
        let mut pieces = std::mem::take(&mut *before.unconfirmed.lock());
        // A connection that is gone says of none that it has arrived.
        let arrived = |given: &Given| matches!(now(given.stream.stopped()), Some(Ok(_)));
        pieces.retain(|given| given.at.elapsed() <= age && !arrived(given));
        let carried =
            pieces.into_iter().map(|given| self.give(given.at, given.purpose, given.data));
        carried.filter(Result::is_ok).count()
    }

    fn give(&self, at: Instant, purpose: Purpose, data: Bytes) -> Result<(), Blocked> {
        let mut stream = now(self.connection.open_uni()).ok_or(Blocked)?.map_err(|_| Blocked)?;
        // Control goes first, live pieces before repair.
        let _ = stream.set_priority(if purpose == Purpose::Live { 1 } else { 0 });
        let len = data.len() as u64 + 1;
        let mut chunks = [Bytes::from_static(purpose.byte()), data.clone()];
        let Some(Ok(())) = now(stream.write_all_chunks(&mut chunks)) else {
            let _ = stream.reset(BLOCKED);
            return Err(Blocked);
        };
        let _ = stream.finish();
        self.given.fetch_add(len, Relaxed);
        let mut unconfirmed = self.unconfirmed.lock();
        if unconfirmed.len() == MAX_STREAMS as usize {
            unconfirmed.pop_front();
        }
        unconfirmed.push_back(Given { at, stream, purpose, data });
        Ok(())
    }

    /// For how long the oldest piece has been on its way; nothing when all have arrived.
    pub(crate) fn oldest_unconfirmed(&self) -> Option<Duration> {
        let mut unconfirmed = self.unconfirmed.lock();
        while unconfirmed.front().is_some_and(|given| now(given.stream.stopped()).is_some()) {
            unconfirmed.pop_front();
        }
        unconfirmed.front().map(|given| given.at.elapsed())
    }

    /// Returns when the peer has what was sent, or has gone. The pieces first: the peer closes when
    /// the control stream ends.
    pub(crate) async fn farewell(&self) {
        let unconfirmed = std::mem::take(&mut *self.unconfirmed.lock());
        for given in unconfirmed {
            let _ = given.stream.stopped().await;
        }
        drop(self.control.lock().take());
        self.connection.closed().await;
    }

    /// Bytes of pieces handed to QUIC so far.
    pub(crate) fn given(&self) -> u64 {
        self.given.load(Relaxed)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn close(&self, code: VarInt) {
        self.connection.close(code, b"");
    }
}

/// Polls a future once: its value if it has it now.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

async fn write_control(mut send: SendStream, mut frames: mpsc::Receiver<Bytes>) {
    let _ = send.set_priority(10);
    while let Some(frame) = frames.recv().await {
        if send.write_chunk(frame).await.is_err() {
            return;
        }
    }
    let _ = send.finish();
}

async fn read_control<F, R>(
    connection: Connection,
    mut recv: RecvStream,
    mut buffer: BytesMut,
    report: F,
) where
    F: Fn(LinkEvent) -> R,
    R: Future<Output = bool>,
{
    loop {
        match control::next_frame(&mut buffer) {
            Ok(Some(frame)) => {
                if !report(LinkEvent::Frame(frame)).await {
                    break;
                }
            }
            Ok(None) => match recv.read_chunk(64 * 1024, true).await {
                Ok(Some(chunk)) => buffer.extend_from_slice(&chunk.bytes),
                Ok(None) | Err(_) => break,
            },
            Err(error) => {
                tracing::debug!(%error, "closing a peer that breaks the control stream");
                connection.close(MISBEHAVED, b"");
                break;
            }
        }
    }
    let anew = connection.close_reason() == Some(ConnectionError::Reset);
    // A control stream that ends ends the connection.
    connection.close(VarInt::from_u32(0), b"");
    report(LinkEvent::Closed { anew }).await;
}

async fn read_pieces<F, R>(connection: Connection, report: F)
where
    F: Fn(LinkEvent) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = bool> + Send + 'static,
{
    while let Ok(stream) = connection.accept_uni().await {
        let report = report.clone();
        let connection = connection.clone();
        // Bounded by MAX_STREAMS: QUIC lets no more be open at once.
        tokio::spawn(async move {
            let Some((purpose, data)) = read_piece(stream, &connection).await else { return };
            report(LinkEvent::Piece { purpose, data }).await;
        });
    }
}

async fn read_piece(mut stream: RecvStream, connection: &Connection) -> Option<(Purpose, Bytes)> {
    match stream.read_to_end(MAX_PIECE + 1).await {
        Ok(data) => match data.first() {
            Some(0) => Some((Purpose::Live, Bytes::from(data).slice(1..))),
            Some(1) => Some((Purpose::Repair, Bytes::from(data).slice(1..))),
            _ => None,
        },
        Err(quinn::ReadToEndError::TooLong) => {
            connection.close(MISBEHAVED, b"");
            None
        }
        Err(quinn::ReadToEndError::Read(_)) => None,
    }
}
