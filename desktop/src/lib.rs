//! The parts of the program that its examples and benches use too: the page with its server, and
//! the test pattern. The commands themselves are the binary's.

pub mod page;
pub mod pattern;
