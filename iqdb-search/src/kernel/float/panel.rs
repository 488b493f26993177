//! Many queries against a list of rows: the inner loop of a matrix product that compares scores with
//! the cuts of their queries before they leave the registers.
//!
//! Queries stand side by side in a panel, component by component, so that one register holds the
//! same component of as many queries as it has lanes, and nothing is added up across lanes:
//!
//! ```text
//! for each group of M rows:
//!     sums = 0                                   M × N registers
//!     for each component:
//!         load N registers of the panel
//!         for each row of the group:
//!             broadcast its component; sums[row][0..N] += it * panel[0..N]
//!     for each of the M × N registers:
//!         one multiply-add and two comparisons say which of its queries keep the row
//! ```

use super::register::Register;
use super::rows::Tile;

/// Queries side by side, with the factor and the cut of each of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel<'a> {
    components: &'a [f32],
    factors: &'a [f32],
    cuts: &'a [f32],
}

/// A pair of row and query that its score could not exclude.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survivor {
    /// Which row of the list.
    pub(crate) row: u32,
    /// Which query of the panel, or which slot behind its last query.
    pub(crate) query: u32,
    pub(crate) score: f32,
}

impl<'a> Panel<'a> {
    /// A panel as wide as `cuts`: `components[k * width + n]` is component `k` of query `n`. A row
    /// is kept for query `n` unless `score + factors[n] * term` is finite and below `cuts[n]`,
    /// where `term` is the row's.
    ///
    /// # Panics
    /// When the lengths don't fit together.
    pub(crate) fn new(components: &'a [f32], factors: &'a [f32], cuts: &'a [f32]) -> Self {
        let width = cuts.len();
        assert!(width > 0 && components.len().is_multiple_of(width), "whole components");
        assert_eq!(factors.len(), width, "one factor per query");
        Self { components, factors, cuts }
    }

    pub(super) fn width(&self) -> usize {
        self.cuts.len()
    }

    pub(super) fn dim(&self) -> usize {
        self.components.len() / self.cuts.len()
    }
}

/// Appends to `survivors` what the panel keeps of the rows, group by group.
///
/// # Safety
/// The processor has the instruction set of `R`. The panel is `N * R::LEN` wide and has the
/// tile's dimension; there is one term per row of the list.
#[inline(always)]
pub(super) unsafe fn panel<R: Register, const M: usize, const N: usize>(
    panel: &Panel<'_>,
    tile: &Tile<'_>,
    terms: &[f32],
    survivors: &mut Vec<Survivor>,
) {
    debug_assert!(panel.width() == N * R::LEN && panel.dim() == tile.dim());
    debug_assert!(terms.len() == tile.len());
    for first in (0..tile.len()).step_by(M) {
        let rows: [*const f32; M] = tile.group(first);
        let mut sums;
        // SAFETY: the caller has the instruction set; the panel has `dim` times `N` registers of
        // components, and each of `rows` points at `dim` components.
        unsafe {
            sums = [[R::zero(); N]; M];
            let mut from = panel.components.as_ptr();
            for k in 0..tile.dim() {
                let mut parts = [R::zero(); N];
                for (n, part) in parts.iter_mut().enumerate() {
                    *part = R::load(from.add(n * R::LEN));
                }
                from = from.add(N * R::LEN);
                for m in 0..M {
                    let component = R::splat(*rows[m].add(k));
                    for n in 0..N {
                        sums[m][n] = component.mul_add(parts[n], sums[m][n]);
                    }
                }
            }
        }
        for m in 0..M.min(tile.len() - first) {
            // SAFETY: the caller has the instruction set; there are `N` registers of factors and
            // of cuts, and a term for each row of the list.
            let kept: [u64; N] = unsafe {
                let term = R::splat(terms[first + m]);
                std::array::from_fn(|n| {
                    let factor = R::load(panel.factors.as_ptr().add(n * R::LEN));
                    let cut = R::load(panel.cuts.as_ptr().add(n * R::LEN));
                    !factor.mul_add(term, sums[m][n]).below(cut) & ((1 << R::LEN) - 1)
                })
            };
            for n in 0..N {
                if kept[n] != 0 {
                    // SAFETY: the caller has the instruction set.
                    unsafe { keep(kept[n], sums[m][n], first + m, n * R::LEN, survivors) };
                }
            }
        }
    }
}

/// # Safety
/// The processor has the instruction set of `R`.
#[cold]
#[inline(always)]
unsafe fn keep<R: Register>(
    mut kept: u64,
    scores: R,
    row: usize,
    first_query: usize,
    survivors: &mut Vec<Survivor>,
) {
    let mut lanes = [0.0; 16];
    // SAFETY: the caller has the instruction set.
    unsafe { scores.write(&mut lanes) };
    while kept != 0 {
        let lane = kept.trailing_zeros() as usize;
        kept &= kept - 1;
        // Both are below 2^32: a list holds numbers of 32 bits, and a panel is narrow.
        #[allow(clippy::cast_possible_truncation)]
        let (row, query) = (row as u32, (first_query + lane) as u32);
        survivors.push(Survivor { row, query, score: lanes[lane] });
    }
}
