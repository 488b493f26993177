//! Differential testing: writes go to the store under test and to the model, and both are compared.

mod perform;
pub(crate) mod play;

use std::panic::{AssertUnwindSafe, catch_unwind};

use iqdb_core::{
    Applied, Batch, Error, ErrorKind, Record, Result, Schema, Search, SearchExt, Snapshot, StoreExt,
};

use crate::catch::{panic_message, silence_panics};
use crate::check::exact::{assert_is, brief};
use crate::check::{check_same, check_snapshot};
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Model, Site};

/// A pair of a store under test and the model of its expected content.
#[derive(Debug)]
pub(crate) struct Differential<'a> {
    pub(crate) site: Site,
    pub(crate) model: Model,
    harness: &'a Harness,
    /// How many batches were applied or refused.
    batches: u32,
}

impl<'a> Differential<'a> {
    /// An empty store and an empty model.
    pub(crate) fn new(harness: &'a Harness, schema: &Schema) -> Result<Self> {
        let (site, model) = (harness.create(schema)?, Model::new(schema.clone()));
        Ok(Self { site, model, harness, batches: 0 })
    }

    /// A store and a model that hold `records`, written as one batch.
    pub(crate) fn of(
        harness: &'a Harness,
        schema: &Schema,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Self> {
        let mut pair = Self::new(harness, schema)?;
        pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        Ok(pair)
    }

    /// A store and a model after many updates: records are written in many batches, and then
    /// replaced, deleted, written anew or given another payload. A backend that keeps dead rows has
    /// some afterwards. About half of `count` records remain.
    pub(crate) fn after_churn(
        harness: &'a Harness,
        schema: &Schema,
        count: u64,
        distribution: Distribution,
    ) -> Result<Self> {
        let mut pair = Self::new(harness, schema)?;
        let (first, second) = (
            corpus::records(schema, count, distribution, 1)?,
            corpus::records(schema, count, distribution, 2)?,
        );
        for some in first.chunks(7) {
            pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        }
        for (n, record) in second.into_iter().enumerate() {
            let batch = Batch::new();
            pair.apply(&match n % 6 {
                0 => batch.upsert(record),
                1 => batch.set_payload(record.id, record.payload),
                2 => batch.delete(&record.id).upsert(record),
                3..=4 => batch.delete(record.id),
                _ => continue,
            })?;
        }
        Ok(pair)
    }

    pub(crate) fn search(&self) -> &'a dyn Search {
        self.harness.search()
    }

    pub(crate) fn questions(&self) -> &'a dyn SearchExt {
        self.harness.questions()
    }

    /// Runs the steps of a case. A failure says after which batch and which reopening it arose.
    pub(crate) fn run(&mut self, steps: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let message = match silence_panics(|| catch_unwind(AssertUnwindSafe(|| steps(self)))) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => format!("expected success, found the error {error:?}"),
            Err(panic) => panic_message(&*panic),
        };
        let reopening = self.site.last_reopening();
        panic!("after batch {} and {reopening}: {message}", self.batches);
    }

    /// Applies the batch to both. Panics unless both return the same, or refuse it with the same
    /// kind of error, which names the same record and field.
    pub(crate) fn apply(&mut self, batch: &Batch) -> Result<Applied> {
        self.batches += 1;
        match (self.site.apply(batch), self.model.apply(batch)) {
            (Ok(found), Ok(expected)) => {
                assert_is!(found, expected, "what apply returned for {}", brief(batch));
                Ok(found)
            }
            (Err(found), Err(expected)) => {
                let said = |error: &Error| {
                    (error.kind(), error.id().cloned(), error.field().map(str::to_owned))
                };
                assert_is!(said(&found), said(&expected), "what the error of apply says, {found}");
                Err(found)
            }
            (Ok(found), Err(expected)) => {
                panic!("apply: expected the error {expected}, found {found:?}")
            }
            (Err(found), Ok(expected)) => {
                panic!("apply: expected {expected:?}, found the error {found}")
            }
        }
    }

    /// Applies a batch to both. Panics unless both refuse it with this kind of error, and the store
    /// is unchanged.
    pub(crate) fn refuses(&mut self, batch: &Batch, kind: ErrorKind) -> Result<()> {
        match self.apply(batch) {
            Err(error) => assert_is!(error.kind(), kind, "the error of apply, {error}"),
            Ok(applied) => panic!("apply: expected {kind}, found {applied:?} for {}", brief(batch)),
        }
        self.check()
    }

    /// Panics unless the store shows exactly the content of the model.
    pub(crate) fn check(&self) -> Result<()> {
        check_same(&*self.site, &self.model, self.search())
    }

    /// Panics unless the snapshot shows exactly the content of `model`.
    pub(crate) fn check_snapshot(&self, snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
        check_snapshot(snapshot, model, self.search())
    }
}
