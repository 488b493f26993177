//! Integer inner products of coded queries with coded rows, and which rows they leave in question.
//!
//! Sixteen rows stand side by side, so that one register holds as many components of all of them,
//! nothing is added up across lanes, and memory is read from its first byte to its last:
//!
//! ```text
//! line 0 of a group       64 bytes: row 0 (4 bytes), row 1, … row 15
//!   byte j of a row       component j in the low four bits, component 4 + j in the high ones
//! line 1                  the same of components 8 to 15, and so on
//! last two, or three      what the bound needs of each row, as floats, four bytes a row
//! ```
//! A code is a component plus 8, so 0 to 15. What the 8 adds to an inner product depends on the
//! query alone and is taken off at the start of its sums. The integers are exact on every
//! instruction set: all of them leave the same rows in question.

mod entry;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub(crate) use self::entry::Sieve;
use super::ask_for;
use crate::certified::{Cone, Linear};

/// Rows side by side.
pub(crate) const GROUP: usize = 16;

/// Components of each row in a line.
pub(crate) const LINE_COMPONENTS: usize = 8;

/// The codes of 8 components of 16 rows, or a float of each: a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; LINE]);

impl Line {
    pub(crate) const ZERO: Self = Self([0; LINE]);

    /// A float per row.
    pub(crate) fn of_floats(floats: [f32; GROUP]) -> Self {
        let mut line = Self::ZERO;
        for (bytes, float) in line.0.as_chunks_mut().0.iter_mut().zip(floats) {
            *bytes = float.to_le_bytes();
        }
        line
    }

    /// One of them.
    #[inline(always)]
    pub(crate) fn float(&self, row: usize) -> f32 {
        f32::from_le_bytes(self.0.as_chunks().0[row])
    }
}

/// Bytes of a line.
const LINE: usize = 64;

/// How far ahead of the codes at hand one query alone asks for more, in bytes: two groups or so. Some
/// machines fetch memory that is read in order fast enough by themselves, others at half the speed.
const AHEAD: usize = 6 * 1_024;

/// The inner products of a query with the rows of a group.
pub(crate) type Sums = [i32; GROUP];

/// What a group of coded rows looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Lines of codes.
    pub(crate) depth: usize,
    /// Whether the norms of the rows are there, for the metrics that need them.
    pub(crate) by_norm: bool,
}

impl Shape {
    /// Lines of a group.
    #[inline(always)]
    pub(crate) fn lines(self) -> usize {
        self.depth + if self.by_norm { 3 } else { 2 }
    }

    /// Which line has the length of each code's part along its row, and which that across it.
    #[inline(always)]
    pub(crate) fn sides(self) -> [usize; 2] {
        [self.depth, self.depth + 1]
    }

    /// Which line has the norms.
    #[inline(always)]
    pub(crate) fn norms(self) -> Option<usize> {
        self.by_norm.then_some(self.depth + 2)
    }
}

/// Some groups of coded rows of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet<'a> {
    lines: &'a [Line],
    shape: Shape,
}

impl<'a> Sheet<'a> {
    /// # Panics
    /// When these are not whole groups.
    pub(crate) fn new(lines: &'a [Line], shape: Shape) -> Self {
        assert!(lines.len().is_multiple_of(shape.lines()), "whole groups");
        Self { lines, shape }
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.lines.len() / self.shape.lines()
    }
}

/// A query as it is compared with coded rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<'a> {
    components: &'a [i8],
    /// What the sums start from.
    start: i32,
    cone: Cone,
}

impl<'a> Coded<'a> {
    /// A query of so many components, -127 to 127, zeros behind the last one up to whole lines.
    ///
    /// # Panics
    /// When they are not whole lines.
    pub(crate) fn new(components: &'a [i8], start: i32, cone: Cone) -> Self {
        assert!(components.len().is_multiple_of(LINE_COMPONENTS), "whole lines");
        Self { components, start, cone }
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

/// Floats side by side, in one register or in several. All operations are rounded to nearest, once.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
trait Floats: Copy {
    /// All of them `x`.
    unsafe fn splat(x: f32) -> Self;

    /// Those that begin there.
    ///
    /// # Safety
    /// As many bytes as the type has need to be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;

    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;

    /// `self * other`.
    unsafe fn mul(self, other: Self) -> Self;

    /// `1 / self`.
    unsafe fn invert(self) -> Self;

    /// `self` where `sign` is above 0, minus infinity elsewhere.
    unsafe fn where_positive(self, sign: Self) -> Self;
}

/// An array of `$result` for every `$n`: a loop in place, as a closure would not have the instruction set.
macro_rules! each {
    ($n:ident: $result:expr) => {{
        // SAFETY: the caller has the instruction set.
        let mut all = [unsafe { F::splat(0.0) }; N];
        let mut $n = 0;
        while $n < N {
            // SAFETY: as the caller says, of each register.
            all[$n] = unsafe { $result };
            $n += 1;
        }
        all
    }};
}

impl<F: Floats, const N: usize> Floats for [F; N] {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        each!(n: F::splat(x))
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        each!(n: F::load(from.add(n * size_of::<F>())))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        each!(n: self[n].add(other[n]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        each!(n: self[n].sub(other[n]))
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        each!(n: self[n].mul(other[n]))
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        each!(n: self[n].invert())
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        each!(n: self[n].where_positive(sign[n]))
    }
}

/// What the bound needs of sixteen rows.
#[derive(Clone, Copy)]
struct GroupFacts<F> {
    along: F,
    across: F,
    /// With their inverses.
    norms: Option<[F; 2]>,
}

impl<F: Floats> GroupFacts<F> {
    /// # Safety
    /// The processor has the instruction set, and `lines` are those of a group of this shape.
    #[inline(always)]
    unsafe fn of(lines: *const u8, shape: Shape) -> Self {
        // SAFETY: a group has these lines.
        unsafe {
            let floats = |line: usize| F::load(lines.add(line * LINE));
            let [along, across] = shape.sides();
            let norms = match shape.norms() {
                Some(line) => {
                    let norms = floats(line);
                    Some([norms, norms.invert()])
                }
                None => None,
            };
            Self { along: floats(along), across: floats(across), norms }
        }
    }

    /// [`Cone::cut`] of each of them.
    ///
    /// # Safety
    /// The processor has the instruction set.
    #[inline(always)]
    unsafe fn cuts(&self, cone: &Cone) -> F {
        // SAFETY: the caller has the instruction set.
        unsafe {
            let (turned, aside) = match (*cone, self.norms) {
                (Cone::Fixed { cosine, sine }, _) => (F::splat(cosine), F::splat(sine)),
                (Cone::ByNorm { constant, slope, turned, aside }, Some([norms, inverses])) => {
                    let constant = inverses.mul(F::splat(constant));
                    let cosine = constant.add(norms.mul(F::splat(slope)));
                    let at =
                        |line: Linear| cosine.mul(F::splat(line.factor)).add(F::splat(line.rest));
                    (at(turned), at(aside))
                }
                (Cone::All | Cone::ByNorm { .. }, _) => {
                    (F::splat(f32::NEG_INFINITY), F::splat(0.0))
                }
            };
            self.along.mul(turned).sub(self.across.mul(aside)).where_positive(turned)
        }
    }
}

/// Sixteen sums of products, one per row of a group.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
trait Dots: Copy {
    /// A float per row.
    type Floats: Floats;

    /// The codes of a line.
    type Codes: Copy;

    /// All sums `x`.
    unsafe fn splat(x: i32) -> Self;

    /// Unpacks a line.
    ///
    /// # Safety
    /// 64 bytes have to be readable.
    unsafe fn codes(line: *const u8) -> Self::Codes;

    /// Adds the products of the line's components with those of the query.
    ///
    /// # Safety
    /// 8 components have to be readable at `query`.
    unsafe fn add(self, codes: Self::Codes, query: *const i8) -> Self;

    /// The sum of both.
    unsafe fn join(self, other: Self) -> Self;

    /// The rows, from the lowest bit up, whose sum is not below their cut. A cut that is not a
    /// number has nothing below it.
    unsafe fn not_below(self, cuts: Self::Floats) -> u16;

    /// Writes the sums.
    unsafe fn write(self, to: &mut Sums);
}

/// Writes which rows of each group are left in question, for each of `Q` queries: those of query
/// `q` from `q * sheet.groups()` on; and their sums at the same places.
///
/// # Safety
/// The processor has the instruction set of `D`. Each query has as many components as a group has
/// lines of them, and `left` and `sums` have room for `Q` times the groups.
#[inline(always)]
unsafe fn sift<D: Dots, const Q: usize, const CHAINS: usize>(
    sheet: &Sheet<'_>,
    queries: &[Coded<'_>; Q],
    left: &mut [u16],
    sums_left: &mut [Sums],
) {
    let (groups, shape) = (sheet.groups(), sheet.shape);
    let depth = shape.depth;
    for (group, lines) in sheet.lines.chunks_exact(shape.lines()).enumerate() {
        // SAFETY: the caller has the instruction set; a group has `depth` lines of codes and more,
        // and each query as many times 8 components.
        let (sums, facts) = unsafe {
            let lines = lines.as_ptr().cast::<u8>();
            let zero = D::splat(0);
            let mut sums = [[zero; CHAINS]; Q];
            for q in 0..Q {
                sums[q][0] = D::splat(queries[q].start);
            }
            let chained = depth - depth % CHAINS;
            let mut at = 0;
            while at < chained {
                let mut chain = 0;
                while chain < CHAINS {
                    let line = lines.add((at + chain) * LINE);
                    if Q == 1 {
                        ask_for(line.wrapping_add(AHEAD));
                    }
                    let codes = D::codes(line);
                    for q in 0..Q {
                        let query = queries[q].components.as_ptr();
                        let query = query.add((at + chain) * LINE_COMPONENTS);
                        sums[q][chain] = sums[q][chain].add(codes, query);
                    }
                    chain += 1;
                }
                at += CHAINS;
            }
            while at < depth {
                let codes = D::codes(lines.add(at * LINE));
                for q in 0..Q {
                    let query = queries[q].components.as_ptr().add(at * LINE_COMPONENTS);
                    sums[q][0] = sums[q][0].add(codes, query);
                }
                at += 1;
            }
            (sums, GroupFacts::<D::Floats>::of(lines, shape))
        };
        for q in 0..Q {
            // SAFETY: the caller has the instruction set.
            unsafe {
                let cuts = facts.cuts(&queries[q].cone);
                let mut sum = sums[q][0];
                let mut chain = 1;
                while chain < CHAINS {
                    sum = sum.join(sums[q][chain]);
                    chain += 1;
                }
                left[q * groups + group] = sum.not_below(cuts);
                sum.write(&mut sums_left[q * groups + group]);
            }
        }
    }
}
