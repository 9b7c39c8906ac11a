use manyhands_policy::Heat;

use super::*;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn good() -> Second {
    Second {
        connected: true,
        offline: false,
        unconfirmed: Duration::ZERO,
        made: 900,
        left: 1_000,
        dropped: 0,
        waiting: Duration::ZERO,
        packets: 1_000,
        lost: 0,
        missing: 0.0,
        slots: None,
        heat: Heat::Normal,
    }
}

fn with(change: impl Fn(&mut Second)) -> Second {
    let mut second = good();
    change(&mut second);
    second
}

/// What a window full of such seconds says by itself.
fn said(second: Second) -> Health {
    let mut window = Window::default();
    (0..5).for_each(|_| window.push(second));
    Monitor::default().judge(&window.measure().unwrap(), None)
}

fn health(level: Level, cause: Cause) -> Health {
    Health { level, cause: Some(cause) }
}

const GOOD: Health = Health { level: Level::Good, cause: None };

/// Says `second` by itself once a second, from `from` until before `until`; gives when what was
/// shown changed, and to what.
fn run(monitor: &mut Monitor, from: u64, until: u64, second: Second) -> Vec<(u64, Health)> {
    let mut window = Window::default();
    (0..5).for_each(|_| window.push(second));
    let measured = window.measure().unwrap();
    let changed = |at| Some((at, monitor.handle(s(at), &measured, None)?));
    (from..until).filter_map(changed).collect()
}

fn slow() -> Second {
    with(|second| second.dropped = 100)
}

fn very_slow() -> Second {
    with(|second| second.dropped = 1_000)
}

#[test]
fn each_line_of_the_table_has_its_bounds() {
    let fair = |cause| health(Level::Fair, cause);
    let poor = |cause| health(Level::Poor, cause);
    let of = |left, dropped| {
        said(with(|second| (second.made, second.left, second.dropped) = (0, left, dropped)))
    };
    assert_eq!(of(95, 5), GOOD);
    assert_eq!(of(949, 51), fair(Cause::SlowUpload));
    assert_eq!(of(80, 20), fair(Cause::SlowUpload));
    assert_eq!(of(799, 201), poor(Cause::SlowUpload));

    let of = |ms| said(with(|second| second.waiting = Duration::from_millis(ms)));
    assert_eq!(of(299), GOOD);
    assert_eq!(of(300), fair(Cause::SlowUpload));
    assert_eq!(of(1_000), fair(Cause::SlowUpload));
    assert_eq!(of(1_001), poor(Cause::SlowUpload));

    let of = |lost| said(with(|second| second.lost = lost));
    assert_eq!(of(19), GOOD);
    assert_eq!(of(20), fair(Cause::Loss));
    assert_eq!(of(80), fair(Cause::Loss));
    assert_eq!(of(81), poor(Cause::Loss));

    let of = |missing| said(with(|second| second.missing = missing));
    assert_eq!(of(0.019), GOOD);
    assert_eq!(of(0.02), fair(Cause::ViewersMissing));
    assert_eq!(of(0.10), fair(Cause::ViewersMissing));
    assert_eq!(of(0.11), poor(Cause::ViewersMissing));

    let of = |heat| said(with(|second| second.heat = heat));
    assert_eq!(of(Heat::Normal), GOOD);
    assert_eq!(of(Heat::Moderate), fair(Cause::Heat));
    assert_eq!(of(Heat::Severe), poor(Cause::Heat));
    assert_eq!(of(Heat::Critical), poor(Cause::Heat));
}

#[test]
fn with_viewers_everything_has_to_leave_once() {
    let of = |made, left| said(with(|second| (second.made, second.left) = (made, left)));
    assert_eq!(of(1_000, 5_000), GOOD);
    assert_eq!(of(1_000, 950), GOOD);
    assert_eq!(of(1_000, 900), health(Level::Fair, Cause::SlowUpload));
    assert_eq!(of(1_000, 0), health(Level::Poor, Cause::SlowUpload));
}

#[test]
fn the_worst_line_decides_and_of_equals_the_first() {
    let both = |second: &mut Second| (second.dropped, second.lost) = (100, 900);
    assert_eq!(said(with(both)), health(Level::Poor, Cause::Loss));
    let both = |second: &mut Second| (second.dropped, second.heat) = (100, Heat::Moderate);
    assert_eq!(said(with(both)), health(Level::Fair, Cause::SlowUpload));
}

#[test]
fn a_viewer_that_has_just_come_misses_nothing() {
    let mut window = Window::default();
    (0..5).for_each(|_| window.push(good()));
    (0..4).for_each(|_| window.push(with(|second| second.missing = 0.5)));
    assert_eq!(window.measure().unwrap().missing, 0.0);
    window.push(with(|second| second.missing = 0.5));
    assert_eq!(window.measure().unwrap().missing, 0.5);
}

#[test]
fn of_a_few_packets_nothing_is_said() {
    let few = with(|second| (second.packets, second.lost) = (9, 4));
    assert_eq!(said(few), GOOD);
}

#[test]
fn what_is_worse_shows_after_two_seconds_and_what_is_better_after_ten() {
    let mut monitor = Monitor::default();
    assert_eq!(run(&mut monitor, 0, 10, good()), [(0, GOOD)]);
    let fair = health(Level::Fair, Cause::SlowUpload);
    assert_eq!(run(&mut monitor, 10, 20, slow()), [(12, fair)]);
    assert_eq!(run(&mut monitor, 20, 40, good()), [(30, GOOD)]);
}

#[test]
fn a_short_trouble_does_not_show() {
    let mut monitor = Monitor::default();
    run(&mut monitor, 0, 10, good());
    assert_eq!(run(&mut monitor, 10, 12, very_slow()), []);
    assert_eq!(run(&mut monitor, 12, 30, good()), []);
}

#[test]
fn each_step_down_has_lasted_two_seconds_itself() {
    let mut monitor = Monitor::default();
    run(&mut monitor, 0, 10, good());
    run(&mut monitor, 10, 11, slow());
    let fair = health(Level::Fair, Cause::SlowUpload);
    let poor = health(Level::Poor, Cause::SlowUpload);
    assert_eq!(run(&mut monitor, 11, 20, very_slow()), [(12, fair), (13, poor)]);
}

#[test]
fn one_bad_second_puts_the_better_word_off_again() {
    let mut monitor = Monitor::default();
    run(&mut monitor, 0, 5, good());
    run(&mut monitor, 5, 10, very_slow());
    assert_eq!(run(&mut monitor, 10, 18, good()), []);
    assert_eq!(run(&mut monitor, 18, 19, slow()), []);
    let fair = health(Level::Fair, Cause::SlowUpload);
    let shown = run(&mut monitor, 19, 40, good());
    assert_eq!(shown, [(20, fair), (29, GOOD)]);
}

#[test]
fn the_cause_changes_with_the_word_or_after_two_seconds() {
    let mut monitor = Monitor::default();
    run(&mut monitor, 0, 10, slow());
    let lossy = with(|second| second.lost = 30);
    let other = health(Level::Fair, Cause::Loss);
    assert_eq!(run(&mut monitor, 10, 20, lossy), [(12, other)]);
}

#[test]
fn nobody_to_send_to_is_ready_at_once_and_so_is_the_first_viewer() {
    let mut monitor = Monitor::default();
    let alone = with(|second| second.connected = false);
    assert_eq!(run(&mut monitor, 0, 5, alone), []);
    assert_eq!(run(&mut monitor, 5, 6, good()), [(5, GOOD)]);
    assert_eq!(run(&mut monitor, 6, 9, alone), [(6, Health::READY)]);
}

#[test]
fn nothing_confirmed_for_three_seconds_is_lost_at_once() {
    let mut monitor = Monitor::default();
    run(&mut monitor, 0, 10, good());
    let quiet = |ms| with(|second| second.unconfirmed = Duration::from_millis(ms));
    assert_eq!(run(&mut monitor, 10, 11, quiet(2_999)), []);
    let lost = health(Level::Lost, Cause::NoAnswer);
    assert_eq!(run(&mut monitor, 11, 14, quiet(3_000)), [(11, lost)]);
    assert_eq!(run(&mut monitor, 14, 15, good()), [(14, GOOD)]);
}

#[test]
fn a_lost_connection_stays_lost_although_the_viewers_are_given_up_but_not_for_ever() {
    let mut monitor = Monitor::default();
    let gone =
        |seconds| with(|second| (second.connected, second.unconfirmed) = (false, s(seconds)));
    run(&mut monitor, 0, 1, with(|second| second.unconfirmed = s(4)));
    assert_eq!(run(&mut monitor, 1, 5, gone(59)), []);
    assert_eq!(run(&mut monitor, 5, 6, gone(60)), [(5, Health::READY)]);
    assert_eq!(run(&mut monitor, 6, 7, gone(9)), [], "whoever leaves in good order is not lost");
}

#[test]
fn a_device_without_a_network_is_lost_at_once() {
    let mut monitor = Monitor::default();
    let off = |second: &mut Second| (second.offline, second.connected) = (true, false);
    let lost = health(Level::Lost, Cause::NoNetwork);
    assert_eq!(run(&mut monitor, 0, 2, with(off)), [(0, lost)]);
    let back = with(|second| second.connected = false);
    let without = with(|second| (second.connected, second.unconfirmed) = (false, s(100)));
    assert_eq!(run(&mut monitor, 2, 3, back), [(2, health(Level::Lost, Cause::NoAnswer))]);
    assert_eq!(run(&mut monitor, 3, 4, without), [(3, Health::READY)]);
}

#[test]
fn a_picture_two_steps_smaller_than_chosen_is_never_good() {
    let mut window = Window::default();
    window.push(good());
    let measured = window.measure().unwrap();
    let monitor = Monitor::default();
    assert_eq!(monitor.judge(&measured, Some((1, Cause::SlowUpload))), GOOD);
    let fair = health(Level::Fair, Cause::SlowUpload);
    assert_eq!(monitor.judge(&measured, Some((2, Cause::SlowUpload))), fair);
}

#[test]
fn the_time_so_far_is_told_with_its_main_cause() {
    let mut monitor = Monitor::default();
    assert_eq!(monitor.so_far(), HealthSoFar::default());
    run(&mut monitor, 0, 60, good());
    run(&mut monitor, 60, 82, slow());
    let so_far = HealthSoFar { good_percent: Some(75), main_cause: Some(Cause::SlowUpload) };
    // Shown as fair from 62 to 82, of 82 seconds.
    assert_eq!(monitor.so_far(), so_far);
}
