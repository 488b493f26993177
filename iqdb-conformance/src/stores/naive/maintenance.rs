//! The maintenance of the naive store: it lays its rows out anew, and counts them.

use std::path::Path;

use iqdb_core::{Budget, Error, ErrorKind, Maintenance, Progress, Result, Verified};

use super::store::{NaiveSnapshot, NaiveStore};

impl Maintenance for NaiveStore {
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()> {
        progress.report(0, 1);
        budget.check()?;
        self.read(NaiveSnapshot::pack)?;
        progress.report(1, 1);
        Ok(())
    }

    fn backup_to(&self, _: &Path, _: Budget<'_>, _: &mut dyn Progress) -> Result<()> {
        Err(Error::new(ErrorKind::NotSupported, "the naive store has no files").during("backup"))
    }

    fn verify(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<Verified> {
        let of = self.read(|state| state.model().len() as u64);
        progress.report(0, of);
        budget.check()?;
        let mut verified = Verified::default();
        verified.records = self.read(|state| state.model().len() as u64);
        progress.report(of, of);
        Ok(verified)
    }
}
