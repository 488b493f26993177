//! iqdb as it is in this checkout, through its facade.

use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use ours::{Filter, Hits, IdRef, Iqdb, Payload, Plan, Query, Record, Schema, Scratch, Vector};
use serde_json::Value;

use super::beside_writer::{Reader, Shared};
use super::data::Data;
use super::{Engine, Facts};
use crate::Result;
use crate::protocol::{Answer, Metric, Permille};

/// How many rows are loaded in one commit.
const BATCH: usize = 10_000;

/// The directory of a database in files, in the one that it was given.
const FILES: &str = "db";

pub(super) struct Ours {
    db: Iqdb,
    queries: Vec<Vector>,
    filter: Option<Filter>,
    plan: Plan,
    hits: Vec<Hits>,
    scratch: Scratch,
    answered: usize,
}

/// An empty database; the facade's default backend unless one is named.
pub(super) fn open(dim: usize, metric: Metric, backend: Option<&str>) -> Result<(Iqdb, Facts)> {
    let available = ours::Backend::available();
    let backend = match backend {
        Some(name) => name.parse().map_err(said)?,
        None => *available.first().ok_or("no backend is compiled in")?,
    };
    let schema = Schema::new(dim, ours_of(metric)).map_err(said)?;
    let db = Iqdb::builder().backend(backend).open_in_memory(schema).map_err(said)?;
    Ok((db, Facts::from([("backend".into(), backend.to_string())])))
}

fn ours_of(metric: Metric) -> ours::Metric {
    match metric {
        Metric::Cosine => ours::Metric::Cosine,
        Metric::Euclidean => ours::Metric::Euclidean,
    }
}

/// A new database in files, in this empty directory.
pub(crate) fn create_files(dir: &Path, dim: usize, metric: Metric) -> Result<Iqdb> {
    let schema = Schema::new(dim, ours_of(metric)).map_err(said)?;
    Iqdb::create(dir.join(FILES), schema).map_err(said)
}

/// Opens what `create_files` made: how long that took, how long until the record `id` was there, what
/// both took of memory and of the disk, and how long the first search took.
pub(super) fn open_files(dir: &Path, id: u64) -> Result<Answer> {
    let before = usage();
    let started = Instant::now();
    let db = Iqdb::open(dir.join(FILES)).map_err(said)?;
    let open = started.elapsed();
    let record = db.get(id).map_err(said)?.ok_or_else(|| format!("there is no record {id}"))?;
    let get = started.elapsed();
    let after = usage();
    let started = Instant::now();
    let hits = db.search(record.only_vector().map_err(said)?, 10).map_err(said)?;
    let search = started.elapsed();
    if hits.iter().next().is_none_or(|hit| hit.distance != 0.0) {
        return Err(format!("the record {id} is not nearest to itself"));
    }
    let numbers = [
        ("open_ms", open.as_secs_f64() * 1e3),
        ("get_ms", get.as_secs_f64() * 1e3),
        ("search_ms", search.as_secs_f64() * 1e3),
        ("memory_mib", after.0 - before.0),
        ("read_mib", after.1 - before.1),
    ];
    let numbers = numbers.map(|(name, number)| (name.to_owned(), number)).into();
    Ok(Answer { numbers, ..Answer::default() })
}

/// The resident memory of this process, and what it has made the disk read, in MiB.
fn usage() -> (f64, f64) {
    let number = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let word = line.and_then(|line| line.split_whitespace().next());
        word.and_then(|word| word.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    let kib = number("/proc/self/status", "VmRSS:");
    let bytes = number("/proc/self/io", "read_bytes:");
    (kib / 1024.0, bytes / 1_048_576.0)
}

/// The whole set in a new database in memory, under its row numbers.
pub(super) fn load(data: &Data, backend: Option<&str>, plan: Plan) -> Result<(Ours, Facts)> {
    let (db, facts) = open(data.base.dim, data.metric, backend)?;
    fill(db, facts, data, plan)
}

/// The whole set in a new database in files.
pub(super) fn load_files(data: &Data, dir: &Path) -> Result<(Ours, Facts)> {
    let db = create_files(dir, data.base.dim, data.metric)?;
    fill(db, Facts::from([("backend".into(), "file".into())]), data, Plan::Auto)
}

fn fill(db: Iqdb, mut facts: Facts, data: &Data, plan: Plan) -> Result<(Ours, Facts)> {
    for from in (0..data.base.rows).step_by(BATCH) {
        let to = (from + BATCH).min(data.base.rows);
        let records: Result<Vec<Record>> = (from..to).map(|row| record(data, row)).collect();
        db.upsert_many(records?).map_err(said)?;
    }
    // What a thread of the database does in the background otherwise.
    db.prepare().map_err(said)?;
    let queries: Result<Vec<Vector>> = (0..data.queries.rows)
        .map(|i| Vector::try_from(data.queries.row(i)).map_err(said))
        .collect();
    let queries = queries?;
    let (mut hits, mut scratch) = (vec![Hits::new()], Scratch::new());
    let first = [Query::nearest(queries[0].as_ref(), 1).with_plan(plan)];
    let explain = db.search_batch(&first, &mut hits, &mut scratch).map_err(said)?;
    facts.insert("version".into(), "this checkout".into());
    facts.insert("plan".into(), explain.plan.into());
    facts.insert("kernel".into(), explain.kernel.into());
    Ok((Ours { db, queries, filter: None, plan, hits, scratch, answered: 0 }, facts))
}

fn record(data: &Data, row: usize) -> Result<Record> {
    let payload: Payload =
        data.payload(row).iter().map(|(name, value)| (name.as_str(), converted(value))).collect();
    Ok(Record::new(row as u64, data.base.row(row)).map_err(said)?.with_payload(payload))
}

fn converted(value: &Value) -> ours::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
pub(super) fn said(error: ours::Error) -> String {
    error.to_string()
}

impl Ours {
    pub(super) fn shared(&self) -> SharedOurs {
        SharedOurs { db: self.db.clone(), queries: self.queries.clone() }
    }
}

impl Engine for Ours {
    fn filter(&mut self, filter: Option<Permille>) -> Result<()> {
        self.filter = filter.map(|Permille { from, to }| {
            Filter::ge("permille", from).and(Filter::lt("permille", to))
        });
        Ok(())
    }

    fn ask(&mut self, range: Range<usize>, k: usize, threads: usize) -> Result<()> {
        let queries: Vec<Query<'_>> = self.queries[range]
            .iter()
            .map(|vector| {
                let query = Query::nearest(vector.as_ref(), k);
                let query = query.with_threads(threads).with_plan(self.plan);
                match &self.filter {
                    Some(filter) => query.with_filter(filter),
                    None => query,
                }
            })
            .collect();
        self.answered = queries.len();
        if self.hits.len() < queries.len() {
            self.hits.resize_with(queries.len(), Hits::new);
        }
        let hits = &mut self.hits[..queries.len()];
        self.db.search_batch(&queries, hits, &mut self.scratch).map_err(said)?;
        Ok(())
    }

    fn found(&self) -> Vec<Vec<u64>> {
        let row = |id: IdRef<'_>| match id {
            IdRef::Number(row) => row,
            _ => u64::MAX,
        };
        self.hits[..self.answered]
            .iter()
            .map(|hits| hits.iter().map(|hit| row(hit.id)).collect())
            .collect()
    }
}

/// The database for several threads.
pub(super) struct SharedOurs {
    db: Iqdb,
    queries: Vec<Vector>,
}

impl Shared for SharedOurs {
    fn reader(&self, k: usize) -> Box<dyn Reader + '_> {
        let (mut hits, mut scratch, queries) = ([Hits::new()], Scratch::new(), &self.queries);
        Box::new(move |i: usize, distances: Option<&mut Vec<u64>>| {
            let query = Query::nearest(queries[i % queries.len()].as_ref(), k);
            self.db.search_batch(&[query], &mut hits, &mut scratch).map_err(said)?;
            if let Some(distances) = distances {
                distances.clear();
                distances.extend(hits[0].iter().map(|hit| hit.distance.to_bits()));
            }
            Ok(())
        })
    }

    fn upsert(&self, data: &Data, row: usize) -> Result<()> {
        self.db.upsert(record(data, row)?).map_err(said)?;
        Ok(())
    }
}
