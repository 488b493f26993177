//! Fast scores that exclude rows: the only place that names simsimd.
//!
//! A kernel never decides an answer. It gives a *lower bound* of the canonical distance; a row
//! whose bound is above the current threshold cannot be a hit, every other row is scored
//! canonically. The bounds hold for any `f32` kernel that adds up its terms in any order, with or
//! without fused multiply-add, as all of simsimd's do for `dot` and `l2sq` (its `cos` and `l2`
//! end in an approximate square root, and are not used).
//!
//! # The margin
//! With `u = 2^-24`, a sum of `n` products in `f32` differs from the true sum by at most
//! `γ_n * sum(|a_i b_i|)`, where `γ_n = n u / (1 - n u)` (Higham, *Accuracy and Stability of
//! Numerical Algorithms*, 2nd ed., §3.1), plus at most `n * 2^-149` where products underflow.
//! Below, `e = 1.01 (n + 8) u` is above `γ_n` for every dimension up to
//! [`DIM_MAX`](iqdb_core::limits::DIM_MAX), with room for the `f64` roundings of the canonical
//! distance and of the bounds themselves, each of which is 2^29 times smaller than one `u`.
//!
//! - *Dot*: `|dot32 - dot| <= e |q| |x| + t` by Cauchy–Schwarz, with `t = n * 2^-148`. The row's
//!   norm is bounded from above by `|x|^2 <= (1 + 2e) (xx32 + t)`.
//! - *Cosine*: with `dot32 = dot + d`, `|d| <= e |q| |x|`, and `xx32 = |x|^2 (1 + h)`, `|h| <= e`,
//!   the fast cosine `dot32 / (|q| sqrt(xx32))` differs from the true one by at most
//!   `1/sqrt(1 - e) - 1 + e / sqrt(1 - e) <= 2e`. Underflow is negligible as long as both squared
//!   norms are at least 2^-90; other rows are never excluded, nor those whose squared norm
//!   overflows, for which a finite score would be a wrong one.
//! - *Euclidean*: every term of `sum((q - x)^2)` has a relative error of a few `u` and none is
//!   negative, so the true sum is at least `(s32 - t) / (1 + e)`.
//!
//! An overflow gives an infinite or undefined score, and a bound that is not finite excludes
//! nothing. The terms may be added up in `f64` as well, which is only more exact.

use std::fmt;
use std::str::FromStr;

use iqdb_core::{Error, ErrorKind, Metric, Result};
use simsimd::SpatialSimilarity;

/// What computes the fast scores. Never changes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Kernel {
    /// simsimd, dispatched at run time to what the machine has.
    #[default]
    Simsimd,
    /// No fast scores: every row is scored canonically. For tests, and as the specification.
    Reference,
}

impl Kernel {
    /// Every kernel.
    pub const ALL: [Self; 2] = [Self::Simsimd, Self::Reference];

    /// The name: `simsimd` or `reference`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simsimd => "simsimd",
            Self::Reference => "reference",
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
                .expected("simsimd or reference")
                .found(format_args!("{text:?}"))
        })
    }
}

/// The smallest squared norm for which underflow is lost in the margin.
const SQUARED_NORM_MIN: f64 = 1.0 / (1_u128 << 90) as f64;

/// How many components at a time simsimd gets.
///
/// On Arm as many as fill any SVE register: the SVE kernels of simsimd 6.5.16 leave the lanes of a
/// last, partial register undefined and then add them up.
pub(crate) const REGISTER: usize = if cfg!(target_arch = "aarch64") { 64 } else { 1 };

/// What a bound needs to know of the query, computed once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    kernel: Kernel,
    metric: Metric,
    /// The relative error `e` of an `f32` sum.
    error: f64,
    /// The absolute error `t` of underflow.
    underflow: f64,
    /// The norm of the query.
    norm: f64,
    /// [`REGISTER`], but for tests.
    register: usize,
}

impl Bound {
    pub(crate) fn new(kernel: Kernel, metric: Metric, query: &[f32]) -> Self {
        let unit = f64::from(f32::EPSILON) / 2.0;
        let dim = query.len() as f64;
        Self {
            kernel,
            metric,
            error: 1.01 * (dim + 8.0) * unit,
            underflow: dim * 2.0 * f64::from(f32::from_bits(1)),
            norm: Metric::squared_norm(query).sqrt(),
            register: REGISTER,
        }
    }

    /// Whether [`below`](Self::below) wants to know the rows' squared norms.
    pub(crate) fn needs_norms(kernel: Kernel, metric: Metric) -> bool {
        kernel == Kernel::Simsimd && matches!(metric, Metric::Dot | Metric::Cosine)
    }

    /// A number at or below the canonical distance between `query` and `row`; or one that is not
    /// finite, which says nothing. `squared_norm` is [`squared_norm`] of the row.
    pub(crate) fn below(&self, query: &[f32], row: &[f32], squared_norm: f64) -> f64 {
        match (self.kernel, self.metric) {
            (Kernel::Reference, _) => f64::NEG_INFINITY,
            (Kernel::Simsimd, Metric::Dot) => {
                self.below_dot(dot(query, row, self.register), squared_norm)
            }
            (Kernel::Simsimd, Metric::Cosine) => {
                self.below_cosine(dot(query, row, self.register), squared_norm)
            }
            (Kernel::Simsimd, Metric::Euclidean) => {
                self.below_euclidean(squared_distance(query, row, self.register))
            }
            // A metric that this kernel has no bound for.
            (Kernel::Simsimd, _) => f64::NEG_INFINITY,
        }
    }

    fn below_dot(&self, dot: f64, squared_norm: f64) -> f64 {
        let product = self.norm * self.row_norm_at_most(squared_norm);
        -dot - (self.error * product + self.underflow)
    }

    /// A number at or above the norm of a row.
    fn row_norm_at_most(&self, squared_norm: f64) -> f64 {
        ((1.0 + 2.0 * self.error) * (squared_norm + self.underflow)).sqrt()
    }

    fn below_cosine(&self, dot: f64, squared_norm: f64) -> f64 {
        let in_range =
            |squared_norm: f64| squared_norm >= SQUARED_NORM_MIN && squared_norm.is_finite();
        if !in_range(squared_norm) || !in_range(self.norm * self.norm) {
            return f64::NEG_INFINITY;
        }
        1.0 - dot / (self.norm * squared_norm.sqrt()) - 2.0 * self.error
    }

    fn below_euclidean(&self, squares: f64) -> f64 {
        ((squares - self.underflow).max(0.0) / (1.0 + self.error)).sqrt()
    }
}

/// The squared norm of a row, as [`Bound::below`] takes it.
pub(crate) fn squared_norm(row: &[f32]) -> f64 {
    dot(row, row, REGISTER)
}

fn dot(a: &[f32], b: &[f32], register: usize) -> f64 {
    let (whole, tail) = split(a, b, register);
    <f32 as SpatialSimilarity>::dot(whole.0, whole.1).unwrap_or(f64::NAN)
        + tail.map(|(a, b)| a * b).sum::<f64>()
}

fn squared_distance(a: &[f32], b: &[f32], register: usize) -> f64 {
    let (whole, tail) = split(a, b, register);
    <f32 as SpatialSimilarity>::l2sq(whole.0, whole.1).unwrap_or(f64::NAN)
        + tail.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
}

/// Two vectors of one length.
type Pair<'a> = (&'a [f32], &'a [f32]);

/// The part of two vectors that simsimd gets, and the rest, which is added up here.
///
/// What simsimd gets is a multiple of `register` components.
fn split<'a>(
    a: &'a [f32],
    b: &'a [f32],
    register: usize,
) -> (Pair<'a>, impl Iterator<Item = (f64, f64)>) {
    let whole = a.len().min(b.len()) / register * register;
    let tail = a[whole..].iter().zip(&b[whole..]).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    ((&a[..whole], &b[..whole]), tail)
}

#[cfg(test)]
mod tests {
    use iqdb_core::limits::DIM_MAX;
    use proptest::prelude::*;

    use super::*;

    fn finite() -> impl Strategy<Value = f32> {
        prop_oneof![
            4 => -1.0_f32..1.0,
            2 => any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite()),
            1 => prop::sample::select(vec![0.0, -0.0, 3e38, -3e38, 1e-45, -1e-45, 1e-20, 1e19]),
        ]
    }

    /// Pairs of vectors, each component scaled so that all magnitudes meet each other.
    fn pairs() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        let scaled = |scale: i32| 2.0_f32.powi(scale);
        (prop::collection::vec((finite(), finite()), 1..200), -140..100, -140..100).prop_map(
            move |(pairs, a_scale, b_scale)| {
                let clamp = |x: f32| if x.is_finite() { x } else { 1.0 };
                pairs
                    .into_iter()
                    .map(|(a, b)| (clamp(a * scaled(a_scale)), clamp(b * scaled(b_scale))))
                    .unzip()
            },
        )
    }

    fn check(a: &[f32], b: &[f32]) -> Result<(), TestCaseError> {
        for metric in Metric::ALL {
            let zero = |x: &[f32]| x.iter().all(|x| *x == 0.0);
            if metric.needs_direction() && (zero(a) || zero(b)) {
                continue;
            }
            let distance = metric.distance(a, b);
            for register in [1, 64] {
                let bound = Bound { register, ..Bound::new(Kernel::Simsimd, metric, a) };
                let bound = bound.below(a, b, dot(b, b, register));
                let below = !bound.is_finite() || bound <= distance;
                prop_assert!(below, "{metric}, by {register}: {bound} > {distance}");
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_bound_is_never_above_the_canonical_distance((a, b) in pairs()) {
            check(&a, &b)?;
            check(&a, &a)?;
        }
    }

    /// The scores of the worst kernel that the bounds have to hold for, between a query whose
    /// components are all `a` and a row whose components are all `b`, for which Cauchy–Schwarz is
    /// an equality: each sum is off by `γ_n` of its terms and by `n * 2^-149`, either way.
    struct Worst {
        query: Vec<f32>,
        row: Vec<f32>,
        row_norm: f64,
        dots: [f64; 2],
        squared_norms: [f64; 2],
        squares: [f64; 2],
    }

    impl Worst {
        fn of(dim: usize, a: f32, b: f32) -> Self {
            let n = dim as f64;
            let off = |sum: f64, terms: f64| {
                let unit = terms / f64::from(1 << 24);
                let error = unit / (1.0 - unit) * sum.abs() + n / 2_f64.powi(149);
                [sum - error, sum + error]
            };
            let (query, row) = (vec![a; dim], vec![b; dim]);
            let (a, b) = (f64::from(a), f64::from(b));
            Self {
                query,
                row,
                row_norm: n.sqrt() * b.abs(),
                dots: off(n * a * b, n),
                squared_norms: off(n * b * b, n),
                // The difference and its square are rounded too.
                squares: off(n * (a - b) * (a - b), n + 2.0),
            }
        }

        fn check(&self) {
            for metric in Metric::ALL {
                let bound = Bound::new(Kernel::Simsimd, metric, &self.query);
                let distance = metric.distance(&self.query, &self.row);
                let is_below = |found: f64| {
                    let (a, b) = (self.query[0], self.row[0]);
                    let below = !found.is_finite() || found <= distance;
                    assert!(below, "{metric}, {} of {a:e} and {b:e}: {found:e}", self.row.len());
                };
                for squared_norm in self.squared_norms {
                    let squared_norm = squared_norm.max(0.0);
                    assert!(bound.row_norm_at_most(squared_norm) >= self.row_norm);
                    for dot in self.dots {
                        match metric {
                            Metric::Dot => is_below(bound.below_dot(dot, squared_norm)),
                            Metric::Cosine => is_below(bound.below_cosine(dot, squared_norm)),
                            _ => {}
                        }
                    }
                }
                if metric == Metric::Euclidean {
                    self.squares.into_iter().for_each(|s| is_below(bound.below_euclidean(s)));
                }
            }
        }
    }

    #[test]
    fn a_bound_holds_for_the_worst_kernel() {
        let exponents = [-140, -100, -91, -76, -75, -74, -60, -45, -44, -20, -1, 0, 1, 20, 60, 100];
        for dim in [1, 2, 100, DIM_MAX] {
            for a in exponents {
                for b in exponents {
                    let (a, b) = (2_f32.powi(a), 2_f32.powi(b));
                    Worst::of(dim, a, b).check();
                    Worst::of(dim, a, -1.5 * b).check();
                }
            }
        }
    }

    #[test]
    fn the_norms_asked_for_are_those_that_a_bound_depends_on() {
        let (query, row) = ([1.0, 2.0], [3.0, 4.0]);
        for kernel in Kernel::ALL {
            for metric in Metric::ALL {
                let bound = Bound::new(kernel, metric, &query);
                let [known, unknown] = [25.0, f64::NAN].map(|norm| bound.below(&query, &row, norm));
                let depends = known.to_bits() != unknown.to_bits();
                assert_eq!(Bound::needs_norms(kernel, metric), depends, "{kernel} {metric}");
            }
        }
    }

    #[test]
    fn simsimd_gets_as_many_whole_registers_as_there_are() {
        let (a, b) = ([1.0; 200], [2.0; 200]);
        for (register, whole) in [(1, 200), (3, 198), (64, 192), (200, 200), (201, 0)] {
            let (pair, tail) = split(&a, &b, register);
            assert_eq!((pair.0.len(), pair.1.len()), (whole, whole), "by {register}");
            assert!(tail.eq(vec![(1.0, 2.0); 200 - whole]), "by {register}");
        }
    }

    #[test]
    fn an_underflow_of_the_query_bounds_nothing() {
        // In f32 the product is 2^-136: the rest of it is below the last place and the margin above.
        let rest = 2_f32.powi(-14) - 2_f32.powi(-20);
        let (query, row) = ([2_f32.powi(-91)], [(1.0 + rest) * 2_f32.powi(-45)]);
        check(&query, &row).unwrap();
    }

    #[test]
    fn a_kernel_is_called_by_its_name() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.to_string().parse::<Kernel>().unwrap(), kernel);
        }
        assert_eq!(format!("{:>10}", Kernel::Simsimd), "   simsimd");
        assert_eq!("avx".parse::<Kernel>().unwrap_err().kind(), ErrorKind::InvalidQuery);
    }

    #[test]
    fn a_norm_that_overflows_bounds_nothing() {
        let (a, b) = ([1.6e19, 0.0], [1.6e19, 1.6e19]);
        for (a, b) in [(a, b), (b, a)] {
            check(&a, &b).unwrap();
        }
    }

    #[test]
    fn a_bound_is_close_enough_to_be_of_use() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut vector =
            |scale: f32| -> Vec<f32> { (0..768).map(|_| (random.f32() - 0.5) * scale).collect() };
        // 768 units of the error of one rounding are 4.6e-5.
        for scale in [1.0, 1e-6, 1e6] {
            let (a, b) = (vector(1.0), vector(scale));
            let norm = |x| Metric::squared_norm(x).sqrt();
            for (metric, unit) in [
                (Metric::Cosine, 2.0),
                (Metric::Dot, norm(&a) * norm(&b)),
                (Metric::Euclidean, norm(&a) + norm(&b)),
            ] {
                let distance = metric.distance(&a, &b);
                for register in [1, 64, 1_024] {
                    let bound = Bound { register, ..Bound::new(Kernel::Simsimd, metric, &a) };
                    let bound = bound.below(&a, &b, dot(&b, &b, register));
                    assert!(bound <= distance, "{metric}: {bound} {distance}");
                    let gap = (distance - bound) / unit;
                    assert!(gap < 5e-5, "{metric}, {scale}, by {register}: {gap}");
                }
            }
        }
    }
}
