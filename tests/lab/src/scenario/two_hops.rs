//! The broadcaster reaches the first viewer, the first viewer reaches the second, and the
//! broadcaster and the second never hear of each other: what the second writes to a file has to be
//! what was broadcast, packet by packet.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::error::LabError;
use crate::lab::Lab;
use crate::media;
use crate::report::Report;
use crate::scenario::Stage;
use crate::scenario::exact::judge;

/// Long enough that 30 s are left when the second viewer has joined.
const FILM_SECONDS: u64 = 45;
const FILM_BPS: u64 = 2_000_000;
const RTT: Duration = Duration::from_millis(40);
const JOINING: Duration = Duration::from_secs(10);
/// After the film's length: handing out the last of it and closing the file.
const CLOSING: Duration = Duration::from_secs(15);
/// What the promise of exactness asks for at least.
const MIN_SECONDS: f64 = 30.0;

pub(super) fn run(stage: &Stage) -> Result<Report, LabError> {
    let seed = stage.order().seed;
    let mut lab = Lab::new(seed)?;
    for name in ["origin", "first", "second"] {
        lab.add(name, stage.line(RTT, 0.0))?;
    }
    lab.set_blocked(0, 2, true)?;
    let film = stage.film(stage.order().seconds.unwrap_or(FILM_SECONDS), FILM_BPS)?;
    let written = stage.file("written.mp4");
    let mut report = Report::new("two-hops", seed);

    let _origin = stage.broadcast(lab.host(0)?, &film, &Stage::listen(lab.host(0)?))?;
    let mut options: Vec<String> = Stage::listen(lab.host(1)?).into();
    options.extend(Stage::peer(lab.host(0)?));
    if stage.is_sabotaged("no-forward") {
        options.extend(Stage::upload_limit(0.0));
    }
    let first = stage.watch(lab.host(1)?, &options)?;
    first.expect("first_frame", JOINING)?;
    let mut options: Vec<String> = Stage::peer(lab.host(1)?).into();
    options.extend(["--output".into(), written.display().to_string()]);
    let mut second = stage.watch(lab.host(2)?, &options)?;
    let plays = second.first("first_frame", JOINING)?;
    report.at_least("second_viewer_plays", f64::from(plays.is_some()), 1.0);
    if plays.is_some() {
        let left = Duration::from_secs(FILM_SECONDS) + CLOSING;
        let ended = second.ended(left)?;
        report.at_least("second_viewer_ended_well", f64::from(ended == Some(0)), 1.0);
        report.explain("second_viewer_exit_code", ended);
        if stage.is_sabotaged("bit-flip") {
            flip_a_bit(&written)?;
        }
        judge(("", MIN_SECONDS), &film, &media::tracks(&written)?, &mut report);
    }
    let (from_origin, blocked) = (lab.traffic(0)?, lab.traffic(2)?.blocked);
    report.explain("origin_traffic", from_origin);
    report.explain("frames_second_to_origin_dropped", blocked);
    report.explain("emulator", lab.effort()?.report());
    Ok(report)
}

/// The last quarter of a fragmented file is samples but for a few hundred bytes.
fn flip_a_bit(path: &Path) -> Result<(), LabError> {
    let mut bytes = fs::read(path).map_err(LabError::io("read the written file"))?;
    let place = bytes.len() * 3 / 4;
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1;
    }
    fs::write(path, bytes).map_err(LabError::io("write the written file"))
}
