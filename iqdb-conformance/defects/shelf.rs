//! Shelves, layouts and seals with a defect planted in them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use iqdb_core::{Layout, Lineage, Result, SavedBytes, Seal, SealId, Shelf, Sidecar};

use crate::defect::Defect;

/// The layout that all snapshots share.
pub(crate) static THE_ONE_LAYOUT: LazyLock<Layout> = LazyLock::new(Layout::new);

/// The seal of all blocks.
pub(crate) static THE_ONE_SEAL: LazyLock<Seal> = LazyLock::new(Seal::new);

/// Seals as each store would count them: as if no block ever went away.
pub(crate) static COUNTED_SEALS: LazyLock<Vec<Seal>> =
    LazyLock::new(|| (0..512).map(|n| Seal::with_id(SealId::from_u128(n))).collect());

/// Keeps what is saved, for ever.
#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<String, Vec<u8>>>);

impl Sidecar for Memory {
    fn load(&self, key: &str) -> Option<SavedBytes> {
        let saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        saved.get(key).cloned().map(|bytes| Box::new(bytes) as SavedBytes)
    }

    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        saved.insert(key.to_owned(), bytes.to_vec());
        true
    }
}

/// Keeps what is saved in files whose names have no case.
#[derive(Debug, Default)]
struct WithoutCase(Memory);

impl Sidecar for WithoutCase {
    fn load(&self, key: &str) -> Option<SavedBytes> {
        self.0.load(&key.to_lowercase())
    }

    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        self.0.save(&key.to_lowercase(), bytes)
    }
}

/// The shelf of a store, which no writer knows; `None` where the defect is elsewhere.
pub(crate) fn of_store(defect: Option<Defect>) -> Option<Shelf> {
    match defect {
        Some(Defect::ShelfIsNeverReclaimed) => Some(Shelf::new()),
        Some(Defect::ShelfSavesForEver) => Some(Shelf::with_sidecar(Memory::default())),
        Some(Defect::ShelfKeysIgnoreCase) => Some(Shelf::with_sidecar(WithoutCase::default())),
        _ => None,
    }
}

/// A seal whose rows were all born one row later than they were.
pub(crate) fn off_by_one(seal: &Seal) -> Result<Seal> {
    let runs = seal.lineage()?.runs().map(|mut run| {
        run.from.row += 1;
        run
    });
    Ok(Seal::with_id(seal.id()).with_lineage(Lineage::from_runs(runs)?))
}
