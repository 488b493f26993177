//! `.parquet`: columns by name and type.

mod fields;

use std::sync::Arc;

use arrow_array::builder::{Float32Builder, ListBuilder, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, FixedSizeListArray, Float64Array, Int64Array,
    RecordBatch, StringArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::Field;
use iqdb::{DateTime, Map, Record, Result, Value};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::super::ParquetReader;
use super::{Rules, all, line, refusals};

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
    read_by(bytes, &Rules::default())
}

fn read_by(bytes: Vec<u8>, rules: &Rules) -> Result<Vec<Record>> {
    let (bytes, fields) = (bytes::Bytes::from(bytes), super::default_field());
    all(&mut ParquetReader::new("words.parquet", bytes, fields, rules)?)
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
            .with("tags", vec![Value::from("x"), Value::Null]),
        Record::new("7", [1e-45, 3e38]).unwrap().with("score", 0.2).with("seen", false),
    ];
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())]
    {
        assert_eq!(read(sample(compression)).unwrap(), expected);
    }
}

/// A struct in a struct, around a number; `depth` of them.
fn nested(depth: usize) -> ArrayRef {
    (0..depth).fold(Arc::new(Int64Array::from(vec![7])), |inner: ArrayRef, _| {
        let field = Arc::new(Field::new("a", inner.data_type().clone(), true));
        Arc::new(StructArray::from(vec![(field, inner)]))
    })
}

#[test]
fn structs_are_maps_and_timestamps_are_dates() {
    let noon = 1_738_324_800_i64;
    let dates: Vec<(&str, ArrayRef)> = vec![
        ("days", Arc::new(Date32Array::from(vec![20_119]))),
        ("millis", Arc::new(TimestampMillisecondArray::from(vec![noon * 1_000]))),
        (
            "micros",
            Arc::new(
                TimestampMicrosecondArray::from(vec![noon * 1_000_000 + 1]).with_timezone("+02:00"),
            ),
        ),
        ("nanos", Arc::new(TimestampNanosecondArray::from(vec![-1_000]))),
    ];
    let part = |name: &str, column: ArrayRef| {
        (Arc::new(Field::new(name, column.data_type().clone(), true)), column)
    };
    let author: ArrayRef = Arc::new(StructArray::from(vec![
        part("name", Arc::new(StringArray::from(vec!["Ada"]))),
        part("email", Arc::new(StringArray::from(vec![None::<&str>]))),
        part("born", dates[0].1.clone()),
    ]));
    let element = Arc::new(Field::new("item", author.data_type().clone(), true));
    let authors = FixedSizeListArray::new(element, 1, author.clone(), None);
    let authors: ArrayRef = Arc::new(authors);
    let mut columns = vec![("vector", vectors(&[&[1.0]])), ("author", author)];
    columns.extend([("authors", authors), ("deep", nested(15))]);
    columns.extend(dates);
    let date = |text: &str| text.parse::<DateTime>().unwrap();
    let author = Map::new().with("name", "Ada").with("born", date("2025-01-31"));
    let deep = (0..15).fold(Value::from(7), |value, _| Map::new().with("a", value).into());
    let expected = Record::new(0, [1.0])
        .unwrap()
        .with("author", author.clone())
        .with("authors", [author])
        .with("deep", deep)
        .with("days", date("2025-01-31"))
        .with("millis", date("2025-01-31T12:00:00Z"))
        .with("micros", date("2025-01-31T12:00:00.000001Z"))
        .with("nanos", date("1969-12-31T23:59:59.999999Z"));
    let rules = Rules { assume_tz: Some("UTC".parse().unwrap()), ..Rules::default() };
    let bytes = parquet(columns, Compression::UNCOMPRESSED);
    assert_eq!(read_by(bytes, &rules).unwrap(), [expected]);
}

#[test]
fn what_makes_no_records_is_refused_by_its_column() {
    let plain = |columns| read(parquet(columns, Compression::UNCOMPRESSED));
    let vector = || ("vector", vectors(&[&[1.0]]));
    insta::assert_snapshot!(refusals([
        plain(vec![
            vector(),
            ("time", Arc::new(Time64MicrosecondArray::from(vec![1])) as ArrayRef)
        ]),
        plain(vec![vector(), ("deep", nested(16))]),
        plain(vec![
            vector(),
            (
                "fine",
                Arc::new(TimestampNanosecondArray::from(vec![1_001]).with_timezone("UTC"))
                    as ArrayRef
            )
        ]),
        plain(vec![
            vector(),
            (
                "late",
                Arc::new(TimestampMillisecondArray::from(vec![i64::MAX]).with_timezone("UTC"))
                    as ArrayRef
            )
        ]),
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
