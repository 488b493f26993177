//! The code kernels: integer inner products of coded queries with coded rows, and the candidates
//! among those rows.
//!
//! # The idea
//! A row is excluded when the inner product of its code with the query's code is below the row's
//! *cut*. The product is an integer and exact; the cut comes from the [`AngleBound`] of the query
//! and from the [`CodeError`] of the row (`docs/certified-scan.md` proves it).
//!
//! # The layout
//! Sixteen rows make a *group*. The rows of a group stand side by side, so that one register holds
//! the same components of all sixteen, no kernel adds across lanes, and each kernel reads memory
//! from its first byte to its last:
//!
//! ```text
//! a line of codes         64 bytes: row 0 (4 bytes), row 1, … row 15
//!   byte j of a row       component j in the low four bits, component 4 + j in the high ones
//! ```
//! A stored component is the component plus 8, so 0 to 15. The 8 adds to an inner product a term
//! that depends on the query alone, which its [`BiasCorrection`] takes off.
//!
//! Every block of four such lines is stored in two planes ([`planes`]): three lines with the upper
//! three bits of each component, and one line with the lowest bits. So a group is in two places
//! in memory ([`layout`]):
//!
//! ```text
//! upper part              three lines per block, the trailing lines behind the last block as they
//!                         are, a line of errors, and one of norms for the metrics that need them
//! lower part              one line per block, and a line of errors
//! ```
//! A line of errors holds the quantization error of each row, of its 3-bit code in the upper part
//! and of its 4-bit code in the lower part: two whole numbers of 16 bits, in units of a power of
//! two.
//!
//! # The algorithm
//! ```text
//! one query, filter_by_planes:
//!     for each group with a wanted row:
//!         sums = bias + 2 * products of the upper plane, and of the trailing lines
//!         candidates &= not (sums < cuts of the 3-bit codes)
//!     for each group that still has a candidate:
//!         sums = bias + those products + products of the lower plane
//!         candidates &= not (sums < cuts of the 4-bit codes)
//!
//! many queries, filter:
//!     merge_planes, once for all of them
//!     for each tile of queries, for each group, for each query of the tile:
//!         sums = bias + products of the merged codes
//!         candidates = not (sums < cuts of the 4-bit codes)
//! ```
//!
//! # The tricks
//! - Both planes are codes themselves, with zeros for the missing bits. One inner loop multiplies
//!   the upper plane, the lower plane and merged codes; the products of both planes add up to those
//!   of the whole code.
//! - A single query has four sums side by side, so that no addition waits for the last one.
//! - The cuts of a group are computed in registers, sixteen at a time, from two lines.
//! - The second loop of `filter_by_planes` starts when the first has ended: by then the processor
//!   has fetched the lines of the lower plane that the first loop prefetched.
//! - The integers are exact on every instruction set, and the floats are rounded alike, so all
//!   instruction sets leave the same candidates.
//!
//! # Source
//! Rows side by side in blocks, compared by integer instructions, are the idea of André, Kermarrec
//! and Le Scouarnec, *Cache locality is not enough: high-performance nearest neighbor search with
//! product quantization fast scan*, PVLDB 9(4), 2015. The bound and the planes are this project's:
//! decisions 006 to 008.
//!
//! # What makes the unsafe code sound
//! - A [`CodeKernel`] exists only where the machine has its instruction set: its field is private,
//!   and its constructors ask [`Isa`](crate::kernel::isa::Isa).
//! - [`CodePlanes`] and [`MergedCodes`] are whole groups of one layout: [`CodePlanes::new`] checks
//!   it, and the second are made from the first.
//! - The generic kernels in [`filter`] and [`planes`] are `#[inline(always)]` and called from the
//!   functions of [`entry`] alone, which enable the instruction set that their types need.

/// An array of `$result` for every `$n`, of `$zero`s at first: a loop in place, because a closure
/// would not be compiled for the instruction set.
macro_rules! each {
    ($n:ident, $zero:expr => $result:expr) => {{
        // SAFETY: the caller has the instruction set.
        let mut all = [unsafe { $zero }; N];
        let mut $n = 0;
        while $n < N {
            // SAFETY: as the caller says, of each register.
            all[$n] = unsafe { $result };
            $n += 1;
        }
        all
    }};
}

mod bound;
mod coded_query;
#[allow(unsafe_code)]
mod cuts;
#[allow(unsafe_code)]
mod entry;
#[allow(unsafe_code)]
mod filter;
mod layout;
mod line;
#[allow(unsafe_code)]
mod planes;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
mod neon;
#[allow(unsafe_code)]
mod portable;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod vnni;

pub(crate) use self::bound::{AngleBound, CodeError, Linear, is_below};
pub(crate) use self::coded_query::{BiasCorrection, CodedQuery};
pub(crate) use self::entry::CodeKernel;
pub(crate) use self::layout::{CodePlanes, GroupLayout, MergedCodes};
pub(crate) use self::line::{CodeLine, GROUP_ROWS, LINE_COMPONENTS, Sums};
