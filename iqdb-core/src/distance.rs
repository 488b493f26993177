//! The canonical distance: one definition for each metric and element, bit for bit, for every answer.
//!
//! Every distance that iqdb returns is computed in `f64` from the stored elements, and an answer is
//! ranked by (distance, id), so it has the same bits on every instruction set, thread count, batch
//! size, plan and backend.
//!
//! | elements | cosine | dot | Euclidean | Hamming | Jaccard |
//! |---|---|---|---|---|---|
//! | `f32`, `f16`, `bf16`, `i8` | `1.0 - ab / sqrt(aa * bb)` | `0.0 - ab` | `sqrt(dd)` | | |
//! | binary | | | | `differing` | `1.0 - both / either` |
//! | sparse | | `0.0 - ab` | | | |
//!
//! # Dense vectors of numbers
//! `ab`, `aa` and `bb` are the sums of `a[i] * b[i]`, `a[i] * a[i]` and `b[i] * b[i]`, and `dd` of
//! `(a[i] - b[i]) * (a[i] - b[i])`. A sum is defined as follows.
//!
//! 1. Component `i` belongs to lane `i mod 8`. Each of the eight lanes starts at `0.0` and adds its
//!    terms in the order of `i`. The terms are `f64` operations on components widened to `f64`, each
//!    rounded on its own: never fused, never contracted.
//! 2. With `l0 … l7` the lanes, `mj = lj + l(j+4)` for `j` in `0..4`, and the sum is
//!    `(m0 + m2) + (m1 + m3)`.
//!
//! `f16` and `bf16` widen exactly, so a vector of them has the distances of the `f32` vector of the
//! same values. Sums over `i8` are integers below 2^33, exact in any order.
//!
//! No term overflows: squares of finite `f32` values stay below 2^256 and the product of two such
//! sums below 2^545. Underflow is gradual, and only of rounding errors: the smallest square of a
//! non-zero `f32` is 2^-298. All of this assumes the floating-point environment that Rust assumes:
//! a host program that makes the processor flush subnormals to zero changes the bits.
//!
//! # Bits
//! `differing` counts the bits that are set in one of the two, `both` those that are set in both and
//! `either` those that are set in at least one; they are converted to `f64` and divided once.
//!
//! # Sparse vectors
//! `ab` starts at `0.0` and adds `a[i] * b[i]`, in `f64`, for each index that both vectors have, in
//! rising order. Vectors that share no index have no distance: neither is a hit of the other.
//!
//! # Accuracy
//! A distance is within `dim * 2^-52 * sum(|terms|)` of the exact one. The terms are the products
//! for dot, and 1 and the quotients for cosine and Jaccard; `dim` is the number of common indices
//! for sparse vectors. A Euclidean distance is within `dim * 2^-52` of itself, and Hamming is exact.
//!
//! `tests/canonical/transcript.py` transcribes this page in Python and checks that bound in exact
//! rationals; the tests compare each kernel with its distances, bit for bit.

use crate::{BitsRef, Error, ErrorKind, FieldKind, Metric, Number, Result, SparseRef, VectorRef};

impl FieldKind {
    /// The canonical distance between two vectors of this kind; `None` when they are sparse and
    /// share no index. O(dim), for sparse vectors O(terms).
    ///
    /// ```
    /// use iqdb_core::{Element, FieldKind, Metric, VectorRef};
    ///
    /// let kind = FieldKind::Dense { dim: 2, metric: Metric::Euclidean, element: Element::I8 };
    /// let (a, b) = (VectorRef::new(&[0_i8, 0])?, VectorRef::new(&[3_i8, 4])?);
    /// assert_eq!(kind.distance(a, b)?, Some(5.0));
    /// # Ok::<(), iqdb_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`check_vector`](Self::check_vector), for either vector.
    pub fn distance(self, a: VectorRef<'_>, b: VectorRef<'_>) -> Result<Option<f64>> {
        self.check_vector(a)?;
        self.check_vector(b)?;
        match (self.metric(), a, b) {
            (Some(m), VectorRef::F32(a), VectorRef::F32(b)) => Ok(Some(of_numbers(m, &a, &b))),
            (Some(m), VectorRef::F16(a), VectorRef::F16(b)) => Ok(Some(of_numbers(m, &a, &b))),
            (Some(m), VectorRef::BF16(a), VectorRef::BF16(b)) => Ok(Some(of_numbers(m, &a, &b))),
            (Some(m), VectorRef::I8(a), VectorRef::I8(b)) => Ok(Some(of_numbers(m, &a, &b))),
            (Some(m), VectorRef::Binary(a), VectorRef::Binary(b)) => Ok(Some(of_bits(m, a, b))),
            (_, VectorRef::Sparse(a), VectorRef::Sparse(b)) => Ok(of_sparse(a, b)),
            _ => Err(Error::new(ErrorKind::ElementMismatch, "the vectors are of two kinds")),
        }
    }
}

/// The canonical distance between two dense vectors of one length. O(dim).
///
/// NaN for a zero vector under [`Metric::Cosine`], which no store and no query lets in.
///
/// ```
/// use iqdb_core::{Metric, distance};
///
/// assert_eq!(distance::of_numbers(Metric::Cosine, &[1.0, 0.0], &[0.0, 2.0]), 1.0);
/// assert_eq!(distance::of_numbers(Metric::Dot, &[1_i8, 2], &[3, 4]), -11.0);
/// assert_eq!(distance::of_numbers(Metric::Euclidean, &[0.0, 0.0], &[3.0, 4.0]), 5.0);
/// // The sum of squares overflows f32, not the answer.
/// let far = distance::of_numbers(Metric::Cosine, &[3e38, 3e38], &[1.0, 0.0]);
/// assert!((far - 0.292_893_218_813_452_4).abs() < 1e-15);
/// ```
///
/// # Panics
/// When the lengths differ, or the metric is not one [of numbers](Metric::OF_NUMBERS).
#[must_use]
pub fn of_numbers<T: Number>(metric: Metric, a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len(), "a distance is between vectors of one length");
    match metric {
        Metric::Cosine => {
            let [ab, aa, bb] = sums(a, b, |a, b| [a * b, a * a, b * b]);
            1.0 - ab / (aa * bb).sqrt()
        }
        Metric::Dot => {
            let [ab] = sums(a, b, |a, b| [a * b]);
            0.0 - ab
        }
        Metric::Euclidean => {
            let [dd] = sums(a, b, |a, b| [(a - b) * (a - b)]);
            dd.sqrt()
        }
        Metric::Hamming | Metric::Jaccard => panic!("{metric} compares bits, not numbers"),
    }
}

/// The sum of the squares, by the rule of the [canonical distance](self). O(dim).
#[must_use]
pub fn squared_norm<T: Number>(a: &[T]) -> f64 {
    let [aa] = sums(a, a, |a, _| [a * a]);
    aa
}

/// The canonical distance between two vectors of as many bits. O(dim).
///
/// NaN for two zero vectors under [`Metric::Jaccard`], which no store and no query lets in.
///
/// # Panics
/// When the dimensions differ, or the metric is not one [of bits](Metric::OF_BITS).
#[must_use]
pub fn of_bits(metric: Metric, a: BitsRef<'_>, b: BitsRef<'_>) -> f64 {
    assert_eq!(a.dim(), b.dim(), "a distance is between vectors of one length");
    let count = |of: fn(u8, u8) -> u8| -> f64 {
        let pairs = a.bytes().iter().zip(b.bytes());
        pairs.map(|(a, b)| of(*a, *b).count_ones()).sum::<u32>().into()
    };
    match metric {
        Metric::Hamming => count(|a, b| a ^ b),
        Metric::Jaccard => 1.0 - count(|a, b| a & b) / count(|a, b| a | b),
        _ => panic!("{metric} compares numbers, not bits"),
    }
}

/// The canonical distance between two sparse vectors under [`Metric::Dot`]; `None` when they share
/// no index. O(terms of both).
#[must_use]
pub fn of_sparse(a: SparseRef<'_>, b: SparseRef<'_>) -> Option<f64> {
    let (mut sum, mut shares_an_index) = (0.0, false);
    let (mut left, mut right) = (0, 0);
    while let (Some(x), Some(y)) = (a.indices().get(left), b.indices().get(right)) {
        if x == y {
            sum += f64::from(a.weights()[left]) * f64::from(b.weights()[right]);
            shares_an_index = true;
        }
        left += usize::from(x <= y);
        right += usize::from(y <= x);
    }
    shares_an_index.then_some(0.0 - sum)
}

const LANES: usize = 8;

/// `N` sums at once, each in eight lanes that are reduced in a fixed order.
#[inline(always)]
fn sums<T: Number, const N: usize>(
    a: &[T],
    b: &[T],
    term: impl Fn(f64, f64) -> [f64; N],
) -> [f64; N] {
    let mut lanes = [[0.0_f64; LANES]; N];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    let mut add = |lane: usize, a: T, b: T| {
        let terms = term(a.to_f64(), b.to_f64());
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
            _ => sum(&|a, b| (a - b) * (a - b)).sqrt(),
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
            for metric in Metric::OF_NUMBERS {
                let distance = of_numbers(metric, &a, &b);
                prop_assert_eq!(distance.to_bits(), by_the_book(metric, &a, &b).to_bits());
                prop_assert_eq!(distance.to_bits(), of_numbers(metric, &b, &a).to_bits());
            }
        }

        #[test]
        fn a_vector_is_at_cosine_and_euclidean_distance_0_from_itself(
            a in prop::collection::vec(finite(), 1..70)
        ) {
            prop_assert_eq!(of_numbers(Metric::Euclidean, &a, &a), 0.0);
            if a.iter().any(|x| *x != 0.0) {
                prop_assert_eq!(of_numbers(Metric::Cosine, &a, &a), 0.0);
            }
        }
    }

    proptest! {
        #[test]
        fn narrower_floats_have_the_distances_of_their_values(
            pairs in prop::collection::vec((any::<u16>(), any::<u16>()), 1..70)
        ) {
            fn check<T: Number>(
                pairs: &[(u16, u16)],
                of: fn(u16) -> T,
            ) -> std::result::Result<(), TestCaseError> {
                let kept = |bits: &u16| Some(of(*bits)).filter(|x| x.is_finite()).unwrap_or_default();
                let a: Vec<T> = pairs.iter().map(|(a, _)| kept(a)).collect();
                let b: Vec<T> = pairs.iter().map(|(_, b)| kept(b)).collect();
                #[allow(clippy::cast_possible_truncation)]
                let wide = |v: &[T]| -> Vec<f32> { v.iter().map(|x| x.to_f64() as f32).collect() };
                for metric in Metric::OF_NUMBERS {
                    let expected = of_numbers(metric, &wide(&a), &wide(&b));
                    prop_assert_eq!(of_numbers(metric, &a, &b).to_bits(), expected.to_bits());
                }
                Ok(())
            }
            check(&pairs, half::f16::from_bits)?;
            check(&pairs, half::bf16::from_bits)?;
            check(&pairs, |bits| bits.to_le_bytes()[0].cast_signed())?;
        }

        #[test]
        fn bits_are_counted(a in any::<[u8; 5]>(), b in any::<[u8; 5]>()) {
            let bits = |x: [u8; 5]| x.map(u64::from).iter().fold(0, |all, byte| all << 8 | byte);
            let (x, y) = (bits(a), bits(b));
            let (a, b) = (BitsRef::new(40, &a).unwrap(), BitsRef::new(40, &b).unwrap());
            let count = |bits: u64| f64::from(bits.count_ones());
            prop_assert_eq!(of_bits(Metric::Hamming, a, b), count(x ^ y));
            if x | y != 0 {
                let expected = 1.0 - count(x & y) / count(x | y);
                prop_assert_eq!(of_bits(Metric::Jaccard, a, b), expected);
            }
        }

        #[test]
        fn sparse_vectors_are_compared_by_their_common_indices(
            a in prop::collection::btree_map(0_u32..40, 0.1_f32..2.0, 1..20),
            b in prop::collection::btree_map(0_u32..40, -2.0_f32..-0.1, 1..20),
        ) {
            let expected = a.iter().filter_map(|(i, x)| Some(f64::from(*x) * f64::from(*b.get(i)?)));
            let expected = expected.fold(None, |sum, term| Some(sum.unwrap_or(0.0) + term));
            let (ai, aw): (Vec<u32>, Vec<f32>) = a.iter().map(|(i, w)| (*i, *w)).unzip();
            let (bi, bw): (Vec<u32>, Vec<f32>) = b.iter().map(|(i, w)| (*i, *w)).unzip();
            let found =
                of_sparse(SparseRef::new(&ai, &aw).unwrap(), SparseRef::new(&bi, &bw).unwrap());
            prop_assert_eq!(found, expected.map(|sum| 0.0 - sum));
        }
    }

    #[test]
    fn extreme_values_neither_overflow_nor_vanish() {
        let huge = [f32::MAX; 1_000];
        let tiny = [f32::from_bits(1); 1_000];
        assert!(of_numbers(Metric::Cosine, &huge, &tiny).abs() < 1e-12);
        assert_eq!(of_numbers(Metric::Cosine, &huge, &huge), 0.0);
        assert!(of_numbers(Metric::Dot, &huge, &huge).is_finite());
        assert!(of_numbers(Metric::Euclidean, &huge, &tiny).is_finite());
    }

    #[test]
    fn a_zero_dot_product_is_positive_zero() {
        assert!(of_numbers(Metric::Dot, &[0.0], &[1.0]).is_sign_positive());
        assert!(of_numbers(Metric::Dot, &[-0.0], &[1.0]).is_sign_positive());
    }
}
