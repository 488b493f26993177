//! Vectors that are one step simpler than a given one.

use std::ops::ControlFlow;

use iqdb_core::{Error, Number, SparseRef, Vector, VectorRef, bf16, f16};

use super::each::{Each, cuts};
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

/// The vectors with more components that are 0 or 1, or with fewer terms or bits, from large runs of
/// them down to single ones.
pub(super) fn simpler(vector: VectorRef<'_>, each: Each<'_, Vector>) -> ControlFlow<()> {
    match vector {
        VectorRef::F32(vector) => numbers(&vector, 1.0, each),
        VectorRef::F16(vector) => numbers(&vector, f16::ONE, each),
        VectorRef::BF16(vector) => numbers(&vector, bf16::ONE, each),
        VectorRef::I8(vector) => numbers(&vector, 1, each),
        VectorRef::Binary(vector) => {
            let is_set = |bit: &usize| vector.bytes()[bit / 8] & mask(*bit) != 0;
            let set: Vec<usize> = (0..vector.dim()).filter(is_set).collect();
            for gone in cuts(set.len()) {
                let mut bytes = vector.bytes().to_vec();
                for bit in &set[gone] {
                    bytes[bit / 8] &= !mask(*bit);
                }
                Vector::binary(vector.dim(), bytes)
                    .map_or(ControlFlow::Continue(()), &mut *each)?;
            }
            ControlFlow::Continue(())
        }
        VectorRef::Sparse(vector) => terms(vector, each),
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

fn numbers<T: Number>(vector: &[T], one: T, each: Each<'_, Vector>) -> ControlFlow<()>
where
    Vector: TryFrom<Vec<T>, Error = Error>,
{
    let mut with = |components: Vec<T>| {
        Vector::try_from(components).map_or(ControlFlow::Continue(()), &mut *each)
    };
    let mut first_axis = vec![T::default(); vector.len()];
    first_axis[0] = one;
    if vector.iter().map(|x| usize::from(weight(*x))).sum::<usize>() > 1 {
        with(first_axis)?;
    }
    for run in cuts(vector.len()) {
        for simple in [T::default(), one] {
            if vector[run.clone()].iter().any(|x| weight(simple) < weight(*x)) {
                let mut components = vector.to_vec();
                for component in &mut components[run.clone()] {
                    if weight(simple) < weight(*component) {
                        *component = simple;
                    }
                }
                with(components)?;
            }
        }
    }
    ControlFlow::Continue(())
}

fn terms(vector: SparseRef<'_>, each: Each<'_, Vector>) -> ControlFlow<()> {
    let (indices, weights) = (vector.indices(), vector.weights());
    let mut with = |indices: Vec<u32>, weights: Vec<f32>| {
        Vector::sparse(indices, weights).map_or(ControlFlow::Continue(()), &mut *each)
    };
    for gone in cuts(indices.len()) {
        let (mut fewer, mut their_weights) = (indices.to_vec(), weights.to_vec());
        fewer.drain(gone.clone());
        their_weights.drain(gone);
        with(fewer, their_weights)?;
    }
    for at in 0..indices.len() {
        if weight(weights[at]) > 1 {
            let mut weights = weights.to_vec();
            weights[at] = 1.0;
            with(indices.to_vec(), weights)?;
        }
    }
    ControlFlow::Continue(())
}
