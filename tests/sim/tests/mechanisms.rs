//! A mechanism that nobody asks for can't be told from one that earns nothing.

use manyhands_sim::{Scenario, run};

/// Among few with hardly more slots than needed, some of whom vanish and some leave.
const FEW: &str = r#"
viewers = 14
seconds = 16
ramp_s = 4.0
slot_ratio = 1.2
media = { audio_bps = 96_000 }
net = { hard_nat = 0.0, loss = 0.02 }

[[fault]]
kind = "crash"
at_s = 7.0
count = 3

[[fault]]
kind = "leave"
at_s = 9.0
count = 3

[[fault]]
kind = "upload"
at_s = 12.0
times = 0.7
"#;

/// An origin of one copy.
const TIGHT: &str = r#"
viewers = 16
seconds = 16
ramp_s = 6.0
origin_upload = 1.12
slot_ratio = 0.0
media = { rate_bps = 904_000, audio_bps = 96_000, k = 4, parity = false }
net = { delay_ms = 20.0 }
class = [{ share = 1.0, upload_min = 1.0, upload_max = 2.5 }]
"#;

/// Viewers come and vanish all the time, and many forward nothing.
const TROUBLED: &str = r#"
viewers = 24
seconds = 16
ramp_s = 3.0
seed = 3
slot_ratio = 1.1
black_holes = 0.3
net = { loss = 0.03 }

[[fault]]
kind = "churn"
from_s = 4.0
until_s = 16.0
per_minute = 1.5
"#;

/// A third of a crowd vanishes.
const CROWD: &str = r#"
viewers = 40
seconds = 14
ramp_s = 4.0
slot_ratio = 1.2

[[fault]]
kind = "crash"
at_s = 8.0
share = 0.3
"#;

#[test]
fn whatever_is_taken_away_changes_what_happens() {
    let mut unchanged = Scenario::mechanisms();
    for text in [FEW, TIGHT, TROUBLED, CROWD] {
        let scenario = Scenario::parse(text).unwrap();
        let hash = run(&scenario).event_hash;
        unchanged.retain(|name| {
            let mut without = scenario.clone();
            assert!(without.take_away(name), "{name}");
            run(&without).event_hash == hash
        });
    }
    assert!(unchanged.is_empty(), "nobody asks for {unchanged:?}");
    assert!(!Scenario::default().take_away("no-such-thing"));
}
