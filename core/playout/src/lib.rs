//! When a viewer shows what: the playout clock, the first picture, stalls and jumps.
//!
//! One clock for page, file and phones, and for the simulator's viewers. It sees a broadcast as
//! moments of media time and knows neither bytes nor sockets: a [`Buffer`] says what is complete, and
//! [`Playout::advance`] moves the position on. Pure: time is an argument, in microseconds; `now_us` is
//! the viewer's own clock, `media_us` the broadcaster's.

mod advance;
mod clock;
mod lateness;
mod start;
mod window;

pub use advance::{Beginning, Buffer, Moved};
pub use clock::{Playout, State};
