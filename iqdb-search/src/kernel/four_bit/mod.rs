//! The four-bit kernels: integer inner products of one row's codes with a query's.
//!
//! # The layout
//! The codes of a row lie together, so that a row that a search picks anywhere costs a few lines:
//! ```text
//! 64 components           32 bytes: byte j has component j in its low four bits, and component
//!                         32 + j in its high ones; a stored component is 0 to 15
//! ```
//! The query's components are of eight bits, -127 to 127. Sums are integers and exact, so every
//! instruction set gives the same bits; the tests compare each with [`model`].

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[allow(unsafe_code)]
mod entry;
mod model;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
mod neon;
mod unit;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod vnni;

pub(crate) use entry::FourBitKernel;
pub(crate) use unit::{UNIT, pack};
