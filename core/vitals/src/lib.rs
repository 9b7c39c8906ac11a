//! A broadcaster's look at itself, once a second: how it goes, and what the encoder should make.
//!
//! A [`Look`] is what the overlay, the network and the device have counted by now; [`Vitals`] makes a
//! word with its cause of it ([`Health`]), and for a camera the picture that the uplink carries and
//! viewers can pass on ([`Target`]). The same for the program and for the simulator's broadcaster.
//! Pure: time is an argument.

mod adaptation;
mod health;
mod look;
mod vitals;

pub use adaptation::{Picture, Target};
pub use health::{Cause, Health, HealthSoFar, Level};
pub use look::{Crowd, Look};
pub use vitals::{News, Vitals};
