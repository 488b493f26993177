//! iqdb as it is in this checkout, in files.

use std::path::Path;

use ours::{Iqdb, Record};

use super::{DIM, Engine, said};
use crate::Result;
use crate::protocol::Metric;
use crate::worker::create_files;

pub(super) struct Ours(Iqdb);

impl Ours {
    pub(super) fn create(dir: &Path) -> Result<Self> {
        create_files(dir, DIM, Metric::Euclidean).map(Self)
    }
}

impl Engine for Ours {
    fn upsert_many(&self, ids: &[u64], rows: &[f32]) -> Result<()> {
        let mut records = ids.iter().zip(rows.chunks_exact(DIM));
        let done = match records.len() {
            1 => records.try_for_each(|(&id, row)| self.0.upsert(Record::new(id, row)?).map(drop)),
            _ => records
                .map(|(&id, row)| Record::new(id, row))
                .collect::<ours::Result<Vec<Record>>>()
                .and_then(|records| self.0.upsert_many(records).map(drop)),
        };
        done.map_err(said)
    }

    fn rows(&self) -> Result<u64> {
        self.0.len().map_err(said)
    }
}
