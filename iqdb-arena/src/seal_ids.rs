//! The ids of the chunks that an arena seals.

use std::sync::atomic::{AtomicU64, Ordering};

use iqdb_core::SealId;

use crate::sync::Arc;

/// Gives out ids, each one once.
#[derive(Debug, Clone)]
pub(crate) enum SealIds {
    /// Ids that no other store has.
    Unique,
    /// Ids from this one on, which the maker of the store has chosen so that no other store has them.
    From(u128, Arc<AtomicU64>),
}

impl SealIds {
    pub(crate) fn new(first: Option<u128>) -> Self {
        first.map_or(Self::Unique, |first| Self::From(first, Arc::default()))
    }

    pub(crate) fn next(&self) -> SealId {
        match self {
            Self::Unique => SealId::unique(),
            Self::From(first, count) => {
                let count = count.fetch_add(1, Ordering::Relaxed);
                SealId::from_u128(first.wrapping_add(count.into()))
            }
        }
    }
}
