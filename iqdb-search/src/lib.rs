//! Top-k search over any iqdb snapshot: exact, or by an index for queries that give up exactness.
//!
//! [`ExactSearch`] accounts for every row that is alive and matches the filter, and returns the
//! canonical answer: the same bits on every machine, for every thread count and batch. A fast
//! `f32` score *excludes* rows by a proven margin, and only what it cannot exclude is scored
//! canonically in `f64`. One query takes O(rows × dim) time.
//!
//! Where a sealed block has codes of four bits a component
//! ([`Search::prepare`](iqdb_core::Search::prepare) makes them), those rule rows out first, by a
//! proven bound on angles (`docs/certified-scan.md`), and the search reads only the candidates that
//! they leave.
//!
//! Many queries are best asked in one batch: from a handful on, rows are scored for all of them in
//! the inner loop of a matrix product that keeps no matrix of scores. Sealed blocks keep data that
//! searches derive from them, and drop it when they are dropped: the norms of their rows, 4 bytes each; codes, half a byte a
//! component and 8 bytes a row for cosine, 12 for the others; and a bit per row for each of the
//! first eight filters that come a second time.
//!
//! [`IndexedSearch`] is exact, too, unless a query asks for a recall: then it answers from clusters of
//! rows, by codes of one and of four bits, with the recall that was measured on sampled rows. It may
//! miss hits, and never invents one.
//!
//! The default is the calling thread alone, which takes no lock and, once the caller's
//! [`Hits`](iqdb_core::Hits) have grown and the sealed blocks have been seen, allocates nothing. More
//! threads are explicit, because handing work to a pool locks, allocates and takes some microseconds:
//! `cargo xtask bench roof 128` prints from how many bytes of rows on it pays.
//!
//! Unsafe code is in `kernel`, behind safe functions that check every shape, and in `pages`, where
//! the memory for codes comes from. The kernels are tested on x86-64 with AVX-512, AVX2 and without, and for 64-bit Arm under an emulator
//! (`cargo xtask cross aarch64`); other machines run plain Rust and are untested.
//!
//! This crate does no I/O, knows no backend, and keeps no state between searches but its threads and
//! what sealed blocks carry.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod budgets;
mod derived;
mod exact;
mod field_block;
mod indexed;
mod ivf;
mod kernel;
mod numbers;
mod pages;
mod parallel;
mod quantized;
mod query_batch;
mod scan;
mod subset;
mod text;
mod top_k;
mod widen;

pub use exact::ExactSearch;
pub use indexed::{IndexedSearch, index_stats};
pub use ivf::IndexStats;
pub use kernel::Kernel;
