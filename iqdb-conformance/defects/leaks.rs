//! What a store with a defect keeps, although no reader can reach it any more.

use std::sync::{Arc, Weak};

use iqdb_core::{RecordId, StoredRecord};

use crate::defect::Defect;
use crate::map_snapshot::MapSnapshot;

#[derive(Debug, Default)]
pub(crate) struct Leaked {
    records: Vec<StoredRecord>,
    ids: Vec<RecordId>,
    snapshots: Vec<Arc<MapSnapshot>>,
    /// The snapshots that are held, where there is a place for some of them only.
    held: Vec<Weak<MapSnapshot>>,
}

/// The number of places for snapshots that are held.
const PLACES: usize = 128;

impl Leaked {
    /// Keeps the record before a change.
    pub(crate) fn keep(&mut self, defect: Option<Defect>, before: Option<&StoredRecord>) {
        match (defect, before) {
            (Some(Defect::OldRecordsAreNeverFreed), Some(before)) => {
                self.records.push(before.clone());
            }
            (Some(Defect::OldIdsAreNeverFreed), Some(before)) => {
                self.ids.push(format!("{:?}", before.record.id).into());
            }
            _ => {}
        }
    }

    /// Keeps a snapshot, or the place of one.
    pub(crate) fn show(&mut self, defect: Option<Defect>, shown: &Arc<MapSnapshot>) {
        match defect {
            Some(Defect::SnapshotsAreNeverFreed) => {
                let is_new = self.snapshots.last().is_none_or(|last| !Arc::ptr_eq(last, shown));
                self.snapshots.extend(is_new.then(|| Arc::clone(shown)));
            }
            Some(Defect::EldestOfManySnapshotsIsDropped) => {
                self.held.retain(|held| held.strong_count() > 0);
                self.held.push(Arc::downgrade(shown));
                if self.held.len() > PLACES
                    && let Some(eldest) = self.held.remove(0).upgrade()
                {
                    eldest.release();
                }
            }
            _ => {}
        }
    }
}
