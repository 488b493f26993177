//! Changes of schemas and records that several defects share.

use iqdb_core::{
    Element, Field, FieldKind, Metric, Record, Result, Schema, Vector, VectorRef, f16,
};

/// The schema with every metric of numbers replaced by cosine.
pub(crate) fn of_cosine(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let kind = match field.kind() {
            FieldKind::Dense { dim, metric, element } if Metric::OF_NUMBERS.contains(&metric) => {
                FieldKind::Dense { dim, metric: Metric::Cosine, element }
            }
            kind => kind,
        };
        Field::new(field.name(), kind).expect("a kind that is defined")
    });
    Schema::from_fields(fields.collect::<Vec<_>>()).expect("names that differ")
}

/// The record with other vectors.
pub(crate) fn map(
    record: &Record,
    map: impl Fn(VectorRef<'_>) -> Result<Vector>,
) -> Result<Record> {
    let mut mapped = record.clone();
    for (name, vector) in record.vectors() {
        mapped.set_vector(name.to_owned(), Some(map(vector)?));
    }
    Ok(mapped)
}

/// The record with other components in its vectors of `f32`.
pub(crate) fn map_components(record: &Record, to: impl Fn(f32) -> f32) -> Result<Record> {
    map(record, |vector| match vector.as_f32() {
        Some(components) => {
            Vector::try_from(components.iter().map(|x| to(*x)).collect::<Vec<f32>>())
        }
        None => Ok(vector.to_vector()),
    })
}

/// A vector of `f16` without the last bits of its components.
pub(crate) fn rounded(vector: VectorRef<'_>) -> Result<Vector> {
    let VectorRef::F16(components) = vector else { return Ok(vector.to_vector()) };
    let rounded = components.iter().map(|x| f16::from_bits(x.to_bits() & !0x7));
    Vector::try_from(rounded.collect::<Vec<f16>>())
}

/// A vector of `i8` with the same range on both sides of 0.
pub(crate) fn saturated(vector: VectorRef<'_>) -> Result<Vector> {
    let VectorRef::I8(components) = vector else { return Ok(vector.to_vector()) };
    Vector::try_from(components.iter().map(|x| (*x).max(-i8::MAX)).collect::<Vec<i8>>())
}

/// A vector of bits with its whole bytes the other way round.
pub(crate) fn reversed(vector: VectorRef<'_>) -> Result<Vector> {
    let VectorRef::Binary(bits) = vector else { return Ok(vector.to_vector()) };
    let mut bytes = bits.bytes().to_vec();
    bytes[..bits.dim() / 8].iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    Vector::binary(bits.dim(), bytes)
}

/// A vector of ones.
pub(crate) fn ones(kind: FieldKind) -> Result<Vector> {
    let ones = vec![1.0_f32; kind.dim().unwrap_or(1)];
    match kind.element() {
        None => Vector::sparse([0], [1.0]),
        Some(Element::F32) => Vector::try_from(ones),
        Some(Element::F16) => Vector::try_from(ones)?.to_f16(),
        Some(Element::BF16) => Vector::try_from(ones)?.to_bf16(),
        Some(Element::I8) => Vector::try_from(vec![1_i8; ones.len()]),
        Some(_) => Vector::binary(ones.len(), vec![0x80; ones.len().div_ceil(8)]),
    }
}
