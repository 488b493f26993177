//! Fast scores that exclude rows. A kernel never decides an answer.
//!
//! `float` and `simsimd` compute scores, `bound` says from which score on a row cannot be a hit;
//! every other row is scored canonically, and that is done elsewhere.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use iqdb_core::{Error, ErrorKind, Metric, Result};

use super::codes::Sieve;
use super::float::{Cut, Lanes, Scores, Tile, simsimd};

/// What computes the fast scores. Never changes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Kernel {
    /// The fastest of the machine, by what has been measured.
    #[default]
    Auto,
    /// simsimd, dispatched at run time to what the machine has.
    Simsimd,
    /// Our own, by AVX-512F.
    Avx512,
    /// Our own, by AVX2 and FMA.
    Avx2,
    /// Our own, by NEON.
    Neon,
    /// Our own, in plain Rust.
    Portable,
    /// No fast scores: every row is scored canonically. For tests, and as the specification.
    Reference,
}

impl Kernel {
    /// Every kernel, those that this machine doesn't have included.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Simsimd,
        Self::Avx512,
        Self::Avx2,
        Self::Neon,
        Self::Portable,
        Self::Reference,
    ];

    /// The name: `auto`, `simsimd`, `avx512`, `avx2`, `neon`, `portable` or `reference`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Simsimd => "simsimd",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }

    /// Whether this machine has it. A search with one that it doesn't have uses
    /// [`Portable`](Self::Portable), and says so in its [`Explain`](iqdb_core::Explain).
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Avx512 | Self::Avx2 | Self::Neon => self.lanes().is_some(),
            _ => true,
        }
    }

    /// The registers of a kernel of our own, where the machine has them.
    fn lanes(self) -> Option<Lanes> {
        match self {
            Self::Avx512 => Lanes::avx512(),
            Self::Avx2 => Lanes::avx2(),
            Self::Neon => Lanes::neon(),
            Self::Portable => Some(Lanes::portable()),
            Self::Auto | Self::Simsimd | Self::Reference => None,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kernel {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidQuery, "there is no such kernel")
                .expected("auto, simsimd, avx512, avx2, neon, portable or reference")
                .found(format_args!("{text:?}"))
        })
    }
}

/// What a score is, and so what a row's term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Inner products; the term is the row's norm.
    Dots,
    /// Negated squared distances; there is no term.
    Squares,
    /// Inner products that stand for squared distances; the term is half the row's negated squared
    /// norm, or a little more.
    SquaresByNorms,
    /// No scores: nothing is excluded.
    None,
}

impl Form {
    pub(crate) fn needs_norms(self) -> bool {
        matches!(self, Self::Dots | Self::SquaresByNorms)
    }
}

/// A kernel as this machine runs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    /// What scores rows one query at a time, if anything.
    rows: Option<Rows>,
    /// What scores many queries at a time, if anything.
    panels: Option<(Kernel, Lanes)>,
    /// What compares scores with a cut.
    lanes: Lanes,
    /// The kernel that compares codes, if there is one.
    sieve: Option<Sieve>,
}

#[derive(Debug, Clone, Copy)]
enum Rows {
    Simsimd { register: usize },
    Lanes(Kernel, Lanes),
}

impl Default for Engine {
    fn default() -> Self {
        Self::of(Kernel::default())
    }
}

impl Engine {
    pub(crate) fn of(kernel: Kernel) -> Self {
        let found = |kernel: Kernel| Some((kernel, kernel.lanes()?));
        let own = |of: &[Kernel]| {
            let portable = (Kernel::Portable, Lanes::portable());
            of.iter().find_map(|kernel| found(*kernel)).unwrap_or(portable)
        };
        let (rows, panels) = match kernel {
            Kernel::Reference => {
                return Self { rows: None, panels: None, lanes: Lanes::best(), sieve: None };
            }
            Kernel::Simsimd => {
                let rows = Some(Rows::Simsimd { register: simsimd::REGISTER });
                return Self { rows, panels: None, lanes: Lanes::best(), sieve: None };
            }
            // Half as wide is as fast on cached rows, and reads memory a tenth faster.
            Kernel::Auto => (
                own(&[Kernel::Avx2, Kernel::Neon]),
                own(&[Kernel::Avx512, Kernel::Avx2, Kernel::Neon]),
            ),
            kernel => (own(&[kernel]), own(&[kernel])),
        };
        let sieve = match kernel {
            Kernel::Auto | Kernel::Avx512 => {
                Sieve::vnni().or_else(Sieve::avx2).or_else(Sieve::neon)
            }
            Kernel::Avx2 => Sieve::avx2(),
            Kernel::Neon => Sieve::neon(),
            _ => None,
        };
        Self {
            rows: Some(Rows::Lanes(rows.0, rows.1)),
            panels: Some(panels),
            lanes: rows.1,
            sieve: Some(sieve.unwrap_or_else(Sieve::portable)),
        }
    }

    /// The kernel that compares codes, if there is one.
    pub(crate) fn sieve(&self) -> Option<Sieve> {
        self.sieve
    }

    /// The name of the kernel that ran, for `Explain`.
    pub(crate) fn name(&self, by_panels: bool) -> &'static str {
        match (self.rows, self.panels) {
            (_, Some((kernel, _))) if by_panels => kernel.as_str(),
            (Some(Rows::Lanes(kernel, _)), _) => kernel.as_str(),
            (Some(Rows::Simsimd { .. }), _) => Kernel::Simsimd.as_str(),
            (None, _) => Kernel::Reference.as_str(),
        }
    }

    /// The kernel that scores many queries at a time, if that pays for this number of queries.
    pub(crate) fn panels(&self, queries: usize) -> Option<Lanes> {
        let (_, lanes) = self.panels?;
        // A third of the narrowest panel takes as long as its queries one by one.
        (queries * 3 >= lanes.panel_width(1)).then_some(lanes)
    }

    /// What the scores of a metric are, of one query at a time or many.
    pub(crate) fn form(&self, metric: Metric, by_panels: bool) -> Form {
        match metric {
            _ if self.rows.is_none() => Form::None,
            Metric::Dot | Metric::Cosine => Form::Dots,
            Metric::Euclidean if by_panels => Form::SquaresByNorms,
            Metric::Euclidean => Form::Squares,
            _ => Form::None,
        }
    }

    /// Writes the score of every row.
    pub(crate) fn scores(&self, form: Form, query: &[f32], tile: &Tile<'_>, out: &mut [f32]) {
        self.sums(
            if form == Form::Squares { Scores::Squares } else { Scores::Dot },
            query,
            tile,
            out,
        );
    }

    /// Writes the norm of every row.
    pub(crate) fn norms(&self, tile: &Tile<'_>, out: &mut [f32]) {
        // Any vector of the dimension will do for the query.
        if let Some(any) = tile.vectors().next() {
            self.sums(Scores::SquaredNorm, any, tile, out);
            roots(out);
        }
    }

    /// Writes the inner product with every row, and its norm.
    pub(crate) fn dots_and_norms(
        &self,
        query: &[f32],
        tile: &Tile<'_>,
        dots: &mut [f32],
        norms: &mut [f32],
    ) {
        match self.rows {
            Some(Rows::Lanes(_, lanes)) => {
                lanes.dots_and_squared_norms(query, tile, dots, norms);
                roots(norms);
            }
            _ => {
                self.sums(Scores::Dot, query, tile, dots);
                self.norms(tile, norms);
            }
        }
    }

    /// The scores, from the lowest bit up, that the cut doesn't exclude: [`Lanes::keep`].
    pub(crate) fn keep(&self, scores: &[f32], terms: &[f32], cut: Cut) -> u64 {
        self.lanes.keep(scores, terms, cut.factor, cut.cut)
    }

    /// The canonical distance. By the reference kernel it is the definition itself, by all others
    /// the same operations by SIMD.
    pub(crate) fn distance(&self, metric: Metric, query: &[f32], row: &[f32]) -> f64 {
        match self.rows {
            Some(_) => self.lanes.distance(metric, query, row),
            None => metric.distance(query, row),
        }
    }

    fn sums(&self, scores: Scores, query: &[f32], tile: &Tile<'_>, out: &mut [f32]) {
        match self.rows {
            Some(Rows::Lanes(_, lanes)) => lanes.scores(scores, query, tile, out),
            Some(Rows::Simsimd { register }) => {
                for (row, out) in tile.vectors().zip(out) {
                    *out = simsimd::score(scores, query, row, register);
                }
            }
            None => out.fill(f32::NAN),
        }
    }
}

fn roots(squares: &mut [f32]) {
    for square in squares {
        *square = square.sqrt();
    }
}
