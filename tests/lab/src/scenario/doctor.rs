//! What `manyhands doctor` says behind several kinds of NAT, against what is really there: asked of the
//! peers of a broadcast alone, and of nodes of a DHT alone; with a router that opens ports; where
//! nobody answers; and where nobody is asked.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::error::LabError;
use crate::home::Speaks;
use crate::lab::Lab;
use crate::nat::Kind;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::dht::Nodes;
use crate::scenario::stage::Film;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
const RTT: Duration = Duration::from_millis(20);
const JOINING: Duration = Duration::from_secs(10);
/// For one examination.
const EXAMINING: Duration = Duration::from_secs(20);
const LIMIT: f64 = 12_000_000.0;
/// Hosts with nodes of the DHT, and nodes on each.
const NODES: std::ops::Range<usize> = 3..7;
const EACH: usize = 2;
/// A patient's kind of NAT, and what has to be found.
const PATIENTS: [(Kind, &str); 4] = [
    (Kind::Open, "none"),
    (Kind::PortRestricted, "endpoint-independent"),
    (Kind::SymmetricCounting, "address-and-port-dependent-counting"),
    (Kind::SymmetricRandom, "address-and-port-dependent"),
];

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let film = stage.film(FILM_SECONDS, FILM_BPS)?;
    let mut ward = Ward::new(stage, &film)?;
    let mut report = Report::new("doctor", stage.order().seed);
    for (kind, nat) in PATIENTS {
        let patient = ward.admit(kind)?;
        for (by, said) in [("peers", ward.by_peers(patient)?), ("dht", ward.by_dht(patient)?)] {
            let name = |what| format!("{}_{what}_by_{by}", kind.name().replace('-', "_"));
            report.at_least(&name("nat_kind"), said.is("/nat_kind", nat), 1.0);
            report.at_least(&name("udp_works"), said.is("/udp", "works"), 1.0);
            report.at_least(&name("ended_well"), said.ended(0), 1.0);
            let reachable = said.fields.pointer("/reachable") == Some(&(kind == Kind::Open).into());
            report.at_least(&name("reachable_is_right"), f64::from(reachable), 1.0);
        }
    }
    let patient = ward.admit_home()?;
    let said = ward.by_peers(patient)?;
    report.at_least("home_port_open", said.is("/port_mapping/state", "open"), 1.0);
    report.at_least("home_by_pcp", said.is("/port_mapping/protocol", "pcp"), 1.0);
    report.at_least("home_nat_kind", said.is("/nat_kind", "address-and-port-dependent"), 1.0);
    let reachable = said.fields.pointer("/reachable") == Some(&true.into());
    report.at_least("home_reachable", f64::from(reachable), 1.0);
    report.at_most("home_ports_left_open", ward.lab.home(0)?.open_ports()? as f64, 0.0);

    let patient = ward.admit(Kind::PortRestricted)?;
    ward.silence(patient)?;
    let said = ward.by_dht(patient)?;
    report.at_least("silent_udp", said.is("/udp", "no-answer"), 1.0);
    report.at_least("silent_exit_code", said.ended(4), 1.0);
    let said = ward.examine(patient, None, &["--no-dht".into()])?;
    report.at_least("alone_nat_kind", said.is("/nat_kind", "unknown"), 1.0);
    report.at_least("alone_udp", said.is("/udp", "untried"), 1.0);
    report.at_least("alone_ended_well", said.ended(0), 1.0);
    Ok(report)
}

/// What a doctor said.
struct Said {
    fields: Value,
    exit: Option<i32>,
}

impl Said {
    fn is(&self, field: &str, value: &str) -> f64 {
        f64::from(self.fields.pointer(field).and_then(Value::as_str) == Some(value))
    }

    fn ended(&self, exit: i32) -> f64 {
        f64::from(self.exit == Some(exit))
    }
}

/// A broadcaster and two viewers on open networks, a small DHT, and patients.
struct Ward<'a> {
    stage: &'a Stage,
    lab: Lab,
    bootstrap: Vec<String>,
    _nodes: Nodes,
    _programs: Vec<crate::program::Program>,
}

impl<'a> Ward<'a> {
    fn new(stage: &'a Stage, film: &Film) -> Result<Self, LabError> {
        let mut lab = Lab::new(stage.order().seed)?;
        let line = stage.line(RTT, 0.0);
        for name in ["origin", "viewer1", "viewer2", "nodes1", "nodes2", "nodes3", "nodes4"] {
            lab.add(name, line)?;
        }
        let nodes = Nodes::start(&lab, NODES, EACH, &[])?;
        let bootstrap = nodes.bootstrap(NODES.len());
        let mut options: Vec<String> = Stage::upload_limit(LIMIT).into();
        options.extend(Stage::listen(lab.host(0)?));
        options.push("--loop".into());
        let mut programs = vec![stage.broadcast(lab.host(0)?, film, &options)?];
        for number in [1, 2] {
            let viewer = stage.watch(lab.host(number)?, &Stage::listen(lab.host(number)?))?;
            viewer.expect("first_frame", JOINING)?;
            programs.push(viewer);
        }
        Ok(Self { stage, lab, bootstrap, _nodes: nodes, _programs: programs })
    }

    fn admit(&mut self, kind: Kind) -> Result<usize, LabError> {
        let name = format!("patient-{}", kind.name());
        let patient = self.lab.add_behind(kind, &name, self.stage.line(RTT, 0.0))?;
        if self.stage.is_sabotaged("silence") {
            self.silence(patient)?;
        }
        Ok(patient)
    }

    fn admit_home(&mut self) -> Result<usize, LabError> {
        Ok(self.lab.add_home(Speaks::Pcp, "patient-home", self.stage.line(RTT, 0.0))?.0)
    }

    /// Nothing of the others reaches it any more.
    fn silence(&self, patient: usize) -> Result<(), LabError> {
        (0..NODES.end).try_for_each(|other| self.lab.set_blocked(patient, other, true))
    }

    /// By the peers of the broadcast; two are named, so that there is more than one view.
    fn by_peers(&self, patient: usize) -> Result<Said, LabError> {
        let mut options: Vec<String> = vec!["--no-dht".into()];
        for number in [1, 2] {
            options.extend(Stage::peer(self.lab.host(number)?));
        }
        self.examine(patient, Some(&self.stage.link_file()), &options)
    }

    fn by_dht(&self, patient: usize) -> Result<Said, LabError> {
        let contacts = self.bootstrap.iter();
        let options: Vec<String> =
            contacts.flat_map(|node| ["--dht-bootstrap".into(), node.clone()]).collect();
        self.examine(patient, None, &options)
    }

    fn examine(
        &self,
        patient: usize,
        link: Option<&Path>,
        options: &[String],
    ) -> Result<Said, LabError> {
        let mut doctor = self.stage.doctor(self.lab.host(patient)?, link, options)?;
        let exit = doctor.ended(EXAMINING)?;
        let fields = self.stage.monitor().look(|seen| {
            let log = seen.logs.get(doctor.log())?;
            log.of_kind("doctor").next().cloned()
        });
        Ok(Said { fields: fields.unwrap_or_default(), exit })
    }
}
