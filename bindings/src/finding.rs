//! How others are found besides the addresses in a link.

use manyhands_session::{Bootstrap, Finding};

/// The ways that a shell has switched on. Who may be found all over the world may be let in by the
/// router as well.
pub(crate) fn finding(local: bool, dht: bool) -> Finding {
    let dht_nodes = dht.then_some(Bootstrap::Public);
    Finding { local, dht: dht_nodes, port_mapping: dht, ..Finding::default() }
}
