//! `manyhands doctor`: what this network allows, and what to do about it.

mod words;

use std::net::{Ipv4Addr, SocketAddr};

use manyhands_session::{Diagnosis, DiagnosisConfig, LocalNetwork, Nat, PortMapping, diagnose};
use serde_json::{Value, json};

use crate::args;
use crate::events::Printer;
use crate::failure::{Exit, Failure};
use crate::links;
use words::Finding;

/// Runs the command.
pub(crate) async fn run(args: args::Doctor, printer: Printer) -> Result<(), Failure> {
    let given = args.link.is_some() || links::is_in_environment();
    let link = if given { Some(links::read(args.link.as_deref())?) } else { None };
    printer.say("Looking around; this takes up to ten seconds.");
    let config = DiagnosisConfig {
        link,
        hints: args.common.peer.clone(),
        listen: args.common.listen.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
        finding: args.common.finding(),
    };
    let diagnosis = diagnose(config).await.map_err(|e| Failure::new(Exit::Local, e))?;
    let findings = words::findings(&diagnosis);
    printer.event("doctor", fields(&diagnosis, &findings));
    for finding in &findings {
        printer.say(&format!("\n{}", finding.says));
        if let Some(advice) = &finding.advice {
            printer.say(&format!("  → {advice}"));
        }
    }
    if diagnosis.has_asked() && !diagnosis.has_answer() && !diagnosis.has_tunnel() {
        return Err(Failure::new(
            Exit::Unreachable,
            "nobody outside answered; see whether a web page opens here, or try another network",
        ));
    }
    Ok(())
}

/// The facts for scripts.
fn fields(diagnosis: &Diagnosis, findings: &[Finding]) -> Value {
    let seen = diagnosis.seen.iter().map(|sight| json!({"address": sight.seen, "by": sight.by}));
    let findings = findings.iter().map(|finding| {
        json!({"about": finding.about, "message": finding.says, "advice": finding.advice})
    });
    let (state, protocol, address) = port_mapping(diagnosis.port_mapping);
    let dht = diagnosis.dht.as_ref();
    json!({
        "addresses": diagnosis.addresses,
        "addresses_seen": seen.collect::<Vec<_>>(),
        "nat_kind": nat_kind(diagnosis.nat),
        "behind_two_routers": diagnosis.is_behind_two(),
        "port_mapping": {"state": state, "protocol": protocol, "address": address},
        "udp": match (diagnosis.has_asked(), diagnosis.has_answer()) {
            (_, true) => "works",
            (true, false) => "no-answer",
            (false, false) => "untried",
        },
        "tunnel": match (diagnosis.has_tunnel(), diagnosis.has_answer(), &diagnosis.broadcast) {
            (true, ..) => "works",
            (_, false, Some(_)) => "no-answer",
            _ => "untried",
        },
        "dht": {
            "state": match dht.map(|dht| dht.answered) {
                None => "off",
                Some(0) => "no-answer",
                Some(_) => "works",
            },
            "asked": dht.map(|dht| dht.asked),
            "answered": dht.map(|dht| dht.answered),
        },
        "local_discovery": match diagnosis.local {
            LocalNetwork::Off => "off",
            LocalNetwork::None => "no-network",
            LocalNetwork::Untried => "untried",
            LocalNetwork::Works => "works",
        },
        "broadcast": diagnosis.broadcast.as_ref().map(|met| json!({"via": met.via, "peers": met.peers})),
        "reachable": diagnosis.is_reachable(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// In the terms of RFC 4787, section 4.1.
fn nat_kind(nat: Nat) -> &'static str {
    match nat {
        Nat::Unknown => "unknown",
        Nat::None => "none",
        Nat::EndpointIndependent => "endpoint-independent",
        Nat::DependentCounting => "address-and-port-dependent-counting",
        Nat::Dependent => "address-and-port-dependent",
    }
}

fn port_mapping(state: PortMapping) -> (&'static str, Option<&'static str>, Option<SocketAddr>) {
    match state {
        PortMapping::Off => ("off", None, None),
        PortMapping::Asking | PortMapping::NoAnswer => ("no-answer", None, None),
        PortMapping::NotNeeded => ("not-needed", None, None),
        PortMapping::NoRouter => ("no-router", None, None),
        PortMapping::Refused(by) => ("refused", Some(by.word()), None),
        PortMapping::Open { address, by } => ("open", Some(by.word()), Some(address)),
        PortMapping::BehindAnother { address, by } => {
            ("behind-another", Some(by.word()), Some(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn scripts_get_every_fact_under_its_name() {
        let diagnosis = words::tests::unknown();
        let fields = fields(&diagnosis, &words::findings(&diagnosis));
        let names: BTreeSet<&str> =
            fields.as_object().unwrap().keys().map(String::as_str).collect();
        let promised = [
            "addresses",
            "addresses_seen",
            "nat_kind",
            "behind_two_routers",
            "port_mapping",
            "udp",
            "tunnel",
            "dht",
            "local_discovery",
            "broadcast",
            "reachable",
            "findings",
        ];
        assert_eq!(names, promised.into());
        assert_eq!((&fields["udp"], &fields["tunnel"]), (&"untried".into(), &"untried".into()));
        assert_eq!(fields["nat_kind"], "unknown");
        assert_eq!(fields["dht"]["state"], "off");
        assert_eq!(fields["broadcast"], Value::Null);
    }
}
