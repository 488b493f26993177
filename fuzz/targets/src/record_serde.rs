//! What is deserialised: refused, or valid by the same rules as what is built in code.

use std::fmt::Debug;

use iqdb_core::limits::FILTER_TEXT_BYTES_MAX;
use iqdb_core::{
    Batch, Bits, Change, DateTime, Dense, Element, Filter, Map, Metric, Payload, Record, RecordId,
    Result, Schema, Sparse, Uuid, Value, Vector, VectorRef, Version, bf16, f16,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::seed::Seed;

/// Reads all but the first byte as what the first byte says.
///
/// # Panics
/// When something invalid is let in, or something valid doesn't come back.
pub fn record_serde(data: &[u8]) {
    let Some((selector, bytes)) = data.split_first() else {
        return;
    };
    let format = if selector & 8 == 0 { Format::Json } else { Format::Postcard };
    match selector & 7 {
        0 => read::<Record>(format, bytes),
        1 => read::<Batch>(format, bytes),
        2 => read::<Payload>(format, bytes),
        3 => read::<Filter>(format, bytes),
        4 => read::<RecordId>(format, bytes),
        5 => read::<Value>(format, bytes),
        6 => read::<Vector>(format, bytes),
        _ => read::<Schema>(format, bytes),
    }
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Postcard,
}

impl Format {
    fn write<T: Serialize + Debug>(self, value: &T) -> Vec<u8> {
        let written = match self {
            Self::Json => serde_json::to_vec(value).map_err(|error| error.to_string()),
            Self::Postcard => postcard::to_stdvec(value).map_err(|error| error.to_string()),
        };
        written.unwrap_or_else(|error| panic!("{value:?} can't be written as {self:?}: {error}"))
    }

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, String> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
            Self::Postcard => postcard::from_bytes(bytes).map_err(|error| error.to_string()),
        }
    }
}

/// What has to hold of a value however it came about.
trait Valid {
    fn check(&self) -> Result<()>;
}

fn read<T: Valid + Serialize + DeserializeOwned + PartialEq + Debug>(format: Format, bytes: &[u8]) {
    let read = format.read::<T>(bytes);
    if let Format::Json = format {
        // Strings are not borrowed from a reader, so other code runs.
        let streamed = serde_json::from_reader::<_, T>(bytes);
        assert_eq!(read.is_ok(), streamed.is_ok(), "as a slice {read:?}, as a stream {streamed:?}");
    }
    let Ok(value) = read else {
        return;
    };
    if let Err(error) = value.check() {
        panic!("{format:?} let in {value:?}: {error}");
    }
    for format in [Format::Json, Format::Postcard] {
        let written = format.write(&value);
        let back = format.read::<T>(&written).unwrap_or_else(|error| {
            panic!("{format:?} can't read what it wrote of {value:?}: {error}")
        });
        assert_eq!(back, value, "{format:?}");
        // Equality takes -0.0 for 0.0; bytes don't.
        assert_eq!(format.write(&back), written, "{format:?} of {value:?}");
    }
}

impl Valid for Record {
    fn check(&self) -> Result<()> {
        self.id.check()?;
        self.vectors().try_for_each(|(_, vector)| Valid::check(&vector.to_vector()))?;
        self.payload.check()
    }
}

impl Valid for Batch {
    fn check(&self) -> Result<()> {
        self.changes().iter().try_for_each(|change| match change {
            Change::Upsert(record) | Change::Insert(record) | Change::InsertIfAbsent(record) => {
                record.check()
            }
            Change::Delete(id) => id.check(),
            Change::SetPayload(id, payload) | Change::MergePayload(id, payload) => {
                id.check().and_then(|()| payload.check())
            }
            Change::DeleteWhere(filter) => filter.check(),
            Change::UpsertRows(rows) => rows.to_records().iter().try_for_each(Valid::check),
            Change::SetVectors(id, vectors) => {
                id.check()?;
                vectors.iter().filter_map(|(_, vector)| vector.as_ref()).try_for_each(Valid::check)
            }
            other => panic!("the target does not know {other:?}"),
        })
    }
}

impl Valid for Payload {
    fn check(&self) -> Result<()> {
        self.check()
    }
}

impl Valid for Filter {
    fn check(&self) -> Result<()> {
        assert!(self.to_string().len() <= FILTER_TEXT_BYTES_MAX);
        self.check()
    }
}

impl Valid for RecordId {
    fn check(&self) -> Result<()> {
        self.check()
    }
}

impl Valid for Value {
    fn check(&self) -> Result<()> {
        self.check()
    }
}

impl Valid for Vector {
    fn check(&self) -> Result<()> {
        match self.as_ref() {
            VectorRef::F32(vector) => Dense::new(vector.to_vec()).map(drop),
            VectorRef::F16(vector) => Dense::new(vector.to_vec()).map(drop),
            VectorRef::BF16(vector) => Dense::new(vector.to_vec()).map(drop),
            VectorRef::I8(vector) => Dense::new(vector.to_vec()).map(drop),
            VectorRef::Binary(bits) => Bits::new(bits.dim(), bits.bytes()).map(drop),
            VectorRef::Sparse(sparse) => Sparse::new(sparse.indices(), sparse.weights()).map(drop),
        }
    }
}

impl Valid for Schema {
    fn check(&self) -> Result<()> {
        self.fields().iter().try_for_each(|field| field.kind().check())?;
        Schema::from_fields(self.fields()).map(drop)
    }
}

/// A value of each type in each format, and some that are to be refused.
pub(crate) fn seeds() -> Vec<Seed> {
    let payload = Payload::new()
        .with("null", Value::Null)
        .with("int", i64::MIN)
        .with("float", -0.0)
        .with("date", DateTime::MAX)
        .with("map", Map::new().with("$date", Map::new().with("a", [Map::new()])))
        .with("tags", vec![Value::from("a"), Value::from(1), Value::from(true)]);
    let vector = Vector::try_from([0.1, -0.0, f32::MIN_POSITIVE, f32::MAX]).expect("finite");
    let record = Record::new("doc-42", &vector).expect("a vector").with_payload(payload.clone());
    let rich = record
        .clone()
        .with_vector("half", [f16::from_f32(0.1), f16::NEG_ZERO])
        .and_then(|record| record.with_vector("brain", [bf16::MAX]))
        .and_then(|record| record.with_vector("small", [i8::MIN, 0, i8::MAX]))
        .and_then(|record| record.with_vector("bits", Vector::binary(9, [255, 128])?))
        .and_then(|record| record.with_vector("terms", Vector::sparse([3, 9], [0.5, -1e-45])?))
        .expect("vectors of every kind");
    let batch = Batch::new()
        .upsert(record.clone())
        .delete(Uuid::from_u128(7))
        .set_payload(u64::MAX, payload.clone())
        .insert(Record::without_vector(1))
        .insert_if_absent(record.clone())
        .delete_where(Filter::exists("lang"))
        .merge_payload(7, Payload::new().with("a", Value::Null))
        .set_vectors(1, vec![("image".into(), None), ("title".into(), Some(vector))])
        .expect_version(Version(3));
    let filter = Filter::eq("lang", "en").and(Filter::id_in([7]).not());
    let schema = Schema::builder()
        .dense("vector", 384, Metric::Cosine)
        .dense("image", 512, Metric::Hamming)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .build()
        .expect("fields of every form");
    let mut seeds = Vec::new();
    let mut both = |selector: u8, names: [&'static str; 2], json: Vec<u8>, postcard: Vec<u8>| {
        let with = |selector: u8, bytes: &[u8]| [&[selector], bytes].concat();
        seeds.push(Seed::new(names[0], with(selector, &json)));
        seeds.push(Seed::new(names[1], with(selector | 8, &postcard)));
    };
    let [json, packed] = [Format::Json, Format::Postcard];
    both(0, ["record-json", "record-postcard"], json.write(&record), packed.write(&record));
    both(0, ["fields-json", "fields-postcard"], json.write(&rich), packed.write(&rich));
    both(1, ["batch-json", "batch-postcard"], json.write(&batch), packed.write(&batch));
    both(2, ["payload-json", "payload-postcard"], json.write(&payload), packed.write(&payload));
    both(3, ["filter-json", "filter-postcard"], json.write(&filter), packed.write(&filter));
    both(4, ["id-json", "id-postcard"], json.write(&record.id), packed.write(&record.id));
    both(7, ["schema-json", "schema-postcard"], json.write(&schema), packed.write(&schema));
    seeds.push(Seed::new("uuid-json", *b"\x04{\"uuid\":\"67e55044-10b1-426f-9247-bb680e5fe0c8\"}"));
    seeds.push(Seed::new("nested-lists-json", *b"\x02{\"a\":[[1e999]],\"a\":2}"));
    let special = br#"{"a":{"$map":{"$map":{"$date":"2025-01-31"}}},"b":{"$x":1}}"#;
    seeds.push(Seed::new("special-maps-json", [&[2], &special[..]].concat()));
    seeds.push(Seed::new("empty-key-json", *b"\x02{\"\":1}"));
    // A vector of f32 that claims 2^60 components and has none.
    let claim = [vec![8 | 6], packed.write(&(0_u32, 1_u64 << 60))].concat();
    seeds.push(Seed::new("vector-that-claims-too-much", claim));
    seeds
}
