//! The durable backend of iqdb: a directory of immutable segments, a log of what came since, and a
//! manifest that names them.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod vfs;
pub mod wire;
