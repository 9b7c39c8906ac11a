//! The parameter sets in force: parsed, checked, and written anew.

use bytes::Bytes;
use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use std::sync::Arc;

use super::GateError;
use crate::AccessUnit;
use crate::chunk::{MAX_PPS, MAX_SPS};
use crate::nal::{Nal, nals};
use crate::params::{self, ParamError, Sps};
use crate::track::{H264Config, Rotation};

/// All sets of a configuration, and a parser's context made of them.
#[derive(Clone, Debug)]
pub(super) struct Sets {
    sps: Vec<(Bytes, Sps)>,
    pps: Vec<(Bytes, PicParameterSet)>,
    context: Arc<Context>,
}

impl Sets {
    /// Parses a configuration in full. Errors: a set that is missing, broken, doubled or outside
    /// of the limits; a size that isn't the one of the first sequence set.
    pub(super) fn parse(config: &H264Config) -> Result<Self, GateError> {
        let sets = Self::build(&config.sps, &config.pps)?;
        if sets.size() != (config.width, config.height) {
            return Err(GateError::Config("a picture size that is not its parameter set's".into()));
        }
        Ok(sets)
    }

    fn build(sps: &[Bytes], pps: &[Bytes]) -> Result<Self, GateError> {
        if sps.is_empty() || pps.is_empty() {
            return Err(ParamError::Missing("parameter set").into());
        }
        if sps.len() > MAX_SPS || pps.len() > MAX_PPS {
            return Err(GateError::Config("too many parameter sets".into()));
        }
        let mut context = Context::new();
        let mut parsed_sps: Vec<(Bytes, Sps)> = Vec::with_capacity(sps.len());
        for bytes in sps {
            let set = params::parse_sps(bytes)?;
            if parsed_sps.iter().any(|(_, other)| other.id() == set.id()) {
                return Err(GateError::Config("two sequence parameter sets of one id".into()));
            }
            context.put_seq_param_set(set.set.clone());
            parsed_sps.push((bytes.clone(), set));
        }
        let mut parsed_pps: Vec<(Bytes, PicParameterSet)> = Vec::with_capacity(pps.len());
        for bytes in pps {
            let set = params::parse_pps(bytes, &context)?;
            let id = set.pic_parameter_set_id;
            if parsed_pps.iter().any(|(_, other)| other.pic_parameter_set_id == id) {
                return Err(GateError::Config("two picture parameter sets of one id".into()));
            }
            context.put_pic_param_set(set.clone());
            parsed_pps.push((bytes.clone(), set));
        }
        Ok(Self { sps: parsed_sps, pps: parsed_pps, context: Arc::new(context) })
    }

    /// What a slice header is parsed against.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// The checked set of an id.
    pub(super) fn sps(&self, id: u8) -> Option<&Sps> {
        self.sps.iter().find(|(_, set)| set.id() == id).map(|(_, set)| set)
    }

    fn size(&self) -> (u16, u16) {
        self.sps.first().map(|(_, set)| set.size()).unwrap_or_default()
    }

    /// Takes over sets that stand inside a unit. `true` when they changed something, which only a
    /// keyframe may do.
    pub(super) fn absorb(&mut self, unit: &AccessUnit) -> Result<bool, GateError> {
        let mut sps: Option<Vec<Bytes>> = None;
        let mut pps: Option<Vec<Bytes>> = None;
        for nal in nals(&unit.data) {
            let nal = nal?;
            match nal.kind() {
                Nal::SPS => replace(nal.0, &mut sps, || self.raw_sps()),
                Nal::PPS => replace(nal.0, &mut pps, || self.raw_pps()),
                _ => {}
            }
        }
        if sps.is_none() && pps.is_none() {
            return Ok(false);
        }
        let sps = sps.unwrap_or_else(|| self.raw_sps());
        let pps = pps.unwrap_or_else(|| self.raw_pps());
        if same_sets(&sps, &self.raw_sps()) && same_sets(&pps, &self.raw_pps()) {
            return Ok(false);
        }
        if !unit.keyframe {
            return Err(GateError::NotAtKeyframe);
        }
        *self = Self::build(&sps, &pps)?;
        Ok(true)
    }

    fn raw_sps(&self) -> Vec<Bytes> {
        self.sps.iter().map(|(bytes, _)| bytes.clone()).collect()
    }

    fn raw_pps(&self) -> Vec<Bytes> {
        self.pps.iter().map(|(bytes, _)| bytes.clone()).collect()
    }

    /// The configuration with sets as they came.
    pub(super) fn verbatim(&self, rotation: Rotation) -> H264Config {
        let (width, height) = self.size();
        H264Config { sps: self.raw_sps(), pps: self.raw_pps(), width, height, rotation }
    }

    /// The configuration with sets written from parsed fields.
    pub(super) fn rewritten(&self, rotation: Rotation) -> Result<H264Config, GateError> {
        let failed = |error: std::io::Error| GateError::Config(error.to_string());
        let write_sps = |(_, set): &(Bytes, Sps)| params::write_sps(&set.set).map(Bytes::from);
        let write_pps =
            |(_, set): &(Bytes, PicParameterSet)| params::write_pps(set).map(Bytes::from);
        let sps = self.sps.iter().map(write_sps).collect::<Result<_, _>>().map_err(failed)?;
        let pps = self.pps.iter().map(write_pps).collect::<Result<_, _>>().map_err(failed)?;
        let (width, height) = self.size();
        Ok(H264Config { sps, pps, width, height, rotation })
    }
}

/// Puts a set in place of the one with its id; a new sequence set in front, as a source does.
fn replace(nal: &[u8], sets: &mut Option<Vec<Bytes>>, current: impl Fn() -> Vec<Bytes>) {
    let sets = sets.get_or_insert_with(current);
    if sets.iter().any(|set| set[..] == *nal) {
        return;
    }
    let id = params::set_id(nal);
    sets.retain(|set| params::set_id(set) != id);
    let set = Bytes::copy_from_slice(nal);
    if Nal(nal).kind() == Nal::SPS { sets.insert(0, set) } else { sets.push(set) }
}

fn same_sets(a: &[Bytes], b: &[Bytes]) -> bool {
    a.len() == b.len() && a.iter().all(|set| b.contains(set))
}
