//! The published iqdb 1.0.0 with its flat index and its `parallel` feature.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;
use upstream::{DistanceMetric, Filter, Hit, Iqdb, Metadata, Vector, VectorId};

use super::beside_writer::{Reader, Shared};
use super::data::Data;
use super::{Engine, Facts};
use crate::Result;
use crate::protocol::{Metric, Permille};

pub(super) struct Upstream {
    db: Arc<Iqdb>,
    queries: Arc<Vec<Vector>>,
    filter: Option<Filter>,
    found: Vec<Vec<Hit>>,
    /// Its parallel scan runs on the pool that it is called in.
    pools: BTreeMap<usize, ThreadPool>,
}

/// An empty database.
pub(super) fn open(dim: usize, metric: Metric) -> Result<Iqdb> {
    let metric = match metric {
        Metric::Cosine => DistanceMetric::Cosine,
        Metric::Euclidean => DistanceMetric::Euclidean,
    };
    Iqdb::open_in_memory(dim, metric).map_err(said)
}

/// The whole set, under its row numbers.
pub(super) fn load(data: &Data) -> Result<(Upstream, Facts)> {
    let db = open(data.base.dim, data.metric)?;
    for row in 0..data.base.rows {
        upsert(&db, data, row)?;
    }
    let queries: Result<Vec<Vector>> =
        (0..data.queries.rows).map(|i| vector(data.queries.row(i))).collect();
    let facts = Facts::from([
        ("version".into(), "1.0.0".into()),
        ("index".into(), "flat, feature parallel".into()),
    ]);
    let engine = Upstream {
        db: Arc::new(db),
        queries: Arc::new(queries?),
        filter: None,
        found: Vec::new(),
        pools: BTreeMap::new(),
    };
    Ok((engine, facts))
}

pub(super) fn vector(components: &[f32]) -> Result<Vector> {
    Vector::new(components.to_vec()).map_err(|error| error.to_string())
}

fn upsert(db: &Iqdb, data: &Data, row: usize) -> Result<()> {
    let fields = data.payload(row);
    let metadata = (!fields.is_empty())
        .then(|| fields.iter().map(|(name, value)| (name.clone(), converted(value))).collect());
    db.upsert(VectorId::from(row as u64), vector(data.base.row(row))?, metadata).map_err(said)
}

fn converted(value: &Value) -> upstream::Value {
    match value {
        Value::Bool(value) => upstream::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => upstream::Value::Int(integer),
            None => upstream::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => upstream::Value::String(text.clone()),
        other => upstream::Value::String(other.to_string()),
    }
}

/// The payload of a row when ingest is measured.
pub(super) fn metadata(fields: [(&str, upstream::Value); 2]) -> Metadata {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
pub(super) fn said(error: upstream::Error) -> String {
    error.to_string()
}

fn pool(threads: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| format!("no pool of {threads} threads: {error}"))
}

impl Upstream {
    pub(super) fn shared(&self) -> SharedUpstream {
        SharedUpstream { db: self.db.clone(), queries: self.queries.clone() }
    }
}

impl Engine for Upstream {
    fn filter(&mut self, filter: Option<Permille>) -> Result<()> {
        let field = || "permille".to_owned();
        self.filter = filter.map(|Permille { from, to }| {
            Filter::And(vec![
                Filter::Gte { field: field(), value: upstream::Value::Int(from) },
                Filter::Lt { field: field(), value: upstream::Value::Int(to) },
            ])
        });
        Ok(())
    }

    fn ask(&mut self, range: Range<usize>, k: usize, threads: usize) -> Result<()> {
        let pool = match self.pools.entry(threads) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(pool(threads)?),
        };
        let (db, filter, queries) = (&self.db, &self.filter, &self.queries[range]);
        let found: Result<Vec<Vec<Hit>>> = pool.install(|| {
            let ask = |query| match filter {
                Some(filter) => db.search_with(query, k, filter.clone()),
                None => db.search(query, k),
            };
            queries.iter().map(|query| ask(query).map_err(said)).collect()
        });
        self.found = found?;
        Ok(())
    }

    fn found(&self) -> Vec<Vec<u64>> {
        let row = |hit: &Hit| match hit.id {
            VectorId::U64(row) => row,
            VectorId::Bytes(_) => u64::MAX,
        };
        self.found.iter().map(|hits| hits.iter().map(row).collect()).collect()
    }
}

/// The database for several threads. Each reader brings a pool of one thread: on the global one, a
/// reader alone would have every core, and many would share them.
pub(super) struct SharedUpstream {
    db: Arc<Iqdb>,
    queries: Arc<Vec<Vector>>,
}

impl Shared for SharedUpstream {
    fn reader(&self, k: usize) -> Box<dyn Reader + '_> {
        let queries = &self.queries;
        let pool = pool(1);
        Box::new(move |i: usize, distances: Option<&mut Vec<u64>>| {
            let pool = pool.as_ref().map_err(Clone::clone)?;
            let query = &queries[i % queries.len()];
            let hits = pool.install(|| self.db.search(query, k)).map_err(said)?;
            if let Some(distances) = distances {
                distances.clear();
                distances.extend(hits.iter().map(|hit| u64::from(hit.distance.to_bits())));
            }
            Ok(())
        })
    }

    fn upsert(&self, data: &Data, row: usize) -> Result<()> {
        upsert(&self.db, data, row)
    }
}
