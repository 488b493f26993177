//! What the golden databases of format 2 hold, and how they were made.
//!
//! `cargo run -p iqdb-file --example golden` writes them. Once a release has a later format, this
//! file only says what is in them, and stays as it is.

use std::collections::BTreeMap;
use std::path::Path;

use iqdb_conformance::Model;
use iqdb_core::{
    Analyzer, Batch, Budget, Change, Computation, DateTime, Element, Field, FieldKind, Filter,
    Limits, List, Map, Metric, Payload, Record, RecordId, Result, Schema, Store, StoreExt, Uuid,
    Value, Vector, bf16, f16,
};
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore};

/// A database, by the names of its files, and what is in it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) model: Model,
}

/// Every golden database.
pub(crate) fn all() -> Result<Vec<Made>> {
    Ok(vec![full()?, fields()?, added()?, computed()?, texts()?, empty()?, closed()?])
}

/// A database that is being made, step by step, and the model of it.
struct Making {
    vfs: SimVfs,
    options: FileOptions,
    model: Model,
    store: Option<FileStore>,
}

const DIR: &str = "db";

/// More records than any batch has.
const NEVER: usize = 1 << 20;

impl Making {
    fn begin(schema: Schema, seed: u64) -> Self {
        let vfs = SimVfs::new();
        let options =
            FileOptions::new().with_vfs(vfs.clone()).with_reserve_bytes(0).with_seed(seed);
        Self { vfs, options, model: Model::new(schema), store: None }
    }

    /// Closes the database and opens it again: with a log that is sealed at every batch or never,
    /// and with batches placed from `placed_from` records on.
    fn reopen(&mut self, sealed: bool, placed_from: usize) -> Result<()> {
        self.store = None;
        let dim = self.model.schema().fields()[0].kind().dim().unwrap_or(0);
        let bytes = (placed_from * dim * size_of::<f32>()) as u64;
        let log_bytes = if sealed { 1 } else { u64::MAX };
        let options = self.options.clone().with_placed_from_bytes(bytes);
        let options = options.with_seal_bounds(log_bytes, u64::MAX, u64::MAX);
        self.store = Some(FileStore::open_or_create(DIR, self.model.schema().clone(), &options)?);
        Ok(())
    }

    fn apply(&mut self, batch: &Batch) -> Result<()> {
        self.model.apply(batch)?;
        if let Some(store) = &self.store {
            store.apply(batch)?;
        }
        Ok(())
    }

    fn add_field(&mut self, name: &str, kind: FieldKind) -> Result<()> {
        self.add(Field::new(name, kind)?)
    }

    fn add(&mut self, field: Field) -> Result<()> {
        self.model.add_field(field.clone(), Limits::default())?;
        if let Some(store) = &self.store {
            store.add_field(field, Budget::new(), &mut ())?;
        }
        Ok(())
    }

    /// As a killed process leaves it, or a clean end.
    fn end(mut self, name: &'static str, clean: bool) -> Made {
        if clean {
            self.store = None;
        }
        let own = |(path, bytes): (std::path::PathBuf, Vec<u8>)| {
            let name = path.strip_prefix(DIR).or(path.strip_prefix(Path::new("/").join(DIR)));
            Some((name.ok()?.to_str()?.to_owned(), bytes))
        };
        let files = self.vfs.files().into_iter().filter_map(own).collect();
        Made { name, files, model: self.model }
    }
}

/// Five segments (payloads in columns, row by row, and none; a few dead rows, many, and one that
/// never had a record) and a log that was closed, went on, and was not: changes of each kind, inline
/// and placed.
fn full() -> Result<Made> {
    let mut making = Making::begin(Schema::new(3, Metric::Euclidean)?, 1);
    making.reopen(true, NEVER)?;
    making.apply(&batch(0..300, &columns))?;
    making.apply(&batch(300..340, &rows))?;
    making.apply(&batch(340..342, &columns))?;
    making.reopen(true, 20)?;
    making.apply(&batch(400..424, &nothing).upsert(record(400, Payload::new())))?;
    let few = [0, 1, 2, 150, 299].into_iter().fold(Batch::new(), |batch, n| batch.delete(id(n)));
    let many = (300..320).fold(few, |batch, n| batch.delete(id(n)));
    let moved = record(401, Payload::new().with("moved", true));
    making.apply(&many.upsert(moved).set_payload(id(3), columns(7)).delete(id(402)))?;
    making.apply(&batch(500..502, &columns))?;
    making.reopen(false, 20)?;
    making.apply(&batch(502..504, &rows).delete(id(4)).set_payload(id(5), nothing(0)))?;
    making.apply(&batch(600..622, &columns).delete(id(601)).set_payload(id(602), rows(1)))?;
    making.apply(&Batch::new().delete(id(603)).upsert(record(604, Payload::new())))?;
    Ok(making.end("full", false))
}

/// Fields of every kind, of which records have some: blocks of 8 rows, since a field that no record
/// has could need so much, a second segment, dead rows, and a log that was closed and went on, with all
/// that a statement can leave in it.
fn fields() -> Result<Made> {
    let schema = Schema::builder()
        .dense("image", 5, Metric::Cosine)
        .dense("half", 3, Metric::Dot)
        .element(Element::F16)
        .dense("brain", 3, Metric::Euclidean)
        .element(Element::BF16)
        .dense("bytes", 70, Metric::Cosine)
        .element(Element::I8)
        .dense("bits", 70, Metric::Jaccard)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .dense("huge", 65_536, Metric::Euclidean)
        .build()?;
    let of = |ids: std::ops::Range<u64>| -> Result<Batch> {
        ids.map(|n| Ok(Change::Upsert(mixed(n)?))).collect()
    };
    let mut making = Making::begin(schema, 5);
    making.reopen(true, NEVER)?;
    making.apply(&of(0..21)?)?;
    making.apply(&of(30..33)?.delete(id(2)))?;
    making.apply(&Batch::new().delete(id(3)))?;
    making.reopen(false, NEVER)?;
    let terms = Vector::sparse([7], [0.5])?;
    let batch = of(40..42)?
        .insert(mixed(50)?)
        .insert_if_absent(mixed(0)?)
        .set_vectors(id(1), [("image".into(), None), ("terms".into(), Some(terms))])
        .set_payload(id(8), columns(3))
        .delete_where(Filter::eq("n", 9));
    making.apply(&batch)?;
    making.apply(&Batch::new().upsert(Record::without_vector(id(60))))?;
    Ok(making.end("fields", false))
}

/// Two fields that were added to a database with records: segments of one field, of two and of three,
/// and a log that goes on after the last.
fn added() -> Result<Made> {
    let vectors = |n: u64, name: &'static str, vector: Vector| {
        Batch::new().set_vectors(id(n), [(name.into(), Some(vector))])
    };
    let mut making = Making::begin(Schema::new(3, Metric::Euclidean)?, 6);
    making.reopen(false, 3)?;
    making.apply(&batch(0..9, &columns))?;
    let kind = FieldKind::Dense { dim: 2, metric: Metric::Dot, element: Element::F16 };
    making.add_field("half", kind)?;
    let half = Vector::try_from([f16::from_f32(0.5), f16::from_f32(-0.0)])?;
    making.apply(&vectors(1, "half", half).delete(id(2)).upsert(record(20, columns(2))))?;
    making.add_field("terms", FieldKind::Sparse { metric: Metric::Dot })?;
    making.apply(&batch(21..23, &rows))?;
    making.reopen(true, NEVER)?;
    making.apply(&vectors(20, "terms", Vector::sparse([7], [0.5])?))?;
    making.reopen(false, NEVER)?;
    making.apply(&vectors(3, "terms", Vector::sparse([3, 8], [1.0, 2.0])?))?;
    Ok(making.end("added", false))
}

/// What core computed of payloads: in a segment of a schema that has the field, in files beside older
/// segments, one of which lacks every vector of a field that was added before, and of what the log has.
fn computed() -> Result<Made> {
    let lengths = FieldKind::Computed(Computation::TextLengths);
    let text = |n: u64| match n % 4 {
        0 => Payload::new(),
        1 => Payload::new().with("body", format!("text {n}")).with("any", ["a", "bc"]),
        2 => Payload::new().with("body", "").with("any", vec![Value::Null, "\u{e4}".into()]),
        _ => Payload::new().with("body", n as i64).with("any", [0_i64; 0]),
    };
    let mut making = Making::begin(Schema::new(3, Metric::Euclidean)?, 7);
    making.reopen(false, 3)?;
    making.apply(&batch(0..9, &text).delete(id(4)))?;
    making.add_field("terms", FieldKind::Sparse { metric: Metric::Dot })?;
    making.apply(&batch(10..14, &text).delete(id(1)))?;
    making.add_field("body", lengths)?;
    making.apply(&batch(20..25, &text).set_payload(id(2), text(5)))?;
    making.add_field("any", lengths)?;
    making.apply(&batch(30..35, &text).delete(id(20)))?;
    making.reopen(true, NEVER)?;
    making.apply(&batch(40..41, &text))?;
    making.reopen(false, NEVER)?;
    making.apply(&batch(50..52, &text).set_payload(id(6), text(1)))?;
    Ok(making.end("computed", false))
}

/// Texts: of a field that was there from the start and of one that was added, in a segment, a column file
/// and a log.
fn texts() -> Result<Made> {
    let text = |n: u64| {
        let part = |text: &str| Value::from(Map::new().with("text", text));
        let parts = vec![part("ein Fuchs"), Value::Null, part(""), part(&format!("fuchs {n}"))];
        match n % 4 {
            0 => Payload::new(),
            1 => Payload::new().with("body", "Red fox red ").with("doc", 1),
            2 => Payload::new()
                .with("body", ["a fox", "", "\u{e4} a"])
                .with("doc", Map::new().with("parts", parts)),
            _ => Payload::new().with("body", "").with("doc", Map::new().with("parts", [0_i64; 0])),
        }
    };
    let schema = Schema::builder().dense("vector", 3, Metric::Euclidean);
    let mut making = Making::begin(schema.text("body", Analyzer::words()).build()?, 8);
    making.reopen(false, NEVER)?;
    making.apply(&batch(0..9, &text).delete(id(5)))?;
    let added = Field::text("added", Analyzer::words())?.with_source("doc.parts[].text")?;
    making.add(added)?;
    making.apply(&batch(10..15, &text).set_payload(id(1), text(6)))?;
    Ok(making.end("texts", false))
}

/// Nothing, of another metric.
fn empty() -> Result<Made> {
    let mut making = Making::begin(Schema::new(384, Metric::Cosine)?, 2);
    making.reopen(false, NEVER)?;
    Ok(making.end("empty", true))
}

/// A log that was closed, of the third metric.
fn closed() -> Result<Made> {
    let mut making = Making::begin(Schema::new(3, Metric::Dot)?, 3);
    making.reopen(false, NEVER)?;
    making.apply(&batch(0..2, &columns))?;
    making.apply(&batch(2..3, &nothing))?;
    Ok(making.end("closed", true))
}

/// A database of two blocks and pieces of all lengths, too large to be kept but for its hashes.
pub(crate) fn large() -> Result<Made> {
    let schema = Schema::new(65_536, Metric::Euclidean)?;
    let mut making = Making::begin(schema, 4);
    making.reopen(true, 10)?;
    let long = |n: u64| -> Result<Record> {
        let vector: Vec<f32> = (0..=u16::MAX).map(|i| f32::from(i ^ 0x155) + n as f32).collect();
        Ok(Record::new(id(n), vector)?.with("n", n as i64))
    };
    let of = |ids: std::ops::Range<u64>| -> Result<Batch> {
        ids.map(|n| Ok(Change::Upsert(long(n)?))).collect()
    };
    making.apply(&of(0..17)?)?;
    making.apply(&of(20..23)?)?;
    making.apply(&Batch::new().delete(id(1)))?;
    Ok(making.end("large", true))
}

fn batch(ids: std::ops::Range<u64>, payload: &dyn Fn(u64) -> Payload) -> Batch {
    ids.fold(Batch::new(), |batch, n| batch.upsert(record(n, payload(n))))
}

/// Every third is a number, a UUID and a string. None is 0, the id of a row that never had a record.
fn id(n: u64) -> RecordId {
    match n % 3 {
        0 => (n << 40 | n | 1).into(),
        1 => Uuid::from_u128(u128::from(n) << 64 | 0xfeed).into(),
        _ if n == 2 => "".into(),
        _ => format!("id {n} \u{e4}\u{1f600}").into(),
    }
}

/// Small numbers, and floats with bits that are easily lost.
fn record(n: u64, payload: Payload) -> Record {
    const ODD: [f32; 6] = [0.0, -0.0, 1e-45, f32::MAX, -f32::MIN_POSITIVE, 0.1];
    let odd = ODD[nth(n, ODD.len())];
    let record = Record::new(id(n), vec![n as f32 - 100.0, odd, 1.0 / (n as f32 + 1.0)]);
    record.unwrap_or_else(|error| unreachable!("{error}")).with_payload(payload)
}

/// A record with vectors of the kinds of [`fields`]: of all, of none, or of some. None is `huge`.
fn mixed(n: u64) -> Result<Record> {
    let mut record = Record::without_vector(id(n)).with_payload(columns(n));
    // Three blocks of 8 rows: all have vectors, then none has, then some have.
    let has = |field: u64| match n / 8 {
        0 => true,
        1 => false,
        _ => (n + field).is_multiple_of(3),
    };
    let x = n as f32;
    let byte = |shift: u64| u8::try_from((n * 37 + shift) & 0x7f).unwrap_or(0);
    let mut set = |field: u64, name: &'static str, vector: Result<Vector>| -> Result<()> {
        if has(field) {
            record.set_vector(name, Some(vector?));
        }
        Ok(())
    };
    set(0, "image", vec![x, -0.0, 1e-45, f32::MAX, 0.1].try_into())?;
    set(1, "half", [x, -0.0, 65_504.0].map(f16::from_f32).to_vec().try_into())?;
    set(2, "brain", [x, -0.0, 1e-40].map(bf16::from_f32).to_vec().try_into())?;
    let bytes: Vec<i8> = (0..70).map(|at| byte(at).cast_signed() - 64).collect();
    set(3, "bytes", bytes.try_into())?;
    let bits: Vec<u8> = (0..8).map(byte).chain([0xfc]).collect();
    set(4, "bits", Vector::binary(70, bits))?;
    let indices: Vec<u32> = (0..=n % 4)
        .map(|at| u32::MAX - 7 + u32::from(byte(at)) % 2 + 2 * u32::try_from(at).unwrap_or(0))
        .collect();
    let weights: Vec<f32> = indices.iter().map(|index| x - 0.5 + *index as f32).collect();
    set(5, "terms", Vector::sparse(indices, weights))?;
    Ok(record)
}

/// Each of `count` numbers in turn.
fn nth(n: u64, count: usize) -> usize {
    usize::try_from(n % count as u64).unwrap_or(0)
}

fn nothing(_: u64) -> Payload {
    Payload::new()
}

/// A list and a map in each other.
fn nested() -> Value {
    let inner = Map::new().with("\u{e4}", [DateTime::MAX]).with("b", Map::new());
    vec![inner.with("a", Value::Null).into(), Value::from([["x"]])].into()
}

/// Keys with values of each kind, each by itself and all in one.
fn columns(n: u64) -> Payload {
    let values: [Value; 20] = [
        Value::Null,
        false.into(),
        true.into(),
        i64::MIN.into(),
        (-1).into(),
        0.into(),
        i64::MAX.into(),
        (-0.0).into(),
        0.0.into(),
        f64::MIN_POSITIVE.into(),
        (-1e300).into(),
        "".into(),
        "a".into(),
        "\u{e4}\u{20ac}\u{1f600}".into(),
        Value::List(List::default()),
        vec![Value::Null, true.into(), 1.into(), (-0.0).into(), "x".into()].into(),
        DateTime::MIN.into(),
        DateTime::MAX.into(),
        Map::new().into(),
        nested(),
    ];
    let payload = Payload::new().with("any", values[nth(n, values.len())].clone());
    let payload = payload.with("n", n as i64);
    match n % 5 {
        0 => Payload::new(),
        1 => payload.with("text", format!("text {}", n % 7)),
        2 => payload.with("float", n as f64 / 4.0).with("flag", n.is_multiple_of(2)),
        _ => payload,
    }
}

/// Enough different fields that the block is written row by row.
fn rows(n: u64) -> Payload {
    (0..5).map(|field| (format!("field {}", 5 * n + field), columns(n + field))).fold(
        Payload::new(),
        |payload, (name, values)| match values.get("any") {
            Some(value) => payload.with(name, value.clone()),
            None => payload,
        },
    )
}
