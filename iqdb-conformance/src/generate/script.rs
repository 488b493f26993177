//! A script: operations in a row, for a store of one schema.

use iqdb_core::Schema;

use super::operation::Operation;

/// A schema, and the operations on a new store with this schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Script {
    pub(crate) schema: Schema,
    pub(crate) operations: Vec<Operation>,
}
