//! A set as a worker reads it from files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::Result;
use crate::npy::{self, Matrix};
use crate::protocol::{Files, Metric};

/// Rows, queries and what the rows carry besides.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) metric: Metric,
    pub(super) base: Matrix<f32>,
    pub(super) queries: Matrix<f32>,
    /// One per row, or none at all.
    payloads: Vec<Vec<(String, Value)>>,
}

impl Data {
    pub(super) fn read(files: &Files, metric: Metric) -> Result<Self> {
        let base: Matrix<f32> = npy::read(&files.base)?;
        let queries = npy::read(&files.queries)?;
        let payloads = payloads(files, base.rows)?;
        Ok(Self { metric, base, queries, payloads })
    }

    /// The fields of a row: those of its payload, and `permille`.
    pub(super) fn payload(&self, row: usize) -> &[(String, Value)] {
        self.payloads.get(row).map_or(&[], Vec::as_slice)
    }
}

fn payloads(files: &Files, rows: usize) -> Result<Vec<Vec<(String, Value)>>> {
    let mut payloads = Vec::new();
    if let Some(path) = &files.payload {
        payloads = lines(path)?;
    }
    if let Some(path) = &files.permille {
        let column: Matrix<i32> = npy::read(path)?;
        payloads.resize(rows, Vec::new());
        for (payload, permille) in payloads.iter_mut().zip(column.items) {
            payload.push(("permille".into(), permille.into()));
        }
    }
    Ok(payloads)
}

/// One object per line; the record's id is its row number here, so a field `id` is left out.
fn lines(path: &Path) -> Result<Vec<Vec<(String, Value)>>> {
    let failed = |e: &dyn std::fmt::Display| format!("{} can't be read: {e}", path.display());
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut payloads = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|error| failed(&error))?;
        let fields: serde_json::Map<String, Value> =
            serde_json::from_str(&line).map_err(|error| failed(&error))?;
        payloads.push(fields.into_iter().filter(|(name, _)| name != "id").collect());
    }
    Ok(payloads)
}
