//! Ctrl-C and SIGTERM: the first asks to leave in good order, the second ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Exit, Failure};

/// Waits for somebody to stop the program.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let make = |kind| signal(kind).map_err(|e| Failure::local("signal handling", e));
        Ok(Self {
            interrupt: make(SignalKind::interrupt())?,
            terminate: make(SignalKind::terminate())?,
        })
    }

    /// Returns when the program is to leave; from then on a second request ends it at once.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        if let Ok(mut again) = signal(SignalKind::interrupt()) {
            tokio::spawn(async move {
                again.recv().await;
                std::process::exit(Exit::Interrupted as i32);
            });
        }
    }
}
