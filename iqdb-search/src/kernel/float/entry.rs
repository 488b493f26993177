//! The safe entry points of the float kernels. Each checks the shapes that it is given, and
//! dispatches with one match to the kernel that is compiled for the instruction set.

use iqdb_core::{Metric, distance};

#[cfg(target_arch = "x86_64")]
use super::canonical;
use super::component::Component;
use super::keep::keep;
use super::panel::{Panel, Survivor, panel};
use super::rows::{Dot, DotAndSquaredNorm, Scores, SquaredNorm, Squares, Tile, sweep};
use crate::kernel::isa::Isa;

/// How many scores [`FloatKernel::keep`] compares in one call.
pub(crate) const KEEP_ROWS: usize = 64;

/// The float kernel of an instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FloatKernel(Isa);

impl FloatKernel {
    /// The kernel of the first of these instruction sets that the machine has, and the portable one
    /// if it has none.
    pub(crate) fn first_of(sets: &[Isa]) -> Self {
        Self(Isa::first_of(sets))
    }

    /// Its instruction set.
    pub(crate) fn isa(self) -> Isa {
        self.0
    }

    /// The queries of a panel of `registers` registers.
    pub(crate) fn panel_width(self, registers: usize) -> usize {
        let lanes = match self.0 {
            Isa::Avx512Vnni | Isa::Avx512 => 16,
            Isa::Avx2 => 8,
            Isa::Neon | Isa::Portable => 4,
        };
        registers * lanes
    }

    /// The registers of the widest panel: as many as leave room for the sums of a group of rows.
    pub(crate) fn panel_registers(self) -> usize {
        match self.0 {
            // 8 rows of 3 sums each, in 32 registers.
            Isa::Avx512Vnni | Isa::Avx512 | Isa::Neon => 3,
            // 6 or 4 rows of 2 sums each, in 16 registers.
            Isa::Avx2 | Isa::Portable => 2,
        }
    }

    /// Writes a score for every row of the tile.
    ///
    /// # Panics
    /// When the query is not of the tile's dimension, or there is not one score per row.
    pub(crate) fn scores<C: Component>(
        self,
        scores: Scores,
        query: &[f32],
        tile: &Tile<'_, C>,
        out: &mut [f32],
    ) {
        assert_eq!(query.len(), tile.dim(), "a query of the rows' dimension");
        assert_eq!(out.len(), tile.len(), "one score per row");
        // SAFETY: the machine has the instruction set, or there would be no such kernel; the query
        // has `dim` components, as was just checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni | Isa::Avx512 => avx512::scores(scores, query, tile, out),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::scores(scores, query, tile, out),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::scores(scores, query, tile, out),
                _ => portable::scores(scores, query, tile, out),
            }
        }
    }

    /// Writes the inner product of every row with itself.
    ///
    /// # Panics
    /// When there is not one of them per row.
    pub(crate) fn squared_norms<C: Component>(self, tile: &Tile<'_, C>, out: &mut [f32]) {
        assert_eq!(out.len(), tile.len(), "one per row");
        // SAFETY: the machine has the instruction set, or there would be no such kernel.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni | Isa::Avx512 => avx512::squared_norms(tile, out),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::squared_norms(tile, out),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::squared_norms(tile, out),
                _ => portable::squared_norms(tile, out),
            }
        }
    }

    /// Writes the inner product of every row with the query, and with itself.
    ///
    /// # Panics
    /// As [`scores`](Self::scores).
    pub(crate) fn dots_and_squared_norms<C: Component>(
        self,
        query: &[f32],
        tile: &Tile<'_, C>,
        dots: &mut [f32],
        squared_norms: &mut [f32],
    ) {
        assert_eq!(query.len(), tile.dim(), "a query of the rows' dimension");
        assert_eq!((dots.len(), squared_norms.len()), (tile.len(), tile.len()), "one per row");
        // SAFETY: as in `scores`.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni | Isa::Avx512 => avx512::both(query, tile, dots, squared_norms),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::both(query, tile, dots, squared_norms),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::both(query, tile, dots, squared_norms),
                _ => portable::both(query, tile, dots, squared_norms),
            }
        }
    }

    /// [`of_numbers`](distance::of_numbers), bit for bit, in fewer instructions.
    ///
    /// # Panics
    /// As `Metric::distance`.
    pub(crate) fn distance(self, metric: Metric, a: &[f32], b: &[f32]) -> f64 {
        assert_eq!(a.len(), b.len(), "a distance is between vectors of one length");
        match self.0 {
            // SAFETY: the machine has the instruction set, or there would be no such kernel.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni | Isa::Avx512 => unsafe { canonical::by_avx512(metric, a, b) },
            // SAFETY: the machine has the instruction set, or there would be no such kernel.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { canonical::by_avx2(metric, a, b) },
            _ => distance::of_numbers(metric, a, b),
        }
    }

    /// The scores, from the lowest bit up, for which `score + factor * term` is not below `cut`, or
    /// is not finite.
    ///
    /// # Panics
    /// When there are more than [`KEEP_ROWS`] scores, or not one term for each.
    pub(crate) fn keep(self, scores: &[f32], terms: &[f32], factor: f32, cut: f32) -> u64 {
        assert!(scores.len() <= KEEP_ROWS && scores.len() == terms.len(), "a term per score");
        // SAFETY: the machine has the instruction set, or there would be no such kernel; the
        // lengths were just checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni | Isa::Avx512 => avx512::kept(scores, terms, factor, cut),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::kept(scores, terms, factor, cut),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::kept(scores, terms, factor, cut),
                _ => portable::kept(scores, terms, factor, cut),
            }
        }
    }

    /// Appends to `survivors` what the panel keeps of the rows, whose terms are `terms`.
    ///
    /// # Panics
    /// When the panel is not of whole registers, too wide, or not of the tile's dimension, or there
    /// is not one term per row.
    pub(crate) fn panel(
        self,
        queries: &Panel<'_>,
        tile: &Tile<'_>,
        terms: &[f32],
        survivors: &mut Vec<Survivor>,
    ) {
        assert_eq!(queries.dim(), tile.dim(), "queries of the rows' dimension");
        assert_eq!(terms.len(), tile.len(), "one term per row");
        let registers = queries.width() / self.panel_width(1);
        assert_eq!(queries.width(), self.panel_width(registers), "whole registers");
        let widest = self.panel_registers();
        assert!((1..=widest).contains(&registers), "a panel of 1 to {widest} registers");
        // SAFETY: the machine has the instruction set, or there would be no such kernel; the
        // shapes were just checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni | Isa::Avx512 => {
                    avx512::panels(registers, queries, tile, terms, survivors);
                }
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::panels(registers, queries, tile, terms, survivors),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::panels(registers, queries, tile, terms, survivors),
                _ => portable::panels(registers, queries, tile, terms, survivors),
            }
        }
    }
}

/// The kernels compiled for one instruction set: a register type, the rows of a panel's group, and
/// the features to enable.
macro_rules! entries {
    ($name:ident, $register:ty, $rows:literal $(, $features:literal)?) => {
        mod $name {
            use super::*;

            /// # Safety
            /// The processor has the instruction set. The query has the tile's dimension.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn scores<C: Component>(
                scores: Scores,
                query: &[f32],
                tile: &Tile<'_, C>,
                out: &mut [f32],
            ) {
                let mut write = |first: usize, rows: usize, sums: [f32; 8]| {
                    out[first..first + rows].copy_from_slice(&sums[..rows]);
                };
                // SAFETY: as the caller says.
                unsafe {
                    match scores {
                        Scores::Dot => sweep::<$register, C, Dot>(query.as_ptr(), tile, write),
                        Scores::Squares => {
                            let negated = |first, rows, sums: [f32; 8]| {
                                write(first, rows, sums.map(std::ops::Neg::neg));
                            };
                            sweep::<$register, C, Squares>(query.as_ptr(), tile, negated);
                        }
                    }
                }
            }

            /// # Safety
            /// The processor has the instruction set.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn squared_norms<C: Component>(tile: &Tile<'_, C>, out: &mut [f32]) {
                let write = |first: usize, rows: usize, sums: [f32; 8]| {
                    out[first..first + rows].copy_from_slice(&sums[..rows]);
                };
                // SAFETY: as the caller says; no query is read.
                unsafe { sweep::<$register, C, SquaredNorm>(std::ptr::null(), tile, write) }
            }

            /// # Safety
            /// The processor has the instruction set. The query has the tile's dimension.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn both<C: Component>(
                query: &[f32],
                tile: &Tile<'_, C>,
                dots: &mut [f32],
                squared_norms: &mut [f32],
            ) {
                let write = |first: usize, rows: usize, sums: [f32; 8]| {
                    dots[first..first + rows].copy_from_slice(&sums[..rows]);
                    squared_norms[first..first + rows].copy_from_slice(&sums[4..4 + rows]);
                };
                // SAFETY: as the caller says.
                unsafe { sweep::<$register, C, DotAndSquaredNorm>(query.as_ptr(), tile, write) }
            }

            /// # Safety
            /// The processor has the instruction set. Both slices are of one length, at most 64.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn kept(
                scores: &[f32],
                terms: &[f32],
                factor: f32,
                cut: f32,
            ) -> u64 {
                // SAFETY: as the caller says.
                unsafe { keep::<$register>(scores, terms, factor, cut) }
            }

            /// # Safety
            /// The processor has the instruction set. The panel is `registers` wide, 1 to 3 of
            /// them, and has the tile's dimension; there is one term per row.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn panels(
                registers: usize,
                queries: &Panel<'_>,
                tile: &Tile<'_>,
                terms: &[f32],
                survivors: &mut Vec<Survivor>,
            ) {
                // SAFETY: as the caller says.
                unsafe {
                    match registers {
                        1 => panel::<$register, $rows, 1>(queries, tile, terms, survivors),
                        2 => panel::<$register, $rows, 2>(queries, tile, terms, survivors),
                        _ => panel::<$register, $rows, 3>(queries, tile, terms, survivors),
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
entries!(avx512, crate::kernel::float::avx512::Avx512, 8, "avx512f,avx2,fma");
#[cfg(target_arch = "x86_64")]
entries!(avx2, crate::kernel::float::avx2::Avx2, 6, "avx2,fma,f16c");
#[cfg(target_arch = "aarch64")]
entries!(neon, crate::kernel::float::neon::Neon, 8, "neon");
entries!(portable, crate::kernel::float::portable::Portable, 4);
