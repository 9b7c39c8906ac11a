//! What a viewer is told of the others: whose side it is on when no picture comes. Pure.

use std::time::Duration;

use crate::event::Watching;

/// Without a head for this long (they come each second) the broadcaster does not get through; and
/// who has said nothing for this long (partners tell each 300 ms what they have) does not answer.
pub(crate) const SILENT: Duration = Duration::from_millis(3_000);

/// What is not sent at the moment that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The picture alone.
    Picture,
    /// Every track.
    All,
}

/// What is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presence {
    /// The device says that it has no network.
    pub(crate) offline: bool,
    /// Somebody has been reached.
    pub(crate) joined: bool,
    /// Every known address has been tried, and nobody answered.
    pub(crate) alone: bool,
    /// Since the last head.
    pub(crate) silent: Duration,
    /// Somebody, the broadcaster or a viewer, has said something lately.
    pub(crate) answered: bool,
    /// A picture or a sound has been handed out.
    pub(crate) playing: bool,
    /// What is not sent.
    pub(crate) pause: Option<Pause>,
    /// The broadcaster calls it a pause.
    pub(crate) paused: bool,
}

impl Presence {
    /// What is shown.
    pub(crate) fn watching(&self) -> Watching {
        let silent = self.silent > SILENT;
        if self.offline && (silent || !self.joined) {
            return Watching::NoNetwork;
        }
        if self.joined && silent {
            return if self.answered { Watching::BroadcasterSilent } else { Watching::CutOff };
        }
        match self.pause {
            Some(Pause::All) => Watching::Paused,
            Some(Pause::Picture) if self.paused => Watching::Paused,
            Some(Pause::Picture) if self.playing => Watching::CameraOff,
            _ if self.playing => Watching::Playing,
            _ if self.alone && !self.joined => Watching::Waiting,
            _ => Watching::Joining,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing() -> Presence {
        Presence {
            offline: false,
            joined: true,
            alone: false,
            silent: Duration::from_secs(1),
            answered: true,
            playing: true,
            pause: None,
            paused: false,
        }
    }

    fn shown(change: impl Fn(&mut Presence)) -> Watching {
        let mut presence = playing();
        change(&mut presence);
        presence.watching()
    }

    #[test]
    fn before_the_first_picture_it_looks_or_waits_for_the_broadcast() {
        let new = |p: &mut Presence| (p.joined, p.playing, p.answered) = (false, false, false);
        assert_eq!(shown(new), Watching::Joining);
        let alone = |p: &mut Presence| {
            new(p);
            (p.alone, p.silent) = (true, Duration::from_secs(60));
        };
        assert_eq!(shown(alone), Watching::Waiting);
        let offline = |p: &mut Presence| {
            alone(p);
            p.offline = true;
        };
        assert_eq!(shown(offline), Watching::NoNetwork);
        assert_eq!(shown(|p| p.playing = false), Watching::Joining, "reached, no picture yet");
    }

    #[test]
    fn silence_is_theirs_when_others_answer_and_ours_when_nobody_does() {
        let quiet = |p: &mut Presence| p.silent = Duration::from_millis(3_001);
        assert_eq!(shown(|p| p.silent = SILENT), Watching::Playing);
        assert_eq!(shown(quiet), Watching::BroadcasterSilent);
        let nobody = |p: &mut Presence| {
            quiet(p);
            p.answered = false;
        };
        assert_eq!(shown(nobody), Watching::CutOff);
        let offline = |p: &mut Presence| {
            nobody(p);
            p.offline = true;
        };
        assert_eq!(shown(offline), Watching::NoNetwork);
        assert_eq!(shown(|p| p.offline = true), Watching::Playing, "what is here still plays");
    }

    #[test]
    fn a_pause_is_told_from_a_camera_that_is_off() {
        assert_eq!(shown(|p| p.pause = Some(Pause::All)), Watching::Paused);
        assert_eq!(shown(|p| p.pause = Some(Pause::Picture)), Watching::CameraOff);
        let called = |p: &mut Presence| (p.pause, p.paused) = (Some(Pause::Picture), true);
        assert_eq!(shown(called), Watching::Paused);
        assert_eq!(shown(|p| p.paused = true), Watching::Playing, "not yet where it plays");
        let quiet = |p: &mut Presence| {
            called(p);
            p.silent = Duration::from_secs(9);
        };
        assert_eq!(shown(quiet), Watching::BroadcasterSilent);
        let newcomer = |p: &mut Presence| (p.pause, p.playing) = (Some(Pause::All), false);
        assert_eq!(shown(newcomer), Watching::Paused, "who comes into a pause is told");
    }
}
