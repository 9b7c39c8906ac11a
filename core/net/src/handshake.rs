//! The proof on a fresh connection: the dialler first, then the listener (SECURITY 10).
//!
//! Nothing else is read from a connection before its proof; every failure looks the same from
//! outside: one close code, after a fixed time.

use std::time::Duration;

use bytes::BytesMut;
use manyhands_stream::Ticket;
use manyhands_swarm::NodeId;
use parking_lot::Mutex;
use quinn::{Connection, RecvStream, SendStream, VarInt};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::Identity;
use crate::control::{self, Control, Frame, Hello, Permit, Place, Proof};
use crate::credentials::{Adopted, Credentials, Exporter, Greeted, Refusal};
use crate::identity::node_of;

/// The longest a proof may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Every refusal is said after this time, whatever its reason.
const REFUSAL_DELAY: Duration = Duration::from_millis(50);
/// The one close code of every refusal.
const REFUSED: VarInt = VarInt::from_u32(3);

/// A connection whose two ends have proved that they belong here.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) connection: Connection,
    pub(crate) control: (SendStream, RecvStream),
    pub(crate) buffered: BytesMut,
    pub(crate) node: NodeId,
    pub(crate) origin: bool,
    /// It is a relay that this broadcaster has put to work.
    pub(crate) relay: bool,
    pub(crate) dialled: bool,
    /// Its turn among the connections of these two: the highest one stays.
    pub(crate) turn: u32,
    /// The other end showed a newer run or head, and it was adopted.
    pub(crate) adopted: Option<Adopted>,
    /// The other end knows less than we do.
    pub(crate) ours_newer: bool,
}

/// What a broadcaster wants of a relay.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) ticket: Ticket,
    /// The relay is to show nobody where the broadcaster is.
    pub(crate) shielded: bool,
}

/// Why a connection did not come to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("the connection failed: {0}")]
    Connection(#[from] quinn::ConnectionError),
    #[error("the other end did not finish its proof")]
    Broken,
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// Lets a dialler in, or not. Who knows no run yet can let nobody in, but may be let in itself by
/// who has dialled: a broadcaster behind a NAT reaches its first viewers so.
pub(crate) async fn listen(
    connection: Connection,
    identity: &Identity,
    credentials: &Mutex<Credentials>,
) -> Result<Proven, HandshakeError> {
    settle(&connection, async {
        let mut talk = Talk::open(&connection).await?;
        let known = credentials.lock().hello().ok();
        let hello = known.map(|hello| hello.to_bytes().to_vec()).unwrap_or_default();
        talk.send(&Control::Hello(Hello { hello })).await?;
        match (talk.receive().await?, known) {
            (Control::Proof(proof), Some(hello)) => {
                talk.check(&connection, (hello, proof), identity, credentials, false).await
            }
            (Control::Hello(Hello { hello }), None) => {
                talk.be_let_in(&connection, &hello, identity, credentials, None).await
            }
            (Control::Permit(permit), _) => {
                talk.be_put_to_work(&connection, &permit, identity, credentials).await
            }
            _ => Err(HandshakeError::Broken),
        }
    })
    .await
}

/// Proves our place to the listener that was dialled, then checks the listener; lets it in where it
/// knows no run yet. A relay is shown its permit, and then let in. `turn` is that of [`Proven`].
pub(crate) async fn dial(
    connection: Connection,
    identity: &Identity,
    credentials: &Mutex<Credentials>,
    errand: Option<&Errand>,
    turn: u32,
) -> Result<Proven, HandshakeError> {
    settle(&connection, async {
        let (send, recv) = connection.accept_bi().await?;
        let mut talk = Talk { send, recv, buffer: BytesMut::new() };
        let Control::Hello(Hello { hello }) = talk.receive().await? else {
            return Err(HandshakeError::Broken);
        };
        if let Some(errand) = errand {
            return talk.put_to_work(&connection, errand, identity, credentials).await;
        }
        if hello.is_empty() {
            return talk.let_in(&connection, identity, credentials, true).await;
        }
        talk.be_let_in(&connection, &hello, identity, credentials, Some(turn)).await
    })
    .await
}

/// Bounds the time of a handshake and makes all failures look alike.
async fn settle(
    connection: &Connection,
    handshake: impl Future<Output = Result<Proven, HandshakeError>>,
) -> Result<Proven, HandshakeError> {
    let result = timeout(PATIENCE, handshake).await.unwrap_or(Err(HandshakeError::Broken));
    if result.is_err() {
        sleep(REFUSAL_DELAY).await;
        connection.close(REFUSED, b"");
    }
    result
}

/// The control stream while only the handshake speaks on it.
struct Talk {
    send: SendStream,
    recv: RecvStream,
    buffer: BytesMut,
}

impl Talk {
    async fn open(connection: &Connection) -> Result<Self, HandshakeError> {
        let (send, recv) = connection.open_bi().await?;
        Ok(Self { send, recv, buffer: BytesMut::new() })
    }

    /// Asks for a proof, checks it and gives our own: the listener's part, whoever has it.
    async fn let_in(
        mut self,
        connection: &Connection,
        identity: &Identity,
        credentials: &Mutex<Credentials>,
        dialled: bool,
    ) -> Result<Proven, HandshakeError> {
        let hello = credentials.lock().hello()?;
        self.send(&Control::Hello(Hello { hello: hello.to_bytes().to_vec() })).await?;
        let Control::Proof(proof) = self.receive().await? else {
            return Err(HandshakeError::Broken);
        };
        self.check(connection, (hello, proof), identity, credentials, dialled).await
    }

    /// Checks the proof that answers our HELLO, and gives our own.
    async fn check(
        mut self,
        connection: &Connection,
        (hello, proof): (manyhands_stream::proof::Hello, Proof),
        identity: &Identity,
        credentials: &Mutex<Credentials>,
        dialled: bool,
    ) -> Result<Proven, HandshakeError> {
        let exporter = Exporter::new(connection, identity.spki(), false)?;
        let (origin, state) = {
            let credentials = credentials.lock();
            let origin = credentials.check_dialler(&hello, &proof.proof, &exporter)?;
            (origin, credentials.welcome(&hello, &exporter)?)
        };
        self.send(&Control::RunState(state)).await?;
        let greeted = Greeted { origin, adopted: None, ours_newer: false };
        let turn = proof.turn.unwrap_or(0);
        Ok(self.done(connection, exporter.their_spki(), greeted, (dialled, turn)))
    }

    /// Proves first, then checks the other end: the dialler's part, whoever has it. Who has dialled
    /// says which turn it is.
    async fn be_let_in(
        mut self,
        connection: &Connection,
        hello: &[u8],
        identity: &Identity,
        credentials: &Mutex<Credentials>,
        dialled: Option<u32>,
    ) -> Result<Proven, HandshakeError> {
        let exporter = Exporter::new(connection, identity.spki(), true)?;
        let hello = manyhands_stream::proof::Hello::parse(hello).map_err(Refusal::from)?;
        let proof = credentials.lock().prove(&hello, &exporter)?;
        let turn = dialled.unwrap_or(0);
        let said = (turn > 0).then_some(turn);
        self.send(&Control::Proof(Proof { proof: proof.to_bytes().to_vec(), turn: said })).await?;
        let Control::RunState(state) = self.receive().await? else {
            return Err(HandshakeError::Broken);
        };
        let greeted = credentials.lock().check_listener(&hello, state, &exporter)?;
        Ok(self.done(connection, exporter.their_spki(), greeted, (dialled.is_some(), turn)))
    }

    /// Broadcaster: shows the permit, takes the relay into the roster, and lets it in.
    async fn put_to_work(
        mut self,
        connection: &Connection,
        errand: &Errand,
        identity: &Identity,
        credentials: &Mutex<Credentials>,
    ) -> Result<Proven, HandshakeError> {
        let exporter = Exporter::new(connection, identity.spki(), true)?;
        let permit = credentials.lock().permit(&errand.ticket, errand.shielded, &exporter)?;
        self.send(&Control::Permit(Permit { permit })).await?;
        let Control::Place(Place { secret }) = self.receive().await? else {
            return Err(HandshakeError::Broken);
        };
        let secret = Zeroizing::new(secret);
        let added = credentials.lock().add_relay(&errand.ticket, &secret)?;
        let proven = self.let_in(connection, identity, credentials, true).await?;
        Ok(Proven { adopted: added, relay: true, ..proven })
    }

    /// Relay: judges the permit, says the secret of its place, and is let in.
    async fn be_put_to_work(
        mut self,
        connection: &Connection,
        permit: &Permit,
        identity: &Identity,
        credentials: &Mutex<Credentials>,
    ) -> Result<Proven, HandshakeError> {
        let exporter = Exporter::new(connection, identity.spki(), false)?;
        let secret = credentials.lock().admit(&permit.permit, &exporter)?;
        self.send(&Control::Place(Place { secret: secret.expose().to_vec() })).await?;
        let Control::Hello(Hello { hello }) = self.receive().await? else {
            return Err(HandshakeError::Broken);
        };
        self.be_let_in(connection, &hello, identity, credentials, None).await
    }

    async fn send(&mut self, message: &Control) -> Result<(), HandshakeError> {
        self.send.write_chunk(message.encode()).await.map_err(|_| HandshakeError::Broken)
    }

    async fn receive(&mut self) -> Result<Control, HandshakeError> {
        loop {
            match control::next_frame(&mut self.buffer) {
                Ok(Some(Frame::Control(message))) => return Ok(message),
                Ok(Some(Frame::Unknown)) => {}
                Ok(None) => match self.recv.read_chunk(16 * 1024, true).await {
                    Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk.bytes),
                    _ => return Err(HandshakeError::Broken),
                },
                Ok(Some(Frame::Overlay(_))) | Err(_) => return Err(HandshakeError::Broken),
            }
        }
    }

    fn done(
        self,
        connection: &Connection,
        their_spki: &[u8],
        greeted: Greeted,
        (dialled, turn): (bool, u32),
    ) -> Proven {
        Proven {
            connection: connection.clone(),
            control: (self.send, self.recv),
            buffered: self.buffer,
            node: node_of(their_spki),
            origin: greeted.origin,
            relay: false,
            dialled,
            turn,
            adopted: greeted.adopted,
            ours_newer: greeted.ours_newer,
        }
    }
}
