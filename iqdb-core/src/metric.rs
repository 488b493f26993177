//! The metrics, and the canonical distance: one definition, bit for bit, for every answer.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// How near two vectors are. **Smaller is nearer, always.**
///
/// # The canonical distance
/// Every distance that iqdb returns is computed in `f64` over the `f32` components, and an answer
/// is ranked by (distance, id), so it has the same bits on every instruction set, thread count,
/// batch size and plan. A sum over the components is defined as follows.
///
/// 1. Component `i` belongs to lane `i mod 8`. Each of the eight lanes starts at `0.0` and adds
///    its terms in the order of `i`. The terms are `f64` operations on components widened to
///    `f64`, each rounded on its own: never fused, never contracted.
/// 2. With `l0 … l7` the lanes, `mj = lj + l(j+4)` for `j` in `0..4`, and the sum is
///    `(m0 + m2) + (m1 + m3)`.
///
/// No term overflows: squares of finite `f32` values stay below 2^256 and the product of two such
/// sums below 2^545. Underflow is gradual, and only of rounding errors: the smallest square of a
/// non-zero `f32` is 2^-298. All of this assumes the floating-point environment that Rust assumes:
/// a host program that makes the processor flush subnormals to zero changes the bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Metric {
    /// `1 - dot(a, b) / sqrt(dot(a, a) * dot(b, b))`: 0 for the same direction, 1 for a right
    /// angle, 2 for opposite directions. It is exactly 0 between a vector and itself; elsewhere
    /// rounding may pass either end by at most `dim * 2^-52`. A zero vector has no direction and
    /// is refused, in records and in queries.
    Cosine,
    /// `0.0 - dot(a, b)`: the negated inner product, any finite number. A zero vector is at
    /// distance 0 from everything.
    Dot,
    /// `sqrt(sum((a - b)^2))`: 0 or more. A zero vector is the origin.
    Euclidean,
}

impl Metric {
    /// Every metric, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// The name: `cosine`, `dot` or `euclidean`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::Euclidean => "euclidean",
        }
    }

    /// Whether a zero vector has no place under this metric.
    #[must_use]
    pub fn needs_direction(self) -> bool {
        self == Self::Cosine
    }

    /// The canonical distance between two vectors of one length. O(dim).
    ///
    /// NaN for a zero vector under [`Metric::Cosine`], which no store and no query lets in.
    ///
    /// ```
    /// use iqdb_core::Metric;
    ///
    /// assert_eq!(Metric::Cosine.distance(&[1.0, 0.0], &[0.0, 2.0]), 1.0);
    /// assert_eq!(Metric::Dot.distance(&[1.0, 2.0], &[3.0, 4.0]), -11.0);
    /// assert_eq!(Metric::Euclidean.distance(&[0.0, 0.0], &[3.0, 4.0]), 5.0);
    /// // The sum of squares overflows f32, not the answer.
    /// let far = Metric::Cosine.distance(&[3e38, 3e38], &[1.0, 0.0]);
    /// assert!((far - 0.292_893_218_813_452_4).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// When the lengths differ.
    #[must_use]
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        assert_eq!(a.len(), b.len(), "a distance is between vectors of one length");
        match self {
            Self::Cosine => {
                let [ab, aa, bb] = sums(a, b, |a, b| [a * b, a * a, b * b]);
                1.0 - ab / (aa * bb).sqrt()
            }
            Self::Dot => {
                let [ab] = sums(a, b, |a, b| [a * b]);
                0.0 - ab
            }
            Self::Euclidean => {
                let [squares] = sums(a, b, |a, b| [(a - b) * (a - b)]);
                squares.sqrt()
            }
        }
    }

    /// `dot(a, a)` by the rule of the [canonical distance](Self#the-canonical-distance).
    #[must_use]
    pub fn squared_norm(a: &[f32]) -> f64 {
        let [aa] = sums(a, a, |a, _| [a * a]);
        aa
    }
}

const LANES: usize = 8;

/// `N` sums at once, each in eight lanes that are reduced in a fixed order.
#[inline(always)]
fn sums<const N: usize>(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> [f64; N]) -> [f64; N] {
    let mut lanes = [[0.0_f64; LANES]; N];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    let mut add = |lane: usize, a: f32, b: f32| {
        let terms = term(f64::from(a), f64::from(b));
        for (sums, term) in lanes.iter_mut().zip(terms) {
            sums[lane] += term;
        }
    };
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            add(lane, a[lane], b[lane]);
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        add(lane, *a, *b);
    }
    lanes.map(|l| {
        let m: [f64; 4] = std::array::from_fn(|j| l[j] + l[j + 4]);
        (m[0] + m[2]) + (m[1] + m[3])
    })
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidSchema, "there is no such metric")
                .expected("cosine, dot or euclidean")
                .found(format_args!("{text:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of the documentation, spelled out with indices.
    fn by_the_book(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
        let sum = |term: &dyn Fn(f64, f64) -> f64| {
            let mut l = [0.0; 8];
            for i in 0..a.len() {
                l[i % 8] += term(a[i].into(), b[i].into());
            }
            let m = [l[0] + l[4], l[1] + l[5], l[2] + l[6], l[3] + l[7]];
            (m[0] + m[2]) + (m[1] + m[3])
        };
        match metric {
            Metric::Cosine => {
                1.0 - sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
            }
            Metric::Dot => 0.0 - sum(&|a, b| a * b),
            Metric::Euclidean => sum(&|a, b| (a - b) * (a - b)).sqrt(),
        }
    }

    fn finite() -> impl Strategy<Value = f32> {
        prop_oneof![
            -1.0_f32..1.0,
            any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite()),
        ]
    }

    proptest! {
        #[test]
        fn the_distance_is_the_documented_one_bit_for_bit(
            pairs in prop::collection::vec((finite(), finite()), 1..70)
        ) {
            let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            for metric in Metric::ALL {
                let distance = metric.distance(&a, &b);
                prop_assert_eq!(distance.to_bits(), by_the_book(metric, &a, &b).to_bits());
                prop_assert_eq!(distance.to_bits(), metric.distance(&b, &a).to_bits());
            }
        }

        #[test]
        fn a_vector_is_at_cosine_and_euclidean_distance_0_from_itself(
            a in prop::collection::vec(finite(), 1..70)
        ) {
            prop_assert_eq!(Metric::Euclidean.distance(&a, &a), 0.0);
            if a.iter().any(|x| *x != 0.0) {
                prop_assert_eq!(Metric::Cosine.distance(&a, &a), 0.0);
            }
        }
    }

    #[test]
    fn extreme_values_neither_overflow_nor_vanish() {
        let huge = [f32::MAX; 1_000];
        let tiny = [f32::from_bits(1); 1_000];
        assert!(Metric::Cosine.distance(&huge, &tiny).abs() < 1e-12);
        assert_eq!(Metric::Cosine.distance(&huge, &huge), 0.0);
        assert!(Metric::Dot.distance(&huge, &huge).is_finite());
        assert!(Metric::Euclidean.distance(&huge, &tiny).is_finite());
    }

    #[test]
    fn a_zero_dot_product_is_positive_zero() {
        assert!(Metric::Dot.distance(&[0.0], &[1.0]).is_sign_positive());
        assert!(Metric::Dot.distance(&[-0.0], &[1.0]).is_sign_positive());
    }
}
