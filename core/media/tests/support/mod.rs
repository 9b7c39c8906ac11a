//! What the tests share: inputs made with ffmpeg and gstreamer, and a reader that is not ours.
#![allow(dead_code, unreachable_pub, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use manyhands_media::input::{self, Source};
use manyhands_media::{AccessUnit, TrackConfig};

/// Runs a tool; its absence or failure fails the test with a clear line.
pub fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?} failed: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// ffmpeg with quiet defaults; `args` is split at spaces, the output file comes last.
pub fn ffmpeg(args: &str, out: &Path) {
    let mut all = vec!["-v", "error", "-y"];
    all.extend(args.split(' ').filter(|arg| !arg.is_empty()));
    let out = out.to_str().unwrap();
    all.push(out);
    run("ffmpeg", &all);
}

/// A picture and a tone, `seconds` long.
pub fn pattern(size: &str, rate: &str, seconds: u32) -> String {
    format!(
        "-f lavfi -i testsrc2=size={size}:rate={rate}:duration={seconds} \
         -f lavfi -i sine=frequency=440:sample_rate=48000:duration={seconds}"
    )
}

/// A temporary folder and a path in it.
pub fn temp(name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    (dir, path)
}

/// A track with all its units and the configuration of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    pub config: TrackConfig,
    pub units: Vec<AccessUnit>,
    /// Unit number and configuration from there on.
    pub changes: Vec<(usize, TrackConfig)>,
}

/// Reads everything.
pub fn read_all(source: &mut dyn Source) -> Vec<Track> {
    let configs = source.tracks().to_vec();
    let mut tracks: Vec<_> = configs
        .into_iter()
        .map(|config| Track { config, units: vec![], changes: vec![] })
        .collect();
    while let Some(found) = source.next_unit().unwrap() {
        let track = &mut tracks[found.track];
        if let Some(config) = found.config {
            track.changes.push((track.units.len(), config));
        }
        track.units.push(found.unit);
    }
    tracks
}

pub fn read_file(path: &Path) -> Vec<Track> {
    read_all(&mut *input::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A packet as ffprobe sees it: pts, dts in ticks, size, keyframe.
pub type Packet = (i64, i64, usize, bool);

/// Packets of the first stream of a kind ("v", "a") by ffprobe, and its timescale.
pub fn probe(path: &Path, kind: &str) -> (u32, Vec<Packet>) {
    let stream = format!("{kind}:0");
    let out = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            &stream,
            "-of",
            "json",
            "-show_entries",
            "stream=time_base:packet=pts,dts,size,flags",
            path.to_str().unwrap(),
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let base = json["streams"][0]["time_base"].as_str().unwrap_or("1/1");
    let packets = json["packets"].as_array().cloned().unwrap_or_default();
    let packet = |packet: serde_json::Value| {
        (
            packet["pts"].as_i64().unwrap(),
            packet["dts"].as_i64().unwrap(),
            packet["size"].as_str().unwrap().parse().unwrap(),
            packet["flags"].as_str().unwrap().starts_with('K'),
        )
    };
    let timescale = base.rsplit('/').next().unwrap().parse().unwrap();
    (timescale, packets.into_iter().map(packet).collect())
}

/// Our units in the same form.
pub fn packets(units: &[AccessUnit]) -> Vec<Packet> {
    units.iter().map(|unit| (unit.pts, unit.dts, unit.data.len(), unit.keyframe)).collect()
}

/// ffprobe and a full decode say nothing at all.
pub fn plays_cleanly(path: &Path) {
    let path = path.to_str().unwrap();
    for (program, args) in [
        ("ffprobe", vec!["-v", "warning", "-show_streams", path]),
        ("ffmpeg", vec!["-v", "warning", "-xerror", "-i", path, "-f", "null", "-"]),
    ] {
        let output = Command::new(program).args(&args).output();
        let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{program} on {path}: {said}");
    }
}

/// Sends a track through chunks: closed by ticks of 100 ms of its own time, encoded, decoded, and
/// passed through `gate`.
pub fn through_chunks(track: &Track, gate: &mut manyhands_media::gate::Gate) -> Track {
    use manyhands_media::{Chunker, ClosedChunk, chunk};
    let mut chunker = Chunker::new(100);
    let mut out = Track { config: track.config.clone(), units: vec![], changes: vec![] };
    let mut take = |closed: ClosedChunk| {
        let body = gate.check(chunk::decode(&closed.plaintext).unwrap()).unwrap();
        let starts = body.units.first().is_none_or(|unit| unit.keyframe);
        assert!(starts || !closed.keyframe);
        if let Some(config) = body.config
            && out.changes.last().is_none_or(|(_, last)| *last != config)
        {
            out.changes.push((out.units.len(), config));
        }
        out.units.extend(body.units);
    };
    let mut changes = track.changes.iter().peekable();
    let start = track.config.ticks_to_ms(track.units[0].dts);
    let mut next_tick = 100;
    for (at, unit) in track.units.iter().enumerate() {
        let now = (track.config.ticks_to_ms(unit.dts) - start) as u32;
        while next_tick <= now {
            chunker.tick(next_tick).into_iter().for_each(&mut take);
            next_tick += 100;
        }
        let config = changes.next_if(|(change, _)| *change == at).map(|(_, config)| config.clone());
        chunker.push(unit.clone(), now, config).into_iter().for_each(&mut take);
    }
    chunker.finish().into_iter().for_each(&mut take);
    assert_eq!(chunker.dropped(), 0);
    out
}

/// Writes tracks as one fragmented file, a fragment each half second, starting at 0.
pub fn write_file(tracks: &[Track], path: &Path) -> manyhands_media::output::Base {
    use manyhands_media::output::{Base, Fmp4};
    let configs: Vec<_> = tracks.iter().map(|track| track.changes[0].1.clone()).collect();
    let firsts = tracks.iter().map(|track| (track.units[0].dts, track.config.timescale));
    let base = Base::earliest(firsts).unwrap();
    let mut writer = Fmp4::new(&configs).with_base(base);
    let mut out = writer.init().unwrap();
    let mut fragments = Vec::new();
    for (number, track) in tracks.iter().enumerate() {
        let mut from = 0;
        for at in 1..=track.units.len() {
            let split = track.changes.iter().any(|(change, _)| *change == at);
            let length =
                track.config.ticks_to_ms(track.units[at - 1].end() - track.units[from].dts);
            if at == track.units.len() || split || length >= 500 {
                let due = track.config.ticks_to_ms(track.units[from].dts);
                fragments.push((due, number, from..at));
                from = at;
            }
        }
    }
    fragments.sort_by_key(|(due, ..)| *due);
    for (_, number, range) in fragments {
        let track = &tracks[number];
        if let Some((_, config)) = track.changes.iter().find(|(at, _)| *at == range.start) {
            writer.set_config(number, config.clone()).unwrap();
        }
        out.extend(writer.fragment(number, &track.units[range]).unwrap());
    }
    std::fs::write(path, out).unwrap();
    base
}
