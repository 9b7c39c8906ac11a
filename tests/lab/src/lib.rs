//! The lab: the real program on real sockets in a little internet out of network namespaces.
//!
//! A [`Lab`] has [`Host`]s, each a namespace of its own with one device, `eth0`. All devices end in
//! one emulator ([`Hub`](hub::Hub)) in this process, which delays, loses, reorders and limits what
//! passes, from one seed, and puts NATs in front of hosts. Everything hangs on this process: whatever ends it, the kernel takes
//! namespaces, devices and programs away with it. What a host put on the wire is read from the
//! kernel's counter of its own device.

pub mod call;
pub mod effort;
pub mod error;
pub mod exchange;
pub mod home;
pub mod host;
pub mod hub;
pub mod junk;
pub mod lab;
pub mod link;
pub mod machine;
pub mod media;
pub mod memory;
pub mod monitor;
pub mod nat;
pub mod netns;
pub mod probe;
pub mod program;
pub mod report;
pub mod router;
pub mod scenario;
pub mod scratch;
pub mod segment;
pub mod tool;
pub mod traffic;
pub mod upload;

pub use error::LabError;
pub use home::{Home, Speaks};
pub use host::Host;
pub use lab::Lab;
pub use link::{Line, Link};
pub use nat::Kind;
