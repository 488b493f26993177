//! One query against a list of rows, each row from its first component to its last, because memory
//! is read fastest in order: eight rows side by side read at half the speed here.
//!
//! ```text
//! for each group of rows of the list:           8 of them, or 4 with two sums each
//!     for each row of the group:
//!         chains = 0                            4 registers, so that no addition waits for the last
//!         for each register of components:
//!             chains[next] += term(query, row)
//!         sums[row] = the chains, added up lane by lane
//!     the lanes of all 8 sums are added up at once and written out
//! ```
//! The last components, fewer than a register, are loaded with zeros behind them. A group that is
//! not full repeats its last row, and what is summed up for the repetition is not written.

use super::register::Register;

/// Rows of one block, and a list of those that a kernel scores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile<'a> {
    components: &'a [f32],
    dim: usize,
    stride: usize,
    rows: &'a [u32],
}

impl<'a> Tile<'a> {
    /// The rows numbered `rows` of the matrix `components`. O(rows).
    ///
    /// # Panics
    /// When `dim` is not in `1..=stride`, or a row is outside the matrix.
    pub(crate) fn new(components: &'a [f32], dim: usize, stride: usize, rows: &'a [u32]) -> Self {
        assert!(0 < dim && dim <= stride, "a row is no longer than its stride");
        let last = rows.iter().copied().max().unwrap_or(0) as usize;
        let fits = rows.is_empty() || last < components.len() / stride;
        assert!(fits, "every row is inside the matrix");
        Self { components, dim, stride, rows }
    }

    /// How many rows are listed.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The vectors of the listed rows, in the order of the list.
    pub(crate) fn vectors(&self) -> impl Iterator<Item = &'a [f32]> {
        let Self { components, dim, stride, rows } = *self;
        rows.iter().map(move |row| &components[*row as usize * stride..][..dim])
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Prefetches the row after number `n` of the list, unless it follows in memory: then the
    /// processor prefetches it by itself.
    ///
    /// # Safety
    /// The processor has the instruction set of `R`.
    #[inline(always)]
    unsafe fn prefetch_next<R: Register>(&self, n: usize) {
        let Some(&[row, next]) = self.rows.get(n..n + 2) else { return };
        if next == row + 1 {
            return;
        }
        let next = self.components.as_ptr().wrapping_add(next as usize * self.stride);
        for line in 0..PREFETCHED_LINES.min(self.dim.div_ceil(CACHE_LINE_COMPONENTS)) {
            // SAFETY: the caller has the instruction set.
            unsafe { R::prefetch(next.wrapping_add(line * CACHE_LINE_COMPONENTS)) };
        }
    }

    /// The first components of `N` rows of the list from number `first` on, the last row of the
    /// list standing in for those behind its end. Each points at `dim` readable components.
    ///
    /// The list may not be empty.
    #[inline(always)]
    pub(super) fn group<const N: usize>(&self, first: usize) -> [*const f32; N] {
        let last = self.rows.len() - 1;
        std::array::from_fn(|n| {
            let row = self.rows[last.min(first + n)] as usize;
            // The start of a row that `new` found inside the matrix, so this can't wrap.
            self.components.as_ptr().wrapping_add(row * self.stride)
        })
    }
}

/// Components in a cache line, and how many lines of a row are prefetched.
const CACHE_LINE_COMPONENTS: usize = 16;
const PREFETCHED_LINES: usize = 32;

/// What is summed up over the components of a query and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// The inner product.
    Dot,
    /// The negated squared distance.
    Squares,
    /// The inner product of the row with itself; the query doesn't matter.
    SquaredNorm,
}

/// How a register of components enters the sums of its row.
pub(super) trait Term<R: Register> {
    /// How many sums a row has, 1 or 2. Of the 8 registers that a kernel adds up at a time, each
    /// row takes this many.
    const SUMS: usize;

    /// Adds what these components give.
    ///
    /// # Safety
    /// As for every function of [`Register`].
    unsafe fn add(sums: &mut [R; 2], query: R, row: R);
}

pub(super) struct Dot;
pub(super) struct Squares;
pub(super) struct SquaredNorm;
/// The first sum is the inner product, the second the row's squared norm.
pub(super) struct DotAndSquaredNorm;

impl<R: Register> Term<R> for Dot {
    const SUMS: usize = 1;
    #[inline(always)]
    unsafe fn add(sums: &mut [R; 2], query: R, row: R) {
        // SAFETY: the caller has the instruction set.
        sums[0] = unsafe { query.mul_add(row, sums[0]) };
    }
}

impl<R: Register> Term<R> for Squares {
    const SUMS: usize = 1;
    #[inline(always)]
    unsafe fn add(sums: &mut [R; 2], query: R, row: R) {
        // SAFETY: the caller has the instruction set.
        sums[0] = unsafe {
            let difference = query.sub(row);
            difference.mul_add(difference, sums[0])
        };
    }
}

impl<R: Register> Term<R> for SquaredNorm {
    const SUMS: usize = 1;
    #[inline(always)]
    unsafe fn add(sums: &mut [R; 2], _: R, row: R) {
        // SAFETY: the caller has the instruction set.
        sums[0] = unsafe { row.mul_add(row, sums[0]) };
    }
}

impl<R: Register> Term<R> for DotAndSquaredNorm {
    const SUMS: usize = 2;
    #[inline(always)]
    unsafe fn add(sums: &mut [R; 2], query: R, row: R) {
        // SAFETY: the caller has the instruction set.
        unsafe {
            sums[0] = query.mul_add(row, sums[0]);
            sums[1] = row.mul_add(row, sums[1]);
        }
    }
}

/// Sums that a row is added up in side by side: as many as hide the latency of an addition.
const CHAINS: usize = 4;

/// Gives the sums of every group of the list to `write`: the number of its first row, how many of
/// its rows count, and the sums, those of a kind together.
///
/// # Safety
/// The processor has the instruction set of `R`, and `query` points at `tile.dim()` readable
/// components.
#[inline(always)]
pub(super) unsafe fn sweep<R: Register, T: Term<R>>(
    query: *const f32,
    tile: &Tile<'_>,
    mut write: impl FnMut(usize, usize, [f32; 8]),
) {
    let rest = tile.dim() % R::LEN;
    let whole = tile.dim() - rest;
    let chained = tile.dim() - tile.dim() % (CHAINS * R::LEN);
    let group = 8 / T::SUMS;
    for first in (0..tile.len()).step_by(group) {
        let rows: [*const f32; 8] = tile.group(first);
        // SAFETY: the caller has the instruction set; `query` and each of `rows` point at `dim`
        // components, of which no load reads past the end: the first loop ends at `chained`, the
        // second at `whole`, and the last load takes those from there to `dim`.
        let sums = unsafe {
            let mut sums = [R::zero(); 8];
            let mut n = 0;
            while n < group {
                tile.prefetch_next::<R>(first + n);
                let mut chains = [[R::zero(); 2]; CHAINS];
                let mut k = 0;
                while k < chained {
                    let mut chain = 0;
                    while chain < CHAINS {
                        let at = k + chain * R::LEN;
                        T::add(
                            &mut chains[chain],
                            R::load(query.add(at)),
                            R::load(rows[n].add(at)),
                        );
                        chain += 1;
                    }
                    k += CHAINS * R::LEN;
                }
                while k < whole {
                    T::add(&mut chains[0], R::load(query.add(k)), R::load(rows[n].add(k)));
                    k += R::LEN;
                }
                if rest > 0 {
                    let (query, row) = (query.add(whole), rows[n].add(whole));
                    let (query, row) = (R::load_first(query, rest), R::load_first(row, rest));
                    T::add(&mut chains[1], query, row);
                }
                let mut sum = 0;
                while sum < T::SUMS {
                    let [a, b, c, d] =
                        [chains[0][sum], chains[1][sum], chains[2][sum], chains[3][sum]];
                    sums[sum * group + n] = a.add(b).add(c.add(d));
                    sum += 1;
                }
                n += 1;
            }
            R::sums(sums)
        };
        write(first, group.min(tile.len() - first), sums);
    }
}
