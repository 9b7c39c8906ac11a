//! Parameter sets written from parsed fields, with emulation prevention.

use std::io;

use h264_reader::nal::WritableNal;
use h264_reader::nal::pps::{PicParameterSet, PicParameterSetExtra};
use h264_reader::nal::sps::{ScalingLists8x8, SeqParameterSet};
use h264_reader::rbsp::{BitWrite, BitWriter, ByteWriter};

/// `nal_ref_idc` 3 and type 7.
const SPS_HEADER: u8 = 0x67;
/// `nal_ref_idc` 3 and type 8.
const PPS_HEADER: u8 = 0x68;

/// The NAL unit of a sequence parameter set. Buffer models (HRD) go: they matter only to SEI
/// messages, which are dropped where sets are rewritten.
pub(crate) fn write_sps(set: &SeqParameterSet) -> io::Result<Vec<u8>> {
    let mut set = set.clone();
    if let Some(vui) = &mut set.vui_parameters {
        vui.nal_hrd_parameters = None;
        vui.vcl_hrd_parameters = None;
        vui.low_delay_hrd_flag = None;
        vui.pic_struct_present_flag = false;
    }
    let mut out = vec![SPS_HEADER];
    set.write_bits(&mut BitWriter::new(ByteWriter::new(&mut out)))?;
    Ok(out)
}

/// The NAL unit of a picture parameter set without slice groups (ITU-T H.264 7.3.2.2).
pub(crate) fn write_pps(set: &PicParameterSet) -> io::Result<Vec<u8>> {
    let mut out = vec![PPS_HEADER];
    write_pps_fields(&mut BitWriter::new(ByteWriter::new(&mut out)), set)?;
    Ok(out)
}

fn write_pps_fields(w: &mut impl BitWrite, set: &PicParameterSet) -> io::Result<()> {
    w.write_ue(u32::from(set.pic_parameter_set_id.id()))?;
    w.write_ue(u32::from(set.seq_parameter_set_id.id()))?;
    w.write_bit(set.entropy_coding_mode_flag)?;
    w.write_bit(set.bottom_field_pic_order_in_frame_present_flag)?;
    w.write_ue(0)?; // num_slice_groups_minus1: checked on parsing
    w.write_ue(set.num_ref_idx_l0_default_active_minus1)?;
    w.write_ue(set.num_ref_idx_l1_default_active_minus1)?;
    w.write_bit(set.weighted_pred_flag)?;
    w.write::<2, u8>(set.weighted_bipred_idc)?;
    w.write_se(set.pic_init_qp_minus26)?;
    w.write_se(set.pic_init_qs_minus26)?;
    w.write_se(set.chroma_qp_index_offset)?;
    w.write_bit(set.deblocking_filter_control_present_flag)?;
    w.write_bit(set.constrained_intra_pred_flag)?;
    w.write_bit(false)?; // redundant_pic_cnt_present_flag: checked on parsing
    if let Some(extension) = &set.extension {
        write_extension(w, extension)?;
    }
    w.write_rbsp_trailing_bits()
}

fn write_extension(w: &mut impl BitWrite, set: &PicParameterSetExtra) -> io::Result<()> {
    w.write_bit(set.transform_8x8_mode_flag)?;
    w.write_bit(set.pic_scaling_matrix.is_some())?;
    if let Some(matrix) = &set.pic_scaling_matrix {
        write_lists(w, &matrix.scaling_lists4x4.0)?;
        match &matrix.scaling_lists8x8 {
            Some(ScalingLists8x8::Y(lists)) => write_lists(w, lists)?,
            Some(ScalingLists8x8::YCbCr(lists)) => write_lists(w, lists)?,
            None => {}
        }
    }
    w.write_se(set.second_chroma_qp_index_offset)
}

/// Scaling lists as differences (7.3.2.1.1.1); a 0 ends a list.
fn write_lists<const N: usize>(w: &mut impl BitWrite, lists: &[Option<[u8; N]>]) -> io::Result<()> {
    for list in lists {
        w.write_bit(list.is_some())?;
        let mut last = 8u8;
        for next in list.iter().flatten() {
            w.write_se(i32::from(next.wrapping_sub(last) as i8))?;
            if *next == 0 {
                break;
            }
            last = *next;
        }
    }
    Ok(())
}
