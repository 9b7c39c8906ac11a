//! One segment: a broadcaster, a viewer with a link without addresses, a viewer of another channel,
//! and an ear that hears everything that is said to all.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::LabError;
use crate::host::Host;
use crate::lab::Lab;
use crate::report::Report;
use crate::scenario::{Stage, links};
use crate::segment::Segment;

const FILM_SECONDS: u64 = 10;
const FILM_BPS: u64 = 1_000_000;
/// One question and its answer, and the announcement's own second before it.
const FOUND_MS: f64 = 3_000.0;
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the viewer of another channel looks, and how long silence is listened to.
const LOOKING: Duration = Duration::from_secs(6);
const MDNS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);
/// The record's key, its value's length before it: what an announcement has and a question has not.
const MARK: &[u8] = b"\x12m=";

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let order = stage.order();
    let mut report = Report::new("local", order.seed);
    let mut lab = Lab::new(order.seed)?;
    let mut segment = Segment::new()?;
    let mut addresses = Vec::new();
    for name in ["origin", "viewer", "stranger", "ear"] {
        let host = lab.add(name, stage.line(Duration::ZERO, 0.0))?;
        addresses.push(segment.plug(lab.host(host)?)?);
    }
    let film = stage.film(order.seconds.unwrap_or(FILM_SECONDS), FILM_BPS)?;
    let ear = Ear::open(lab.host(3)?, addresses[3])?;

    let mut options = vec!["--loop".to_owned(), "--no-dht".to_owned()];
    if stage.is_sabotaged("not-announced") {
        options.push("--no-local".into());
    }
    let mut origin = stage.broadcast_to_be_found(lab.host(0)?, &film, &options)?;
    let bare = stage.write_link("bare.link", &stage.bare_link()?)?;
    let other = stage.write_link("other.link", &links::of_another_channel())?;
    let seconds = LOOKING.as_secs().to_string();
    let options = ["--no-dht", "--timeout", &seconds].map(String::from);
    let mut stranger = stage.search_and_watch(lab.host(2)?, &other, &options)?;
    let mut viewer = stage.search_and_watch(lab.host(1)?, &bare, &["--no-dht".to_owned()])?;

    let joined = viewer.first("joined", PATIENCE)?;
    let of = |event: &Option<Value>, field: &str| {
        event.as_ref().and_then(|e| e.get(field)).and_then(Value::as_f64).unwrap_or(f64::NAN)
    };
    let via = joined.as_ref().and_then(|e| e.get("via")).and_then(Value::as_str);
    report.at_least("found_on_the_local_network", f64::from(via == Some("local")), 1.0);
    report.at_most("found_ms", of(&joined, "t_ms"), FOUND_MS);
    let plays = viewer.first("first_frame", PATIENCE)?;
    report.at_least("plays", f64::from(plays.is_some()), 1.0);
    let ended = stranger.ended(LOOKING * 3)?;
    report.at_least("another_channel_is_out_of_reach", f64::from(ended == Some(4)), 1.0);
    let stats = stage.monitor().look(|seen| {
        let log = seen.logs.get(stranger.log());
        log.and_then(|log| log.of_kind("ended").next_back().cloned())
    });
    let dialled = stats.as_ref().and_then(|e| e.pointer("/sent/datagram")).and_then(Value::as_f64);
    report.at_most("bytes_dialled_by_another_channel", dialled.unwrap_or(f64::NAN), 0.0);
    judge(&ear.heard(), &addresses, stage, &mut report)?;

    viewer.leave()?;
    origin.leave()?;
    drop((origin, viewer));
    let before = ear.heard().len();
    let options = ["--loop", "--no-dht", "--private"].map(String::from);
    let _private = stage.broadcast_to_be_found(lab.host(0)?, &film, &options)?;
    stage.monitor().let_run(LOOKING)?;
    let said = ear.heard().split_off(before);
    let said = said.iter().filter(|heard| heard.from == addresses[0]).count();
    report.at_most("datagrams_of_a_private_broadcast", said as f64, 0.0);
    Ok(report)
}

/// What may be heard: a service name, random names, a mark; nothing of the machine or the link.
fn judge(
    heard: &[Heard],
    addresses: &[Ipv4Addr],
    stage: &Stage,
    report: &mut Report,
) -> Result<(), LabError> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname")
        .map_err(LabError::io("read this machine's name"))?;
    let link = stage.bare_link()?;
    let mut secrets =
        vec![link.channel.0.to_vec(), link.secret.expose().to_vec(), link.to_text().into_bytes()];
    secrets.extend([host.trim(), &link.channel.short()].map(|text| text.as_bytes().to_vec()));
    let says = |datagram: &[u8], word: &[u8]| {
        let word = word.to_ascii_lowercase();
        datagram.to_ascii_lowercase().windows(word.len()).any(|part| part == word)
    };
    let told = |heard: &&Heard| secrets.iter().any(|secret| says(&heard.datagram, secret));
    report.at_most("datagrams_that_tell_a_name", heard.iter().filter(told).count() as f64, 0.0);
    let announced: Vec<&Heard> = heard
        .iter()
        .filter(|heard| heard.from == addresses[0] && says(&heard.datagram, MARK))
        .collect();
    let gaps = announced.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at));
    let least = gaps.min().unwrap_or(Duration::MAX).min(Duration::from_secs(1));
    report.at_least("announcements", announced.len() as f64, 1.0);
    // A second, as whoever listens measures it.
    report.at_least("ms_between_announcements", least.as_secs_f64() * 1000.0, 990.0);
    report.explain("datagrams_heard", heard.len());
    Ok(())
}

/// A datagram to all.
#[derive(Debug, Clone)]
struct Heard {
    from: Ipv4Addr,
    at: Instant,
    datagram: Vec<u8>,
}

/// Hears what is said to all on the segment.
struct Ear {
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Ear {
    fn open(host: &Host, address: Ipv4Addr) -> Result<Self, LabError> {
        let IpAddr::V4(group) = MDNS.ip() else { return Err(LabError::Gone("multicast group")) };
        let open = move || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS.port()))?;
            socket.join_multicast_v4(&group, &address)?;
            Ok(socket)
        };
        let socket = host.run(open)?.map_err(LabError::io("listen to multicast"))?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        thread::spawn(move || {
            let mut buffer = [0; 9_000];
            while let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) {
                let datagram = buffer.get(..length).unwrap_or_default().to_vec();
                let heard = Heard { from: *from.ip(), at: Instant::now(), datagram };
                all.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
            }
        });
        Ok(Self { heard })
    }

    /// Everything so far.
    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
