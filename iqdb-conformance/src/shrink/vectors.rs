//! Vectors that are one step simpler than a given one.

use iqdb_core::{Error, Number, SparseRef, Vector, VectorRef, bf16, f16};

use crate::generate::vectors::bits;

/// The first `dim` components of a dense vector, if it has more.
pub(super) fn cut(vector: VectorRef<'_>, dim: usize) -> Option<Vector> {
    match vector {
        VectorRef::F32(vector) => Vector::try_from(vector.get(..dim)?).ok(),
        VectorRef::F16(vector) => Vector::try_from(vector.get(..dim)?).ok(),
        VectorRef::BF16(vector) => Vector::try_from(vector.get(..dim)?).ok(),
        VectorRef::I8(vector) => Vector::try_from(vector.get(..dim)?).ok(),
        VectorRef::Binary(vector) if dim < vector.dim() => {
            bits(dim, vector.bytes()[..dim.div_ceil(8)].to_vec()).ok()
        }
        VectorRef::Binary(_) | VectorRef::Sparse(_) => None,
    }
}

/// The vectors with one component more that is 0 or 1, or with one term or bit fewer.
pub(super) fn simpler(vector: VectorRef<'_>) -> Vec<Vector> {
    match vector {
        VectorRef::F32(vector) => numbers(&vector, 1.0),
        VectorRef::F16(vector) => numbers(&vector, f16::ONE),
        VectorRef::BF16(vector) => numbers(&vector, bf16::ONE),
        VectorRef::I8(vector) => numbers(&vector, 1),
        VectorRef::Binary(vector) => {
            let set = (0..vector.dim()).filter(|bit| vector.bytes()[bit / 8] & mask(*bit) != 0);
            let without = |bit: usize| {
                let mut bytes = vector.bytes().to_vec();
                bytes[bit / 8] &= !mask(bit);
                Vector::binary(vector.dim(), bytes).ok()
            };
            set.filter_map(without).collect()
        }
        VectorRef::Sparse(vector) => terms(vector),
    }
}

fn mask(bit: usize) -> u8 {
    0x80 >> (bit % 8)
}

/// The rank of a component in the order of simplicity: 0, then 1, then all others.
fn weight(component: impl Number) -> u8 {
    match component.to_f64().to_bits() {
        bits if bits == 0.0_f64.to_bits() => 0,
        bits if bits == 1.0_f64.to_bits() => 1,
        _ => 2,
    }
}

fn numbers<T: Number>(vector: &[T], one: T) -> Vec<Vector>
where
    Vector: TryFrom<Vec<T>, Error = Error>,
{
    let mut vectors = Vec::new();
    let mut first_axis = vec![T::default(); vector.len()];
    first_axis[0] = one;
    if vector.iter().map(|x| usize::from(weight(*x))).sum::<usize>() > 1 {
        vectors.extend(Vector::try_from(first_axis));
    }
    for (at, component) in vector.iter().enumerate() {
        for simple in [T::default(), one] {
            if weight(simple) < weight(*component) {
                let mut components = vector.to_vec();
                components[at] = simple;
                vectors.extend(Vector::try_from(components));
            }
        }
    }
    vectors
}

fn terms(vector: SparseRef<'_>) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for at in 0..vector.indices().len() {
        let (mut indices, mut weights) = (vector.indices().to_vec(), vector.weights().to_vec());
        indices.remove(at);
        weights.remove(at);
        vectors.extend(Vector::sparse(indices, weights));
        let mut weights = vector.weights().to_vec();
        if weight(weights[at]) > 1 {
            weights[at] = 1.0;
            vectors.extend(Vector::sparse(vector.indices(), weights));
        }
    }
    vectors
}
