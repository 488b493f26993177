//! What a durable engine does: it acknowledges rows once they would survive a power cut.

mod checked;
mod group;
mod log;
mod raw;
mod redb;

use std::path::Path;

use clap::ValueEnum;

pub(crate) use self::redb::fill_and_abort;
pub(super) use self::redb::{open_after_abort, replay};
use self::group::Group;
use crate::Result;

/// Components per row: 3,072 bytes.
pub(crate) const DIM: usize = 768;

/// A database in a directory of its own, shared by the threads that write to it.
pub(super) trait Engine: Sync {
    /// Stores the rows under these ids in one commit, and returns when they are on disk.
    fn upsert_many(&self, ids: &[u64], rows: &[f32]) -> Result<()>;
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
}

impl Name {
    /// A new database in this empty directory.
    pub(super) fn create(self, dir: &Path) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Raw => Box::new(Group::new(raw::Raw::create(dir)?)),
            Self::Log => Box::new(Group::new(log::Log::create(dir, log::Space::Grown)?)),
            Self::LogZeroed => Box::new(Group::new(log::Log::create(dir, log::Space::Zeroed)?)),
            Self::Segment => Box::new(Group::new(log::Segment::create(dir)?)),
            Self::Redb => Box::new(Group::new(redb::Redb::create(dir, false)?)),
            Self::RedbQuickRepair => Box::new(Group::new(redb::Redb::create(dir, true)?)),
            Self::RedbChecked => Box::new(Group::new(redb::Redb::create_checked(dir)?)),
        })
    }

    pub(super) fn shown(self) -> String {
        self.to_possible_value().map_or_else(String::new, |name| name.get_name().to_owned())
    }
}

/// An error of the file system or of an engine, in its own words.
fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
