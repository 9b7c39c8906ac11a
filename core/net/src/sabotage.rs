//! Breaks a node on purpose, in builds that are made for it: a bench that can't fail shows nothing.
//!
//! `MANYHANDS_SABOTAGE` is `no-forward`, `no-repair`, `bit-flip`, `no-yield` (the
//! line's queue is nothing to it), `no-budget` (others may name any address,
//! which is dialled without a limit) or `cannon=ADDRESSES` (a hostile member that names these); without
//! the cargo feature `sabotage` it is not read.

mod cannon;

use std::net::SocketAddr;

use bytes::Bytes;
use manyhands_swarm::message::Introduce;
use manyhands_swarm::{Config, Message, Role, Time};

use self::cannon::Cannon;

/// How this node misbehaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sabotage {
    no_forward: bool,
    no_repair: bool,
    bit_flip: bool,
    no_budget: bool,
    no_yield: bool,
    cannon: Option<Cannon>,
}

impl Sabotage {
    /// What the environment asks for, if this build listens to it.
    pub(crate) fn from_environment() -> Self {
        let asked = if cfg!(feature = "sabotage") {
            std::env::var("MANYHANDS_SABOTAGE").unwrap_or_default()
        } else {
            String::new()
        };
        Self {
            no_forward: asked == "no-forward",
            no_repair: asked == "no-repair",
            bit_flip: asked == "bit-flip",
            no_budget: asked == "no-budget",
            no_yield: asked == "no-yield",
            cannon: asked.strip_prefix("cannon=").and_then(Cannon::aimed_at),
        }
    }

    /// Changes how the overlay is set up.
    pub(crate) fn configure(&self, mut config: Config) -> Config {
        if config.role != Role::Origin {
            config.forward &= !self.no_forward;
            if self.no_repair {
                config.mechanisms = config.mechanisms.without_repair();
            }
        }
        config.wary &= !self.no_budget;
        if self.cannon.is_some() {
            // It takes what it is given, gives nothing, and sends nothing to anybody whom it names.
            (config.forward, config.dials) = (false, false);
            config.mechanisms = config.mechanisms.without_repair();
        }
        config
    }

    /// Whether dials to addresses that others name are not limited.
    pub(crate) fn dials_freely(&self) -> bool {
        self.no_budget
    }

    /// Whether it gives way to nothing else on its line.
    pub(crate) fn never_yields(&self) -> bool {
        self.no_yield
    }

    /// Changes what is said to a neighbour.
    pub(crate) fn say(&mut self, message: &mut Message) {
        if let Some(cannon) = &mut self.cannon {
            cannon.twist(message);
        }
    }

    /// What is said to each neighbour besides, now.
    pub(crate) fn say_besides(&mut self, now: Time) -> Vec<Message> {
        self.cannon.as_mut().map(|cannon| cannon.volley(now)).unwrap_or_default()
    }

    /// What is answered in the place of an honest introduction.
    pub(crate) fn introduce(&mut self, asked: &Introduce) -> Option<Message> {
        self.cannon.as_mut().map(|cannon| cannon.answer(asked))
    }

    /// At which address a neighbour is said to be seen.
    pub(crate) fn see(&mut self, address: SocketAddr) -> SocketAddr {
        self.cannon.as_mut().map_or(address, Cannon::address)
    }

    /// Changes what a viewer sends.
    pub(crate) fn send(&self, role: Role, data: Bytes) -> Bytes {
        if !self.bit_flip || role == Role::Origin {
            return data;
        }
        let mut bytes = data.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        bytes.into()
    }
}
