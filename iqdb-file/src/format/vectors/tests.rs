//! Vectors of every kind come back bit for bit, and what is none is refused.

use iqdb_core::{Metric, Number};
use proptest::prelude::*;

use super::*;
use crate::format::segment::layout::stride_of;

fn schema(dim: usize) -> Schema {
    let mut builder = Schema::builder().sparse("terms", Metric::Dot);
    for element in Element::ALL {
        let metric = if element == Element::Binary { Metric::Hamming } else { Metric::Dot };
        builder = builder.dense(element.as_str(), dim, metric).element(element);
    }
    builder.build().unwrap()
}

/// Any vector of a field. Not all bytes are one: some make infinities, or set spare bits.
fn vector(kind: FieldKind, bytes: &[u8]) -> Option<Vector> {
    let (Some(element), Some(dim)) = (kind.element(), kind.dim()) else {
        let terms = (0..9_u32).zip(bytes);
        let (indices, weights): (Vec<u32>, Vec<f32>) =
            terms.map(|(n, byte)| (300 * n + u32::from(*byte), f32::from(*byte) - 0.5)).unzip();
        return Vector::sparse(indices, weights).ok();
    };
    let bytes: Vec<u8> = bytes.iter().copied().cycle().take(element.vector_bytes(dim)).collect();
    dense_vector(kind, &bytes).ok()
}

/// `==` takes `-0.0` and `0.0` as equal.
fn bits(vector: &Vector) -> Vec<u64> {
    fn of<T: Number>(components: &[T]) -> Vec<u64> {
        components.iter().map(|component| component.to_f64().to_bits()).collect()
    }
    match vector.as_ref() {
        VectorRef::F32(vector) => of(vector.as_slice()),
        VectorRef::F16(vector) => of(vector.as_slice()),
        VectorRef::BF16(vector) => of(vector.as_slice()),
        VectorRef::I8(vector) => of(vector.as_slice()),
        VectorRef::Binary(vector) => vector.bytes().iter().map(|byte| u64::from(*byte)).collect(),
        VectorRef::Sparse(vector) => of(vector.weights()),
    }
}

proptest! {
    #[test]
    fn a_vector_of_every_kind_comes_back_from_a_frame(
        dim in 1..40_usize,
        bytes in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let schema = schema(dim);
        for (field, definition) in schema.iter() {
            let Some(vector) = vector(definition.kind(), &bytes) else { continue };
            let mut frame = Vec::new();
            put_vector(&mut frame, field, vector.as_ref());
            let mut reader = Reader::new(&frame);
            let (position, found) = take_vector(&mut reader, &schema, field.index()).unwrap();
            reader.finish().unwrap();
            prop_assert_eq!(position, field.index());
            prop_assert_eq!(&found, &vector);
            prop_assert_eq!(bits(&found), bits(&vector));
            let is_late = take_vector(&mut Reader::new(&frame), &schema, field.index() + 1);
            prop_assert_eq!(is_late.unwrap_err().kind(), ErrorKind::Damaged);
            for len in 0..frame.len() {
                prop_assert!(take_vector(&mut Reader::new(&frame[..len]), &schema, 0).is_err());
            }
        }
    }

    #[test]
    fn vectors_of_every_kind_come_back_from_rows(
        dim in 1..40_usize,
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..5),
    ) {
        for field in schema(dim).fields() {
            let (kind, stride) = (field.kind(), stride_of(field.kind()));
            let vectors: Vec<Vector> =
                bytes.iter().filter_map(|bytes| vector(kind, bytes)).collect();
            let mut packed = Vec::new();
            if kind.dim().is_none() {
                prop_assert!(rows(kind, &packed, stride).is_none());
                continue;
            }
            vectors.iter().for_each(|vector| put_row(&mut packed, vector.as_ref(), stride));
            prop_assert_eq!(packed.len(), vectors.len() * stride);
            // Aligned, as a mapped file is.
            let mut words = vec![0_u64; packed.len() / 8];
            bytemuck::cast_slice_mut(&mut words).copy_from_slice(&packed);
            let found = rows(kind, bytemuck::cast_slice(&words), stride).unwrap().unwrap();
            prop_assert_eq!(found.len(), vectors.len());
            for (n, vector) in vectors.iter().enumerate() {
                let found = found.vector(n).unwrap().to_vector();
                prop_assert_eq!(&found, vector);
                prop_assert_eq!(bits(&found), bits(vector));
            }
        }
    }

    #[test]
    fn other_bytes_are_refused_or_are_the_vector_that_they_say(
        field in 0..6_u8,
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        terms in 0..9_u8,
    ) {
        let schema = schema(9);
        bytes.insert(0, field);
        if field == 0 && bytes.len() > 5 {
            bytes[1..5].copy_from_slice(&u32::from(terms).to_le_bytes());
        }
        let mut reader = Reader::new(&bytes);
        if let Ok((position, vector)) = take_vector(&mut reader, &schema, 0) {
            let mut again = Vec::new();
            put_vector(&mut again, FieldId::new(position).unwrap(), vector.as_ref());
            prop_assert_eq!(&again[..], &bytes[..bytes.len() - reader.remaining()]);
        }
    }
}

#[test]
fn a_length_is_not_believed_before_its_bytes_are_there() {
    let schema = schema(1);
    let mut bytes = vec![0, 255, 255, 255, 255];
    bytes.resize(100, 0);
    let error = take_vector(&mut Reader::new(&bytes), &schema, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let error = take_vector(&mut Reader::new(&[6, 0]), &schema, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
}

#[test]
fn rows_that_no_components_can_be_at_are_refused() {
    let kind = schema(3).fields()[1].kind();
    let words = vec![0_u64; 17];
    let bytes: &[u8] = bytemuck::cast_slice(&words);
    assert!(rows(kind, &bytes[1..129], 64).is_none(), "not aligned");
    assert!(rows(kind, &bytes[..130], 64).is_none(), "half a component");
    assert!(rows(kind, &bytes[..100], 64).unwrap().is_err(), "half a row");
}
