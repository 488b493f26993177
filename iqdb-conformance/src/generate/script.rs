//! A script: operations in a row, for a store of one schema.

use std::sync::Arc;

use iqdb_core::Schema;

use super::operation::Operation;

/// A schema, and the operations on a new store with this schema. A copy shares the operations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Script {
    pub(crate) schema: Schema,
    pub(crate) operations: Vec<Arc<Operation>>,
}

impl Script {
    pub(crate) fn new(schema: Schema, operations: impl IntoIterator<Item = Operation>) -> Self {
        Self { schema, operations: operations.into_iter().map(Arc::new).collect() }
    }

    /// The script with another operation at this index.
    pub(crate) fn with_operation(&self, at: usize, operation: Operation) -> Self {
        let mut script = self.clone();
        script.operations[at] = Arc::new(operation);
        script
    }
}
