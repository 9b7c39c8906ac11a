//! The core as Kotlin and Swift see it: records for data, two objects for what runs.
//!
//! A face on `session` and nothing more; what both shells would have to decide is decided there.
//! The driving contract:
//!
//! - `push_*` is called from any thread, borrows its bytes and never waits.
//! - `next_*` waits for one thing and gives it, and `None` when it is over. Neither language's
//!   cancellation reaches a call that waits here: [`Viewer::stop`] and [`Broadcaster::stop`] end it.
//! - A [`Failure`] has a kind to act on and a message for a person.
//! - A panic inside becomes an error of the calling language, as long as panics unwind.

mod broadcaster;
mod event;
mod failure;
mod figures;
mod finding;
mod format;
mod health;
mod lending;
mod link;
mod logging;
mod reason;
mod runtime;
mod viewer;

pub use broadcaster::{Broadcaster, GoLive, bytes_an_hour};
pub use event::{EndReason, SessionEvent, WatchState};
pub use failure::Failure;
pub use figures::Figures;
pub use format::{
    AudioCodec, AudioFormat, AudioTrack, AudioUnit, Framing, Times, VideoFormat, VideoTrack,
    VideoUnit,
};
pub use health::{EncoderTarget, Health, HealthCause, HealthLevel, OnAir, Picture};
pub use lending::{
    DeviceState, GivenSoFar, Heat, LendingLimits, LendingOn, LendingSetup, NetworkKind, PlayState,
    given_so_far,
};
pub use link::{
    ChannelKeys, LinkInfo, ShareForms, inspect_link, new_channel, open_link, share_forms,
};
pub use reason::LendingReason;
pub use viewer::{Join, Viewer};

uniffi::setup_scaffolding!("manyhands");
