//! One page's endless response. It pulls: nothing is queued for a page that doesn't read, so that a
//! slow one costs no memory and is moved forward by the ring.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::{sync::watch, time::timeout};

use super::{
    feed::{Feed, Next, Seen},
    wire,
};

/// A page that hears nothing for three of these knows that the program hangs.
const ALIVE_EVERY: Duration = Duration::from_secs(2);

struct Viewer {
    feed: Feed,
    given: watch::Receiver<u64>,
    seen: Seen,
    hello: Option<Bytes>,
}

/// Frames for one page, from `hello` to `bye`.
pub(super) fn frames(
    feed: Feed,
    hello: Bytes,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let given = feed.watch();
    let viewer = Viewer { feed, given, seen: Seen::default(), hello: Some(hello) };
    stream::unfold(viewer, |mut viewer| async move {
        let frame = viewer.next().await?;
        Some((Ok(frame), viewer))
    })
}

impl Viewer {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        loop {
            self.given.mark_unchanged();
            match self.feed.read(&mut self.seen) {
                Next::Frame(frame) => return Some(frame),
                Next::End => return None,
                Next::Wait => {}
            }
            match timeout(ALIVE_EVERY, self.given.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(wire::alive()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_says_that_it_is_alive() {
        let feed = Feed::new();
        let mut frames = pin!(frames(feed.clone(), wire::hello(b"{}")));
        let mut kinds = Vec::new();
        for _ in 0..4 {
            kinds.push(frames.next().await.unwrap().unwrap()[0]);
        }
        assert_eq!(kinds, [0, 3, 5, 5]);
        feed.state(json!({"state": "ended"}));
        feed.close();
        let rest: Vec<u8> = frames.map(|frame| frame.unwrap()[0]).collect().await;
        assert_eq!(rest, [3, 6]);
    }
}
