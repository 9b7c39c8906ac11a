//! Whether what a viewer wrote is what was broadcast, from its first keyframe on: the same NAL
//! units and audio frames in the same order, with the same times but for one constant.

use crate::packets::{Packet, Track};

/// A departure of times that is none, in ticks: the one tick of the promise, and a hundredth for
/// the arithmetic.
const TICK: f64 = 1.01;
/// Sound and picture begin together but for this, in seconds: a chunk of each, and a frame.
const TOGETHER: f64 = 0.25;
/// Faults that are told of each track.
const TOLD: usize = 4;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// Length of the shortest written track, in seconds.
    pub(crate) seconds: f64,
    /// What is wrong; nothing when it is the same film.
    pub(crate) faults: Vec<String>,
}

/// Compares all tracks.
pub(crate) fn compare(original: &[Track], written: &[Track]) -> Verdict {
    let mut faults = Vec::new();
    let mut seconds = f64::INFINITY;
    let (mut shifts, mut starts) = (Vec::new(), Vec::new());
    if original.len() != written.len() {
        faults.push(format!("{} tracks instead of {}", written.len(), original.len()));
    }
    for track in original {
        let same_kind = written.iter().find(|other| other.kind == track.kind);
        let Some(other) = same_kind.filter(|other| !other.packets.is_empty()) else {
            faults.push(format!("no {}", track.kind));
            continue;
        };
        seconds = seconds.min(other.seconds());
        starts.extend(other.packets.first().map(|packet| packet.pts));
        shifts.extend(compare_track(track, other, &mut faults).map(|shift| (shift, track.tick)));
    }
    // Either track may be off by a tick of its own.
    if let [(picture, a), (sound, b)] = shifts[..]
        && (picture - sound).abs() > (a + b) * TICK
    {
        faults.push(format!("sound is {:+.6} s from the picture", picture - sound));
    }
    if let [picture, sound] = starts[..]
        && (picture - sound).abs() > TOGETHER
    {
        faults.push(format!("the sound begins {:.3} s after the picture", sound - picture));
    }
    Verdict { seconds: if seconds.is_finite() { seconds } else { 0.0 }, faults }
}

/// Compares one track from the place where the written one begins; how much later the original is.
fn compare_track(original: &Track, written: &Track, faults: &mut Vec<String>) -> Option<f64> {
    let kind = &original.kind;
    let mut found = Vec::new();
    let Some(place) = place(original, written) else {
        faults.push(format!("{kind}: its first packet is not of the original"));
        return None;
    };
    let rest = original.packets.get(place..).unwrap_or_default();
    let (first, other) = (rest.first()?, written.packets.first()?);
    if kind == "video" && !other.key {
        found.push("it doesn't begin with a keyframe".to_owned());
    }
    let shift = first.dts - other.dts;
    // A tick of the coarser timescale.
    let bound = original.tick.max(written.tick) * TICK;
    for (number, (theirs, ours)) in rest.iter().zip(&written.packets).enumerate() {
        if let Some(fault) = difference(theirs, ours, shift, bound) {
            found.push(format!("packet {number} at {:.3} s: {fault}", ours.dts));
        }
    }
    if rest.len() > written.packets.len() {
        found.push(format!("{} packets missing at the end", rest.len() - written.packets.len()));
    }
    if rest.len() < written.packets.len() {
        found.push(format!("{} packets too many", written.packets.len() - rest.len()));
    }
    let untold = found.len().saturating_sub(TOLD);
    faults.extend(found.iter().take(TOLD).map(|fault| format!("{kind}: {fault}")));
    if untold > 0 {
        faults.push(format!("{kind}: {untold} more"));
    }
    Some(shift)
}

/// Where the written track begins in the original: two packets, since the first alone may look
/// like another one (silence does).
fn place(original: &Track, written: &Track) -> Option<usize> {
    let begins = |at: usize, count: usize| {
        let ours = written.packets.iter().take(count);
        let theirs = original.packets.get(at..).unwrap_or_default();
        theirs.iter().zip(ours).all(|(theirs, ours)| theirs.parts == ours.parts)
    };
    let whole = (0..original.packets.len()).find(|at| begins(*at, 2));
    whole.or_else(|| (0..original.packets.len()).find(|at| begins(*at, 1)))
}

fn difference(theirs: &Packet, ours: &Packet, shift: f64, bound: f64) -> Option<String> {
    if theirs.parts.len() != ours.parts.len() {
        return Some(format!("{} units instead of {}", ours.parts.len(), theirs.parts.len()));
    }
    let pairs = || theirs.parts.iter().zip(&ours.parts);
    if let Some(at) = pairs().position(|(theirs, ours)| theirs != ours) {
        let lengths = pairs().nth(at).map(|(theirs, ours)| (theirs.len(), ours.len()))?;
        let (theirs, ours) = lengths;
        return Some(format!("unit {at} differs ({ours} bytes, {theirs} in the original)"));
    }
    if theirs.key != ours.key {
        return Some("its keyframe mark differs".into());
    }
    let off = |theirs: f64, ours: f64| ours + shift - theirs;
    let (dts, pts) = (off(theirs.dts, ours.dts), off(theirs.pts, ours.pts));
    // Whatever isn't a number is off as well.
    if dts.abs() <= bound && pts.abs() <= bound {
        return None;
    }
    Some(format!("decoding time off by {dts:+.6} s, presentation time by {pts:+.6} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK_S: f64 = 1.0 / 15360.0;

    fn track(kind: &str, range: std::ops::Range<u32>, shift: f64) -> Track {
        let packet = |n: u32| {
            let dts = f64::from(n) / 30.0 + shift;
            let parts = vec![vec![9, 0xf0], n.to_be_bytes().to_vec()];
            Packet { dts, pts: dts + 0.1, key: kind == "audio" || n.is_multiple_of(30), parts }
        };
        Track { kind: kind.into(), tick: TICK_S, packets: range.map(packet).collect() }
    }

    fn film(range: std::ops::Range<u32>, shift: f64) -> Vec<Track> {
        vec![track("video", range.clone(), shift), track("audio", range, shift)]
    }

    fn faults(change: impl FnOnce(&mut Vec<Track>)) -> Vec<String> {
        let mut written = film(60..300, -2.0);
        change(&mut written);
        compare(&film(0..300, 0.0), &written).faults
    }

    #[test]
    fn a_film_that_began_later_and_is_shifted_is_the_same() {
        let verdict = compare(&film(0..300, 0.0), &film(60..300, -2.0));
        assert_eq!(verdict.faults, [""; 0]);
        assert!((verdict.seconds - 8.0).abs() < 1e-6);
    }

    #[test]
    fn a_tick_is_no_difference_and_two_are() {
        assert_eq!(faults(|film| film[0].packets[9].pts += TICK_S), [""; 0]);
        assert_eq!(faults(|film| film[0].packets[9].pts += 2.0 * TICK_S).len(), 1);
        assert_eq!(faults(|film| film[1].packets[9].dts = f64::NAN).len(), 1);
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let one = |words: &str, change: fn(&mut Vec<Track>)| {
            let faults = faults(change);
            assert!(faults.iter().any(|fault| fault.contains(words)), "{words}: {faults:?}");
        };
        one("unit 1 differs", |film| film[0].packets[9].parts[1][3] ^= 1);
        one("1 units instead of 2", |film| drop(film[0].packets[9].parts.remove(0)));
        one("3 units instead of 2", |film| film[1].packets[9].parts.push(vec![1]));
        one("unit 1 differs", |film| film[0].packets.swap(5, 6));
        one("unit 1 differs", |film| drop(film[0].packets.remove(20)));
        one("1 packets missing", |film| drop(film[1].packets.pop()));
        one("1 packets too many", |film| {
            let last = film[0].packets[239].clone();
            film[0].packets.push(last);
        });
        one("keyframe mark", |film| film[0].packets[9].key = true);
        one("doesn't begin with a keyframe", |film| drop(film[0].packets.remove(0)));
        one("not of the original", |film| film[0].packets[0].parts[0][0] = 1);
        one("no audio", |film| film[1].packets.clear());
        one("no video", |film| drop(film.remove(0)));
        one("1 tracks instead of 2", |film| drop(film.pop()));
        one("3 tracks instead of 2", |film| film.push(film[1].clone()));
    }

    #[test]
    fn sound_and_picture_have_one_constant_and_begin_together() {
        let apart = compare(&film(0..300, 0.0), &{
            let mut written = film(60..300, -2.0);
            written[1] = track("audio", 60..300, -2.0 + 3.0 * TICK_S);
            written
        });
        assert!(apart.faults[0].contains("from the picture"), "{apart:?}");
        let late = faults(|film| film[1] = track("audio", 90..300, -2.0));
        assert!(late[0].contains("begins 1.000 s after"), "{late:?}");
    }

    #[test]
    fn many_faults_are_counted_and_not_all_told() {
        let many = faults(|film| film[0].packets.iter_mut().skip(2).for_each(|p| p.key = true));
        assert_eq!(many.len(), TOLD + 1);
        assert!(many[TOLD].contains("more"));
    }
}
