//! The clean gate: what a decoder gets is rewritten, and shows the very same pictures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use bytes::Bytes;
use manyhands_media::chunk::ChunkBody;
use manyhands_media::gate::{Gate, GateError};
use manyhands_media::{Codec, H264Config, Rotation, nals};
use support::*;

/// Checksums of all decoded pictures.
fn pictures(path: &Path) -> Vec<String> {
    let path = path.to_str().unwrap();
    let args = ["-v", "error", "-i", path, "-map", "0:v", "-f", "framemd5", "-"];
    let out = run("ffmpeg", &args);
    let sums = out.lines().filter(|line| !line.starts_with('#'));
    sums.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

fn shows_the_same(args: &str) -> Track {
    let (_dir, input) = temp("in.mp4");
    ffmpeg(args, &input);
    let before = read_file(&input);
    let cleaned: Vec<_> =
        before.iter().map(|track| through_chunks(track, &mut Gate::clean())).collect();
    for (_, config) in &cleaned[0].changes {
        let Codec::H264(h264) = &config.codec else { panic!("video comes first") };
        H264Config::new(h264.sps.clone(), h264.pps.clone(), Rotation::None).unwrap();
    }
    for unit in &cleaned[0].units {
        assert!(nals(&unit.data).all(|nal| nal.unwrap().is_slice()), "only slices are left");
    }
    let (_dir, output) = temp("out.mp4");
    write_file(&cleaned, &output);
    plays_cleanly(&output);
    assert_eq!(pictures(&input), pictures(&output));
    cleaned.into_iter().next().unwrap()
}

#[test]
fn rewritten_streams_show_the_same_pictures() {
    let pattern = pattern("640x360", "30", 3);
    for params in [
        "bframes=3:weightp=2:ref=5",
        "aud=1:nal-hrd=vbr:vbv-maxrate=1000:vbv-bufsize=1000",
        "cqm=jvt:8x8dct=1",
        "interlaced=1",
        "slices=4:sar=4/3:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=on",
        "repeat-headers=1:keyint=20",
    ] {
        shows_the_same(&format!("{pattern} -c:v libx264 -pix_fmt yuv420p -x264-params {params}"));
    }
    shows_the_same(&format!("{pattern} -c:v libx264 -profile:v baseline -pix_fmt yuv420p -an"));
}

#[test]
fn nothing_of_the_encoders_words_is_left() {
    let track = shows_the_same(&format!("{} -c:v libx264", pattern("320x240", "30", 2)));
    for unit in &track.units {
        assert!(!unit.data.windows(4).any(|window| window == b"x264"));
    }
}

/// A track of a second, and its first chunk's body.
fn first_body() -> (Track, ChunkBody) {
    let (_dir, input) = temp("in.mp4");
    let x264 = "-c:v libx264 -g 10 -bf 0 -pix_fmt yuv420p";
    ffmpeg(&format!("{} {x264} -an", pattern("320x240", "30", 1)), &input);
    let track = read_file(&input).remove(0);
    let config = Some(track.config.clone());
    let units = track.units[..5].to_vec();
    (track, ChunkBody { config, units })
}

#[test]
fn what_does_not_belong_is_refused() {
    let (track, body) = first_body();
    assert_eq!(Gate::exact().check(body.clone()), Ok(body.clone()));

    let mut gate = Gate::exact();
    let bare = ChunkBody { config: None, ..body.clone() };
    assert_eq!(gate.check(bare), Err(GateError::NoConfig));

    let late = ChunkBody { units: track.units[1..3].to_vec(), ..body.clone() };
    assert_eq!(gate.check(late), Err(GateError::NotAtKeyframe));

    let refused = |change: &dyn Fn(&mut ChunkBody)| {
        let mut changed = body.clone();
        change(&mut changed);
        let mut gate = Gate::exact();
        let error = gate.check(changed).expect_err("a changed chunk must be refused");
        assert_eq!(gate.check(body.clone()), Ok(body.clone()), "a refusal leaves no trace");
        error.to_string()
    };
    let with_nal = |kind: u8| {
        refused(&|body: &mut ChunkBody| {
            let mut data = vec![0, 0, 0, 3, kind, 0, 0x80];
            data.extend_from_slice(&body.units[1].data);
            body.units[1].data = data.into();
        })
    };
    for kind in [0, 2, 3, 4, 10, 13, 14, 15, 16, 19, 20, 21, 24, 31] {
        assert!(with_nal(kind).contains(&format!("type {kind}")), "{kind}");
    }
    assert!(with_nal(0x81).contains("forbidden"));
    let slices = refused(&|body| {
        let twice = [&body.units[1].data[..], &body.units[1].data[..]].concat();
        body.units[1].data = twice.into();
    });
    assert!(slices.contains("out of order"), "{slices}");
    refused(&|body| body.units[1].keyframe = true);
    refused(&|body| body.units[0].keyframe = false);
    refused(&|body| body.units[2].dts = body.units[1].dts - 1);
    refused(&|body| body.units[2].pts += 1 << 40);
    refused(&|body| body.units[1].data = Bytes::new());
    refused(&|body| body.units[1].data = vec![0; (4 << 20) + 1].into());
    let sets = |change: &dyn Fn(&mut H264Config)| {
        refused(&|body| {
            let Some(config) = &mut body.config else { panic!("it has one") };
            let Codec::H264(h264) = &mut config.codec else { panic!("it is video") };
            change(h264);
        })
    };
    sets(&|h264| h264.sps.clear());
    sets(&|h264| h264.pps.clear());
    sets(&|h264| h264.pps.push(h264.pps[0].clone()));
    sets(&|h264| h264.width += 16);
    let byte = |set: &Bytes, at: usize, value: u8| {
        let mut set = set.to_vec();
        set[at] = value;
        Bytes::from(set)
    };
    assert!(sets(&|h264| h264.sps[0] = byte(&h264.sps[0], 1, 110)).contains("profile 110"));
    assert!(sets(&|h264| h264.sps[0] = byte(&h264.sps[0], 3, 52)).contains("level 5.2"));
}

#[test]
fn a_rate_over_120_is_refused() {
    let (_, body) = first_body();
    let mut gate = Gate::exact();
    gate.check(body.clone()).unwrap();
    let unit = body.units[4].clone();
    let refused = (1..600).any(|at| {
        let next =
            manyhands_media::AccessUnit { dts: unit.dts + at, pts: unit.pts + at, ..unit.clone() };
        gate.check(ChunkBody { config: None, units: vec![next] }) == Err(GateError::Rate)
    });
    assert!(refused);
}

#[test]
fn mutated_chunks_never_panic_and_what_passes_decodes_in_order() {
    let (track, body) = first_body();
    let plain = manyhands_media::chunk::encode(Some(&track.config), &body.units[..2]);
    for clean in [false, true] {
        // Each bit of the table, the parameter sets and the first slices.
        for at in 0..plain.len().min(400) * 8 {
            let mut bytes = plain.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            let Ok(body) = manyhands_media::chunk::decode(&bytes) else { continue };
            let mut gate = if clean { Gate::clean() } else { Gate::exact() };
            if let Ok(passed) = gate.check(body) {
                assert!(passed.units.is_sorted_by_key(|unit| unit.dts));
            }
        }
    }
}

/// Arbitrary parameter sets and slices, each with a true start so that they get far.
mod arbitrary {
    use super::*;
    use manyhands_media::{AacConfig, AccessUnit, OpusConfig, TrackConfig};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static REAL: LazyLock<ChunkBody> = LazyLock::new(|| first_body().1);

    fn noise(max: usize) -> impl Strategy<Value = Vec<u8>> {
        // Mostly bits set: Exp-Golomb codes stay short, and parsing goes on.
        let byte = prop_oneof![any::<u8>(), any::<u8>().prop_map(|byte| byte | 0xda), Just(0xff)];
        prop::collection::vec(byte, 0..max)
    }

    fn offered(sps: Vec<u8>, pps: Vec<u8>, slice: Vec<u8>, keyframe: bool) {
        let mut data = (slice.len() as u32 + 1).to_be_bytes().to_vec();
        data.push(if keyframe { 0x65 } else { 0x41 });
        data.extend_from_slice(&slice);
        let (sps, pps) = (vec![Bytes::from(sps)], vec![Bytes::from(pps)]);
        let config = H264Config::new(sps.clone(), pps.clone(), Rotation::None);
        let (width, height) = config.map_or((320, 240), |config| (config.width, config.height));
        let h264 = H264Config { sps, pps, width, height, rotation: Rotation::None };
        let unit = AccessUnit { dts: 0, pts: 0, duration: 1, keyframe, data: data.into() };
        for mut gate in [Gate::exact(), Gate::clean()] {
            let config = TrackConfig { timescale: 30, codec: Codec::H264(h264.clone()) };
            let body = ChunkBody { config: Some(config), units: vec![unit.clone()] };
            let Ok(passed) = gate.check(body) else { continue };
            // What passed, passes again.
            Gate::exact().check(passed).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sequence_sets(tail in noise(60), profile in prop::sample::select(vec![66u8, 77, 100])) {
            let sps = [&[0x67, profile, 0, 31][..], &tail].concat();
            offered(sps, vec![0x68, 0xce, 0x38, 0x80], vec![0x88, 0x84, 0x21], true);
        }

        #[test]
        fn picture_sets_and_slices(tail in noise(40), slice in noise(600), keyframe: bool) {
            let Some(TrackConfig { codec: Codec::H264(real), .. }) = &REAL.config else { return Ok(()) };
            let sps = real.sps[0].to_vec();
            offered(sps.clone(), [&[0x68][..], &tail].concat(), vec![0x88, 0x84], true);
            offered(sps, real.pps[0].to_vec(), slice, keyframe);
        }

        #[test]
        fn flips_in_real_sets(at in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..6)) {
            let Some(TrackConfig { codec: Codec::H264(real), .. }) = &REAL.config else { return Ok(()) };
            let mut sets = [real.sps[0].to_vec(), real.pps[0].to_vec()];
            let which = at.index(2);
            for (byte, bit) in flips {
                let byte = byte.index(sets[which].len());
                sets[which][byte] ^= 1 << bit;
            }
            let [sps, pps] = sets;
            offered(sps, pps, REAL.units[0].data[5..].to_vec(), true);
        }

        #[test]
        fn sound(data in noise(100), rate: u32, channels in 0u8..4, opus: bool) {
            let codec = if opus {
                Codec::Opus(OpusConfig { channels, pre_skip: 0, input_sample_rate: rate, output_gain: 0 })
            } else {
                Codec::Aac(AacConfig { sample_rate: rate, channels })
            };
            let unit = AccessUnit { dts: 0, pts: 0, duration: 1, keyframe: true, data: data.into() };
            let config = Some(TrackConfig { timescale: 48_000, codec });
            let _ = Gate::clean().check(ChunkBody { config, units: vec![unit] });
        }
    }
}
