//! The durable backend of iqdb: a directory of immutable segments, a log of what came since, and a
//! manifest that names them.
//!
//! There is one point at which a write becomes true: the sync of the log. Bulk vectors of a schema of
//! one dense field are written to a segment and synced beside that, and the log ends before a batch that
//! has not all of them. A
//! checkpoint writes and syncs everything new before it renames the manifest that refers to it.
//! `docs/format.md` has the bytes, `docs/decisions` the reasons.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(target_endian = "big")]
compile_error!(
    "iqdb-file maps files of little-endian numbers, and so needs a little-endian machine"
);

mod errors;
mod fault;
mod files;
mod format;
mod lifecycle;
mod options;
mod pace;
mod read;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod reseal;
mod stats;
mod store;
pub mod vfs;
mod write;

#[cfg(feature = "sim")]
#[doc(hidden)]
pub use fault::Defect;
pub use files::lock::LockedBy;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub use format::{payloads, wire};
pub use options::{Durability, FileOptions, ReadMode};
pub use stats::FileStats;
pub use store::FileStore;
