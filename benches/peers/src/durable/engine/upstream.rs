//! The published iqdb 1.0.0, which syncs its log on each write. It has no batches.

use std::path::Path;

use upstream::{DistanceMetric, Iqdb, Vector, VectorId};

use super::{DIM, Engine, said};
use crate::Result;

pub(super) struct Upstream(Iqdb);

impl Upstream {
    pub(super) fn create(dir: &Path) -> Result<Self> {
        let db = Iqdb::open(dir.join("db.iqdb"), DIM, DistanceMetric::Euclidean);
        db.map(Self).map_err(said)
    }
}

impl Engine for Upstream {
    fn upsert_many(&self, ids: &[u64], rows: &[f32]) -> Result<()> {
        for (&id, row) in ids.iter().zip(rows.chunks_exact(DIM)) {
            let vector = Vector::new(row.to_vec()).map_err(said)?;
            self.0.upsert(VectorId::from(id), vector, None).map_err(said)?;
        }
        Ok(())
    }

    fn rows(&self) -> Result<u64> {
        Ok(self.0.len() as u64)
    }
}
