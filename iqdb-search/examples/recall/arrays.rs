//! Arrays in the format of numpy, and a store of the rows of one.

use std::error::Error;
use std::path::Path;

use iqdb_arena::ArenaStore;
use iqdb_core::{Batch, Metric, Record, Schema, StoreExt};

/// A directory with `base.npy`, `queries.npy` and `truth.npy` (32-bit row numbers, nearest first).
pub(crate) struct Arrays {
    pub(crate) dim: usize,
    pub(crate) base: Vec<f32>,
    pub(crate) queries: Vec<f32>,
    pub(crate) truth: Vec<u64>,
    /// How many rows a query's truth has.
    pub(crate) nearest: usize,
}

impl Arrays {
    pub(crate) fn read(dir: &str) -> Result<Self, Box<dyn Error>> {
        let (base, dim) = read_npy(&Path::new(dir).join("base.npy"))?;
        let (queries, _) = read_npy(&Path::new(dir).join("queries.npy"))?;
        let (truth, nearest) = read_npy(&Path::new(dir).join("truth.npy"))?;
        let truth = truth.iter().map(|it| u64::from(u32::from_le_bytes(*it))).collect();
        Ok(Self { dim, base: floats(&base), queries: floats(&queries), truth, nearest })
    }

    /// A store of the base: ids are row numbers, and `made` adds to each record.
    pub(crate) fn store(
        &self,
        metric: Metric,
        made: impl Fn(usize, Record) -> Record,
    ) -> Result<ArenaStore, Box<dyn Error>> {
        let store = ArenaStore::new(Schema::new(self.dim, metric)?);
        for (n, rows) in self.base.chunks(1_000 * self.dim).enumerate() {
            let batch =
                rows.chunks(self.dim).enumerate().try_fold(Batch::new(), |batch, (m, row)| {
                    let row_number = n * 1_000 + m;
                    let record = Record::new(row_number as u64, row.to_vec())?;
                    Ok::<_, iqdb_core::Error>(batch.upsert(made(row_number, record)))
                })?;
            store.apply(&batch)?;
        }
        Ok(store)
    }
}

/// Four bytes each.
type Words = Vec<[u8; 4]>;

/// The words of an array, and how many a row has.
fn read_npy(path: &Path) -> Result<(Words, usize), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let head = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..10 + head]).into_owned();
    let shape = text.split_once("shape': (").and_then(|(_, it)| it.split_once(')'));
    let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
    Ok((bytes[10 + head..].as_chunks::<4>().0.to_vec(), columns.trim().parse()?))
}

fn floats(words: &[[u8; 4]]) -> Vec<f32> {
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
