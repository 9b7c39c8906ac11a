//! Whether a film written by a viewer is the film that was broadcast, from its first packet on.

use crate::media::{Packet, Track};
use crate::report::Report;
use crate::scenario::stage::Film;

/// How a written track differs from the original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    /// Seconds of the written track.
    pub(super) seconds: f64,
    /// Packets that were changed, added, dropped or moved.
    pub(super) differing: usize,
    /// Packets of the original after the last one written.
    pub(super) missing_at_end: usize,
    /// By how much the written track's times are later, in seconds, at its first packet.
    pub(super) shift: f64,
    /// The largest departure from that shift, in ticks of the coarser timescale.
    pub(super) off_ticks: f64,
}

/// What a viewer has written against the film, each target under the viewer's name; every track has to
/// have so many seconds.
pub(super) fn judge(
    (viewer, seconds): (&str, f64),
    film: &Film,
    written: &[Track],
    report: &mut Report,
) {
    let differences: Vec<(&Track, Option<Difference>)> = film
        .tracks
        .iter()
        .map(|track| {
            let same_kind = written.iter().find(|written| written.kind == track.kind);
            (track, same_kind.and_then(|written| compare(track, written)))
        })
        .collect();
    for (track, difference) in &differences {
        let kind = format!("{viewer}{}", track.kind);
        let of = |value: fn(&Difference) -> f64| difference.as_ref().map_or(f64::NAN, value);
        report.at_least(&format!("{kind}_seconds"), of(|d| d.seconds), seconds);
        report.at_most(&format!("{kind}_packets_differing"), of(|d| d.differing as f64), 0.0);
        let missing = of(|d| d.missing_at_end as f64);
        report.at_most(&format!("{kind}_packets_missing_at_end"), missing, 0.0);
        // Half a hundredth for rounding in ffprobe's six places.
        report.at_most(&format!("{kind}_times_off_ticks"), of(|d| d.off_ticks), 1.05);
    }
    let shifts: Vec<f64> = differences.iter().flat_map(|(_, d)| d).map(|d| d.shift).collect();
    let most = shifts.iter().copied().fold(f64::NAN, f64::max);
    let least = shifts.iter().copied().fold(f64::NAN, f64::min);
    let tick = film.tracks.iter().map(|track| track.tick).fold(0.0, f64::max);
    report.at_most(&format!("{viewer}sound_from_picture_off_ticks"), (most - least) / tick, 1.05);
    report.at_most(
        &format!("{viewer}tracks_added"),
        written.len() as f64 - film.tracks.len() as f64,
        0.0,
    );
}

/// Compare a track with the original from the place where it begins; nothing when it is empty.
fn compare(original: &Track, written: &Track) -> Option<Difference> {
    let first = written.packets.first()?;
    let place = original.packets.iter().position(|packet| packet.hash == first.hash);
    let rest = place.and_then(|place| original.packets.get(place..)).unwrap_or_default();
    let (rests, writtens) = (rest.len(), written.packets.len());
    let shift = rest.first().map_or(f64::NAN, |packet| first.dts - packet.dts);
    let tick = original.tick.max(written.tick);
    let pairs = || rest.iter().zip(&written.packets);
    let offs = pairs().map(|(theirs, ours)| off(theirs, ours, shift) / tick);
    Some(Difference {
        seconds: written.seconds(),
        differing: pairs().filter(|(theirs, ours)| !same(theirs, ours)).count()
            + writtens.saturating_sub(rests),
        missing_at_end: rests.saturating_sub(writtens),
        shift,
        off_ticks: largest(offs),
    })
}

fn same(theirs: &Packet, ours: &Packet) -> bool {
    theirs.hash == ours.hash && theirs.key == ours.key
}

fn off(theirs: &Packet, ours: &Packet, shift: f64) -> f64 {
    let (dts, pts) = (ours.dts - theirs.dts - shift, ours.pts - theirs.pts - shift);
    largest([dts.abs(), pts.abs()].into_iter())
}

/// The largest value; not a number when one isn't, or when there are none.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    let larger = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
    values.reduce(larger).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{media, tool};

    fn track(range: std::ops::Range<u32>, shift: f64) -> Track {
        let packets = range.map(|n| {
            let at = f64::from(n) / 30.0 + shift;
            Packet { size: 9, hash: n.to_string(), pts: at + 0.1, dts: at, key: n % 30 == 0 }
        });
        Track { kind: "video".into(), tick: 1.0 / 15360.0, packets: packets.collect() }
    }

    #[test]
    fn a_track_that_began_later_and_is_shifted_is_the_same() {
        let same = compare(&track(0..300, 0.0), &track(60..300, -2.0)).expect("not empty");
        assert_eq!((same.differing, same.missing_at_end), (0, 0));
        assert!(same.off_ticks < 0.01 && (same.seconds - 8.0).abs() < 1e-6);
        assert!((same.shift + 2.0).abs() < 1e-9);
    }

    #[test]
    fn every_kind_of_difference_shows() {
        let original = track(0..300, 0.0);
        let differing = |change: fn(&mut Vec<Packet>)| {
            let mut written = track(60..200, 0.0);
            change(&mut written.packets);
            compare(&original, &written).expect("not empty")
        };
        assert_eq!(differing(|_| ()).missing_at_end, 100);
        assert_eq!(differing(|packets| packets[9].hash = "x".into()).differing, 1);
        assert_eq!(differing(|packets| packets.swap(5, 6)).differing, 2);
        assert!(differing(|packets| drop(packets.remove(20))).differing > 100);
        assert!(differing(|packets| packets[9].key = true).differing == 1);
        assert!(differing(|packets| packets[9].pts += 0.001).off_ticks > 15.0);
        assert!(differing(|packets| packets[9].dts = f64::NAN).off_ticks.is_nan());
        assert_eq!(differing(|packets| packets[0].hash = "x".into()).differing, 140);
        assert_eq!(compare(&original, &track(0..0, 0.0)), None);
    }

    #[test]
    fn another_container_is_the_same_film_and_another_encoding_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        media::make(&path("film.mp4"), 4, 1_000_000, 30).expect("ffmpeg");
        let film = media::tracks(&path("film.mp4")).expect("ffprobe");
        let rate = media::rate(&film);
        assert!((0.8e6..1.2e6).contains(&rate), "{rate} bit/s");
        for (options, exact) in [("-c copy -movflags frag_keyframe", true), ("-c:v copy", false)] {
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-loglevel", "error", "-y", "-i"]).arg(path("film.mp4"));
            ffmpeg.args(options.split(' ')).arg(path("written.mp4"));
            tool::run(ffmpeg, "").expect("ffmpeg");
            let written = media::tracks(&path("written.mp4")).expect("ffprobe");
            let of = |kind: &str, tracks: &[Track]| {
                tracks.iter().find(|track| track.kind == kind).expect("a track").clone()
            };
            let difference =
                |kind| compare(&of(kind, &film), &of(kind, &written)).expect("packets");
            let (video, audio) = (difference("video"), difference("audio"));
            assert_eq!((video.differing, video.missing_at_end), (0, 0), "{video:?}");
            assert!(video.off_ticks <= 1.05 && video.seconds > 3.9, "{video:?}");
            assert_eq!(audio.differing == 0, exact, "{audio:?}");
        }
    }
}
