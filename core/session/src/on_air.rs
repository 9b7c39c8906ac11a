//! What a broadcaster lets viewers have: all of it, or a part that goes on without the rest.

/// What viewers get. What is off says so, signed, twice a second: it costs nearly nothing, and
/// nobody takes it for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnAir {
    /// Picture and sound.
    #[default]
    Everything,
    /// The sound; the person has turned the camera off.
    CameraOff,
    /// The sound; the picture is paused and comes back by itself (another program has the camera).
    PicturePaused,
    /// Neither: all is paused.
    Nothing,
}

impl OnAir {
    pub(crate) fn has_picture(self) -> bool {
        self == Self::Everything
    }

    pub(crate) fn has_sound(self) -> bool {
        self != Self::Nothing
    }

    /// It is a pause rather than a choice of what to send.
    pub(crate) fn is_paused(self) -> bool {
        matches!(self, Self::PicturePaused | Self::Nothing)
    }
}
