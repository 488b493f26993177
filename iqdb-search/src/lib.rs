//! Exact top-k search over any iqdb snapshot.
//!
//! [`ExactSearch`] looks at every row that is alive and matches the filter, and returns the
//! canonical answer: the same bits on every machine, for every thread count and batch. A fast
//! `f32` score *excludes* rows by a proven margin, and only what it cannot exclude is scored
//! canonically in `f64`. One query takes O(rows × dim) time.
//!
//! The default is the calling thread alone, which takes no lock and, once the caller's
//! [`Hits`](iqdb_core::Hits) have grown, allocates nothing. More threads are explicit, because
//! handing work to a pool locks and allocates.
//!
//! This crate does no I/O, knows no backend, and keeps no state between searches but its threads.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod exact;
mod kernel;
mod norms;
mod parallel;
mod prepare;
mod rescore;
mod scan;
mod select;
mod top_k;

pub use exact::ExactSearch;
pub use kernel::Kernel;
