//! QUIC's timers on a grid, so that those of many connections wake the device together.
//!
//! A viewer has some twenty connections, each with a timer of its own for acknowledgements, losses
//! and beats. On a grid of [`GRID`] they cost one wake-up where they cost many.

use std::future::Future;
use std::io;
use std::net::UdpSocket;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime};

/// A timer is late by this at most. Nothing that QUIC times is finer than its 25 ms for
/// acknowledgements, but for pacing, which sends ahead by more than this.
const GRID: Duration = Duration::from_millis(5);

/// Tokio, with timers on the grid.
#[derive(Debug)]
pub(crate) struct GridRuntime {
    zero: Instant,
}

impl GridRuntime {
    pub(crate) fn new() -> Self {
        Self { zero: Instant::now() }
    }
}

impl Runtime for GridRuntime {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        let inner = TokioRuntime.new_timer(next(self.zero, at));
        Box::pin(GridTimer { zero: self.zero, inner })
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        TokioRuntime.spawn(future);
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}

#[derive(Debug)]
struct GridTimer {
    zero: Instant,
    inner: Pin<Box<dyn AsyncTimer>>,
}

impl AsyncTimer for GridTimer {
    fn reset(mut self: Pin<&mut Self>, at: Instant) {
        let at = next(self.zero, at);
        self.inner.as_mut().reset(at);
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.as_mut().poll(cx)
    }
}

/// The first moment of the grid that is not before `at`.
fn next(zero: Instant, at: Instant) -> Instant {
    let grid = GRID.as_micros() as u64;
    let since = at.saturating_duration_since(zero).as_micros() as u64;
    let late = since.next_multiple_of(grid) - since;
    at + Duration::from_micros(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_put_off_to_the_grid_and_never_brought_forward() {
        let zero = Instant::now();
        let ms = |ms: f64| zero + Duration::from_secs_f64(ms / 1000.0);
        for (at, expected) in [(0.0, 0.0), (0.001, 5.0), (4.999, 5.0), (5.0, 5.0), (12.3, 15.0)] {
            let late = next(zero, ms(at)).duration_since(ms(expected));
            assert!(late < Duration::from_micros(1), "{at}: {late:?}");
        }
    }
}
