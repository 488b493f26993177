//! A sound store that holds less than the contract allows.

use std::sync::Arc;

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{CASES, Harness, Outcome};
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Element, Field, Limits, Progress, Record, RecordId,
    Result, Schema, Snapshot, Store, Version,
};

use crate::harness::metered;

#[derive(Debug)]
struct LimitedStore(NaiveStore);

fn limits() -> Limits {
    Limits::default().with_sparse_terms(0).with_dim(Element::I8, 0).with_dim(Element::F16, 16)
}

impl Store for LimitedStore {
    fn schema(&self) -> Schema {
        self.0.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_limits(limits())
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.0.apply_within(batch, budget)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let schema = limits().add_field(&self.0.schema(), field.clone())?;
        assert_eq!(schema.fields().last(), Some(&field));
        self.0.add_field(field, budget, progress)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.0.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.0.snapshot()
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_store_within_its_limits_passes_and_the_shapes_beyond_are_counted() {
    let create = |schema: Schema| {
        limits().check(&schema)?;
        Ok(LimitedStore(NaiveStore::new(schema)))
    };
    let harness = metered(Harness::new("limited", create, NaiveSearch)).with_operations(3_000);
    let mut in_part = 0;
    for case in CASES {
        let outcome = case.check(&harness).unwrap_or_else(|failure| panic!("{failure}"));
        in_part += usize::from(matches!(outcome, Outcome::KeptWithinLimits { .. }));
    }
    assert!(in_part > 10, "{in_part} cases are about shapes");
}
