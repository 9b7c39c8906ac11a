use manyhands_net::Outgoing;

use manyhands_vitals::{Cause, Level};

use super::*;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn peer(fed: u32, waiting_ms: u64) -> PeerReport {
    PeerReport {
        name: "peer".into(),
        relay: false,
        origin: false,
        received: 0,
        sent: 0,
        rtt_us: 0,
        feeds: 0,
        fed,
        dialled: false,
        tunnelled: false,
        silent: Duration::ZERO,
        waiting: Duration::from_millis(waiting_ms),
    }
}

fn report(peers: Vec<PeerReport>, lost: u64, packets: u64) -> Report {
    let outgoing = Outgoing { packets, lost, unconfirmed: Some(Duration::ZERO) };
    Report { peers, outgoing, ..Report::default() }
}

fn vitals(picture: Option<Picture>) -> Vitals {
    Vitals::new(picture, Conditions::unrestricted())
}

#[test]
fn one_slow_viewer_of_several_is_not_a_slow_upload() {
    let of = |waits: &[u64]| waiting(&waits.iter().map(|ms| peer(1, *ms)).collect::<Vec<_>>());
    assert_eq!(of(&[]), Duration::ZERO);
    assert_eq!(of(&[900]), Duration::from_millis(900), "there is but one way");
    assert_eq!(of(&[900, 10]), Duration::from_millis(10));
    assert_eq!(of(&[900, 10, 800]), Duration::from_millis(800));
    assert_eq!(waiting(&[peer(0, 900)]), Duration::ZERO, "nobody is fed");
}

#[test]
fn what_is_lost_is_counted_by_the_second() {
    let mut vitals = vitals(None);
    let at = |vitals: &mut Vitals, second: u64, lost| {
        vitals.handle(s(second), &report(vec![peer(1, 0)], lost, second * 1_000), 0, 0)
    };
    // 10 % once, long ago, is forgotten.
    (1..=5).for_each(|second| {
        at(&mut vitals, second, second * 100);
    });
    assert_eq!(vitals.vitals.health().cause, Some(Cause::Loss));
    (6..=40).for_each(|second| {
        at(&mut vitals, second, 500);
    });
    assert_eq!(vitals.vitals.health(), Health { level: Level::Good, cause: None });
}

#[test]
fn without_a_network_it_is_lost_in_the_next_second() {
    let mut vitals = vitals(None);
    vitals.handle(s(1), &report(vec![peer(1, 0)], 0, 1_000), 0, 0);
    let mut conditions = Conditions::unrestricted();
    conditions.network.transport = manyhands_policy::Transport::None;
    vitals.set_conditions(conditions);
    let news = vitals.handle(s(2), &report(vec![peer(1, 0)], 0, 1_000), 0, 0);
    let lost = Health { level: Level::Lost, cause: Some(Cause::NoNetwork) };
    assert_eq!(news.health, Some(lost));
}

#[test]
fn heat_reaches_the_encoder_and_the_word() {
    let chosen = Picture { width: 1280, height: 720, frame_rate: 30, bitrate: 2_000_000 };
    let mut vitals = vitals(Some(chosen));
    let report = report(vec![peer(1, 0)], 0, 1_000);
    vitals.handle(s(1), &report, 0, 0);
    let mut conditions = Conditions::unrestricted();
    conditions.heat = manyhands_policy::Heat::Severe;
    vitals.set_conditions(conditions);
    let target = vitals.handle(s(2), &report, 0, 0).target;
    assert_eq!(target.map(|target| (target.steps, target.cause)), Some((2, Some(Cause::Heat))));
    vitals.handle(s(3), &report, 0, 0);
    let poor = Health { level: Level::Poor, cause: Some(Cause::Heat) };
    assert_eq!(vitals.handle(s(4), &report, 0, 0).health, Some(poor));
}

#[test]
fn what_left_is_told_by_what_it_cost() {
    let mut vitals = vitals(None);
    let nobody = report(Vec::new(), 0, 0);
    vitals.handle(s(1), &nobody, 700, 0);
    let mut conditions = Conditions::unrestricted();
    conditions.network.metered = Some(true);
    vitals.set_conditions(conditions);
    vitals.handle(s(2), &nobody, 1_000, 0);
    let data = Data::new(&vitals.flow, None);
    assert_eq!((data.sent_unmetered, data.sent_metered, data.sent_per_minute), (700, 300, 30_000));
}

#[test]
fn what_is_made_and_goes_to_nobody_who_is_there_is_a_slow_upload() {
    let mut vitals = vitals(None);
    let there = report(vec![peer(0, 0)], 0, 0);
    let mut changes = Vec::new();
    for second in 1..=10 {
        let news = vitals.handle(s(second), &there, 0, second * 20_000);
        changes.extend(news.health.map(|health| (second, health.level, health.cause)));
    }
    // Who has just come has three seconds to find its places, and what is worse shows after two.
    let poor = (6, Level::Poor, Some(Cause::SlowUpload));
    assert_eq!(changes, [(1, Level::Good, None), poor]);
}
