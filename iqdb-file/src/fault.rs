//! Planted defects and seeds, for tests.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A mistake that a durable store could make. Each is found by a fault test, which shows that the
/// test would find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(feature = "sim"), allow(unreachable_pub))]
pub enum Defect {
    /// A commit returns before the log is synced.
    LogNotSynced,
    /// A commit returns before its rows, which are in a segment, are synced.
    RowsNotSynced,
    /// The directory is not synced after files were made or renamed.
    DirectoryNotSynced,
    /// What follows a torn frame is left there, and the log goes on behind it.
    AppendedAfterTear,
    /// What follows the last good frame is left there, and overwritten without being cut off.
    TruncationForgotten,
    /// A commit returns before anything is written.
    AcknowledgedBeforeWritten,
    /// After a sync has failed the store goes on as if it had not.
    FailedSyncForgotten,
    /// A manifest is renamed before it is synced.
    ManifestNotSynced,
    /// What is read is believed without its checksum.
    ChecksumsIgnored,
    /// Files are reached by the path of the directory, resolved anew each time.
    FilesByPath,
    /// Before a group is acknowledged only the link count of the directory is looked at, and no name.
    NamesNotLookedUp,
    /// A file gets its name also where another file has it.
    RenamesOverOthers,
    /// A frame has the same constant for the frame before, whichever that is.
    ChainOfConstants,
    /// The mark is written before the log is synced.
    MarkBeforeSync,
    /// The mark is written before the names are looked up.
    MarkBeforeLookUp,
    /// Frames are written without a mark of this boot.
    MarkNotBegun,
    /// The first mark of a manifest is synced only where it is the first of its process.
    LaterManifestNotMarked,
    /// All marks are written to the same slot.
    SlotsNotAlternating,
    /// Of two marks the earlier one is taken.
    StaleSlotTaken,
    /// A mark of another boot tells readers how far the log was published.
    MarkOfAnotherBootTrusted,
    /// Readers see what was never published.
    UnpublishedShown,
    /// Files are removed that the last mark names.
    MarkedFilesRemoved,
    /// A manifest with a new computed field names no column file of the newest segment.
    ColumnFileNotNamed,
    /// A manifest names a column file that is not synced.
    ColumnFileNotSynced,
    /// The column files of rewritten segments are removed before the manifest is published that names
    /// them no more.
    ColumnFilesRemovedEarly,
}

/// At most one planted defect, and what replaces chance. Without the feature `sim` there is neither,
/// and asking costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InjectedFault {
    #[cfg(feature = "sim")]
    defect: Option<Defect>,
    #[cfg(feature = "sim")]
    seed: Option<u64>,
}

impl InjectedFault {
    #[cfg(feature = "sim")]
    pub(crate) fn with_defect(self, defect: Defect) -> Self {
        Self { defect: Some(defect), ..self }
    }

    #[cfg(feature = "sim")]
    pub(crate) fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    #[cfg(feature = "sim")]
    pub(crate) fn has(self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    #[cfg(not(feature = "sim"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn has(self, _: Defect) -> bool {
        false
    }

    /// One of two ways that come to the same, if chance is not to choose; another for each `n`.
    pub(crate) fn coin(self, n: u64) -> Option<bool> {
        #[cfg(feature = "sim")]
        if self.seed.is_some() {
            return Some(self.random(n) & 1 == 1);
        }
        let _ = n;
        None
    }

    /// A number that no user can know beforehand, and another one for each `n`.
    pub(crate) fn random(self, n: u64) -> u64 {
        #[cfg(feature = "sim")]
        if let Some(seed) = self.seed {
            return xxhash_rust::xxh3::xxh3_64_with_seed(&n.to_le_bytes(), seed);
        }
        RandomState::new().hash_one(n)
    }
}
