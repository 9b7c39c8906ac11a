//! What a viewer writes is what was broadcast: from its first keyframe on the same NAL units and
//! audio frames with the same times, although it got them through another viewer.
//!
//! The broadcaster may send 1.6 times the film, which is one copy and no second one: of two viewers
//! each gets from the other what the broadcaster didn't send to it. Both write files, and both are
//! compared. Nothing here depends on how fast the machine is.
//!
//! Relayed, the same behind a shield: the viewers know a relay alone, and nothing comes to them from
//! the broadcaster itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use manyhands_lab::LabError;
use manyhands_lab::report::Report;
use serde_json::{Value, json};

use crate::compare::compare;
use crate::film::{Film, Kind};
use crate::packets;
use crate::run::{Ended, Run};
use crate::stage::{Sabotage, Stage, listen};
use crate::tools;

const VIEWERS: usize = 2;
/// What the broadcaster may send, in rates of the film: room for one copy of each substream (the
/// overlay fills 0.85 of it, and a copy takes 1.105), and not for two.
const ORIGIN_SHARE: f64 = 1.6;
/// A film is longer than what has to be written by this: going live, joining, the first keyframe.
const BEFORE: u64 = 6;
/// Seconds after which a viewer that hears nothing gives up.
const PATIENCE: &str = "10";
/// After a film's length: handing out the last of it and closing the file.
const CLOSING: Duration = Duration::from_secs(20);

/// What to broadcast.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Films of your own [default: one of each kind, made here]
    files: Vec<PathBuf>,
    /// Seconds that have to be written
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(4..=600))]
    seconds: u64,
    /// Only this kind of film (repeatable)
    #[arg(long, value_name = "KIND")]
    only: Vec<Kind>,
    /// Behind a relay, which is all that the viewers know
    #[arg(long)]
    relayed: bool,
    /// How many films are broadcast at a time
    #[arg(long, value_name = "N", default_value_t = 3)]
    at_once: usize,
}

pub(crate) fn run(stage: &Stage, args: &Args) -> Result<Report, LabError> {
    let name = if args.relayed { "exact-relayed" } else { "exact" };
    let mut report = Report::new(name, stage.seed());
    let films = films(stage, args)?;
    let mut cases = serde_json::Map::new();
    for batch in films.chunks(args.at_once.max(1)) {
        let shows = batch.iter().map(|(name, film)| Show::start(stage, name, film, args.relayed));
        for show in shows.collect::<Result<Vec<_>, _>>()? {
            let name = show.name.clone();
            cases.insert(name, show.judge(stage, args.seconds as f64, &mut report)?);
        }
    }
    report.explain("films", cases);
    Ok(report)
}

fn films(stage: &Stage, args: &Args) -> Result<Vec<(String, Film)>, LabError> {
    if !args.files.is_empty() {
        let named = |path: &PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, Film::read(path)?))
        };
        return args.files.iter().map(named).collect();
    }
    let all: &[Kind] = clap::ValueEnum::value_variants();
    let wanted = all.iter().filter(|kind| args.only.is_empty() || args.only.contains(kind));
    let made = wanted.map(|kind| {
        let name = clap::ValueEnum::to_possible_value(kind).map(|v| v.get_name().to_owned());
        let name = name.unwrap_or_default();
        let film = kind.make(stage, &name, args.seconds + BEFORE)?;
        Ok((name, film))
    });
    made.collect()
}

/// A film on its way.
struct Show<'a> {
    name: String,
    film: &'a Film,
    _broadcaster: Run,
    relay: Option<Run>,
    viewers: Vec<(Run, PathBuf)>,
}

impl<'a> Show<'a> {
    fn start(stage: &Stage, name: &str, film: &'a Film, relayed: bool) -> Result<Self, LabError> {
        let limit = Some(film.rate * ORIGIN_SHARE);
        let mut options: Vec<String> = listen(0).into();
        let relay = relayed.then(|| stage.relay(&format!("{name}.relay"))).transpose()?;
        if let Some((_, ticket)) = &relay {
            let ticket = format!("@{}", ticket.display());
            options.extend(["--shielded".into(), "--relay".into(), ticket]);
        }
        let broadcaster = stage.broadcast(name, &film.path, limit, &options)?;
        let relay = relay.map(|(relay, _)| relay);
        let viewer = |number: usize| {
            let viewer = format!("{name}.viewer{number}");
            let path = stage.file(&format!("{viewer}.mp4"));
            let mut options: Vec<String> = listen(0).into();
            options.extend(["--output".into(), path.display().to_string()]);
            options.extend(["--timeout".into(), PATIENCE.into()]);
            Ok((stage.watch(&viewer, name, None, &options)?, path))
        };
        let viewers = (1..=VIEWERS).map(viewer).collect::<Result<_, LabError>>()?;
        Ok(Self { name: name.into(), film, _broadcaster: broadcaster, relay, viewers })
    }

    /// Waits for the end and compares. What explains the outcome is given back.
    fn judge(
        mut self,
        stage: &Stage,
        seconds: f64,
        report: &mut Report,
    ) -> Result<Value, LabError> {
        let name = &self.name;
        let length = self.film.tracks.iter().map(packets::Track::seconds).fold(0.0, f64::max);
        let limit = Duration::from_secs_f64(length) + CLOSING;
        let mut faults = Vec::new();
        let mut shortest = f64::INFINITY;
        let mut from_viewers = Vec::new();
        for (number, (viewer, path)) in self.viewers.iter_mut().enumerate() {
            let mut tell = |fault: String| faults.push(format!("viewer {}: {fault}", number + 1));
            match viewer.ended(limit)? {
                Ended::Code(0) => {}
                other => tell(format!("{other:?}: {}", viewer.errors().trim())),
            }
            if number == 0 && stage.is_sabotaged(Sabotage::BitFlip) && path.exists() {
                flip_a_bit(path)?;
            }
            let (written, found) = examine(self.film, path)?;
            shortest = shortest.min(written);
            found.into_iter().for_each(&mut tell);
            from_viewers.push(share_from_others(viewer));
        }
        report.at_most(&format!("{name}.faults"), faults.len() as f64, 0.0);
        // A film of somebody else may be shorter than what ours are.
        let wanted = seconds.min(length - BEFORE as f64);
        report.at_least(&format!("{name}.seconds"), shortest, wanted);
        // Together two viewers need two copies and the broadcaster sends one: about a half of all.
        let passed_on = from_viewers.iter().sum::<f64>() / VIEWERS as f64;
        let least = if self.relay.is_some() { 1.0 } else { 0.25 };
        report.at_least(&format!("{name}.passed_on"), passed_on, least);
        let tracks =
            self.film.tracks.iter().map(|t| json!({"kind": t.kind, "units": t.packets.len()}));
        Ok(json!({
            "rate": self.film.rate.round(), "tracks": tracks.collect::<Vec<_>>(),
            "faults": faults, "share_from_others": from_viewers,
        }))
    }
}

/// How many seconds of a film were written, and what is wrong with them.
fn examine(film: &Film, path: &Path) -> Result<(f64, Vec<String>), LabError> {
    let written = match packets::tracks(path) {
        Ok(written) => written,
        Err(LabError::Tool { message, .. }) => return Ok((0.0, vec![message])),
        Err(error) => return Err(error),
    };
    let mut verdict = compare(&film.tracks, &written);
    let complaints = tools::complaints(path)?;
    verdict.faults.extend(complaints.lines().take(3).map(str::to_owned));
    Ok((verdict.seconds, verdict.faults))
}

/// The share of a viewer's media that did not come from the broadcaster itself; 0 when it never said.
fn share_from_others(viewer: &Run) -> f64 {
    let last = viewer.last("ended").or_else(|| viewer.last("stats"));
    let of = |source: &str| last.as_ref()?.get("from")?.get(source)?.as_f64();
    match (of("peer"), of("origin")) {
        (Some(peer), Some(origin)) if peer > 0.0 => peer / (peer + origin),
        _ => 0.0,
    }
}

/// The last quarter of a fragmented file is samples but for a few hundred bytes.
fn flip_a_bit(path: &Path) -> Result<(), LabError> {
    let mut bytes = fs::read(path).map_err(LabError::io("read the written file"))?;
    let place = bytes.len() * 7 / 8;
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1;
    }
    fs::write(path, bytes).map_err(LabError::io("write the written file"))
}
