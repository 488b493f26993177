//! The engine of a search: which kernel scores rows, panels and codes, for the caller's choice and
//! this machine.

#[cfg(test)]
mod tests;

use iqdb_core::{BitsRef, Matrix, Metric, distance};

use super::bits;
use super::choice::Kernel;
use super::codes::CodeKernel;
use super::float::{Component, Cut, FloatKernel, ScoreForm, Scores, Tile, simsimd};
use super::isa::Isa;

/// A kernel as this machine runs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    /// Scores rows one query at a time; `None` if rows are scored canonically only.
    rows: Option<RowKernel>,
    /// Scores many queries at a time, where the kernel can.
    panels: Option<FloatKernel>,
    /// Compares scores with cuts, and computes canonical distances.
    float: FloatKernel,
    /// Compares codes, where the kernel can.
    codes: Option<CodeKernel>,
}

#[derive(Debug, Clone, Copy)]
enum RowKernel {
    Simsimd { register: usize },
    Own(FloatKernel),
}

impl Default for Engine {
    fn default() -> Self {
        Self::of(Kernel::default())
    }
}

impl Engine {
    pub(crate) fn of(kernel: Kernel) -> Self {
        let widest = FloatKernel::first_of(&Isa::ALL);
        let (rows, panels, codes) = match kernel {
            Kernel::Reference => {
                return Self { rows: None, panels: None, float: widest, codes: None };
            }
            Kernel::Simsimd => {
                let rows = Some(RowKernel::Simsimd { register: simsimd::REGISTER });
                return Self { rows, panels: None, float: widest, codes: None };
            }
            Kernel::Auto => {
                // Half as wide is as fast, within a twentieth either way
                // (`docs/decisions/033-elements-in-registers.md`).
                let rows = FloatKernel::first_of(&[Isa::Avx2, Isa::Neon]);
                (rows, widest, CodeKernel::first_of(&Isa::ALL))
            }
            kernel => {
                let isa = kernel.isa().unwrap_or(Isa::Portable);
                let float = FloatKernel::first_of(&[isa]);
                (float, float, CodeKernel::first_of(&[isa]))
            }
        };
        Self {
            rows: Some(RowKernel::Own(rows)),
            panels: Some(panels),
            float: rows,
            codes: Some(codes),
        }
    }

    /// The kernel that compares codes, if there is one.
    pub(crate) fn codes(&self) -> Option<CodeKernel> {
        self.codes
    }

    /// The name of the kernel that ran, for `Explain`.
    pub(crate) fn name(&self, by_panels: bool) -> &'static str {
        let ran = match (self.rows, self.panels) {
            (_, Some(panels)) if by_panels => Kernel::of(panels.isa()),
            (Some(RowKernel::Own(rows)), _) => Kernel::of(rows.isa()),
            (Some(RowKernel::Simsimd { .. }), _) => Kernel::Simsimd,
            (None, _) => Kernel::Reference,
        };
        ran.as_str()
    }

    /// The kernel that scores many queries at a time, if that pays for this number of queries.
    pub(crate) fn panels(&self, queries: usize) -> Option<FloatKernel> {
        let panels = self.panels?;
        // A third of the narrowest panel takes as long as its queries one by one.
        (queries * 3 >= panels.panel_width(1)).then_some(panels)
    }

    /// The form of the scores of a metric, for one query at a time or by panels.
    pub(crate) fn form(&self, metric: Metric, by_panels: bool) -> ScoreForm {
        match metric {
            _ if self.rows.is_none() => ScoreForm::None,
            Metric::Dot | Metric::Cosine => ScoreForm::Dots,
            Metric::Euclidean if by_panels => ScoreForm::SquaresByNorms,
            Metric::Euclidean => ScoreForm::Squares,
            _ => ScoreForm::None,
        }
    }

    /// Whether it scores rows of every [`Component`]. Otherwise it scores rows of `f32`, and gives
    /// others no score.
    pub(crate) fn reads_all_components(&self) -> bool {
        matches!(self.rows, Some(RowKernel::Own(_)))
    }

    /// Writes the score of every row: NaN where it has none.
    pub(crate) fn scores<C: Component>(
        &self,
        form: ScoreForm,
        query: &[f32],
        tile: &Tile<'_, C>,
        out: &mut [f32],
    ) {
        let scores = if form == ScoreForm::Squares { Scores::Squares } else { Scores::Dot };
        match self.rows {
            Some(RowKernel::Own(rows)) => rows.scores(scores, query, tile, out),
            Some(RowKernel::Simsimd { register }) => {
                each_of_floats(tile, out, |row| simsimd::score(scores, query, row, register));
            }
            None => out.fill(f32::NAN),
        }
    }

    /// Writes the norm of every row: NaN where it has no scores.
    pub(crate) fn norms<C: Component>(&self, tile: &Tile<'_, C>, out: &mut [f32]) {
        match self.rows {
            Some(RowKernel::Own(rows)) => rows.squared_norms(tile, out),
            Some(RowKernel::Simsimd { register }) => {
                each_of_floats(tile, out, |row| simsimd::squared_norm(row, register));
            }
            None => out.fill(f32::NAN),
        }
        roots(out);
    }

    /// Writes the inner product with every row, and its norm.
    pub(crate) fn dots_and_norms<C: Component>(
        &self,
        query: &[f32],
        tile: &Tile<'_, C>,
        dots: &mut [f32],
        norms: &mut [f32],
    ) {
        match self.rows {
            Some(RowKernel::Own(rows)) => {
                rows.dots_and_squared_norms(query, tile, dots, norms);
                roots(norms);
            }
            _ => {
                self.scores(ScoreForm::Dots, query, tile, dots);
                self.norms(tile, norms);
            }
        }
    }

    /// The scores, from the lowest bit up, that the cut doesn't exclude: [`FloatKernel::keep`].
    pub(crate) fn keep(&self, scores: &[f32], terms: &[f32], cut: Cut) -> u64 {
        self.float.keep(scores, terms, cut.factor, cut.cut)
    }

    /// The canonical distance. By the reference kernel it is the definition itself, by all others
    /// the same operations by SIMD.
    pub(crate) fn distance(&self, metric: Metric, query: &[f32], row: &[f32]) -> f64 {
        match self.rows {
            Some(_) => self.float.distance(metric, query, row),
            None => distance::of_numbers(metric, query, row),
        }
    }

    /// Writes the canonical distance of every listed row of bits.
    pub(crate) fn bit_distances(
        &self,
        metric: Metric,
        query: BitsRef<'_>,
        rows: &Matrix<'_, u8>,
        list: &[u32],
        out: &mut [f64],
    ) {
        let isa = match self.rows {
            Some(_) => self.float.isa(),
            None => Isa::Portable,
        };
        bits::distances(isa, metric, query.bytes(), rows, list, out);
    }
}

/// Writes what `of` makes of every row: NaN where rows are not of `f32`.
fn each_of_floats<C: Component>(tile: &Tile<'_, C>, out: &mut [f32], of: impl Fn(&[f32]) -> f32) {
    for (row, out) in tile.vectors().zip(out) {
        *out = C::as_floats(row).map_or(f32::NAN, &of);
    }
}

fn roots(squares: &mut [f32]) {
    for square in squares {
        *square = square.sqrt();
    }
}
