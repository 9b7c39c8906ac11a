//! Dialling: contacts that the overlay names, and the addresses that were known from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manyhands_swarm::{Contact, NodeId, Time};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::Identity;
use crate::credentials::Credentials;
use crate::driver::Input;
use crate::endpoint::Quic;
use crate::handshake;
use crate::identity::{node_of, peer_spki};
use crate::node::Via;

/// Dials at once, at most.
const MAX_DIALS: usize = 32;
/// Known addresses kept: link hints (4), the command line's, what local discovery finds, the
/// broadcaster's.
const MAX_HINTS: usize = 32;
/// The longest a dial may take before the proof.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two rounds over the known addresses: doubles from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

pub(crate) struct Dialler {
    quic: Quic,
    identity: Arc<Identity>,
    credentials: Arc<Mutex<Credentials>>,
    inputs: mpsc::Sender<Input>,
    hints: BTreeMap<SocketAddr, Via>,
    contacts: BTreeSet<NodeId>,
    addresses: usize,
    pause: Duration,
    next_round: Time,
}

impl Dialler {
    pub(crate) fn new(
        quic: Quic,
        identity: Arc<Identity>,
        credentials: Arc<Mutex<Credentials>>,
        inputs: mpsc::Sender<Input>,
        hints: Vec<(SocketAddr, Via)>,
    ) -> Self {
        Self {
            quic,
            identity,
            credentials,
            inputs,
            hints: hints.into_iter().take(MAX_HINTS).collect(),
            contacts: BTreeSet::new(),
            addresses: 0,
            pause: FIRST_PAUSE,
            next_round: Time::ZERO,
        }
    }

    /// Nothing is being dialled.
    pub(crate) fn idle(&self) -> bool {
        self.contacts.is_empty() && self.addresses == 0
    }

    /// Dials a node that the overlay wants; the answer comes as an input.
    pub(crate) fn dial_contact(&mut self, contact: Contact) {
        if self.contacts.len() >= MAX_DIALS || !self.contacts.insert(contact.node) {
            return;
        }
        self.dial(contact.address, Some(contact), Via::Exchange);
    }

    /// Dials an address and remembers it.
    pub(crate) fn dial_address(&mut self, address: SocketAddr, via: Via) {
        if self.hints.len() < MAX_HINTS {
            self.hints.entry(address).or_insert(via);
        }
        if self.addresses < MAX_DIALS {
            self.addresses += 1;
            self.dial(address, None, via);
        }
    }

    /// Tries all known addresses, not more often than the pause allows.
    pub(crate) fn try_hints(&mut self, now: Time) {
        if now < self.next_round || self.addresses > 0 {
            return;
        }
        self.next_round = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        for (address, via) in self.hints.clone() {
            self.dial_address(address, via);
        }
    }

    /// A connection came to be. The broadcaster's address is remembered: it will be there again
    /// when the broadcaster starts again.
    pub(crate) fn on_joined(&mut self, origin: Option<SocketAddr>) {
        self.pause = FIRST_PAUSE;
        if let Some(address) = origin
            && self.hints.len() < MAX_HINTS
        {
            self.hints.entry(address).or_insert(Via::Hint);
        }
    }

    /// A dial has ended, well or not.
    pub(crate) fn on_done(&mut self, contact: Option<&Contact>) {
        match contact {
            Some(contact) => {
                self.contacts.remove(&contact.node);
            }
            None => self.addresses = self.addresses.saturating_sub(1),
        }
    }

    fn dial(&self, address: SocketAddr, contact: Option<Contact>, via: Via) {
        let (quic, identity, credentials) =
            (self.quic.clone(), self.identity.clone(), self.credentials.clone());
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let input = match connect(&quic, &identity, &credentials, address, contact).await {
                Some(proven) => Input::Proven { proven: Box::new(proven), contact, via },
                None => Input::DialFailed { contact },
            };
            let _ = inputs.send(input).await;
        });
    }
}

async fn connect(
    quic: &Quic,
    identity: &Identity,
    credentials: &Mutex<Credentials>,
    address: SocketAddr,
    contact: Option<Contact>,
) -> Option<handshake::Proven> {
    let connecting = quic.dial(address).ok()?;
    let connection = tokio::time::timeout(PATIENCE, connecting).await.ok()?.ok()?;
    // Before anything is said: nobody else is to learn or to teach anything here.
    if contact.is_some_and(|c| peer_of(&connection) != Some(c.node)) {
        connection.close(quinn::VarInt::from_u32(0), b"");
        return None;
    }
    match handshake::dial(connection, identity, credentials).await {
        Ok(proven) => Some(proven),
        Err(error) => {
            tracing::debug!(%error, "a dialled peer did not become a neighbour");
            None
        }
    }
}

/// Who is at the other end, by the key that TLS showed.
fn peer_of(connection: &quinn::Connection) -> Option<NodeId> {
    peer_spki(connection).map(|spki| node_of(&spki))
}
