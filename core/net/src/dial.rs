//! Dialling: contacts that the overlay names, and the addresses that were known from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manyhands_stream::Ticket;
use manyhands_swarm::{Contact, NodeId, Time};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::Identity;
use crate::credentials::Credentials;
use crate::discovery::Prospect;
use crate::driver::Input;
use crate::endpoint::Quic;
use crate::handshake::{self, Errand};
use crate::identity::{node_of, node_of_pin, peer_spki, pin_of};
use crate::node::Via;
use crate::peers::Peers;

/// Dials at once, at most.
const MAX_DIALS: usize = 32;
/// Known addresses kept, by how they became known: link hints (4), the command line's and the
/// broadcaster's; a household's; what one DHT item names. Found ones make room for newer ones.
const fn kept(via: Via) -> usize {
    match via {
        Via::Hint => 16,
        Via::Local => 8,
        Via::Dht => 20,
        Via::Exchange => 0,
    }
}
/// The longest a dial may take before the proof.
const PATIENCE: Duration = Duration::from_secs(3);
/// Meanwhile it is begun once more each time this has passed: alone, QUIC would ask after 0.3, 0.9 and 2.1 s,
/// and who comes back just after the last time would not be heard for a second.
const ONCE_MORE: Duration = Duration::from_secs(1);
/// Between two rounds over the known addresses: doubles from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Which turn a connection has that is dialled to a neighbour, where that is not the first.
pub(crate) type Turns = Arc<Mutex<BTreeMap<NodeId, u32>>>;

/// An address to try again.
#[derive(Debug, Clone, Copy)]
struct Known {
    via: Via,
    /// Who has to answer there, if that is known.
    node: Option<NodeId>,
    /// Grows with each address that becomes known.
    order: u64,
}

pub(crate) struct Dialler {
    quic: Quic,
    identity: Arc<Identity>,
    credentials: Arc<Mutex<Credentials>>,
    inputs: mpsc::Sender<Input>,
    known: BTreeMap<SocketAddr, Known>,
    counter: u64,
    contacts: BTreeMap<NodeId, AbortHandle>,
    turns: Turns,
    addresses: usize,
    /// Only a sabotaged node doesn't limit what it sends to strangers.
    limits: bool,
    pause: Duration,
    next_round: Time,
    relays: Vec<Arc<Errand>>,
    relay_pause: Duration,
    next_relays: Time,
}

impl Dialler {
    pub(crate) fn new(
        quic: Quic,
        identity: Arc<Identity>,
        credentials: Arc<Mutex<Credentials>>,
        inputs: mpsc::Sender<Input>,
        hints: Vec<(SocketAddr, Via)>,
    ) -> Self {
        let mut dialler = Self {
            quic,
            identity,
            credentials,
            inputs,
            known: BTreeMap::new(),
            counter: 0,
            contacts: BTreeMap::new(),
            turns: Turns::default(),
            addresses: 0,
            limits: true,
            pause: FIRST_PAUSE,
            next_round: Time::ZERO,
            relays: Vec::new(),
            relay_pause: FIRST_PAUSE,
            next_relays: Time::ZERO,
        };
        hints.into_iter().for_each(|(address, via)| dialler.remember(address, via, None));
        dialler
    }

    /// Addresses that others name are dialled as any, from now on.
    pub(crate) fn dial_freely(&mut self) {
        self.limits = false;
    }

    /// Relays to be put to work, and kept at it.
    pub(crate) fn employ(&mut self, relays: impl IntoIterator<Item = Errand>) {
        self.relays.extend(relays.into_iter().map(Arc::new));
    }

    /// Whether this is one of them.
    pub(crate) fn employs(&self, node: NodeId) -> bool {
        self.relays.iter().any(|errand| node_of_pin(&errand.ticket.relay) == node)
    }

    /// Dials the relays that are not connected, not more often than the pause allows.
    pub(crate) fn keep_relays(&mut self, now: Time, peers: &Peers) {
        if now < self.next_relays {
            return;
        }
        let node = |errand: &Arc<Errand>| node_of_pin(&errand.ticket.relay);
        let away = self.relays.iter().filter(|relay| !peers.knows(node(relay)));
        let (dialled, lost): (Vec<_>, Vec<_>) =
            away.cloned().partition(|relay| self.contacts.contains_key(&node(relay)));
        self.relay_pause = match (dialled.is_empty(), lost.is_empty()) {
            (true, true) => FIRST_PAUSE,
            // A dial that has come to nothing has been a pause.
            (false, true) => return,
            (_, false) => (self.relay_pause * 2).min(LONGEST_PAUSE),
        };
        self.next_relays = now + self.relay_pause;
        for errand in lost {
            let (node, first) = (node(&errand), errand.ticket.hints.first().copied());
            if let Some(address) = first {
                for hint in &errand.ticket.hints {
                    self.quic.socket().tunnels().allow(*hint);
                }
                let contact = Contact { node, address };
                let task = self.spawn(Some(contact), Via::Hint, |dialler| {
                    let (quic, identity) = (dialler.quic.clone(), dialler.identity.clone());
                    let credentials = dialler.credentials.clone();
                    async move {
                        let connection = reach(&quic, &errand.ticket).await?;
                        prove(connection, &identity, &credentials, Some(&errand), 0).await
                    }
                });
                self.contacts.insert(node, task);
            }
        }
    }

    /// Nothing is being dialled.
    pub(crate) fn idle(&self) -> bool {
        self.contacts.is_empty() && self.addresses == 0
    }

    /// Dials a node that the overlay wants; the answer comes as an input.
    pub(crate) fn dial_contact(&mut self, contact: Contact) {
        if self.contacts.len() >= MAX_DIALS || self.contacts.contains_key(&contact.node) {
            return;
        }
        // Where the broadcaster was, say, is no stranger's word.
        if self.limits && !self.known.contains_key(&contact.address) {
            self.quic.socket().destinations().limit(contact.address);
        }
        let task = self.dial(contact.address, Some(contact.node), Some(contact), Via::Exchange);
        self.contacts.insert(contact.node, task);
    }

    /// Neighbours that are to be dialled anew, and with which turn: their connections are not to be
    /// relied on.
    pub(crate) fn renew(&self, turns: BTreeMap<NodeId, u32>) {
        *self.turns.lock() = turns;
    }

    /// Whether a node is being dialled.
    pub(crate) fn dials(&self, node: NodeId) -> bool {
        self.contacts.contains_key(&node)
    }

    /// This node stands elsewhere: what was on its way there is not waited for.
    pub(crate) fn on_moved(&mut self, now: Time) {
        (self.pause, self.next_round) = (FIRST_PAUSE, now);
        (self.relay_pause, self.next_relays) = (FIRST_PAUSE, now);
    }

    /// Dials a node whose address is no stranger's word: something has come from there.
    pub(crate) fn dial_open(&mut self, contact: Contact) {
        if self.contacts.len() >= MAX_DIALS {
            return;
        }
        self.quic.socket().tunnels().allow(contact.address);
        // A dial that still waits for an answer would try again only after a pause.
        if let Some(waiting) = self.contacts.remove(&contact.node) {
            waiting.abort();
        }
        let task = self.dial(contact.address, Some(contact.node), Some(contact), Via::Exchange);
        self.contacts.insert(contact.node, task);
    }

    /// The broadcaster keeps known addresses connected: behind a NAT it is reached through them.
    pub(crate) fn keep_hints(&mut self, now: Time, connected: &BTreeSet<SocketAddr>) {
        if now < self.next_round || self.addresses > 0 {
            return;
        }
        self.next_round = now + LONGEST_PAUSE;
        let lost = self.known.clone().into_iter().filter(|(a, _)| !connected.contains(a));
        for (address, known) in lost {
            self.dial_address(address, known.via, known.node);
        }
    }

    /// Dials an address that was found, and remembers it.
    pub(crate) fn dial_prospect(&mut self, prospect: Prospect) {
        let Prospect { address, via, node } = prospect;
        self.remember(address, via, node);
        self.dial_address(address, via, node);
    }

    fn dial_address(&mut self, address: SocketAddr, via: Via, node: Option<NodeId>) {
        if self.addresses < MAX_DIALS {
            self.addresses += 1;
            self.quic.socket().tunnels().allow(address);
            self.dial(address, node, None, via);
        }
    }

    /// Keeps an address; the first way it became known stays, and the newest name that was given.
    fn remember(&mut self, address: SocketAddr, via: Via, node: Option<NodeId>) {
        if let Some(known) = self.known.get_mut(&address) {
            if known.via == via {
                known.node = node;
            }
            return;
        }
        let mut of_kind: Vec<_> = self.known.iter().filter(|(_, k)| k.via == via).collect();
        if of_kind.len() >= kept(via) {
            of_kind.sort_by_key(|(_, known)| known.order);
            let oldest = of_kind.first().map(|(address, _)| **address);
            match oldest.filter(|_| via != Via::Hint) {
                Some(oldest) => self.known.remove(&oldest),
                None => return,
            };
        }
        self.counter += 1;
        self.known.insert(address, Known { via, node, order: self.counter });
    }

    /// Tries all known addresses, not more often than the pause allows.
    pub(crate) fn try_hints(&mut self, now: Time) {
        if now < self.next_round || self.addresses > 0 {
            return;
        }
        self.next_round = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        for (address, known) in self.known.clone() {
            self.dial_address(address, known.via, known.node);
        }
    }

    /// A connection came to be. The broadcaster's address is remembered: it will be there again
    /// when the broadcaster starts again.
    pub(crate) fn on_joined(&mut self, origin: Option<SocketAddr>) {
        self.pause = FIRST_PAUSE;
        if let Some(address) = origin {
            self.remember(address, Via::Hint, None);
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

    fn dial(
        &self,
        address: SocketAddr,
        node: Option<NodeId>,
        contact: Option<Contact>,
        via: Via,
    ) -> AbortHandle {
        self.spawn(contact, via, |dialler| {
            let (quic, identity) = (dialler.quic.clone(), dialler.identity.clone());
            let (credentials, turns) = (dialler.credentials.clone(), dialler.turns.clone());
            async move { connect(&quic, &identity, &credentials, &turns, address, node).await }
        })
    }

    fn spawn<F>(
        &self,
        contact: Option<Contact>,
        via: Via,
        dial: impl FnOnce(&Self) -> F,
    ) -> AbortHandle
    where
        F: Future<Output = Option<handshake::Proven>> + Send + 'static,
    {
        let (dial, inputs) = (dial(self), self.inputs.clone());
        tokio::spawn(async move {
            let input = match dial.await {
                Some(proven) => Input::Proven { proven: Box::new(proven), contact, via },
                None => Input::DialFailed { contact },
            };
            let _ = inputs.send(input).await;
        })
        .abort_handle()
    }
}

async fn connect(
    quic: &Quic,
    identity: &Identity,
    credentials: &Mutex<Credentials>,
    turns: &Turns,
    address: SocketAddr,
    node: Option<NodeId>,
) -> Option<handshake::Proven> {
    let connection = tokio::time::timeout(PATIENCE, knock(quic, address)).await.ok()??;
    let peer = peer_of(&connection);
    // Before anything is said: nobody else is to learn or to teach anything here.
    if node.is_some() && peer != node {
        connection.close(quinn::VarInt::from_u32(0), b"");
        return None;
    }
    let turn = peer.and_then(|peer| turns.lock().get(&peer).copied()).unwrap_or(0);
    prove(connection, identity, credentials, None, turn).await
}

/// Dials an address again and again, until one of the dials is answered; nothing where it can't be dialled.
async fn knock(quic: &Quic, address: SocketAddr) -> Option<quinn::Connection> {
    let mut dials = JoinSet::new();
    loop {
        dials.spawn(quic.dial(address).ok()?.into_future());
        if let Ok(answer) = tokio::time::timeout(ONCE_MORE, dials.join_next()).await {
            return answer?.ok()?.ok();
        }
    }
}

/// Dials a relay at all of its addresses at once: the first that answers with its key counts.
async fn reach(quic: &Quic, ticket: &Ticket) -> Option<quinn::Connection> {
    let mut dials = JoinSet::new();
    for dial in ticket.hints.iter().filter_map(|address| quic.dial(*address).ok()) {
        dials.spawn(dial.into_future());
    }
    let first = async {
        while let Some(dialled) = dials.join_next().await {
            let Ok(Ok(connection)) = dialled else { continue };
            if peer_spki(&connection).is_some_and(|spki| pin_of(&spki) == ticket.relay) {
                return Some(connection);
            }
            connection.close(quinn::VarInt::from_u32(0), b"");
        }
        None
    };
    tokio::time::timeout(PATIENCE, first).await.ok()?
}

async fn prove(
    connection: quinn::Connection,
    identity: &Identity,
    credentials: &Mutex<Credentials>,
    errand: Option<&Errand>,
    turn: u32,
) -> Option<handshake::Proven> {
    match handshake::dial(connection, identity, credentials, errand, turn).await {
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
