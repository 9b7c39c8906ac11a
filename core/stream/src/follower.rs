//! A place in a channel's rosters and the newest public state: all that a relay has, and what a
//! [`crate::Member`] has besides its keys.
//!
//! Begins with a channel and a secret; a welcome makes it complete. It proves its place and checks
//! everybody and every piece; nothing in it opens anything.

use crate::proof::{Exported, Hello, Proof, ProofError};
use crate::welcome::verify_cert;
use crate::{
    ChannelKey, Floor, MemberError, MemberSecret, News, RETIRED_STARTED_MS, Refused, RunView,
    Verdict, Verified, Welcome,
};

/// Somebody's place in a channel, with the run's public state once it is known.
#[derive(Debug)]
pub struct Follower {
    channel: ChannelKey,
    secret: MemberSecret,
    floor: Floor,
    retired: bool,
    view: Option<RunView>,
}

/// What became of a state that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) news: News,
    /// There is a roster that was not here before.
    pub(crate) roster: bool,
}

impl Follower {
    /// Who holds `secret` in the rosters of `channel`. `floor` is what was stored of the channel.
    pub fn new(channel: ChannelKey, secret: MemberSecret, floor: Floor) -> Self {
        Self { channel, secret, floor, retired: false, view: None }
    }

    /// The channel.
    pub fn channel(&self) -> ChannelKey {
        self.channel
    }

    /// What its keys in the rosters are made of.
    pub fn secret(&self) -> &MemberSecret {
        &self.secret
    }

    /// The run's public state, once there is one.
    pub fn view(&self) -> Option<&RunView> {
        self.view.as_ref()
    }

    /// The greatest state seen of this channel.
    pub fn floor(&self) -> Floor {
        self.view.as_ref().map_or(self.floor, RunView::floor).max(self.floor)
    }

    /// Takes what a peer gives a newcomer. In a run that is known it moves forward only; a later run
    /// takes the place of the known one.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_welcome(
        &mut self,
        welcome: &Welcome,
        now_unix_ms: u64,
    ) -> Result<News, MemberError> {
        let verified = self.verify(welcome, now_unix_ms)?;
        self.handle_verified(verified, now_unix_ms)
    }

    /// As [`Follower::handle_welcome`] with what [`crate::proof::check_listener`] has checked.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_verified(
        &mut self,
        verified: Verified,
        now_unix_ms: u64,
    ) -> Result<News, MemberError> {
        self.take(verified, now_unix_ms).map(|taken| taken.news)
    }

    /// Takes a head of the run.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_head(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, MemberError> {
        let view = self.view.as_mut().ok_or(MemberError::NoRun)?;
        Ok(view.handle_head(bytes, now_unix_ms)?)
    }

    /// Takes the roster that the newest head names.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_roster(&mut self, bytes: &[u8]) -> Result<News, MemberError> {
        let view = self.view.as_mut().ok_or(MemberError::NoRun)?;
        Ok(view.handle_roster(bytes)?)
    }

    /// Judges a certificate of the channel. [`News::NewRun`]: ask for its head and roster and call
    /// [`Follower::handle_welcome`]. [`News::Retired`] is final.
    ///
    /// # Errors
    /// See [`MemberError`].
    pub fn handle_cert(&mut self, bytes: &[u8], now_unix_ms: u64) -> Result<News, MemberError> {
        let cert = verify_cert(bytes, &self.channel, now_unix_ms)?;
        if cert.fields().retired {
            self.retire();
            return Ok(News::Retired);
        }
        Ok(match self.view.as_ref() {
            Some(view) => view.handle_cert(bytes, now_unix_ms)?,
            None if cert.fields().started_ms >= self.floor.started_ms => News::NewRun,
            None => News::Older,
        })
    }

    /// Judges a piece; without a run, [`Verdict::Unknown`].
    pub fn verify_piece(&mut self, bytes: &[u8]) -> Verdict {
        self.view.as_mut().map_or(Verdict::Unknown, |view| view.verify_piece(bytes))
    }

    /// Proves its place for the epoch that `hello` names: as a dialler what answers it, as a
    /// listener with its own [`RunView::hello`]. `exported` is the exporter value for this end's role.
    ///
    /// # Errors
    /// [`ProofError::OlderBroadcast`].
    pub fn prove(&self, hello: &Hello, exported: &Exported) -> Result<Proof, ProofError> {
        let known = self.view.as_ref().map_or(0, |view| view.cert().fields().broadcast);
        if hello.broadcast < known {
            return Err(ProofError::OlderBroadcast);
        }
        Ok(Proof::sign(&self.secret.signer(&hello.eid), exported))
    }

    pub(crate) fn verify(
        &mut self,
        welcome: &Welcome,
        now_unix_ms: u64,
    ) -> Result<Verified, MemberError> {
        welcome.verify(&self.channel, now_unix_ms).map_err(|refused| {
            if refused == Refused::Retired {
                self.retire();
            }
            refused.into()
        })
    }

    pub(crate) fn take(
        &mut self,
        verified: Verified,
        now_unix_ms: u64,
    ) -> Result<Taken, MemberError> {
        if self.retired {
            return Err(Refused::Retired.into());
        }
        let run = verified.cert.fields().run;
        let Some(view) = self.view.as_mut().filter(|view| view.run() == run) else {
            return self.begin(verified, now_unix_ms);
        };
        if verified.floor() <= view.floor() && view.wanted_roster().is_none() {
            let same = verified.floor() == view.floor();
            return Ok(Taken { news: if same { News::Known } else { News::Older }, roster: false });
        }
        let news = view.handle_head(verified.head.bytes(), now_unix_ms)?;
        match view.handle_roster(verified.roster.bytes()) {
            Ok(News::Newer) => Ok(Taken { news: News::Newer, roster: true }),
            Ok(_) | Err(Refused::OtherRoster) => Ok(Taken { news, roster: false }),
            Err(refused) => Err(refused.into()),
        }
    }

    fn begin(&mut self, verified: Verified, now_unix_ms: u64) -> Result<Taken, MemberError> {
        let known = self.view.as_ref().map(|view| view.cert().fields().started_ms);
        let later = known.is_none_or(|known| verified.cert.fields().started_ms > known);
        if !later || verified.floor() < self.floor {
            return Err(Refused::Rollback.into());
        }
        self.floor = self.floor();
        self.view = Some(RunView::new(verified, now_unix_ms));
        Ok(Taken { news: News::NewRun, roster: true })
    }

    fn retire(&mut self) {
        self.retired = true;
        self.floor = Floor { started_ms: RETIRED_STARTED_MS, ..Floor::default() };
        self.view = None;
    }
}
