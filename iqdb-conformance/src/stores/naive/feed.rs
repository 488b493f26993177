//! The feed of the naive store: it notes for each id the version that changed it last.

use std::sync::Arc;

use iqdb_core::{
    Budget, Changes, Error, ErrorKind, Feed, Position, RecordId, Result, Snapshot, Version,
};

use super::store::NaiveStore;

impl Feed for NaiveStore {
    fn begin(&self, budget: Budget<'_>) -> Result<(Position, Arc<dyn Snapshot>)> {
        budget.check()?;
        let snapshot = self.read(|state| state.clone());
        Ok((Position::new(snapshot.version(), self.history()), Arc::new(snapshot)))
    }

    fn changes(&self, since: Position, budget: Budget<'_>) -> Result<Changes> {
        budget.check()?;
        let (snapshot, changed) = self.read(|state| (state.clone(), state.changed().clone()));
        if since.history() != self.history() || since.version() > snapshot.version() {
            return Err(Error::new(ErrorKind::VersionGone, "the store never was there")
                .during("changes")
                .found(format_args!("version {}", since.version()))
                .hint("begin again"));
        }
        let is_later = |(_, version): &(&RecordId, &Version)| **version > since.version();
        let ids = changed.iter().filter(is_later).map(|(id, _)| id.clone()).collect();
        let upto = Position::new(snapshot.version(), self.history());
        Ok(Changes { upto, snapshot: Arc::new(snapshot), ids })
    }
}
