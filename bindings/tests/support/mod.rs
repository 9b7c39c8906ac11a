//! A film made by ffmpeg, and its units as ffprobe finds them.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod shell;

use std::path::Path;
use std::process::Command;

use manyhands_bindings::Times;
use serde_json::Value;

/// One track's units in decode order.
pub(crate) struct Track {
    pub(crate) timescale: u32,
    /// Pictures: the parameter sets, as whole NAL units.
    pub(crate) sets: Vec<Vec<u8>>,
    pub(crate) units: Vec<Unit>,
}

/// A picture, its NAL units behind 4-byte lengths, or an audio frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) data: Vec<u8>,
    pub(crate) times: Times,
    pub(crate) keyframe: bool,
}

/// A film as a phone's encoders make it but for B-frames, which make times harder: the picture
/// first, then the sound. No two units are alike.
pub(crate) fn film(seconds: u32) -> [Track; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("film.mp4");
    let source = "-v error -f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi \
                  -i anoisesrc=amplitude=0.1:sample_rate=48000:seed=7";
    // Messages beside the picture are for nobody's decoder, and are dropped on the way.
    let codecs = "-c:v libx264 -preset veryfast -bf 2 -g 30 -pix_fmt yuv420p -b:v 400k \
                  -bsf:v filter_units=remove_types=6 -c:a aac -b:a 96k -ac 2";
    let output = path.display();
    run("ffmpeg", &format!("{source} {codecs} -t {seconds} {output}"));
    read(&path)
}

fn read(path: &Path) -> [Track; 2] {
    let entries = "-v error -of json -show_streams -show_packets -show_data";
    let json = run("ffprobe", &format!("{entries} {}", path.display()));
    let probed: Value = serde_json::from_str(&json).expect("ffprobe's JSON");
    [track(&probed, 0), track(&probed, 1)]
}

fn track(probed: &Value, index: u64) -> Track {
    let stream = &probed["streams"][index as usize];
    let timescale = stream["time_base"].as_str().and_then(|base| base.strip_prefix("1/"));
    let packets = probed["packets"].as_array().expect("packets");
    let own = packets.iter().filter(|packet| packet["stream_index"] == index);
    Track {
        timescale: timescale.and_then(|scale| scale.parse().ok()).expect("a timescale"),
        sets: sets(&bytes(&stream["extradata"])),
        units: own.map(unit).collect(),
    }
}

fn unit(packet: &Value) -> Unit {
    let time = |name: &str| packet[name].as_i64().expect("a time");
    Unit {
        data: bytes(&packet["data"]),
        times: Times { dts: time("dts"), pts: time("pts"), duration: time("duration") as u32 },
        keyframe: packet["flags"].as_str().is_some_and(|flags| flags.starts_with('K')),
    }
}

/// The parameter sets of an avcC box (ISO/IEC 14496-15 5.3.3.1): one of each kind.
fn sets(avcc: &[u8]) -> Vec<Vec<u8>> {
    if avcc.len() < 8 || avcc[0] != 1 {
        return Vec::new();
    }
    let length = |at: usize| usize::from(avcc[at]) << 8 | usize::from(avcc[at + 1]);
    let (sps, pps) = (8..8 + length(6), 8 + length(6) + 3);
    vec![avcc[sps].to_vec(), avcc[pps..pps + length(pps - 2)].to_vec()]
}

/// What ffprobe shows as a table: an address, a colon, up to eight groups, two blanks, the text.
fn bytes(shown: &Value) -> Vec<u8> {
    let rows = shown.as_str().unwrap_or_default().lines();
    let groups = rows.filter_map(|row| row.split_once(": ")?.1.split("  ").next());
    let digits: String = groups.flat_map(|row| row.chars().filter(|c| *c != ' ')).collect();
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("hex"), 16).expect("hex"))
        .collect()
}

fn run(program: &str, args: &str) -> String {
    let done = Command::new(program).args(args.split_whitespace()).output().expect(program);
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}
