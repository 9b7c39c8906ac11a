//! An origin that is too far behind leaves out what is old and goes on with the newest keyframe.
//!
//! Earliest deadline first serves nobody once all of it is late: each piece leaves a moment before it
//! would be dropped, some are, and without them nobody can show the others. A line with a twentieth to
//! spare took half a minute to make up for a second, or never did (30 viewers; lab, simulated).

use core::time::Duration;

use crate::{Piece, Swarm};

/// Behind by this: the pictures stand anyway (target latencies are about a second; 0.7 s made newcomers
/// stand who would have played; decision 24).
const TOO_FAR: Duration = Duration::from_millis(1_300);

impl Swarm {
    /// A piece is about to be published: if it begins a keyframe and the line is too far behind, what
    /// waits of earlier ones never leaves. Only where the line carries one copy: with more, what waits may
    /// wait for one neighbour's way, and the others have it.
    pub(crate) fn skip_to_keyframe(&mut self, piece: &Piece) {
        let leads = self.tracks.first().is_some_and(|t| t.config.track == piece.id.track);
        let begins = leads && piece.keyframe && piece.id.substream == 0 && piece.id.part == 0;
        if !begins || !self.is_tight() || self.backlog() < TOO_FAR {
            return;
        }
        self.counters.skips += 1;
        let from_ms = piece.capture_ms;
        for track in &mut self.tracks {
            if let Some(chunk) = track.have.first_since(from_ms) {
                track.have.start_at(chunk);
            }
        }
        let Self { tracks, uplink, .. } = self;
        uplink.leave_out(|piece| {
            tracks.iter().any(|t| t.config.track == piece.track && piece.chunk < t.have.base())
        });
        self.send_digests();
    }
}
