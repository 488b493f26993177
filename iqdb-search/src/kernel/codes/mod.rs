//! The code kernels: integer inner products of coded queries with coded rows, and the candidate
//! rows that they leave.
//!
//! A group of sixteen rows stands side by side. One register holds the same components of all
//! sixteen rows, no kernel adds across lanes, and each reads memory from its first byte to its
//! last:
//!
//! ```text
//! a line of codes         64 bytes: row 0 (4 bytes), row 1, … row 15
//!   byte j of a row       component j in the low four bits, component 4 + j in the high ones
//! ```
//! A code is a component plus 8, so 0 to 15. The 8 adds to an inner product a term that depends on
//! the query alone; the kernel subtracts it from the query's sums. The integers are exact on every
//! instruction set: all of them leave the same candidates.
//!
//! Every four such lines are stored in two planes ([`planes`], [`layout`]): three lines with the
//! upper three bits of each code, and one line with the lowest bits. A single query reads the upper
//! plane, then the lowest bits of groups with surviving candidates. A batch of queries merges both
//! planes once per strip. So a group of rows is in two places in memory:
//!
//! ```text
//! upper                   three lines for each four, the lines behind the last four as they are,
//!                         a line of facts, and one of norms for the metrics that need them
//! lower                   a line for each four, and a line of facts
//! ```
//! A line of facts holds the quantization error of each row, of the 3-bit code in the upper part
//! and of the 4-bit code in the lower part: two whole numbers of 16 bits each, in units of a power
//! of two.

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

mod entry;
mod errors;
mod filter;
mod layout;
mod planes;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub(crate) use self::entry::Sieve;
use self::layout::{FOUR, LINE};
pub(crate) use self::layout::{GROUP, LINE_COMPONENTS, Line, Shape, Sheet, Together};
use crate::quantized::Cone;

/// The inner products of a query with the rows of a group.
pub(crate) type Sums = [i32; GROUP];

/// A coded query with its bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<'a> {
    components: &'a [i8],
    starts: Starts,
    cone: Cone,
}

/// The bias correction of a query: added to its sums of products, it makes them inner products of
/// codes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Starts {
    /// For sums with 4-bit codes.
    pub(crate) whole: i32,
    /// For twice the sums with 3-bit codes.
    pub(crate) upper: i32,
}

impl<'a> Coded<'a> {
    /// A query of components from -127 to 127, with zeros behind the last one up to whole lines.
    ///
    /// # Panics
    /// When the components are not whole lines.
    pub(crate) fn new(components: &'a [i8], starts: Starts, cone: Cone) -> Self {
        assert!(components.len().is_multiple_of(LINE_COMPONENTS), "whole lines");
        Self { components, starts, cone }
    }

    /// The bound that excludes rows.
    pub(crate) fn cone(&self) -> Cone {
        self.cone
    }
}

/// Whether an inner product of codes is below a cut; never if the cut is not a number. The
/// conversion rounds to nearest, as on every instruction set.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn below(sum: i32, cut: f32) -> bool {
    (sum as f32) < cut
}
