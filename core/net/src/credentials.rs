//! The keys and the signed state that a node acts with: a broadcaster's, a viewer's or a relay's.
//!
//! The one place where the network layer meets [`manyhands_stream`]'s two sides of a run.

use manyhands_stream::proof::{self, EXPORTER_LABEL, EXPORTER_LEN, Exported, Hello, Proof, Role};
use manyhands_stream::{
    ChannelKey, Eid, HeadState, Member, MemberError, MemberSecret, News, Origin, OriginError,
    Permit, PermitError, Relay, RunView, Secret, Standing, Ticket, Verdict, Verified, Welcome,
};
use manyhands_swarm::TrackConfig;
use quinn::Connection;

use crate::control::RunState;
use crate::identity::peer_spki;
use crate::unix_ms;

/// A broadcaster's run, a viewer's membership, or a relay's place.
#[derive(Debug)]
pub enum Credentials {
    /// The broadcaster.
    Origin(Box<Origin>),
    /// A viewer.
    Viewer(Box<Member>),
    /// A relay.
    Relay(Box<Relay>),
}

/// Why a connection is not let in, or not believed. The other end sees one close code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no run to let anybody into yet.
    #[error("no run is known yet")]
    NoRun,
    /// TLS did not give what is to be signed.
    #[error("TLS gave no exporter value")]
    Exporter,
    /// A message has the wrong form.
    #[error("malformed: {0}")]
    Format(#[from] manyhands_stream::FormatError),
    /// The proof or the listener's state is not believed.
    #[error(transparent)]
    Proof(#[from] proof::ProofError),
    /// The state that was given is not believed, or we are not in it.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// What was shown to this relay does not put it to work.
    #[error(transparent)]
    Permit(#[from] PermitError),
    /// The relay can't be put into the roster.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// Only relays are shown permits, and only broadcasters show them.
    #[error("a permit where none belongs")]
    NoRelay,
}

/// What became newer by what a peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) new_run: bool,
    pub(crate) new_roster: bool,
}

/// What the dialler learned from a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeted {
    pub(crate) origin: bool,
    pub(crate) adopted: Option<Adopted>,
    /// The listener knows less than we do.
    pub(crate) ours_newer: bool,
}

impl Credentials {
    /// The run's public state, once there is one.
    #[must_use]
    pub fn view(&self) -> Option<&RunView> {
        match self {
            Self::Origin(origin) => Some(origin.view()),
            Self::Viewer(member) => member.view(),
            Self::Relay(relay) => relay.carried()?.view(),
        }
    }

    /// Whose broadcast it is, once that is known: a relay learns it from its first broadcaster.
    #[must_use]
    pub fn channel(&self) -> Option<ChannelKey> {
        match self {
            Self::Origin(origin) => Some(origin.view().cert().fields().channel),
            Self::Viewer(member) => Some(member.channel()),
            Self::Relay(relay) => Some(relay.carried()?.channel()),
        }
    }

    /// Nobody is to learn from this node where the broadcaster is.
    pub(crate) fn is_shielding(&self) -> bool {
        matches!(self, Self::Relay(relay) if relay.is_shielding())
    }

    /// The broadcaster has said, signed, that it is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.view().is_some_and(RunView::is_ended)
    }

    /// The broadcaster has said that it pauses.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.view().is_some_and(|v| v.head().fields().state == HeadState::Paused)
    }

    pub(crate) fn hello(&self) -> Result<Hello, Refusal> {
        self.view().map(RunView::hello).ok_or(Refusal::NoRun)
    }

    /// The dialler's proof for the epoch that the listener named.
    pub(crate) fn prove(&self, hello: &Hello, exporter: &Exporter) -> Result<Proof, Refusal> {
        self.sign(hello, &exporter.value(Role::Dialler, &hello.eid)?)
    }

    fn sign(&self, hello: &Hello, exported: &Exported) -> Result<Proof, Refusal> {
        Ok(match self {
            Self::Origin(origin) => origin.prove(hello, exported),
            Self::Viewer(member) => member.prove(hello, exported)?,
            Self::Relay(relay) => relay.carried().ok_or(Refusal::NoRun)?.prove(hello, exported)?,
        })
    }

    /// The listener's check of a dialler; says whether it is the broadcaster.
    pub(crate) fn check_dialler(
        &self,
        hello: &Hello,
        proof: &[u8],
        exporter: &Exporter,
    ) -> Result<bool, Refusal> {
        let proof = Proof::parse(proof)?;
        let exported = exporter.value(Role::Dialler, &hello.eid)?;
        let view = self.view().ok_or(Refusal::NoRun)?;
        Ok(view.check_dialler(&proof, &exported, unix_ms())? == Standing::Broadcaster)
    }

    /// What the listener answers a proven dialler: its own proof, and the run.
    pub(crate) fn welcome(&self, hello: &Hello, exporter: &Exporter) -> Result<RunState, Refusal> {
        let proof = self.sign(hello, &exporter.value(Role::Listener, &hello.eid)?)?;
        let mut state = self.state().ok_or(Refusal::NoRun)?;
        state.proof = proof.to_bytes().to_vec();
        Ok(state)
    }

    /// The dialler's check of the listener; what the listener knew better is adopted.
    pub(crate) fn check_listener(
        &mut self,
        hello: &Hello,
        state: RunState,
        exporter: &Exporter,
    ) -> Result<Greeted, Refusal> {
        let proof = Proof::parse(&state.proof)?;
        let exported = exporter.value(Role::Listener, &hello.eid)?;
        let channel = self.channel().ok_or(Refusal::NoRun)?;
        let welcome = state.into_welcome();
        let now = unix_ms();
        let (verified, standing) =
            proof::check_listener(&channel, &welcome, hello, &proof, &exported, now)?;
        let theirs = verified.floor();
        let ours_newer = self.view().is_some_and(|view| {
            let ours = view.floor();
            (ours.started_ms, ours.epoch, ours.rev) > (theirs.started_ms, theirs.epoch, theirs.rev)
        });
        let adopted = if ours_newer { None } else { self.adopt(verified, now)? };
        Ok(Greeted { origin: standing == Standing::Broadcaster, adopted, ours_newer })
    }

    /// Takes what was checked, if it is newer. The origin knows best.
    fn adopt(&mut self, verified: Verified, now: u64) -> Result<Option<Adopted>, Refusal> {
        let news = match self {
            Self::Origin(_) => return Ok(None),
            Self::Viewer(member) => member.handle_verified(verified, now)?,
            Self::Relay(relay) => {
                relay.carried_mut().ok_or(Refusal::NoRun)?.handle_verified(verified, now)?
            }
        };
        Ok(adopted(news, true))
    }

    /// Takes a run state that a proven peer sends, if it is newer.
    pub(crate) fn adopt_state(&mut self, state: RunState) -> Result<Option<Adopted>, Refusal> {
        let (welcome, now) = (state.into_welcome(), unix_ms());
        let news = match self {
            Self::Origin(_) => return Ok(None),
            Self::Viewer(member) => {
                member.handle_welcome(&welcome.cert, &welcome.head, &welcome.roster, now)?
            }
            Self::Relay(relay) => {
                relay.carried_mut().ok_or(Refusal::NoRun)?.handle_welcome(&welcome, now)?
            }
        };
        Ok(adopted(news, true))
    }

    /// Takes a head of the known run, if it is newer. An error asks for the whole state; so does a
    /// head that names a roster which is not here.
    pub(crate) fn adopt_head(&mut self, head: &[u8]) -> Result<Option<Adopted>, Refusal> {
        let news = match self {
            Self::Origin(_) => return Ok(None),
            Self::Viewer(member) => member.handle_head(head, unix_ms())?,
            Self::Relay(relay) => {
                relay.carried_mut().ok_or(Refusal::NoRun)?.handle_head(head, unix_ms())?
            }
        };
        Ok(adopted(news, false))
    }

    /// The newest head names a roster that is not here.
    pub(crate) fn lacks_roster(&self) -> bool {
        self.view().is_some_and(|view| view.wanted_roster().is_some())
    }

    /// Certificate, head and roster, for a peer that needs them.
    pub(crate) fn state(&self) -> Option<RunState> {
        let Welcome { cert, head, roster } = self.view()?.welcome();
        Some(RunState::news(cert.to_vec(), head.to_vec(), roster.to_vec()))
    }

    /// The newest head and its number.
    pub(crate) fn head(&self) -> Option<(u64, Vec<u8>)> {
        let head = self.view()?.head();
        Some((head.fields().head_no, head.bytes().to_vec()))
    }

    /// The tracks as the overlay wants them.
    #[must_use]
    pub fn tracks(&self) -> Vec<TrackConfig> {
        let Some(view) = self.view() else { return Vec::new() };
        let tracks = view.head().fields().tracks.iter();
        tracks
            .map(|t| TrackConfig {
                track: t.track,
                k: t.k,
                parity: t.parity,
                chunk_ms: t.chunk_ms,
                wire_bps: u32::from(t.kbps) * 1000,
            })
            .collect()
    }

    pub(crate) fn verify_piece(&mut self, bytes: &[u8]) -> Verdict {
        match self {
            // The origin receives nothing that it has not made.
            Self::Origin(_) => Verdict::Stale,
            Self::Viewer(member) => member.verify_piece(bytes),
            Self::Relay(relay) => {
                relay.carried_mut().map_or(Verdict::Unknown, |carried| carried.verify_piece(bytes))
            }
        }
    }

    /// Origin: what puts the relay of `ticket` to work, over the connection of `exporter`.
    pub(crate) fn permit(
        &self,
        ticket: &Ticket,
        shielded: bool,
        exporter: &Exporter,
    ) -> Result<Vec<u8>, Refusal> {
        let Self::Origin(origin) = self else { return Err(Refusal::NoRelay) };
        let exported = exporter.value(Role::Dialler, &Eid(origin.run().0))?;
        Ok(origin.permit(ticket, shielded, &exported).to_bytes().expose().clone())
    }

    /// Relay: judges such a permit; the answer is the secret of its place.
    pub(crate) fn admit(
        &mut self,
        shown: &[u8],
        exporter: &Exporter,
    ) -> Result<Secret<[u8; 32]>, Refusal> {
        let Self::Relay(relay) = self else { return Err(Refusal::NoRelay) };
        let permit = Permit::parse(shown)?;
        let exported = exporter.value(Role::Dialler, &permit.context())?;
        let secret = relay.admit(&permit, &exported, unix_ms(), &mut rand::rng())?;
        Ok(secret.secret().clone())
    }

    /// Origin: puts the relay into the roster.
    pub(crate) fn add_relay(
        &mut self,
        ticket: &Ticket,
        secret: &[u8],
    ) -> Result<Option<Adopted>, Refusal> {
        let Self::Origin(origin) = self else { return Err(Refusal::NoRelay) };
        let secret = secret.try_into().map_err(|_| Refusal::NoRelay)?;
        let secret = MemberSecret::from_bytes(secret);
        let added = origin.add_relay(ticket, secret, unix_ms(), &mut rand::rng())?;
        Ok(added.map(|_| Adopted { new_run: false, new_roster: true }))
    }
}

fn adopted(news: News, with_roster: bool) -> Option<Adopted> {
    match news {
        News::NewRun => Some(Adopted { new_run: true, new_roster: true }),
        News::Newer => Some(Adopted { new_run: false, new_roster: with_roster }),
        News::Known | News::Older | News::Retired => None,
    }
}

impl RunState {
    /// Without a proof: what is sent when something newer becomes known.
    pub(crate) fn news(cert: Vec<u8>, head: Vec<u8>, roster: Vec<u8>) -> Self {
        Self { proof: Vec::new(), cert, head, roster }
    }

    fn into_welcome(self) -> Welcome {
        Welcome { cert: self.cert.into(), head: self.head.into(), roster: self.roster.into() }
    }
}

/// The TLS exporter of one connection, with both ends' keys.
pub(crate) struct Exporter {
    connection: Connection,
    theirs: Vec<u8>,
    spki_dialler: Vec<u8>,
    spki_listener: Vec<u8>,
}

impl Exporter {
    pub(crate) fn new(
        connection: &Connection,
        ours: &[u8],
        we_dialled: bool,
    ) -> Result<Self, Refusal> {
        let theirs = peer_spki(connection).ok_or(Refusal::Exporter)?;
        let (spki_dialler, spki_listener) = if we_dialled {
            (ours.to_vec(), theirs.clone())
        } else {
            (theirs.clone(), ours.to_vec())
        };
        Ok(Self { connection: connection.clone(), theirs, spki_dialler, spki_listener })
    }

    pub(crate) fn their_spki(&self) -> &[u8] {
        &self.theirs
    }

    fn value(&self, role: Role, eid: &Eid) -> Result<Exported, Refusal> {
        let context = proof::exporter_context(role, &self.spki_dialler, &self.spki_listener, eid);
        let mut exported = [0; EXPORTER_LEN];
        self.connection
            .export_keying_material(&mut exported, EXPORTER_LABEL, &context)
            .map_err(|_| Refusal::Exporter)?;
        Ok(exported)
    }
}
