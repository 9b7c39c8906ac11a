//! The threads on which everything behind the objects runs: one pool a process, made with the
//! first object.

use std::io;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Failure;

/// Network and crypto of one stream take a few per cent of a core; the second thread keeps the
/// playout clock in time meanwhile.
const THREADS: usize = 2;

static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    crate::logging::begin();
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("manyhands")
        .enable_all()
        .build()
});

/// Where tasks run.
pub(crate) fn handle() -> Result<&'static Handle, Failure> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(Failure::Network(format!("no threads are to be had: {error}"))),
    }
}
