//! Ingest on one thread: records are built from a matrix, batch by batch, and applied.
//!
//! Building and applying are timed apart. What is loaded is counted afterwards.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use ours::{Batch, Change, Record};
use upstream::VectorId;

use super::{nanoseconds, ours as our, upstream as theirs};
use crate::Result;
use crate::npy::{self, Matrix};
use crate::protocol::{Answer, Metric};

const LANGUAGES: [&str; 4] = ["en", "de", "fr", "ja"];

fn year(row: usize) -> i64 {
    2_000 + (row % 25) as i64
}

fn read(base: &Path, rows: usize) -> Result<Matrix<f32>> {
    let matrix: Matrix<f32> = npy::read(base)?;
    if matrix.rows < rows {
        return Err(format!("{} has {} rows, not {rows}", base.display(), matrix.rows));
    }
    Ok(matrix)
}

pub(super) fn ours(base: &Path, rows: usize, size: usize, backend: Option<&str>) -> Result<Answer> {
    let data = read(base, rows)?;
    let (db, facts) = our::open(data.dim, Metric::Euclidean, backend)?;
    let mut answer = Answer { facts, ..Answer::default() };
    for from in (0..rows).step_by(size) {
        let started = Instant::now();
        let mut batch = Batch::new();
        for row in from..(from + size).min(rows) {
            let record = Record::new(row as u64, data.row(row)).map_err(our::said)?;
            let record = record.with("lang", LANGUAGES[row % 4]).with("year", year(row));
            batch.push(Change::Upsert(record));
        }
        answer.ns.push(nanoseconds(started));
        let started = Instant::now();
        black_box(db.apply(&batch).map_err(our::said)?);
        answer.ns.push(nanoseconds(started));
    }
    let len = db.len().map_err(our::said)?;
    complete(len == rows as u64, answer)
}

/// It has no batches: records are built by the batch and applied one by one.
pub(super) fn upstream(base: &Path, rows: usize, size: usize) -> Result<Answer> {
    let data = read(base, rows)?;
    let db = theirs::open(data.dim, Metric::Euclidean)?;
    let mut answer = Answer::default();
    for from in (0..rows).step_by(size) {
        let started = Instant::now();
        let mut batch = Vec::new();
        for row in from..(from + size).min(rows) {
            let lang = upstream::Value::String(LANGUAGES[row % 4].into());
            let year = upstream::Value::Int(year(row));
            let metadata = theirs::metadata([("lang", lang), ("year", year)]);
            batch.push((VectorId::from(row as u64), theirs::vector(data.row(row))?, metadata));
        }
        answer.ns.push(nanoseconds(started));
        let started = Instant::now();
        for (id, vector, metadata) in batch {
            db.upsert(id, vector, Some(metadata)).map_err(theirs::said)?;
        }
        answer.ns.push(nanoseconds(started));
    }
    complete(db.len() == rows, answer)
}

fn complete(is_complete: bool, answer: Answer) -> Result<Answer> {
    if is_complete { Ok(answer) } else { Err("rows are missing after the ingest".into()) }
}
