//! The maintenance of the planted store, with a defect or none.

use std::path::Path;

use iqdb_core::{
    Batch, Budget, Error, ErrorKind, Maintenance, Progress, Result, Store, StoreExt, Verified,
};

use crate::defect::Defect;
use crate::store::PlantedStore;

impl Maintenance for PlantedStore {
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()> {
        let inner: &dyn Maintenance = &**self.inner();
        match self.defect() {
            Some(Defect::CompactionIsAVersion) => {
                let some_id = self.remembered(|it| it.written.keys().next().cloned());
                if let Some(id) = some_id {
                    let payload = self.inner().get(&id)?.map(|record| record.payload);
                    self.inner()
                        .apply(&Batch::new().set_payload(id, payload.unwrap_or_default()))?;
                }
            }
            Some(Defect::CompactionIgnoresItsBudget) => {
                return inner.compact(Budget::new(), progress);
            }
            Some(Defect::ProgressStopsAtTheLastPart) => {
                progress.report(0, 2);
                inner.compact(budget, &mut ())?;
                progress.report(1, 2);
                return Ok(());
            }
            _ => {}
        }
        inner.compact(budget, progress)
    }

    fn backup_to(&self, _: &Path, _: Budget<'_>, _: &mut dyn Progress) -> Result<()> {
        Err(Error::new(ErrorKind::NotSupported, "the planted store has no files"))
    }

    fn verify(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<Verified> {
        let mut verified = self.inner().verify(budget, progress)?;
        if self.defect() == Some(Defect::VerifyCountsTheDead) {
            verified.records += self.remembered(|remembered| remembered.deleted);
        }
        Ok(verified)
    }
}
