//! The viewer's side: as long as addresses are wanted the invitation's place is asked for, more and
//! more seldom; what opens there is offered to the node.

use std::time::{Duration, Instant};

use manyhands_stream::{Meeting, MeetingPoint, MeetingState, day_of};
use manyhands_swarm::NodeId;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::client::{Client, Source};
use crate::discovery::{Offers, Prospect, Standing};
use crate::network::Moves;
use crate::node::Via;
use crate::unix_ms;

/// How long one round may take, whatever nodes answer.
const ROUND: Duration = Duration::from_secs(20);
/// Between two rounds: doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LAST_PAUSE: Duration = Duration::from_secs(64);
/// A client is made anew after this time: far from the 15 minutes after which it would begin to
/// serve others.
const CLIENT_LIFE: Duration = Duration::from_secs(300);
/// An item that was written longer ago than nodes keep one is a copy that somebody has kept.
const STALE_MS: u64 = 2 * 3_600_000 + 600_000;
/// How far ahead of this clock another one may be.
const AHEAD_MS: u64 = 600_000;

pub(super) async fn run(
    source: Source,
    point: MeetingPoint,
    mut standing: watch::Receiver<Standing>,
    moves: Moves,
    offers: Offers,
) {
    loop {
        if standing.wait_for(|s| s.wanting).await.is_err() {
            return;
        }
        let mut done = standing.clone();
        tokio::select! {
            () = search(&source, &point, moves.of_later(), &offers) => return,
            ended = done.wait_for(|s| !s.wanting) => if ended.is_err() { return },
        }
    }
}

/// Searches round after round; comes back when the node has ended.
async fn search(source: &Source, point: &MeetingPoint, mut moves: Moves, offers: &Offers) {
    let mut pause = FIRST_PAUSE;
    let mut client: Option<(Client, Instant)> = None;
    loop {
        if client.as_ref().is_none_or(|(_, since)| since.elapsed() > CLIENT_LIFE) {
            client = source.client().await.ok().map(|client| (client, Instant::now()));
        }
        if let Some((client, _)) = &client {
            // A round that takes too long is one without a find.
            if let Ok(false) = timeout(ROUND, look(client, point, offers)).await {
                return;
            }
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(LAST_PAUSE),
            // What was asked in vain in one network may be answered in another.
            () = moves.next() => (pause, client) = (FIRST_PAUSE, None),
        }
    }
}

/// One round; false when the node has ended.
pub(super) async fn look(client: &Client, point: &MeetingPoint, offers: &Offers) -> bool {
    let day = day_of(unix_ms());
    let Some(place) = point.place(day) else { return true };
    let mut found = client.get(place);
    let mut newest = 0;
    while let Some(value) = found.next().await {
        // Whoever stores it may show what it likes; only the channel can have sealed and signed it.
        let Ok(meeting) = point.open(day, &value) else { continue };
        if !is_current(&meeting, unix_ms()) || meeting.issued_ms <= newest {
            continue;
        }
        newest = meeting.issued_ms;
        for entry in &meeting.entries {
            let node = Some(NodeId(entry.node));
            let prospect = Prospect { address: entry.address, via: Via::Dht, node };
            if !offers.send(prospect).await {
                return false;
            }
        }
    }
    true
}

/// Whether an item may still be true.
fn is_current(meeting: &Meeting, now: u64) -> bool {
    let age = now.saturating_sub(meeting.issued_ms);
    let ahead = meeting.issued_ms.saturating_sub(now);
    meeting.state == MeetingState::Live && age <= STALE_MS && ahead <= AHEAD_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_was_kept_too_long_or_is_of_tomorrow_is_not_current() {
        let now = 1_700_000_000_000;
        let meeting = |issued_ms| Meeting {
            state: MeetingState::Live,
            issued_ms,
            started_ms: 0,
            entries: Vec::new(),
        };
        assert!(is_current(&meeting(now), now));
        assert!(is_current(&meeting(now - 2 * 3_600_000), now));
        assert!(!is_current(&meeting(now - 3 * 3_600_000), now));
        assert!(!is_current(&meeting(now + 3_600_000), now));
        let revoked = Meeting { state: MeetingState::Revoked, ..meeting(now) };
        assert!(!is_current(&revoked, now));
    }
}
