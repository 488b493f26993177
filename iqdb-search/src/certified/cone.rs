//! The bound: from the distance that a hit may have at most to the inner product of codes that a
//! row needs to be one.
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
//!   `cos θ = (Q² - T²) / (2 Q X) + X / (2 Q)`. Here `q` and `x` stand for what is left of them when
//!   the same center has been taken off both.
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

/// Taken off the cosine of the cone's angle, and added to its sine: more than everything that is
/// rounded after it, and than the errors of `a`, `b` and `ψ`.
const SLACK: f32 = 1.0 / 65_536.0;

/// More than the relative error of each term of a row's `cos θ`.
const RELATIVE: f64 = 1.0 / 1_048_576.0;

/// The largest `cos θ0`. With a larger one, the tangent would be too steep for [`SLACK`] to cover
/// what is rounded.
const STEEPEST: f64 = 0.99;

/// More than the relative error of a squared norm once a center has been taken off in `f32`, and
/// than that of a squared canonical distance.
const SQUARED: f64 = 1.0 / 2_097_152.0;

/// What the code of a row has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cone {
    /// Everything may be a hit.
    All,
    /// One angle for all rows: `|d| cos θ'` and `|d| sin θ'`.
    Fixed { cosine: f32, sine: f32 },
    /// An angle for each norm: `cos θ = constant / X + slope X`.
    ByNorm { constant: f32, slope: f32, turned: Linear, aside: Linear },
}

/// `factor cos θ + rest`: `|d| cos θ'`, or `|d| sin θ'`, by the tangent.
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
    /// Around a query, of the rows that may be within `threshold`. Right for any `typical` norm of
    /// rows, and sharpest for rows of that norm.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn new(metric: Metric, query: &QueryFacts, threshold: f64, typical: f64) -> Self {
        if !query.is_usable() || threshold.is_nan() {
            return Self::All;
        }
        let norm = query.norm;
        let by_norm = |constant: f64, slope: f64| {
            let (cosine, sine, length) = (query.cosine, query.sine, query.length);
            let touching = (constant / typical + slope * typical).min(STEEPEST);
            // At least `sin ψ`, so that `sin θ'` shrinks as `cos θ` grows. Below that, hardly
            // anything is excluded.
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

    /// What a row has to reach: if its inner product is below, it is no hit. Minus infinity for a row
    /// that nothing is known of. Kernels compute the same for sixteen rows at a time, and tests
    /// hold each of those against this.
    pub(crate) fn cut(&self, row: RowFacts) -> f32 {
        let (turned, aside) = self.sides(row.norm);
        let cut = row.along * turned - row.across * aside;
        if turned > 0.0 && row.along > 0.0 { cut } else { f32::NEG_INFINITY }
    }

    /// What a row's inner product would be at the angle of the farthest hit, if what the code lacks
    /// had no part in it. Proves nothing: a row that reaches it may be a hit, another one hardly. Not a
    /// number for a row that nothing is known of.
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
