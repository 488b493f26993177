//! Databases to begin with: their files, and what they were at each version.

use std::path::Path;
use std::sync::LazyLock;

use iqdb_conformance::Model;
use iqdb_core::{
    Batch, Budget, DateTime, Element, FieldKind, Filter, Map, Metric, Payload, Record, RecordId,
    Result, Schema, Search, Store, StoreExt, Uuid, Value, Vector, bf16, f16,
};
use iqdb_file::reseal::Files;
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;

/// Where a database is on its disk.
pub(super) const DIR: &str = "db";

/// A database as it was left.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) files: Files,
    /// What it was at each version, from 0 on.
    pub(super) history: Vec<Model>,
    /// The version that is there whatever happens, or else an error. The store acknowledged later
    /// ones, but no file here says that it did: losing the end of them is what a crash does.
    pub(super) floor: usize,
}

/// All of them. Made once.
pub(super) static RECIPES: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    let recipes = [small(), grown(), wide(), empty(), mixed()].into_iter();
    recipes.flat_map(|recipe| recipe.expect("a database can be made")).collect()
});

struct Making {
    vfs: SimVfs,
    schema: Schema,
    history: Vec<Model>,
    store: FileStore,
}

impl Making {
    /// With a log that is sealed at every batch or never, and batches of `placed_from` records or
    /// more placed.
    fn begin(schema: Schema, sealed: bool, placed_from: usize) -> Result<Self> {
        let vfs = SimVfs::new();
        let store = open(&vfs, &schema, sealed, placed_from)?;
        let history = vec![Model::new(schema.clone())];
        Ok(Self { vfs, schema, history, store })
    }

    fn reopen(mut self, sealed: bool, placed_from: usize) -> Result<Self> {
        drop(self.store);
        self.store = open(&self.vfs, &self.schema, sealed, placed_from)?;
        Ok(self)
    }

    fn apply(mut self, batch: &Batch) -> Result<Self> {
        let mut model = self.history[self.history.len() - 1].clone();
        model.apply(batch)?;
        self.store.apply(batch)?;
        self.history.push(model);
        Ok(self)
    }

    /// As a killed process leaves it: the manifest knows of this version; and as a clean end does.
    fn end(self, floor: usize) -> Result<[Recipe; 2]> {
        ExactSearch::new().prepare(&*self.store.snapshot()?, Budget::new(), &mut ())?;
        let killed = Recipe { files: files(&self.vfs), history: self.history.clone(), floor };
        drop(self.store);
        let floor = self.history.len() - 1;
        Ok([killed, Recipe { files: files(&self.vfs), history: self.history, floor }])
    }
}

fn open(vfs: &SimVfs, schema: &Schema, sealed: bool, placed_from: usize) -> Result<FileStore> {
    let bytes =
        (placed_from * schema.fields()[0].kind().dim().unwrap_or(1) * size_of::<f32>()) as u64;
    let log_bytes = if sealed { 1 } else { u64::MAX };
    let options = FileOptions::new().with_vfs(vfs.clone()).with_reserve_bytes(0).with_seed(1);
    let options = options.with_derived_from_bytes(0);
    let options =
        options.with_placed_from_bytes(bytes).with_seal_bounds(log_bytes, u64::MAX, u64::MAX);
    FileStore::open_or_create(DIR, schema.clone(), &options)
}

/// The files of the database on this disk, but for the lock, which has nothing in it.
pub(super) fn files(vfs: &SimVfs) -> Files {
    let root = Path::new(DIR);
    let files = vfs.files().into_iter().filter_map(|(path, bytes)| {
        let path = path.strip_prefix("/").unwrap_or(&path).to_owned();
        Some((path.strip_prefix(root).ok()?.to_str()?.to_owned(), bytes))
    });
    files.filter(|(name, _)| name != "lock").collect()
}

/// A log alone: changes of each kind, half of them known to the manifest.
fn small() -> Result<[Recipe; 2]> {
    let schema = Schema::new(3, Metric::Cosine)?;
    Making::begin(schema.clone(), false, 1_000)?
        .apply(&batch(&schema, 0..5, fields))?
        .apply(&Batch::new().delete(id(1)).set_payload(id(2), fields(9)))?
        .reopen(false, 1_000)?
        .apply(&batch(&schema, 5..7, fields))?
        .apply(&Batch::new().delete(id(5)).upsert(record(&schema, 0, Payload::new())))?
        .end(2)
}

/// Segments with dead rows, and a log with rows in a segment that grows.
fn grown() -> Result<[Recipe; 2]> {
    let schema = Schema::new(5, Metric::Euclidean)?;
    let deleted = (0..3).fold(Batch::new(), |batch, n| batch.delete(id(n)));
    let deleted = (50..58).fold(deleted, |batch, n| batch.delete(id(n)));
    Making::begin(schema.clone(), true, 12)?
        .apply(&batch(&schema, 0..100, fields).upsert(record(&schema, 0, fields(3))))?
        .apply(&batch(&schema, 100..110, fields))?
        .apply(&deleted.set_payload(id(60), fields(61)))?
        .apply(&batch(&schema, 105..107, fields))?
        .reopen(false, 12)?
        .apply(&batch(&schema, 110..112, fields))?
        .apply(&batch(&schema, 90..105, fields).delete(id(91)))?
        .apply(&batch(&schema, 120..132, fields).set_payload(id(92), fields(1)))?
        .apply(&Batch::new().delete(id(120)).delete(id(100)))?
        .end(4)
}

/// Payloads row by row in one segment, and none in another, of long vectors.
fn wide() -> Result<[Recipe; 2]> {
    let schema = Schema::new(40, Metric::Dot)?;
    let many = |n: u64| (0..20).map(|field| (format!("{n} {field}"), value(field))).collect();
    Making::begin(schema.clone(), true, 1)?
        .apply(&batch(&schema, 0..9, many))?
        .apply(&batch(&schema, 9..14, |_| Payload::new()))?
        .apply(&Batch::new().delete(id(1)).delete(id(2)).delete(id(10)))?
        .apply(&batch(&schema, 20..21, fields))?
        .end(3)
}

fn empty() -> Result<[Recipe; 2]> {
    Making::begin(Schema::new(2, Metric::Cosine)?, true, 1)?.end(0)
}

/// A field of each kind, which some records lack; statements of each kind.
fn mixed() -> Result<[Recipe; 2]> {
    let schema = Schema::builder()
        .dense("half", 3, Metric::Cosine)
        .element(Element::F16)
        .dense("brain", 3, Metric::Euclidean)
        .element(Element::BF16)
        .dense("small", 5, Metric::Dot)
        .element(Element::I8)
        .dense("bits", 9, Metric::Jaccard)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .build()?;
    let bits = vector(3, schema.fields()[3].kind());
    let vectors = vec![("half".into(), None), ("bits".into(), Some(bits))];
    Making::begin(schema.clone(), true, 4)?
        .apply(&batch(&schema, 0..30, fields))?
        .apply(&Batch::new().set_vectors(id(1), vectors).delete(id(2)))?
        .reopen(false, 4)?
        .apply(&batch(&schema, 30..40, fields).delete_where(Filter::eq("n", 7)))?
        .apply(&Batch::new().merge_payload(id(5), fields(6)).insert(record(
            &schema,
            50,
            fields(50),
        )))?
        .end(2)
}

fn batch(schema: &Schema, ids: std::ops::Range<u64>, payload: impl Fn(u64) -> Payload) -> Batch {
    ids.fold(Batch::new(), |batch, n| batch.upsert(record(schema, n, payload(n))))
}

/// The `n`th id: a number, a UUID or a string.
pub(super) fn id(n: u64) -> RecordId {
    match n % 3 {
        0 => n.into(),
        1 => Uuid::from_u128(u128::from(n) << 64 | 7).into(),
        _ => format!("id {n}").into(),
    }
}

/// The `n`th record.
pub(super) fn record(schema: &Schema, n: u64, payload: Payload) -> Record {
    let mut record = Record::without_vector(id(n)).with_payload(payload);
    let may_lack = schema.fields().len() > 1;
    for (position, field) in (0..).zip(schema.fields()) {
        if !(may_lack && (n + position) % 4 == 3) {
            record.set_vector(field.name().to_owned(), Some(vector(n, field.kind())));
        }
    }
    record
}

/// The `n`th vector of a kind. None is 0 in every component.
fn vector(n: u64, kind: FieldKind) -> Vector {
    let dim = kind.dim().unwrap_or(3);
    let steps = (0..dim as u64).map(|i| (n + 1) * (i + 3) % 17);
    let numbers = steps.clone().map(|step| step as f32 - 5.5);
    let made = match kind.element() {
        None => Vector::sparse([1, (n % 5) as u32 + 2, 9], [0.5, -1.0, n as f32 + 1.0]),
        Some(Element::F16) => Vector::try_from(numbers.map(f16::from_f32).collect::<Vec<_>>()),
        Some(Element::BF16) => Vector::try_from(numbers.map(bf16::from_f32).collect::<Vec<_>>()),
        Some(Element::I8) => {
            Vector::try_from(steps.map(|step| (step % 17) as i8 - 5).collect::<Vec<_>>())
        }
        Some(Element::Binary) => {
            let mut bytes = vec![(n % 128) as u8 | 0x80; dim.div_ceil(8)];
            if let Some(last) = bytes.last_mut() {
                *last &= 0xff << (dim.next_multiple_of(8) - dim);
            }
            Vector::binary(dim, bytes)
        }
        Some(_) => Vector::try_from(numbers.collect::<Vec<_>>()),
    };
    made.expect("components are finite")
}

pub(super) fn fields(n: u64) -> Payload {
    match n % 4 {
        0 => Payload::new(),
        1 => Payload::new().with("n", n as i64),
        _ => Payload::new().with("n", n as i64).with("any", value(n)),
    }
}

fn value(n: u64) -> Value {
    match n % 11 {
        0 => Value::Null,
        1 => true.into(),
        2 => false.into(),
        3 => (n as i64).into(),
        4 => (-0.0).into(),
        5 => (n as f64 / 4.0).into(),
        6 => "a text".into(),
        7 => format!("text {n}").into(),
        8 => DateTime::MAX.into(),
        9 => Map::new().with("a", [Map::new()]).into(),
        _ => vec![Value::from(1), "a".into(), Value::Null].into(),
    }
}
