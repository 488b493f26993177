//! A run: the index of one field over many sealed blocks. It never changes.

use iqdb_core::{FieldId, Version};

use super::births::Births;
use super::centroids::Centroids;
use super::efforts::Efforts;
use super::four_bit::FourBitRows;
use super::hash::Mixer;
use super::memory::Memory;
use super::one_bit::BlockLayout;
use super::space::Space;

/// The index of one field over many sealed blocks.
#[derive(Debug)]
pub(crate) struct Run {
    pub(super) parts: Parts,
    pub(super) efforts: Efforts,
    /// A hash of the parts.
    content: u128,
    epoch: u128,
}

/// What a run is made of.
#[derive(Debug)]
pub(super) struct Parts {
    /// The version of the snapshot that it was built from.
    pub(super) version: Version,
    pub(super) space: Space,
    pub(super) births: Births,
    pub(super) centroids: Centroids,
    /// The first block of each cluster, and behind the last one.
    pub(super) first: Vec<u32>,
    /// The first block of each cluster with rows for which it is the second.
    pub(super) second: Vec<u32>,
    pub(super) blocks: Memory,
    pub(super) rows: FourBitRows,
}

impl Parts {
    /// Bytes of all blocks.
    pub(super) fn block_bytes(&self) -> usize {
        let blocks = self.first.last().copied().unwrap_or(0) as usize;
        blocks * BlockLayout::new(self.space.width()).bytes()
    }
}

impl Run {
    pub(super) fn new(parts: Parts, efforts: Efforts) -> Self {
        let mut hash = Mixer::new();
        parts.space.hash(&mut hash);
        parts.births.hash(&mut hash);
        parts.centroids.points().iter().for_each(|x| hash.add(u64::from(x.to_bits())));
        parts.first.iter().chain(&parts.second).for_each(|first| hash.add(u64::from(*first)));
        hash.add_bytes(&parts.blocks.bytes()[..parts.block_bytes()]);
        hash.add_bytes(parts.rows.bytes());
        let content = hash.clone().finish();
        efforts.hash(&mut hash);
        Self { parts, efforts, content, epoch: hash.finish() }
    }

    /// What was saved, with its hashes.
    pub(super) fn saved(parts: Parts, efforts: Efforts, content: u128, epoch: u128) -> Self {
        Self { parts, efforts, content, epoch }
    }

    /// The same, with other efforts: another epoch.
    pub(super) fn with_efforts(self, efforts: Efforts) -> Self {
        Self::new(self.parts, efforts)
    }

    /// Where a store's shelf keeps the run of a field.
    pub(crate) fn key(field: FieldId) -> &'static str {
        const KEYS: [&str; 16] = [
            "clusters of field 0",
            "clusters of field 1",
            "clusters of field 2",
            "clusters of field 3",
            "clusters of field 4",
            "clusters of field 5",
            "clusters of field 6",
            "clusters of field 7",
            "clusters of field 8",
            "clusters of field 9",
            "clusters of field 10",
            "clusters of field 11",
            "clusters of field 12",
            "clusters of field 13",
            "clusters of field 14",
            "clusters of field 15",
        ];
        KEYS[field.index()]
    }

    /// What decides answers, as a number.
    pub(crate) fn epoch(&self) -> u128 {
        self.epoch
    }

    /// What it is made of, as a number.
    pub(super) fn content(&self) -> u128 {
        self.content
    }

    pub(crate) fn version(&self) -> Version {
        self.parts.version
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.parts.rows.len()
    }

    /// Bytes of memory beside the rows.
    pub(crate) fn byte_count(&self) -> usize {
        self.parts.blocks.bytes().len()
            + self.parts.rows.bytes().len()
            + self.parts.centroids.byte_count()
            + 4 * (self.parts.first.len() + self.parts.second.len())
    }

    pub(super) fn space(&self) -> &Space {
        &self.parts.space
    }

    pub(super) fn centroids(&self) -> &Centroids {
        &self.parts.centroids
    }

    pub(super) fn rows(&self) -> &FourBitRows {
        &self.parts.rows
    }

    /// How many blocks there are.
    pub(super) fn block_count(&self) -> usize {
        self.parts.block_bytes() / self.layout().bytes()
    }

    pub(super) fn layout(&self) -> BlockLayout {
        BlockLayout::new(self.parts.space.width())
    }

    /// The blocks of a cluster; without those of second assignments if `only_first` isn't 0.
    #[inline]
    pub(super) fn cluster(
        &self,
        cluster: u32,
        only_first: usize,
    ) -> std::slice::ChunksExact<'_, u8> {
        let cluster = cluster as usize;
        let end = match only_first {
            0 => self.parts.first[cluster + 1],
            _ => self.parts.second[cluster],
        };
        let bytes = self.layout().bytes();
        let range = self.parts.first[cluster] as usize * bytes..end as usize * bytes;
        self.parts.blocks.bytes()[range].chunks_exact(bytes)
    }
}
