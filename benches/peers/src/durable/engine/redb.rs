//! `redb`: a value per row, and one durable transaction per commit.

use std::path::Path;
use std::time::{Duration, Instant};

use ::redb::{Database, Durability, ReadableDatabase, ReadableTableMetadata};
use ::redb::{TableDefinition, WriteTransaction};

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

    fn rows(&mut self) -> Result<u64> {
        let reading = self.db.begin_read().map_err(said)?;
        reading.open_table(ROWS).map_err(said)?.len().map_err(said)
    }
}

/// Fills a catalogue with `entries` entries, 10,000 per commit, and ends this process as it is.
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
    crate::durable::forget(&dir.join(FILE))?;
    let started = Instant::now();
    let db = Database::open(dir.join(FILE)).map_err(said)?;
    let reading = db.begin_read().map_err(said)?;
    let table = reading.open_table(PLACES).map_err(said)?;
    let found = table.get(0).map_err(said)?;
    let took = started.elapsed();
    let len = table.len().map_err(said)?;
    if found.is_none() || len != entries {
        return Err(format!("{len} of {entries} entries are there after an unclean stop"));
    }
    Ok(took)
}
