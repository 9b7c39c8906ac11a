//! The DHT's nodes: in this process, in the hosts' namespaces, and libtorrent's as programs.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainline::{Dht, RequestFilter, RequestSpecific, ServerSettings};

use crate::error::LabError;
use crate::lab::Lab;
use crate::scenario::Stage;

/// Debian's, which has libtorrent's binding.
const PYTHON: &str = "/usr/bin/python3";

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
pub(in crate::scenario) struct Nodes {
    watcher: Watcher,
    nodes: Vec<(SocketAddrV4, Dht)>,
}

impl Nodes {
    /// Start `each` nodes on each of some hosts, and wait until they know each other and `others`.
    pub(in crate::scenario) fn start(
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
                    // So that its name fits its address, as on the Internet (BEP 42).
                    builder.public_ip(*address.ip());
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
    pub(in crate::scenario) fn bootstrap(&self, count: usize) -> Vec<String> {
        self.nodes.iter().take(count).map(|(address, _)| address.to_string()).collect()
    }

    /// End the last `count` nodes without a word.
    pub(super) fn kill(&mut self, count: usize) {
        self.nodes.truncate(self.nodes.len().saturating_sub(count));
    }

    /// Wait until the items have been put; whether they were.
    pub(in crate::scenario) fn wait_for_puts(&self, limit: Duration) -> bool {
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

    /// The same, whoever has put something.
    pub(in crate::scenario) fn forget_all(&self) {
        self.watcher.kept().puts.clear();
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
    nodes: Vec<(SocketAddrV4, Child)>,
}

impl Libtorrent {
    /// Start one on each of some hosts, where the library is installed. They know each other; of the
    /// crate's nodes they hear by being asked, as those take no question whose transaction has two
    /// bytes.
    pub(super) fn start(
        stage: &Stage,
        lab: &Lab,
        hosts: Range<usize>,
    ) -> Result<Option<Self>, LabError> {
        let mut there = Command::new(PYTHON);
        there.args(["-c", "import libtorrent"]);
        if crate::tool::run(there, "").is_err() {
            return Ok(None);
        }
        let address = |host: usize| -> Result<SocketAddrV4, LabError> {
            Ok(SocketAddrV4::new(lab.host(host)?.address(), 6900))
        };
        let all = hosts.clone().map(address).collect::<Result<Vec<_>, _>>()?;
        let script = super::script(stage)?;
        let mut started = Self { nodes: Vec::new() };
        for (host, own) in hosts.zip(&all) {
            let mut command = Command::new(PYTHON);
            command.arg(&script).args(["serve", &own.to_string()]);
            command.args(all.iter().filter(|other| *other != own).map(ToString::to_string));
            let node = lab.host(host)?.spawn(command, Stdio::piped(), Stdio::null())?;
            started.nodes.push((*own, node));
        }
        started.nodes.iter_mut().try_for_each(|(_, node)| wait_until_ready(node))?;
        Ok(Some(started))
    }

    /// Where they are.
    pub(super) fn addresses(&self) -> Vec<SocketAddrV4> {
        self.nodes.iter().map(|(address, _)| *address).collect()
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
        let mut command = Command::new(PYTHON);
        command.arg(super::script(stage)?).args(["get", &own.to_string(), &hex]);
        command.args(self.addresses().iter().map(ToString::to_string));
        let mut child = host.spawn(command, Stdio::null(), Stdio::null())?;
        Ok(child.wait().map_err(LabError::io("wait for libtorrent"))?.success())
    }
}

impl Drop for Libtorrent {
    fn drop(&mut self) {
        for (_, node) in &mut self.nodes {
            // Both fail only for a program that has ended.
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

/// A node says one line when it knows others, or ends.
fn wait_until_ready(node: &mut Child) -> Result<(), LabError> {
    let mut said = String::new();
    if let Some(output) = &mut node.stdout {
        let read = BufReader::new(output).read_line(&mut said);
        read.map_err(LabError::io("read what libtorrent says"))?;
    }
    match said.trim() {
        "ready" => Ok(()),
        _ => Err(LabError::Program("libtorrent's nodes know nobody".into())),
    }
}
