//! What this machine can't give: a port, a directory, room on a disk.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use manyhands_lab::LabError;

use super::{Checks, REFUSAL, Scene};
use crate::crowd::ORIGIN;
use crate::run::Ended;
use crate::stage::{free_tcp_port, listen};

const LOCAL: i32 = 7;
const FULL: &str = "No space left";

pub(super) fn check(checks: &mut Checks<'_>, scene: &Scene) -> Result<(), LabError> {
    let (stage, film) = (checks.stage, scene.film.path.as_path());
    let taken = listen(scene.ports.first().copied().unwrap_or(0));

    let mut command = broadcast(checks, film);
    command.args(&taken);
    checks.refused("local.udp_port_taken", command, (LOCAL, "listen"))?;

    let mut command = watch(checks);
    command.args(&taken);
    checks.refused("local.udp_port_taken_watch", command, (LOCAL, "listen"))?;

    let (port, page) = (free_tcp_port()?, |port| format!("127.0.0.1:{port}"));
    let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(LabError::io("bind"))?;
    let mut command = watch(checks);
    command.args(listen(0)).args(["--serve", &page(port)]);
    checks.refused("local.page_port_taken", command, (LOCAL, "page"))?;

    let mut command = broadcast(checks, film);
    command.args(listen(0)).arg("--state-dir").arg(stage.file(&format!("{ORIGIN}.state")));
    checks.refused("local.state_in_use", command, (LOCAL, "state directory"))?;

    let mut command = broadcast(checks, film);
    command.args(listen(0)).arg("--state-dir").arg(film);
    checks.refused("local.state_is_a_file", command, (LOCAL, "state directory"))?;

    let damaged = stage.file("damaged.state");
    fs::create_dir_all(&damaged).map_err(LabError::io("make a directory"))?;
    fs::write(damaged.join("channel.json"), "{}").map_err(LabError::io("write a file"))?;
    let mut command = broadcast(checks, film);
    command.args(listen(0)).arg("--state-dir").arg(&damaged);
    checks.refused("local.state_is_damaged", command, (LOCAL, "channel.json"))?;

    let mut command = broadcast(checks, film);
    command.args(listen(0)).args(["--link-out", "/dev/full"]);
    checks.refused("local.link_out_full", command, (LOCAL, FULL))?;

    for (name, output, words) in [
        ("local.output_full", "/dev/full", FULL),
        ("local.output_nowhere", "/nowhere/at/all.mp4", "No such file"),
        ("local.output_directory", "/tmp", "directory"),
    ] {
        let mut command = watch(checks);
        command.args(listen(0)).args(["--output", output]);
        checks.refused(name, command, (LOCAL, words))?;
    }
    record_full(checks, film)
}

/// A full disk ends a recording, and the broadcast goes on.
fn record_full(checks: &mut Checks<'_>, film: &Path) -> Result<(), LabError> {
    let mut command = broadcast(checks, film);
    command.args(listen(0)).args(["--record", "/dev/full"]);
    let mut run = checks.stage.start("local.record_full", command)?;
    let notice = run.first("notice", REFUSAL)?;
    let kind = notice.as_ref().and_then(|notice| notice.get("kind")?.as_str());
    let told = kind == Some("recording_failed");
    checks.check("local.record_full_is_told", (!told).then(|| format!("{notice:?}")));
    let goes_on = run.next("stats", REFUSAL)?.is_some() && run.is_running();
    checks.check("local.record_full_goes_on", (!goes_on).then(|| run.errors()));
    run.interrupt();
    let ended = run.ended(REFUSAL)?;
    let fault = (ended != Ended::Code(130)).then(|| format!("{ended:?}: {}", run.errors()));
    checks.check("local.record_full_leaves", fault);
    Ok(())
}

fn broadcast(checks: &Checks<'_>, film: &Path) -> Command {
    let mut command = checks.stage.program("broadcast");
    command.arg(film);
    command
}

fn watch(checks: &Checks<'_>) -> Command {
    let mut command = checks.stage.program("watch");
    command.arg(format!("@{}", checks.stage.link_file(ORIGIN).display()));
    command
}
