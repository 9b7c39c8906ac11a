//! Pictures: NAL unit types, their order, and slice headers against the parameter sets.

use h264_reader::nal::NalHeader;
use h264_reader::nal::slice::{Field, FieldPic, SliceFamily, SliceHeader};
use h264_reader::rbsp::{BitReader, ByteReader};

use super::GateError;
use super::sets::Sets;
use crate::AccessUnit;
use crate::nal::{self, Nal, nals};
use crate::params::Sps;

/// NAL units in a picture: level 5.1 allows far fewer slices than this in practice (x264's most is
/// 250), the rest is SEI.
const MAX_NALS: usize = 1024;
/// Bytes of a slice in which its header must end: 64 entries of weights take under 1 KiB.
const MAX_HEADER_BYTES: usize = 4096;

/// What the slices of a unit have in common so far.
#[derive(Default)]
struct Seen {
    slices: usize,
    idr: bool,
    all_intra: bool,
    /// Field and last first macroblock of the picture that is being read.
    last: Option<(u8, u32)>,
    pictures: usize,
}

/// Checks one unit against the sets in force.
pub(super) fn check(unit: &AccessUnit, sets: &Sets) -> Result<(), GateError> {
    let mut seen = Seen { all_intra: true, ..Seen::default() };
    for (at, nal) in nals(&unit.data).enumerate() {
        let nal = nal?;
        if at >= MAX_NALS {
            return refuse("over 1,024 NAL units");
        }
        if nal.0.first().is_some_and(|header| header & 0x80 != 0) {
            return refuse("the forbidden bit set");
        }
        match nal.kind() {
            Nal::SLICE | Nal::IDR => seen.slice(nal, sets)?,
            Nal::FILLER => {}
            Nal::SEI | Nal::SPS | Nal::PPS | Nal::AUD if seen.slices == 0 => {}
            Nal::SEI | Nal::SPS | Nal::PPS | Nal::AUD => {
                return refuse("a NAL unit after its slices");
            }
            other => return Err(GateError::Picture(format!("a NAL unit of type {other}"))),
        }
    }
    if seen.slices == 0 {
        return refuse("no slice");
    }
    match (unit.keyframe, seen.idr, seen.all_intra) {
        (false, true, _) => refuse("an IDR that is not marked as keyframe"),
        (true, false, false) => refuse("a keyframe mark that it does not deserve"),
        _ => Ok(()),
    }
}

impl Seen {
    fn slice(&mut self, nal: Nal<'_>, sets: &Sets) -> Result<(), GateError> {
        let idr = nal.kind() == Nal::IDR;
        if self.slices > 0 && idr != self.idr {
            return refuse("IDR and other slices");
        }
        if idr && nal.ref_idc() == 0 {
            return refuse("an IDR that nothing refers to");
        }
        let (header, sps) = parse(nal, sets)?;
        let intra = header.slice_type.family == SliceFamily::I;
        if matches!(header.slice_type.family, SliceFamily::SP | SliceFamily::SI) || (idr && !intra)
        {
            return refuse("a slice of a type that its profile doesn't have");
        }
        let field = match header.field_pic {
            FieldPic::Frame => 0,
            FieldPic::Field(Field::Top) => 1,
            FieldPic::Field(Field::Bottom) => 2,
        };
        self.place(field, header.first_mb_in_slice, sps.slice_mbs(field != 0))?;
        self.slices += 1;
        self.idr = idr;
        self.all_intra &= intra;
        Ok(())
    }

    /// Slices come in order, inside the picture, one frame or two fields a unit.
    fn place(&mut self, field: u8, first_mb: u32, mbs: u32) -> Result<(), GateError> {
        if first_mb >= mbs {
            return refuse("a slice outside of it");
        }
        match self.last {
            Some((same, before)) if same == field => {
                if first_mb <= before {
                    return refuse("slices out of order");
                }
            }
            _ => {
                self.pictures += 1;
                if first_mb != 0 || self.pictures > if field == 0 { 1 } else { 2 } {
                    return refuse("a missing first slice, or more than one picture");
                }
            }
        }
        self.last = Some((field, first_mb));
        Ok(())
    }
}

/// A slice's header, and the sequence set that it refers to.
fn parse<'a>(nal: Nal<'_>, sets: &'a Sets) -> Result<(SliceHeader, &'a Sps), GateError> {
    let start = nal.0.get(..nal.0.len().min(MAX_HEADER_BYTES)).unwrap_or_default();
    let header = start.first().and_then(|byte| NalHeader::new(*byte).ok());
    let header = header.ok_or_else(|| GateError::Picture("a broken NAL header".into()))?;
    let mut reader = BitReader::new(ByteReader::skipping_h264_header(start));
    let (parsed, sps, _) = SliceHeader::from_bits(sets.context(), &mut reader, header, None)
        .map_err(|_| GateError::Picture("a slice header that can't be parsed".into()))?;
    let sps = sets.sps(sps.seq_parameter_set_id.id());
    let sps = sps.ok_or_else(|| GateError::Picture("unknown parameters".into()))?;
    Ok((parsed, sps))
}

/// The unit with its slices only; parameter sets travel in the configuration.
pub(super) fn cleaned(unit: AccessUnit) -> AccessUnit {
    if nals(&unit.data).flatten().all(Nal::is_slice) {
        return unit;
    }
    let mut data = Vec::with_capacity(unit.data.len());
    for slice in nals(&unit.data).flatten().filter(|nal| nal.is_slice()) {
        nal::push(&mut data, slice.0);
    }
    AccessUnit { data: data.into(), ..unit }
}

fn refuse<T>(what: &str) -> Result<T, GateError> {
    Err(GateError::Picture(what.into()))
}
