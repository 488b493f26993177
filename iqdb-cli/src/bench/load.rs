//! Loading the base, a batch at a time, so that the file is never in memory as a whole.

use std::fs::File;
use std::time::{Duration, Instant};

use iqdb::{Iqdb, Record, Result, VectorRef};

use super::input::check;
use crate::npy::NpyReader;
use crate::progress;
use crate::screen::Screen;

/// How many bytes of rows make a batch.
const BATCH_BYTES: usize = 16 << 20;

/// Inserts the first `rows` rows of `base` with their row numbers as ids; returns how long the
/// inserting and the first snapshot took, without reading the file.
pub(super) fn load(
    database: &Iqdb,
    base: &mut NpyReader<f32, File>,
    rows: usize,
    screen: &Screen<'_>,
) -> Result<Duration> {
    let (schema, dim) = (database.schema(), base.columns());
    let batch_rows = (BATCH_BYTES / (dim * size_of::<f32>())).max(1);
    let bar = progress::bar(screen, "loading", rows);
    let mut components = Vec::new();
    let mut build_time = Duration::ZERO;
    let mut loaded = 0;
    while loaded < rows {
        base.read_rows(batch_rows.min(rows - loaded), &mut components)?;
        let mut records = Vec::with_capacity(components.len() / dim);
        for vector in components.chunks_exact(dim) {
            let row = loaded + records.len();
            let vector = VectorRef::new(vector)?;
            check(&schema, vector, row, base)
                .map_err(|error| error.during(format!("reading {}", base.name())))?;
            records.push(Record::new(row as u64, vector)?);
        }
        loaded += records.len();
        let start = Instant::now();
        database.upsert_many(records)?;
        build_time += start.elapsed();
        bar.set_position(loaded as u64);
    }
    // Some backends do the work of a write when it is first read.
    let start = Instant::now();
    drop(database.snapshot()?);
    Ok(build_time + start.elapsed())
}
