//! Sound: configurations that we carry, and frames that have the shape of their codec.

use super::GateError;
use crate::AccessUnit;
use crate::track::Codec;

/// An AAC frame's most bytes: ISO/IEC 14496-3 4.5.3.1 gives a decoder 6,144 bits a channel; twice
/// that for two channels and bit reservoir.
const MAX_AAC_BYTES: usize = 4 * 6144 / 8;
/// An Opus packet's most bytes: 48 frames of 1,275 and their lengths, RFC 6716 3.2 and 3.4.
const MAX_OPUS_BYTES: usize = 48 * (1275 + 2) + 2;

pub(super) fn check_config(codec: &Codec) -> Result<(), GateError> {
    let refuse = |what: String| Err(GateError::Config(what));
    let channels = codec.channels().unwrap_or_default();
    if !(1..=2).contains(&channels) {
        return refuse(format!("{channels} channels"));
    }
    match codec {
        Codec::Aac(aac) if aac.asc().is_none() => refuse(format!("AAC at {} Hz", aac.sample_rate)),
        _ => Ok(()),
    }
}

pub(super) fn check_unit(codec: &Codec, unit: &AccessUnit) -> Result<(), GateError> {
    if !unit.keyframe {
        return Err(GateError::Sound("a missing keyframe flag"));
    }
    match codec {
        Codec::Opus(_) => check_opus(&unit.data),
        _ if unit.data.is_empty() => Err(GateError::Sound("no bytes")),
        _ if unit.data.len() > MAX_AAC_BYTES => Err(GateError::Sound("too many bytes for AAC")),
        _ => Ok(()),
    }
}

/// A packet's frame count and length (RFC 6716 3.1 and 3.2).
fn check_opus(packet: &[u8]) -> Result<(), GateError> {
    let (&toc, rest) = packet.split_first().ok_or(GateError::Sound("no bytes"))?;
    if packet.len() > MAX_OPUS_BYTES {
        return Err(GateError::Sound("too many bytes for Opus"));
    }
    let frames = match toc & 3 {
        0 => 1,
        1 if rest.len().is_multiple_of(2) => 2,
        2 => 2,
        3 => u32::from(rest.first().ok_or(GateError::Sound("no frame count"))? & 0x3f),
        _ => return Err(GateError::Sound("two frames of unequal length")),
    };
    // Frame lengths in 1/400 s by configuration number, RFC 6716 table 2.
    let length = match toc >> 3 {
        config @ 0..12 => [4, 8, 16, 24][usize::from(config & 3)],
        config @ 12..16 => [4, 8][usize::from(config & 1)],
        config => [1, 2, 4, 8][usize::from(config & 3)],
    };
    if frames == 0 || frames * length > 48 {
        return Err(GateError::Sound("no frames, or more than 120 ms of them"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_packets_over_120_ms_are_refused() {
        assert!(check_opus(&[0xfc, 0xff, 0xfe]).is_ok()); // one frame of 20 ms
        assert!(check_opus(&[0xff, 6, 0]).is_ok()); // six frames of 20 ms
        assert!(check_opus(&[0xff, 7, 0]).is_err());
        assert!(check_opus(&[0xff, 0, 0]).is_err());
        assert!(check_opus(&[]).is_err());
    }
}
