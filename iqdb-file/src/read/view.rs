//! A view: one version of the database, as everything that a snapshot needs.

use std::fmt;
use std::sync::Arc;

use iqdb_core::{
    Block, Blocks, Layout, RecordId, RecordRef, Remote, Result, Schema, Shelf, Snapshot, Version,
};

use crate::read::segment::{Segment, no_such_block};
use crate::vfs::Process;

/// One version of the database. A writer makes it, and it never changes.
pub(crate) struct View {
    pub(crate) schema: Schema,
    pub(crate) version: Version,
    pub(crate) live: u64,
    pub(crate) segments: Arc<Segments>,
    /// The records that the log has added to the segments.
    pub(crate) memtable: Arc<dyn Snapshot>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) shelf: Arc<Shelf>,
    /// The process that opened the database. No other may read.
    pub(crate) process: Process,
}

/// The segments of a view, and their blocks one after the other.
#[derive(Debug)]
pub(crate) struct Segments {
    all: Vec<Arc<Segment>>,
    /// Which segment, and which block of it.
    blocks: Vec<(usize, usize)>,
}

impl Segments {
    pub(crate) fn new(all: Vec<Arc<Segment>>) -> Self {
        let blocks = all.iter().enumerate();
        let blocks =
            blocks.flat_map(|(n, segment)| (0..segment.blocks().len()).map(move |i| (n, i)));
        Self { blocks: blocks.collect(), all }
    }

    pub(crate) fn all(&self) -> &[Arc<Segment>] {
        &self.all
    }

    /// The live row of this id. O(segments); the newest are asked first.
    pub(crate) fn find(&self, id: &RecordId, at: Version) -> Result<Option<(&Arc<Segment>, u32)>> {
        if id.check().is_err() {
            // What is too long to be stored is not worth hashing.
            return Ok(None);
        }
        for segment in self.all.iter().rev() {
            if let Some(row) = segment.find_alive(id, at)? {
                return Ok(Some((segment, row)));
            }
        }
        Ok(None)
    }
}

impl Snapshot for View {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.live
    }

    /// O(segments) on average.
    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        self.process.check()?;
        if let Some(record) = self.memtable.get(id)? {
            return Ok(Some(record));
        }
        let Some((segment, row)) = self.segments.find(id, self.version)? else {
            return Ok(None);
        };
        segment.record(&self.schema, row, self.version).map(Some)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for View {
    fn block_count(&self) -> usize {
        self.segments.blocks.len() + self.memtable.blocks().map_or(0, Blocks::block_count)
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        self.process.check()?;
        match (self.segments.blocks.get(i), self.memtable.blocks()) {
            (Some((segment, block)), _) => {
                self.segments.all[*segment].lend(&self.schema, *block, self.version)
            }
            (None, Some(memtable)) if i < self.block_count() => {
                memtable.block(i - self.segments.blocks.len())
            }
            (None, _) => Err(no_such_block(self.block_count(), i)),
        }
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn layout(&self) -> Option<&Layout> {
        Some(&self.layout)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSnapshot(version {}, {} records)", self.version, self.live)
    }
}
