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
//!
//! Rows of `f16`, `bf16` and `i8` are converted in the registers, so that memory is read at the width
//! of the element and nothing is written. Every lane has the exact value of its component, so a
//! score has the error that one of `f32` rows has.

use super::component::Component;
use super::register::{Load, Register};
use crate::kernel::prefetch::{prefetch_line, streams_need_prefetch};

/// Rows of one block, and a list of those that a kernel scores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile<'a, C = f32> {
    components: &'a [C],
    dim: usize,
    stride: usize,
    rows: &'a [u32],
}

impl<'a, C: Component> Tile<'a, C> {
    /// The rows numbered `rows` of the matrix `components`. O(rows).
    ///
    /// # Panics
    /// When `dim` is not in `1..=stride`, or a row is outside the matrix.
    pub(crate) fn new(components: &'a [C], dim: usize, stride: usize, rows: &'a [u32]) -> Self {
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
    pub(crate) fn vectors(&self) -> impl Iterator<Item = &'a [C]> {
        let Self { components, dim, stride, rows } = *self;
        rows.iter().map(move |row| &components[*row as usize * stride..][..dim])
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Whether the listed rows, of which there are several, follow each other in memory. The list of
    /// a scan is in ascending order, so the first and the last row tell. For prefetching only.
    fn is_contiguous(&self) -> bool {
        match *self.rows {
            [first, .., last] => {
                last.checked_sub(first).map(|n| n as usize + 1) == Some(self.len())
            }
            _ => false,
        }
    }

    /// The listed row that is `ahead` rows behind number `n` of the list, or row `n` itself if the
    /// list ends before. For prefetching only.
    #[inline(always)]
    fn ahead_of(&self, n: usize, ahead: usize) -> *const C {
        self.group::<1>(if n + ahead < self.len() { n + ahead } else { n })[0]
    }

    /// The first components of `N` rows of the list from number `first` on, the last row of the
    /// list standing in for those behind its end. Each points at `dim` readable components.
    ///
    /// The list may not be empty.
    #[inline(always)]
    pub(super) fn group<const N: usize>(&self, first: usize) -> [*const C; N] {
        let last = self.rows.len() - 1;
        std::array::from_fn(|n| {
            let row = self.rows[last.min(first + n)] as usize;
            // The start of a row that `new` found inside the matrix, so this can't wrap.
            self.components.as_ptr().wrapping_add(row * self.stride)
        })
    }
}

/// Bytes of a cache line.
const CACHE_LINE_BYTES: usize = 64;

/// How many bytes of rows lie between what a kernel reads and what it prefetches.
/// `docs/decisions/033-elements-in-registers.md` has the measurements.
const AHEAD_BYTES: usize = 4_096;

/// What is summed up over the components of a query and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// The inner product.
    Dot,
    /// The negated squared distance.
    Squares,
}

/// How a register of components enters the sums of its row.
pub(super) trait Term<R: Register> {
    /// How many sums a row has, 1 or 2. Of the 8 registers that a kernel adds up at a time, each
    /// row takes this many.
    const SUMS: usize;

    /// Whether the components of the query enter.
    const READS_QUERY: bool = true;

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
    const READS_QUERY: bool = false;
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
/// components, unless `T` reads none.
#[inline(always)]
pub(super) unsafe fn sweep<R: Register, C: Component + Load<R>, T: Term<R>>(
    query: *const f32,
    tile: &Tile<'_, C>,
    mut write: impl FnMut(usize, usize, [f32; 8]),
) {
    let group = 8 / T::SUMS;
    let is_contiguous = tile.is_contiguous();
    let prefetches = !is_contiguous || streams_need_prefetch();
    let ahead = (AHEAD_BYTES / (tile.dim() * size_of::<C>())).max(1);
    for first in (0..tile.len()).step_by(group) {
        let rows: [*const C; 8] = tile.group(first);
        // SAFETY: the caller has the instruction set; `query` and each of `rows` point at `dim`
        // components.
        let sums = unsafe {
            let mut sums = [R::zero(); 8];
            let mut n = 0;
            while n < group {
                let ahead = match is_contiguous {
                    // Behind the last row, too: there the next list begins.
                    true => rows[n].wrapping_byte_add(AHEAD_BYTES),
                    false => tile.ahead_of(first + n, ahead),
                };
                let row = match prefetches {
                    true => row_sums::<R, C, T, true>(query, rows[n], ahead, tile.dim()),
                    false => row_sums::<R, C, T, false>(query, rows[n], ahead, tile.dim()),
                };
                let mut sum = 0;
                while sum < T::SUMS {
                    sums[sum * group + n] = row[sum];
                    sum += 1;
                }
                n += 1;
            }
            R::sums(sums)
        };
        write(first, group.min(tile.len() - first), sums);
    }
}

/// The sums of one row. With `PREFETCH` the components at `ahead`, an address of any kind, are
/// prefetched as those of the row are read.
///
/// # Safety
/// The processor has the instruction set of `R`. `row` points at `dim` readable components, and
/// `query` does, unless `T` reads none.
#[inline(always)]
unsafe fn row_sums<R: Register, C: Load<R>, T: Term<R>, const PREFETCH: bool>(
    query: *const f32,
    row: *const C,
    ahead: *const C,
    dim: usize,
) -> [R; 2] {
    let rest = dim % R::LEN;
    let whole = dim - rest;
    let chained = dim - dim % (CHAINS * R::LEN);
    // SAFETY: the caller has the instruction set; no load reads past `dim` components: the first
    // loop ends at `chained`, the second at `whole`, and the last load takes those from there on.
    unsafe {
        let queried = |at: usize| if T::READS_QUERY { R::load(query.add(at)) } else { R::zero() };
        let mut chains = [[R::zero(); 2]; CHAINS];
        let mut k = 0;
        while k < chained {
            if PREFETCH {
                prefetch(ahead.wrapping_add(k), CHAINS * R::LEN);
            }
            let mut chain = 0;
            while chain < CHAINS {
                let at = k + chain * R::LEN;
                T::add(&mut chains[chain], queried(at), C::load(row.add(at)));
                chain += 1;
            }
            k += CHAINS * R::LEN;
        }
        while k < whole {
            T::add(&mut chains[0], queried(k), C::load(row.add(k)));
            k += R::LEN;
        }
        if rest > 0 {
            let query = match T::READS_QUERY {
                true => R::load_first(query.add(whole), rest),
                false => R::zero(),
            };
            T::add(&mut chains[1], query, C::load_first(row.add(whole), rest));
        }
        let [a, b, c, d] = chains;
        std::array::from_fn(|sum| a[sum].add(b[sum]).add(c[sum].add(d[sum])))
    }
}

/// Prefetches the lines of `len` components.
#[inline(always)]
fn prefetch<C>(components: *const C, len: usize) {
    let mut byte = 0;
    while byte < len * size_of::<C>() {
        prefetch_line(components.cast::<u8>().wrapping_add(byte));
        byte += CACHE_LINE_BYTES;
    }
}
