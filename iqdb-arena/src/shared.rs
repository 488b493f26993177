//! What the generations of a store have in common.

use iqdb_core::{SealId, Shelf};

use crate::noted_ends::NotedEnds;
use crate::seal_ids::SealIds;
use crate::sync::Arc;

/// The ids of sealed chunks, what searches keep, and which ends are noted.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) seal_ids: SealIds,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) noted_ends: NotedEnds,
}

impl Shared {
    pub(crate) fn new(first_seal: Option<SealId>) -> Self {
        let seal_ids = SealIds::new(first_seal.map(SealId::to_u128));
        Self { seal_ids, shelf: Arc::new(Shelf::new()), noted_ends: NotedEnds::new() }
    }

    /// The same for the generation after this one.
    pub(crate) fn of_next_generation(&self) -> Self {
        Self { noted_ends: self.noted_ends.of_next_generation(), ..self.clone() }
    }
}
