//! The broadcaster's side: units in, sealed and signed pieces out, a head each second.

mod intake;
mod live;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manyhands_media::{AccessUnit, TrackConfig};
use manyhands_net::{
    Credentials, Identity, MAX_PEERS, Node, NodeConfig, PortMapping, Relays, Via,
    reachable_addresses,
};
use manyhands_policy::Conditions;
use manyhands_stream::{Channel, Link, MAX_HINTS, Origin, RunOptions, Secret, Ticket};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::intake::{Intake, Pushed};
use self::live::Live;
use crate::finding::Finding;
use crate::{Error, Event, OnAir, Picture, Stats};

/// Units that wait to be cut into chunks: a second of a fast camera with sound.
const QUEUE: usize = 256;
/// A certificate's life: the longest allowed (SECURITY, CERT).
const CERT_LIFE_MS: u64 = 24 * 3600 * 1000;

/// How a broadcast starts.
#[derive(Debug)]
pub struct BroadcastConfig {
    /// What viewers see as its name.
    pub title: String,
    /// The channel's long-lived key.
    pub channel: Channel,
    /// The secret of the open invitation.
    pub invite: Secret<[u8; 16]>,
    /// The broadcast's number on this channel.
    pub broadcast: u64,
    /// When this run starts, Unix milliseconds; greater than that of any run before.
    pub started_ms: u64,
    /// For invited people only.
    pub private: bool,
    /// Where to listen.
    pub listen: SocketAddr,
    /// With whom to keep a connection: a broadcaster that nobody can dial, as behind a NAT, is
    /// reached through those whom it has dialled.
    pub hints: Vec<SocketAddr>,
    /// How viewers find it besides the link's addresses.
    pub finding: Finding,
    /// Relays that carry it; behind a shield nobody else ever hears of this device.
    pub relays: Relays,
    /// How much may leave, bits a second.
    pub upload_limit: Option<u64>,
    /// Decides everything random but keys.
    pub seed: u64,
    /// The tracks and what each takes, in bits a second.
    pub tracks: Vec<(TrackConfig, u32)>,
    /// What a camera's encoder begins with, if it can follow an [`Event::Encode`].
    pub picture: Option<Picture>,
    /// What the device reports.
    pub conditions: Conditions,
}

/// A running broadcast. It goes on until [`Broadcast::finish`], or until its last clone is gone.
#[derive(Debug, Clone)]
pub struct Broadcast {
    commands: mpsc::Sender<Command>,
    intake: Arc<Intake>,
    link: Link,
    /// Where it listens; behind a shield nobody is told.
    own: Option<SocketAddr>,
    mapped: watch::Receiver<PortMapping>,
    tickets: Vec<Ticket>,
    relays: watch::Receiver<usize>,
}

#[derive(Debug)]
enum Command {
    Unit(Pushed),
    Stats(oneshot::Sender<Stats>),
    UploadLimit(Option<u64>),
    Conditions(Conditions),
    Picture(Picture),
    Moved,
    Local(bool),
    OnAir(OnAir),
    Finish(oneshot::Sender<Stats>),
}

impl Broadcast {
    /// Goes live: whoever has [`Broadcast::link`] can watch from now on.
    pub fn start(config: BroadcastConfig) -> Result<(Self, mpsc::Receiver<Event>), Error> {
        let options = RunOptions {
            broadcast: config.broadcast,
            started_ms: config.started_ms,
            expires_ms: config.started_ms.saturating_add(CERT_LIFE_MS),
            private: config.private,
            invites: vec![config.invite.clone()],
        };
        let origin = Origin::start(&config.channel, options, &mut rand::rng())?;
        let node_config = NodeConfig {
            listen: config.listen,
            upload_limit: config.upload_limit,
            role: manyhands_net::Role::Origin,
            hints: config.hints.iter().map(|address| (*address, Via::Hint)).collect(),
            discovery: config.finding.clone().of_broadcast(
                &config.channel,
                &config.invite,
                config.started_ms,
                config.private,
                &config.relays.tickets,
            ),
            relays: config.relays.clone(),
            identity: Some(Identity::generate()?.begins_anew(&config.channel, config.broadcast)),
            connections: MAX_PEERS,
            seed: config.seed,
        };
        let (node, node_events) = Node::start(node_config, Credentials::Origin(Box::new(origin)))?;
        let own = (!config.relays.shielded).then_some(node.address());
        let mapped = node.port_mapping();
        let tickets = config.relays.tickets.clone();
        let link = Link::open(config.channel.key(), config.invite.clone());
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (events, event_inbox) = mpsc::channel(QUEUE);
        let intake = Arc::new(Intake::default());
        let (relays_up, relays) = watch::channel(0);
        let live = Live::new(config, node, events, relays_up);
        tokio::spawn(live.run(inbox, intake.clone(), node_events));
        Ok((Self { commands, intake, link, own, mapped, tickets, relays }, event_inbox))
    }

    /// Waits until a relay is at work; false when none is in time. Nobody watches a broadcast behind
    /// a shield before.
    pub async fn relayed(&self, patience: Duration) -> bool {
        let mut relays = self.relays.clone();
        let up = relays.wait_for(|up| *up > 0);
        tokio::time::timeout(patience, up).await.is_ok_and(|up| up.is_ok())
    }

    /// The open invitation, with the addresses of this moment as hints.
    #[must_use]
    pub fn link(&self) -> Link {
        Link { hints: hints(&self.addresses(), &self.tickets), ..self.link.clone() }
    }

    /// Where this broadcaster can be dialled now, from outside first: nowhere behind a shield.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let Some(own) = self.own else { return Vec::new() };
        reachable_addresses(own, self.mapped.borrow().address(), MAX_HINTS)
    }

    /// The port that it listens at; behind a shield none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.own.map(|own| own.port())
    }

    /// Waits until the router has opened a port or will not, for a while: a link made then works
    /// from anywhere, if any can.
    pub async fn wait_for_router(&self, limit: Duration) {
        let mut mapped = self.mapped.clone();
        let settled = mapped.wait_for(|state| *state != PortMapping::Asking);
        let _ = tokio::time::timeout(limit, settled).await;
    }

    /// Takes a unit that was captured at `captured`; `config` with a track's first unit and when
    /// it changed. Waits when the broadcast can't keep up.
    pub async fn push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) {
        let pushed = Pushed { track, unit, config, captured };
        let _ = self.commands.send(Command::Unit(pushed)).await;
    }

    /// The same without waiting, for an encoder's thread: full when the broadcast can't keep up,
    /// closed when it has ended. It is taken up within a few hundredths of a second.
    pub(crate) fn try_push(
        &self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
        captured: Instant,
    ) -> Result<(), TrySendError<()>> {
        if self.commands.is_closed() {
            return Err(TrySendError::Closed(()));
        }
        let pushed = Pushed { track, unit, config, captured };
        if self.intake.push(pushed) { Ok(()) } else { Err(TrySendError::Full(())) }
    }

    /// Figures of this moment; `None` when it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stats(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Changes how much may leave, bits a second.
    pub async fn set_upload_limit(&self, limit: Option<u64>) {
        let _ = self.commands.send(Command::UploadLimit(limit)).await;
    }

    /// Takes what the device reports: heat and network count for the broadcast's health.
    pub async fn set_conditions(&self, conditions: Conditions) {
        let _ = self.commands.send(Command::Conditions(conditions)).await;
    }

    /// This device stands in another network, or its addresses have changed: a phone's system says so, a
    /// computer's program sees it by a [`crate::NetworkWatch`]. The audience goes along, and the link
    /// leads to where it is now as far as it leads by the DHT or the local network.
    pub async fn network_changed(&self) {
        let _ = self.commands.send(Command::Moved).await;
    }

    /// Whether it may answer on the local network from now on. What is private never does; an
    /// [`Event::LocalNetwork`] says what is.
    pub async fn set_local(&self, on: bool) {
        let _ = self.commands.send(Command::Local(on)).await;
    }

    /// The person chooses another picture: what the encoder should make comes as an
    /// [`Event::Encode`].
    pub async fn choose_picture(&self, picture: Picture) {
        let _ = self.commands.send(Command::Picture(picture)).await;
    }

    /// Changes what viewers get, behind the units pushed so far. What is pushed although it is not
    /// to be sent still goes out: [`crate::Feed`] keeps it back.
    pub async fn set_on_air(&self, on_air: OnAir) {
        let _ = self.commands.send(Command::OnAir(on_air)).await;
    }

    /// Says, signed, that it is over, and leaves in good order.
    pub async fn finish(self) -> Option<Stats> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Finish(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// The addresses in the link: this device's own, and up to half of the places for relays, more where
/// the own ones are few. Each relay's first address comes before any relay's second.
fn hints(own: &[SocketAddr], relays: &[Ticket]) -> Vec<SocketAddr> {
    let at = |n: usize| relays.iter().filter_map(move |ticket| ticket.hints.get(n));
    let theirs: Vec<SocketAddr> = (0..MAX_HINTS).flat_map(at).copied().collect();
    let room = MAX_HINTS - theirs.len().min(MAX_HINTS / 2);
    let own = own.iter().copied().take(room);
    own.chain(theirs).take(MAX_HINTS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u16) -> SocketAddr {
        ([192, 0, 2, 1], n).into()
    }

    fn ticket(hints: &[u16]) -> Ticket {
        let hints = hints.iter().map(|n| address(*n)).collect();
        Ticket { relay: [1; 32], permit: Secret::new([2; 16]), hints }
    }

    #[test]
    fn a_link_names_both_and_every_relay_once_before_any_twice() {
        let named = |own: &[u16], relays: &[&[u16]]| {
            let own: Vec<_> = own.iter().map(|n| address(*n)).collect();
            let relays: Vec<_> = relays.iter().map(|hints| ticket(hints)).collect();
            hints(&own, &relays).iter().map(SocketAddr::port).collect::<Vec<_>>()
        };
        assert_eq!(named(&[1, 2, 3, 4, 5], &[]), [1, 2, 3, 4]);
        assert_eq!(named(&[1, 2, 3, 4], &[&[7]]), [1, 2, 3, 7]);
        assert_eq!(named(&[1, 2, 3, 4], &[&[7, 8, 9], &[17]]), [1, 2, 7, 17]);
        assert_eq!(named(&[], &[&[7, 8, 9], &[17, 18]]), [7, 17, 8, 18], "behind a shield");
    }
}
