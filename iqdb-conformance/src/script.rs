//! Scripts: operations that somebody chose, lived through by a store and the model alike.
//!
//! What a random history draws, a script is given: by a fuzzer, or by a person who writes down how
//! a store once failed. It draws nothing itself.

use iqdb_core::{Result, Schema};

use crate::history::perform;
use crate::twin::Twin;
use crate::{Harness, Operation};

/// Operations on a new store of this schema, in their order.
#[derive(Debug, Clone)]
pub struct Script {
    /// What the store is made with.
    pub schema: Schema,
    /// What is done to it.
    pub operations: Vec<Operation>,
}

impl Script {
    /// Makes a new store, does every operation to it and to a model, and compares all of both at
    /// the end.
    ///
    /// ```
    /// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
    /// use iqdb_conformance::{Harness, Operation, Script};
    /// use iqdb_core::{Batch, Metric, Record, Schema};
    ///
    /// let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
    /// let script = Script {
    ///     schema: Schema::new(1, Metric::Dot)?,
    ///     operations: vec![
    ///         Operation::KeepSnapshot,
    ///         Operation::Apply(Batch::new().upsert(Record::new("a", [1.0])?).delete("a")),
    ///         Operation::CheckSnapshots,
    ///     ],
    /// };
    /// script.run(&harness)?;
    /// # Ok::<(), iqdb_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever the store or the search reports where the model has an answer; that of an operation
    /// that no valid history has, such as a count by a filter that fails its check.
    ///
    /// # Panics
    /// When the store disagrees with the model, saying what was expected and what was found.
    pub fn run(&self, harness: &Harness) -> Result<()> {
        let mut twin = Twin::new(harness, self.schema)?;
        let mut kept = Vec::new();
        for operation in &self.operations {
            perform(&mut twin, operation, &mut kept)?;
        }
        for (snapshot, model) in &kept {
            twin.check_snapshot(&**snapshot, model)?;
        }
        twin.check()
    }
}
