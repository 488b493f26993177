//! Maintenance: calls that keep a store in shape and change nothing of its content.

use std::fmt::Debug;
use std::path::Path;

use crate::{Budget, Progress, Result};

/// What a store does on request beside reading and writing: see
/// [`Store::maintenance`](crate::Store::maintenance). A store that can do a part of it says
/// [`NotSupported`](crate::ErrorKind::NotSupported) to the rest, and changes nothing.
pub trait Maintenance: Debug + Send + Sync {
    /// Rewrites what holds dead records, so that the store shrinks to what is alive. Readers don't
    /// wait; writers may. O(bytes rewritten).
    ///
    /// - `compacting_changes_nothing_visible`: Version and content stay, and so does every snapshot;
    ///   beside writers, too.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) or
    /// [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded): what has been rewritten by then may
    /// stay so. [`Io`](crate::ErrorKind::Io) or [`Damaged`](crate::ErrorKind::Damaged) when reading or
    /// writing fails; [`NotSupported`](crate::ErrorKind::NotSupported).
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()>;

    /// Copies the store as it is now to a directory that has no store, while this one goes on being
    /// read and written. What a failure leaves there blocks no later attempt. O(bytes).
    ///
    /// - `a_backup_is_a_store_of_its_own`: It has the version and the content of a moment during the
    ///   call, and later writes to either store are in that one only.
    ///
    /// # Errors
    /// As for [`compact`](Self::compact); those of making a store there.
    fn backup_to(&self, path: &Path, budget: Budget<'_>, progress: &mut dyn Progress)
    -> Result<()>;

    /// Reads everything that the store keeps and checks every byte that matters, whether it has been
    /// read before or not. O(bytes).
    ///
    /// - `verify_counts_what_is_there`: Of a store without damage, as many records as a snapshot has;
    ///   nothing changes.
    ///
    /// # Errors
    /// As for [`compact`](Self::compact); [`Damaged`](crate::ErrorKind::Damaged) says where.
    fn verify(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<Verified>;
}

/// The result of a [check](Maintenance::verify) that found no damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verified {
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Records.
    pub records: u64,
}
