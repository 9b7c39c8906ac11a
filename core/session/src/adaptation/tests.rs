use super::*;

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
        short: false,
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
fn run(ladder: &mut Adaptation, from: u64, until: u64, m: Measured) -> Vec<(u64, u32)> {
    let changed = |at| Some((at, ladder.handle(s(at), &m)?.picture.bitrate / 1000));
    (from..until).filter_map(changed).collect()
}

#[test]
fn bitrate_goes_first_then_frame_rate_then_size() {
    for (a, b) in LADDER.iter().zip(LADDER.iter().skip(1)) {
        assert!(a.bitrate > b.bitrate && a.steps <= b.steps, "{a:?} {b:?}");
        let smaller = (b.frame_rate < a.frame_rate) || b.steps > a.steps;
        assert!(a.bitrate - b.bitrate <= a.bitrate / 4, "{a:?} {b:?}");
        assert!(!smaller || b.steps > a.steps || b.frame_rate < a.frame_rate);
    }
    let mut ladder = Adaptation::new(CHOSEN);
    let mut shown = Vec::new();
    for at in 0..100 {
        let late = Measured { waiting_s: 0.5, ..calm() };
        shown.extend(ladder.handle(s(at), &late).map(|t| {
            let Picture { width, height, frame_rate, bitrate } = t.picture;
            (width, height, frame_rate, bitrate / 1000)
        }));
    }
    let expected = [
        (1280, 720, 30, 1600),
        (1280, 720, 30, 1280),
        (1280, 720, 21, 1000),
        (960, 544, 30, 800),
        (960, 544, 30, 640),
        (960, 544, 21, 500),
        (640, 368, 30, 400),
        (640, 368, 30, 320),
        (640, 368, 21, 260),
        (640, 368, 15, 200),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_does_not_leave_is_taken_off_at_once() {
    let mut ladder = Adaptation::new(CHOSEN);
    // 60 % leave: 0.54 of the rate, so half of it.
    assert_eq!(run(&mut ladder, 0, 1, unsent(0.4)), [(0, 1000)]);
    // What came after it is looked at before the next change.
    assert_eq!(run(&mut ladder, 1, 6, unsent(0.1)), [(5, 800)]);
}

#[test]
fn it_rises_a_rung_at_a_time_after_ten_calm_seconds() {
    let mut ladder = Adaptation::new(CHOSEN);
    run(&mut ladder, 0, 1, unsent(0.4));
    assert_eq!(run(&mut ladder, 1, 60, calm()), [(11, 1280), (21, 1600), (31, 2000)]);
}

#[test]
fn what_is_neither_calm_nor_trouble_changes_nothing() {
    let mut ladder = Adaptation::new(CHOSEN);
    run(&mut ladder, 0, 1, unsent(0.4));
    assert_eq!(run(&mut ladder, 1, 100, unsent(0.03)), []);
}

#[test]
fn a_rung_that_fails_is_tried_again_later_each_time() {
    let mut ladder = Adaptation::new(CHOSEN);
    let mut tries = Vec::new();
    let mut rate = 2_000;
    // A line that carries 1,700 kbit/s.
    for at in 0..400 {
        let m = if rate > 1_700 { unsent(0.15) } else { calm() };
        if let Some(target) = ladder.handle(s(at), &m) {
            rate = target.picture.bitrate / 1000;
            tries.extend((rate > 1_700).then_some(at));
        }
    }
    let pauses: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted() && pauses.last() >= Some(&80), "{pauses:?}");
    assert!(tries.len() >= 4, "{tries:?}");
}

#[test]
fn viewers_that_miss_parts_lower_it_only_where_slots_are_short_and_not_to_the_end() {
    let mut ladder = Adaptation::new(CHOSEN);
    let missing = Measured { missing: 0.3, ..calm() };
    assert_eq!(run(&mut ladder, 0, 30, missing), [], "theirs alone");
    let short = Measured { short: true, ..missing };
    let last = run(&mut ladder, 30, 200, short).last().map(|(_, rate)| *rate);
    assert_eq!(last, Some(640));
    assert_eq!(ladder.smaller(), Some((1, Cause::ViewersMissing)));
}

#[test]
fn heat_makes_it_smaller_twice_then_the_camera_goes_off() {
    let mut ladder = Adaptation::new(CHOSEN);
    let moderate = ladder.handle(s(0), &hot(Heat::Moderate)).unwrap();
    assert_eq!((moderate.steps, moderate.cause), (1, Some(Cause::Heat)));
    let severe = ladder.handle(s(1), &hot(Heat::Severe)).unwrap();
    assert_eq!((severe.steps, severe.camera_off), (2, false));
    let critical = ladder.handle(s(2), &hot(Heat::Critical)).unwrap();
    assert!(critical.camera_off);
    let cooler = ladder.handle(s(3), &hot(Heat::Severe)).unwrap();
    assert_eq!((cooler.steps, cooler.camera_off), (2, false));
    // It comes back a rung at a time.
    assert_eq!(run(&mut ladder, 4, 40, hot(Heat::Normal)).first(), Some(&(12, 500)));
    let last = run(&mut ladder, 40, 200, hot(Heat::Normal)).last().copied();
    assert_eq!(last.map(|(_, rate)| rate), Some(2000));
    assert_eq!(ladder.smaller(), None);
}

#[test]
fn loss_of_a_radio_alone_takes_nothing_and_heavy_loss_does() {
    let mut ladder = Adaptation::new(CHOSEN);
    assert_eq!(run(&mut ladder, 0, 60, Measured { loss: 0.05, ..calm() }), []);
    assert_eq!(run(&mut ladder, 60, 61, Measured { loss: 0.2, ..calm() }), [(60, 1600)]);
}

#[test]
fn another_choice_goes_on_at_the_same_rung() {
    let mut ladder = Adaptation::new(CHOSEN);
    run(&mut ladder, 0, 1, unsent(0.4));
    let small = Picture { width: 848, height: 480, frame_rate: 30, bitrate: 1_000_000 };
    let target = ladder.choose(small).unwrap();
    assert_eq!((target.picture.width, target.picture.bitrate), (848, 500_000));
}

#[test]
fn no_choice_however_odd_leaves_the_bounds() {
    let odd = Picture { width: 1, height: u16::MAX, frame_rate: u8::MAX, bitrate: u32::MAX };
    let none = Picture { width: 0, height: 0, frame_rate: 0, bitrate: 0 };
    for chosen in [odd, none] {
        let mut ladder = Adaptation::new(chosen);
        for at in 0..100 {
            if let Some(Target { picture, .. }) = ladder.handle(s(at), &unsent(0.9)) {
                assert!(picture.bitrate <= chosen.bitrate);
                assert!(picture.frame_rate <= chosen.frame_rate);
            }
        }
    }
}
