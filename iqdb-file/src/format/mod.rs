//! The bytes of every file: encoding and decoding, and nothing else. No module here reads, writes or
//! names an open file. `docs/format.md` documents the same bytes.

// Parts of it are fuzzed on their own.
#![cfg_attr(not(feature = "sim"), allow(unreachable_pub))]

pub(crate) mod batch;
mod dead_rows;
pub(crate) mod file_head;
pub(crate) mod file_name;
pub(crate) mod log;
pub(crate) mod manifest;
pub(crate) mod mark;
pub mod payloads;
pub(crate) mod schema;
pub(crate) mod segment;
pub(crate) mod shelf;
pub(crate) mod sidecar;
pub(crate) mod vectors;
pub mod wire;
