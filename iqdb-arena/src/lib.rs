//! The fast in-memory backend of iqdb: append-only chunks, and reads that never wait.
//!
//! A read takes no lock and, after the first read of its thread, allocates nothing. Taking a snapshot
//! is one load of a pointer and one increment of a count. Writers take turns behind a lock that no
//! reader touches. Rows never move and are never overwritten: a writer marks a replaced or deleted
//! row with the version that ended it, and a later compaction drops the row.
//!
//! ARCHITECTURE.md describes the protocol: which store to memory publishes what to which load.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![cfg_attr(any(loom, shuttle), allow(dead_code, unused_imports))]

mod arena;
mod backfill;
mod byte_rows;
mod chunk;
mod column;
mod components;
mod fault;
mod field_column;
mod field_memory;
mod generation;
mod generation_builder;
mod growing_column;
mod layout;
#[cfg(all(test, any(loom, shuttle)))]
mod models;
mod noted_ends;
mod open_chunk;
mod open_columns;
mod options;
mod payloads;
mod row_ends;
mod rows;
mod seal_ids;
mod shared;
#[cfg(not(any(loom, shuttle)))]
mod store;
mod sync;
mod table;
mod terms;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod view;
mod writer;

pub use options::ArenaOptions;
#[cfg(not(any(loom, shuttle)))]
pub use store::{ArenaStats, ArenaStore};
