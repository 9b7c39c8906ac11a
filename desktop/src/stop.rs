//! Ctrl-C, SIGTERM and, if that is asked for, the end of whoever started the program: the first asks to
//! leave in good order, a second Ctrl-C ends at once.

use std::future::pending;
use std::os::unix::process::parent_id;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::failure::{Exit, Failure};

/// How often it is looked whether the parent is still there.
const LOOK: Duration = Duration::from_millis(500);

/// Waits for somebody to stop the program.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    parent: Option<Parent>,
}

/// The process that started this one. A system's own signal of its end (Linux has one) goes by threads,
/// and comes when a thread ends that has started a program.
struct Parent {
    id: u32,
    looks: Interval,
}

impl Stop {
    /// `with_parent`: the parent's end is a request, too.
    pub(crate) fn listen(with_parent: bool) -> Result<Self, Failure> {
        let make = |kind| signal(kind).map_err(|e| Failure::local("signal handling", e));
        Ok(Self {
            interrupt: make(SignalKind::interrupt())?,
            terminate: make(SignalKind::terminate())?,
            parent: with_parent.then(Parent::now),
        })
    }

    /// Returns when the program is to leave; from then on a second request ends it at once.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = Parent::ended(self.parent.as_mut()) => {}
        }
        if let Ok(mut again) = signal(SignalKind::interrupt()) {
            tokio::spawn(async move {
                again.recv().await;
                std::process::exit(Exit::Interrupted as i32);
            });
        }
    }
}

impl Parent {
    fn now() -> Self {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { id: parent_id(), looks }
    }

    /// Never, where there is none to look at.
    async fn ended(parent: Option<&mut Self>) {
        let Some(Self { id, looks }) = parent else { return pending().await };
        // Who has lost its parent is given another one.
        while parent_id() == *id {
            looks.tick().await;
        }
    }
}
