//! Scores by simsimd, one row at a time: the only place that names it.

use simsimd::SpatialSimilarity;

use super::rows::Scores;

/// How many components at a time simsimd gets.
///
/// On Arm as many as fill any SVE register: the SVE kernels of simsimd 6.5.16 leave the lanes of a
/// last, partial register undefined and then add them up.
pub(crate) const REGISTER: usize = if cfg!(target_arch = "aarch64") { 64 } else { 1 };

/// The score of one row.
pub(crate) fn score(scores: Scores, query: &[f32], row: &[f32], register: usize) -> f32 {
    single(match scores {
        Scores::Dot => dot(query, row, register),
        Scores::Squares => -squared_distance(query, row, register),
    })
}

/// The inner product of a row with itself.
pub(crate) fn squared_norm(row: &[f32], register: usize) -> f32 {
    single(dot(row, row, register))
}

/// Rounded as every `f32` sum is, and infinite where such a sum would be.
#[allow(clippy::cast_possible_truncation)]
fn single(sum: f64) -> f32 {
    sum as f32
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
pub(crate) fn split<'a>(
    a: &'a [f32],
    b: &'a [f32],
    register: usize,
) -> (Pair<'a>, impl Iterator<Item = (f64, f64)>) {
    let whole = a.len().min(b.len()) / register * register;
    let tail = a[whole..].iter().zip(&b[whole..]).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    ((&a[..whole], &b[..whole]), tail)
}
