//! The code kernels, written once, generic over the registers of an instruction set. The module
//! above has the algorithm.

use super::coded_query::CodedQuery;
use super::cuts::{Floats, GroupErrors};
use super::layout::{CodePlanes, MergedCodes};
use super::line::{BLOCK_LINES, CodeLine, LINE_BYTES, LINE_COMPONENTS, Sums};
use super::planes::{self, Bits, BlockFormat, Lower, Merged, Upper};
use crate::kernel::prefetch::prefetch_line;

/// How far ahead of the current codes a kernel prefetches, in bytes, where it does: two groups of
/// 384 components.
const PREFETCH_AHEAD_BYTES: usize = 6 * 1_024;

/// Lines of a lower part that the kernel prefetches as soon as the group has a candidate.
const PREFETCHED_LOWER_LINES: usize = 16;

/// Sixteen sums of products, one per row of a group.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
pub(super) trait Accumulator: Copy {
    /// A float per row.
    type Floats: Floats;

    /// A line.
    type Bits: Bits;

    /// The codes of a line.
    type Codes: Copy;

    /// All sums `x`.
    unsafe fn splat(x: i32) -> Self;

    /// Unpacks a line.
    unsafe fn unpack(line: Self::Bits) -> Self::Codes;

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
pub(super) const CHAINS_OF_ONE: usize = BLOCK_LINES;

/// Adds up the products of each query with `blocks` blocks of four lines of a group, and with the
/// `trailing` lines behind them. Prefetches later lines if kernels read blocks of format `F` from
/// main memory and `prefetches` says so.
///
/// # Safety
/// The processor has the instruction set of `A`. All these lines are readable, and each query has 8
/// components per line.
#[inline(always)]
unsafe fn products<A: Accumulator, F: BlockFormat, const Q: usize, const CHAINS: usize>(
    lines: *const u8,
    (blocks, trailing): (usize, usize),
    queries: &[CodedQuery<'_>; Q],
    prefetches: bool,
) -> [A; Q] {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[A::splat(0); CHAINS]; Q];
        let mut block = 0;
        while block < blocks {
            let from = lines.add(block * F::LINES * LINE_BYTES);
            if F::IS_STREAMED && prefetches {
                let mut line = 0;
                while line < F::LINES {
                    prefetch_line(from.wrapping_add(PREFETCH_AHEAD_BYTES + line * LINE_BYTES));
                    line += 1;
                }
            }
            let codes = F::load_block::<A::Bits>(from);
            let mut line = 0;
            while line < BLOCK_LINES {
                let codes = A::unpack(codes[line]);
                let at = (block * BLOCK_LINES + line) * LINE_COMPONENTS;
                let mut q = 0;
                while q < Q {
                    let query = queries[q].components().as_ptr().add(at);
                    sums[q][line % CHAINS] = sums[q][line % CHAINS].add(codes, query);
                    q += 1;
                }
                line += 1;
            }
            block += 1;
        }
        let mut line = 0;
        while line < trailing {
            let from = lines.add((blocks * F::LINES + line) * LINE_BYTES);
            let codes = A::unpack(A::Bits::load(from));
            let at = (blocks * BLOCK_LINES + line) * LINE_COMPONENTS;
            let mut q = 0;
            while q < Q {
                let query = queries[q].components().as_ptr().add(at);
                sums[q][0] = sums[q][0].add(codes, query);
                q += 1;
            }
            line += 1;
        }
        let mut joined = [A::splat(0); Q];
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
/// `q` from `q * merged.group_count()` on; and their sums at the same places.
///
/// # Safety
/// The processor has the instruction set of `A`. Each query has as many components as a group has
/// lines of them, and `candidates` and `sums` have room for `Q` times the groups.
#[inline(always)]
pub(super) unsafe fn filter<A: Accumulator, const Q: usize, const CHAINS: usize>(
    merged: &MergedCodes<'_>,
    queries: &[CodedQuery<'_>; Q],
    candidates: &mut [u16],
    sums: &mut [Sums],
) {
    let (groups, layout) = (merged.group_count(), merged.layout());
    let unit = layout.error_unit();
    let depth = (layout.blocks_of_4(), layout.trailing_lines());
    for (group, lines) in merged.groups().enumerate() {
        // SAFETY: as the caller says; a group of this layout has these lines.
        unsafe {
            let lines = lines.as_ptr().cast::<u8>();
            let products = products::<A, Merged, Q, CHAINS>(lines, depth, queries, false);
            let errors = lines.add(layout.code_lines() * LINE_BYTES);
            let norms = layout.norm_line().map(|_| errors.wrapping_add(LINE_BYTES));
            let errors = GroupErrors::<A::Floats>::load(errors, unit, norms);
            let mut q = 0;
            while q < Q {
                let sum = products[q].join(A::splat(queries[q].bias().whole));
                candidates[q * groups + group] = sum.not_below(errors.cuts(queries[q].bound()));
                sum.write(&mut sums[q * groups + group]);
                q += 1;
            }
        }
    }
}

/// The same for one query, from the planes, among the rows that `candidates` has a bit for. Returns
/// how many groups it read of the upper and of the lower part. Only the latter get whole sums.
///
/// # Safety
/// As for [`filter`].
#[inline(always)]
pub(super) unsafe fn filter_by_planes<A: Accumulator>(
    planes: &CodePlanes<'_>,
    query: &CodedQuery<'_>,
    candidates: &mut [u16],
    sums: &mut [Sums],
    prefetches: bool,
) -> [usize; 2] {
    let (layout, unit) = (planes.layout(), planes.layout().error_unit());
    let queries = std::array::from_ref(query);
    let norms = |upper: &[CodeLine]| layout.norm_line().map(|line| upper[line].0.as_ptr());
    let mut groups_read = [0; 2];
    for ((upper, lower), (candidates, sums)) in
        planes.groups().zip(candidates.iter_mut().zip(&mut *sums))
    {
        if *candidates == 0 {
            continue;
        }
        groups_read[0] += 1;
        if prefetches {
            // The lines that are not in planes; `products` prefetches the others as it multiplies
            // them.
            let others = &upper[Upper::LINES * layout.blocks_of_4()..];
            let ahead = |line: &CodeLine| line.0.as_ptr().wrapping_add(PREFETCH_AHEAD_BYTES);
            others.iter().for_each(|line| prefetch_line(ahead(line)));
        }
        // SAFETY: as the caller says; a group of this layout has these lines.
        unsafe {
            let depth = (layout.blocks_of_4(), layout.trailing_lines());
            let lines = upper.as_ptr().cast();
            let [products] =
                products::<A, Upper, 1, CHAINS_OF_ONE>(lines, depth, queries, prefetches);
            let sum = products.join(products).join(A::splat(query.bias().upper));
            let errors = upper[layout.upper_error_line()].0.as_ptr();
            let errors = GroupErrors::<A::Floats>::load(errors, 2.0 * unit, norms(upper));
            *candidates &= sum.not_below(errors.cuts(query.bound()));
            if *candidates != 0 {
                products.write(sums);
                let soon = lower.iter().take(PREFETCHED_LOWER_LINES);
                soon.for_each(|line| prefetch_line(line.0.as_ptr()));
            }
        }
    }
    for ((upper, lower), (candidates, sums)) in planes.groups().zip(candidates.iter_mut().zip(sums))
    {
        if *candidates == 0 {
            continue;
        }
        groups_read[1] += 1;
        // SAFETY: as above.
        unsafe {
            let depth = (layout.blocks_of_4(), 0);
            let lines = lower.as_ptr().cast();
            let [products] = products::<A, Lower, 1, CHAINS_OF_ONE>(lines, depth, queries, false);
            let sum = A::read(sums).join(products).join(A::splat(query.bias().whole));
            let errors = lower[layout.lower_error_line()].0.as_ptr();
            let errors = GroupErrors::<A::Floats>::load(errors, unit, norms(upper));
            *candidates &= sum.not_below(errors.cuts(query.bound()));
            sum.write(sums);
        }
    }
    groups_read
}

/// Merges the planes of each group into whole codes, and copies its errors and norms.
///
/// # Safety
/// The processor has the instruction set of `B`, and there is room.
#[inline(always)]
pub(super) unsafe fn merge_planes<B: Bits>(
    planes: &CodePlanes<'_>,
    to: &mut [CodeLine],
    prefetches: bool,
) {
    let layout = planes.layout();
    for ((upper, lower), to) in planes.groups().zip(to.chunks_exact_mut(layout.merged_lines())) {
        let (codes, extra) = to.split_at_mut(layout.code_lines());
        let (blocks, trailing) = codes.split_at_mut(layout.blocks_of_4() * BLOCK_LINES);
        let (upper_blocks, behind) = upper.split_at(layout.blocks_of_4() * Upper::LINES);
        let stored = upper_blocks.chunks_exact(Upper::LINES).zip(lower);
        for ((upper, lower), block) in stored.zip(blocks.chunks_exact_mut(BLOCK_LINES)) {
            if prefetches {
                let ahead = |line: &CodeLine| line.0.as_ptr().wrapping_add(PREFETCH_AHEAD_BYTES);
                upper.iter().for_each(|line| prefetch_line(ahead(line)));
            }
            let (upper, lower) = (upper.as_ptr().cast(), lower.0.as_ptr());
            // SAFETY: as the caller says; these are three lines, one, and four.
            unsafe { planes::merge_block::<B>(upper, lower, block.as_mut_ptr().cast()) };
        }
        trailing.copy_from_slice(&behind[..layout.trailing_lines()]);
        extra[0] = lower[layout.lower_error_line()];
        if let Some(line) = layout.norm_line() {
            extra[1] = upper[line];
        }
    }
}
