//! How a node's handle and its task on the local network speak: the switch, what a shell has found, and
//! whether the network is in use.

use std::net::SocketAddr;

use manyhands_stream::ChannelKey;
use tokio::sync::{mpsc, watch};

/// Addresses that a shell has found and the task has not looked at: more than it tries in a second.
const FOUND: usize = 16;

/// A node's part on the local network.
#[derive(Debug, Clone, Copy)]
pub struct LocalPart {
    /// The channel whose members are looked for, and of which it says that it carries it.
    pub channel: ChannelKey,
    /// At the start; [`crate::Node::set_local`] changes it.
    pub on: bool,
    /// Not this node but its shell asks there, by the system's own means, and hands in what it finds.
    pub by_shell: bool,
}

/// What the handle has.
#[derive(Debug)]
pub(crate) struct Control {
    switch: watch::Sender<bool>,
    found: mpsc::Sender<SocketAddr>,
    used: LocalUse,
}

/// What the task has.
pub(crate) struct Orders {
    pub(super) on: watch::Receiver<bool>,
    pub(super) found: mpsc::Receiver<SocketAddr>,
    used: watch::Sender<bool>,
}

/// Whether the local network is in use.
#[derive(Debug, Clone)]
pub struct LocalUse(watch::Receiver<bool>);

/// Both ends. Without a task at the other one nothing is ever in use.
pub(crate) fn control(on: bool) -> (Control, Orders) {
    let (switch, is_on) = watch::channel(on);
    let (found, findings) = mpsc::channel(FOUND);
    let (used, is_used) = watch::channel(false);
    let control = Control { switch, found, used: LocalUse(is_used) };
    (control, Orders { on: is_on, found: findings, used })
}

impl Orders {
    pub(super) fn tell(&self, used: bool) {
        self.used.send_if_modified(|was| std::mem::replace(was, used) != used);
    }
}

impl Control {
    pub(crate) fn switch(&self, on: bool) {
        self.switch.send_if_modified(|was| std::mem::replace(was, on) != on);
    }

    /// A flood is cut off here.
    pub(crate) fn found(&self, address: SocketAddr) {
        let _ = self.found.try_send(address);
    }

    pub(crate) fn used(&self) -> LocalUse {
        self.used.clone()
    }
}

impl LocalUse {
    /// Waits until it is in use, or not any more, and says which; for ever when the node has ended.
    pub async fn changed(&mut self) -> bool {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}
