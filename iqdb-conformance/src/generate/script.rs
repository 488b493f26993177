//! A script: operations in a row, for a store of one schema.

use iqdb_core::Schema;

use super::operation::Operation;

/// A schema, and what happens to a store of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Script {
    pub(crate) schema: Schema,
    pub(crate) operations: Vec<Operation>,
}
