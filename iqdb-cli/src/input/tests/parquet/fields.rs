//! Columns of vectors of every element.

use std::sync::Arc;

use arrow_array::builder::{Float16Builder, Int8Builder, ListBuilder};
use arrow_array::{ArrayRef, FixedSizeBinaryArray, StringArray};
use iqdb::{Element, FieldKind, Metric, Record, Schema, Vector, f16};
use parquet::basic::Compression;

use super::super::super::ParquetReader;
use super::super::{Rules, all, refusals};

/// A column of lists of integers of 8 bits.
fn bytes_of(rows: &[&[i8]]) -> ArrayRef {
    let mut builder = ListBuilder::new(Int8Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    builder.append_null();
    Arc::new(builder.finish())
}

fn halves(rows: &[&[f16]]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float16Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    builder.append_null();
    Arc::new(builder.finish())
}

#[test]
fn a_field_has_a_column_of_its_name_and_element() {
    let schema = Schema::builder()
        .dense("small", 2, Metric::Dot)
        .element(Element::I8)
        .dense("half", 2, Metric::Dot)
        .element(Element::F16)
        .dense("wide", 2, Metric::Dot)
        .dense("bits", 9, Metric::Hamming)
        .element(Element::Binary)
        .build()
        .unwrap();
    let half = [f16::from_f32(0.1), f16::NEG_ZERO];
    let packed: [Option<&[u8]>; 2] = [Some(&[255, 128]), None];
    let packed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(packed.into_iter(), 2);
    let file = super::parquet(
        vec![
            ("id", Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef),
            ("small", bytes_of(&[&[-128, 127]])),
            ("half", halves(&[&half])),
            ("wide", halves(&[&half])),
            ("bits", Arc::new(packed.unwrap())),
        ],
        Compression::UNCOMPRESSED,
    );
    let open = |fields: &[iqdb::Field]| {
        let bytes = bytes::Bytes::from(file.clone());
        ParquetReader::new("words.parquet", bytes, fields.to_vec(), &Rules::default())
    };
    let first = Record::without_vector("a")
        .with_vector("small", [-128_i8, 127])
        .and_then(|record| record.with_vector("half", half))
        .and_then(|record| record.with_vector("wide", half.map(f16::to_f32)))
        .and_then(|record| record.with_vector("bits", Vector::binary(9, [255, 128])?))
        .unwrap();
    let records = all(&mut open(schema.fields()).unwrap()).unwrap();
    assert_eq!(records, [first, Record::without_vector("b")]);

    let of = |name: &str, kind| open(&[iqdb::Field::new(name, kind).unwrap()]);
    let dense = |element| FieldKind::Dense { dim: 2, metric: Metric::Dot, element };
    insta::assert_snapshot!(refusals([
        of("small", dense(Element::F32)),
        of("half", dense(Element::I8)),
        of("small", dense(Element::F16)),
        of("small", dense(Element::BF16)),
        of("small", FieldKind::Sparse { metric: Metric::Dot }),
        of("image", dense(Element::F32)),
        of("id", dense(Element::F32)),
    ]));
}
