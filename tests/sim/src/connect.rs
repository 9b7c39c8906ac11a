//! Connections: dialling, handshakes that take time and bytes, and their ends.

use manyhands_swarm::{Contact, PeerIndex, PeerInfo, Role};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::link::connectable;
use crate::node::{Conn, NOBODY};
use crate::player::Player;
use crate::world::{What, World};

/// Bytes of a handshake with proof: padded Initials, TLS, proof, a probe of the path's MTU (measured)...
const FROM_DIALLER: u32 = 4_200;
/// ...and of its listener, who says the certificate, the head and the padded roster as well.
const FROM_LISTENER: u32 = 6_100;
/// Bytes that nobody answers: padded Initials at once, after 1 and after 3 probe timeouts of 333 ms
/// (RFC 9002, 6.2).
const UNANSWERED: u32 = 3 * 1_200;
/// A dial without answer is given up after this.
const DIAL_TIMEOUT_US: u64 = 1_500_000;
/// Members that a newcomer finds by itself (DESIGN, "Joining": 20 to 60 contacts).
const CONTACTS: usize = 20;
/// Of these, dialled at once.
const DIALS: usize = 3;
/// Below this audience everybody knows the origin only.
const CONTACTS_FROM: usize = 20;
/// The list is made anew this often.
const REFRESH_US: u64 = 10_000_000;

/// The address of a node: its number.
pub(crate) fn address(id: u32) -> SocketAddr {
    let [a, b, c, d] = id.to_be_bytes();
    // Spread over many /24 as real viewers are.
    let ip = Ipv4Addr::new(11 + a, b ^ d, c, d.max(1));
    SocketAddr::new(IpAddr::V4(ip), 10_000 + (id % 50_000) as u16)
}

impl World {
    /// What a driver does for a node that knows nobody: link hints, then members found elsewhere.
    pub(crate) fn find_members(&mut self, id: u32) {
        if self.nodes[id as usize].dialling > 0 {
            return;
        }
        self.refresh_contacts();
        let node = &mut self.nodes[id as usize];
        node.dials += 1;
        // A small audience has the origin's address alone in its link; later on members know members.
        let newcomer = self.contacts.len() < CONTACTS_FROM && node.dials == 1;
        let origin = self.contacts.is_empty() || newcomer || node.dials.is_multiple_of(3);
        if origin {
            return self.dial(id, 0);
        }
        for _ in 0..DIALS {
            let to = self.contacts[self.chance.below(self.contacts.len())];
            if to != id && self.nodes[id as usize].peer_of(to).is_none() {
                self.dial(id, to);
            }
        }
    }

    fn refresh_contacts(&mut self) {
        let period = self.now / REFRESH_US;
        let stale = self.contacts_period != Some(period) || self.contacts.len() < CONTACTS;
        if !stale {
            return;
        }
        self.contacts_period = Some(period);
        let up: Vec<u32> = (1..self.nodes.len() as u32)
            .filter(|n| {
                let node = &self.nodes[*n as usize];
                node.alive
                    && !node.leaving
                    && node.upload_bps > 0
                    && node.player.as_ref().is_some_and(Player::is_playing)
            })
            .collect();
        self.contacts.clear();
        for _ in 0..CONTACTS * 4 {
            if up.is_empty() || self.contacts.len() >= CONTACTS {
                break;
            }
            let pick = up[self.chance.below(up.len())];
            if !self.contacts.contains(&pick) {
                self.contacts.push(pick);
            }
        }
    }

    pub(crate) fn dial_contact(&mut self, id: u32, contact: &Contact) {
        let found = self.by_name.get(&contact.node).copied();
        match found {
            Some(to) => self.dial(id, to),
            None => {
                let now = self.local(id);
                self.nodes[id as usize].swarm.handle_connect_failed(now, *contact);
            }
        }
    }

    pub(crate) fn dial(&mut self, id: u32, to: u32) {
        if id == to {
            return;
        }
        let (a, b) = (&self.nodes[id as usize].wires, &self.nodes[to as usize].wires);
        let reach = connectable(&self.scenario.net, self.scenario.seed, (id, a), (to, b));
        let delay = self.delay(id, to);
        self.nodes[id as usize].dialling += 1;
        let ends = [id, to].map(|n| &self.nodes[n as usize]);
        if !reach || !ends[1].alive || ends.iter().any(|n| n.offline) {
            self.count_handshake(id, UNANSWERED, 0);
            let at = self.now + DIAL_TIMEOUT_US;
            return self.queue.push(at, What::DialFailed { dialler: id, listener: to });
        }
        self.count_handshake(id, FROM_DIALLER, FROM_LISTENER);
        self.count_handshake(to, FROM_LISTENER, FROM_DIALLER);
        // Client Hello, Server Hello, Finished and proof; the answer to the proof.
        let done = self.now + 3 * delay;
        let what = |accept| What::Connected { dialler: id, listener: to, accept };
        self.queue.push(done, what(true));
        self.queue.push(done + delay, what(false));
    }

    fn count_handshake(&mut self, at: u32, sent: u32, received: u32) {
        let now = self.now;
        let node = &mut self.nodes[at as usize];
        node.sent.control += u64::from(sent);
        node.received.control += u64::from(received);
        node.wires.send(now, sent);
    }

    /// The handshake is done at one end: first at the listener's, a delay later at the dialler's.
    pub(crate) fn on_connected(&mut self, dialler: u32, listener: u32, accept: bool) {
        let (own, other) = if accept { (listener, dialler) } else { (dialler, listener) };
        if !accept {
            self.end_dial(dialler);
        }
        let down = |n: u32| !self.nodes[n as usize].alive || self.nodes[n as usize].offline;
        if down(own) || down(other) {
            if !accept && self.nodes[own as usize].alive {
                self.fail_dial(dialler, listener);
            }
            return;
        }
        // If both have dialled at the same time, the state is the peer's and stays.
        if self.nodes[own as usize].peer_of(other).is_none() {
            let rtt_us = 2 * self.delay(own, other);
            let link = Conn {
                other,
                since: self.now,
                open_bytes: 0,
                acked_bytes: 0,
                stirred: true,
                control_at: 0,
                rtt_us,
                coming: Vec::new(),
            };
            let peer = self.nodes[own as usize].attach(link);
            let info = PeerInfo {
                node: self.nodes[other as usize].name,
                address: address(other),
                dialled: !accept,
                origin: self.nodes[other as usize].role == Role::Origin,
                dialable: true,
                hidden: false,
            };
            let now = self.local(own);
            self.nodes[own as usize].swarm.handle_connected(now, PeerIndex(peer), info);
        }
        self.settle(own);
    }

    fn end_dial(&mut self, dialler: u32) {
        let node = &mut self.nodes[dialler as usize];
        node.dialling = node.dialling.saturating_sub(1);
    }

    pub(crate) fn on_dial_failed(&mut self, dialler: u32, listener: u32) {
        self.end_dial(dialler);
        self.fail_dial(dialler, listener);
    }

    fn fail_dial(&mut self, dialler: u32, listener: u32) {
        if !self.nodes[dialler as usize].alive {
            return;
        }
        let contact =
            Contact { node: self.nodes[listener as usize].name, address: address(listener) };
        let now = self.local(dialler);
        self.nodes[dialler as usize].swarm.handle_connect_failed(now, contact);
        let alone = self.nodes[dialler as usize].is_alone();
        if alone {
            self.find_members(dialler);
        }
        self.settle(dialler);
    }

    /// A node ends a connection: the other end hears of it a delay later.
    pub(crate) fn hang_up(&mut self, id: u32, peer: u32) {
        let Some(conn) = self.nodes[id as usize].detach(peer) else { return };
        let at = self.now + self.delay(id, conn.other);
        self.queue.push(at, What::Gone { at: conn.other, other: id, sent: self.now });
    }

    pub(crate) fn on_gone(&mut self, at: u32, other: u32, sent: u64) {
        let node = &mut self.nodes[at as usize];
        let Some(peer) = node.peer_of(other).filter(|_| node.alive) else { return };
        if node.conn(peer).is_none_or(|c| c.since > sent) {
            return;
        }
        node.detach(peer);
        let now = self.local(at);
        self.nodes[at as usize].swarm.handle_disconnected(now, PeerIndex(peer));
        self.settle(at);
    }

    /// A node has left in good order: its connections are closed.
    pub(crate) fn depart(&mut self, id: u32) {
        let now = self.now;
        let node = &mut self.nodes[id as usize];
        node.alive = false;
        node.finish(now);
        for peer in 0..node.conns.len() as u32 {
            self.hang_up(id, peer);
        }
    }

    /// A node's network is gone: both ends of its connections notice when they have idled.
    pub(crate) fn go_offline(&mut self, id: u32) {
        self.nodes[id as usize].offline = true;
        let others = self.nodes[id as usize].others.clone();
        let at = self.now + self.scenario.net.idle_ms * 1000;
        for other in others.into_iter().filter(|o| *o != NOBODY) {
            self.queue.push(at, What::Gone { at: other, other: id, sent: self.now });
            self.queue.push(at, What::Gone { at: id, other, sent: self.now });
        }
    }

    /// A node vanishes without a word: the others notice when the connection has idled.
    pub(crate) fn vanish(&mut self, id: u32) {
        let now = self.now;
        let node = &mut self.nodes[id as usize];
        node.alive = false;
        node.finish(now);
        for conn in node.cut_off() {
            let at = now + self.scenario.net.idle_ms * 1000;
            self.queue.push(at, What::Gone { at: conn.other, other: id, sent: now });
        }
    }
}
