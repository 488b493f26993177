//! `.parquet`: columns by name and type.

use std::sync::Arc;

use arrow_array::builder::{Float32Builder, ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt64Array,
};
use iqdb::{Record, Result, Value};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::super::ParquetReader;
use super::{all, line, refusals};

fn parquet(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn vectors(rows: &[&[f32]]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float32Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn read(bytes: Vec<u8>) -> Result<Vec<Record>> {
    all(&mut ParquetReader::new("words.parquet", bytes::Bytes::from(bytes))?)
}

fn sample(compression: Compression) -> Vec<u8> {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("x"), None]);
    tags.append_null();
    parquet(
        vec![
            ("id", Arc::new(StringArray::from(vec!["a", "7"])) as ArrayRef),
            ("vector", vectors(&[&[0.5, -0.0], &[1e-45, 3e38]])),
            ("year", Arc::new(Int64Array::from(vec![Some(2024), None]))),
            ("score", Arc::new(Float64Array::from(vec![0.1, 0.2]))),
            ("seen", Arc::new(BooleanArray::from(vec![true, false]))),
            ("tags", Arc::new(tags.finish())),
        ],
        compression,
    )
}

#[test]
fn columns_are_the_id_the_vector_and_the_payload() {
    let expected = [
        Record::new("a", [0.5, -0.0])
            .unwrap()
            .with("year", 2024)
            .with("score", 0.1)
            .with("seen", true)
            .with("tags", Value::List(vec!["x".into(), Value::Null])),
        Record::new("7", [1e-45, 3e38]).unwrap().with("score", 0.2).with("seen", false),
    ];
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())]
    {
        assert_eq!(read(sample(compression)).unwrap(), expected);
    }
}

#[test]
fn what_makes_no_records_is_refused_by_its_column() {
    let plain = |columns| read(parquet(columns, Compression::UNCOMPRESSED));
    let vector = || ("vector", vectors(&[&[1.0]]));
    insta::assert_snapshot!(refusals([
        plain(vec![vector(), ("day", Arc::new(Date32Array::from(vec![1])) as ArrayRef)]),
        plain(vec![("vector", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]),
        plain(vec![("embedding", vectors(&[&[1.0]]))]),
        plain(vec![vector(), ("id", Arc::new(Int64Array::from(vec![-1])) as ArrayRef)]),
        plain(vec![vector(), ("n", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]),
        plain(vec![("vector", vectors(&[&[f32::NAN]]))]),
        plain(vec![("vector", vectors(&[&[]]))]),
    ]));
    line(&read(b"PAR1 not at all PAR1".to_vec()).unwrap_err());
}

proptest! {
    #[test]
    fn a_mutated_file_is_read_or_refused(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = sample(Compression::UNCOMPRESSED);
        for (at, byte) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(error) = read(bytes) {
            line(&error);
        }
    }
}
