//! A home whose router is one: the kernel's NAT (nftables), and Debian's miniupnpd, which opens ports
//! by UPnP-IGD, PCP and NAT-PMP.
//!
//! The NAT is symmetric: `masquerade fully-random` gives each destination another port. miniupnpd
//! refuses to work behind an address of a testing block, so a home's router has one out of
//! 44.128.0.0/16, which amateur radio keeps for tests and nobody routes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::error::LabError;
use crate::host::Host;
use crate::netns::Netns;
use crate::router::INSIDE;

const ROUTER: &str = "192.168.1.1";
const DAEMON: &str = "miniupnpd";
const STARTING: Duration = Duration::from_secs(10);
/// What miniupnpd says when it has bound its sockets; what is sent from then on is read.
const HEARS_HTTP: &str = "HTTP listening on port";
const HEARS_PCP: &str = "Listening for NAT-PMP/PCP traffic";

/// By what a router can be asked for a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// PCP, and NAT-PMP besides.
    Pcp,
    /// NAT-PMP alone, as older routers do: it is deaf to PCP.
    NatPmp,
    /// UPnP-IGD alone.
    Upnp,
    /// Nothing.
    Nothing,
}

/// A router and the wire behind it. Dropping it ends the router.
#[derive(Debug)]
pub struct Home {
    router: Host,
    daemon: Option<Child>,
    files: TempDir,
}

impl Home {
    /// Makes a host into a router, and a machine behind it.
    pub(crate) fn new(router: Host, name: &str, speaks: Speaks) -> Result<(Self, Host), LabError> {
        let inside = Netns::new(name)?;
        let wiring = format!(
            "link add name lan type veth peer name eth0 netns {}\n\
             address add {ROUTER}/24 dev lan\n\
             link set lan up\n",
            inside.thread()
        );
        router.netns().tool("ip", &["-batch", "-"], &wiring)?;
        let wiring = format!(
            "link set lo up\n\
             address add {INSIDE}/24 dev eth0\n\
             link set eth0 up\n\
             route add default via {ROUTER}\n"
        );
        inside.tool("ip", &["-batch", "-"], &wiring)?;
        inside.tool("ethtool", &["-K", "eth0", "tso", "off", "gso", "off", "tx", "off"], "")?;
        router
            .run(|| fs::write("/proc/sys/net/ipv4/ip_forward", "1"))?
            .map_err(LabError::permission("make a namespace forward"))?;
        router.netns().tool("nft", &["-f", "-"], &rules(speaks))?;
        let files = TempDir::new().map_err(LabError::io("make a directory"))?;
        let mut home = Self { router, daemon: None, files };
        if speaks != Speaks::Nothing {
            home.daemon = Some(home.start(speaks)?);
        }
        let machine = Host::within(name, home.router.address(), INSIDE, inside);
        Ok((home, machine))
    }

    fn start(&self, speaks: Speaks) -> Result<Child, LabError> {
        let mut installed = Command::new(DAEMON);
        installed.arg("--version");
        crate::tool::run(installed, "")?;
        let config = self.files.path().join("miniupnpd.conf");
        fs::write(&config, settings(speaks)).map_err(LabError::io("write a configuration"))?;
        let mut command = Command::new(DAEMON);
        command.arg("-d").arg("-f").arg(&config);
        command.arg("-P").arg(self.files.path().join("pid"));
        let mut daemon = self.router.spawn(command, Stdio::null(), Stdio::piped())?;
        let (said, heard) = mpsc::channel();
        if let Some(errors) = daemon.stderr.take() {
            thread::spawn(move || {
                let mark = if speaks == Speaks::Upnp { HEARS_HTTP } else { HEARS_PCP };
                let mut ready = Some(said);
                let mut last = String::new();
                for line in BufReader::new(errors).lines().map_while(Result::ok) {
                    if line.contains(mark) {
                        ready.take().map(|said| said.send(Ok(())));
                    }
                    last = line;
                }
                ready.take().map(|said| said.send(Err(last)));
            });
        }
        match heard.recv_timeout(STARTING) {
            Ok(Ok(())) => Ok(daemon),
            Ok(Err(words)) => Err(LabError::Program(format!("miniupnpd did not start: {words}"))),
            Err(_) => Err(LabError::Gone("miniupnpd")),
        }
    }

    /// The router itself, for programs that run on it.
    pub fn router(&self) -> &Host {
        &self.router
    }

    /// From now on nothing of a protocol (`udp`, `tcp`) passes, neither out nor in.
    pub fn block(&self, protocol: &str) -> Result<(), LabError> {
        let rule = format!("insert rule inet filter forward meta l4proto {protocol} drop\n");
        self.router.netns().tool("nft", &["-f", "-"], &rule)
    }

    /// How many ports it has opened.
    pub fn open_ports(&self) -> Result<usize, LabError> {
        Ok(self.rules_of("prerouting_miniupnpd")?.matches("dnat ip to").count())
    }

    /// How many datagrams have come in that ask for a port.
    pub fn asked(&self) -> Result<u64, LabError> {
        let rules = self.rules_of("input")?;
        let packets = rules.split("packets ").nth(1).and_then(|rest| rest.split(' ').next());
        packets.and_then(|n| n.parse().ok()).ok_or(LabError::Gone("counter of the router"))
    }

    fn rules_of(&self, chain: &str) -> Result<String, LabError> {
        let mut command = Command::new("nft");
        command.args(["list", "chain", "inet", "filter", chain]);
        self.router.run(move || crate::tool::run(command, ""))?
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            // Both fail only for one that has ended.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Chains by the names that miniupnpd looks for; PCP and NAT-PMP share a port and differ in the first
/// byte (RFC 6887, section 9).
fn rules(speaks: Speaks) -> String {
    let deaf = if speaks == Speaks::NatPmp { "udp dport 5351 @th,64,8 2 drop" } else { "" };
    format!(
        "table inet filter {{
            chain input {{
                type filter hook input priority 0; policy accept
                iifname \"lan\" udp dport {{ 1900, 5351 }} counter
                {deaf}
            }}
            chain forward {{
                type filter hook forward priority 0; policy drop
                ct state established,related accept
                iifname \"lan\" accept
                jump miniupnpd
            }}
            chain miniupnpd {{
            }}
            chain prerouting {{
                type nat hook prerouting priority -100; policy accept
                jump prerouting_miniupnpd
            }}
            chain postrouting {{
                type nat hook postrouting priority 100; policy accept
                jump postrouting_miniupnpd
                ip saddr {INSIDE}/24 oifname \"eth0\" masquerade fully-random
            }}
            chain prerouting_miniupnpd {{
            }}
            chain postrouting_miniupnpd {{
            }}
        }}
        "
    )
}

fn settings(speaks: Speaks) -> String {
    let [pcp, upnp] = match speaks {
        Speaks::Pcp | Speaks::NatPmp => ["yes", "no"],
        Speaks::Upnp => ["no", "yes"],
        Speaks::Nothing => ["no", "no"],
    };
    format!(
        "ext_ifname=eth0
listening_ip=lan
enable_natpmp={pcp}
enable_upnp={upnp}
ipv6_disable=yes
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"
    )
}
