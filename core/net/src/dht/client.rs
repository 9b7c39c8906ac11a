//! A client of the DHT for one errand.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use mainline::async_dht::{AsyncDht, GetStream};
use mainline::{Dht, MutableItem};
use manyhands_stream::{PublicKey, SignedMeeting};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::socket::Purse;

/// What storing an item sends, headers included (measured: 43,103 bytes among 36 nodes; `manyhands-lab dht`).
const STORING_BYTES: usize = 44_000;
/// The same of looking for one (17,818 bytes).
const LOOKING_BYTES: usize = 18_000;
/// How long storing an item may take: finding the closest nodes, two rounds of time-outs of 2 s,
/// and storing.
const STORING: Duration = Duration::from_secs(30);

/// What every client of this node is made of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) own: SocketAddr,
    pub(super) bootstrap: Option<Vec<SocketAddr>>,
    /// The clients' sockets are their own, and what they send can only be paid for ahead.
    pub(super) purse: Purse,
}

impl Source {
    /// A client with a fresh port, which asks its first contacts as soon as there is something to ask.
    pub(super) async fn client(&self) -> std::io::Result<Client> {
        let mut builder = Dht::builder();
        // Without a port it would take BitTorrent's usual one if that is free.
        builder.port(0);
        if let Some(bootstrap) = &self.bootstrap {
            builder.bootstrap(bootstrap);
        }
        if let IpAddr::V4(own) = self.own.ip() {
            builder.bind_address(own);
        }
        // Building looks up the names of the public contacts, which may take seconds: on a thread
        // that nobody waits for when the program ends.
        let (done, built) = oneshot::channel();
        thread::Builder::new().spawn(move || drop(done.send(builder.build())))?;
        let dht = built.await.map_err(std::io::Error::other)??.as_async();
        Ok(Client { dht, purse: self.purse.clone() })
    }
}

/// A running client: a thread and a UDP socket, until it is dropped.
pub(super) struct Client {
    dht: AsyncDht,
    purse: Purse,
}

impl Client {
    /// Stores an item at the nodes closest to its place. Gives how many took it.
    pub(super) async fn put(&self, item: SignedMeeting) -> u32 {
        let SignedMeeting { place, seq, value, signature } = item;
        let item = MutableItem::new_signed_unchecked(place.0, signature, &value, seq, None);
        let _toll = Toll::pay(&self.purse, STORING_BYTES);
        match timeout(STORING, self.dht.put_mutable(item, None)).await {
            Ok(Ok(outcome)) => outcome.stored_at,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the DHT did not take the item");
                0
            }
            Err(_) => 0,
        }
    }

    /// What stands at a place; each answer comes as it arrives, and its signature is checked.
    pub(super) fn get(&self, place: PublicKey) -> Found {
        let toll = Toll::pay(&self.purse, LOOKING_BYTES);
        Found { values: self.dht.get_mutable(&place.0, None, None), _toll: toll }
    }
}

/// What an errand sends is paid for ahead, and afterwards as much is held back: so a cap holds in the
/// seconds that end with the errand, and in those that begin with it.
struct Toll(Purse, usize);

impl Toll {
    fn pay(purse: &Purse, bytes: usize) -> Self {
        purse.pay(bytes);
        Self(purse.clone(), bytes)
    }
}

impl Drop for Toll {
    fn drop(&mut self) {
        self.0.hold_back(self.1);
    }
}

/// Values that stand at a place, until everybody asked has answered or is late.
pub(super) struct Found {
    values: GetStream<MutableItem>,
    _toll: Toll,
}

impl Found {
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.values.next().await?.value().to_vec())
    }
}
