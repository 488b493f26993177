//! The proven margins: from the distance that a hit may have at most to the comparison that
//! excludes a row.
//!
//! # The comparison
//! A kernel gives a score `s` for a pair of query and row: the inner product, or the negated
//! squared distance. A row is excluded when `z = s + m a` is finite and below a cut `c`. The *term*
//! `a` belongs to the row, the *factor* `m` and the cut belong to the query and its threshold `T`.
//! All are `f32`. `m` is rounded up and `c` down; rounding is monotonic, so a `z` that is rounded
//! once is below `c` only if the exact one is. A kernel that rounds `m a` and the sum separately
//! adds an error of one `u |m a|`, for which there is room in what follows.
//!
//! # The margin
//! With `u = 2^-24`, a sum of `n` products in `f32`, in any order, with or without fused
//! multiply-add, differs from the true sum by at most `γ_n * sum(|a_i b_i|)`, where
//! `γ_n = n u / (1 - n u)` (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed.,
//! §3.1), plus at most `t = n * 2^-148` where products underflow. Below, `e = 1.01 (n + 16) u` is
//! above `γ_n` for every dimension up to [`DIM_MAX`](iqdb_core::limits::DIM_MAX), with 16 `u` of
//! room for a few roundings of single results, and for the `f64` roundings of the canonical
//! distance, each of which is 2^29 times smaller than one `u`. A sum that overflows on the way is
//! not finite in the end, and so excludes nothing.
//!
//! The stored norm of a row is the root of its squared norm, rounded. For `Q = |q|` and that norm
//! `r`, whether it is from an `f32` sum or exact but for its last bit,
//!
//! ```text
//! (r - √t) (1 - 0.6 e)  <=  |x|  <=  (r + √t) (1 + 0.6 e)        (1)
//! ```
//!
//! because `√(1 ± γ_n)` and one rounding make less than `0.6 e`.
//!
//! - *Dot*, `a = r`: `|s - x·q| <= e Q |x| + t`, so the distance `-x·q` is above `T` if
//!   `s + e Q |x| + t < -T`. With (1), `m = e Q (1 + e)` and `c = -T - 2 t - m √t`.
//! - *Cosine*, `a = r`: the distance is above `T` if `s + e Q |x| + t < (1 - T) Q |x|`. With
//!   `L = 1 - T - 2 e`, `m = -L Q` and `c = -(2 t + 4 Q √t)`: (1) makes an error of at most
//!   `0.61 e |L| Q |x| + |L| Q √t`, and `|L| <= 1.25` leaves more than 3 `u` for roundings. A larger
//!   `L` is cut to 1.25, which excludes less; below -1.25 nothing can be excluded.
//! - *Euclidean, one by one*, no term: every term of `sum((q - x)^2)` has a relative error of a few
//!   `u` and none is negative, so the true sum is at least `(-s - t) / (1 + e)`, and the distance is
//!   above `T` if `-s > T^2 (1 + e) + t`.
//! - *Euclidean by norms*, `s` an inner product, `a = -(1 - 4 e) r^2 / 2`, `m = 1`:
//!   `|q - x|^2 = Q^2 + |x|^2 - 2 q·x >= (1 - e) (Q^2 + |x|^2) - 2 s - 2 t`, as
//!   `2 Q |x| <= Q^2 + |x|^2`. By (1) and `2 r √t <= 0.8 e r^2 + t / (0.8 e)`,
//!   `|x|^2 >= (1 - 2 e) r^2 - 1.25 t / e`. So the distance is above `T` if
//!   `s + a < ((1 - e) Q^2 - T^2) / 2 - 2 t - t / e`; `a` is rounded three times, within one `e`.

use iqdb_core::{Metric, distance};

/// What a score stands for, and with it what the term of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScoreForm {
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

impl ScoreForm {
    pub(crate) fn needs_norms(self) -> bool {
        matches!(self, Self::Dots | Self::SquaresByNorms)
    }
}

/// The cuts of a query: computed once per query, and asked at each threshold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoreBound {
    metric: Metric,
    error: Margin,
    /// The norm of the query.
    norm: f64,
}

/// The largest error of an `f32` sum of a given number of products.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margin {
    /// The relative error `e`.
    relative: f64,
    /// The absolute error `t`, from underflow.
    underflow: f64,
}

/// A cut on scores: it excludes a row if `score + factor * term` is finite and below `cut`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    pub(crate) factor: f32,
    pub(crate) cut: f32,
}

impl Cut {
    /// Excludes nothing.
    pub(crate) const NOTHING: Self = Self { factor: 0.0, cut: f32::NEG_INFINITY };
    /// Excludes every finite score, for slots of a panel without a query.
    pub(crate) const EVERYTHING: Self = Self { factor: 0.0, cut: f32::INFINITY };

    /// Whether a row with this score survives, so that the canonical distance decides.
    pub(crate) fn keeps(self, score: f32, term: f32) -> bool {
        let sum = score + self.factor * term;
        !(sum < self.cut && sum > f32::NEG_INFINITY)
    }
}

/// More than the relative error of a canonical distance, and of the few `f64` operations here.
const ROUNDING: f64 = 1.0 / (1_u64 << 32) as f64;

impl Margin {
    pub(crate) fn new(dim: usize) -> Self {
        let unit = f64::from(f32::EPSILON) / 2.0;
        let dim = dim as f64;
        Self {
            relative: 1.01 * (dim + 16.0) * unit,
            underflow: dim * 2.0 * f64::from(f32::from_bits(1)),
        }
    }

    /// Turns the norms of rows into their terms.
    pub(crate) fn terms(self, form: ScoreForm, norms: &mut [f32]) {
        if form == ScoreForm::SquaresByNorms {
            let factor = up(-(1.0 - 4.0 * self.relative) / 2.0);
            for norm in norms {
                *norm = *norm * *norm * factor;
            }
        }
    }
}

impl ScoreBound {
    pub(crate) fn new(metric: Metric, query: &[f32]) -> Self {
        let norm = distance::squared_norm(query).sqrt();
        Self { metric, error: Margin::new(query.len()), norm }
    }

    /// The cut that excludes rows farther than `threshold`, for scores of this form.
    pub(crate) fn cut(&self, form: ScoreForm, threshold: f64) -> Cut {
        let Margin { relative: e, underflow: t } = self.error;
        let (norm, root) = (self.norm, t.sqrt());
        match form {
            ScoreForm::Dots if self.metric == Metric::Dot => {
                let factor = e * norm * (1.0 + e) * (1.0 + ROUNDING);
                let slack = 2.0 * t + factor * root + threshold.abs() * ROUNDING;
                Cut { factor: up(factor), cut: down(-threshold - slack) }
            }
            ScoreForm::Dots if self.metric == Metric::Cosine => {
                let lowest = (1.0 - threshold - 2.0 * e).min(1.25);
                if lowest < -1.25 {
                    return Cut::NOTHING;
                }
                Cut { factor: up(-lowest * norm), cut: down(-(2.0 * t + 4.0 * norm * root)) }
            }
            ScoreForm::Squares => {
                let threshold = threshold.max(0.0);
                let most = threshold * threshold * (1.0 + e) * (1.0 + ROUNDING) + t;
                Cut { factor: 0.0, cut: down(-most) }
            }
            ScoreForm::SquaresByNorms => {
                let (query, most) = (norm * norm, threshold.max(0.0).powi(2));
                let exact = ((1.0 - e) * query - most) / 2.0;
                let slack = 2.0 * t + t / e + (query + most) * ROUNDING;
                Cut { factor: 1.0, cut: down(exact - slack) }
            }
            // A metric that these kernels have no bound for.
            ScoreForm::Dots | ScoreForm::None => Cut::NOTHING,
        }
    }
}

/// The smallest `f32` that is not below `x`.
#[allow(clippy::cast_possible_truncation)]
fn up(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) < x { near.next_up() } else { near }
}

/// The largest `f32` that is not above `x`; minus infinity if `x` is not a number.
#[allow(clippy::cast_possible_truncation)]
fn down(x: f64) -> f32 {
    if x.is_nan() {
        return f32::NEG_INFINITY;
    }
    let near = x as f32;
    if f64::from(near) > x { near.next_down() } else { near }
}
