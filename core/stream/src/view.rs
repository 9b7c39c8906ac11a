//! The public state of a run, the same for origin, viewers and relays: what is needed to check
//! pieces, heads, rosters and peers, and nothing that opens anything.
//!
//! Invariant: it only moves forward (SECURITY 11). A new run is a new view.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;

use crate::proof::Hello;
use crate::welcome::{self, named_roster, verify_cert};
use crate::{
    Cert, Floor, Freshness, Head, HeadState, MemberKey, News, PieceHeader, Refused, Roster, RunId,
    STALE_AHEAD, Standing, TrackInfo, Verdict, Verified, WINDOW_MS, Welcome, piece,
};

/// Without a newer head for this long the broadcast counts as cut off; heads come once a second.
const CUT_OFF_MS: u64 = 3000;

/// A run as everybody sees it.
#[derive(Clone, Debug)]
pub struct RunView {
    cert: Cert,
    broadcaster: VerifyingKey,
    head: Head,
    head_seen_ms: u64,
    roster: Roster,
    /// The newest head that names `roster`: what a newcomer can be given.
    paired: Head,
    /// The newest chunk of each track that a signature vouches for.
    edges: BTreeMap<u8, u32>,
}

impl RunView {
    /// Begins with a complete, checked state.
    pub fn new(verified: Verified, now_unix_ms: u64) -> Self {
        let Verified { cert, broadcaster, head, roster } = verified;
        let paired = head.clone();
        let mut view = Self {
            cert,
            broadcaster,
            head,
            head_seen_ms: now_unix_ms,
            roster,
            paired,
            edges: BTreeMap::new(),
        };
        view.raise_edges();
        view
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.cert.fields().run
    }

    /// The certificate.
    pub fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The newest head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The newest roster that is here; [`RunView::wanted_roster`] says when a newer one is named.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The hash of the roster that the newest head names, when it is not here.
    pub fn wanted_roster(&self) -> Option<[u8; 32]> {
        let named = self.head.fields().roster;
        (named != *self.roster.hash()).then_some(named)
    }

    /// The newest complete state, for a newcomer.
    pub fn welcome(&self) -> Welcome {
        Welcome {
            cert: self.cert.bytes().clone(),
            head: self.paired.bytes().clone(),
            roster: self.roster.bytes().clone(),
        }
    }

    /// A listener's first words: for which epoch a dialler is to prove itself.
    pub fn hello(&self) -> Hello {
        Hello { eid: self.roster.eid(), broadcast: self.cert.fields().broadcast }
    }

    /// The greatest state seen, to be stored by viewers.
    pub fn floor(&self) -> Floor {
        let head = self.head.fields();
        let current = head.epoch == self.roster.epoch();
        Floor {
            started_ms: self.cert.fields().started_ms,
            epoch: head.epoch,
            rev: if current { self.roster.rev() } else { 0 },
            head_no: head.head_no,
        }
    }

    /// Whether the broadcast is live.
    pub fn freshness(&self, now_unix_ms: u64) -> Freshness {
        let issued_ms = self.head.fields().issued_ms;
        if now_unix_ms.abs_diff(issued_ms) > welcome::FRESH_MS {
            Freshness::NotLive { issued_ms }
        } else if now_unix_ms.saturating_sub(self.head_seen_ms) > CUT_OFF_MS {
            Freshness::CutOff
        } else {
            Freshness::Live
        }
    }

    /// Whether the broadcaster has said that it is over.
    pub fn is_ended(&self) -> bool {
        self.head.fields().state == HeadState::Ended
    }

    /// What `member` is in the newest roster. A name only: the proof is a signature.
    pub fn check_member(&self, member: &MemberKey) -> Standing {
        if *member == self.cert.fields().broadcaster {
            Standing::Broadcaster
        } else if self.roster.entry(member).is_some() {
            Standing::Member
        } else if self.roster.is_tagged(member) {
            Standing::Revoked
        } else {
            Standing::Stranger
        }
    }

    /// The newest chunk of a track that a head or a good piece has vouched for.
    pub fn edge(&self, track: u8) -> Option<u32> {
        self.edges.get(&track).copied()
    }

    /// Judges a whole piece. A piece does not name its run: whoever calls knows of which run the
    /// connection is, and gives the piece to that run's view.
    pub fn verify_piece(&mut self, bytes: &[u8]) -> Verdict {
        let Ok(header) = PieceHeader::parse(bytes) else {
            return Verdict::Bad;
        };
        let (Some(info), Some(edge)) = (self.head.track(header.track), self.edge(header.track))
        else {
            return Verdict::Unknown;
        };
        let [newest_epoch, ..] = self.head.fields().epoch.to_le_bytes();
        if header.epoch.wrapping_sub(newest_epoch).cast_signed() > 0 {
            return Verdict::Unknown;
        }
        if is_stale(header.chunk, edge, info) {
            return Verdict::Stale;
        }
        if !piece::verify_piece(&self.broadcaster, &self.cert.fields().run, bytes) {
            return Verdict::Bad;
        }
        self.edges.insert(header.track, edge.max(header.chunk));
        Verdict::Good(header)
    }

    /// Takes a head. One that is not newer is answered before its signature is checked.
    ///
    /// # Errors
    /// See [`Refused`]; this view is then as before.
    pub fn handle_head(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, Refused> {
        if bytes == self.head.bytes() {
            return Ok(News::Known);
        }
        let head = Head::parse(bytes)?;
        if head.fields().run != self.run() {
            return Err(Refused::OtherRun);
        }
        if head.fields().head_no <= self.head.fields().head_no {
            return Ok(News::Older);
        }
        if !head.verify(&self.broadcaster) {
            return Err(Refused::Signature);
        }
        if head.fields().epoch < self.head.fields().epoch {
            return Err(Refused::Rollback);
        }
        self.install_head(head, now_unix_ms);
        Ok(News::Newer)
    }

    /// Takes the roster that the newest head names; the head comes first.
    ///
    /// # Errors
    /// [`Refused::OtherRoster`] when the newest head does not name it, and see [`Refused`]; this
    /// view is then as before.
    pub fn handle_roster(&mut self, bytes: &[u8]) -> Result<News, Refused> {
        if bytes == self.roster.bytes() {
            return Ok(News::Known);
        }
        let roster = named_roster(&self.head, bytes)?;
        if (roster.epoch(), roster.rev()) <= (self.roster.epoch(), self.roster.rev()) {
            return Err(Refused::Rollback);
        }
        self.install_roster(roster);
        Ok(News::Newer)
    }

    /// Judges a certificate of this channel. It never changes this view.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn handle_cert(&self, bytes: &[u8], now_unix_ms: u64) -> Result<News, Refused> {
        if bytes == self.cert.bytes() {
            return Ok(News::Known);
        }
        let cert = verify_cert(bytes, &self.cert.fields().channel, now_unix_ms)?;
        Ok(if cert.fields().retired {
            News::Retired
        } else if cert.fields().started_ms > self.cert.fields().started_ms {
            News::NewRun
        } else {
            News::Older
        })
    }

    pub(crate) fn install_head(&mut self, head: Head, now_unix_ms: u64) {
        if head.fields().roster == *self.roster.hash() {
            self.paired = head.clone();
        }
        self.head = head;
        self.head_seen_ms = now_unix_ms;
        self.raise_edges();
    }

    /// `roster` must be the one that the newest head names.
    pub(crate) fn install_roster(&mut self, roster: Roster) {
        self.roster = roster;
        self.paired = self.head.clone();
    }

    pub(crate) fn broadcaster(&self) -> &VerifyingKey {
        &self.broadcaster
    }

    fn raise_edges(&mut self) {
        for info in &self.head.fields().tracks {
            let edge = self.edges.entry(info.track).or_insert(info.edge);
            *edge = info.edge.max(*edge);
        }
    }
}

/// Outside `[edge − window, edge + 20]`.
fn is_stale(chunk: u32, edge: u32, info: &TrackInfo) -> bool {
    let window = WINDOW_MS / u32::from(info.chunk_ms).max(1);
    chunk < edge.saturating_sub(window) || chunk > edge.saturating_add(STALE_AHEAD)
}
