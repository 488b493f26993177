//! What makes a version of a database: a batch, or a field that is added.

use iqdb_conformance::Model;
use iqdb_core::{Applied, Batch, Budget, Field, Limits, Result, Store, StoreExt};
use iqdb_file::FileStore;

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Write {
    Batch(Batch),
    Field(Field),
}

impl Write {
    /// Does it to a store, and returns what that says.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn to_store(&self, store: &FileStore) -> Result<Applied> {
        match self {
            Self::Batch(batch) => store.apply(batch),
            Self::Field(field) => {
                store.add_field(field.clone(), Budget::new(), &mut ()).map(Applied::at)
            }
        }
    }

    /// Does it to a model, and returns what a store has to say.
    ///
    /// # Errors
    /// Those of the model.
    pub(crate) fn to_model(&self, model: &mut Model) -> Result<Applied> {
        match self {
            Self::Batch(batch) => model.apply(batch),
            Self::Field(field) => {
                model.add_field(field.clone(), Limits::default()).map(Applied::at)
            }
        }
    }

    /// Whether it is on the disk once it is acknowledged, whatever the durability.
    pub(crate) fn is_always_durable(&self) -> bool {
        matches!(self, Self::Field(_))
    }
}
