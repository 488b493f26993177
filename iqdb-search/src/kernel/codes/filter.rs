//! The code kernels, written once, generic over the registers of an instruction set.

use super::errors::{Floats, GroupFacts};
use super::planes::{self, Bits, Lower, Source, Upper};
use super::{Coded, FOUR, LINE, LINE_COMPONENTS, Line, Sheet, Sums, Together};
use crate::kernel::prefetch::ask_for;

/// How far ahead of the current codes a kernel prefetches, in bytes, where it does: two groups of
/// 384 components.
const AHEAD: usize = 6 * 1_024;

/// Lines of a lower plane that the kernel prefetches as soon as the group has a candidate.
const ASKED: usize = 16;

/// Sixteen sums of products, one per row of a group.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
pub(super) trait Dots: Copy {
    /// A float per row.
    type Floats: Floats;

    /// A line.
    type Bits: Bits;

    /// The codes of a line.
    type Codes: Copy;

    /// All sums `x`.
    unsafe fn splat(x: i32) -> Self;

    /// Unpacks a line.
    unsafe fn codes(line: Self::Bits) -> Self::Codes;

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

    /// Reads sums that [`write`](Self::write) wrote.
    unsafe fn read(from: &Sums) -> Self;

    /// Writes the sums.
    unsafe fn write(self, to: &mut Sums);
}

/// How many sums a single query keeps side by side, so that no addition waits for the last.
pub(super) const ALONE: usize = FOUR;

/// Adds up the products of each query with `fours` blocks of four lines of a group, and with the
/// `rest` lines behind them. Prefetches later lines if `S` is a stream and `asks` says so.
///
/// # Safety
/// The processor has the instruction set of `D`. All these lines are readable, and each query has 8
/// components per line.
#[inline(always)]
unsafe fn products<D: Dots, S: Source, const Q: usize, const CHAINS: usize>(
    lines: *const u8,
    (fours, rest): (usize, usize),
    queries: &[Coded<'_>; Q],
    asks: bool,
) -> [D; Q] {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[D::splat(0); CHAINS]; Q];
        let mut four = 0;
        while four < fours {
            let from = lines.add(four * S::LINES * LINE);
            if S::IS_STREAM && asks {
                let mut line = 0;
                while line < S::LINES {
                    ask_for(from.wrapping_add(AHEAD + line * LINE));
                    line += 1;
                }
            }
            let codes = S::four::<D::Bits>(from);
            let mut line = 0;
            while line < FOUR {
                let codes = D::codes(codes[line]);
                let at = (four * FOUR + line) * LINE_COMPONENTS;
                let mut q = 0;
                while q < Q {
                    let query = queries[q].components.as_ptr().add(at);
                    sums[q][line % CHAINS] = sums[q][line % CHAINS].add(codes, query);
                    q += 1;
                }
                line += 1;
            }
            four += 1;
        }
        let mut line = 0;
        while line < rest {
            let codes = D::codes(D::Bits::load(lines.add((fours * S::LINES + line) * LINE)));
            let at = (fours * FOUR + line) * LINE_COMPONENTS;
            let mut q = 0;
            while q < Q {
                let query = queries[q].components.as_ptr().add(at);
                sums[q][0] = sums[q][0].add(codes, query);
                q += 1;
            }
            line += 1;
        }
        let mut joined = [D::splat(0); Q];
        let mut q = 0;
        while q < Q {
            joined[q] = sums[q][0];
            let mut chain = 1;
            while chain < CHAINS {
                joined[q] = joined[q].join(sums[q][chain]);
                chain += 1;
            }
            q += 1;
        }
        joined
    }
}

/// Writes the candidates of each group by all four bits, for each of `Q` queries: those of query
/// `q` from `q * together.groups()` on; and their sums at the same places.
///
/// # Safety
/// The processor has the instruction set of `D`. Each query has as many components as a group has
/// lines of them, and `left` and `sums` have room for `Q` times the groups.
#[inline(always)]
pub(super) unsafe fn sift<D: Dots, const Q: usize, const CHAINS: usize>(
    together: &Together<'_>,
    queries: &[Coded<'_>; Q],
    left: &mut [u16],
    sums: &mut [Sums],
) {
    let (groups, shape) = (together.groups(), together.shape);
    let unit = shape.unit();
    let depth = (shape.fours(), shape.rest());
    for (group, lines) in together.lines.chunks_exact(shape.whole_lines()).enumerate() {
        // SAFETY: as the caller says; a group of this shape has these lines.
        unsafe {
            let lines = lines.as_ptr().cast::<u8>();
            let products = products::<D, planes::Whole, Q, CHAINS>(lines, depth, queries, false);
            let facts = lines.add(shape.depth * LINE);
            let norms = shape.by_norm.then_some(facts.wrapping_add(LINE));
            let facts = GroupFacts::<D::Floats>::of(facts, unit, norms);
            let mut q = 0;
            while q < Q {
                let sum = products[q].join(D::splat(queries[q].starts.whole));
                left[q * groups + group] = sum.not_below(facts.cuts(&queries[q].cone));
                sum.write(&mut sums[q * groups + group]);
                q += 1;
            }
        }
    }
}

/// The same for one query, from the planes, for the rows that `left` has a bit for. It reads the
/// upper bits of groups that have such a row, then the lowest bits of groups with surviving
/// candidates; returns how many groups it read of each. Only the latter get whole sums.
///
/// # Safety
/// As for [`sift`].
#[inline(always)]
pub(super) unsafe fn sift_in_steps<D: Dots>(
    sheet: &Sheet<'_>,
    query: &Coded<'_>,
    left: &mut [u16],
    sums: &mut [Sums],
    asks: bool,
) -> [usize; 2] {
    let (shape, unit) = (sheet.shape, sheet.shape.unit());
    let queries = std::array::from_ref(query);
    let parts = || {
        let upper = sheet.upper.chunks_exact(shape.upper_lines());
        upper.zip(sheet.lower.chunks_exact(shape.lower_lines()))
    };
    let norms = |upper: &[Line]| shape.norms().map(|line| upper[line].0.as_ptr());
    let mut looked_at = [0; 2];
    for ((upper, lower), (left, sums)) in parts().zip(left.iter_mut().zip(&mut *sums)) {
        if *left == 0 {
            continue;
        }
        looked_at[0] += 1;
        // The lines that are not in planes; `products` prefetches the others as it multiplies them.
        let others = &upper[Upper::LINES * shape.fours()..];
        if asks {
            others.iter().for_each(|line| ask_for(line.0.as_ptr().wrapping_add(AHEAD)));
        }
        // SAFETY: as the caller says; a group of this shape has these lines.
        unsafe {
            let depth = (shape.fours(), shape.rest());
            let [products] =
                products::<D, Upper, 1, ALONE>(upper.as_ptr().cast(), depth, queries, asks);
            let sum = products.join(products).join(D::splat(query.starts.upper));
            let facts = upper[shape.upper_facts()].0.as_ptr();
            let facts = GroupFacts::<D::Floats>::of(facts, 2.0 * unit, norms(upper));
            *left &= sum.not_below(facts.cuts(&query.cone));
            if *left != 0 {
                products.write(sums);
                lower.iter().take(ASKED).for_each(|line| ask_for(line.0.as_ptr()));
            }
        }
    }
    for ((upper, lower), (left, sums)) in parts().zip(left.iter_mut().zip(sums)) {
        if *left == 0 {
            continue;
        }
        looked_at[1] += 1;
        // SAFETY: as above.
        unsafe {
            let depth = (shape.fours(), 0);
            let [products] =
                products::<D, Lower, 1, ALONE>(lower.as_ptr().cast(), depth, queries, false);
            let sum = D::read(sums).join(products).join(D::splat(query.starts.whole));
            let facts = lower[shape.lower_facts()].0.as_ptr();
            let facts = GroupFacts::<D::Floats>::of(facts, unit, norms(upper));
            *left &= sum.not_below(facts.cuts(&query.cone));
            sum.write(sums);
        }
    }
    looked_at
}

/// Merges the planes of each group into whole codes, and copies its facts and norms.
///
/// # Safety
/// The processor has the instruction set of `B`, and there is room.
#[inline(always)]
pub(super) unsafe fn put_together<B: Bits>(sheet: &Sheet<'_>, to: &mut [Line], asks: bool) {
    let shape = sheet.shape;
    let upper = sheet.upper.chunks_exact(shape.upper_lines());
    let lower = sheet.lower.chunks_exact(shape.lower_lines());
    for ((upper, lower), to) in upper.zip(lower).zip(to.chunks_exact_mut(shape.whole_lines())) {
        let (codes, facts) = to.split_at_mut(shape.depth);
        let (fours, rest) = codes.split_at_mut(shape.fours() * FOUR);
        let (parts, behind) = upper.split_at(shape.fours() * Upper::LINES);
        let parts = parts.chunks_exact(Upper::LINES).zip(lower);
        for ((upper, lower), four) in parts.zip(fours.chunks_exact_mut(FOUR)) {
            if asks {
                upper.iter().for_each(|line| ask_for(line.0.as_ptr().wrapping_add(AHEAD)));
            }
            let (upper, lower) = (upper.as_ptr().cast(), lower.0.as_ptr());
            // SAFETY: as the caller says; these are three lines, one, and four.
            unsafe { planes::put_together::<B>(upper, lower, four.as_mut_ptr().cast()) };
        }
        rest.copy_from_slice(&behind[..shape.rest()]);
        facts[0] = lower[shape.lower_facts()];
        if let Some(line) = shape.norms() {
            facts[1] = upper[line];
        }
    }
}
