//! Breaks a node on purpose, in builds that are made for it: a bench that can't fail shows nothing.
//!
//! `MANYHANDS_SABOTAGE` is `no-forward`, `no-repair` or `bit-flip`; without the cargo feature
//! `sabotage` it is not read.

use bytes::Bytes;
use manyhands_swarm::{Config, Role};

/// How this node misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sabotage {
    no_forward: bool,
    no_repair: bool,
    bit_flip: bool,
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
        }
    }

    /// Changes how the overlay is set up.
    pub(crate) fn configure(self, mut config: Config) -> Config {
        if config.role != Role::Origin {
            config.forward &= !self.no_forward;
            config.repair &= !self.no_repair;
        }
        config
    }

    /// Changes what a viewer sends.
    pub(crate) fn send(self, role: Role, data: Bytes) -> Bytes {
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
