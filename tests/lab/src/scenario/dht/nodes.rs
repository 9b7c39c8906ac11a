//! The DHT's nodes: in this process, in the hosts' namespaces, and libtorrent's as programs.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainline::{Dht, RequestFilter, RequestSpecific, ServerSettings};

use crate::error::LabError;
use crate::lab::Lab;
use crate::scenario::Stage;

/// What the nodes were asked to keep.
#[derive(Debug, Default)]
struct Kept {
    puts: Vec<Ipv4Addr>,
    announces: u64,
}

/// Sees every request before its node does.
#[derive(Debug, Clone, Default)]
struct Watcher(Arc<(Mutex<Kept>, Condvar)>);

impl Watcher {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestFilter for Watcher {
    fn allow_request(&self, request: &RequestSpecific, from: SocketAddrV4) -> bool {
        // The crate has no other way to tell one request from another.
        let shown = format!("{request:?}");
        if shown.contains("AnnouncePeer") {
            self.kept().announces += 1;
        } else if shown.contains("PutMutable") || shown.contains("PutImmutable") {
            self.kept().puts.push(*from.ip());
            self.0.1.notify_all();
        }
        true
    }
}

/// Running nodes.
pub(super) struct Nodes {
    watcher: Watcher,
    nodes: Vec<(SocketAddrV4, Dht)>,
}

impl Nodes {
    /// Start `each` nodes on each of some hosts, and wait until they know each other and `others`.
    pub(super) fn start(
        lab: &Lab,
        hosts: Range<usize>,
        each: usize,
        others: &[SocketAddrV4],
    ) -> Result<Self, LabError> {
        let watcher = Watcher::default();
        let mut nodes: Vec<(SocketAddrV4, Dht)> = Vec::new();
        for number in 0..each {
            for host in hosts.clone() {
                let host = lab.host(host)?;
                let address = SocketAddrV4::new(host.address(), 6800 + number as u16);
                let first = nodes.first().map(|(address, _)| *address);
                let known = first.map(|first| [&[first], others].concat());
                let settings =
                    ServerSettings { filter: Box::new(watcher.clone()), ..Default::default() };
                let start = move || {
                    let mut builder = Dht::builder();
                    builder.server_mode().server_settings(settings);
                    builder.bind_address(*address.ip()).port(address.port());
                    match known {
                        Some(known) => builder.bootstrap(&known),
                        None => builder.no_bootstrap(),
                    };
                    builder.build()
                };
                let node = host.run(start)?.map_err(LabError::io("start a DHT node"))?;
                nodes.push((address, node));
            }
        }
        nodes.iter().skip(1).for_each(|(_, node)| wait_until_it_knows_others(node));
        Ok(Self { watcher, nodes })
    }

    /// Some of them, as first contacts.
    pub(super) fn bootstrap(&self, count: usize) -> Vec<String> {
        self.nodes.iter().take(count).map(|(address, _)| address.to_string()).collect()
    }

    /// End the last `count` nodes without a word.
    pub(super) fn kill(&mut self, count: usize) {
        self.nodes.truncate(self.nodes.len().saturating_sub(count));
    }

    /// Wait until the items have been put; whether they were.
    pub(super) fn wait_for_puts(&self, limit: Duration) -> bool {
        let (_, changed) = &*self.watcher.0;
        let waited =
            changed.wait_timeout_while(self.watcher.kept(), limit, |kept| kept.puts.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).0.puts.is_empty()
    }

    /// So that the next publication can be waited for; strangers stay known.
    pub(super) fn forget_puts(&self) {
        let origin = self.watcher.kept().puts.first().copied();
        self.watcher.kept().puts.retain(|from| Some(*from) != origin);
    }

    /// Puts, puts by others than `origin`, and announces.
    pub(super) fn seen(&self, origin: Ipv4Addr) -> (usize, usize, u64) {
        let kept = self.watcher.kept();
        let strangers = kept.puts.iter().filter(|from| **from != origin).count();
        (kept.puts.len(), strangers, kept.announces)
    }

    /// What stands at a place, asked for from a host.
    #[expect(deprecated, reason = "this program has no other use for an async runtime")]
    pub(super) fn read(
        &self,
        lab: &Lab,
        host: usize,
        place: [u8; 32],
    ) -> Result<Vec<Vec<u8>>, LabError> {
        let (host, first) = (lab.host(host)?, self.bootstrap(8));
        let address = host.address();
        let client = host
            .run(move || Dht::builder().bootstrap(&first).bind_address(address).port(0).build())?
            .map_err(LabError::io("start a DHT client"))?;
        Ok(client.get_mutable(&place, None, None).map(|item| item.value().to_vec()).collect())
    }
}

#[expect(deprecated, reason = "this program has no other use for an async runtime")]
fn wait_until_it_knows_others(node: &Dht) {
    node.bootstrapped();
}

/// Nodes of another making.
pub(super) struct Libtorrent {
    nodes: Child,
    address: SocketAddrV4,
}

impl Libtorrent {
    /// Start them where the library is installed. They know each other; of the nodes of the crate they
    /// hear by being asked, as those take no question whose transaction has two bytes.
    pub(super) fn start(stage: &Stage, lab: &Lab, host: usize) -> Result<Option<Self>, LabError> {
        let mut there = Command::new("/usr/bin/python3");
        there.args(["-c", "import libtorrent"]);
        if crate::tool::run(there, "").is_err() {
            return Ok(None);
        }
        let host = lab.host(host)?;
        let address = SocketAddrV4::new(host.address(), 6900);
        let mut command = Command::new("/usr/bin/python3");
        command.arg(super::script(stage)?).args(["serve", &address.to_string()]);
        command.arg(super::OTHERS.to_string());
        let mut nodes = host.spawn(command, Stdio::piped(), Stdio::null())?;
        // It says one line when each of its nodes knows others.
        let mut said = String::new();
        if let Some(output) = &mut nodes.stdout {
            let mut output = std::io::BufReader::new(output);
            std::io::BufRead::read_line(&mut output, &mut said)
                .map_err(LabError::io("read what libtorrent says"))?;
        }
        if said.trim() != "ready" {
            return Err(LabError::Program("libtorrent's nodes know nobody".into()));
        }
        Ok(Some(Self { nodes, address }))
    }

    /// Where they are.
    pub(super) fn addresses(&self) -> Vec<SocketAddrV4> {
        let count = u16::try_from(super::OTHERS).unwrap_or_default();
        let ports = self.address.port()..self.address.port() + count;
        ports.map(|port| SocketAddrV4::new(*self.address.ip(), port)).collect()
    }

    /// Whether libtorrent, asked by its own client, finds the item and takes its signature.
    pub(super) fn reads(
        &self,
        stage: &Stage,
        lab: &Lab,
        place: &[u8; 32],
    ) -> Result<bool, LabError> {
        let host = lab.host(2)?;
        let hex: String = place.iter().map(|byte| format!("{byte:02x}")).collect();
        let own = SocketAddrV4::new(host.address(), 6950);
        let mut command = Command::new("/usr/bin/python3");
        command.arg(super::script(stage)?);
        command.args(["get", &own.to_string(), &hex, &self.address.to_string()]);
        let mut child = host.spawn(command, Stdio::null(), Stdio::null())?;
        Ok(child.wait().map_err(LabError::io("wait for libtorrent"))?.success())
    }
}

impl Drop for Libtorrent {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        let _ = self.nodes.kill();
        let _ = self.nodes.wait();
    }
}
