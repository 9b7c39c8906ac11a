//! The one thread on which network, clock and page run, and its rests.
//!
//! Datagrams come in bursts, and with them timers and tasks of many connections. A thread that looks at
//! each at once is woken hundreds of times a second, and being woken was the largest cost of a viewer.
//! So it looks again [`REST`] after it was last woken, at everything that has come until then. What comes
//! after a longer silence is looked at immediately.

use std::cell::Cell;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// From one waking to the next, at least.
const REST: Duration = Duration::from_millis(4);

thread_local! {
    static WOKEN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Encoding, files and terminals have threads of their own.
pub(crate) fn build() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().on_thread_park(rest).on_thread_unpark(woken).build()
}

fn woken() {
    WOKEN.set(Some(Instant::now()));
}

fn rest() {
    if let Some(woken) = WOKEN.take() {
        thread::sleep(REST.saturating_sub(woken.elapsed()));
    }
}
