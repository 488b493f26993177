//! What all generations of a store share.

use iqdb_core::{SealId, Shelf};

use crate::seal_ids::SealIds;
use crate::sync::Arc;

/// The ids of sealed chunks, and what searches keep.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) seal_ids: SealIds,
    pub(crate) shelf: Arc<Shelf>,
}

impl Shared {
    pub(crate) fn new(first_seal: Option<SealId>) -> Self {
        let seal_ids = SealIds::new(first_seal.map(SealId::to_u128));
        Self { seal_ids, shelf: Arc::new(Shelf::new()) }
    }
}
