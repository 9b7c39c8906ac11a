//! H.264 parameter sets: parsed in full, held against what we carry, and written anew from the
//! parsed fields, so that no byte that we did not understand reaches a decoder.

mod write;

use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, ByteReader};
use thiserror::Error;

use crate::nal::Nal;

pub(crate) use write::{write_pps, write_sps};

/// A parameter set larger than this is refused: real ones have under 300 bytes, with all scaling
/// lists about 900.
pub(crate) const MAX_SET_BYTES: usize = 2048;
/// Widest picture, in pixels (DCI 4K).
const MAX_WIDTH: u32 = 4096;
/// Highest picture, in pixels (4K with room for 16-pixel blocks).
const MAX_HEIGHT: u32 = 2304;
/// Highest `level_idc`: level 5.1, 4K at 30.
const MAX_LEVEL: u8 = 51;
/// ITU-T H.264 A.3.1: no level allows more reference frames.
const MAX_REF_FRAMES: u32 = 16;
/// Longest reordering that a VUI may announce, in frames (ITU-T H.264 A.3.1).
const MAX_REORDER: u32 = 16;

/// A parameter set that is missing, broken or not one we carry.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ParamError {
    /// There is none.
    #[error("H.264 without a {0}")]
    Missing(&'static str),
    /// Not a NAL unit of the expected type.
    #[error("a {0} of another NAL unit type")]
    WrongType(&'static str),
    /// It can't be parsed.
    #[error("a {what} that can't be parsed ({why})")]
    Broken {
        /// Which kind of set.
        what: &'static str,
        /// The parser's words.
        why: String,
    },
    /// Parsed, but outside of what is carried.
    #[error("H.264 with {0}")]
    Unsupported(String),
}

/// A sequence parameter set within our limits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sps {
    pub(crate) set: SeqParameterSet,
    size: (u16, u16),
}

impl Sps {
    /// Width and height in pixels after cropping.
    pub(crate) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Its id, 0 to 31.
    pub(crate) fn id(&self) -> u8 {
        self.set.seq_parameter_set_id.id()
    }

    /// Where the first macroblock of a slice may lie in a frame or a field: below this
    /// (ITU-T H.264 7.4.3, `first_mb_in_slice`, counted in pairs when macroblocks adapt).
    pub(crate) fn slice_mbs(&self, field: bool) -> u32 {
        let whole = self.set.pic_size_in_map_units();
        match self.set.frame_mbs_flags {
            FrameMbsFlags::Frames => whole,
            FrameMbsFlags::Fields { mb_adaptive_frame_field_flag: false } if !field => whole * 2,
            FrameMbsFlags::Fields { .. } => whole,
        }
    }
}

/// Parses a whole NAL unit and holds it against the limits.
pub(crate) fn parse_sps(nal: &[u8]) -> Result<Sps, ParamError> {
    const WHAT: &str = "sequence parameter set";
    let nal = trimmed(nal, Nal::SPS, WHAT)?;
    let reader = BitReader::new(ByteReader::skipping_h264_header(nal));
    let set = SeqParameterSet::from_bits(reader).map_err(|why| broken(WHAT, &why))?;
    check_sps(&set)?;
    let (width, height) = set.pixel_dimensions().map_err(|why| broken(WHAT, &why))?;
    let narrow = |side: u32| u16::try_from(side).ok().filter(|side| *side >= 16);
    match (narrow(width), narrow(height)) {
        (Some(width), Some(height)) => Ok(Sps { set, size: (width, height) }),
        _ => Err(ParamError::Unsupported(format!("a picture of {width}x{height}"))),
    }
}

/// Parses a whole NAL unit that refers to one of `sps`.
pub(crate) fn parse_pps(
    nal: &[u8],
    context: &h264_reader::Context,
) -> Result<PicParameterSet, ParamError> {
    const WHAT: &str = "picture parameter set";
    let nal = trimmed(nal, Nal::PPS, WHAT)?;
    let reader = BitReader::new(ByteReader::skipping_h264_header(nal));
    let set = PicParameterSet::from_bits(context, reader).map_err(|why| broken(WHAT, &why))?;
    if set.slice_groups.is_some() {
        return Err(ParamError::Unsupported("slice groups (FMO)".into()));
    }
    if set.redundant_pic_cnt_present_flag {
        return Err(ParamError::Unsupported("redundant pictures".into()));
    }
    if set.weighted_bipred_idc > 2 {
        return Err(ParamError::Unsupported("weighted_bipred_idc 3".into()));
    }
    Ok(set)
}

/// The set's id alone, from its first bits: for keeping sets apart without parsing them.
pub(crate) fn set_id(nal: &[u8]) -> Option<u32> {
    use h264_reader::rbsp::BitRead;
    let mut reader = BitReader::new(ByteReader::skipping_h264_header(nal));
    if Nal(nal).kind() == Nal::SPS {
        reader.skip(24, "profile and level").ok()?;
    }
    reader.read_ue("id").ok()
}

/// Checks type and size, and takes off zero bytes that some encoders leave at the end.
fn trimmed<'a>(nal: &'a [u8], kind: u8, what: &'static str) -> Result<&'a [u8], ParamError> {
    if Nal(nal).kind() != kind || nal.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Err(ParamError::WrongType(what));
    }
    if nal.len() > MAX_SET_BYTES {
        let why = format!("{} bytes, at most {MAX_SET_BYTES}", nal.len());
        return Err(ParamError::Broken { what, why });
    }
    let len = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Ok(nal.get(..len).unwrap_or_default())
}

fn check_sps(set: &SeqParameterSet) -> Result<(), ParamError> {
    let refuse = |what: String| Err(ParamError::Unsupported(what));
    let profile = u8::from(set.profile_idc);
    if !matches!(profile, 66 | 77 | 100) {
        return refuse(format!("profile {profile} (accepted: 66 baseline, 77 main, 100 high)"));
    }
    if set.level_idc > MAX_LEVEL || set.level().limits().is_none() {
        return refuse(format!("level {} (accepted: up to 5.1)", f32::from(set.level_idc) / 10.0));
    }
    let chroma = &set.chroma_info;
    if chroma.chroma_format != ChromaFormat::YUV420
        || chroma.bit_depth_luma_minus8 != 0
        || chroma.bit_depth_chroma_minus8 != 0
        || chroma.qpprime_y_zero_transform_bypass_flag
    {
        return refuse("colour that is not 8 bit 4:2:0".into());
    }
    if set.max_num_ref_frames > MAX_REF_FRAMES {
        return refuse(format!("{} reference frames", set.max_num_ref_frames));
    }
    let width = u64::from(set.pic_width_in_mbs_minus1) * 16 + 16;
    let height = (u64::from(set.pic_height_in_map_units_minus1) * 16 + 16) * u64::from(fields(set));
    if width > u64::from(MAX_WIDTH) || height > u64::from(MAX_HEIGHT) {
        return refuse(format!("a picture of {width}x{height} (at most {MAX_WIDTH}x{MAX_HEIGHT})"));
    }
    check_vui(set)
}

fn check_vui(set: &SeqParameterSet) -> Result<(), ParamError> {
    let Some(vui) = &set.vui_parameters else { return Ok(()) };
    if let Some(bounds) = &vui.bitstream_restrictions
        && (bounds.max_num_reorder_frames > MAX_REORDER
            || bounds.max_dec_frame_buffering > MAX_REF_FRAMES)
    {
        return Err(ParamError::Unsupported("reordering of more than 16 frames".into()));
    }
    if let Some(chroma) = &vui.chroma_loc_info
        && (chroma.chroma_sample_loc_type_top_field > 5
            || chroma.chroma_sample_loc_type_bottom_field > 5)
    {
        return Err(ParamError::Unsupported("an unknown place of chroma samples".into()));
    }
    Ok(())
}

fn fields(set: &SeqParameterSet) -> u32 {
    match set.frame_mbs_flags {
        FrameMbsFlags::Frames => 1,
        FrameMbsFlags::Fields { .. } => 2,
    }
}

fn broken(what: &'static str, why: &dyn std::fmt::Debug) -> ParamError {
    let mut why = format!("{why:?}");
    // The words go into one line for a person; a parser's may be long.
    why.truncate(why.char_indices().nth(120).map_or(why.len(), |(at, _)| at));
    ParamError::Broken { what, why }
}
