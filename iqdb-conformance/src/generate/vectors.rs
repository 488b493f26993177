//! Vectors to test with, of every kind: vectors that tie and vectors that overflow.

use fastrand::Rng;
use iqdb_core::{
    Element, Error, Field, FieldKind, Metric, Number, Result, Schema, Vector, bf16, f16,
};

/// The distribution that the components of a vector are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// `-1`, `0` and `1`: many vectors are the same, and many distances tie.
    Lattice,
    /// Uniform over the values of an everyday vector.
    Smooth,
    /// Huge, tiny, subnormal, both zeros.
    Extreme,
}

impl Distribution {
    pub(crate) const ALL: [Self; 3] = [Self::Lattice, Self::Smooth, Self::Extreme];
}

const EXTREMES: [f32; 14] = [
    f32::MAX,
    f32::MIN,
    3e38,
    -3e38,
    1e30,
    -1e19,
    1.0,
    0.0,
    -0.0,
    1e-20,
    -1e-30,
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    -f32::from_bits(0x007f_ffff),
];

/// The largest, the smallest, the subnormal and both zeros, by their bits.
const EXTREME_F16: [u16; 10] =
    [0x7bff, 0xfbff, 0x7bfe, 0x3c00, 0x3c01, 0x0000, 0x8000, 0x0001, 0x83ff, 0x0400];
const EXTREME_BF16: [u16; 10] =
    [0x7f7f, 0xff7f, 0x7f7e, 0x3f80, 0x3f81, 0x0000, 0x8000, 0x0001, 0x807f, 0x0080];

const EXTREME_I8: [i8; 7] = [i8::MIN, i8::MAX, -127, -1, 0, 1, 126];

const EXTREME_INDICES: [u32; 8] = [0, 1, 2, 65_535, 65_536, 1 << 31, u32::MAX - 1, u32::MAX];

/// The fields of vectors: those that core doesn't compute.
pub(crate) fn fields(schema: &Schema) -> impl Iterator<Item = &Field> + Clone {
    schema.fields().iter().filter(|field| !field.kind().is_computed())
}

/// The kind of the only field of a schema.
pub(crate) fn only_kind(schema: &Schema) -> FieldKind {
    schema.fields()[0].kind()
}

/// A vector of ones, of the field's kind.
pub(crate) fn ones(kind: FieldKind) -> Result<Vector> {
    let dim = kind.dim().unwrap_or(1);
    match kind.element() {
        None => Vector::sparse([0, 1, 2], [1.0; 3]),
        Some(Element::F16) => Vector::try_from(vec![f16::ONE; dim]),
        Some(Element::BF16) => Vector::try_from(vec![bf16::ONE; dim]),
        Some(Element::I8) => Vector::try_from(vec![1_i8; dim]),
        Some(Element::Binary) => bits(dim, vec![0xff; dim.div_ceil(8)]),
        Some(_) => Vector::try_from(vec![1.0; dim]),
    }
}

/// A vector of zeros, for a dense field.
pub(crate) fn zeros(kind: FieldKind) -> Result<Vector> {
    let dim = kind.dim().unwrap_or(1);
    match kind.element() {
        Some(Element::F16) => Vector::try_from(vec![f16::NEG_ZERO; dim]),
        Some(Element::BF16) => Vector::try_from(vec![bf16::NEG_ZERO; dim]),
        Some(Element::I8) => Vector::try_from(vec![0_i8; dim]),
        Some(Element::Binary) => Vector::binary(dim, vec![0; dim.div_ceil(8)]),
        _ => Vector::try_from(vec![-0.0; dim]),
    }
}

/// A vector that is longer than the field takes, or of another kind than a field that takes any
/// length.
pub(crate) fn too_long(kind: FieldKind) -> Result<Vector> {
    match kind {
        FieldKind::Dense { dim, metric, element } => {
            ones(FieldKind::Dense { dim: dim + 1, metric, element })
        }
        _ => of_another_kind(kind),
    }
}

/// A vector of another element, or a dense one for a sparse field.
pub(crate) fn of_another_kind(kind: FieldKind) -> Result<Vector> {
    let dim = kind.dim().unwrap_or(1);
    match kind.element() {
        Some(Element::F32) => Vector::try_from(vec![f16::ONE; dim]),
        Some(Element::F16) => Vector::try_from(vec![bf16::ONE; dim]),
        Some(Element::BF16) => Vector::sparse([1], [1.0]),
        Some(Element::I8) => bits(dim, vec![0xff; dim.div_ceil(8)]),
        Some(_) => Vector::try_from(vec![1_i8; dim]),
        None => Vector::try_from(vec![1.0; dim]),
    }
}

/// A vector that the field accepts.
pub(crate) fn vector(rng: &mut Rng, kind: FieldKind, distribution: Distribution) -> Result<Vector> {
    let FieldKind::Dense { dim, metric, element } = kind else {
        return sparse(rng, distribution);
    };
    let plain = |rng: &mut Rng| match distribution {
        Distribution::Lattice => f32::from(rng.i8(-1..=1)),
        _ => rng.f32() * 2.0 - 1.0,
    };
    let is_extreme = distribution == Distribution::Extreme;
    match element {
        Element::F16 => dense(dim, metric, f16::ONE, || match is_extreme {
            true => f16::from_bits(EXTREME_F16[rng.usize(..EXTREME_F16.len())]),
            false => f16::from_f32(plain(rng)),
        }),
        Element::BF16 => dense(dim, metric, bf16::ONE, || match is_extreme {
            true => bf16::from_bits(EXTREME_BF16[rng.usize(..EXTREME_BF16.len())]),
            false => bf16::from_f32(plain(rng)),
        }),
        Element::I8 => dense(dim, metric, 1, || match distribution {
            Distribution::Lattice => rng.i8(-1..=1),
            Distribution::Smooth => rng.i8(..),
            Distribution::Extreme => EXTREME_I8[rng.usize(..EXTREME_I8.len())],
        }),
        Element::Binary => {
            let mut bytes = vec![0; dim.div_ceil(8)];
            bytes.fill_with(|| match distribution {
                Distribution::Lattice => 1 << rng.u8(..8),
                Distribution::Smooth => rng.u8(..),
                Distribution::Extreme => [0x00, 0xff, 0x80, 0x01][rng.usize(..4)],
            });
            let vector = bits(dim, bytes)?;
            match vector.as_ref().is_zero() && metric.needs_direction() {
                true => ones(kind),
                false => Ok(vector),
            }
        }
        _ => dense(dim, metric, 1.0, || match is_extreme {
            true => EXTREMES[rng.usize(..EXTREMES.len())],
            false => plain(rng),
        }),
    }
}

fn dense<T: Number>(
    dim: usize,
    metric: Metric,
    one: T,
    mut component: impl FnMut() -> T,
) -> Result<Vector>
where
    Vector: TryFrom<Vec<T>, Error = Error>,
{
    let mut components: Vec<T> = (0..dim).map(|_| component()).collect();
    if metric.needs_direction() && components.iter().all(|x| x.to_f64() == 0.0) {
        components[0] = one;
    }
    Vector::try_from(components)
}

/// A vector of the bits in `bytes`, without the spare ones.
pub(crate) fn bits(dim: usize, mut bytes: Vec<u8>) -> Result<Vector> {
    let spare = bytes.len() * 8 - dim;
    if let Some(last) = bytes.last_mut() {
        *last &= 0xff << spare;
    }
    Vector::binary(dim, bytes)
}

/// At most six terms among few indices, so that some vectors share an index and others share none.
fn sparse(rng: &mut Rng, distribution: Distribution) -> Result<Vector> {
    let mut indices: Vec<u32> = (0..rng.usize(1..=6))
        .map(|_| match distribution {
            Distribution::Lattice => rng.u32(..5),
            Distribution::Smooth => rng.u32(..24),
            Distribution::Extreme => EXTREME_INDICES[rng.usize(..EXTREME_INDICES.len())],
        })
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let mut weight = || match distribution {
        Distribution::Lattice => [1.0, -1.0][rng.usize(..2)],
        Distribution::Smooth => rng.f32() + 0.01,
        Distribution::Extreme => EXTREMES[rng.usize(..EXTREMES.len())],
    };
    // A weight is not 0.
    let weights: Vec<f32> = indices
        .iter()
        .map(|_| match weight() {
            0.0 => 1.0,
            weight => weight,
        })
        .collect();
    Vector::sparse(indices, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_one_that_its_field_accepts() {
        let mut rng = Rng::with_seed(1);
        let kinds = Element::ALL.into_iter().flat_map(|element| {
            Metric::ALL.into_iter().flat_map(move |metric| {
                [1, 2, 9, 17].map(|dim| FieldKind::Dense { dim, metric, element })
            })
        });
        let kinds = kinds.chain([FieldKind::Sparse { metric: Metric::Dot }]);
        for kind in kinds.filter(|kind| kind.check().is_ok()) {
            kind.check_vector(ones(kind).unwrap().as_ref()).unwrap();
            for distribution in Distribution::ALL {
                for _ in 0..200 {
                    let vector = vector(&mut rng, kind, distribution).unwrap();
                    kind.check_vector(vector.as_ref()).unwrap();
                }
            }
        }
    }
}
