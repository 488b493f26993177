//! The fast in-memory backend of iqdb: append-only chunks, and reads that never wait.
//!
//! A read takes no lock and, after its thread's first one, allocates nothing: taking a snapshot is one load of a pointer and one
//! count, and what a snapshot shows is found by following pointers. Writers take turns behind a
//! lock of their own, which no reader touches. Rows never move and are never overwritten; what is
//! replaced or deleted is marked with the version that ended it, and compacted away later.
//!
//! ARCHITECTURE.md describes the protocol: which store publishes what to whom.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![cfg_attr(any(loom, shuttle), allow(dead_code, unused_imports))]

mod arena;
mod chunk;
mod column;
mod fault;
mod generation;
mod generation_builder;
mod layout;
#[cfg(all(test, any(loom, shuttle)))]
mod models;
mod open_chunk;
mod open_columns;
mod options;
mod rows;
#[cfg(not(any(loom, shuttle)))]
mod store;
mod sync;
mod table;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod view;
mod writer;

pub use options::ArenaOptions;
#[cfg(not(any(loom, shuttle)))]
pub use store::{ArenaStats, ArenaStore};
