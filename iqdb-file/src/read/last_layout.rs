//! The layout of the views over the same segments: another one whenever the memtable seals a block.

use std::sync::{Arc, Mutex, PoisonError};

use iqdb_core::{Blocks, Layout, Snapshot};

/// The layout of the last view.
#[derive(Debug, Default)]
pub(crate) struct LastLayout(Mutex<Option<Last>>);

#[derive(Debug)]
struct Last {
    memtable: Arc<dyn Snapshot>,
    layout: Arc<Layout>,
}

impl LastLayout {
    /// The layout for a view with this memtable. For writers, one at a time.
    pub(crate) fn of(&self, memtable: &Arc<dyn Snapshot>) -> Arc<Layout> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let address = |snapshot: &Arc<dyn Snapshot>| {
            snapshot.blocks().and_then(Blocks::layout).map(std::ptr::from_ref)
        };
        // The last memtable is held, so no other layout has the address of its own.
        let layout = match &*last {
            Some(last) if address(&last.memtable) == address(memtable) => Arc::clone(&last.layout),
            _ => Arc::default(),
        };
        *last = Some(Last { memtable: Arc::clone(memtable), layout: Arc::clone(&layout) });
        layout
    }
}
