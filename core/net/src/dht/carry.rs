//! The relay's side: items that a shielded broadcaster has signed and handed over are put into the DHT
//! as they are. The relay can't read them, and can't write others.

use std::collections::BTreeMap;
use std::time::Duration;

use manyhands_stream::{PublicKey, SignedMeeting};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::client::Source;

/// Between two errands, however often something is handed over.
const PAUSE: Duration = Duration::from_secs(10);
/// When nobody took an item, it is tried again after this.
const RETRY: Duration = Duration::from_secs(60);

pub(super) async fn run(source: Source, mut handed: watch::Receiver<Vec<SignedMeeting>>) {
    let mut stored: BTreeMap<PublicKey, i64> = BTreeMap::new();
    loop {
        let items = handed.borrow_and_update().clone();
        stored.retain(|place, _| items.iter().any(|item| item.place == *place));
        let fresh = |item: &SignedMeeting| stored.get(&item.place).is_none_or(|s| *s < item.seq);
        let due: Vec<_> = items.into_iter().filter(fresh).collect();
        let mut failed = false;
        if !due.is_empty() {
            let Ok(client) = source.client().await else { return };
            for item in due {
                let (place, seq) = (item.place, item.seq);
                match client.put(item).await {
                    0 => failed = true,
                    taken => {
                        tracing::info!(taken, "an item stands in the DHT");
                        stored.insert(place, seq);
                    }
                }
            }
            sleep(PAUSE).await;
        }
        let news = handed.changed();
        let news = if failed { timeout(RETRY, news).await.unwrap_or(Ok(())) } else { news.await };
        if news.is_err() {
            return;
        }
    }
}
