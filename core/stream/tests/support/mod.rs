//! One TLS connection between two keys, with a stand-in for its exporter: a hash of the connection's
//! two ends and the context, which is all that the protocol relies on.

use manyhands_stream::proof::{EXPORTER_LABEL, Exported, Role, exporter_context};
use manyhands_stream::{Eid, kdf};

#[derive(Clone, Copy)]
pub(crate) struct Tls {
    pub(crate) session: u8,
    pub(crate) dialler: &'static [u8],
    pub(crate) listener: &'static [u8],
}

pub(crate) const TLS: Tls = Tls { session: 1, dialler: b"spki of d", listener: b"spki of l" };

impl Tls {
    pub(crate) fn export(&self, role: Role, eid: &Eid) -> Exported {
        let context = exporter_context(role, self.dialler, self.listener, eid);
        let bound = [&[self.session][..], EXPORTER_LABEL, &context].concat();
        *kdf::derive("a stand-in for the exporter", &[&bound]).expose()
    }
}
