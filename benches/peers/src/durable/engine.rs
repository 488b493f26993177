//! The engines that are compiled in: what they acknowledge would survive a power cut.

mod checked;
mod group;
mod iqdb;
mod log;
mod raw;
mod redb;
mod upstream;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;

use self::group::Group;
pub(super) use self::log::replay;
pub(crate) use self::redb::fill_and_abort;
pub(super) use self::redb::open_after_abort;
use super::load::{Database, Here};
use super::remote::{Python, Remote};
use crate::Result;
use crate::npy::Matrix;

/// Components per row: 3,072 bytes.
pub(crate) const DIM: usize = 768;

/// What an engine says of itself: its version, above all.
pub(super) type Facts = BTreeMap<String, String>;

/// A database in a directory of its own, shared by the threads that write to it.
pub(super) trait Engine: Sync {
    /// Stores the rows under these ids in one commit, and returns when they are on disk.
    fn upsert_many(&self, ids: &[u64], rows: &[f32]) -> Result<()>;

    /// How many rows there are, from the files where that can be told.
    fn rows(&self) -> Result<u64>;
}

/// An engine by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The bytes alone, appended and synced, in writes of at most 1 MiB.
    Raw,
    /// A log: a checksummed frame per commit, appended and synced.
    Log,
    /// The same in space that was filled with zeros before, so that a sync writes no metadata.
    LogZeroed,
    /// Rows appended to a segment and synced, then a frame that names them appended and synced.
    Segment,
    /// `redb` as it comes.
    Redb,
    /// `redb` with a state to open from in each commit.
    RedbQuickRepair,
    /// `redb` above pages with checksums that each read verifies.
    RedbChecked,
    /// iqdb in files, as it is here.
    Iqdb,
    /// iqdb 1.0.0 from crates.io.
    Upstream,
    SqliteVec,
    QdrantEdge,
    Lancedb,
}

impl Name {
    /// What a catalogue could be made of.
    pub(super) const CATALOGUES: [Self; 7] = [
        Self::Raw,
        Self::Log,
        Self::LogZeroed,
        Self::Segment,
        Self::Redb,
        Self::RedbQuickRepair,
        Self::RedbChecked,
    ];

    /// What a user could take instead, and the limits.
    pub(super) const DATABASES: [Self; 7] = [
        Self::Raw,
        Self::Iqdb,
        Self::Redb,
        Self::Upstream,
        Self::SqliteVec,
        Self::QdrantEdge,
        Self::Lancedb,
    ];

    /// A new database in this empty directory.
    pub(super) fn create(
        self,
        dir: &Path,
        rows: &Arc<Matrix<f32>>,
        python: &Python,
    ) -> Result<(Box<dyn Database>, Facts)> {
        let mut facts = Facts::new();
        let engine: Box<dyn Engine> = match self {
            Self::Raw => Box::new(Group::new(raw::Raw::create(dir)?)),
            Self::Log => Box::new(Group::new(log::Log::create(dir, log::Space::Grown)?)),
            Self::LogZeroed => Box::new(Group::new(log::Log::create(dir, log::Space::Zeroed)?)),
            Self::Segment => Box::new(Group::new(log::Segment::create(dir)?)),
            Self::Redb => Box::new(Group::new(redb::Redb::create(dir, false)?)),
            Self::RedbQuickRepair => Box::new(Group::new(redb::Redb::create(dir, true)?)),
            Self::RedbChecked => Box::new(Group::new(redb::Redb::create_checked(dir)?)),
            Self::Iqdb => Box::new(iqdb::Ours::create(dir)?),
            Self::Upstream => Box::new(upstream::Upstream::create(dir)?),
            Self::SqliteVec | Self::QdrantEdge | Self::Lancedb => {
                let (remote, facts) = Remote::create(&self.shown(), python, dir)?;
                return Ok((Box::new(remote), facts));
            }
        };
        let version = match self {
            Self::Redb | Self::RedbQuickRepair | Self::RedbChecked => "4.6.0",
            Self::Upstream => "1.0.0",
            _ => "this checkout",
        };
        facts.insert("version".into(), version.into());
        Ok((Box::new(Here { engine, rows: Arc::clone(rows) }), facts))
    }

    /// Whether it is asked for such commits: one that is called from Python has one thread here, and
    /// upstream has no batches.
    pub(super) fn takes(self, batch: usize, threads: usize) -> bool {
        match self {
            Self::SqliteVec | Self::QdrantEdge | Self::Lancedb => threads == 1,
            Self::Upstream => batch == 1,
            _ => true,
        }
    }

    pub(super) fn shown(self) -> String {
        self.to_possible_value().map_or_else(String::new, |name| name.get_name().to_owned())
    }
}

/// An error of the file system or of an engine, in its own words.
fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
