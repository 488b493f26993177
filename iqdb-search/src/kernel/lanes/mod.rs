//! Steps in `f32` whose order is fixed: the same bits on every instruction set.
//!
//! # The idea
//! What an approximate search computes in `f32` decides its answer, so it has to be the same on every
//! machine. Each step here is plain Rust over arrays of a fixed number of lanes, without a fused
//! multiplication: the compiler turns a step into the registers of the instruction set that it is
//! compiled for, and each lane is rounded as IEEE 754 says. Sums go through [`LANES`](units::LANES) lanes, which are
//! added in pairs at the end.
//!
//! # The rotation
//! ```text
//! four times:
//!     change the signs of some components                 fixed and random
//!     Walsh-Hadamard transform of the first 2^k components, or of the last ones, by turns
//!     if that is not all of them: mix the first half with the second, as (a + b, a - b) / sqrt 2
//! ```
//! It keeps distances, and spreads what is in few components over all of them, so that one bit each
//! says about as much of one as of another. O(dim log dim).
//!
//! # Source
//! The rotation is the `FhtKacRotator` of the `RaBitQ` library, after Ailon and Chazelle's fast
//! Johnson-Lindenstrauss transform (STOC 2006).

#[allow(unsafe_code)]
mod entry;
mod steps;
mod units;

pub(crate) use entry::LaneKernel;
pub(crate) use units::{Quantized, ROUNDS, Table};
