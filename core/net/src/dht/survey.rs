//! A look at the DHT for whoever wants to know how this machine is seen from outside: nodes of it
//! are asked for others (`find_node`, BEP 5), and say in each answer from which address the question
//! came (`ip`, BEP 42).
//!
//! Bounded: [`MOST_ASKED`] nodes, one small datagram each, [`PATIENCE`] in all. Nothing is stored, and
//! nobody is told anything but that somebody asks.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use mainline::DEFAULT_BOOTSTRAP_NODES;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::budget::is_allowed;
use crate::canonical;
use crate::mapping::Observations;
use crate::report::Visibility;

/// Enough to tell ports that count from ports that jump, with some nodes dead.
const MOST_ASKED: usize = 12;
/// For all of it.
const PATIENCE: Duration = Duration::from_secs(4);
/// For the names of the public first contacts.
const NAMES: Duration = Duration::from_secs(2);
/// Answers with the view of so many are enough.
const ENOUGH: usize = 4;
/// An answer to `find_node` is half of it.
const MAX_ANSWER: usize = 1_500;
/// One node in an answer: an id, an IPv4 address, a port (BEP 5).
const NODE_LEN: usize = 26;

/// What a look at the DHT has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DhtSurvey {
    /// Nodes that were asked.
    pub asked: usize,
    /// Nodes that answered.
    pub answered: usize,
    /// How they see the socket that asked.
    pub visibility: Visibility,
}

#[derive(Serialize)]
struct Question<'a> {
    a: Arguments<'a>,
    q: &'a str,
    t: ByteBuf,
    y: &'a str,
}

#[derive(Serialize)]
struct Arguments<'a> {
    #[serde(with = "serde_bytes")]
    id: &'a [u8],
    #[serde(with = "serde_bytes")]
    target: &'a [u8],
}

#[derive(Deserialize)]
struct Answer {
    ip: Option<ByteBuf>,
    r: Option<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    nodes: Option<ByteBuf>,
}

/// Asks from a fresh socket at `own`; `bootstrap` instead of the public first contacts.
///
/// # Errors
/// When there is no socket to ask from.
pub async fn survey_dht(own: IpAddr, bootstrap: Option<Vec<SocketAddr>>) -> io::Result<DhtSurvey> {
    let first = match bootstrap {
        Some(nodes) => nodes,
        None => public_contacts().await,
    };
    let own = if own.is_ipv4() { own } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((own, 0)).await?;
    let mut survey =
        Survey { socket, asked: BTreeMap::new(), answered: 0, seen: Observations::default() };
    for node in first.into_iter().filter(SocketAddr::is_ipv4) {
        survey.ask(node).await;
    }
    let end = Instant::now() + PATIENCE;
    let mut buffer = [0; MAX_ANSWER];
    while survey.seen.len() < ENOUGH && survey.answered < survey.asked.len() {
        // A socket fails here when a node's machine says that nobody listens: others may.
        let Ok(read) = timeout_at(end, survey.socket.recv_from(&mut buffer)).await else { break };
        if let Ok((len, from)) = read {
            survey.on_answer(from, buffer.get(..len).unwrap_or_default()).await;
        }
    }
    Ok(survey.end())
}

struct Survey {
    socket: UdpSocket,
    /// Which destination of the socket each is, and whether it has answered.
    asked: BTreeMap<SocketAddr, (u32, bool)>,
    answered: usize,
    seen: Observations,
}

impl Survey {
    async fn ask(&mut self, node: SocketAddr) {
        // Nodes of one address are one voice.
        let known = self.asked.keys().any(|asked| asked.ip() == node.ip());
        if known || self.asked.len() >= MOST_ASKED {
            return;
        }
        let order = self.asked.len() as u32 + 1;
        let (id, target): ([u8; 20], [u8; 20]) = (rand::random(), rand::random());
        let question = Question {
            a: Arguments { id: &id, target: &target },
            q: "find_node",
            t: ByteBuf::from(order.to_be_bytes()),
            y: "q",
        };
        if let Ok(bytes) = serde_bencode::to_bytes(&question)
            && self.socket.send_to(&bytes, node).await.is_ok()
        {
            self.asked.insert(node, (order, false));
        }
    }

    async fn on_answer(&mut self, from: SocketAddr, datagram: &[u8]) {
        let from = canonical(from);
        let Some((order, answered)) = self.asked.get_mut(&from) else { return };
        if std::mem::replace(answered, true) {
            return;
        }
        let order = *order;
        self.answered += 1;
        let Ok(answer) = serde_bencode::from_bytes::<Answer>(datagram) else { return };
        if let Some(seen) = answer.ip.as_deref().and_then(|ip| address(ip)) {
            self.seen.on_observed(order, from, seen);
        }
        let nodes = answer.r.and_then(|reply| reply.nodes).unwrap_or_default();
        for node in nodes.chunks_exact(NODE_LEN).filter_map(|node| address(node.get(20..)?)) {
            if is_allowed(node) {
                self.ask(node).await;
            }
        }
    }

    fn end(self) -> DhtSurvey {
        let asked = self.asked.len();
        let visibility = Visibility::of(&self.seen, asked as u32);
        DhtSurvey { asked, answered: self.answered, visibility }
    }
}

/// An address as the DHT writes it: IPv4 and port.
fn address(bytes: &[u8]) -> Option<SocketAddr> {
    let [a, b, c, d, high, low] = bytes.try_into().ok()?;
    let ip = Ipv4Addr::new(a, b, c, d);
    Some(SocketAddrV4::new(ip, u16::from_be_bytes([high, low])).into())
}

async fn public_contacts() -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let looked_up = async {
        for name in DEFAULT_BOOTSTRAP_NODES {
            if let Ok(addresses) = lookup_host(name).await {
                found.extend(addresses);
            }
        }
    };
    // Those known by then are asked.
    let _ = timeout(NAMES, looked_up).await;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One node that answers with what it is told.
    async fn node(answer: impl Fn(SocketAddr) -> Vec<u8> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut question = [0; MAX_ANSWER];
            while let Ok((_, from)) = socket.recv_from(&mut question).await {
                let _ = socket.send_to(&answer(from), from).await;
            }
        });
        address
    }

    fn seen_at(address: SocketAddr) -> Vec<u8> {
        let SocketAddr::V4(address) = address else { panic!("IPv4") };
        let mut bytes = b"d2:ip6:".to_vec();
        bytes.extend(address.ip().octets());
        bytes.extend(address.port().to_be_bytes());
        bytes.extend(b"1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t4:\0\0\0\x011:y1:re");
        bytes
    }

    #[tokio::test]
    async fn a_node_says_how_this_machine_is_seen() {
        let honest = node(seen_at).await;
        let survey = survey_dht(Ipv4Addr::LOCALHOST.into(), Some(vec![honest])).await.unwrap();
        assert_eq!((survey.asked, survey.answered), (1, 1));
        let [sight] = survey.visibility.sights.as_slice() else { panic!("{survey:?}") };
        assert_eq!(sight.by, honest);
        assert!(sight.seen.ip().is_loopback());
    }

    #[tokio::test]
    async fn junk_counts_as_an_answer_and_shows_nothing() {
        let junk = node(|_| b"d2:ip3:abc1:r0:e".to_vec()).await;
        let survey = survey_dht(Ipv4Addr::LOCALHOST.into(), Some(vec![junk])).await.unwrap();
        assert_eq!((survey.answered, survey.visibility.sights.len()), (1, 0));
    }
}
