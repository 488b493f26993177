//! The durable backend of iqdb: a directory of immutable segments, a log of what came since, and a
//! manifest that names them.
//!
//! There is one point at which a write becomes true: the sync of the log. Bulk rows are written to a
//! segment and synced beside that, and the log ends before a batch that has not all of them. A
//! checkpoint writes and syncs everything new before it renames the manifest that refers to it.
//! `docs/format.md` has the bytes, `docs/decisions` the reasons.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(target_endian = "big")]
compile_error!(
    "iqdb-file maps files of little-endian numbers, and so needs a little-endian machine"
);

mod backup;
mod begun;
mod checkpoint;
mod commit;
mod create;
mod dir;
mod failed_checkpoint;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod forge;
mod group;
mod growing;
mod held_names;
mod lock;
mod log;
mod manifest;
mod mark;
mod names;
mod new_rows;
mod open;
mod options;
mod owner;
#[cfg(not(feature = "sim"))]
mod payloads;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod payloads;
mod probe;
mod problem;
mod reserve;
mod segment;
mod store;
mod trouble;
mod verify;
pub mod vfs;
mod view;
#[cfg(not(feature = "sim"))]
mod wire;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod wire;
mod writer;

pub use lock::LockedBy;
pub use options::{Durability, FileOptions};
#[cfg(feature = "sim")]
#[doc(hidden)]
pub use probe::Defect;
pub use segment::ReadMode;
pub use store::{FileStats, FileStore};
pub use verify::{Progress, Verified};
