//! The protocol on real threads: readers don't wait, see whole batches only, and leave freeing to
//! writers.

mod computed;
mod forms;
mod freeing;
mod steady;
mod torn;
mod versions;
mod waiting;

use iqdb_core::{Batch, Metric, Record, Schema, Snapshot, SnapshotExt, Store, StoreExt};

use crate::fault::{Defect, Faults};
use crate::options::ArenaOptions;
use crate::store::ArenaStore;

/// A store with small chunks that compacts only when a test calls for it.
fn store(faults: Faults) -> ArenaStore {
    let options = ArenaOptions::new().with_chunk_rows(4, 16).with_dead_ratio_max(1.0);
    ArenaStore::with_faults(Schema::new(3, Metric::Euclidean).unwrap(), options, faults)
}

fn planted(defect: Defect) -> ArenaStore {
    store(Faults::planted(defect))
}

fn record(id: u64, component: i16) -> Record {
    Record::new(id, [f32::from(component), 1.0, 2.0]).unwrap().with("n", i64::from(component))
}

fn upserts(ids: std::ops::Range<u64>, component: i16) -> Batch {
    ids.fold(Batch::new(), |batch, id| batch.upsert(record(id, component)))
}

/// All records of a snapshot, in the order of their ids. Checks that `get` returns the same records.
fn content(snapshot: &dyn Snapshot) -> Vec<Record> {
    let mut records: Vec<Record> =
        snapshot.records(None).map(|record| record.unwrap().to_record().unwrap()).collect();
    records.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(records.len() as u64, snapshot.len());
    for record in &records {
        let found = snapshot.get(&record.id).unwrap().unwrap();
        assert_eq!(found.to_record().unwrap(), *record);
    }
    records
}

fn content_of(store: &ArenaStore) -> Vec<Record> {
    content(&*store.snapshot().unwrap())
}
