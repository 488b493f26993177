//! Integer inner products of coded queries with coded rows, and which rows they leave in question.
//!
//! Sixteen rows stand side by side, so that one register holds as many components of all of them,
//! nothing is added up across lanes, and memory is read from its first byte to its last:
//!
//! ```text
//! a line of codes         64 bytes: row 0 (4 bytes), row 1, … row 15
//!   byte j of a row       component j in the low four bits, component 4 + j in the high ones
//! ```
//! A code is a component plus 8, so 0 to 15. What the 8 adds to an inner product depends on the
//! query alone and is taken off its sums. The integers are exact on every instruction set: all of
//! them leave the same rows in question.
//!
//! Four such lines are kept as three with the upper three bits of each code, and one with the
//! lowest ([`planes`], [`layout`]). One query reads the upper bits first, and the lowest of those groups only of
//! which a row is left in question; for many, both are put together once. So a group
//! of rows is in two places in memory:
//!
//! ```text
//! upper                   three lines for each four, the lines behind the last four as they are,
//!                         a line of facts, and one of norms for the metrics that need them
//! lower                   a line for each four, and a line of facts
//! ```
//! The facts are what the bound needs of each row, of the code of three bits above and of that of
//! four bits below: two whole numbers of 16 bits each, in units of a power of two.

/// An array of `$result` for every `$n`, of `$zero`s at first: a loop in place, as a closure would not
/// have the instruction set.
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
mod facts;
mod layout;
mod planes;
mod sift;
mod streams;

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
use crate::certified::Cone;

/// The inner products of a query with the rows of a group.
pub(crate) type Sums = [i32; GROUP];

/// A query as it is compared with coded rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<'a> {
    components: &'a [i8],
    starts: Starts,
    cone: Cone,
}

/// What is added to the sums of a query's products, so that they are inner products of codes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Starts {
    /// To those with codes of four bits.
    pub(crate) whole: i32,
    /// To twice those with codes of three bits.
    pub(crate) upper: i32,
}

impl<'a> Coded<'a> {
    /// A query of so many components, -127 to 127, zeros behind the last one up to whole lines.
    ///
    /// # Panics
    /// When they are not whole lines.
    pub(crate) fn new(components: &'a [i8], starts: Starts, cone: Cone) -> Self {
        assert!(components.len().is_multiple_of(LINE_COMPONENTS), "whole lines");
        Self { components, starts, cone }
    }

    /// What decides.
    pub(crate) fn cone(&self) -> Cone {
        self.cone
    }
}

/// Whether an inner product of codes is below a cut; not if that is not a number. Rounded to
/// nearest, as every instruction set does it.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn below(sum: i32, cut: f32) -> bool {
    (sum as f32) < cut
}
