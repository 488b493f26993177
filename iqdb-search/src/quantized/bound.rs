//! The angle bound: from the largest distance of a hit to the smallest inner product of codes that
//! a hit can have.
//!
//! # The idea
//! A code points nearly where its row points. How far off it is, is known exactly: it is an angle,
//! computed once from the code that was written. Angles are distances on the sphere. So the angle
//! between the two codes, less both errors, bounds the angle between query and row from below, and
//! with it the distance. The length of a code drops out; only its direction counts.
//!
//! # The bound
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
//! ```text
//! once per query and center:        |d|, cos ψ, sin ψ, Q
//! once per query and threshold T:   cos θ', sin θ' (or both as lines in cos θ), and a constant and
//!                                   a slope that make cos θ of the norm of a row
//! once per row and threshold:       cut = |d| (a cos θ' - b sin θ')
//! a row is no hit if                d·c < cut
//! ```
//! The last two lines are [`AngleBound::cut`], and the work of the code kernels; this module does
//! the second.
//!
//! # Source
//! The usual bound weighs the whole error of a code, as if it pointed at the query; this one weighs
//! the part of it that can. `docs/certified-scan.md` has the proof, and why angles.
//!
//! Rounding is covered in three places: [`SLACK`] is taken off `cos θ'` and added to `sin θ'`,
//! [`RELATIVE`] is taken off both terms of a `cos θ` that depends on the norm, and `T` is raised by
//! more than the canonical distance can be off. `docs/certified-scan.md` has the sums.

use iqdb_core::Metric;

use super::query::QueryError;
use crate::kernel::{AngleBound, Linear};

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

/// The bound for a query and the rows that may be within `threshold`. Valid for any `typical_norm`
/// of rows, and tightest for rows of that norm. O(1).
pub(super) fn angle_bound(
    metric: Metric,
    query: &QueryError,
    threshold: f64,
    typical_norm: f64,
) -> AngleBound {
    if !query.is_usable() || threshold.is_nan() {
        return AngleBound::All;
    }
    let norm = query.norm;
    match metric {
        Metric::Cosine => fixed(query, 1.0 - threshold),
        Metric::Dot => by_norm(query, -threshold / norm, 0.0, typical_norm),
        Metric::Euclidean => {
            let (squared, most) = (norm * norm, threshold.max(0.0).powi(2));
            let difference = squared - most - (squared + most) * SQUARED;
            by_norm(query, difference / (2.0 * norm), 1.0 / (2.0 * norm), typical_norm)
        }
        // A metric that this bound doesn't know.
        _ => AngleBound::All,
    }
}

/// The bound for rows of any norm, within an angle of this cosine.
#[allow(clippy::cast_possible_truncation)]
fn fixed(query: &QueryError, cosine: f64) -> AngleBound {
    let cosine = cosine.min(1.0);
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let widened_cosine = cosine * query.cosine - sine * query.sine - f64::from(SLACK);
    if widened_cosine.is_nan() || cosine < 0.0 || widened_cosine <= 0.0 {
        return AngleBound::All;
    }
    let widened_sine = sine * query.cosine + cosine * query.sine + f64::from(SLACK);
    AngleBound::Fixed {
        cosine: (widened_cosine * query.code_norm) as f32,
        sine: (widened_sine * query.code_norm) as f32,
    }
}

/// The bound for rows of norm `X` within an angle of the cosine `constant / X + slope X`, by the
/// tangent at the angle of a typical norm.
#[allow(clippy::cast_possible_truncation)]
fn by_norm(query: &QueryError, constant: f64, slope: f64, typical_norm: f64) -> AngleBound {
    let QueryError { cosine, sine, code_norm, .. } = *query;
    let tangent_cosine = (constant / typical_norm + slope * typical_norm).min(STEEPEST);
    // At least `sin ψ`, so that `sin θ'` shrinks as `cos θ` grows. Below that, the bound would
    // exclude hardly any row.
    if tangent_cosine.is_nan() || tangent_cosine < sine {
        return AngleBound::All;
    }
    let tangent_sine = (1.0 - tangent_cosine * tangent_cosine).sqrt();
    let slack = f64::from(SLACK);
    let linear = |factor: f64, rest: f64| Linear {
        factor: (code_norm * factor) as f32,
        rest: (code_norm * rest) as f32,
    };
    AngleBound::ByNorm {
        // Large enough to exclude every row, and never infinite.
        constant: ((constant - RELATIVE * constant.abs()).min(1e30) as f32).next_down(),
        slope: (slope * (1.0 - RELATIVE)) as f32,
        cosine: linear(cosine + sine * tangent_cosine / tangent_sine, -sine / tangent_sine - slack),
        sine: linear(sine - cosine * tangent_cosine / tangent_sine, cosine / tangent_sine + slack),
    }
}
