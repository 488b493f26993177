//! Vectors as bytes: dense components as they are in memory, least significant byte first, and sparse
//! terms as indices and weights.
//!
//! ```text
//! in a frame:    u8 field  components of the field's dimension
//!                u8 field  u32 terms  terms × u32 index  terms × f32 weight
//! in a segment:  components, padded with zeros to the field's stride
//! ```

use bytemuck::{AnyBitPattern, NoUninit, cast_slice, try_cast_slice};
use iqdb_core::{
    BitsRef, Element, Error, ErrorKind, FieldId, FieldKind, Matrix, Number, Result, RowsRef,
    Schema, Sparse, Vector, VectorRef, bf16, f16,
};

use super::wire::{Reader, put_bytes, put_u8, put_u32};

/// The components of a dense vector, as they are in memory; none of a sparse one.
pub(crate) fn components(vector: VectorRef<'_>) -> &[u8] {
    fn bytes<T: NoUninit>(components: &[T]) -> &[u8] {
        cast_slice(components)
    }
    match vector {
        VectorRef::F32(vector) => bytes(vector.as_slice()),
        VectorRef::F16(vector) => bytes(vector.as_slice()),
        VectorRef::BF16(vector) => bytes(vector.as_slice()),
        VectorRef::I8(vector) => bytes(vector.as_slice()),
        VectorRef::Binary(vector) => vector.bytes(),
        VectorRef::Sparse(_) => &[],
    }
}

/// Appends the components of a dense vector, and zeros up to `stride` bytes.
pub(crate) fn put_row(out: &mut Vec<u8>, vector: VectorRef<'_>, stride: usize) {
    let end = out.len() + stride;
    put_bytes(out, components(vector));
    out.resize(end, 0);
}

/// Dense rows, a stride of bytes apart, as a matrix; `None` for bytes that are not where such
/// components can be, and for a sparse field.
pub(crate) fn rows(kind: FieldKind, bytes: &[u8], stride: usize) -> Option<Result<RowsRef<'_>>> {
    fn matrix<T: AnyBitPattern>(
        bytes: &[u8],
        dim: usize,
        stride: usize,
    ) -> Option<Result<Matrix<'_, T>>> {
        let components = try_cast_slice(bytes).ok()?;
        Some(Matrix::new(components, dim, stride / size_of::<T>()))
    }
    let FieldKind::Dense { dim, element, .. } = kind else { return None };
    Some(match element {
        Element::F32 => matrix(bytes, dim, stride)?.map(RowsRef::F32),
        Element::F16 => matrix(bytes, dim, stride)?.map(RowsRef::F16),
        Element::BF16 => matrix(bytes, dim, stride)?.map(RowsRef::BF16),
        Element::I8 => matrix(bytes, dim, stride)?.map(RowsRef::I8),
        Element::Binary => {
            let rows = matrix(bytes, dim.div_ceil(8), stride)?;
            rows.map(|rows| RowsRef::Binary { dim, rows })
        }
        _ => return None,
    })
}

/// The dense vector with these components, whatever their alignment.
///
/// # Errors
/// [`ErrorKind::InvalidVector`]; [`ErrorKind::Damaged`] for a sparse field.
pub(crate) fn dense_vector(kind: FieldKind, bytes: &[u8]) -> Result<Vector> {
    fn numbers<T: Number, const N: usize>(bytes: &[u8], of: fn([u8; N]) -> T) -> Vec<T> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| of(*bytes)).collect()
    }
    match (kind.element(), kind.dim()) {
        (Some(Element::F32), _) => numbers(bytes, f32::from_le_bytes).try_into(),
        (Some(Element::F16), _) => numbers(bytes, f16::from_le_bytes).try_into(),
        (Some(Element::BF16), _) => numbers(bytes, bf16::from_le_bytes).try_into(),
        (Some(Element::I8), _) => numbers(bytes, i8::from_le_bytes).try_into(),
        (Some(Element::Binary), Some(dim)) => {
            Ok(Vector::Binary(BitsRef::new(dim, bytes)?.to_bits()))
        }
        _ => Err(Error::new(ErrorKind::Damaged, "a field has no dense vectors")),
    }
}

/// Appends a vector of a field, as frames have it.
pub(crate) fn put_vector(out: &mut Vec<u8>, field: FieldId, vector: VectorRef<'_>) {
    put_u8(out, u8::try_from(field.index()).unwrap_or(u8::MAX));
    if let VectorRef::Sparse(vector) = vector {
        put_u32(out, u32::try_from(vector.indices().len()).unwrap_or(u32::MAX));
        put_bytes(out, cast_slice(vector.indices()));
        put_bytes(out, cast_slice(vector.weights()));
    } else {
        put_bytes(out, components(vector));
    }
}

/// Reads the position of a field, which is `from` or a later one, and a vector of it.
///
/// # Errors
/// [`ErrorKind::Damaged`]; [`ErrorKind::InvalidVector`].
pub(crate) fn take_vector(
    bytes: &mut Reader<'_>,
    schema: &Schema,
    from: usize,
) -> Result<(usize, Vector)> {
    let position = usize::from(bytes.take_u8()?);
    let field = schema.fields().get(position).filter(|_| position >= from);
    let field = field.ok_or_else(|| bytes.damaged("there is no such field, or not in order"))?;
    let kind = field.kind();
    let vector = match (kind.element(), kind.dim()) {
        (Some(element), Some(dim)) => {
            dense_vector(kind, bytes.take_bytes(element.vector_bytes(dim))?)?
        }
        _ => {
            let terms = u64::from(bytes.take_u32()?);
            let (indices, weights) = (bytes.take_long(4 * terms)?, bytes.take_long(4 * terms)?);
            let indices = indices.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
            let weights = weights.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Sparse::new(indices.collect::<Vec<_>>(), weights.collect::<Vec<_>>())?.into()
        }
    };
    Ok((position, vector))
}

#[cfg(test)]
mod tests;
