use super::*;
use crate::health::Lasting;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const CHOSEN: Picture = Picture { width: 1280, height: 720, frame_rate: 30, bitrate: 2_000_000 };

fn calm() -> Measured {
    Measured {
        connected: true,
        offline: false,
        unconfirmed: Duration::ZERO,
        unsent: 0.0,
        waiting_s: 0.0,
        loss: 0.0,
        missing: 0.0,
        slots: None,
        lasting: None,
        heat: Heat::Normal,
    }
}

fn unsent(part: f64) -> Measured {
    Measured { unsent: part, ..calm() }
}

fn hot(heat: Heat) -> Measured {
    Measured { heat, ..calm() }
}

/// Says so from `from` until before `until`; gives when what to make changed, and to which bitrate.
fn run(encoder: &mut Adaptation, from: u64, until: u64, m: Measured) -> Vec<(u64, u32)> {
    let changed = |at| Some((at, encoder.handle(s(at), &m)?.picture.bitrate / 1000));
    (from..until).filter_map(changed).collect()
}

/// So many slots, over all that are needed, for as long as anybody looks.
fn slots(ratio: f64) -> Measured {
    let lasting = Some(Lasting { most: ratio, fewest: ratio });
    Measured { slots: Some(ratio), lasting, ..calm() }
}

#[test]
fn bitrate_goes_first_then_frame_rate_then_size() {
    for (a, b) in FORMS.iter().zip(FORMS.iter().skip(1)) {
        assert!(a.from > b.from && a.steps <= b.steps, "{a:?} {b:?}");
        assert!(b.frame_rate < a.frame_rate || b.steps > a.steps);
    }
    let mut encoder = Adaptation::new(CHOSEN);
    let mut shown = Vec::new();
    for at in 0..100 {
        let late = Measured { waiting_s: 0.5, ..calm() };
        shown.extend(encoder.handle(s(at), &late).map(|t| {
            let Picture { width, height, frame_rate, bitrate } = t.picture;
            (width, height, frame_rate, bitrate / 1000)
        }));
    }
    let expected = [
        (1280, 720, 30, 1600),
        (1280, 720, 30, 1280),
        (1280, 720, 21, 1020),
        (960, 544, 30, 820),
        (960, 544, 30, 660),
        (960, 544, 21, 520),
        (640, 368, 30, 420),
        (640, 368, 30, 340),
        (640, 368, 21, 260),
        (640, 368, 21, 220),
        (640, 368, 15, 200),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_does_not_leave_is_taken_off_at_once() {
    let mut encoder = Adaptation::new(CHOSEN);
    // 60 % leave: 0.54 of the rate, so half of it.
    assert_eq!(run(&mut encoder, 0, 1, unsent(0.4)), [(0, 1080)]);
    // What came after it is looked at before the next change.
    assert_eq!(run(&mut encoder, 1, 6, unsent(0.1)), [(5, 880)]);
}

#[test]
fn it_rises_by_a_quarter_at_a_time_after_ten_calm_seconds() {
    let mut encoder = Adaptation::new(CHOSEN);
    run(&mut encoder, 0, 1, unsent(0.4));
    assert_eq!(run(&mut encoder, 1, 60, calm()), [(11, 1380), (21, 1760), (31, 2000)]);
}

#[test]
fn what_is_neither_calm_nor_trouble_changes_nothing() {
    let mut encoder = Adaptation::new(CHOSEN);
    run(&mut encoder, 0, 1, unsent(0.4));
    assert_eq!(run(&mut encoder, 1, 100, unsent(0.03)), []);
}

#[test]
fn what_fails_is_tried_again_later_each_time() {
    let mut encoder = Adaptation::new(CHOSEN);
    let mut tries = Vec::new();
    let mut rate = 2_000;
    // A line that carries 1,700 kbit/s.
    for at in 0..400 {
        let m = if rate > 1_700 { unsent(0.15) } else { calm() };
        if let Some(target) = encoder.handle(s(at), &m) {
            rate = target.picture.bitrate / 1000;
            tries.extend((rate > 1_700).then_some(at));
        }
    }
    let pauses: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted() && pauses.last() >= Some(&80), "{pauses:?}");
    assert!(tries.len() >= 4, "{tries:?}");
}

#[test]
fn viewers_that_miss_parts_lower_it_only_where_slots_are_few_and_not_to_the_end() {
    let mut encoder = Adaptation::new(CHOSEN);
    let missing = |ratio| Measured { missing: 0.3, ..slots(ratio) };
    assert_eq!(run(&mut encoder, 0, 30, missing(1.3)), [], "theirs alone");
    let last = run(&mut encoder, 30, 200, missing(1.1)).last().map(|(_, rate)| *rate);
    assert_eq!(last, Some(640));
    assert_eq!(encoder.smaller(), Some((1, Cause::ViewersMissing)));
}

#[test]
fn where_slots_are_lacking_it_goes_to_what_they_carry_and_back_with_them() {
    let mut encoder = Adaptation::new(CHOSEN);
    let mut rate = 2_000;
    let mut changes = Vec::new();
    // They carry 1,600 kbit/s, from the fortieth second on 3,000.
    for at in 0..80 {
        let carried = if at < 40 { 1_600.0 } else { 3_000.0 };
        if let Some(target) = encoder.handle(s(at), &slots(carried / f64::from(rate))) {
            rate = target.picture.bitrate / 1000;
            changes.push((at, rate));
        }
    }
    assert_eq!(changes, [(0, 1540), (40, 2000)]);
}

#[test]
fn what_is_lowered_for_want_of_slots_waits_until_they_have_been_there_for_a_while() {
    let mut encoder = Adaptation::new(CHOSEN);
    assert_eq!(run(&mut encoder, 0, 1, slots(0.8)), [(0, 1540)]);
    // For a moment they seem to be many.
    let most = Lasting { most: 2.0, fewest: 1.03 };
    let moment = Measured { lasting: Some(most), ..slots(2.0) };
    assert_eq!(run(&mut encoder, 1, 30, moment), []);
    assert_eq!(run(&mut encoder, 30, 31, slots(1.2)), [(30, 1780)]);
}

#[test]
fn slots_bound_what_the_uplink_would_carry() {
    let mut encoder = Adaptation::new(CHOSEN);
    run(&mut encoder, 0, 1, unsent(0.4));
    // They carry 1,500 kbit/s.
    let mut rate = 1_080;
    for at in 1..100 {
        let target = encoder.handle(s(at), &slots(1_500.0 / f64::from(rate)));
        rate = target.map_or(rate, |target| target.picture.bitrate / 1000);
    }
    assert_eq!(rate, 1_440);
}

#[test]
fn heat_makes_it_smaller_twice_then_the_camera_goes_off() {
    let mut encoder = Adaptation::new(CHOSEN);
    let moderate = encoder.handle(s(0), &hot(Heat::Moderate)).unwrap();
    assert_eq!((moderate.steps, moderate.cause), (1, Some(Cause::Heat)));
    let severe = encoder.handle(s(1), &hot(Heat::Severe)).unwrap();
    assert_eq!((severe.steps, severe.camera_off), (2, false));
    let critical = encoder.handle(s(2), &hot(Heat::Critical)).unwrap();
    assert!(critical.camera_off);
    let cooler = encoder.handle(s(3), &hot(Heat::Severe)).unwrap();
    assert_eq!((cooler.steps, cooler.camera_off), (2, false));
    // It comes back by and by.
    assert_eq!(run(&mut encoder, 4, 40, hot(Heat::Normal)).first(), Some(&(12, 520)));
    let last = run(&mut encoder, 40, 200, hot(Heat::Normal)).last().copied();
    assert_eq!(last.map(|(_, rate)| rate), Some(2000));
    assert_eq!(encoder.smaller(), None);
}

#[test]
fn loss_of_a_radio_alone_takes_nothing_and_heavy_loss_does() {
    let mut encoder = Adaptation::new(CHOSEN);
    assert_eq!(run(&mut encoder, 0, 60, Measured { loss: 0.05, ..calm() }), []);
    assert_eq!(run(&mut encoder, 60, 61, Measured { loss: 0.2, ..calm() }), [(60, 1600)]);
}

#[test]
fn another_choice_goes_on_with_the_same_part_of_it() {
    let mut encoder = Adaptation::new(CHOSEN);
    run(&mut encoder, 0, 1, unsent(0.4));
    let small = Picture { width: 848, height: 480, frame_rate: 30, bitrate: 1_000_000 };
    let target = encoder.choose(small).unwrap();
    assert_eq!((target.picture.width, target.picture.bitrate), (848, 540_000));
}

#[test]
fn no_choice_however_odd_leaves_the_bounds() {
    let odd = Picture { width: 1, height: u16::MAX, frame_rate: u8::MAX, bitrate: u32::MAX };
    let none = Picture { width: 0, height: 0, frame_rate: 0, bitrate: 0 };
    for chosen in [odd, none] {
        let mut encoder = Adaptation::new(chosen);
        for at in 0..100 {
            if let Some(Target { picture, .. }) = encoder.handle(s(at), &unsent(0.9)) {
                assert!(picture.bitrate <= chosen.bitrate);
                assert!(picture.frame_rate <= chosen.frame_rate);
            }
        }
    }
}
