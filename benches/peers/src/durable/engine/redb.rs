//! `redb`: a value per row, and one durable transaction per commit.

use std::path::Path;
use std::time::{Duration, Instant};

use ::redb::{Database, Durability, ReadableTableMetadata, TableDefinition, WriteTransaction};
use xxhash_rust::xxh3::xxh3_64;

use super::checked::Checked;
use super::group::Store;
use super::{DIM, said};
use crate::Result;

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
const PLACES: TableDefinition<'_, u64, u64> = TableDefinition::new("places");
const FILE: &str = "catalogue.redb";

#[derive(Debug)]
pub(super) struct Redb {
    db: Database,
    quick_repair: bool,
}

impl Redb {
    pub(super) fn create(dir: &Path, quick_repair: bool) -> Result<Self> {
        let db = Database::create(dir.join(FILE)).map_err(said)?;
        Ok(Self { db, quick_repair })
    }

    pub(super) fn create_checked(dir: &Path) -> Result<Self> {
        let pages = Checked::open(&dir.join(FILE)).map_err(said)?;
        let db = Database::builder().create_with_backend(pages).map_err(said)?;
        Ok(Self { db, quick_repair: false })
    }
}

fn begin(db: &Database, quick_repair: bool) -> Result<WriteTransaction> {
    let mut transaction = db.begin_write().map_err(said)?;
    transaction.set_durability(Durability::Immediate).map_err(said)?;
    transaction.set_quick_repair(quick_repair);
    Ok(transaction)
}

impl Store for Redb {
    fn commit(&mut self, ids: &[u64], rows: &[f32]) -> Result<()> {
        let transaction = begin(&self.db, self.quick_repair)?;
        {
            let mut table = transaction.open_table(ROWS).map_err(said)?;
            for (id, row) in ids.iter().zip(rows.chunks_exact(DIM)) {
                table.insert(id, bytemuck::cast_slice(row)).map_err(said)?;
            }
        }
        transaction.commit().map_err(said)
    }
}

/// Fills a catalogue with so many entries, 10,000 per commit, and ends this process as it is.
pub(crate) fn fill_and_abort(dir: &Path, entries: u64, quick_repair: bool) -> Result<()> {
    let db = Database::create(dir.join(FILE)).map_err(said)?;
    for from in (0..entries).step_by(10_000) {
        let transaction = begin(&db, quick_repair)?;
        {
            let mut table = transaction.open_table(PLACES).map_err(said)?;
            for id in from..entries.min(from + 10_000) {
                // Ids that come in no order, as those of strangers do.
                let id = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                table.insert(id, id >> 1).map_err(said)?;
            }
        }
        transaction.commit().map_err(said)?;
    }
    std::process::abort()
}

/// How long it takes to open what `fill_and_abort` left, up to its first answer.
pub(in crate::durable) fn open_after_abort(dir: &Path, entries: u64) -> Result<Duration> {
    super::super::forget(&dir.join(FILE))?;
    let started = Instant::now();
    let db = Database::open(dir.join(FILE)).map_err(said)?;
    let reading = ::redb::ReadableDatabase::begin_read(&db).map_err(said)?;
    let table = reading.open_table(PLACES).map_err(said)?;
    let found = ::redb::ReadableTable::get(&table, 0).map_err(said)?;
    let took = started.elapsed();
    let len = table.len().map_err(said)?;
    if found.is_none() || len != entries {
        return Err(format!("{len} of {entries} entries are there after an unclean stop"));
    }
    Ok(took)
}

/// How long it takes to read and verify a log of so many bytes in frames of one row.
pub(in crate::durable) fn replay(dir: &Path, bytes: usize) -> Result<Duration> {
    let path = dir.join("log");
    let frame = super::log::HEADER + 8 + DIM * size_of::<f32>();
    let whole = vec![7_u8; bytes / frame * frame];
    std::fs::write(&path, &whole).map_err(said)?;
    super::super::forget(&path)?;
    let started = Instant::now();
    let read = std::fs::read(&path).map_err(said)?;
    let sum = read.chunks_exact(frame).fold(0, |sum, frame| sum ^ xxh3_64(frame));
    std::hint::black_box(sum);
    Ok(started.elapsed())
}
