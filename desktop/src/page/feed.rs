//! The program's side of the page: media, the newest state, the link. Cheap to clone; giving never
//! waits for a page.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    Media,
    ring::{Place, Ring},
    wire,
};

/// What the pages show. One [`Feed`] serves any number of pages.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    /// Counts what was given, so that a page that waits wakes up.
    given: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    ring: Ring,
    state: Bytes,
    /// Which state this is; a page remembers the last one that it was told.
    state_number: u64,
    link: Option<String>,
    qr_text: Option<String>,
    closed: bool,
}

/// How far a page has come.
#[derive(Debug, Default)]
pub(super) struct Seen {
    place: Place,
    state_number: u64,
    bye: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

impl Feed {
    /// A feed whose state is `joining`, with no media and no link yet.
    pub fn new() -> Self {
        let kept = Kept {
            ring: Ring::default(),
            state: wire::state(json!({"state": "joining"}).to_string().as_bytes()),
            state_number: 1,
            link: None,
            qr_text: None,
            closed: false,
        };
        Self(Arc::new(Shared { kept: Mutex::new(kept), given: watch::Sender::new(0) }))
    }

    /// Hands on what the playout clock released. Memory is bounded: old media is let go.
    pub fn media(&self, media: Media) {
        self.change(|kept| kept.ring.push(media));
    }

    /// Replaces the state (one JSON object, see the module); only the newest reaches a slow page.
    pub fn state(&self, state: Value) {
        let framed = wire::state(state.to_string().as_bytes());
        self.change(|kept| {
            kept.state = framed;
            kept.state_number = kept.state_number.saturating_add(1);
        });
    }

    /// The link that the share panel shows, copies and draws as a code.
    pub fn link(&self, link: String) {
        self.change(|kept| kept.link = Some(link));
    }

    /// A form of the link for the code alone (upper-case Base32 makes a smaller one).
    pub fn link_for_code(&self, text: String) {
        self.change(|kept| kept.qr_text = Some(text));
    }

    /// Lets each page take in what there is, then ends its stream.
    pub(super) fn close(&self) {
        self.change(|kept| kept.closed = true);
    }

    /// The link and the text to draw as a code.
    pub(super) fn shared_link(&self) -> Option<(String, String)> {
        let kept = self.0.kept.lock();
        let link = kept.link.clone()?;
        let code = kept.qr_text.clone().unwrap_or_else(|| link.clone());
        Some((link, code))
    }

    /// The next frame for a page: the state before media, since it is small and may end playing.
    pub(super) fn read(&self, seen: &mut Seen) -> Next {
        let kept = self.0.kept.lock();
        if seen.state_number != kept.state_number {
            seen.state_number = kept.state_number;
            return Next::Frame(kept.state.clone());
        }
        if let Some(frame) = kept.ring.read(&mut seen.place) {
            return Next::Frame(frame);
        }
        match (kept.closed, seen.bye) {
            (false, _) => Next::Wait,
            (true, true) => Next::End,
            (true, false) => {
                seen.bye = true;
                Next::Frame(wire::bye())
            }
        }
    }

    /// Wakes when something was given after this call.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.0.given.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.0.kept.lock());
        self.0.given.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// What [`Feed::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// To be sent now.
    Frame(Bytes),
    /// Nothing until something is given.
    Wait,
    /// The stream is over.
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(next: Next) -> String {
        let Next::Frame(frame) = next else { return format!("{next:?}") };
        String::from_utf8_lossy(&frame[6..]).into_owned()
    }

    #[test]
    fn a_page_is_told_the_newest_state_only() {
        let feed = Feed::new();
        let mut seen = Seen::default();
        feed.state(json!({"state": "waiting"}));
        feed.state(json!({"state": "playing"}));
        assert_eq!(text(feed.read(&mut seen)), r#"{"state":"playing"}"#);
        assert_eq!(feed.read(&mut seen), Next::Wait);
    }

    #[test]
    fn the_last_state_is_told_before_the_stream_ends() {
        let feed = Feed::new();
        feed.state(json!({"state": "ended"}));
        feed.close();
        let mut seen = Seen::default();
        assert_eq!(text(feed.read(&mut seen)), r#"{"state":"ended"}"#);
        assert_eq!(feed.read(&mut seen), Next::Frame(wire::bye()));
        assert_eq!(feed.read(&mut seen), Next::End);
    }

    #[test]
    fn the_code_shows_the_link_unless_a_shorter_form_is_given() {
        let feed = Feed::new();
        assert_eq!(feed.shared_link(), None);
        feed.link("link".into());
        assert_eq!(feed.shared_link(), Some(("link".into(), "link".into())));
        feed.link_for_code("LINK".into());
        assert_eq!(feed.shared_link(), Some(("link".into(), "LINK".into())));
    }
}
