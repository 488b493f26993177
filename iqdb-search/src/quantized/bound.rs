//! The angle bound: from the largest distance of a hit to the smallest inner product of codes that
//! a hit can have.
//!
//! Let `φ` be the angle between a row `x` and its code `c`, `ψ` that between the query `q` and its
//! code `d`. Angles between vectors are distances on the sphere, so
//!
//! ```text
//! ∠(q, x) >= ∠(d, c) - φ - ψ
//! ```
//! If hits are within an angle `θ`, a row with `∠(d, c) > θ + ψ + φ` is none. With
//! `θ' = θ + ψ <= π/2` and `φ < π/2` that is `d·c < |d| |c| cos(θ' + φ)`, and the right side is
//!
//! ```text
//! |d| (a cos θ' - b sin θ')    where a = |c| cos φ, b = |c| sin φ
//! ```
//! `d·c` is an integer and exact. `a` and `b` belong to the row. `θ` comes from the metric; `Q` and
//! `X` are the norms of query and row, `T` is the distance that a hit may have at most:
//!
//! - *Cosine*: `cos θ = 1 - T`, the same for all rows.
//! - *Dot*: a hit has `Q X cos ∠ >= -T`, so `cos θ = -T / (Q X)`.
//! - *Euclidean*: a hit has `Q² + X² - 2 Q X cos ∠ <= T²`, so
//!   `cos θ = (Q² - T²) / (2 Q X) + X / (2 Q)`. Here `q` and `x` stand for the query and the row
//!   after subtracting the same center from both.
//!
//! With a `cos θ` above 1 no row of its norm is a hit, and any cut is right; with a `cos θ'` of 0 or
//! less, nothing is excluded. Where the angle depends on the norm, a tangent stands for the sine:
//! a sine lies below all of its tangents, and `sin θ <= (1 - cos θ cos θ0) / sin θ0` needs no root
//! per row. `θ0` is the angle for a typical norm.
//!
//! Rounding is covered in three places: [`SLACK`] is taken off `cos θ'` and added to `sin θ'`,
//! [`RELATIVE`] is taken off both terms of a `cos θ` that depends on the norm, and `T` is raised by
//! more than the canonical distance can be off. `docs/certified-scan.md` has the sums.

use iqdb_core::Metric;

use super::encode::RowFacts;
use super::query::QueryFacts;

/// Subtracted from the cosine of the bound's angle, and added to its sine: more than the rounding
/// of all later steps, and than the errors of `a`, `b` and `ψ`.
const SLACK: f32 = 1.0 / 65_536.0;

/// More than the relative error of each term of a row's `cos θ`.
const RELATIVE: f64 = 1.0 / 1_048_576.0;

/// The largest `cos θ0`. With a larger one, the tangent would be too steep for [`SLACK`] to cover
/// the rounding.
const STEEPEST: f64 = 0.99;

/// More than the relative error of a squared norm after subtracting a center in `f32`, and than
/// that of a squared canonical distance.
const SQUARED: f64 = 1.0 / 2_097_152.0;

/// The smallest inner product of codes that a hit can have: a row below it is no hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cone {
    /// Every row may be a hit.
    All,
    /// One angle for all rows: `|d| cos θ'` and `|d| sin θ'`.
    Fixed { cosine: f32, sine: f32 },
    /// An angle for each norm: `cos θ = constant / X + slope X`.
    ByNorm { constant: f32, slope: f32, turned: Linear, aside: Linear },
}

/// A linear function of `cos θ`, `factor cos θ + rest`, that stands for `|d| cos θ'` or
/// `|d| sin θ'` by the tangent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Linear {
    pub(crate) factor: f32,
    pub(crate) rest: f32,
}

impl Linear {
    #[inline(always)]
    fn at(self, cosine: f32) -> f32 {
        self.factor * cosine + self.rest
    }
}

impl Cone {
    /// The bound for a query and the rows that may be within `threshold`. Valid for any `typical`
    /// norm of rows, and tightest for rows of that norm.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn new(metric: Metric, query: &QueryFacts, threshold: f64, typical: f64) -> Self {
        if !query.is_usable() || threshold.is_nan() {
            return Self::All;
        }
        let norm = query.norm;
        let by_norm = |constant: f64, slope: f64| {
            let (cosine, sine, length) = (query.cosine, query.sine, query.length);
            let touching = (constant / typical + slope * typical).min(STEEPEST);
            // At least `sin ψ`, so that `sin θ'` shrinks as `cos θ` grows. Below that, the bound
            // would exclude hardly any row.
            if touching.is_nan() || touching < sine {
                return Self::All;
            }
            let beside = (1.0 - touching * touching).sqrt();
            let slack = f64::from(SLACK);
            let line = |factor: f64, rest: f64| Linear {
                factor: (length * factor) as f32,
                rest: (length * rest) as f32,
            };
            Self::ByNorm {
                // Large enough to exclude every row, and never infinite.
                constant: ((constant - RELATIVE * constant.abs()).min(1e30) as f32).next_down(),
                slope: (slope * (1.0 - RELATIVE)) as f32,
                turned: line(cosine + sine * touching / beside, -sine / beside - slack),
                aside: line(sine - cosine * touching / beside, cosine / beside + slack),
            }
        };
        match metric {
            Metric::Cosine => {
                let cosine = (1.0 - threshold).min(1.0);
                let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
                let turned = cosine * query.cosine - sine * query.sine - f64::from(SLACK);
                if turned.is_nan() || cosine < 0.0 || turned <= 0.0 {
                    return Self::All;
                }
                let sine = sine * query.cosine + cosine * query.sine + f64::from(SLACK);
                let (cosine, sine) = (turned * query.length, sine * query.length);
                Self::Fixed { cosine: cosine as f32, sine: sine as f32 }
            }
            Metric::Dot => by_norm(-threshold / norm, 0.0),
            Metric::Euclidean => {
                let (query, most) = (norm * norm, threshold.max(0.0).powi(2));
                let difference = query - most - (query + most) * SQUARED;
                by_norm(difference / (2.0 * norm), 1.0 / (2.0 * norm))
            }
            // A metric that this bound doesn't know.
            _ => Self::All,
        }
    }

    /// The cut for a row: if the inner product of the codes is below it, the row is no hit. Minus
    /// infinity for a row whose quantization error is unknown. The kernels compute the same for
    /// sixteen rows at a time, and tests hold each of those against this.
    pub(crate) fn cut(&self, row: RowFacts) -> f32 {
        let (turned, aside) = self.sides(row.norm);
        let cut = row.along * turned - row.across * aside;
        if turned > 0.0 && row.along > 0.0 { cut } else { f32::NEG_INFINITY }
    }

    /// Estimates the inner product at the threshold angle, ignoring quantization error. A
    /// heuristic, not a bound: rows below it are deferred, never excluded. Not a number for a row
    /// whose quantization error is unknown.
    pub(crate) fn hope(&self, row: RowFacts) -> f32 {
        let (turned, _) = self.sides(row.norm);
        turned * (row.along + row.across * row.across / row.along)
    }

    /// `|d| cos θ'` and `|d| sin θ'` for rows of this norm.
    fn sides(&self, norm: f32) -> (f32, f32) {
        match *self {
            Self::All => (f32::NEG_INFINITY, 0.0),
            Self::Fixed { cosine, sine } => (cosine, sine),
            Self::ByNorm { constant, slope, turned, aside } => {
                let cosine = constant * (1.0 / norm) + slope * norm;
                (turned.at(cosine), aside.at(cosine))
            }
        }
    }
}
