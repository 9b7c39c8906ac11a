//! The task behind a relay: one node after the other, each for one channel.

use std::time::{Duration, Instant};

use manyhands_net::{Node, NodeEvent};
use manyhands_policy::{Conditions, Tariff};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Command, Place};
use crate::contribution::{Change, Contributor};
use crate::flow::Flow;
use crate::stats::{Data, Playing, Role, Stats, helping};
use crate::{Contribution, EndReason, Event};

/// How often it is looked at how things stand.
const BEAT: Duration = Duration::from_secs(1);
/// After the signed end, or without a head, the broadcast is served this much longer: a broadcaster
/// that was cut off is expected back for 60 s (DESIGN, "Reaching each other"), and half as long again.
const ENDED: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(90);
/// How far behind live pieces are still fetched for others: viewers' targets stay under 2 s.
const BEHIND_US: i64 = 2_000_000;
/// How long handing over the children may take when leaving.
const FAREWELL: Duration = Duration::from_secs(2);
/// The address is free again when the last datagrams have left.
const AGAIN: Duration = Duration::from_millis(200);
const TRIES: u32 = 25;

/// The task behind a relay.
pub(super) struct Carrier {
    place: Place,
    contribution: Contribution,
    events: mpsc::Sender<Event>,
    began: Instant,
}

/// Why a node is done.
enum Done {
    /// Its broadcast is over.
    Free,
    /// The relay is to leave.
    Asked(oneshot::Sender<Option<Stats>>),
    /// The shell has let go of it, or the network failed.
    Gone,
}

/// A node at work, and what is counted of it.
struct Work {
    node: Node,
    contributor: Contributor,
    tariff: Tariff,
    heard: Instant,
    viewers_max: u64,
    sent: Flow,
    received: Flow,
}

impl Carrier {
    pub(super) fn new(
        place: Place,
        contribution: Contribution,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self { place, contribution, events, began: Instant::now() }
    }

    pub(super) async fn run(
        mut self,
        first: (Node, mpsc::Receiver<NodeEvent>),
        mut commands: mpsc::Receiver<Command>,
    ) {
        let mut next = Some(first);
        while let Some((node, mut node_events)) = next {
            let mut work = Work::new(node, &self.contribution, self.began.elapsed());
            let done = self.carry(&mut work, &mut node_events, &mut commands).await;
            let stats = work.stats(self.began.elapsed()).await;
            work.node.leave(FAREWELL).await;
            work.contributor.close().await;
            drop((work, node_events));
            next = match done {
                Done::Free => self.again().await,
                Done::Asked(reply) => {
                    let _ = reply.send(stats);
                    None
                }
                Done::Gone => None,
            };
        }
    }

    /// Carries until the broadcast is over.
    async fn carry(
        &mut self,
        work: &mut Work,
        node_events: &mut mpsc::Receiver<NodeEvent>,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Done {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stats(reply)) => {
                        if let Some(stats) = work.stats(self.began.elapsed()).await {
                            let _ = reply.send(stats);
                        }
                    }
                    Some(Command::Conditions(conditions, offset_s)) => {
                        self.set_conditions(work, conditions, offset_s).await;
                    }
                    Some(Command::Leave(reply)) => return Done::Asked(reply),
                    None => return Done::Gone,
                },
                event = node_events.recv() => match event {
                    Some(event) => self.on_node_event(work, event),
                    None => return Done::Gone,
                },
                limit = work.contributor.changed() => work.node.set_upload_limit(limit).await,
                _ = beat.tick() => {
                    work.count(self.began.elapsed()).await;
                    if work.is_over() {
                        let over = "The broadcast is over. Waiting for the next one.";
                        self.notice("relay_free", over.to_owned());
                        return Done::Free;
                    }
                }
            }
        }
    }

    /// What holds from now on holds for later nodes, too.
    async fn set_conditions(&mut self, work: &mut Work, conditions: Conditions, offset_s: i32) {
        (self.contribution.conditions, self.contribution.utc_offset_s) = (conditions, offset_s);
        work.tariff = conditions.network.tariff();
        let change = Change::Conditions(conditions, offset_s);
        let _ = work.contributor.changes().send(change).await;
    }

    fn on_node_event(&self, work: &mut Work, event: NodeEvent) {
        match event {
            NodeEvent::Joined { peer, via } => self.tell(Event::Joined { peer, via: via.word() }),
            NodeEvent::NewRun => {
                work.heard = Instant::now();
                let channel = work.node.credentials().lock().channel();
                if let Some(channel) = channel {
                    let message = format!("Carrying a broadcast of channel {}.", channel.short());
                    self.notice("relay_at_work", message);
                }
            }
            NodeEvent::NewHead => work.heard = Instant::now(),
            // Pieces are the node's own business here.
            NodeEvent::Piece { .. }
            | NodeEvent::Alone
            | NodeEvent::Relays(_)
            | NodeEvent::Overlay(_) => {}
        }
    }

    /// A new node at the same address.
    async fn again(&self) -> Option<(Node, mpsc::Receiver<NodeEvent>)> {
        for _ in 1..TRIES {
            if let Ok(node) = self.place.node(&self.contribution) {
                return Some(node);
            }
            sleep(AGAIN).await;
        }
        let node = self.place.node(&self.contribution);
        if let Err(error) = &node {
            self.notice("relay_lost", error.to_string());
            self.tell(Event::Ended { reason: EndReason::Unreachable, ran_ms: None });
        }
        node.ok()
    }

    fn notice(&self, kind: &'static str, message: String) {
        self.tell(Event::Notice { kind, message });
    }

    fn tell(&self, event: Event) {
        // A shell that does not listen loses events, never the broadcast.
        let _ = self.events.try_send(event);
    }
}

impl Work {
    fn new(node: Node, contribution: &Contribution, now: Duration) -> Self {
        let contributor = Contributor::start(contribution.clone(), node.meter().clone());
        Self {
            node,
            contributor,
            tariff: contribution.conditions.network.tariff(),
            heard: Instant::now(),
            viewers_max: 0,
            sent: Flow::new(now),
            received: Flow::new(now),
        }
    }

    /// The broadcaster has said, signed, that it is over; or it has been away for long; or it has
    /// shown its permit and then gone.
    fn is_over(&mut self) -> bool {
        let credentials = self.node.credentials().lock();
        if credentials.channel().is_none() {
            self.heard = Instant::now();
        }
        self.heard.elapsed() > if credentials.is_ended() { ENDED } else { SILENT }
    }

    async fn count(&mut self, now: Duration) {
        if let Some(media) = self.node.media_time() {
            let behind = u32::try_from((media.media_us - BEHIND_US) / 1000).unwrap_or(0);
            self.node.playhead_all(behind).await;
        }
        if let Some(report) = self.node.report().await {
            self.sent.handle(now, self.node.meter().sent(), self.tariff);
            self.received.handle(now, report.received.datagram, self.tariff);
            let viewers = report.swarm.as_ref().map_or(0, |swarm| u64::from(swarm.viewers));
            self.viewers_max = self.viewers_max.max(viewers);
        }
    }

    async fn stats(&mut self, uptime: Duration) -> Option<Stats> {
        self.count(uptime).await;
        let report = self.node.report().await?;
        let position_ms = self.node.media_time().map_or(0, |media| media.media_us / 1000);
        let stream_bytes = report.received.media + report.received.repair;
        let playing = Playing { position_ms, stream_bytes, ..Playing::default() };
        let upload = self.contributor.giving().upload(helping(&report));
        let mut stats = Stats::new(Role::Relay, uptime, &report, playing, upload);
        stats.viewers_max = self.viewers_max;
        stats.data = Data::new(&self.sent, Some(&self.received));
        Some(stats)
    }
}
