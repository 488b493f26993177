//! The feed of the planted store, with a defect or none.

use std::sync::Arc;

use iqdb_core::{Budget, Changes, Feed, Position, Result, Snapshot};

use crate::defect::Defect;
use crate::store::PlantedStore;

impl Feed for PlantedStore {
    fn begin(&self, budget: Budget<'_>) -> Result<(Position, Arc<dyn Snapshot>)> {
        let (position, snapshot) = self.inner().begin(self.budget_of_feed(budget))?;
        let position = match self.defect() {
            Some(Defect::FeedBeginsLater) => {
                Position::new(position.version().next(), position.history())
            }
            _ => position,
        };
        Ok((position, snapshot))
    }

    fn changes(&self, since: Position, budget: Budget<'_>) -> Result<Changes> {
        let budget = self.budget_of_feed(budget);
        let (now, _) = self.inner().begin(budget)?;
        let since = match self.defect() {
            Some(Defect::FeedTakesAnyPosition) => {
                Position::new(since.version().min(now.version()), now.history())
            }
            _ => since,
        };
        let mut changes = self.inner().changes(since, budget)?;
        match self.defect() {
            Some(Defect::FeedForgetsDeletes) => {
                let snapshot = Arc::clone(&changes.snapshot);
                changes.ids.retain(|id| !matches!(snapshot.get(id), Ok(None)));
            }
            Some(Defect::FeedHasAThousandChanges) => {
                let rest = changes.ids.len().saturating_sub(1_000);
                changes.ids.drain(..rest);
            }
            Some(Defect::FeedListsEachWrite) => changes.ids.extend(changes.ids.clone()),
            _ => {}
        }
        Ok(changes)
    }
}

impl PlantedStore {
    fn budget_of_feed<'a>(&self, budget: Budget<'a>) -> Budget<'a> {
        match self.defect() {
            Some(Defect::FeedIgnoresItsBudget) => Budget::new(),
            _ => budget,
        }
    }
}
