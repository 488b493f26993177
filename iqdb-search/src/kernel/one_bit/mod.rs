//! The one-bit kernels: estimated distances of 32 rows at a time, from one bit a component.
//!
//! # The idea
//! The code of a row is the signs of its components. Its inner product with a query is a sum over
//! groups of four components, and four signs have sixteen combinations. So a table for the query
//! holds, for each group, the sixteen partial sums as bytes, and a register shuffle looks up the
//! partial sums of sixteen rows in one instruction.
//!
//! ```text
//! for each group of 4 components:
//!     table = 16 bytes of the query, by the signs of a row
//!     for each row of 32: sum[row] += table[signs of the row]          integers, exact
//! estimate[row] = add[row] - factor[row] * (sum[row] * step + base)
//! kept = rows with estimate[row] - reach * error[row] < below
//! ```
//!
//! # The layout
//! ```text
//! a block of 32 rows      16 bytes a group: byte j has the signs of row j in its low four bits,
//!                         and those of row 16 + j in its high ones
//!                         32 adds, 32 factors, 32 errors: bf16, as they widen by a shift
//! ```
//!
//! # The tricks
//! - All sums are integers, and the few steps in `f32` are a multiplication or an addition each, so
//!   every instruction set gives the same bits.
//! - Sums fit 16 bits for [`CHUNK_GROUPS`](block::CHUNK_GROUPS) groups; vectors of more components are summed in chunks.
//!
//! # Source
//! `FastScan` is from André, Kermarrec and Le Scouarnec, *Cache locality is not enough* (VLDB 2015);
//! one bit a component with an unbiased estimate from Gao and Long, *`RaBitQ`* (SIGMOD 2024). The
//! tests compare each instruction set with [`model`] bit for bit.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx512;
mod block;
#[allow(unsafe_code)]
mod entry;
mod model;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
mod neon;
#[cfg(test)]
mod tests;

pub(crate) use block::{BLOCK_ROWS, BlockCut, GROUP_BYTES, term};
pub(crate) use entry::OneBitKernel;
