//! What the doctor says. A word that not everybody knows is explained where it stands; whatever can't
//! be known is said to be unknown.

use std::collections::BTreeSet;
use std::net::IpAddr;

use manyhands_session::{Diagnosis, LocalNetwork, Nat, PortMapping, Protocol};

/// Something that was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What it is about, for scripts.
    pub(super) about: &'static str,
    /// What was found.
    pub(super) says: String,
    /// What to do, where something can be done.
    pub(super) advice: Option<String>,
}

/// All of it, the verdict first.
pub(super) fn findings(diagnosis: &Diagnosis) -> Vec<Finding> {
    let all = [
        Some(verdict(diagnosis)),
        Some(addresses(diagnosis)),
        broadcast(diagnosis),
        udp(diagnosis),
        nat(diagnosis),
        port(diagnosis),
        Some(dht(diagnosis)),
        Some(local(diagnosis)),
    ];
    all.into_iter().flatten().collect()
}

fn finding(about: &'static str, says: impl Into<String>) -> Finding {
    Finding { about, says: says.into(), advice: None }
}

fn advised(about: &'static str, says: impl Into<String>, advice: &str) -> Finding {
    Finding { about, says: says.into(), advice: Some(advice.into()) }
}

const OPEN_A_DOOR: &str = "In your router's settings switch on UPnP, PCP or NAT-PMP (three ways for a \
     program to ask it for a port; it may be called \"automatic port forwarding\"). Or start the \
     broadcast with --peer and the address of a viewer whom everybody can reach.";

fn verdict(diagnosis: &Diagnosis) -> Finding {
    const ABOUT: &str = "verdict";
    if diagnosis.addresses.is_empty() {
        let says = "This machine has no network.";
        return advised(ABOUT, says, "Connect it to Wi-Fi or plug in a cable.");
    }
    if !diagnosis.has_asked() {
        return advised(
            ABOUT,
            "I can't know how others see this machine: nobody outside was asked.",
            "Give the link of a broadcast that is on (manyhands doctor @FILE), or leave out --no-dht.",
        );
    }
    if !diagnosis.has_answer() && diagnosis.has_tunnel() {
        return finding(
            ABOUT,
            "Fair: this network blocks the way that Manyhands prefers, but the broadcast is reached by \
             another, so watching works. Nobody can reach this machine here.",
        );
    }
    if !diagnosis.has_answer() {
        return finding(
            ABOUT,
            "Bad: nobody outside answers, so nothing can be sent or watched here.",
        );
    }
    if diagnosis.is_reachable() && !diagnosis.is_behind_two() {
        return finding(
            ABOUT,
            "Good: everybody can reach this machine. A broadcast from here needs nobody's help.",
        );
    }
    match diagnosis.nat {
        Nat::EndpointIndependent => finding(
            ABOUT,
            "Fine: most others can reach this machine, once somebody whom both know has introduced \
             them. For the first viewer of a broadcast from here there has to be one whom everybody \
             can reach, or a router that opens a port (see below).",
        ),
        Nat::DependentCounting | Nat::Dependent => advised(
            ABOUT,
            "Hard: watching works, but others reach this machine seldom, and others behind a router \
             like this one never. The picture then goes through viewers in between.",
            OPEN_A_DOOR,
        ),
        Nat::None | Nat::Unknown => finding(
            ABOUT,
            "Others outside answer, so watching works. Whether they can reach this machine by \
             themselves I can't tell: too few have said how they see it.",
        ),
    }
}

fn addresses(diagnosis: &Diagnosis) -> Finding {
    let own = list(diagnosis.addresses.iter().copied());
    let seen = list(diagnosis.seen.iter().map(|sight| sight.seen.ip().to_canonical()));
    let says = match (own.is_empty(), seen.is_empty()) {
        (true, _) => "This machine has no address on any network.".into(),
        (false, true) => {
            format!("On its own network this machine is {own}. From outside: unknown.")
        }
        (false, false) => {
            format!("On its own network this machine is {own}. From outside it is seen at {seen}.")
        }
    };
    finding("addresses", says)
}

fn list(addresses: impl Iterator<Item = IpAddr>) -> String {
    let unique: BTreeSet<IpAddr> = addresses.collect();
    unique.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn broadcast(diagnosis: &Diagnosis) -> Option<Finding> {
    let met = diagnosis.broadcast.as_ref()?;
    let how = match met.via {
        Some("local") => "on this network",
        Some("dht") => "through the BitTorrent network",
        Some(_) => "at an address that the link or --peer names",
        None => {
            return Some(advised(
                "broadcast",
                "Nobody of the link's broadcast answered.",
                "Ask whether it is on. If it is, ask for a newer link.",
            ));
        }
    };
    let others = match met.peers {
        1 => "one peer".into(),
        peers => format!("{peers} peers"),
    };
    Some(finding("broadcast", format!("The link's broadcast was found {how}: {others} connected.")))
}

fn udp(diagnosis: &Diagnosis) -> Option<Finding> {
    match (diagnosis.has_asked(), diagnosis.has_answer()) {
        (_, true) => Some(finding(
            "udp",
            "This network lets the traffic of Manyhands through (UDP, short messages without a \
             connection).",
        )),
        (true, false) if diagnosis.has_tunnel() => Some(advised(
            "udp",
            "This network blocks UDP (short messages without a connection), as some hotels, schools and \
             offices do. After three seconds without an answer the broadcast was reached by TCP instead, \
             the way that web pages take. Where the line loses something the picture may come later so.",
            "To go live from here, name a relay with --relay: it is reached the same way.",
        )),
        (true, false) if diagnosis.broadcast.is_some() => Some(advised(
            "udp",
            "Either there is no Internet here, or this network blocks the traffic of Manyhands (UDP, \
             short messages without a connection), as some hotels, schools and offices do. TCP, the way \
             that web pages take, was tried, too, and led to nobody of the broadcast.",
            "See whether a web page opens. If it does, use another network, such as mobile data, or ask \
             for a relay that listens at port 443, which most networks let through.",
        )),
        (true, false) => Some(advised(
            "udp",
            "Either there is no Internet here, or this network blocks the traffic of Manyhands (UDP, \
             short messages without a connection), as some hotels, schools and offices do.",
            "See whether a web page opens. If it does, give me the link of a broadcast that is on: I then \
             try to reach it by TCP, the way that web pages take. Or use another network, such as mobile \
             data.",
        )),
        (false, false) => None,
    }
}

fn nat(diagnosis: &Diagnosis) -> Option<Finding> {
    const ABOUT: &str = "nat";
    let says = match diagnosis.nat {
        Nat::None => {
            "No router changes this machine's address on the way. A firewall may still keep others out."
        }
        Nat::EndpointIndependent => {
            "Your router shows this machine to everybody at one and the same port, a number that \
             works like a door. Others can use it once this machine has sent something to them."
        }
        Nat::DependentCounting => {
            "Your router shows this machine to everybody at another port, a number that works like a \
             door, but one after the other. The next one is foretold, which mostly works."
        }
        Nat::Dependent => {
            "Your router shows this machine to everybody at another port, a number that works like a \
             door, which nobody can foretell (a \"symmetric NAT\")."
        }
        Nat::Unknown if diagnosis.has_answer() => {
            return Some(advised(
                ABOUT,
                "How your router treats others is unknown: it takes two outside who say how they see \
                 this machine.",
                "Try again with the link of a broadcast that has viewers.",
            ));
        }
        Nat::Unknown => return None,
    };
    Some(finding(ABOUT, says))
}

fn port(diagnosis: &Diagnosis) -> Option<Finding> {
    const ABOUT: &str = "port_mapping";
    if diagnosis.is_behind_two() {
        return Some(advised(
            ABOUT,
            "Your router opens a port when it is asked, but another router stands between it and the \
             Internet, so that port leads nowhere. Many providers share one address among customers \
             like that.",
            "If the other router is yours, switch one of them to bridge mode, in which it only passes \
             on. If it is the provider's, ask for an IPv4 address of your own.",
        ));
    }
    Some(match diagnosis.port_mapping {
        PortMapping::Open { address, by } => finding(
            ABOUT,
            format!(
                "Your router opens a port when it is asked (by {}): everybody could reach this machine \
                 at {address}. It is closed again by now.",
                name(by)
            ),
        ),
        PortMapping::Refused(by) => advised(
            ABOUT,
            format!("Your router was asked for a port (by {}) and refused.", name(by)),
            "In its settings, allow this machine to open ports.",
        ),
        PortMapping::Asking | PortMapping::NoAnswer => {
            let says = "Your router does not open a port when it is asked.";
            advised(ABOUT, says, OPEN_A_DOOR)
        }
        PortMapping::NoRouter => finding(ABOUT, "There is no router to ask for a port."),
        PortMapping::Off => finding(
            ABOUT,
            "The router was not asked for a port: --no-port-mapping forbids it, or --listen names an \
             address that only this machine can reach.",
        ),
        PortMapping::BehindAnother { .. } | PortMapping::NotNeeded => return None,
    })
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Pcp => "PCP",
        Protocol::NatPmp => "NAT-PMP",
        Protocol::Upnp => "UPnP",
    }
}

fn dht(diagnosis: &Diagnosis) -> Finding {
    const ABOUT: &str = "dht";
    match diagnosis.dht.as_ref().map(|dht| (dht.asked, dht.answered)) {
        None => finding(ABOUT, "The BitTorrent network was not asked, as you wished (--no-dht)."),
        Some((0, _)) => advised(
            ABOUT,
            "The first contacts of the BitTorrent network could not be looked up by their names.",
            "See whether a web page opens here.",
        ),
        Some((asked, 0)) => advised(
            ABOUT,
            format!("The BitTorrent network does not answer ({asked} computers were asked)."),
            "A link still works on the local network, and where it names an address.",
        ),
        Some(_) => finding(
            ABOUT,
            "The BitTorrent network answers: a link finds its broadcast from here, wherever that is.",
        ),
    }
}

fn local(diagnosis: &Diagnosis) -> Finding {
    const ABOUT: &str = "local_discovery";
    match diagnosis.local {
        LocalNetwork::Off => {
            finding(ABOUT, "The local network was not searched, as you wished (--no-local).")
        }
        LocalNetwork::None => finding(ABOUT, "There is no local network to search."),
        LocalNetwork::Works => finding(ABOUT, "Devices on this network find each other."),
        LocalNetwork::Untried => finding(
            ABOUT,
            "Nobody was found on this network. Whether its devices may hear each other I can't tell \
             from one of them; networks for guests often keep them apart.",
        ),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use manyhands_session::{DhtSurvey, Meeting, Sight, Visibility};
    use std::net::SocketAddr;

    /// Nobody was asked.
    pub(in crate::doctor) fn unknown() -> Diagnosis {
        Diagnosis {
            addresses: vec![[192, 168, 1, 2].into()],
            nat: Nat::Unknown,
            seen: Vec::new(),
            port_mapping: PortMapping::Off,
            dht: None,
            broadcast: None,
            local: LocalNetwork::Off,
        }
    }

    fn outside(port: u16) -> SocketAddr {
        ([198, 51, 100, 7], port).into()
    }

    /// Somebody outside was asked and answered.
    fn answered(nat: Nat, port_mapping: PortMapping) -> Diagnosis {
        let sight = |n| Sight { by: ([203, 0, 113, n], 6881).into(), seen: outside(5_000) };
        Diagnosis {
            nat,
            port_mapping,
            seen: vec![sight(1), sight(2)],
            dht: Some(DhtSurvey { asked: 4, answered: 3, visibility: Visibility::default() }),
            ..unknown()
        }
    }

    fn about<'a>(findings: &'a [Finding], about: &str) -> &'a Finding {
        findings.iter().find(|finding| finding.about == about).unwrap()
    }

    fn open(address: SocketAddr) -> PortMapping {
        PortMapping::Open { address, by: Protocol::Upnp }
    }

    #[test]
    fn the_verdict_follows_from_what_others_see_and_what_the_router_does() {
        let verdict = |nat, port| {
            let findings = findings(&answered(nat, port));
            let verdict = findings.first().unwrap();
            assert_eq!(verdict.about, "verdict");
            verdict.says.split([':', ',']).next().unwrap().to_owned()
        };
        assert_eq!(verdict(Nat::None, PortMapping::NotNeeded), "Good");
        assert_eq!(verdict(Nat::Dependent, open(outside(7_000))), "Good");
        assert_eq!(verdict(Nat::EndpointIndependent, PortMapping::NoAnswer), "Fine");
        assert_eq!(verdict(Nat::Dependent, PortMapping::NoAnswer), "Hard");
        assert_eq!(verdict(Nat::DependentCounting, PortMapping::Off), "Hard");
        assert_eq!(verdict(Nat::Unknown, PortMapping::NoAnswer), "Others outside answer");
    }

    #[test]
    fn what_nobody_was_asked_is_not_claimed() {
        let findings = findings(&unknown());
        assert!(about(&findings, "verdict").says.contains("can't know"));
        assert!(about(&findings, "addresses").says.contains("From outside: unknown"));
        assert!(findings.iter().all(|finding| !["nat", "udp"].contains(&finding.about)));
    }

    #[test]
    fn silence_is_told_from_an_answer_and_has_an_advice() {
        let mut silent = answered(Nat::Unknown, PortMapping::NoAnswer);
        silent.seen.clear();
        silent.dht = Some(DhtSurvey { asked: 4, answered: 0, visibility: Visibility::default() });
        silent.broadcast = Some(Meeting { via: None, peers: 0, tunnelled: false });
        let said = findings(&silent);
        assert!(about(&said, "verdict").says.starts_with("Bad"));
        assert!(about(&said, "udp").advice.as_ref().unwrap().contains("web page"));
        assert!(about(&said, "broadcast").says.contains("Nobody"));
        assert!(silent.has_asked() && !silent.has_answer());
    }

    #[test]
    fn where_udp_is_blocked_it_is_said_whether_tcp_gets_through() {
        let mut blocked = unknown();
        blocked.broadcast = Some(Meeting { via: Some("hint"), peers: 1, tunnelled: true });
        assert!(blocked.has_asked() && !blocked.has_answer() && blocked.has_tunnel());
        let said = findings(&blocked);
        assert!(about(&said, "verdict").says.starts_with("Fair"));
        let udp = about(&said, "udp");
        assert!(udp.says.contains("blocks UDP") && udp.says.contains("TCP instead"));
        assert!(udp.advice.as_ref().unwrap().contains("--relay"));
        blocked.broadcast = Some(Meeting { via: None, peers: 0, tunnelled: false });
        let said = findings(&blocked);
        assert!(about(&said, "verdict").says.starts_with("Bad"));
        assert!(about(&said, "udp").says.contains("led to nobody"));
        assert!(about(&said, "udp").advice.as_ref().unwrap().contains("443"));
    }

    #[test]
    fn a_port_behind_a_second_router_is_no_way_in() {
        let inner: SocketAddr = "100.64.1.2:7000".parse().unwrap();
        let by = Protocol::Pcp;
        for port in
            [PortMapping::BehindAnother { address: inner, by }, open("9.9.9.9:7".parse().unwrap())]
        {
            let said = findings(&answered(Nat::EndpointIndependent, port));
            assert!(about(&said, "verdict").says.starts_with("Fine"), "{port:?}");
            assert!(about(&said, "port_mapping").advice.as_ref().unwrap().contains("bridge mode"));
        }
    }

    #[test]
    fn no_word_of_the_trade_stands_alone() {
        let ports = [
            PortMapping::Off,
            PortMapping::NoRouter,
            PortMapping::NoAnswer,
            PortMapping::NotNeeded,
            PortMapping::Refused(Protocol::Pcp),
            open(outside(7_000)),
            PortMapping::BehindAnother { address: outside(7_000), by: Protocol::NatPmp },
        ];
        let nats = [
            Nat::None,
            Nat::Unknown,
            Nat::EndpointIndependent,
            Nat::DependentCounting,
            Nat::Dependent,
        ];
        let all = nats.into_iter().flat_map(|nat| ports.map(|port| answered(nat, port)));
        let met =
            |tunnelled: bool| Meeting { via: tunnelled.then_some("hint"), peers: 1, tunnelled };
        let blocked = [true, false]
            .map(|tunnelled| Diagnosis { broadcast: Some(met(tunnelled)), ..unknown() });
        for diagnosis in all.chain(blocked) {
            for finding in findings(&diagnosis) {
                let text = format!("{} {}", finding.says, finding.advice.unwrap_or_default());
                for (word, explained) in [
                    ("UDP", "short messages"),
                    ("TCP", "web pages"),
                    ("NAT ", "another port"),
                    ("NAT)", "another port"),
                    ("bridge mode", "only passes on"),
                ] {
                    assert!(!text.contains(word) || text.contains(explained), "{word}: {text}");
                }
                for unexplained in ["DHT", "mDNS", "CGNAT", "endpoint", "RFC", "LEDBAT"] {
                    assert!(!text.contains(unexplained), "{unexplained}: {text}");
                }
                assert!(text.trim_end().ends_with(['.', ')']), "a sentence: {text}");
                assert!(!text.contains("  "), "{text}");
            }
        }
    }
}
