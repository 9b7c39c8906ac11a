//! From looks to health and to what the encoder should make.

use std::time::Duration;

use crate::adaptation::{Adaptation, Picture, Target};
use crate::health::{Health, HealthSoFar, Monitor, Window};
use crate::look::{Look, Seconds};

/// What a second brought that the shell is to hear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct News {
    /// How it goes, if that is something else than before.
    pub health: Option<Health>,
    /// What the encoder should make, if that is something else than before.
    pub target: Option<Target>,
}

/// The state machine.
#[derive(Debug)]
pub struct Vitals {
    seconds: Seconds,
    window: Window,
    monitor: Monitor,
    adaptation: Option<Adaptation>,
}

impl Vitals {
    /// `picture` is what the camera's encoder makes; nothing where it can't follow.
    #[must_use]
    pub fn new(picture: Option<Picture>) -> Self {
        Self {
            seconds: Seconds::default(),
            window: Window::default(),
            monitor: Monitor::default(),
            adaptation: picture.map(Adaptation::new),
        }
    }

    /// The person chooses another picture.
    pub fn choose(&mut self, picture: Picture) -> Option<Target> {
        self.adaptation.as_mut()?.choose(picture)
    }

    /// Takes in what is known at `now`, since the broadcast began: once a second.
    pub fn handle(&mut self, now: Duration, look: &Look) -> News {
        self.window.push(self.seconds.next(look));
        let Some(measured) = self.window.measure() else { return News::default() };
        let target = self.adaptation.as_mut().and_then(|a| a.handle(now, &measured));
        let smaller = self.adaptation.as_ref().and_then(Adaptation::smaller);
        News { health: self.monitor.handle(now, &measured, smaller), target }
    }

    /// How it goes now.
    #[must_use]
    pub fn health(&self) -> Health {
        self.monitor.shown()
    }

    /// How it went since the broadcast began.
    #[must_use]
    pub fn so_far(&self) -> HealthSoFar {
        self.monitor.so_far()
    }
}
